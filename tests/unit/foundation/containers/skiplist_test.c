/* The skip list against a naive model, a sorted array: every operation, with few keys and with
 * many, its memory, and what it may not read. Members carry bits in their low ends, as those of
 * its owners do. */
#include "foundation/containers/skiplist.h"
#include "foundation/mem.h"
#include "foundation/random.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MODEL_MAX = 4000, TAG_MASK = 15 };

struct element {
    uint64_t key;
    uint32_t name; /* even, so that bounds fit in between */
};

/* The model holds in members[0 .. count) what the list should, in order. */
struct fixture {
    struct skiplist *list;
    void *members[MODEL_MAX];
    uint32_t count;
    uint64_t key_count; /* keys are below it: few make many equal */
};

static struct element *element_of(const void *member) {
    return (struct element *)((uintptr_t)member & ~(uintptr_t)TAG_MASK);
}

static int compare_names(uint32_t a, uint32_t b) {
    return (a > b) - (a < b);
}

static uint64_t order_calls;

static int order_members(const void *member, const void *bound, const void *context) {
    assert_ptr_equal(context, &order_calls);
    order_calls++;
    return compare_names(element_of(member)->name, element_of(bound)->name);
}

static int order_by_name(const void *member, const void *bound, const void *context) {
    assert_ptr_equal(context, &order_calls);
    return compare_names(element_of(member)->name, *(const uint32_t *)bound);
}

static void *new_member(uint64_t key, uint32_t name) {
    struct element *element = mem_alloc_aligned(TAG_MASK + 1, sizeof(*element));
    *element = (struct element){.key = key, .name = name};
    return (void *)((uintptr_t)element | (name / 2 & TAG_MASK));
}

static void free_member(void *member) {
    mem_free(element_of(member));
}

static struct fixture *new_fixture(uint64_t key_count) {
    struct fixture *fixture = mem_alloc_zeroed(sizeof(*fixture));
    order_calls = 0;
    fixture->list = skiplist_new(order_members, &order_calls);
    fixture->key_count = key_count;
    random_set_seed(23);
    return fixture;
}

static void free_fixture(struct fixture *fixture) {
    skiplist_verify(fixture->list);
    skiplist_free(fixture->list);
    for (uint32_t i = 0; i < fixture->count; i++) free_member(fixture->members[i]);
    mem_free(fixture);
}

/* --- the model's own operations --- */

