/* SSCAN against an engine in process. */
#include "unit/commands/set/set_fixture.h"

static void a_small_set_is_returned_whole(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SADD n 1 2 3");
    assert_reply(f, "SSCAN n 0 COUNT 1", "[\"0\", [\"1\", \"2\", \"3\"]]");
    assert_reply(f, "SSCAN n 77", "[\"0\", [\"1\", \"2\", \"3\"]]");
    fixture_run(f, "SADD p b a");
    assert_reply(f, "SSCAN p 0", "[\"0\", [\"b\", \"a\"]]");
    f->session.version = RESP3;
    assert_reply(f, "SSCAN p 0", "[\"0\", [\"b\", \"a\"]]");
}

static void match_filters_members(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SADD s apple apply banana");
    assert_reply(f, "SSCAN s 0 MATCH app*", "[\"0\", [\"apple\", \"apply\"]]");
    assert_reply(f, "SSCAN s 0 MATCH banana", "[\"0\", [\"banana\"]]");
    assert_reply(f, "SSCAN s 0 MATCH nothing", "[\"0\", []]");
    assert_reply(f, "SSCAN s 0 MATCH app* match *e count 5", "[\"0\", [\"apple\"]]");
}

enum { MEMBERS = 1000 };

static void add_members(struct command_fixture *f) {
    for (int i = 0; i < MEMBERS; i++) {
        char line[64];
        snprintf(line, sizeof(line), "SADD s m%d", i);
        fixture_run(f, line);
    }
}

/* Marks the members of one step and returns the next cursor; *count is how many there were. */
static unsigned long long step(struct command_fixture *f, unsigned long long cursor,
                               const char *options, unsigned *seen, unsigned *count) {
    char line[128];
    snprintf(line, sizeof(line), "SSCAN s %llu %s", cursor, options);
    const char *reply = fixture_run(f, line);
    cursor = strtoull(reply + 2, NULL, 10);
    *count = 0;
    for (const char *at = strstr(reply, "\"m"); at != NULL; at = strstr(at + 1, "\"m")) {
        long number = strtol(at + 2, NULL, 10);
        assert_in_range(number, 0, MEMBERS - 1);
        seen[number]++;
        (*count)++;
    }
    return cursor;
}

static void a_table_is_walked_step_by_step(void **state) {
    struct command_fixture *f = *state;
    add_members(f);
    unsigned seen[MEMBERS] = {0}, steps = 0, count;
    unsigned long long cursor = 0;
    do {
        cursor = step(f, cursor, "COUNT 20", seen, &count);
        assert_in_range(count, cursor == 0 ? 0 : 1, 40);
        assert_true(steps++ < MEMBERS);
    } while (cursor != 0);
    assert_in_range(steps, MEMBERS / 40, MEMBERS / 20 + 2);
    for (size_t i = 0; i < MEMBERS; i++) assert_int_equal(seen[i], 1);
}

static void members_that_stay_are_returned_once_whatever_else_goes(void **state) {
    struct command_fixture *f = *state;
    add_members(f);
    unsigned seen[MEMBERS] = {0}, count;
    unsigned long long cursor = 0;
    int removed = 1;
    do {
        cursor = step(f, cursor, "", seen, &count);
        for (int i = 0; i < 6 && removed < MEMBERS; i++, removed += 2) {
            char line[64];
            snprintf(line, sizeof(line), "SREM s m%d", removed);
            fixture_run(f, line);
        }
    } while (cursor != 0);
    for (size_t i = 0; i < MEMBERS; i += 2) assert_int_equal(seen[i], 1);
    for (size_t i = 1; i < MEMBERS; i += 2) assert_true(seen[i] <= 1);
}

static void a_literal_pattern_is_one_step(void **state) {
    struct command_fixture *f = *state;
    add_members(f);
    assert_reply(f, "SSCAN s 0 MATCH m500 COUNT 1", "[\"0\", [\"m500\"]]");
    assert_reply(f, "SSCAN s 0 MATCH m5000", "[\"0\", []]");
}

static void a_cursor_past_the_end_ends_the_walk(void **state) {
    struct command_fixture *f = *state;
    add_members(f);
    assert_memory_equal(fixture_run(f, "SSCAN s 18446744073709551615"), "[\"0\", [", 7);
    assert_memory_equal(fixture_run(f, "SSCAN s 281474976710656"), "[\"0\", [", 7);
    assert_memory_equal(fixture_run(f, "SSCAN s -1"), "[\"0\", [", 7);
}

static void mistakes_are_refused_in_the_order_of_redis(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET k v");
    fixture_run(f, "SADD s a");
    assert_reply(f, "SSCAN k x", "-ERR invalid cursor");
    assert_reply(f, "SSCAN k 0 NONSENSE", WRONG_TYPE);
    assert_reply(f, "SSCAN absent 0 NONSENSE", "[\"0\", []]");
    assert_reply(f, "SSCAN s 0 NONSENSE", SYNTAX);
    assert_reply(f, "SSCAN s 0 COUNT", SYNTAX);
    assert_reply(f, "SSCAN s 0 COUNT 0", SYNTAX);
    assert_reply(f, "SSCAN s 0 COUNT x", NOT_INTEGER);
    assert_reply(f, "SSCAN s 0 MATCH", SYNTAX);
    assert_reply(f, "SSCAN s 0 TYPE set", SYNTAX);
    assert_reply(f, "SSCAN s 0 NOVALUES", SYNTAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_small_set_is_returned_whole),
        TEST(match_filters_members),
        TEST(a_table_is_walked_step_by_step),
        TEST(members_that_stay_are_returned_once_whatever_else_goes),
        TEST(a_literal_pattern_is_one_step),
        TEST(a_cursor_past_the_end_ends_the_walk),
        TEST(mistakes_are_refused_in_the_order_of_redis),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
