/* Sorted sets by example; zset_model_test.c goes on at random. */
#include "unit/data/types/zset/zset_fixture.h"

#include "data/value_digest.h"
#include "foundation/containers/listpack.h"
#include "foundation/digest.h"

#include <math.h>

enum { TEXT_MAX = 4096 };

struct listing {
    char text[TEXT_MAX];
    size_t len, count, max;
};

static bool list_member(void *context, struct bytes member, struct score score) {
    struct listing *listing = context;
    char score_text[SCORE_TEXT_MAX];
    int score_len = (int)score_format(score, score_text);
    assert_in_range(member.len, 0, TEXT_MAX - listing->len - SCORE_TEXT_MAX - 2);
    listing->len +=
        (size_t)snprintf(listing->text + listing->len, TEXT_MAX - listing->len, "%.*s:%.*s ",
                         (int)member.len, member.data, score_len, score_text);
    return ++listing->count != listing->max;
}

static void assert_range(const struct entry *entry, uint64_t start, uint64_t end, bool is_reverse,
                         const char *expected) {
    struct listing listing = {.text = ""};
    zset_visit(entry, (struct zset_ranks){start, end}, is_reverse, list_member, &listing);
    assert_string_equal(listing.text, expected);
}

static void assert_all(struct fixture *fixture, const char *expected) {
    const struct entry *entry = find_the_key(fixture).entry;
    zset_verify(entry);
    assert_range(entry, 0, zset_len(entry), false, expected);
}

/* Makes a table of a packed set, and no other change. */
static void make_table(struct fixture *fixture) {
    struct found found = find_the_key(fixture);
    zset_set_limits(0, 0);
    zset_put(fixture->db, the_key(), &found, BYTES("~"), score_of_double(INFINITY), false);
    assert_encoding(found.entry, "skiplist");
    assert_true(zset_remove(fixture->db, the_key(), &found, BYTES("~")));
}

static void keep_members_in_order_of_score_and_bytes(void **state) {
    struct fixture *fixture = *state;
    assert_true(put(fixture, "c", 2));
    assert_true(put(fixture, "b", 2));
    assert_true(put(fixture, "10", 2));
    assert_true(put(fixture, "9", 2));
    assert_true(put(fixture, "a", 3));
    assert_true(put(fixture, "z", -INFINITY));
    assert_false(put(fixture, "a", 1.5));
    assert_all(fixture, "z:-inf a:1.5 10:2 9:2 b:2 c:2 ");
    assert_encoding(find_the_key(fixture).entry, "listpack");
    make_table(fixture);
    assert_all(fixture, "z:-inf a:1.5 10:2 9:2 b:2 c:2 ");
    assert_false(put(fixture, "9", 7));
    assert_all(fixture, "z:-inf a:1.5 10:2 b:2 c:2 9:7 ");
}

static void visit_either_way_until_the_visitor_has_enough(void **state) {
    struct fixture *fixture = *state;
    for (int form = 0; form < 2; form++) {
        put(fixture, "a", 1);
        put(fixture, "b", 2);
        put(fixture, "c", 3);
        const struct entry *entry = find_the_key(fixture).entry;
        assert_range(entry, 1, 3, false, "b:2 c:3 ");
        assert_range(entry, 0, 2, true, "b:2 a:1 ");
        assert_range(entry, 2, 2, true, "");
        struct listing listing = {.max = 2};
        zset_visit(entry, (struct zset_ranks){0, 3}, true, list_member, &listing);
        assert_string_equal(listing.text, "c:3 b:2 ");
        make_table(fixture);
    }
}

/* The bytes are those of redis-server 7.0. */
static void hold_small_sets_byte_for_byte_as_redis(void **state) {
    static const char expected[] = "\x4d\0\0\0\x10\0"
                                   "\x84-inf\x05"
                                   "\x84-inf\x05"
                                   "\x81x\x02"
                                   "\xf1\x78\xec\x03"
                                   "\x81\x64\x02"
                                   "\xdf\xfd\x02"
                                   "\x81\x61\x02"
                                   "\x01\x01"
                                   "\x81\x62\x02"
                                   "\x83\x32.5\x04"
                                   "\xf2\x70\x11\x01\x04"
                                   "\xf2\xe0\x93\x04\x04"
                                   "\x07\x01"
                                   "\xf4\0\0\0\0\0\0\0\x40\x09"
                                   "\x81\x65\x02"
                                   "\x85\x31"
                                   "e+20\x06\xff";
    struct fixture *fixture = *state;
    put(fixture, "e", 1e20);
    put(fixture, "7", 0x1p62);
    put(fixture, "x", -5000);
    put(fixture, "b", 2);
    put(fixture, "a", 1);
    put(fixture, "70000", -INFINITY);
    put(fixture, "d", -3);
    put(fixture, "-inf", -INFINITY);
    put(fixture, "b", 2.5);
    put(fixture, "70000", 3e5);
    const char *listpack = entry_pointer(find_the_key(fixture).entry);
    assert_int_equal(listpack_bytes(listpack), sizeof(expected) - 1);
    assert_memory_equal(listpack, expected, sizeof(expected) - 1);
}

