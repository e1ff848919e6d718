/* The table against a naive model, its scan under change, its random draws and its worst hashes. */
#include "foundation/containers/table_inline.h"
#include "foundation/mem.h"
#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct element {
    uint64_t hash;
    uint32_t key;
    uint32_t visits;
    bool is_lasting; /* present during the whole scan */
};

/* The model: element `key` is in the table exactly when elements[key] is not NULL. */
enum { KEY_MAX = 1 << 17 };

struct fixture {
    struct table table;
    struct element *elements[KEY_MAX];
    uint64_t hash_mask; /* bits of the hash that differ at all */
};

static uint64_t hash_key(const struct fixture *fixture, uint64_t key) {
    uint64_t hash = (key + 1) * 0x9e3779b97f4a7c15u;
    hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9u;
    hash = (hash ^ hash >> 27) * 0x94d049bb133111ebu;
    return (hash ^ hash >> 31) & fixture->hash_mask;
}

static uint64_t hash_of_element(const void *element, const void *context) {
    (void)context;
    return ((const struct element *)element)->hash;
}

static struct fixture *new_fixture(uint64_t hash_mask) {
    struct fixture *fixture = mem_alloc_zeroed(sizeof(*fixture));
    table_init(&fixture->table, hash_of_element, NULL);
    fixture->hash_mask = hash_mask;
    random_set_seed(11);
    return fixture;
}

static void free_fixture(struct fixture *fixture) {
    table_verify(&fixture->table);
    table_destroy(&fixture->table, mem_free);
    assert_int_equal(fixture->table.used_bytes, 0);
    mem_free(fixture);
}

static struct element *find_key(const struct fixture *fixture, uint32_t key,
                                struct table_search *search) {
    struct element *element = table_find_start(&fixture->table, hash_key(fixture, key), search);
    while (element != NULL && element->key != key) element = table_find_next(search);
    return element;
}

static void add_key(struct fixture *fixture, uint32_t key) {
    struct element *element = mem_alloc_zeroed(sizeof(*element));
    element->key = key;
    element->hash = hash_key(fixture, key);
    fixture->elements[key] = element;
    table_insert(&fixture->table, element->hash, element);
}

static void remove_key(struct fixture *fixture, uint32_t key) {
    struct table_search search;
    struct element *element = find_key(fixture, key, &search);
    assert_ptr_equal(element, fixture->elements[key]);
    assert_ptr_equal(table_remove(&fixture->table, element->hash, search.place), element);
    fixture->elements[key] = NULL;
    mem_free(element);
}

static void toggle_key(struct fixture *fixture, uint32_t key) {
    if (fixture->elements[key] == NULL)
        add_key(fixture, key);
    else
        remove_key(fixture, key);
}

static void check_key(const struct fixture *fixture, uint32_t key) {
    struct table_search search;
    assert_ptr_equal(find_key(fixture, key, &search), fixture->elements[key]);
}

static void check_all_keys(const struct fixture *fixture, uint32_t key_count) {
    uint64_t count = 0;
    for (uint32_t key = 0; key < key_count; key++) {
        check_key(fixture, key);
        count += fixture->elements[key] != NULL;
    }
    assert_int_equal(fixture->table.count, count);
    table_verify(&fixture->table);
}

/* --- the model --- */

static void a_table_agrees_with_a_model_over_random_steps(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(UINT64_MAX);
    for (uint32_t i = 0; i < 1500000; i++) {
        toggle_key(fixture, (uint32_t)random_below(30000));
        check_key(fixture, (uint32_t)random_below(30000));
    }
    check_all_keys(fixture, 30000);
    free_fixture(fixture);
}