/* The rank of the first member not before (key, name). */
static uint32_t model_seek(const struct fixture *fixture, uint64_t key, uint32_t name) {
    uint32_t low = 0, high = fixture->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        const struct element *element = element_of(fixture->members[middle]);
        bool is_before = element->key < key || (element->key == key && element->name < name);
        if (is_before)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void model_insert(struct fixture *fixture, void *member) {
    uint32_t rank = model_seek(fixture, element_of(member)->key, element_of(member)->name);
    void **place = fixture->members + rank;
    memmove(place + 1, place, (fixture->count++ - rank) * sizeof(*place));
    *place = member;
}

static void model_remove(struct fixture *fixture, uint32_t rank, uint32_t count) {
    void **place = fixture->members + rank;
    fixture->count -= count;
    memmove(place, place + count, (fixture->count - rank) * sizeof(*place));
}

/* --- both together --- */

static void insert_new(struct fixture *fixture) {
    if (fixture->count == MODEL_MAX) return;
    uint64_t key = random_below(fixture->key_count);
    uint32_t name = 2 * (uint32_t)random_below(1u << 30);
    uint32_t rank = model_seek(fixture, key, name);
    bool is_there = rank < fixture->count && element_of(fixture->members[rank])->key == key &&
                    element_of(fixture->members[rank])->name == name;
    if (is_there) return;
    void *member = new_member(key, name);
    skiplist_insert(fixture->list, key, member);
    model_insert(fixture, member);
}

static void remove_one(struct fixture *fixture) {
    uint32_t rank = (uint32_t)random_below(fixture->count);
    void *member = fixture->members[rank];
    skiplist_remove(fixture->list, element_of(member)->key, member);
    model_remove(fixture, rank, 1);
    free_member(member);
}

static uint64_t choose_new_key(const struct fixture *fixture, uint64_t key) {
    switch (random_below(3)) {
    case 0: return key + random_below(1 + fixture->key_count / 100) + 1;
    case 1: return key > 2 ? key - 1 : key;
    default: return random_below(fixture->key_count);
    }
}

/* The element's own key is changed afterwards: the list does not read it. */
static void move_one(struct fixture *fixture) {
    uint32_t rank = (uint32_t)random_below(fixture->count);
    void *member = fixture->members[rank];
    struct element *element = element_of(member);
    uint64_t key = choose_new_key(fixture, element->key);
    uint32_t new_rank = model_seek(fixture, key, element->name);
    bool is_taken = new_rank < fixture->count && new_rank != rank &&
                    element_of(fixture->members[new_rank])->key == key &&
                    element_of(fixture->members[new_rank])->name == element->name;
    if (is_taken) return;
    skiplist_move(fixture->list, element->key, key, member);
    model_remove(fixture, rank, 1);
    element->key = key;
    model_insert(fixture, member);
}

/* The old allocation is gone by then, as after a realloc. */
static void replace_one(struct fixture *fixture) {
    uint32_t rank = (uint32_t)random_below(fixture->count);
    void *old_member = fixture->members[rank];
    uint64_t key = element_of(old_member)->key;
    fixture->members[rank] = new_member(key, element_of(old_member)->name);
    free_member(old_member);
    skiplist_replace(fixture->list, key, old_member, fixture->members[rank]);
}

struct removal {
    struct fixture *fixture;
    uint32_t next_rank;
};

static void check_removed(void *member, void *context) {
    struct removal *removal = context;
    assert_ptr_equal(member, removal->fixture->members[removal->next_rank++]);
    free_member(member);
}

static void remove_some(struct fixture *fixture, uint32_t max) {
    uint32_t start = (uint32_t)random_below(fixture->count + 1);
    uint32_t left = fixture->count - start;
    uint32_t count = (uint32_t)random_below((left < max ? left : max) + 1);
    struct removal removal = {fixture, start};
    skiplist_remove_range(fixture->list, start, count, check_removed, &removal);
    assert_int_equal(removal.next_rank, start + count);
    model_remove(fixture, start, count);
}

static void append_one(struct fixture *fixture) {
    if (fixture->count == MODEL_MAX) return;
    uint64_t key = 0;
    if (fixture->count != 0) key = element_of(fixture->members[fixture->count - 1])->key + 1;
    if (key >= 2 * fixture->key_count) return;
    void *member = new_member(key, 0);
    skiplist_append(fixture->list, key, member);
    fixture->members[fixture->count++] = member;
}

/* --- looking --- */

static void check_position(const struct fixture *fixture, struct skiplist_position position,
                           uint64_t rank) {
    assert_int_equal(skiplist_is_inside(position), rank < fixture->count);
    if (!skiplist_is_inside(position)) return;
    assert_ptr_equal(skiplist_member(position), fixture->members[rank]);
    assert_true(skiplist_key(position) == element_of(fixture->members[rank])->key);
}

static void check_rank(const struct fixture *fixture) {
    uint64_t rank = random_below(fixture->count + 1);
    check_position(fixture, skiplist_at(fixture->list, rank), rank);
    if (rank == fixture->count) return;
    void *member = fixture->members[rank];
    assert_int_equal(skiplist_rank(fixture->list, element_of(member)->key, member), rank);
}

static void check_seek(const struct fixture *fixture) {
    uint64_t key = random_below(fixture->key_count + 2), rank;
    struct skiplist_position position = skiplist_seek(fixture->list, key, NULL, NULL, &rank);
    assert_int_equal(rank, model_seek(fixture, key, 0));
    check_position(fixture, position, rank);
    uint32_t name = (uint32_t)random_below(1u << 31);
    if (fixture->count != 0 && random_below(2) == 0)
        name = element_of(fixture->members[random_below(fixture->count)])->name;
    position = skiplist_seek(fixture->list, key, &name, order_by_name, &rank);
    assert_int_equal(rank, model_seek(fixture, key, name));
    check_position(fixture, position, rank);
}

static void check_neighbours(const struct fixture *fixture) {
    if (fixture->count == 0) return;
    uint64_t rank = random_below(fixture->count);
    struct skiplist_position ahead = skiplist_at(fixture->list, rank), back = ahead;
    for (uint64_t i = 1; i < 20; i++) {
        if (skiplist_is_inside(ahead)) skiplist_next(&ahead);
        if (skiplist_is_inside(back)) skiplist_previous(&back);
        check_position(fixture, ahead, rank + i < fixture->count ? rank + i : fixture->count);
        check_position(fixture, back, rank >= i ? rank - i : fixture->count);
    }
}

static void check_all(const struct fixture *fixture) {
    skiplist_verify(fixture->list);
    assert_int_equal(skiplist_count(fixture->list), fixture->count);
    struct skiplist_position position = skiplist_at(fixture->list, 0);
    for (uint32_t rank = 0; rank < fixture->count; rank++) {
        check_position(fixture, position, rank);
        skiplist_next(&position);
    }
    assert_false(skiplist_is_inside(position));
}

/* --- the model --- */

/* The number of members wanders to a goal, and then to another. */
static void take_step(struct fixture *fixture, uint32_t goal) {
    bool is_growing = random_below(100) < (fixture->count < goal ? 70 : 30);
    uint64_t kind = random_below(64);
    if (fixture->count == 0 || (is_growing && kind < 32))
        insert_new(fixture);
    else if (kind < 32)
        remove_one(fixture);
    else if (kind < 48)
        move_one(fixture);
    else if (kind < 52)
        replace_one(fixture);
    else if (kind < 54)
        append_one(fixture);
    else if (kind == 54)
        remove_some(fixture, random_below(256) == 0 ? goal : 4);
    check_rank(fixture);
    if (kind < 16) check_seek(fixture);
    if (kind == 16) check_neighbours(fixture);
}

static void run_steps(uint64_t key_count, uint32_t max, uint32_t steps, uint32_t check_every) {
    struct fixture *fixture = new_fixture(key_count);
    uint32_t goal = max;
    for (uint32_t i = 0; i < steps; i++) {
        if (i % (8 * max) == 0) goal = (uint32_t)random_below(max);
        take_step(fixture, goal);
        if (i % check_every == 0) check_all(fixture);
    }
    if (fixture->count != 0) remove_some(fixture, fixture->count);
    free_fixture(fixture);
}

static void a_list_agrees_with_a_model_over_random_steps(void **state) {
    (void)state;
    run_steps(UINT64_C(1) << 60, 3000, 1200000, 5000);
}

static void a_list_with_many_equal_keys_agrees_with_a_model(void **state) {
    (void)state;
    run_steps(40, 3000, 1000000, 5000);
    run_steps(1000, 1000, 800000, 5000);
}

static void a_list_of_one_key_is_ordered_by_its_members(void **state) {
    (void)state;
    run_steps(1, 1000, 600000, 5000);
}

static void a_small_list_keeps_every_invariant_after_every_step(void **state) {
    (void)state;
    run_steps(UINT64_C(1) << 32, 12, 100000, 1);
    run_steps(10, 60, 100000, 1);
    run_steps(3000, 300, 60000, 1);
}

static void a_list_can_be_emptied_and_filled_again(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(1000);
    size_t empty_bytes = skiplist_used_bytes(fixture->list);
    for (uint32_t round = 0; round < 4; round++) {
        for (uint32_t i = 0; i < MODEL_MAX; i++) insert_new(fixture);
        check_all(fixture);
        while (fixture->count != 0 && round % 2 == 0) remove_one(fixture);
        struct removal removal = {fixture, 0};
        skiplist_remove_range(fixture->list, 0, fixture->count, check_removed, &removal);
        fixture->count = 0;
        check_all(fixture);
        assert_int_equal(skiplist_used_bytes(fixture->list), empty_bytes);
    }
    free_fixture(fixture);
}

static void members_of_an_end_can_be_removed_one_by_one(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(UINT64_C(1) << 60);
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 1000; i++) append_one(fixture);
        while (fixture->count != 0) {
            uint32_t rank = round == 0 ? 0 : fixture->count - 1;
            void *member = fixture->members[rank];
            skiplist_remove(fixture->list, element_of(member)->key, member);
            model_remove(fixture, rank, 1);
            free_member(member);
            if (fixture->count % 7 == 0) skiplist_verify(fixture->list);
        }
    }
    free_fixture(fixture);
}