static void forget_the_sign_of_zero_in_listpacks_only(void **state) {
    struct fixture *fixture = *state;
    put(fixture, "a", -0.0);
    assert_all(fixture, "a:0 ");
    make_table(fixture);
    put(fixture, "b", -0.0);
    put(fixture, "a", -0.0);
    assert_all(fixture, "a:0 b:-0 ");
    put(fixture, "b", 0.0);
    assert_all(fixture, "a:0 b:-0 ");
}

static void become_a_table_beyond_the_limits(void **state) {
    struct fixture *fixture = *state;
    zset_set_limits(2, 3);
    put(fixture, "a", 1);
    put(fixture, "abc", 2);
    assert_encoding(find_the_key(fixture).entry, "listpack");
    put(fixture, "a", 5);
    assert_encoding(find_the_key(fixture).entry, "listpack");
    put(fixture, "b", 3);
    assert_encoding(find_the_key(fixture).entry, "skiplist");
    assert_all(fixture, "abc:2 b:3 a:5 ");
    struct found found = find_the_key(fixture);
    database_delete(fixture->db, the_key(), found);
    put(fixture, "abcd", 1);
    assert_encoding(find_the_key(fixture).entry, "skiplist");
}

static void assert_rank(struct fixture *fixture, const char *member, uint64_t expected,
                        double expected_score) {
    uint64_t rank;
    struct score score;
    assert_true(zset_rank(find_the_key(fixture).entry, bytes_of_str(member), &rank, &score));
    assert_int_equal(rank, expected);
    assert_true(score.number == expected_score);
}

static void tell_rank_and_score(void **state) {
    struct fixture *fixture = *state;
    for (int form = 0; form < 2; form++) {
        put(fixture, "a", 1);
        put(fixture, "b", 1);
        put(fixture, "c", 0.5);
        assert_rank(fixture, "c", 0, 0.5);
        assert_rank(fixture, "a", 1, 1);
        assert_rank(fixture, "b", 2, 1);
        uint64_t rank;
        struct score score;
        assert_false(zset_rank(find_the_key(fixture).entry, BYTES("d"), &rank, &score));
        assert_false(zset_score(find_the_key(fixture).entry, BYTES("d"), &score));
        assert_true(zset_score(find_the_key(fixture).entry, BYTES("c"), &score));
        assert_true(score.number == 0.5);
        make_table(fixture);
    }
}

static void assert_scores(struct fixture *fixture, struct score min, bool is_min_open,
                          struct score max, bool is_max_open, uint64_t start, uint64_t end) {
    struct zset_score_range range = {min, max, is_min_open, is_max_open};
    struct zset_ranks ranks = zset_ranks_by_score(find_the_key(fixture).entry, &range);
    if (start == end) {
        assert_int_equal(ranks.start, ranks.end);
        return;
    }
    assert_int_equal(ranks.start, start);
    assert_int_equal(ranks.end, end);
}

static void find_ranges_of_scores(void **state) {
    struct fixture *fixture = *state;
    const struct score one = score_of_double(1), two = score_of_double(2);
    const struct score low = score_of_double(-INFINITY), high = score_of_double(INFINITY);
    for (int form = 0; form < 2; form++) {
        put(fixture, "a", 1);
        put(fixture, "b", 1);
        put(fixture, "c", 2);
        put(fixture, "d", 3);
        assert_scores(fixture, one, false, two, false, 0, 3);
        assert_scores(fixture, one, true, two, false, 2, 3);
        assert_scores(fixture, one, false, two, true, 0, 2);
        assert_scores(fixture, one, true, two, true, 0, 0);
        assert_scores(fixture, two, false, one, false, 0, 0);
        assert_scores(fixture, low, false, high, false, 0, 4);
        assert_scores(fixture, low, true, high, true, 0, 4);
        assert_scores(fixture, high, true, high, false, 0, 0);
        assert_scores(fixture, low, false, low, true, 0, 0);
        assert_scores(fixture, score_of_i64(2), false, score_of_i64(INT64_MAX), false, 2, 4);
        make_table(fixture);
    }
}