static void a_table_grows_and_shrinks_back_to_nothing(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(UINT64_MAX);
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t key = 0; key < KEY_MAX; key++) add_key(fixture, key);
        check_all_keys(fixture, KEY_MAX);
        for (uint32_t key = 0; key + 100 < KEY_MAX; key++)
            remove_key(fixture, round == 0 ? key : KEY_MAX - 1 - key);
        table_verify(&fixture->table);
        assert_true(fixture->table.used_bytes < 100 * 30 + 4096);
        for (uint32_t key = 0; key < KEY_MAX; key++) {
            if (fixture->elements[key] != NULL) remove_key(fixture, key);
        }
        assert_int_equal(fixture->table.used_bytes, 0);
    }
    free_fixture(fixture);
}

static void memory_per_element_is_bounded_at_every_count(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(UINT64_MAX);
    for (uint32_t key = 0; key < KEY_MAX; key++) {
        add_key(fixture, key);
        if (key > 2000) assert_true(fixture->table.used_bytes < (uint64_t)(key + 1) * 16);
    }
    for (uint32_t key = KEY_MAX - 1; key > 2000; key--) {
        remove_key(fixture, key);
        assert_true(fixture->table.used_bytes < (uint64_t)key * 24);
    }
    free_fixture(fixture);
}

static void a_table_of_constant_size_keeps_its_memory_under_churn(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(UINT64_MAX);
    for (uint32_t key = 0; key < 5000; key++) add_key(fixture, key);
    for (uint32_t i = 0; i < 1000000; i++) {
        uint32_t key = (uint32_t)random_below(5000);
        remove_key(fixture, key);
        add_key(fixture, key);
        assert_true(fixture->table.used_bytes < (size_t)5000 * 20);
    }
    struct table_stats stats;
    table_read_stats(&fixture->table, &stats);
    assert_true(stats.spilled_elements < 5000 / 4);
    free_fixture(fixture);
}

static void a_replaced_element_is_found_in_the_place_of_the_old(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(UINT64_MAX);
    for (uint32_t key = 0; key < 300; key++) add_key(fixture, key);
    for (uint32_t key = 0; key < 300; key++) {
        struct table_search search;
        struct element *old = find_key(fixture, key, &search);
        struct element *copy = mem_alloc(sizeof(*copy));
        *copy = *old;
        table_replace(search.place, copy);
        fixture->elements[key] = copy;
        mem_free(old);
    }
    check_all_keys(fixture, 300);
    free_fixture(fixture);
}

static void a_reserved_table_takes_its_elements_with_hardly_a_rebuild(void **state) {
    (void)state;
    for (uint32_t count = 1; count < KEY_MAX; count *= 3) {
        struct fixture *fixture = new_fixture(UINT64_MAX);
        table_reserve(&fixture->table, count);
        size_t reserved_bytes = fixture->table.used_bytes;
        for (uint32_t key = 0; key < count; key++) add_key(fixture, key);
        assert_true(fixture->table.used_bytes <= reserved_bytes + reserved_bytes / 4);
        assert_true(reserved_bytes <= (size_t)count * 24 + 256);
        check_all_keys(fixture, count);
        free_fixture(fixture);
    }
}

static void finding_in_an_empty_table_yields_nothing(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(UINT64_MAX);
    struct table_search search;
    assert_null(table_find_start(&fixture->table, 1, &search));
    table_prefetch_bucket(&fixture->table, 1);
    table_prefetch_elements(&fixture->table, 1);
    assert_int_equal(table_scan(&fixture->table, 12345, NULL, NULL), 0);
    assert_null(table_random(&fixture->table));
    void *element;
    assert_int_equal(table_sample(&fixture->table, &element, 1), 0);
    free_fixture(fixture);
}

/* --- hashes that do not spread --- */

static void check_hash_mask(uint64_t hash_mask, uint32_t count) {
    struct fixture *fixture = new_fixture(hash_mask);
    for (uint32_t key = 0; key < count; key++) add_key(fixture, key);
    check_all_keys(fixture, count);
    assert_true(fixture->table.used_bytes < (size_t)count * 24 + 8192);
    for (uint32_t i = 0; i < 4 * count; i++) toggle_key(fixture, (uint32_t)random_below(count));
    check_all_keys(fixture, count);
    for (uint32_t key = 0; key < count; key++) {
        if (fixture->elements[key] != NULL) remove_key(fixture, key);
    }
    assert_int_equal(fixture->table.used_bytes, 0);
    free_fixture(fixture);
}