static void nothing_is_found_in_an_empty_list(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(1);
    uint64_t rank = 7;
    assert_false(skiplist_is_inside(skiplist_at(fixture->list, 0)));
    assert_false(skiplist_is_inside(skiplist_seek(fixture->list, 0, NULL, NULL, &rank)));
    assert_int_equal(rank, 0);
    skiplist_remove_range(fixture->list, 0, 0, NULL, NULL);
    free_fixture(fixture);
}

/* --- what is read --- */

static void members_with_keys_of_their_own_are_never_read(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(1);
    enum { COUNT = 1000 };
    for (uint64_t i = 0; i < COUNT; i++) {
        uint64_t key = i * 7919 % COUNT;
        skiplist_insert(fixture->list, 2 * key, (void *)(uintptr_t)(key + 1));
    }
    for (uint64_t i = 0; i < COUNT; i++) {
        void *member = (void *)(uintptr_t)(i + 1);
        assert_int_equal(skiplist_rank(fixture->list, 2 * i, member), i);
        skiplist_move(fixture->list, 2 * i, 2 * i + 1, member);
        skiplist_replace(fixture->list, 2 * i + 1, member, (char *)member + COUNT);
    }
    for (uint64_t i = 0; i < COUNT; i++)
        skiplist_remove(fixture->list, 2 * i + 1, (void *)(uintptr_t)(i + 1 + COUNT));
    assert_int_equal(order_calls, 0);
    free_fixture(fixture);
}

