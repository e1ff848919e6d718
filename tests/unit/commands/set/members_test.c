/* SADD, SREM, SMOVE and the questions about members, against an engine in process. */
#include "unit/commands/set/set_fixture.h"

static void sadd_tells_how_many_members_are_new(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "SADD s a b a", "2");
    assert_events(f, "0:sadd:s");
    assert_reply(f, "SADD s b c", "1");
    assert_events(f, "0:sadd:s");
    assert_reply(f, "SADD s a b c", "0");
    assert_events(f, "");
    assert_reply(f, "SCARD s", "3");
    assert_sorted(f, "SMEMBERS s", "[\"a\", \"b\", \"c\"]");
}

static void a_member_may_be_any_bytes(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "SADD s \"\" \"a\\x00b\" -0 007 9223372036854775808", "5");
    assert_reply(f, "SISMEMBER s \"a\\x00b\"", "1");
    assert_reply(f, "SISMEMBER s 0", "0");
    assert_reply(f, "SISMEMBER s 7", "0");
    assert_reply(f, "SMISMEMBER s \"\" -0 007 9223372036854775808", "[1, 1, 1, 1]");
}

static void srem_of_the_last_member_deletes_the_key(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SADD s a b c");
    (void)fixture_events(f);
    assert_reply(f, "SREM s a x", "1");
    assert_events(f, "0:srem:s");
    assert_reply(f, "SREM s x", "0");
    assert_events(f, "");
    assert_reply(f, "SREM s b c c", "2");
    assert_events(f, "0:srem:s 0:del:s");
    assert_reply(f, "EXISTS s", "0");
    assert_reply(f, "SREM s a", "0");
    assert_events(f, "");
}

static void an_absent_key_is_an_empty_set(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "SCARD s", "0");
    assert_reply(f, "SISMEMBER s a", "0");
    assert_reply(f, "SMISMEMBER s a b", "[0, 0]");
    assert_reply(f, "SMEMBERS s", "[]");
    f->session.version = RESP3;
    assert_reply(f, "SMEMBERS s", "{}");
    assert_reply(f, "SMISMEMBER s a b", "[0, 0]");
    fixture_run(f, "SADD s 2 1");
    assert_reply(f, "SMEMBERS s", "{\"1\", \"2\"}");
}

static void smove_reports_what_it_does_to_both_keys(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SADD s a b c");
    fixture_run(f, "SADD t b");
    (void)fixture_events(f);
    assert_reply(f, "SMOVE s t a", "1");
    assert_events(f, "0:srem:s 0:sadd:t");
    assert_reply(f, "SMOVE s t b", "1");
    assert_events(f, "0:srem:s");
    assert_reply(f, "SMOVE s t c", "1");
    assert_events(f, "0:srem:s 0:del:s 0:sadd:t");
    assert_sorted(f, "SMEMBERS t", "[\"a\", \"b\", \"c\"]");
    assert_reply(f, "SMOVE t new a", "1");
    assert_events(f, "0:srem:t 0:sadd:new");
    assert_reply(f, "SMOVE t new x", "0");
    assert_reply(f, "SMOVE absent new a", "0");
    assert_events(f, "");
}

static void smove_to_the_same_key_changes_nothing(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SADD s a");
    (void)fixture_events(f);
    assert_reply(f, "SMOVE s s a", "1");
    assert_reply(f, "SMOVE s s x", "0");
    assert_events(f, "");
    assert_reply(f, "SCARD s", "1");
}

static void sets_leave_their_small_encodings(void **state) {
    struct command_fixture *f = *state;
    use_small_limits(f);
    fixture_run(f, "SADD n 1 2 3 4");
    assert_reply(f, "OBJECT ENCODING n", "\"intset\"");
    fixture_run(f, "SADD n 5");
    assert_reply(f, "OBJECT ENCODING n", "\"hashtable\"");
    fixture_run(f, "SADD m 1 2 3");
    fixture_run(f, "SADD m x");
    assert_reply(f, "OBJECT ENCODING m", "\"listpack\"");
    fixture_run(f, "SADD m 4");
    assert_reply(f, "OBJECT ENCODING m", "\"hashtable\"");
    fixture_run(f, "SADD l 123456789");
    assert_reply(f, "OBJECT ENCODING l", "\"intset\"");
    fixture_run(f, "SADD l longer-than-8");
    assert_reply(f, "OBJECT ENCODING l", "\"hashtable\"");
    assert_sorted(f, "SMEMBERS m", "[\"1\", \"2\", \"3\", \"4\", \"x\"]");
}

static void limits_apply_from_the_next_addition(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SADD s a b c d e");
    assert_reply(f, "OBJECT ENCODING s", "\"listpack\"");
    fixture_set_directive(f, "set-max-listpack-entries", "4");
    assert_reply(f, "OBJECT ENCODING s", "\"listpack\"");
    fixture_run(f, "SADD s f");
    assert_reply(f, "OBJECT ENCODING s", "\"hashtable\"");
    assert_reply(f, "SCARD s", "6");
}

static void other_types_are_refused_and_stay(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET k v");
    fixture_run(f, "SADD s a");
    (void)fixture_events(f);
    assert_reply(f, "SADD k a", WRONG_TYPE);
    assert_reply(f, "SREM k a", WRONG_TYPE);
    assert_reply(f, "SMOVE k s a", WRONG_TYPE);
    assert_reply(f, "SMOVE s k a", WRONG_TYPE);
    assert_reply(f, "SMOVE s k absent", WRONG_TYPE);
    assert_reply(f, "SMOVE absent k a", "0");
    assert_reply(f, "SCARD k", WRONG_TYPE);
    assert_reply(f, "SISMEMBER k a", WRONG_TYPE);
    assert_reply(f, "SMISMEMBER k a", WRONG_TYPE);
    assert_reply(f, "SMEMBERS k", WRONG_TYPE);
    assert_reply(f, "GET s", WRONG_TYPE);
    assert_reply(f, "SCARD s", "1");
    assert_events(f, "");
}

static void a_set_keeps_its_due_time(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SADD s a b");
    fixture_run(f, "PEXPIRE s 1000");
    fixture_run(f, "SADD s c");
    fixture_run(f, "SREM s a");
    assert_reply(f, "PTTL s", "1000");
    fixture_advance_ms(f, 1000);
    assert_reply(f, "SCARD s", "0");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(sadd_tells_how_many_members_are_new),     TEST(a_member_may_be_any_bytes),
        TEST(srem_of_the_last_member_deletes_the_key), TEST(an_absent_key_is_an_empty_set),
        TEST(smove_reports_what_it_does_to_both_keys), TEST(smove_to_the_same_key_changes_nothing),
        TEST(sets_leave_their_small_encodings),        TEST(limits_apply_from_the_next_addition),
        TEST(other_types_are_refused_and_stay),        TEST(a_set_keeps_its_due_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
