/* Names that models of collections draw from, and the way back from a name to its index. */
#ifndef UNIT_DATA_TYPES_NAME_POOL_H
#define UNIT_DATA_TYPES_NAME_POOL_H

#include "foundation/bytes.h"
#include "foundation/hash.h"
#include "foundation/mem.h"
#include "foundation/number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NAME_MAX_LEN = 100, NAME_SLOTS = 1 << 13 };

struct name_pool {
    size_t count;
    struct bytes *names;
    uint16_t slots[NAME_SLOTS]; /* finds a name's index, plus 1, by the name's hash */
};

/* Integers of all widths, texts of all lengths, and now and then one too long for a listpack. */
static inline size_t write_name(char out[NAME_MAX_LEN], size_t i) {
    static const char long_start[] =
        "a name that goes on and on, so that no listpack of usual limits takes it: ";
    int number = (int)i;
    switch (i % 6) {
    case 0: return number_format_i64(out, (int64_t)(i * i * i * i) - 100);
    case 1: return (size_t)snprintf(out, NAME_MAX_LEN, "%d", number);
    case 2: return i == 2 ? 0 : (size_t)snprintf(out, NAME_MAX_LEN, "%dx", number);
    case 3: return (size_t)snprintf(out, NAME_MAX_LEN, "%0*d", number % 20 + 2, number);
    case 4:
        return (size_t)snprintf(out, NAME_MAX_LEN, "%s%d", i % 48 == 4 ? long_start : "s", number);
    default: return (size_t)snprintf(out, NAME_MAX_LEN, "a name of common length %d", number);
    }
}

/* The slot of the name, or the empty one where it belongs. */
static inline size_t find_slot(const struct name_pool *pool, struct bytes name) {
    size_t slot = (size_t)hash_bytes(name) % NAME_SLOTS;
    while (pool->slots[slot] != 0 && !bytes_equal(pool->names[pool->slots[slot] - 1], name))
        slot = (slot + 1) % NAME_SLOTS;
    return slot;
}

static inline void init_names(struct name_pool *pool, size_t count) {
    assert_true(count < NAME_SLOTS);
    *pool = (struct name_pool){.count = count, .names = calloc(count, sizeof(*pool->names))};
    for (size_t i = 0; i < count; i++) {
        char name[NAME_MAX_LEN];
        size_t len = write_name(name, i);
        pool->names[i] = bytes_of(mem_dup(name, len), len);
        pool->slots[find_slot(pool, pool->names[i])] = (uint16_t)(i + 1);
    }
}

static inline void free_names(struct name_pool *pool) {
    for (size_t i = 0; i < pool->count; i++) mem_free((void *)(uintptr_t)pool->names[i].data);
    free(pool->names);
}

/* The index of a name of the pool. */
static inline size_t index_of(const struct name_pool *pool, struct bytes name) {
    size_t i = pool->slots[find_slot(pool, name)];
    assert_int_not_equal(i, 0);
    return i - 1;
}

#endif