static void assert_lex(struct fixture *fixture, const char *min, const char *max, uint64_t start,
                       uint64_t end) {
    struct zset_lex_range range;
    const char *texts[] = {min, max};
    struct zset_lex_bound *bounds[] = {&range.min, &range.max};
    for (int i = 0; i < 2; i++)
        *bounds[i] = (struct zset_lex_bound){
            .text = bytes_of_str(texts[i] + 1),
            .is_open = texts[i][0] == '(',
            .infinity = (int8_t)((texts[i][0] == '+') - (texts[i][0] == '-')),
        };
    struct zset_ranks ranks = zset_ranks_by_lex(find_the_key(fixture).entry, &range);
    assert_int_equal(ranks.end - ranks.start, end - start);
    if (start != end) assert_int_equal(ranks.start, start);
}

static void find_ranges_of_bytes(void **state) {
    struct fixture *fixture = *state;
    for (int form = 0; form < 2; form++) {
        put(fixture, "", 0);
        put(fixture, "a", 0);
        put(fixture, "aa", 0);
        put(fixture, "b", 0);
        assert_lex(fixture, "-", "+", 0, 4);
        assert_lex(fixture, "[a", "[aa", 1, 3);
        assert_lex(fixture, "(a", "[aa", 2, 3);
        assert_lex(fixture, "[a", "(aa", 1, 2);
        assert_lex(fixture, "(a", "(aa", 0, 0);
        assert_lex(fixture, "(", "+", 1, 4);
        assert_lex(fixture, "[", "[", 0, 1);
        assert_lex(fixture, "[c", "+", 0, 0);
        assert_lex(fixture, "+", "-", 0, 0);
        assert_lex(fixture, "[b", "[a", 0, 0);
        make_table(fixture);
    }
}

static void delete_the_key_with_the_last_member(void **state) {
    struct fixture *fixture = *state;
    for (int form = 0; form < 2; form++) {
        zset_set_limits(DEFAULT_ENTRIES, DEFAULT_MEMBER_LEN);
        put(fixture, "a", 1);
        if (form == 1) make_table(fixture);
        struct found found = find_the_key(fixture);
        assert_false(zset_remove(fixture->db, the_key(), &found, BYTES("b")));
        assert_true(zset_remove(fixture->db, the_key(), &found, BYTES("a")));
        assert_null(found.entry);
        assert_int_equal(database_key_count(fixture->db), 0);
    }
}

static void remove_runs_of_ranks(void **state) {
    struct fixture *fixture = *state;
    for (int form = 0; form < 2; form++) {
        zset_set_limits(DEFAULT_ENTRIES, DEFAULT_MEMBER_LEN);
        char name[16];
        for (int i = 0; i < 9; i++) {
            snprintf(name, sizeof(name), "m%d", i);
            put(fixture, name, i);
        }
        if (form == 1) make_table(fixture);
        struct found found = find_the_key(fixture);
        struct listing listing = {.max = 1};
        zset_remove_ranks(fixture->db, the_key(), &found, (struct zset_ranks){6, 9}, true,
                          list_member, &listing);
        assert_string_equal(listing.text, "m8:8 m7:7 m6:6 ");
        zset_remove_ranks(fixture->db, the_key(), &found, (struct zset_ranks){1, 4}, false, NULL,
                          NULL);
        assert_all(fixture, "m0:0 m4:4 m5:5 ");
        zset_remove_ranks(fixture->db, the_key(), &found, (struct zset_ranks){0, 3}, false, NULL,
                          NULL);
        assert_null(found.entry);
        assert_int_equal(database_key_count(fixture->db), 0);
    }
}

/* --- exact scores --- */

