/* SPOP and SRANDMEMBER against an engine in process. */
#include "unit/commands/set/set_fixture.h"

#define NOT_POSITIVE "-ERR value is out of range, must be positive"

static void spop_without_a_count_returns_one_member(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SADD s a");
    (void)fixture_events(f);
    assert_reply(f, "SPOP s", "\"a\"");
    assert_events(f, "0:spop:s 0:del:s");
    assert_reply(f, "SPOP s", "nil");
    assert_events(f, "");
    fixture_run(f, "SADD s 1 2 3");
    (void)fixture_events(f);
    fixture_run(f, "SPOP s");
    assert_events(f, "0:spop:s");
    assert_reply(f, "SCARD s", "2");
}

static void spop_with_a_count_returns_a_set(void **state) {
    struct command_fixture *f = *state;
    f->session.version = RESP3;
    fixture_run(f, "SADD s a b c d");
    (void)fixture_events(f);
    assert_reply(f, "SPOP s 0", "{}");
    assert_events(f, "");
    assert_int_equal(strlen(run_sorted(f, "SPOP s 2")), strlen("{\"a\", \"b\"}"));
    assert_events(f, "0:spop:s");
    assert_reply(f, "SCARD s", "2");
    fixture_run(f, "SPOP s 10");
    assert_events(f, "0:spop:s 0:del:s");
    assert_reply(f, "EXISTS s", "0");
    assert_reply(f, "SPOP s 10", "{}");
}

static void spop_of_all_returns_every_member_once(void **state) {
    struct command_fixture *f = *state;
    use_small_limits(f);
    const char *const adds[] = {"SADD s 1 2 3", "SADD s a b c", "SADD s 1 2 3 4 5 6"};
    const char *const members[] = {"[\"1\", \"2\", \"3\"]", "[\"a\", \"b\", \"c\"]",
                                   "[\"1\", \"2\", \"3\", \"4\", \"5\", \"6\"]"};
    for (size_t i = 0; i < 3; i++) {
        fixture_run(f, adds[i]);
        assert_sorted(f, "SPOP s 6", members[i]);
        assert_reply(f, "EXISTS s", "0");
    }
}

static void bad_counts_are_refused(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET k v");
    fixture_run(f, "SADD s a");
    (void)fixture_events(f);
    assert_reply(f, "SPOP s x", NOT_POSITIVE);
    assert_reply(f, "SPOP s -1", NOT_POSITIVE);
    assert_reply(f, "SPOP k -1", NOT_POSITIVE);
    assert_reply(f, "SPOP k 0", WRONG_TYPE);
    assert_reply(f, "SPOP k", WRONG_TYPE);
    assert_reply(f, "SPOP s 1 2", SYNTAX);
    assert_reply(f, "SRANDMEMBER s x", NOT_INTEGER);
    assert_reply(f, "SRANDMEMBER k 1", WRONG_TYPE);
    assert_reply(f, "SRANDMEMBER k", WRONG_TYPE);
    assert_reply(f, "SRANDMEMBER s 1 2", SYNTAX);
    assert_reply(f, "SRANDMEMBER s -9223372036854775808",
                 "-ERR value is out of range, value must between -9223372036854775807 and "
                 "9223372036854775807");
    assert_reply(f, "SRANDMEMBER s -9223372036854775807", "-ERR value is out of range");
    assert_reply(f, "SRANDMEMBER s -67108865", "-ERR value is out of range");
    assert_reply(f, "SRANDMEMBER s 9223372036854775807", "[\"a\"]");
    assert_reply(f, "SCARD s", "1");
    assert_events(f, "");
}

static void srandmember_leaves_the_set_alone(void **state) {
    struct command_fixture *f = *state;
    f->session.version = RESP3;
    assert_reply(f, "SRANDMEMBER s", "nil");
    assert_reply(f, "SRANDMEMBER s 3", "[]");
    assert_reply(f, "SRANDMEMBER s -3", "[]");
    fixture_run(f, "SADD s a");
    (void)fixture_events(f);
    assert_reply(f, "SRANDMEMBER s", "\"a\"");
    assert_reply(f, "SRANDMEMBER s 0", "[]");
    assert_reply(f, "SRANDMEMBER s 1", "[\"a\"]");
    assert_reply(f, "SRANDMEMBER s -3", "[\"a\", \"a\", \"a\"]");
    fixture_run(f, "SADD s b c");
    assert_sorted(f, "SRANDMEMBER s 5", "[\"a\", \"b\", \"c\"]");
    assert_reply(f, "SCARD s", "3");
    assert_events(f, "0:sadd:s");
}