static void the_extremes_of_keys_and_pointers_are_kept(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(1);
    void *lowest = new_member(0, 2), *highest = new_member(UINT64_MAX, 2);
    void *highest_too = new_member(UINT64_MAX, 4);
    void *far = (void *)(uintptr_t)0xffffffffffff;
    skiplist_insert(fixture->list, UINT64_MAX, highest_too);
    skiplist_insert(fixture->list, 0, lowest);
    skiplist_insert(fixture->list, UINT64_MAX, highest);
    skiplist_insert(fixture->list, 1, far);
    assert_ptr_equal(skiplist_member(skiplist_at(fixture->list, 1)), far);
    assert_int_equal(skiplist_rank(fixture->list, UINT64_MAX, highest_too), 3);
    uint64_t rank = 0;
    struct skiplist_position position =
        skiplist_seek(fixture->list, UINT64_MAX, &(uint32_t){3}, order_by_name, &rank);
    assert_int_equal(rank, 3);
    assert_ptr_equal(skiplist_member(position), highest_too);
    skiplist_remove(fixture->list, 1, far);
    fixture->members[0] = lowest;
    fixture->members[1] = highest;
    fixture->members[2] = highest_too;
    fixture->count = 3;
    check_all(fixture);
    free_fixture(fixture);
}

/* --- memory --- */

/* The share of its memory that a list would need if all blocks were full. */
static void assert_filled(const struct skiplist *list, double least) {
    uint64_t full_blocks = 0, blocks = skiplist_count(list) / SKIPLIST_MEMBERS;
    for (; blocks != 0; blocks /= SKIPLIST_ENTRIES) full_blocks += blocks;
    double full_bytes = (double)(full_blocks * mem_good_size(sizeof(struct skiplist_block)));
    double filled = full_bytes / (double)skiplist_used_bytes(list);
    skiplist_verify(list);
    assert_true(filled > least && filled <= 1);
}

enum { FILL_COUNT = 100000 };

/* Each full block is left with one entry fewer. */
static const double filled_in_order = 1 - 1.25 / SKIPLIST_ENTRIES;

static struct skiplist *new_filled(uint64_t factor) {
    struct skiplist *list = skiplist_new(order_members, &order_calls);
    for (uint64_t i = 0; i < FILL_COUNT; i++)
        skiplist_insert(list, (i + 1) * factor % (FILL_COUNT + 3), (void *)(uintptr_t)(i + 1));
    return list;
}

static void insertion_in_order_leaves_blocks_nearly_full(void **state) {
    (void)state;
    struct skiplist *ascending = new_filled(1), *descending = new_filled(FILL_COUNT + 2);
    struct skiplist *appended = skiplist_new(order_members, &order_calls);
    for (uint64_t i = 0; i < FILL_COUNT; i++)
        skiplist_append(appended, i, (void *)(uintptr_t)(i + 1));
    assert_filled(ascending, filled_in_order);
    assert_filled(descending, filled_in_order);
    assert_filled(appended, filled_in_order);
    skiplist_free(ascending);
    skiplist_free(descending);
    skiplist_free(appended);
}

static void insertion_and_removal_in_any_order_leave_blocks_well_filled(void **state) {
    (void)state;
    enum { FACTOR = 38197 };
    struct skiplist *list = new_filled(FACTOR);
    assert_filled(list, 0.75);
    for (uint64_t i = 0; i < FILL_COUNT; i++) {
        uint64_t key = (i + 1) * FACTOR % (FILL_COUNT + 3);
        if (key % 3 != 0) skiplist_remove(list, key, (void *)(uintptr_t)(i + 1));
    }
    assert_filled(list, 0.60);
    skiplist_free(list);
}

