/* Comparing before writing: IFEQ IFNE IFDEQ IFDNE of SET and DELEX, DELIFEQ, EXPIREIFEQ, DIGEST. */
#include "unit/commands/string/string_fixture.h"

/* XXH3-64 of the empty string and of "hello". */
#define DIGEST_OF_NOTHING "2d06800538d394c2"
#define DIGEST_OF_HELLO "9555e8555c62dcfd"

static void ifeq_sets_only_over_the_same_value(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "SET a 1 IFEQ 1", "nil");
    assert_reply(f, "EXISTS a", "0");
    run_quietly(f, "SET a 1");
    assert_reply(f, "SET a 2 IFEQ 2", "nil");
    assert_reply(f, "SET a 2 IFEQ 01", "nil");
    assert_events(f, "");
    assert_reply(f, "SET a 2 IFEQ 1 EX 10", "OK");
    assert_events(f, "0:set:a 0:expire:a");
    assert_reply(f, "SET a 3 IFEQ 2 KEEPTTL GET", "\"2\"");
    assert_reply(f, "TTL a", "10");
    assert_reply(f, "SET a 4 IFEQ 2 GET", "\"3\"");
    assert_reply(f, "GET a", "\"3\"");
}

static void ifne_sets_over_another_value_or_none(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "SET a 1 IFNE 1", "OK");
    assert_reply(f, "SET a 2 IFNE 1", "nil");
    assert_reply(f, "SET a 2 IFNE 7", "OK");
    assert_reply(f, "SET b 1 IFNE 1 GET", "nil");
    assert_reply(f, "GET b", "\"1\"");
}

static void digests_compare_in_either_case(void **state) {
    struct command_fixture *f = *state;
    run(f, "SET a hello");
    assert_reply(f, "SET a x IFDNE " DIGEST_OF_HELLO, "nil");
    assert_reply(f, "SET a x IFDEQ 0000000000000000", "nil");
    assert_reply(f, "SET a hello IFDEQ 9555E8555C62DCFD", "OK");
    assert_reply(f, "SET a x IFDEQ " DIGEST_OF_HELLO, "OK");
    assert_reply(f, "SET b x IFDEQ " DIGEST_OF_HELLO, "nil");
    assert_reply(f, "SET b x IFDNE " DIGEST_OF_HELLO, "OK");
}

static void a_digest_is_sixteen_hexadecimal_digits(void **state) {
    struct command_fixture *f = *state;
    static const char *const error = "-ERR digest must be exactly 16 hexadecimal characters";
    run(f, "SET a hello");
    assert_reply(f, "SET a x IFDEQ 123", error);
    assert_reply(f, "SET a x IFDEQ 9555e8555c62dcfg", error);
    assert_reply(f, "DELEX a IFDNE 9555e8555c62dcfd0", error);
    assert_reply(f, "DELEX absent IFDEQ \"\"", error);
    assert_reply(f, "GET a", "\"hello\"");
}

static void digest_answers_the_hash_of_the_bytes(void **state) {
    struct command_fixture *f = *state;
    run(f, "SET a hello");
    run(f, "SET e \"\"");
    run(f, "SET n 42");
    run(f, "SET t 4");
    run(f, "APPEND t 2");
    assert_reply(f, "DIGEST a", "\"" DIGEST_OF_HELLO "\"");
    assert_reply(f, "DIGEST e", "\"" DIGEST_OF_NOTHING "\"");
    assert_reply(f, "DIGEST absent", "nil");
    char *of_number = strdup(fixture_run(f, "DIGEST n"));
    assert_reply(f, "DIGEST t", of_number);
    free(of_number);
    assert_wrong_type(f, "a", "DIGEST a");
}

