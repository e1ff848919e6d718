/* Set algebra against an engine in process, and against a naive model of sets of bits. */
#include "foundation/random.h"
#include "unit/commands/set/set_fixture.h"

#define NO_NUMKEYS "-ERR numkeys should be greater than 0"
#define TOO_MANY_KEYS "-ERR Number of keys can't be greater than number of args"
#define BAD_LIMIT "-ERR LIMIT can't be negative"

static void results_are_sets_in_resp3(void **state) {
    struct command_fixture *f = *state;
    f->session.version = RESP3;
    fixture_run(f, "SADD s a b c");
    fixture_run(f, "SADD t c d");
    assert_reply(f, "SINTER s t", "{\"c\"}");
    assert_sorted(f, "SUNION s t", "{\"a\", \"b\", \"c\", \"d\"}");
    assert_sorted(f, "SDIFF s t", "{\"a\", \"b\"}");
    assert_reply(f, "SINTER s absent", "{}");
    assert_reply(f, "SUNION absent", "{}");
    assert_reply(f, "SDIFF absent s", "{}");
    f->session.version = RESP2;
    assert_reply(f, "SINTER s t", "[\"c\"]");
    assert_reply(f, "SINTER absent", "[]");
}

static void storing_replaces_whatever_was_there(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SADD s a b c");
    fixture_run(f, "SADD t c d");
    fixture_run(f, "SET d text EX 100");
    (void)fixture_events(f);
    assert_reply(f, "SINTERSTORE d s t", "1");
    assert_events(f, "0:sinterstore:d");
    assert_reply(f, "TYPE d", "set");
    assert_reply(f, "TTL d", "-1");
    assert_reply(f, "SUNIONSTORE d s t", "4");
    assert_events(f, "0:sunionstore:d");
    assert_reply(f, "SDIFFSTORE d s t", "2");
    assert_events(f, "0:sdiffstore:d");
    assert_sorted(f, "SMEMBERS d", "[\"a\", \"b\"]");
}

static void an_empty_result_deletes_the_destination(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SADD s a");
    fixture_run(f, "SET d text");
    (void)fixture_events(f);
    assert_reply(f, "SINTERSTORE d s absent", "0");
    assert_events(f, "0:del:d");
    assert_reply(f, "EXISTS d", "0");
    assert_reply(f, "SUNIONSTORE d absent", "0");
    assert_reply(f, "SDIFFSTORE d s s", "0");
    assert_events(f, "");
}

static void a_source_may_be_the_destination(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SADD s a b c");
    fixture_run(f, "SADD t b c d");
    assert_reply(f, "SINTERSTORE s s t", "2");
    assert_sorted(f, "SMEMBERS s", "[\"b\", \"c\"]");
    assert_reply(f, "SUNIONSTORE s s t s", "3");
    assert_sorted(f, "SMEMBERS s", "[\"b\", \"c\", \"d\"]");
    fixture_run(f, "SREM t b");
    assert_reply(f, "SDIFFSTORE s s t", "1");
    assert_reply(f, "SMEMBERS s", "[\"b\"]");
}

static void a_stored_result_takes_the_smallest_encoding(void **state) {
    struct command_fixture *f = *state;
    use_small_limits(f);
    fixture_run(f, "SADD s 1 2 3 a b c");
    fixture_run(f, "SADD t 1 2 3 x y z");
    fixture_run(f, "SINTERSTORE d s t");
    assert_reply(f, "OBJECT ENCODING d", "\"intset\"");
    fixture_run(f, "SDIFFSTORE d s t");
    assert_reply(f, "OBJECT ENCODING d", "\"listpack\"");
    fixture_run(f, "SUNIONSTORE d s t");
    assert_reply(f, "OBJECT ENCODING d", "\"hashtable\"");
}

static void wrong_types_are_found_wherever_they_stand(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET k v");
    fixture_run(f, "SADD s a");
    fixture_run(f, "SADD d x");
    (void)fixture_events(f);
    assert_reply(f, "SINTER absent k", WRONG_TYPE);
    assert_reply(f, "SINTER k absent", WRONG_TYPE);
    assert_reply(f, "SUNION s k", WRONG_TYPE);
    assert_reply(f, "SDIFF absent k", WRONG_TYPE);
    assert_reply(f, "SINTERSTORE d absent k", WRONG_TYPE);
    assert_reply(f, "SUNIONSTORE d s k", WRONG_TYPE);
    assert_reply(f, "SDIFFSTORE d s k", WRONG_TYPE);
    assert_reply(f, "SINTERCARD 2 absent k", WRONG_TYPE);
    assert_reply(f, "SUNIONCARD 2 s k", WRONG_TYPE);
    assert_reply(f, "SDIFFCARD 2 s k", WRONG_TYPE);
    assert_reply(f, "SMEMBERS d", "[\"x\"]");
    assert_events(f, "");
}

