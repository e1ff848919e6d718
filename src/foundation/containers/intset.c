#include "foundation/containers/intset.h"

#include "foundation/mem.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "integers are copied as they lie");

enum { HEADER = 8, COUNT_AT = 4 };

static uint32_t load_u32(const char *at) {
    uint32_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

static void store_u32(char *at, uint32_t word) {
    memcpy(at, &word, sizeof(word));
}

static size_t width_of(const char *intset) {
    return load_u32(intset);
}

static size_t width_for(int64_t value) {
    if (value >= INT16_MIN && value <= INT16_MAX) return 2;
    return value >= INT32_MIN && value <= INT32_MAX ? 4 : 8;
}

static int64_t load_integer(const char *intset, size_t width, size_t index) {
    const char *at = intset + HEADER + index * width;
    int16_t narrow;
    int32_t middle;
    int64_t wide;
    switch (width) {
    case 2: memcpy(&narrow, at, sizeof(narrow)); return narrow;
    case 4: memcpy(&middle, at, sizeof(middle)); return middle;
    default: memcpy(&wide, at, sizeof(wide)); return wide;
    }
}

/* The low bytes of a little-endian number are the number in a narrower form. */
static void store_integer(char *intset, size_t width, size_t index, int64_t value) {
    memcpy(intset + HEADER + index * width, &value, width);
}

char *intset_new(void) {
    char *intset = mem_alloc(mem_good_size(HEADER + 2));
    store_u32(intset, 2);
    store_u32(intset + COUNT_AT, 0);
    return intset;
}

void intset_free(char *intset) {
    mem_free(intset);
}

char *intset_copy(const char *intset) {
    size_t size = intset_bytes(intset);
    char *copy = mem_alloc(mem_good_size(size));
    memcpy(copy, intset, size);
    return copy;
}

size_t intset_count(const char *intset) {
    return load_u32(intset + COUNT_AT);
}

size_t intset_bytes(const char *intset) {
    return HEADER + intset_count(intset) * width_of(intset);
}

int64_t intset_at(const char *intset, size_t index) {
    return load_integer(intset, width_of(intset), index);
}

/* --- finding --- */

static size_t lower_bound(const char *intset, int64_t value, size_t width, size_t count) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (load_integer(intset, width, middle) < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool intset_find(const char *intset, int64_t value, size_t *index) {
    size_t width = width_of(intset), count = intset_count(intset);
    /* Additions often come in order: the end is tried first. */
    if (count == 0 || load_integer(intset, width, count - 1) < value) {
        *index = count;
        return false;
    }
    *index = lower_bound(intset, value, width, count);
    return load_integer(intset, width, *index) == value;
}

/* --- changing --- */

static char *grow(char *intset, size_t size) {
    if (size <= mem_usable_size(intset)) return intset;
    return mem_realloc(intset, mem_good_size(size));
}

/* Makes all integers `width` wide, with room for one more. */
static char *widen(char *intset, size_t width) {
    size_t old_width = width_of(intset), count = intset_count(intset);
    intset = grow(intset, HEADER + (count + 1) * width);
    for (size_t i = count; i-- > 0;)
        store_integer(intset, width, i, load_integer(intset, old_width, i));
    store_u32(intset, (uint32_t)width);
    return intset;
}

static char *insert_at(char *intset, size_t index, int64_t value) {
    size_t width = width_of(intset), count = intset_count(intset);
    CHECK(count < UINT32_MAX);
    intset = grow(intset, HEADER + (count + 1) * width);
    char *place = intset + HEADER + index * width;
    memmove(place + width, place, (count - index) * width);
    store_integer(intset, width, index, value);
    store_u32(intset + COUNT_AT, (uint32_t)count + 1);
    return intset;
}

char *intset_add(char *intset, int64_t value, bool *is_new) {
    size_t index, width = width_for(value);
    *is_new = !intset_find(intset, value, &index);
    if (!*is_new) return intset;
    if (width > width_of(intset)) intset = widen(intset, width);
    return insert_at(intset, index, value);
}

char *intset_remove_at(char *intset, size_t index) {
    size_t width = width_of(intset), count = intset_count(intset);
    CHECK(index < count);
    char *place = intset + HEADER + index * width;
    memmove(place, place + width, (count - index - 1) * width);
    store_u32(intset + COUNT_AT, (uint32_t)count - 1);
    size_t size = intset_bytes(intset);
    return size < mem_usable_size(intset) / 2 ? mem_realloc(intset, mem_good_size(size)) : intset;
}

/* --- bytes from outside --- */

bool intset_validate(struct bytes bytes) {
    if (bytes.len < HEADER) return false;
    size_t width = load_u32(bytes.data), count = load_u32(bytes.data + COUNT_AT);
    if (width != 2 && width != 4 && width != 8) return false;
    if (bytes.len != HEADER + count * width) return false;
    for (size_t i = 1; i < count; i++) {
        if (load_integer(bytes.data, width, i - 1) >= load_integer(bytes.data, width, i))
            return false;
    }
    return true;
}