static void elements_with_one_and_the_same_hash_are_kept_apart(void **state) {
    (void)state;
    check_hash_mask(0, 2000);
}

static void hashes_with_equal_top_bits_do_not_split_for_ever(void **state) {
    (void)state;
    check_hash_mask(UINT64_MAX >> 8, 3000);
    check_hash_mask(UINT64_MAX >> 20, 3000);
    check_hash_mask(UINT64_MAX >> 40, 2000);
}

static void hashes_with_few_differing_bits_are_kept_apart(void **state) {
    (void)state;
    check_hash_mask((uint64_t)0xf << 60, 3000);
    check_hash_mask((uint64_t)0xf << 40, 2000);
    check_hash_mask(0xff, 2000);
}

/* One crowded segment in a table that is otherwise well spread. */
static void a_crowd_of_equal_hashes_does_not_hurt_the_others(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(UINT64_MAX);
    for (uint32_t key = 0; key < 20000; key++) add_key(fixture, key);
    fixture->hash_mask = 0;
    for (uint32_t key = 20000; key < 22000; key++) add_key(fixture, key);
    assert_true(fixture->table.used_bytes < (size_t)22000 * 20);
    for (uint32_t key = 20000; key < 22000; key++) remove_key(fixture, key);
    fixture->hash_mask = UINT64_MAX;
    check_all_keys(fixture, 20000);
    free_fixture(fixture);
}

/* --- scanning --- */

static void count_visit(void *element, void *context) {
    ((struct element *)element)->visits++;
    if (context != NULL) ++*(uint64_t *)context;
}

static void a_scan_of_a_still_table_visits_each_element_once(void **state) {
    (void)state;
    static const uint32_t counts[] = {1, 5, 7, 8, 100, 3000, 50000};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct fixture *fixture = new_fixture(UINT64_MAX);
        for (uint32_t key = 0; key < counts[i]; key++) add_key(fixture, key);
        uint64_t cursor = 0, visited = 0;
        do {
            uint64_t next = table_scan(&fixture->table, cursor, count_visit, &visited);
            assert_true(next == 0 || next > cursor);
            assert_true(next < (uint64_t)1 << TABLE_CURSOR_BITS);
            cursor = next;
        } while (cursor != 0);
        assert_int_equal(visited, counts[i]);
        table_for_each(&fixture->table, count_visit, NULL);
        for (uint32_t key = 0; key < counts[i]; key++)
            assert_int_equal(fixture->elements[key]->visits, 2);
        free_fixture(fixture);
    }
}

/* Keys below `lasting` stay; the others come and go, in waves that resize the table both ways. */
static void scan_under_change(uint64_t hash_mask, uint32_t lasting, uint32_t others,
                              uint32_t changes_per_call, uint32_t rounds) {
    struct fixture *fixture = new_fixture(hash_mask);
    for (uint32_t key = 0; key < lasting; key++) add_key(fixture, key);
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t key = 0; key < lasting; key++) fixture->elements[key]->visits = 0;
        uint64_t cursor = 0, calls = 0;
        do {
            cursor = table_scan(&fixture->table, cursor, count_visit, NULL);
            bool is_growing = (calls++ / 64 + round) % 2 == 0;
            for (uint32_t i = 0; i < changes_per_call; i++) {
                uint32_t key = lasting + (uint32_t)random_below(others);
                if ((fixture->elements[key] == NULL) == is_growing) toggle_key(fixture, key);
            }
        } while (cursor != 0);
        for (uint32_t key = 0; key < lasting; key++)
            assert_int_equal(fixture->elements[key]->visits, 1);
    }
    table_verify(&fixture->table);
    free_fixture(fixture);
}