/* --- counting --- */

static void counts_end_at_the_limit(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SADD s a b c d");
    fixture_run(f, "SADD t b c d e");
    assert_reply(f, "SINTERCARD 2 s t", "3");
    assert_reply(f, "SINTERCARD 2 s t LIMIT 0", "3");
    assert_reply(f, "SINTERCARD 2 s t LIMIT 2", "2");
    assert_reply(f, "SINTERCARD 2 s t LIMIT 5", "3");
    assert_reply(f, "SINTERCARD 2 s t LIMIT 1 limit 2", "2");
    assert_reply(f, "SINTERCARD 1 s", "4");
    assert_reply(f, "SINTERCARD 2 s absent", "0");
    assert_reply(f, "SUNIONCARD 2 s t", "5");
    assert_reply(f, "SUNIONCARD 2 s t LIMIT 0", "5");
    assert_reply(f, "SUNIONCARD 2 s t LIMIT 3", "3");
    assert_reply(f, "SUNIONCARD 2 s t LIMIT 9", "5");
    assert_reply(f, "SUNIONCARD 3 absent s absent", "4");
    assert_reply(f, "SUNIONCARD 1 absent", "0");
    assert_reply(f, "SDIFFCARD 2 s t", "1");
    assert_reply(f, "SDIFFCARD 1 s LIMIT 2", "2");
    assert_reply(f, "SDIFFCARD 2 s absent", "4");
    assert_reply(f, "SDIFFCARD 2 absent s", "0");
}

static void sunioncard_approx_estimates(void **state) {
    struct command_fixture *f = *state;
    for (int i = 0; i < 3000; i++) {
        char line[64];
        snprintf(line, sizeof(line), "SADD s%d m%d m%d", i % 3, i, i + 1);
        fixture_run(f, line);
    }
    long count = strtol(fixture_run(f, "SUNIONCARD 4 s0 s1 s2 absent APPROX"), NULL, 10);
    assert_in_range(count, 2900, 3100);
    assert_reply(f, "SUNIONCARD 3 s0 s1 s2", "3001");
    assert_reply(f, "SUNIONCARD 3 s0 s1 s2 LIMIT 10 APPROX", "10");
    assert_reply(f, "SUNIONCARD 1 absent APPROX", "0");
}

static void mistakes_are_refused_before_keys_are_looked_at(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET k v");
    assert_reply(f, "SINTERCARD 0 k", NO_NUMKEYS);
    assert_reply(f, "SINTERCARD -1 k", NO_NUMKEYS);
    assert_reply(f, "SINTERCARD x k", NO_NUMKEYS);
    assert_reply(f, "SINTERCARD 2 k", TOO_MANY_KEYS);
    assert_reply(f, "SINTERCARD 9223372036854775807 k", TOO_MANY_KEYS);
    assert_reply(f, "SINTERCARD 1 k LIMIT", SYNTAX);
    assert_reply(f, "SINTERCARD 1 k LIMIT x", BAD_LIMIT);
    assert_reply(f, "SINTERCARD 1 k LIMIT -1", BAD_LIMIT);
    assert_reply(f, "SINTERCARD 1 k APPROX", SYNTAX);
    assert_reply(f, "SDIFFCARD 1 k APPROX", SYNTAX);
    assert_reply(f, "SDIFFCARD 0 k", NO_NUMKEYS);
    assert_reply(f, "SUNIONCARD 2 k", TOO_MANY_KEYS);
    assert_reply(f, "SUNIONCARD 1 k LIMIT -1", BAD_LIMIT);
    assert_reply(f, "SUNIONCARD 1 k nonsense", SYNTAX);
}

/* --- the model: a set is 64 bits --- */

enum { KEYS = 8, UNIVERSE = 64, STEPS = 100000, SOURCES_MAX = 10 };

/* Bits 0 to 23 are integers, up to 47 short strings, above long ones. */
static size_t name_member(unsigned bit, char *out, size_t room) {
    if (bit < 24) return (size_t)snprintf(out, room, "%d", (int)bit * 4001 - 40000);
    if (bit < 48) return (size_t)snprintf(out, room, "m%u", bit);
    return (size_t)snprintf(out, room, "a%u-member-that-no-listpack-takes", bit);
}

