#include "foundation/containers/listpack.h"

#include "foundation/mem.h"

enum { COUNT_AT = 4, COUNT_UNKNOWN = UINT16_MAX, ELEMENT_MIN = 2 };

/* Positions are handed out writable, for those who change the listpack next. */
static char *as_place(const char *at) {
    return (char *)(uintptr_t)at;
}

static void store_bytes(char *listpack, size_t bytes) {
    uint32_t word = (uint32_t)bytes;
    memcpy(listpack, &word, sizeof(word));
}

static size_t load_count(const char *listpack) {
    uint16_t count;
    memcpy(&count, listpack + COUNT_AT, sizeof(count));
    return count;
}

static void store_count(char *listpack, size_t count) {
    uint16_t word = count < COUNT_UNKNOWN ? (uint16_t)count : COUNT_UNKNOWN;
    memcpy(listpack + COUNT_AT, &word, sizeof(word));
}

static bool is_end(const char *at) {
    return (unsigned char)*at == PACKED_END;
}

static size_t count_elements(const char *at) {
    size_t count = 0;
    for (; !is_end(at); at += packed_size(at)) count++;
    return count;
}

char *listpack_new(size_t cap_bytes) {
    size_t bytes = LISTPACK_HEADER + 1;
    char *listpack = mem_alloc(mem_good_size(cap_bytes < bytes ? bytes : cap_bytes));
    store_bytes(listpack, bytes);
    store_count(listpack, 0);
    listpack[LISTPACK_HEADER] = (char)PACKED_END;
    return listpack;
}

void listpack_free(char *listpack) {
    mem_free(listpack);
}

char *listpack_copy(const char *listpack) {
    size_t bytes = listpack_bytes(listpack);
    char *copy = mem_alloc(mem_good_size(bytes));
    memcpy(copy, listpack, bytes);
    return copy;
}

/* --- reading --- */

size_t listpack_bytes(const char *listpack) {
    uint32_t bytes;
    memcpy(&bytes, listpack, sizeof(bytes));
    return bytes;
}

size_t listpack_count(const char *listpack) {
    size_t count = load_count(listpack);
    return LIKELY(count != COUNT_UNKNOWN) ? count : count_elements(listpack + LISTPACK_HEADER);
}

char *listpack_first(const char *listpack) {
    const char *at = listpack + LISTPACK_HEADER;
    return is_end(at) ? NULL : as_place(at);
}

char *listpack_last(const char *listpack) {
    return listpack_previous(listpack, listpack + listpack_bytes(listpack) - 1);
}

char *listpack_next(const char *listpack, const char *at) {
    (void)listpack;
    at += packed_size(at);
    return is_end(at) ? NULL : as_place(at);
}

char *listpack_previous(const char *listpack, const char *at) {
    if (at == listpack + LISTPACK_HEADER) return NULL;
    return as_place(at - packed_size_before(at));
}

static char *walk_forward(const char *listpack, uint64_t steps) {
    char *at = listpack_first(listpack);
    while (at != NULL && steps-- > 0) at = listpack_next(listpack, at);
    return at;
}

static char *walk_backward(const char *listpack, uint64_t steps) {
    char *at = listpack_last(listpack);
    while (at != NULL && steps-- > 0) at = listpack_previous(listpack, at);
    return at;
}

char *listpack_at(const char *listpack, int64_t index) {
    size_t count = load_count(listpack);
    if (count == COUNT_UNKNOWN) {
        return index >= 0 ? walk_forward(listpack, (uint64_t)index)
                          : walk_backward(listpack, ~(uint64_t)index);
    }
    uint64_t steps = index >= 0 ? (uint64_t)index : count + (uint64_t)index;
    if (steps >= count) return NULL;
    return steps <= count / 2 ? walk_forward(listpack, steps)
                              : walk_backward(listpack, count - 1 - steps);
}