static void tell_integers_apart_that_doubles_cannot(void **state) {
    struct fixture *fixture = *state;
    const int64_t start = (int64_t)1 << 53;
    put_score(fixture, "a", score_of_i64(start + 2));
    put_score(fixture, "b", score_of_i64(start + 1));
    put_score(fixture, "c", score_of_i64(start));
    put_score(fixture, "d", score_of_i64(INT64_MAX));
    put_score(fixture, "e", score_of_i64(INT64_MIN));
    assert_encoding(find_the_key(fixture).entry, "skiplist-int64");
    assert_all(fixture, "e:-9223372036854775808 c:9007199254740992 b:9007199254740993 "
                        "a:9007199254740994 d:9223372036854775807 ");
    const struct score low = score_of_double(-INFINITY), high = score_of_double(INFINITY);
    assert_scores(fixture, score_of_i64(start + 1), false, high, false, 2, 5);
    assert_scores(fixture, score_of_i64(start), true, score_of_i64(INT64_MAX), true, 2, 4);
    assert_scores(fixture, low, true, high, true, 0, 5);
    assert_scores(fixture, score_of_double(0x1p53), true, score_of_double(0x1p63), false, 2, 5);
    assert_scores(fixture, score_of_double(0x1p63), false, high, false, 0, 0);
    assert_scores(fixture, score_of_double(-0x1p63), false, score_of_double(-0x1p63), false, 0, 1);
    assert_scores(fixture, score_of_double(-0x1p63), true, low, false, 0, 0);
    assert_scores(fixture, low, false, score_of_double(-0x1p63), true, 0, 0);
    assert_scores(fixture, score_of_double(-1e300), true, score_of_double(0.5), true, 0, 1);
}

/* --- due times --- */

static void lose_members_at_their_time(void **state) {
    struct fixture *fixture = *state;
    put(fixture, "a", 1);
    put(fixture, "b", 2);
    put(fixture, "c", 3);
    set_due(fixture, "b", 0);
    assert_encoding(find_the_key(fixture).entry, "listpack");
    set_due(fixture, "b", START_MS + 10);
    assert_encoding(find_the_key(fixture).entry, "skiplist");
    const struct entry *entry = find_the_key(fixture).entry;
    assert_int_equal(zset_due_ms(entry, BYTES("b")), START_MS + 10);
    assert_int_equal(zset_due_ms(entry, BYTES("a")), 0);
    assert_int_equal(zset_due_ms(entry, BYTES("d")), -1);
    put(fixture, "b", 5);
    assert_all(fixture, "a:1 c:3 b:5 ");
    set_now(fixture, START_MS + 10);
    assert_all(fixture, "a:1 c:3 ");
}

static void keep_a_member_whose_due_time_a_change_takes_away(void **state) {
    struct fixture *fixture = *state;
    put(fixture, "a", 1);
    set_due(fixture, "a", START_MS + 10);
    struct found found = find_the_key(fixture);
    assert_false(zset_put(fixture->db, the_key(), &found, BYTES("a"), score_of_double(1), true));
    assert_int_equal(zset_due_ms(found.entry, BYTES("a")), 0);
    set_now(fixture, START_MS + 10);
    assert_all(fixture, "a:1 ");
}

static void delete_a_key_whose_last_member_came_due(void **state) {
    struct fixture *fixture = *state;
    put(fixture, "a", 1);
    set_due(fixture, "a", START_MS + 10);
    set_now(fixture, START_MS + 30);
    keyspace_expire_due(fixture->keyspace, 1000);
    assert_int_equal(database_key_count(fixture->db), 0);
}

/* --- the value type --- */

static void assert_digest(const struct entry *entry, const char *expected) {
    unsigned char digest[VALUE_DIGEST_BYTES] = {0};
    char hex[2 * VALUE_DIGEST_BYTES];
    value_digest_add(digest, entry);
    digest_to_hex(digest, sizeof(digest), hex);
    assert_memory_equal(hex, expected, sizeof(hex));
}

/* The numbers are what redis-server 7.0 answers to DEBUG DIGEST-VALUE. */
static void digest_as_redis(void **state) {
    struct fixture *fixture = *state;
    put(fixture, "a", 1);
    put(fixture, "b", 2.5);
    put(fixture, "c", -3);
    put(fixture, "d", INFINITY);
    put(fixture, "e", 1e20);
    assert_digest(find_the_key(fixture).entry, "b2cbbf04534e82a418a8ef5c40e7cf82ad0a0fbf");
    make_table(fixture);
    assert_digest(find_the_key(fixture).entry, "b2cbbf04534e82a418a8ef5c40e7cf82ad0a0fbf");
    put(fixture, "17", 7);
    put(fixture, "100000", 8);
    put(fixture, "abcdefghijklmnopqrstuvwxyz", 9);
    assert_digest(find_the_key(fixture).entry, "a3039edecf676d8bbb55b60bb1098a981ce3b669");
}