/* What a set may hold decides how it is held: keys 0 to 3 integers, 4 and 5 short members too. */
static uint64_t may_hold(unsigned key) {
    if (key < 4) return ((uint64_t)1 << 24) - 1;
    return key < 6 ? ((uint64_t)1 << 48) - 1 : ~(uint64_t)0;
}

static uint64_t bit_of(const char *member) {
    if (member[0] == 'm' || member[0] == 'a') return (uint64_t)1 << strtoul(member + 1, NULL, 10);
    return (uint64_t)1 << ((strtol(member, NULL, 10) + 40000) / 4001);
}

/* The members of a reply as bits; none may stand there twice. */
static uint64_t bits_of_reply(const char *reply) {
    uint64_t bits = 0;
    for (const char *at = strchr(reply, '"'); at != NULL; at = strchr(at, '"')) {
        uint64_t bit = bit_of(at + 1);
        assert_int_equal(bits & bit, 0);
        bits |= bit;
        at = strchr(at + 1, '"') + 1;
    }
    return bits;
}

static uint64_t model[KEYS];

/* Adds or removes a few random members. */
static void change_some(struct command_fixture *f) {
    unsigned key = (unsigned)random_below(KEYS);
    bool is_removal = random_below(3) == 0;
    char line[1024];
    size_t at = (size_t)snprintf(line, sizeof(line), "%s k%u", is_removal ? "SREM" : "SADD", key);
    unsigned most = random_below(8) == 0 ? 20 : 3;
    for (unsigned i = 0; i <= most; i++) {
        unsigned bit = (unsigned)random_below(UNIVERSE);
        if ((may_hold(key) >> bit & 1) == 0) bit = (unsigned)random_below(24);
        line[at++] = ' ';
        at += name_member(bit, line + at, sizeof(line) - at);
        if (is_removal)
            model[key] &= ~((uint64_t)1 << bit);
        else
            model[key] |= (uint64_t)1 << bit;
    }
    assert_int_not_equal(fixture_run(f, line)[0], '-');
}

struct operation {
    const char *name, *store, *card;
    uint64_t (*combine)(uint64_t a, uint64_t b);
};

static uint64_t intersect(uint64_t a, uint64_t b) {
    return a & b;
}

static uint64_t unite(uint64_t a, uint64_t b) {
    return a | b;
}

static uint64_t subtract(uint64_t a, uint64_t b) {
    return a & ~b;
}

static const struct operation operations[] = {
    {"SINTER", "SINTERSTORE", "SINTERCARD", intersect},
    {"SUNION", "SUNIONSTORE", "SUNIONCARD", unite},
    {"SDIFF", "SDIFFSTORE", "SDIFFCARD", subtract},
};

static long count_bits(uint64_t bits) {
    return __builtin_popcountll(bits);
}

static void check_count(struct command_fixture *f, const struct operation *operation,
                        unsigned count, const char *keys, uint64_t expected) {
    char line[256];
    long limit = (long)random_below(12), found = count_bits(expected);
    if (limit != 0 && found > limit) found = limit;
    snprintf(line, sizeof(line), "%s %u%s LIMIT %ld", operation->card, count, keys, limit);
    assert_int_equal(strtol(fixture_run(f, line), NULL, 10), found);
}

static void check_store(struct command_fixture *f, const struct operation *operation,
                        const char *keys, uint64_t expected) {
    char line[256];
    snprintf(line, sizeof(line), "%s d%s", operation->store, keys);
    assert_int_equal(strtol(fixture_run(f, line), NULL, 10), count_bits(expected));
    assert_true(bits_of_reply(fixture_run(f, "SMEMBERS d")) == expected);
}

static void check_some(struct command_fixture *f) {
    const struct operation *operation = &operations[random_below(3)];
    unsigned count = 1 + (unsigned)random_below(random_below(2) == 0 ? 3 : SOURCES_MAX);
    unsigned first_kind = (unsigned)random_below(3) == 0 ? 4 : KEYS;
    char keys[128] = "", line[256];
    uint64_t expected = 0;
    size_t at = 0;
    for (unsigned i = 0; i < count; i++) {
        unsigned key = (unsigned)random_below(first_kind);
        at += (size_t)snprintf(keys + at, sizeof(keys) - at, " k%u", key);
        expected = i == 0 ? model[key] : operation->combine(expected, model[key]);
    }
    snprintf(line, sizeof(line), "%s%s", operation->name, keys);
    assert_true(bits_of_reply(fixture_run(f, line)) == expected);
    check_count(f, operation, count, keys, expected);
    check_store(f, operation, keys, expected);
}

