#include "check/key_set.h"

#include "foundation/hash.h"
#include "foundation/mem.h"

enum { FIRST_CAP = 1024 };

void key_set_destroy(struct key_set *set) {
    mem_free(set->slots);
}

static bool insert(struct key_set *set, uint64_t hash) {
    size_t mask = set->cap - 1, at = (size_t)hash & mask;
    while (set->slots[at] != 0 && set->slots[at] != hash) at = (at + 1) & mask;
    bool is_new = set->slots[at] == 0;
    set->slots[at] = hash;
    return is_new;
}

static void grow(struct key_set *set, size_t cap) {
    struct key_set grown = {.slots = mem_alloc_array(cap, sizeof(*set->slots)), .cap = cap};
    for (size_t i = 0; i < set->cap; i++)
        if (set->slots[i] != 0) (void)insert(&grown, set->slots[i]);
    mem_free(set->slots);
    set->slots = grown.slots;
    set->cap = cap;
}

void key_set_reserve(struct key_set *set, uint64_t count) {
    size_t cap = set->cap == 0 ? FIRST_CAP : set->cap;
    while (cap / 2 < set->count + count) cap *= 2;
    if (cap != set->cap) grow(set, cap);
}

bool key_set_settle(struct key_set *set) {
    for (size_t i = 0; i < set->queued; i++) {
        if (!insert(set, set->queue[i].hash)) {
            set->repeated_offset = set->queue[i].offset;
            return false;
        }
        set->count++;
    }
    set->queued = 0;
    return true;
}

bool key_set_add(struct key_set *set, uint64_t database_number, struct bytes key, uint64_t offset) {
    /* Odd, so that the same key in two databases is two. */
    uint64_t hash = hash_bytes(key) + database_number * UINT64_C(0x9e3779b97f4a7c15);
    if (hash == 0) hash = 1;
    if (set->queued == 0) key_set_reserve(set, KEY_SET_QUEUE_LEN);
    mem_prefetch(&set->slots[hash & (set->cap - 1)]);
    set->queue[set->queued].hash = hash;
    set->queue[set->queued++].offset = offset;
    return set->queued < KEY_SET_QUEUE_LEN || key_set_settle(set);
}
