/* Listpacks and intsets come from files and RESTORE payloads. The first byte chooses the form, how
 * many elements belong together, and whether the frame around the elements is put right first.
 * Whatever passes validation can be walked both ways with the same elements, which written anew
 * give the same bytes; and it can be changed. */
#include "foundation/containers/listpack.h"
#include "foundation/containers/intset.h"
#include "foundation/mem.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COUNT_AT = 4 };

int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED) {
    mem_start();
    return 0;
}

/* Length, unknown count and end mark as they must be. */
static void put_frame_right(char *listpack, size_t len) {
    if (len <= LISTPACK_HEADER) return;
    uint32_t len_word = (uint32_t)len;
    memcpy(listpack, &len_word, sizeof(len_word));
    memset(listpack + COUNT_AT, 0xff, 2);
    listpack[len - 1] = (char)PACKED_END;
}

static char *append_copy(char *listpack, const char *at) {
    char scratch[PACKED_SCRATCH];
    struct packed_value value = packed_read(at);
    struct packed_item item = packed_item_of(packed_text(&value, scratch));
    CHECK(item.is_integer == (value.data == NULL));
    CHECK(packed_is(at, &item));
    return listpack_append(listpack, &item);
}

/* Element by element into another listpack, which has to be the same but for an unknown count. */
static void walk_forward(const char *listpack, size_t count) {
    char *copy = listpack_new(0);
    size_t walked = 0;
    for (const char *at = listpack_first(listpack); at != NULL; at = listpack_next(listpack, at)) {
        copy = append_copy(copy, at);
        walked++;
    }
    CHECK(walked == count);
    size_t len = listpack_bytes(listpack);
    CHECK(listpack_bytes(copy) == len && listpack_count(copy) == count);
    CHECK(memcmp(copy + LISTPACK_HEADER, listpack + LISTPACK_HEADER, len - LISTPACK_HEADER) == 0);
    listpack_free(copy);
}

static void walk_backward(const char *listpack, size_t count) {
    const char *end = listpack + listpack_bytes(listpack) - 1;
    for (const char *at = listpack_last(listpack); at != NULL;
         at = listpack_previous(listpack, at)) {
        CHECK(at + packed_size(at) == end);
        end = at;
        count--;
    }
    CHECK(count == 0);
}

static void change(const char *listpack, size_t count) {
    char *copy = listpack_copy(listpack);
    char *at = listpack_at(copy, (int64_t)(count / 2));
    struct packed_item item = packed_item_of(BYTES("some text"));
    if (at != NULL) copy = listpack_replace(copy, &at, &item);
    copy = listpack_insert(copy, &at, &item, 1);
    CHECK(listpack_find(copy, listpack_first(copy), &item, 1) != NULL);
    at = listpack_first(copy);
    copy = listpack_remove(copy, &at, 1);
    CHECK(listpack_count(copy) == count);
    CHECK(listpack_validate(bytes_of(copy, listpack_bytes(copy)), 1));
    listpack_free(copy);
}

static void try_listpack(char *listpack, size_t len, size_t tuple) {
    if (!listpack_validate(bytes_of(listpack, len), tuple)) return;
    size_t count = listpack_count(listpack);
    CHECK(count % tuple == 0);
    walk_forward(listpack, count);
    walk_backward(listpack, count);
    change(listpack, count);
}

static void try_intset(const char *bytes, size_t len) {
    if (!intset_validate(bytes_of(bytes, len))) return;
    CHECK(intset_bytes(bytes) == len);
    size_t count = intset_count(bytes), index;
    char *copy = intset_new();
    for (size_t i = 0; i < count; i++) {
        bool is_new;
        copy = intset_add(copy, intset_at(bytes, i), &is_new);
        CHECK(is_new && intset_find(bytes, intset_at(bytes, i), &index) && index == i);
    }
    CHECK(intset_count(copy) == count);
    for (size_t i = count; i-- > 0;) {
        CHECK(intset_at(copy, i) == intset_at(bytes, i));
        copy = intset_remove_at(copy, i);
    }
    intset_free(copy);
}

/* A run of packed elements without a frame, as far as it is well-formed. */
static void try_elements(const char *bytes, size_t len) {
    const char *at = bytes, *end = bytes + len;
    size_t size;
    while (packed_validate(at, end, &size)) {
        CHECK(size <= (size_t)(end - at) && packed_size(at) == size);
        at += size;
        CHECK(packed_size_before(at) == size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) return 0;
    unsigned choice = data[0];
    size_t len = size - 1;
    char *copy = mem_alloc(len); /* of exactly the bytes, so that a read beyond them is seen */
    if (len != 0) memcpy(copy, data + 1, len);
    if ((choice & 4) != 0) put_frame_right(copy, len);
    switch (choice & 3) {
    case 0: try_intset(copy, len); break;
    case 1: try_elements(copy, len); break;
    default: try_listpack(copy, len, 1 + (choice >> 3 & 1)); break;
    }
    mem_free(copy);
    return 0;
}