static void a_scan_visits_what_stays_exactly_once_whatever_else_changes(void **state) {
    (void)state;
    scan_under_change(UINT64_MAX, 3, 2000, 500, 200);
    scan_under_change(UINT64_MAX, 500, 20000, 200, 60);
    scan_under_change(UINT64_MAX, 5000, 60000, 100, 10);
    scan_under_change(UINT64_MAX >> 12, 500, 1000, 20, 50);
    scan_under_change((uint64_t)0x3f << 58, 200, 1000, 20, 50);
}

static void any_cursor_a_client_sends_is_a_position(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(UINT64_MAX);
    for (uint32_t key = 0; key < 4000; key++) add_key(fixture, key);
    for (uint32_t i = 0; i < 20000; i++) {
        uint64_t cursor = random_u64();
        uint64_t next = table_scan(&fixture->table, cursor, count_visit, NULL);
        uint64_t position = cursor & (((uint64_t)1 << TABLE_CURSOR_BITS) - 1);
        assert_true(next == 0 || next > position);
    }
    free_fixture(fixture);
}

/* From one random cursor to the returned one: exactly the elements of those positions. */
static void a_scan_call_visits_exactly_the_positions_up_to_its_result(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(UINT64_MAX);
    for (uint32_t key = 0; key < 1000; key++) add_key(fixture, key);
    for (uint32_t i = 0; i < 1000; i++) {
        for (uint32_t key = 0; key < 1000; key++) fixture->elements[key]->visits = 0;
        uint64_t cursor = fixture->elements[i]->hash >> 16;
        uint64_t next = table_scan(&fixture->table, cursor, count_visit, NULL);
        for (uint32_t key = 0; key < 1000; key++) {
            uint64_t position = fixture->elements[key]->hash >> 16;
            bool is_inside = position >= cursor && (next == 0 || position < next);
            assert_int_equal(fixture->elements[key]->visits, is_inside);
        }
    }
    free_fixture(fixture);
}

/* --- drawing --- */

/* Chi-square of the visits of `count` elements. */
static double measure_chi_square(const struct fixture *fixture, uint32_t count, uint64_t draws) {
    double expected = (double)draws / count, sum = 0;
    for (uint32_t key = 0; key < count; key++) {
        double off = fixture->elements[key]->visits - expected;
        sum += off * off / expected;
    }
    return sum;
}

static void random_elements_are_drawn_uniformly(void **state) {
    (void)state;
    static const uint32_t counts[] = {1, 2, 10, 100, 1000, 1700};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct fixture *fixture = new_fixture(UINT64_MAX);
        for (uint32_t key = 0; key < counts[i]; key++) add_key(fixture, key);
        uint64_t draws = (uint64_t)counts[i] * 200;
        for (uint64_t draw = 0; draw < draws; draw++)
            count_visit(table_random(&fixture->table), NULL);
        double freedom = counts[i] - 1.0;
        double off = measure_chi_square(fixture, counts[i], draws) - freedom;
        assert_true(off * off <= 25 * 2 * freedom); /* five standard deviations */
        free_fixture(fixture);
    }
}

static void a_sample_holds_different_elements_of_the_table(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(UINT64_MAX);
    for (uint32_t count = 1; count < 400; count++) {
        add_key(fixture, count - 1);
        void *sample[20];
        size_t size = table_sample(&fixture->table, sample, 20);
        assert_int_equal(size, count < 20 ? count : 20);
        for (size_t i = 0; i < size; i++) {
            const struct element *element = sample[i];
            assert_ptr_equal(fixture->elements[element->key], element);
            for (size_t j = 0; j < i; j++) assert_ptr_not_equal(sample[j], element);
        }
    }
    free_fixture(fixture);
}