static void delex_deletes_when_the_condition_holds(void **state) {
    struct command_fixture *f = *state;
    static const char *const cases[][2] = {
        {"DELEX a", "1"},
        {"DELEX a IFEQ hello", "1"},
        {"DELEX a IFEQ hell", "0"},
        {"DELEX a IFNE hello", "0"},
        {"DELEX a IFNE hell", "1"},
        {"DELEX a IFDEQ " DIGEST_OF_HELLO, "1"},
        {"DELEX a IFDEQ " DIGEST_OF_NOTHING, "0"},
        {"DELEX a IFDNE " DIGEST_OF_HELLO, "0"},
        {"delex a ifdne " DIGEST_OF_NOTHING, "1"},
        {"DELIFEQ a hello", "1"},
        {"DELIFEQ a HELLO", "0"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        bool is_gone = cases[i][1][0] == '1';
        run_quietly(f, "SET a hello EX 10");
        assert_reply(f, cases[i][0], cases[i][1]);
        assert_events(f, is_gone ? "0:del:a" : "");
        assert_reply(f, "EXISTS a", is_gone ? "0" : "1");
        run(f, "DEL a");
        (void)fixture_events(f);
        assert_reply(f, cases[i][0], "0");
        assert_events(f, "");
    }
}

static void delex_without_condition_deletes_any_type(void **state) {
    struct command_fixture *f = *state;
    run(f, "SET a 1");
    assert_wrong_type(f, "a", "DELEX a IFEQ 1");
    assert_wrong_type(f, "a", "DELIFEQ a 1");
    assert_reply(f, "DELEX a", "1");
}

static void delex_refuses_bad_arguments(void **state) {
    struct command_fixture *f = *state;
    static const char *const arity = "-ERR wrong number of arguments for 'delex' command";
    run(f, "SET a 1");
    assert_reply(f, "DELEX a IFEQ", arity);
    assert_reply(f, "DELEX a IFEQ 1 2", arity);
    assert_reply(f, "DELEX a NX 1", "-ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE");
    assert_reply(f, "DELIFEQ a", "-ERR wrong number of arguments for 'delifeq' command");
    assert_reply(f, "EXISTS a", "1");
}

static void expireifeq_gives_time_to_who_holds_the_value(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "EXPIREIFEQ lock me 1000", "0");
    run_quietly(f, "SET lock me PX 100");
    assert_reply(f, "EXPIREIFEQ lock you 1000", "0");
    assert_reply(f, "PTTL lock", "100");
    assert_events(f, "");
    assert_reply(f, "EXPIREIFEQ lock me 1000", "1");
    assert_events(f, "0:expire:lock");
    assert_reply(f, "PTTL lock", "1000");
    assert_reply(f, "EXPIREIFEQ lock me 1", "1");
    assert_reply(f, "PTTL lock", "1");
    fixture_advance_ms(f, 1);
    assert_reply(f, "EXPIREIFEQ lock me 1000", "0");
}

static void expireifeq_compares_numbers_as_text(void **state) {
    struct command_fixture *f = *state;
    run(f, "SET n 42");
    assert_reply(f, "EXPIREIFEQ n 042 1000", "0");
    assert_reply(f, "PTTL n", "-1");
    assert_reply(f, "EXPIREIFEQ n 42 1000", "1");
    assert_encoding(f, "n", "int");
    run(f, "SET e \"\"");
    assert_reply(f, "EXPIREIFEQ e \"\" 1000", "1");
}

static void expireifeq_refuses_as_set_px_does(void **state) {
    static const char *const error = "-ERR invalid expire time in 'expireifeq' command";
    struct command_fixture *f = *state;
    run(f, "SET a 1");
    assert_reply(f, "EXPIREIFEQ a 1 0", error);
    assert_reply(f, "EXPIREIFEQ a 1 -1", error);
    assert_reply(f, "EXPIREIFEQ a 1 9223372036854775807", error);
    assert_reply(f, "EXPIREIFEQ absent 1 0", error);
    assert_reply(f, "EXPIREIFEQ a 1 x", NOT_INTEGER);
    assert_reply(f, "EXPIREIFEQ a 1", "-ERR wrong number of arguments for 'expireifeq' command");
    assert_reply(f, "EXPIREIFEQ a 1 1 1",
                 "-ERR wrong number of arguments for 'expireifeq' command");
    assert_wrong_type(f, "a", "EXPIREIFEQ a 1 1000");
    assert_reply(f, "PTTL a", "-1");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(ifeq_sets_only_over_the_same_value),
        TEST(ifne_sets_over_another_value_or_none),
        TEST(digests_compare_in_either_case),
        TEST(a_digest_is_sixteen_hexadecimal_digits),
        TEST(digest_answers_the_hash_of_the_bytes),
        TEST(delex_deletes_when_the_condition_holds),
        TEST(delex_without_condition_deletes_any_type),
        TEST(delex_refuses_bad_arguments),
        TEST(expireifeq_gives_time_to_who_holds_the_value),
        TEST(expireifeq_compares_numbers_as_text),
        TEST(expireifeq_refuses_as_set_px_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