static void a_new_last_member_does_not_split_blocks_evenly(void **state) {
    (void)state;
    struct skiplist *list = skiplist_new(order_members, &order_calls);
    for (uint64_t i = 0; i < 50000; i++) {
        skiplist_insert(list, i, (void *)(uintptr_t)(i + 1));
        if (i >= 500) skiplist_remove(list, i - 500, (void *)(uintptr_t)(i - 500 + 1));
    }
    assert_int_equal(skiplist_count(list), 500);
    assert_filled(list, 0.60);
    skiplist_free(list);
}

/* When ascending insertion has just added a block it is the last, with two members; descending
 * insertion leaves such a first one. Of what lies between them all goes but one block. */
static void a_block_between_two_small_ends_fills_up(void **state) {
    (void)state;
    struct skiplist *list = skiplist_new(order_members, &order_calls);
    enum { STEP = 1000 };
    uint64_t low = 1000000, high = low, name = 1;
    while (skiplist_count(list) < 20 * SKIPLIST_MEMBERS)
        skiplist_insert(list, high += STEP, (void *)(uintptr_t)name++);
    for (size_t used = skiplist_used_bytes(list); skiplist_used_bytes(list) == used;)
        skiplist_insert(list, high += STEP, (void *)(uintptr_t)name++);
    for (size_t used = skiplist_used_bytes(list); skiplist_used_bytes(list) == used;)
        skiplist_insert(list, low -= STEP, (void *)(uintptr_t)name++);
    uint64_t kept = SKIPLIST_MEMBERS - 1;
    skiplist_remove_range(list, 2, skiplist_count(list) - 4 - kept, NULL, NULL);
    skiplist_verify(list);
    uint64_t first = skiplist_key(skiplist_at(list, 2));
    for (uint64_t i = 1; i < STEP; i++) {
        skiplist_insert(list, first + i, (void *)(uintptr_t)name++);
        skiplist_verify(list);
    }
    skiplist_free(list);
}

/* --- keys --- */

static void keys_order_like_the_scores_they_are_made_of(void **state) {
    (void)state;
    const double scores[] = {-INFINITY, -DBL_MAX, -1.5, -1,  -DBL_MIN, -0x1p-1074, 0,
                             0x1p-1074, DBL_MIN,  1,    1.5, 1e15,     DBL_MAX,    INFINITY};
    const int64_t integers[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX};
    for (size_t i = 0; i < ARRAY_LEN(scores); i++) {
        uint64_t key = skiplist_key_of_double(scores[i]);
        assert_true(skiplist_double_of_key(key) == scores[i]);
        assert_true(i == 0 || skiplist_key_of_double(scores[i - 1]) < key);
    }
    for (size_t i = 0; i < ARRAY_LEN(integers); i++) {
        uint64_t key = skiplist_key_of_i64(integers[i]);
        assert_true(skiplist_i64_of_key(key) == integers[i]);
        assert_true(i == 0 || skiplist_key_of_i64(integers[i - 1]) < key);
    }
    assert_true(skiplist_key_of_double(-0.0) == skiplist_key_of_double(0.0));
}

int main(void) {
    mem_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_agrees_with_a_model_over_random_steps),
        cmocka_unit_test(a_list_with_many_equal_keys_agrees_with_a_model),
        cmocka_unit_test(a_list_of_one_key_is_ordered_by_its_members),
        cmocka_unit_test(a_small_list_keeps_every_invariant_after_every_step),
        cmocka_unit_test(a_list_can_be_emptied_and_filled_again),
        cmocka_unit_test(members_of_an_end_can_be_removed_one_by_one),
        cmocka_unit_test(nothing_is_found_in_an_empty_list),
        cmocka_unit_test(members_with_keys_of_their_own_are_never_read),
        cmocka_unit_test(the_extremes_of_keys_and_pointers_are_kept),
        cmocka_unit_test(insertion_in_order_leaves_blocks_nearly_full),
        cmocka_unit_test(insertion_and_removal_in_any_order_leave_blocks_well_filled),
        cmocka_unit_test(a_new_last_member_does_not_split_blocks_evenly),
        cmocka_unit_test(a_block_between_two_small_ends_fills_up),
        cmocka_unit_test(keys_order_like_the_scores_they_are_made_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