static void measure_a_dump_as_redis(void **state) {
    struct fixture *fixture = *state;
    put(fixture, "a", 1);
    put(fixture, "b", 2.5);
    put(fixture, "c", -3);
    put(fixture, "d", INFINITY);
    put(fixture, "e", 1e20);
    assert_int_equal(zset_value_type.serialized_len(find_the_key(fixture).entry), 45);
    make_table(fixture);
    put(fixture, "17", 7);
    put(fixture, "100000", 8);
    put(fixture, "abcdefghijklmnopqrstuvwxyz", 9);
    assert_int_equal(zset_value_type.serialized_len(find_the_key(fixture).entry), 109);
}

static void cost_little_memory_a_member(void **state) {
    struct fixture *fixture = *state;
    enum { COUNT = 10000, TEST_BLOCK_LIMIT = 200 };
    size_t before = mem_used_bytes();
    char name[32];
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof(name), "member:%09d", i);
        put(fixture, name, (double)random_below(COUNT));
    }
    const struct entry *entry = find_the_key(fixture).entry;
    size_t told = zset_value_type.outside_bytes(entry, 0);
    size_t sampled = zset_value_type.outside_bytes(entry, 5);
    assert_in_range(told, COUNT * 40, COUNT * TEST_BLOCK_LIMIT);
    assert_in_range(sampled, told * 9 / 10, told * 11 / 10);
    size_t used = mem_used_bytes() - before;
    if (used != 0 && before != 0) assert_in_range(told, used * 9 / 10, used * 11 / 10);
    assert_true(zset_value_type.is_costly_to_free(entry));
}

/* --- builders --- */

static void build(struct zset_builder *builder, const char *member, double score) {
    bool is_new;
    union score_cell *cell = zset_builder_member(builder, bytes_of_str(member), &is_new);
    assert_true(is_new && cell->number == 0);
    cell->number = score;
}

static void build_a_set_apart_from_any_key(void **state) {
    struct fixture *fixture = *state;
    struct zset_builder *builder = zset_builder_new(SCORE_DOUBLE, 3);
    build(builder, "b", 2);
    build(builder, "a", 2);
    build(builder, "c", 1);
    bool is_new;
    zset_builder_member(builder, BYTES("c"), &is_new)->number += 5;
    assert_false(is_new);
    assert_int_equal(zset_builder_len(builder), 3);
    struct listing listing = {.text = ""};
    zset_builder_visit(builder, list_member, &listing);
    assert_string_equal(listing.text, "a:2 b:2 c:6 ");
    struct found found = {0};
    zset_builder_store(builder, fixture->db, the_key(), &found);
    assert_ptr_equal(found.entry, find_the_key(fixture).entry);
    assert_encoding(found.entry, "listpack");
    assert_all(fixture, "a:2 b:2 c:6 ");
}

static void store_in_the_form_that_the_limits_allow(void **state) {
    struct fixture *fixture = *state;
    for (int step = 0; step < 3; step++) {
        zset_set_limits(step == 0 ? 2 : 1, step == 1 ? 2 : 1);
        struct zset_builder *builder = zset_builder_new(SCORE_DOUBLE, 0);
        build(builder, "aa", 1);
        if (step != 2) build(builder, "b", 1);
        struct found found = find_the_key(fixture);
        zset_builder_store(builder, fixture->db, the_key(), &found);
        assert_encoding(found.entry, "skiplist");
        assert_all(fixture, step == 2 ? "aa:1 " : "aa:1 b:1 ");
    }
}

static void store_exact_scores(void **state) {
    struct fixture *fixture = *state;
    struct zset_builder *builder = zset_builder_new(SCORE_INT64, 0);
    bool is_new;
    zset_builder_member(builder, BYTES("a"), &is_new)->integer = INT64_MAX;
    zset_builder_member(builder, BYTES("b"), &is_new)->integer = INT64_MAX - 1;
    struct found found = {0};
    zset_builder_store(builder, fixture->db, the_key(), &found);
    assert_encoding(found.entry, "skiplist-int64");
    assert_all(fixture, "b:9223372036854775806 a:9223372036854775807 ");
}

static void store_in_place_of_a_set_with_due_times(void **state) {
    struct fixture *fixture = *state;
    put(fixture, "a", 1);
    set_due(fixture, "a", START_MS + 10);
    struct found found = find_the_key(fixture);
    database_set_due(fixture->db, the_key(), &found, START_MS + 20);
    struct zset_builder *builder = zset_builder_new(SCORE_DOUBLE, 0);
    build(builder, "b", 2);
    zset_builder_store(builder, fixture->db, the_key(), &found);
    set_now(fixture, START_MS + 30);
    keyspace_expire_due(fixture->keyspace, 1000);
    assert_all(fixture, "b:2 ");
}