char *listpack_find(const char *listpack, const char *from, const struct packed_item *item,
                    size_t step) {
    (void)listpack;
    if (from == NULL) return NULL;
    for (;;) {
        if (is_end(from)) return NULL;
        if (packed_is(from, item)) return as_place(from);
        for (size_t i = 0; i < step && !is_end(from); i++) from += packed_size(from);
    }
}

/* --- changing --- */

bool listpack_has_room(const char *listpack, size_t bytes) {
    return bytes <= LISTPACK_BYTES_MAX - listpack_bytes(listpack);
}

static char *fit_to(char *listpack, size_t bytes) {
    size_t usable = mem_usable_size(listpack);
    if (bytes <= usable && bytes >= usable / 2) return listpack;
    return mem_realloc(listpack, mem_good_size(bytes));
}

/* Makes `new_len` bytes of the `old_len` at *at, moving what follows. */
static char *resize_gap(char *listpack, char **at, size_t old_len, size_t new_len) {
    size_t bytes = listpack_bytes(listpack), before = (size_t)(*at - listpack);
    size_t behind = bytes - before - old_len, new_bytes = bytes - old_len + new_len;
    CHECK(new_bytes <= LISTPACK_BYTES_MAX);
    if (new_len > old_len && new_bytes > mem_usable_size(listpack))
        listpack = mem_realloc(listpack, mem_good_size(new_bytes));
    memmove(listpack + before + new_len, listpack + before + old_len, behind);
    if (new_len < old_len) listpack = fit_to(listpack, new_bytes);
    store_bytes(listpack, new_bytes);
    *at = listpack + before;
    return listpack;
}

char *listpack_insert(char *listpack, char **at, const struct packed_item *items, size_t count) {
    size_t size = 0, old_count = load_count(listpack);
    for (size_t i = 0; i < count; i++) size += items[i].size;
    if (*at == NULL) *at = listpack + listpack_bytes(listpack) - 1;
    listpack = resize_gap(listpack, at, 0, size);
    char *place = *at;
    for (size_t i = 0; i < count; i++) place = packed_put(place, &items[i]);
    if (old_count != COUNT_UNKNOWN) store_count(listpack, old_count + count);
    return listpack;
}

char *listpack_append(char *listpack, const struct packed_item *item) {
    char *at = NULL;
    return listpack_insert(listpack, &at, item, 1);
}

char *listpack_replace(char *listpack, char **at, const struct packed_item *item) {
    listpack = resize_gap(listpack, at, packed_size(*at), item->size);
    packed_put(*at, item);
    return listpack;
}

/* A count that was too large to be kept is known again when so few bytes cannot hold as many. */
static void recall_count(char *listpack) {
    size_t element_bytes = listpack_bytes(listpack) - LISTPACK_HEADER - 1;
    if (element_bytes < (size_t)COUNT_UNKNOWN * ELEMENT_MIN)
        store_count(listpack, count_elements(listpack + LISTPACK_HEADER));
}

char *listpack_remove(char *listpack, char **at, size_t count) {
    size_t old_count = load_count(listpack);
    const char *end = *at;
    for (size_t i = 0; i < count; i++) end += packed_size(end);
    listpack = resize_gap(listpack, at, (size_t)(end - *at), 0);
    if (old_count == COUNT_UNKNOWN)
        recall_count(listpack);
    else
        store_count(listpack, old_count - count);
    if (is_end(*at)) *at = NULL;
    return listpack;
}

/* --- bytes from outside --- */

bool listpack_validate(struct bytes bytes, size_t tuple) {
    if (bytes.len <= LISTPACK_HEADER || bytes.len > LISTPACK_BYTES_MAX) return false;
    if (listpack_bytes(bytes.data) != bytes.len) return false;
    const char *end = bytes.data + bytes.len - 1, *at = bytes.data + LISTPACK_HEADER;
    if (!is_end(end)) return false;
    size_t count = 0, size;
    for (; at < end; at += size, count++) {
        if (!packed_validate(at, end, &size)) return false;
    }
    size_t told_count = load_count(bytes.data);
    return (told_count == count || told_count == COUNT_UNKNOWN) && count % tuple == 0;
}