static void no_element_is_passed_over_by_samples(void **state) {
    (void)state;
    enum { ELEMENTS = 2000, SAMPLE = 5, DRAWS = 100000, MEAN = SAMPLE * DRAWS / ELEMENTS };
    struct fixture *fixture = new_fixture(UINT64_MAX);
    static uint32_t drawn[ELEMENTS];
    for (uint32_t key = 0; key < ELEMENTS; key++) add_key(fixture, key);
    for (uint32_t draw = 0; draw < DRAWS; draw++) {
        void *sample[SAMPLE];
        assert_int_equal(table_sample(&fixture->table, sample, SAMPLE), SAMPLE);
        for (size_t i = 0; i < SAMPLE; i++) drawn[((const struct element *)sample[i])->key]++;
    }
    for (uint32_t key = 0; key < ELEMENTS; key++) assert_in_range(drawn[key], MEAN / 4, MEAN * 5);
    free_fixture(fixture);
}

/* --- by the hash's top half --- */

static void an_element_is_found_by_the_top_of_its_hash(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(UINT64_MAX);
    for (uint32_t key = 0; key < 100000; key++) add_key(fixture, key);
    for (uint32_t key = 0; key < KEY_MAX; key++) {
        uint64_t hash = hash_key(fixture, key);
        struct table_top_search search;
        const struct element *element =
            table_find_top_start(&fixture->table, (uint32_t)(hash >> 32), &search);
        while (element != NULL && element->key != key) {
            assert_true(element->hash >> 44 == hash >> 44);
            element = table_find_top_next(&search);
        }
        assert_ptr_equal(element, fixture->elements[key]);
    }
    free_fixture(fixture);
}

/* A crowd at one end drives the directory deep, so that 32 bits name several home buckets. */
static void the_top_of_a_hash_finds_in_a_directory_deeper_than_it_knows(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(UINT64_MAX);
    table_reserve(&fixture->table, (uint64_t)1 << 24);
    for (uint32_t key = 0; key < 50000; key++) add_key(fixture, key);
    for (uint32_t key = 0; key < 50000; key++) {
        struct table_top_search search;
        uint64_t hash = hash_key(fixture, key);
        const struct element *element =
            table_find_top_start(&fixture->table, (uint32_t)(hash >> 32), &search);
        while (element != NULL && element->key != key) element = table_find_top_next(&search);
        assert_ptr_equal(element, fixture->elements[key]);
    }
    table_destroy(&fixture->table, mem_free);
    mem_free(fixture);
}

int main(void) {
    mem_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_agrees_with_a_model_over_random_steps),
        cmocka_unit_test(a_table_grows_and_shrinks_back_to_nothing),
        cmocka_unit_test(memory_per_element_is_bounded_at_every_count),
        cmocka_unit_test(a_table_of_constant_size_keeps_its_memory_under_churn),
        cmocka_unit_test(a_replaced_element_is_found_in_the_place_of_the_old),
        cmocka_unit_test(a_reserved_table_takes_its_elements_with_hardly_a_rebuild),
        cmocka_unit_test(finding_in_an_empty_table_yields_nothing),
        cmocka_unit_test(elements_with_one_and_the_same_hash_are_kept_apart),
        cmocka_unit_test(hashes_with_equal_top_bits_do_not_split_for_ever),
        cmocka_unit_test(hashes_with_few_differing_bits_are_kept_apart),
        cmocka_unit_test(a_crowd_of_equal_hashes_does_not_hurt_the_others),
        cmocka_unit_test(a_scan_of_a_still_table_visits_each_element_once),
        cmocka_unit_test(a_scan_visits_what_stays_exactly_once_whatever_else_changes),
        cmocka_unit_test(any_cursor_a_client_sends_is_a_position),
        cmocka_unit_test(a_scan_call_visits_exactly_the_positions_up_to_its_result),
        cmocka_unit_test(random_elements_are_drawn_uniformly),
        cmocka_unit_test(a_sample_holds_different_elements_of_the_table),
        cmocka_unit_test(no_element_is_passed_over_by_samples),
        cmocka_unit_test(an_element_is_found_by_the_top_of_its_hash),
        cmocka_unit_test(the_top_of_a_hash_finds_in_a_directory_deeper_than_it_knows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
