#include "data/types/ratelimit/leases.h"

#include "foundation/containers/table_inline.h"
#include "foundation/hash.h"
#include "foundation/mem.h"

enum { ARRAY_MIN = 2 };

struct lease_index {
    struct table by_token;
    struct skiplist *by_end;
};

static bool is_few(const struct leases *leases) {
    return leases->cap != 0 || leases->count == 0;
}

/* --- order --- */

static int compare_tokens(const void *lease, const void *other, const void *context) {
    (void)context;
    return bytes_compare(lease_token(lease), lease_token(other));
}

static bool is_before(const struct lease *lease, int64_t end_us, struct bytes token) {
    if (lease->end_us != end_us) return lease->end_us < end_us;
    return bytes_compare(lease_token(lease), token) < 0;
}

/* Where such a lease stands, or would, in the array. */
static uint32_t find_slot(const struct leases *leases, int64_t end_us, struct bytes token) {
    uint32_t low = 0, high = leases->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (is_before(leases->array[middle], end_us, token))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint64_t key_of(int64_t end_us) {
    return skiplist_key_of_i64(end_us);
}

/* --- the index --- */

static uint64_t hash_of_lease(const void *lease, const void *context) {
    (void)context;
    return hash_bytes(lease_token(lease));
}

static struct lease *find_in_table(const struct table *table, struct bytes token,
                                   struct table_place *place) {
    struct table_search search;
    struct lease *lease = table_find_start(table, hash_bytes(token), &search);
    while (lease != NULL && !bytes_equal(lease_token(lease), token))
        lease = table_find_next(&search);
    *place = search.place;
    return lease;
}

static void remove_from_table(struct table *table, const struct lease *lease) {
    struct table_place place;
    CHECK(find_in_table(table, lease_token(lease), &place) == lease);
    table_remove(table, hash_of_lease(lease, NULL), place);
}

static void add_to_index(struct lease_index *index, struct lease *lease) {
    table_insert(&index->by_token, hash_of_lease(lease, NULL), lease);
    skiplist_insert(index->by_end, key_of(lease->end_us), lease);
}

static struct lease_index *new_index(void) {
    struct lease_index *index = mem_alloc(sizeof(*index));
    table_init(&index->by_token, hash_of_lease, NULL);
    index->by_end = skiplist_new(compare_tokens, NULL);
    return index;
}

static void free_index(struct lease_index *index, void (*free_lease)(void *lease)) {
    skiplist_free(index->by_end);
    table_destroy(&index->by_token, free_lease);
    mem_free(index);
}

/* --- changing the form --- */

static void index_array(struct leases *leases) {
    struct lease_index *index = new_index();
    for (uint32_t i = 0; i < leases->count; i++) add_to_index(index, leases->array[i]);
    mem_free(leases->array);
    leases->index = index;
    leases->cap = 0;
}

static void unindex(struct leases *leases) {
    struct lease **array = mem_alloc_array(LEASES_FEW, sizeof(*array));
    struct lease_walk walk = leases_walk(leases);
    for (uint32_t i = 0; i < leases->count; i++) array[i] = lease_walk_next(&walk);
    free_index(leases->index, NULL);
    leases->array = array;
    leases->cap = LEASES_FEW;
}

static void drop_array(struct leases *leases) {
    mem_free(leases->array);
    leases->array = NULL;
    leases->cap = 0;
}

/* Makes room for one more, in the form that is right then. */
static void admit_one(struct leases *leases) {
    if (!is_few(leases) || leases->count < leases->cap) return;
    if (leases->count == LEASES_FEW) {
        index_array(leases);
        return;
    }
    uint32_t cap = leases->cap == 0 ? ARRAY_MIN : leases->cap * 2;
    leases->cap = cap < LEASES_FEW ? cap : LEASES_FEW;
    leases->array = mem_realloc(leases->array, leases->cap * sizeof(*leases->array));
}

static void settle_form(struct leases *leases) {
    if (leases->count == 0 && leases->cap != 0) drop_array(leases);
    if (leases->cap == 0 && leases->count == LEASES_FEW / 2) unindex(leases);
}

/* --- a lease in its place --- */

static void insert_lease(struct leases *leases, struct lease *lease) {
    admit_one(leases);
    if (is_few(leases)) {
        uint32_t slot = find_slot(leases, lease->end_us, lease_token(lease));
        memmove(leases->array + slot + 1, leases->array + slot,
                (leases->count - slot) * sizeof(*leases->array));
        leases->array[slot] = lease;
    } else {
        add_to_index(leases->index, lease);
    }
    leases->count++;
}

/* Moves what lies between two slots of the array, one of which is free, towards it. */
static void close_slot(struct leases *leases, uint32_t from, uint32_t to) {
    struct lease **array = leases->array;
    if (from < to) memmove(array + from, array + from + 1, (to - from) * sizeof(*array));
    if (from > to) memmove(array + to + 1, array + to, (from - to) * sizeof(*array));
}

static void move_in_array(struct leases *leases, struct lease *lease, int64_t end_us) {
    uint32_t from = find_slot(leases, lease->end_us, lease_token(lease));
    uint32_t to = find_slot(leases, end_us, lease_token(lease));
    if (to > from) to--;
    close_slot(leases, from, to);
    leases->array[to] = lease;
}

/* --- life --- */

static void free_lease(void *lease) {
    mem_free(lease);
}

void leases_destroy(struct leases *leases) {
    if (!is_few(leases)) {
        free_index(leases->index, free_lease);
        return;
    }
    for (uint32_t i = 0; i < leases->count; i++) free_lease(leases->array[i]);
    mem_free(leases->array);
}

void leases_copy(const struct leases *leases, struct leases *copy) {
    *copy = (struct leases){0};
    struct lease_walk walk = leases_walk(leases);
    for (const struct lease *lease; (lease = lease_walk_next(&walk)) != NULL;)
        leases_add(copy, lease_token(lease), lease->end_us, lease_units(lease));
}

size_t leases_used_bytes(const struct leases *leases) {
    if (is_few(leases)) return leases->lease_bytes + mem_usable_size(leases->array);
    return leases->lease_bytes + mem_usable_size(leases->index) +
           leases->index->by_token.used_bytes + skiplist_used_bytes(leases->index->by_end);
}

/* --- finding --- */

bool leases_prefetch(const struct leases *leases, unsigned step) {
    if (leases->count == 0) return false;
    if (step == 0) {
        mem_prefetch(is_few(leases) ? (const void *)leases->array : leases->index);
        return is_few(leases);
    }
    for (uint32_t i = 0; i < leases->count; i++) mem_prefetch(leases->array[i]);
    return false;
}

struct lease *leases_find(const struct leases *leases, struct bytes token) {
    struct table_place place;
    if (!is_few(leases)) return find_in_table(&leases->index->by_token, token, &place);
    for (uint32_t i = 0; i < leases->count; i++) {
        if (bytes_equal(lease_token(leases->array[i]), token)) return leases->array[i];
    }
    return NULL;
}

struct lease *leases_last_but(const struct leases *leases, const struct lease *other) {
    if (is_few(leases)) {
        uint32_t count = leases->count;
        if (count != 0 && leases->array[count - 1] == other) count--;
        return count == 0 ? NULL : leases->array[count - 1];
    }
    struct skiplist_position position = skiplist_at(leases->index->by_end, leases->count - 1);
    if (skiplist_member(position) == other) skiplist_previous(&position);
    return skiplist_is_inside(position) ? skiplist_member(position) : NULL;
}

struct lease_walk leases_walk(const struct leases *leases) {
    if (!is_few(leases))
        return (struct lease_walk){.position = skiplist_at(leases->index->by_end, 0)};
    if (leases->count == 0) return (struct lease_walk){0};
    return (struct lease_walk){.at = leases->array, .end = leases->array + leases->count};
}

struct lease *lease_walk_next(struct lease_walk *walk) {
    if (walk->at != walk->end) return *walk->at++;
    if (!skiplist_is_inside(walk->position)) return NULL;
    struct lease *lease = skiplist_member(walk->position);
    skiplist_next(&walk->position);
    return lease;
}

/* --- changing --- */

static void set_units(struct lease *lease, int64_t units) {
    CHECK(units >= 1 && units <= LEASE_UNITS_MAX);
    lease->units_below = (uint32_t)(units - 1) & 0xffffffu;
}

void leases_add(struct leases *leases, struct bytes token, int64_t end_us, int64_t units) {
    CHECK(token.len <= UINT8_MAX);
    struct lease *lease = mem_alloc(offsetof(struct lease, token) + token.len);
    lease->end_us = end_us;
    lease->token_len = (uint8_t)token.len;
    set_units(lease, units);
    memcpy(lease->token, token.data, token.len);
    leases->lease_bytes += mem_usable_size(lease);
    insert_lease(leases, lease);
}

void leases_change(struct leases *leases, struct lease *lease, int64_t end_us, int64_t units) {
    set_units(lease, units);
    if (end_us == lease->end_us) return;
    if (is_few(leases))
        move_in_array(leases, lease, end_us);
    else
        skiplist_move(leases->index->by_end, key_of(lease->end_us), key_of(end_us), lease);
    lease->end_us = end_us;
}

void leases_remove(struct leases *leases, struct lease *lease) {
    if (is_few(leases)) {
        uint32_t slot = find_slot(leases, lease->end_us, lease_token(lease));
        close_slot(leases, slot, leases->count - 1);
    } else {
        remove_from_table(&leases->index->by_token, lease);
        skiplist_remove(leases->index->by_end, key_of(lease->end_us), lease);
    }
    leases->count--;
    leases->lease_bytes -= mem_usable_size(lease);
    free_lease(lease);
    settle_form(leases);
}
