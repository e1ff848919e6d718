/* Drawing fields of hashes: uniform in every form, distinct where asked for. */
#include "unit/data/types/hash/hash_fixture.h"

enum { FIELDS = 50 };

/* The value that chi-square with FIELDS - 1 degrees of freedom exceeds once in a million times. */
static const double chi_square_limit = 110.0;

struct tally {
    uint64_t counts[FIELDS];
    uint64_t total;
    size_t seen_now; /* in the draw under way */
    bool is_met[FIELDS];
};

static void assert_uniform(const struct tally *tally) {
    double expected = (double)tally->total / FIELDS, chi_square = 0;
    for (size_t i = 0; i < FIELDS; i++) {
        double off = (double)tally->counts[i] - expected;
        chi_square += off * off / expected;
    }
    if (chi_square > chi_square_limit) fail_msg("chi-square is %.1f", chi_square);
}

static void count_field(void *context, const struct hash_field *field) {
    struct tally *tally = context;
    tally->counts[number_of(field->name)]++;
    tally->total++;
}

static void count_first(void *context, const struct hash_field *field) {
    struct tally *tally = context;
    size_t i = number_of(field->name);
    assert_false(tally->is_met[i]);
    tally->is_met[i] = true;
    if (tally->seen_now++ == 0) count_field(tally, field);
}

static void count_distinct(void *context, const struct hash_field *field) {
    struct tally *tally = context;
    size_t i = number_of(field->name);
    assert_false(tally->is_met[i]);
    tally->is_met[i] = true;
    tally->seen_now++;
    count_field(tally, field);
}

static const struct entry *make_hash(struct fixture *fixture, enum hash_encoding encoding) {
    if (encoding == HASH_TABLE) hash_set_limits(0, 0);
    set_many(fixture, FIELDS);
    if (encoding == HASH_PACKED_DUE)
        for (int i = 0; i < 10; i++)
            set_due(fixture, i % 2 == 0 ? "field:7" : "field:9", START_MS + 10 + i);
    const struct entry *entry = find_the_key(fixture).entry;
    assert_int_equal(entry->encoding, encoding);
    return entry;
}

static void check_single_draws(struct fixture *fixture, enum hash_encoding encoding) {
    const struct entry *entry = make_hash(fixture, encoding);
    struct tally tally = {.total = 0};
    for (int i = 0; i < 200000; i++) {
        struct hash_field field;
        hash_random(entry, &field);
        count_field(&tally, &field);
        assert_int_equal(number_of(field.name), number_of(field.value));
    }
    assert_uniform(&tally);
}

static void check_repeated_draws(const struct entry *entry) {
    struct tally tally = {.total = 0};
    for (int i = 0; i < 100; i++) hash_random_many(entry, 2000, false, count_field, &tally);
    assert_int_equal(tally.total, 200000);
    assert_uniform(&tally);
}

static void check_distinct_draws(const struct entry *entry, size_t count,
                                 hash_visit_function *visit) {
    struct tally tally = {.total = 0};
    for (int i = 0; i < 50000; i++) {
        memset(tally.is_met, 0, sizeof(tally.is_met));
        tally.seen_now = 0;
        hash_random_many(entry, count, true, visit, &tally);
        assert_int_equal(tally.seen_now, count);
    }
    assert_uniform(&tally);
}

static void check_all_draws(struct fixture *fixture, enum hash_encoding encoding) {
    static const size_t counts[] = {1, 5, 11, 13, 40, FIELDS};
    check_single_draws(fixture, encoding);
    const struct entry *entry = find_the_key(fixture).entry;
    check_repeated_draws(entry);
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        check_distinct_draws(entry, counts[i], count_distinct); /* each is chosen as often */
        check_distinct_draws(entry, counts[i], count_first);    /* and stands first as often */
    }
}

static void draws_from_a_listpack_are_uniform(void **state) {
    check_all_draws(*state, HASH_PACKED);
}

static void draws_from_a_listpack_with_due_times_are_uniform(void **state) {
    check_all_draws(*state, HASH_PACKED_DUE);
}

static void draws_from_a_table_are_uniform(void **state) {
    check_all_draws(*state, HASH_TABLE);
}

/* Every length and count, so that each way of drawing meets its edges. */
static void any_number_of_distinct_fields_can_be_drawn(void **state) {
    for (int limit = 0; limit <= 512; limit += 512) {
        for (size_t len = 1; len <= FIELDS; len++) {
            hash_set_limits(limit, 64);
            set_many(*state, len);
            struct found found = find_the_key(*state);
            for (size_t count = 0; count <= len; count++) {
                struct tally tally = {.total = 0};
                hash_random_many(found.entry, count, true, count_distinct, &tally);
                assert_int_equal(tally.seen_now, count);
            }
            database_delete(((struct fixture *)*state)->db, the_key(), found);
        }
    }
}

int main(void) {
    mem_start();
    hash_set_seed(1);
    const struct CMUnitTest tests[] = {
        TEST(draws_from_a_listpack_are_uniform),
        TEST(draws_from_a_listpack_with_due_times_are_uniform),
        TEST(draws_from_a_table_are_uniform),
        TEST(any_number_of_distinct_fields_can_be_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