static void store_in_place_of_a_string(void **state) {
    struct fixture *fixture = *state;
    struct entry *entry = entry_new(BYTES("key"), (struct entry_shape){.tail_len = 3});
    memcpy(entry_tail(entry), "abc", 3);
    struct found found = database_add(fixture->db, the_key(), entry);
    struct zset_builder *builder = zset_builder_new(SCORE_DOUBLE, 0);
    build(builder, "b", 2);
    zset_builder_store(builder, fixture->db, the_key(), &found);
    assert_all(fixture, "b:2 ");
}

static void delete_the_key_where_the_result_is_empty(void **state) {
    struct fixture *fixture = *state;
    put(fixture, "a", 1);
    struct found found = find_the_key(fixture);
    zset_builder_store(zset_builder_new(SCORE_DOUBLE, 0), fixture->db, the_key(), &found);
    assert_null(found.entry);
    assert_int_equal(database_key_count(fixture->db), 0);
    zset_builder_store(zset_builder_new(SCORE_DOUBLE, 0), fixture->db, the_key(), &found);
    assert_null(found.entry);
    zset_builder_free(zset_builder_new(SCORE_INT64, 10));
}

/* --- drawing --- */

enum { DRAWN_MAX = 64 };

static bool count_draw(void *context, struct bytes member, struct score score) {
    uint32_t *draws = context;
    assert_int_equal(member.len, 2);
    size_t i = (size_t)(member.data[0] - '0') * 10 + (size_t)(member.data[1] - '0');
    assert_true(score.number == (double)i);
    draws[i]++;
    return true;
}

/* Chi-square of so many draws that each member has equal odds in. */
static void assert_uniform(const uint32_t *draws, size_t len, double expected) {
    double chi_square = 0;
    for (size_t i = 0; i < len; i++)
        chi_square += (draws[i] - expected) * (draws[i] - expected) / expected;
    assert_true(chi_square < (double)len + 5 * sqrt(2 * (double)len));
}

static void draw_uniformly(void **state) {
    struct fixture *fixture = *state;
    enum { LEN = 60, ROUNDS = 20000 };
    static const size_t counts[] = {1, 3, 14, 16, 40};
    for (int form = 0; form < 2; form++) {
        for (int i = 0; i < LEN; i++) {
            char name[3] = {(char)('0' + i / 10), (char)('0' + i % 10), '\0'};
            put(fixture, name, i);
        }
        for (size_t c = 0; c < 2 * ARRAY_LEN(counts); c++) {
            uint32_t draws[DRAWN_MAX] = {0};
            size_t count = counts[c / 2];
            for (int round = 0; round < ROUNDS; round++)
                zset_random_many(find_the_key(fixture).entry, count, c % 2 == 0, count_draw, draws);
            assert_uniform(draws, LEN, (double)(ROUNDS * count) / LEN);
        }
        make_table(fixture);
    }
}

int main(void) {
    mem_start();
    hash_set_seed(1);
    const struct CMUnitTest tests[] = {
        TEST(keep_members_in_order_of_score_and_bytes),
        TEST(visit_either_way_until_the_visitor_has_enough),
        TEST(hold_small_sets_byte_for_byte_as_redis),
        TEST(forget_the_sign_of_zero_in_listpacks_only),
        TEST(become_a_table_beyond_the_limits),
        TEST(tell_rank_and_score),
        TEST(find_ranges_of_scores),
        TEST(find_ranges_of_bytes),
        TEST(delete_the_key_with_the_last_member),
        TEST(remove_runs_of_ranks),
        TEST(tell_integers_apart_that_doubles_cannot),
        TEST(lose_members_at_their_time),
        TEST(keep_a_member_whose_due_time_a_change_takes_away),
        TEST(delete_a_key_whose_last_member_came_due),
        TEST(digest_as_redis),
        TEST(measure_a_dump_as_redis),
        TEST(cost_little_memory_a_member),
        TEST(build_a_set_apart_from_any_key),
        TEST(store_in_the_form_that_the_limits_allow),
        TEST(store_exact_scores),
        TEST(store_in_place_of_a_set_with_due_times),
        TEST(store_in_place_of_a_string),
        TEST(delete_the_key_where_the_result_is_empty),
        TEST(draw_uniformly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