/* --- uniformity --- */

enum { MEMBERS = 20, DRAWS = 20000 };

/* The 99.99 % quantile of chi-square with 19 degrees of freedom is about 51. */
static void assert_uniform(const unsigned *counts, unsigned total) {
    double expected = (double)total / MEMBERS, chi_square = 0;
    for (size_t i = 0; i < MEMBERS; i++) {
        double off = counts[i] - expected;
        chi_square += off * off / expected;
    }
    assert_true(chi_square < 51);
}

static void add_numbers(struct command_fixture *f, const char *prefix) {
    char line[512];
    size_t at = (size_t)snprintf(line, sizeof(line), "SADD s");
    for (int i = 0; i < MEMBERS; i++)
        at += (size_t)snprintf(line + at, sizeof(line) - at, " %s%d", prefix, i);
    fixture_run(f, line);
}

/* Counts the members in a reply of strings like "m7", whose prefix has `prefix_len` bytes. */
static unsigned count_drawn(const char *reply, size_t prefix_len, unsigned *counts) {
    unsigned drawn = 0;
    for (const char *at = strchr(reply, '"'); at != NULL; at = strchr(at, '"')) {
        long number = strtol(at + 1 + prefix_len, NULL, 10);
        assert_in_range(number, 0, MEMBERS - 1);
        counts[number]++;
        drawn++;
        at = strchr(at + 1, '"') + 1;
    }
    return drawn;
}

static void check_draws(struct command_fixture *f, const char *prefix, const char *line) {
    unsigned counts[MEMBERS] = {0}, drawn = 0;
    add_numbers(f, prefix);
    while (drawn < DRAWS) drawn += count_drawn(fixture_run(f, line), strlen(prefix), counts);
    assert_uniform(counts, drawn);
    fixture_run(f, "DEL s");
}

static void check_draws_of_every_encoding(struct command_fixture *f, const char *line) {
    use_default_limits(f);
    check_draws(f, "", line);
    check_draws(f, "m", line);
    use_small_limits(f);
    check_draws(f, "m", line);
}

static void srandmember_draws_uniformly(void **state) {
    check_draws_of_every_encoding(*state, "SRANDMEMBER s");
    check_draws_of_every_encoding(*state, "SRANDMEMBER s 1");
    check_draws_of_every_encoding(*state, "SRANDMEMBER s 3");
    check_draws_of_every_encoding(*state, "SRANDMEMBER s 17");
    check_draws_of_every_encoding(*state, "SRANDMEMBER s -7");
}

static void check_pops(struct command_fixture *f, const char *prefix, const char *line) {
    unsigned counts[MEMBERS] = {0}, drawn = 0;
    while (drawn < DRAWS) {
        add_numbers(f, prefix);
        drawn += count_drawn(fixture_run(f, line), strlen(prefix), counts);
        fixture_run(f, "DEL s");
    }
    assert_uniform(counts, drawn);
}

static void spop_draws_uniformly(void **state) {
    struct command_fixture *f = *state;
    const char *const lines[] = {"SPOP s", "SPOP s 3", "SPOP s 15"};
    for (size_t i = 0; i < 3; i++) {
        use_default_limits(f);
        check_pops(f, "", lines[i]);
        check_pops(f, "m", lines[i]);
        use_small_limits(f);
        check_pops(f, "m", lines[i]);
    }
}

static void different_members_are_drawn_without_repetition(void **state) {
    struct command_fixture *f = *state;
    use_small_limits(f);
    add_numbers(f, "m");
    for (int count = 1; count <= MEMBERS; count++) {
        char line[64];
        unsigned counts[MEMBERS] = {0};
        snprintf(line, sizeof(line), "SRANDMEMBER s %d", count);
        assert_int_equal(count_drawn(fixture_run(f, line), 1, counts), count);
        for (size_t i = 0; i < MEMBERS; i++) assert_true(counts[i] <= 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(spop_without_a_count_returns_one_member),
        TEST(spop_with_a_count_returns_a_set),
        TEST(spop_of_all_returns_every_member_once),
        TEST(bad_counts_are_refused),
        TEST(srandmember_leaves_the_set_alone),
        TEST(srandmember_draws_uniformly),
        TEST(spop_draws_uniformly),
        TEST(different_members_are_drawn_without_repetition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