static void algebra_agrees_with_a_naive_model(void **state) {
    struct command_fixture *f = *state;
    memset(model, 0, sizeof(model));
    random_set_seed(7);
    for (int i = 0; i < STEPS; i++) {
        if (i % (STEPS / 2) == 0) use_default_limits(f);
        if (i % (STEPS / 2) == STEPS / 4) use_small_limits(f);
        change_some(f);
        check_some(f);
    }
}

/* --- large sets --- */

/* The numbers from `first` on, each `step` behind the one before, as members with a prefix. */
static void add_series(struct command_fixture *f, const char *key, const char *prefix, int first,
                       int count, int step) {
    for (int i = 0; i < count; i++) {
        char line[128];
        snprintf(line, sizeof(line), "SADD %s %s%d", key, prefix, first + i * step);
        fixture_run(f, line);
    }
}

static void large_tables_agree(void **state) {
    struct command_fixture *f = *state;
    add_series(f, "a", "m", 0, 5000, 1);
    add_series(f, "b", "m", 0, 2500, 2);
    add_series(f, "c", "m", 4000, 3000, 3);
    assert_reply(f, "SINTERCARD 2 a b", "2500");
    assert_reply(f, "SINTERCARD 3 a b c", "167");
    assert_reply(f, "SUNIONCARD 3 a b c", "7666");
    assert_reply(f, "SDIFFCARD 2 a b", "2500");
    assert_reply(f, "SDIFFCARD 3 a b c", "2333");
    assert_reply(f, "SUNIONSTORE d a b c", "7666");
    assert_reply(f, "SDIFFCARD 2 d a", "2666");
    assert_reply(f, "SINTERSTORE e d c", "3000");
    assert_reply(f, "SDIFFCARD 2 c e", "0");
}

static void many_small_sets_are_subtracted_as_one(void **state) {
    struct command_fixture *f = *state;
    add_series(f, "a", "m", 0, 2000, 1);
    struct buffer line = {0};
    buffer_append_str(&line, "SDIFFCARD 101 a");
    for (int i = 0; i < 100; i++) {
        char key[16];
        snprintf(key, sizeof(key), "b%d", i);
        add_series(f, key, "m", i * 7, 3, 7);
        buffer_printf(&line, " %s", key);
    }
    assert_reply(f, buffer_c_str(&line), "1898");
    buffer_destroy(&line);
}

static void large_intsets_are_merged(void **state) {
    struct command_fixture *f = *state;
    add_series(f, "a", "", -250, 500, 1);
    add_series(f, "b", "", -1000, 400, 5);
    add_series(f, "c", "", 100, 3, 100);
    assert_reply(f, "OBJECT ENCODING a", "\"intset\"");
    assert_reply(f, "SINTERCARD 2 a b", "100");
    assert_reply(f, "SINTERCARD 2 b a", "100");
    assert_reply(f, "SUNIONCARD 2 a b", "800");
    assert_reply(f, "SDIFFCARD 2 b a", "300");
    assert_reply(f, "SINTER a b c", "[\"100\", \"200\"]");
    assert_reply(f, "SDIFF c a", "[\"300\"]");
    fixture_run(f, "SADD d -9223372036854775808 9223372036854775807 0");
    assert_reply(f, "SUNION d c",
                 "[\"-9223372036854775808\", \"0\", \"100\", \"200\", \"300\", "
                 "\"9223372036854775807\"]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(results_are_sets_in_resp3),
        TEST(storing_replaces_whatever_was_there),
        TEST(an_empty_result_deletes_the_destination),
        TEST(a_source_may_be_the_destination),
        TEST(a_stored_result_takes_the_smallest_encoding),
        TEST(wrong_types_are_found_wherever_they_stand),
        TEST(counts_end_at_the_limit),
        TEST(sunioncard_approx_estimates),
        TEST(mistakes_are_refused_before_keys_are_looked_at),
        TEST(algebra_agrees_with_a_naive_model),
        TEST(large_tables_agree),
        TEST(many_small_sets_are_subtracted_as_one),
        TEST(large_intsets_are_merged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
