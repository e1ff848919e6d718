/* Due times of fields: HEXPIRE and its kin, HTTL and its kin, HPERSIST, HGETEX, HSETEX, HGETDEL. */
#include "unit/commands/hash/hash_fixture.h"

#define BAD_TIME "-ERR invalid expire time, must be >= 0"
#define NO_MATCH "-ERR The `numfields` parameter must match the number of arguments"
#define NO_FIELDS "-ERR Mandatory argument FIELDS is missing or not at the right position"
#define NOT_POSITIVE "-ERR Number of fields must be a positive integer"

/* Every test runs with packed hashes and with tables. */
static int set_up_table(void **state) {
    int result = set_up(state);
    fixture_set_directive(*state, "hash-max-listpack-entries", "0");
    return result;
}

static void hexpire_answers_for_each_field(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET h a 1 b 2 c 3");
    assert_reply(f, "HEXPIRE h 10 FIELDS 3 a x b", "[1, -2, 1]");
    assert_events(f, "0:hexpire:h");
    assert_reply(f, "HEXPIRE absent 10 FIELDS 2 a b", "[-2, -2]");
    assert_reply(f, "HEXPIRE h 10 FIELDS 1 x", "[-2]");
    assert_events(f, "");
    assert_reply(f, "HPTTL h FIELDS 4 a b c x", "[10000, 10000, -1, -2]");
    assert_reply(f, "HMGET h a b c", "[\"1\", \"2\", \"3\"]");
}

static void due_times_are_told_in_each_unit(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET h a 1 b 2");
    run(f, "HPEXPIRE h 1500 FIELDS 1 a");
    assert_reply(f, "HPTTL h FIELDS 1 a", "[1500]");
    assert_reply(f, "HTTL h FIELDS 1 a", "[2]");
    assert_reply(f, "HPEXPIRETIME h FIELDS 1 a", "[1700000001500]");
    assert_reply(f, "HEXPIRETIME h FIELDS 1 a", "[1700000002]");
    run(f, "HEXPIREAT h 1700000100 FIELDS 1 a");
    assert_reply(f, "HTTL h FIELDS 1 a", "[100]");
    run(f, "HPEXPIREAT h 1700000000001 FIELDS 1 a");
    assert_reply(f, "HPTTL h FIELDS 1 a", "[1]");
    assert_reply(f, "HTTL h FIELDS 1 a", "[1]");
    assert_reply(f, "HTTL h FIELDS 2 b x", "[-1, -2]");
    assert_reply(f, "HEXPIRETIME absent FIELDS 2 a b", "[-2, -2]");
}

static void conditions_are_asked_of_each_field(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET h a 1 b 2");
    run(f, "HPEXPIRE h 5000 FIELDS 1 a");
    assert_reply(f, "HPEXPIRE h 6000 NX FIELDS 2 a b", "[0, 1]");
    run(f, "HPERSIST h FIELDS 1 b");
    assert_reply(f, "HPEXPIRE h 6000 XX FIELDS 2 a b", "[1, 0]");
    assert_reply(f, "HPEXPIRE h 6000 GT FIELDS 2 a b", "[0, 0]");
    assert_reply(f, "HPEXPIRE h 6000 LT FIELDS 1 a", "[0]");
    assert_events(f, "0:hexpire:h");
    assert_reply(f, "HPEXPIRE h 6001 GT FIELDS 2 a b", "[1, 0]");
    assert_reply(f, "HPEXPIRE h 6000 LT FIELDS 2 a b", "[1, 1]");
    assert_reply(f, "HPTTL h FIELDS 2 a b", "[6000, 6000]");
    assert_reply(f, "HPEXPIREAT h 1 GT FIELDS 1 a", "[0]");
    assert_reply(f, "HPEXPIREAT h 1 NX FIELDS 1 a", "[0]");
    assert_reply(f, "HPEXPIREAT h 1 LT FIELDS 1 a", "[2]");
}

static void a_time_that_has_passed_deletes(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET h a 1 b 2 c 3");
    assert_reply(f, "HEXPIRE h 0 FIELDS 3 a x a", "[2, -2, -2]");
    assert_events(f, "0:hdel:h");
    assert_reply(f, "HPEXPIREAT h 1700000000000 FIELDS 1 b", "[2]");
    assert_reply(f, "HLEN h", "1");
    (void)fixture_events(f);
    assert_reply(f, "HEXPIREAT h 0 FIELDS 2 c a", "[2, -2]");
    assert_events(f, "0:hdel:h 0:del:h");
    assert_reply(f, "EXISTS h", "0");
}

static void fields_go_on_time(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET h a 1 b 2 c 3");
    run(f, "HPEXPIRE h 100 FIELDS 2 a b");
    fixture_advance_ms(f, 99);
    fixture_expire_due(f);
    assert_reply(f, "HLEN h", "3");
    assert_events(f, "");
    fixture_advance_ms(f, 1);
    assert_reply(f, "HLEN h", "1");
    assert_events(f, "0:hexpired:h");
    assert_reply(f, "HMGET h a b c", "[nil, nil, \"3\"]");
    assert_reply(f, "HTTL h FIELDS 2 a c", "[-2, -1]");
}

static void fields_go_unasked(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET h a 1 b 2");
    run(f, "HSET g a 1");
    run(f, "HPEXPIRE h 100 FIELDS 1 a");
    run(f, "HPEXPIRE g 200 FIELDS 1 a");
    fixture_advance_ms(f, 150);
    fixture_expire_due(f);
    assert_events(f, "0:hexpired:h");
    fixture_advance_ms(f, 100);
    fixture_expire_due(f);
    assert_events(f, "0:hexpired:g 0:del:g");
    assert_reply(f, "EXISTS h g", "1");
}

static void the_last_field_takes_the_key_along(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET h a 1");
    run(f, "HPEXPIRE h 100 FIELDS 1 a");
    fixture_advance_ms(f, 100);
    assert_reply(f, "HGET h a", "nil");
    assert_events(f, "0:hexpired:h 0:del:h");
    assert_reply(f, "EXISTS h", "0");
}

static void writing_after_the_time_begins_anew(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET h a 10");
    run(f, "HPEXPIRE h 100 FIELDS 1 a");
    fixture_advance_ms(f, 100);
    assert_reply(f, "HINCRBY h a 1", "1");
    assert_events(f, "0:hexpired:h 0:del:h 0:hincrby:h");
    assert_reply(f, "HTTL h FIELDS 1 a", "[-1]");
}

static void setting_takes_the_time_off_and_counting_keeps_it(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET h a 1 b 2 c 3 d 4");
    run(f, "HEXPIRE h 10 FIELDS 4 a b c d");
    run(f, "HINCRBY h a 5");
    run(f, "HINCRBYFLOAT h b 0.5");
    run(f, "HSET h c 3");
    run(f, "HSETNX h d 9");
    assert_reply(f, "HTTL h FIELDS 4 a b c d", "[10, 10, -1, 10]");
    assert_reply(f, "HMGET h a b", "[\"6\", \"2.5\"]");
    run(f, "HMSET h a 1 b 1 d 1");
    assert_reply(f, "HTTL h FIELDS 4 a b c d", "[-1, -1, -1, -1]");
    fixture_advance_ms(f, 20000);
    fixture_expire_due(f);
    assert_events(f, "");
    assert_reply(f, "HLEN h", "4");
}

static void hpersist_takes_the_time_off(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET h a 1 b 2");
    run(f, "HEXPIRE h 10 FIELDS 1 a");
    assert_reply(f, "HPERSIST h FIELDS 3 b x a", "[-1, -2, 1]");
    assert_events(f, "0:hpersist:h");
    assert_reply(f, "HPERSIST h FIELDS 2 a b", "[-1, -1]");
    assert_reply(f, "HPERSIST absent FIELDS 2 a b", "[-2, -2]");
    assert_events(f, "");
    assert_reply(f, "HTTL h FIELDS 1 a", "[-1]");
    fixture_advance_ms(f, 20000);
    fixture_expire_due(f);
    assert_reply(f, "HLEN h", "2");
}

static void due_times_go_along_with_the_key(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET h a 1 b 2");
    run(f, "HPEXPIRE h 1000 FIELDS 1 a");
    run(f, "COPY h g");
    run(f, "RENAME h k");
    assert_reply(f, "HPTTL g FIELDS 2 a b", "[1000, -1]");
    assert_reply(f, "HPTTL k FIELDS 2 a b", "[1000, -1]");
    fixture_advance_ms(f, 1000);
    fixture_expire_due(f);
    assert_reply(f, "HGETALL g", "[\"b\", \"2\"]");
    assert_reply(f, "HGETALL k", "[\"b\", \"2\"]");
}

static void a_hash_with_due_times_may_become_a_table(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET h a 1 b 2");
    run(f, "HPEXPIRE h 1000 FIELDS 1 a");
    fixture_set_directive(f, "hash-max-listpack-entries", "2");
    run(f, "HSET h c 3");
    assert_encoding(f, "h", "hashtable");
    assert_reply(f, "HPTTL h FIELDS 3 a b c", "[1000, -1, -1]");
    fixture_advance_ms(f, 1010);
    fixture_expire_due(f);
    assert_events(f, "0:hexpired:h");
    assert_reply(f, "HLEN h", "2");
}

static void the_packed_form_with_due_times_has_a_name(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET h a 1 b 2");
    assert_encoding(f, "h", "listpack");
    run(f, "HEXPIRE h 10 FIELDS 1 a");
    assert_encoding(f, "h", "listpackex");
}

/* --- refusals --- */

static void hexpire_refuses(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET h a 1 b 2");
    assert_reply(f, "HEXPIRE h 10 FIELDS 1",
                 "-ERR wrong number of arguments for 'hexpire' command");
    assert_reply(f, "HEXPIRE h x FIELDS 1 a", NOT_INTEGER);
    assert_reply(f, "HEXPIRE h -1 FIELDS 1 a", BAD_TIME);
    assert_reply(f, "HPEXPIREAT h -1 FIELDS 1 a", BAD_TIME);
    assert_reply(f, "HEXPIRE h 70368744178 FIELDS 1 a",
                 "-ERR invalid expire time in 'hexpire' command");
    assert_reply(f, "HEXPIRE h 9223372036854775807 FIELDS 1 a",
                 "-ERR invalid expire time in 'hexpire' command");
    assert_reply(f, "HPEXPIREAT h 70368744177664 FIELDS 1 a",
                 "-ERR invalid expire time in 'hpexpireat' command");
    assert_reply(f, "HPEXPIRE h 9223372036854775807 FIELDS 1 a",
                 "-ERR invalid expire time in 'hpexpire' command");
    assert_reply(f, "HEXPIRE h 10 FIELDS 0 a",
                 "-ERR Parameter `numFields` should be greater than 0");
    assert_reply(f, "HEXPIRE h 10 FIELDS x a",
                 "-ERR Parameter `numFields` should be greater than 0");
    assert_reply(f, "HEXPIRE h 10 FIELDS 2147483648 a",
                 "-ERR Parameter `numFields` should be greater than 0");
    assert_reply(f, "HEXPIRE h 10 FIELDS 2147483647 a", "-ERR wrong number of arguments");
    assert_reply(f, "HEXPIRE h 10 FIELDS 2 a", "-ERR wrong number of arguments");
    assert_reply(f, "HEXPIRE h 10 FIELDS 1 a b", "-ERR unknown argument: b");
    assert_reply(f, "HEXPIRE h 10 1 a b", "-ERR unknown argument: 1");
    assert_reply(f, "HEXPIRE h 10 NX NX NX", "-ERR missing FIELDS argument");
    assert_reply(f, "HEXPIRE h 10 NX XX FIELDS",
                 "-ERR FIELDS requires at least numfields and one field argument");
    assert_reply(f, "HEXPIRE h 10 FIELDS 1 a FIELDS 1 b",
                 "-ERR FIELDS keyword specified multiple times");
    assert_reply(f, "HEXPIRE h 10 NX XX FIELDS 1 a", "-ERR Multiple condition flags specified");
    assert_reply(f, "HEXPIRE h 10 GT FIELDS 1 a LT", "-ERR Multiple condition flags specified");
    assert_reply(f, "HTTL h FIELDS 2 a b", "[-1, -1]");
    assert_events(f, "");
}

static void hexpire_takes_its_options_in_any_order(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET h a 1 b 2 NX 3");
    assert_reply(f, "HEXPIRE h 10 FIELDS 2 a NX nx", "[1, 1]");
    assert_reply(f, "HEXPIRE h 20 fields 2 a b XX xx", "[1, 0]");
    assert_reply(f, "HTTL h FIELDS 3 a b NX", "[20, -1, 10]");
    assert_reply(f, "HPEXPIREAT h 70368744177663 FIELDS 1 b", "[1]");
    assert_reply(f, "HPEXPIRETIME h FIELDS 1 b", "[70368744177663]");
}

static void the_last_fields_argument_is_checked(void **state) {
    static const char *const commands[] = {"HTTL",         "HPTTL",    "HEXPIRETIME",
                                           "HPEXPIRETIME", "HPERSIST", "HGETDEL"};
    static const struct {
        const char *arguments, *reply;
    } cases[] = {
        {"h FIELD 1 a", NO_FIELDS},
        {"h 1 FIELDS a", NO_FIELDS},
        {"h FIELDS 0 a", NOT_POSITIVE},
        {"h FIELDS -1 a", NOT_POSITIVE},
        {"h FIELDS x a", NOT_POSITIVE},
        {"h FIELDS 9223372036854775808 a", NOT_POSITIVE},
        {"h FIELDS 2 a", NO_MATCH},
        {"h FIELDS 1 a b", NO_MATCH},
        {"h FIELDS 9223372036854775807 a", NO_MATCH},
        {"absent FIELDS 2 a", NO_MATCH},
    };
    struct command_fixture *f = *state;
    run(f, "HSET h a 1");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        for (size_t j = 0; j < ARRAY_LEN(cases); j++) {
            char line[100];
            snprintf(line, sizeof(line), "%s %s", commands[i], cases[j].arguments);
            assert_reply(f, line, cases[j].reply);
        }
    }
    assert_reply(f, "HTTL h FIELDS 1", "-ERR wrong number of arguments for 'httl' command");
    assert_events(f, "");
}

/* --- HGETDEL, HGETEX, HSETEX --- */

static void hgetdel_reads_and_deletes(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET h a 1 b 2 c 3");
    assert_reply(f, "HGETDEL h FIELDS 3 a x a", "[\"1\", nil, nil]");
    assert_events(f, "0:hdel:h");
    assert_reply(f, "HGETDEL h FIELDS 1 x", "[nil]");
    assert_reply(f, "HGETDEL absent FIELDS 2 a b", "[nil, nil]");
    assert_events(f, "");
    assert_reply(f, "HGETDEL h FIELDS 3 b c b", "[\"2\", \"3\", nil]");
    assert_events(f, "0:hdel:h 0:del:h");
    assert_reply(f, "EXISTS h", "0");
}

static void hgetdel_finds_nothing_past_its_time(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSETEX h PX 1 FIELDS 1 a 1");
    run(f, "HSET h b 2");
    fixture_advance_ms(f, 1);
    assert_reply(f, "HGETDEL h FIELDS 2 b a", "[\"2\", nil]");
    assert_events(f, "0:hexpired:h 0:hdel:h 0:del:h");
}

static void hgetex_reads_and_sets_the_time(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET h a 1 b 2");
    assert_reply(f, "HGETEX h FIELDS 2 a x", "[\"1\", nil]");
    assert_reply(f, "HGETEX absent EX 10 FIELDS 2 a x", "[nil, nil]");
    assert_events(f, "");
    assert_reply(f, "HGETEX h EX 10 FIELDS 2 a x", "[\"1\", nil]");
    assert_events(f, "0:hexpire:h");
    assert_reply(f, "HPTTL h FIELDS 2 a b", "[10000, -1]");
    assert_reply(f, "HGETEX h FIELDS 1 a PX 20", "[\"1\"]");
    assert_reply(f, "HPTTL h FIELDS 1 a", "[20]");
    run(f, "HGETEX h EXAT 1800000000 FIELDS 1 a");
    assert_reply(f, "HEXPIRETIME h FIELDS 1 a", "[1800000000]");
    run(f, "HGETEX h PXAT 1800000000123 FIELDS 1 a");
    assert_reply(f, "HPEXPIRETIME h FIELDS 1 a", "[1800000000123]");
    assert_reply(f, "HGETEX h FIELDS 1 a", "[\"1\"]");
    assert_reply(f, "HPEXPIRETIME h FIELDS 1 a", "[1800000000123]");
    assert_reply(f, "HGETEX h PERSIST FIELDS 3 a b x", "[\"1\", \"2\", nil]");
    assert_events(f, "0:hpersist:h");
    assert_reply(f, "HGETEX h persist FIELDS 1 a", "[\"1\"]");
    assert_reply(f, "HGETEX h EX 10 FIELDS 1 x", "[nil]");
    assert_events(f, "");
    assert_reply(f, "HTTL h FIELDS 1 a", "[-1]");
}

static void hgetex_with_a_time_that_has_passed_deletes(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET h a 1 b 2");
    assert_reply(f, "HGETEX h PX 0 FIELDS 2 a a", "[\"1\", nil]");
    assert_events(f, "0:hdel:h");
    assert_reply(f, "HGETEX h EXAT 1 FIELDS 1 b", "[\"2\"]");
    assert_events(f, "0:hdel:h 0:del:h");
}

static void hgetex_tells_what_has_expired_first(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSETEX h PX 1 FIELDS 1 a 1");
    run(f, "HSET h b 2");
    fixture_advance_ms(f, 1);
    assert_reply(f, "HGETEX h EX 100 FIELDS 2 a b", "[nil, \"2\"]");
    assert_events(f, "0:hexpired:h 0:hexpire:h");
}

static void hsetex_sets_with_a_time(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "HSETEX h FIELDS 2 a 1 b 2", "1");
    assert_events(f, "0:hset:h");
    assert_reply(f, "HSETEX h EX 10 FIELDS 2 a 3 c 4", "1");
    assert_events(f, "0:hset:h 0:hexpire:h");
    assert_reply(f, "HMGET h a b c", "[\"3\", \"2\", \"4\"]");
    assert_reply(f, "HPTTL h FIELDS 3 a b c", "[10000, -1, 10000]");
    run(f, "HSETEX h FIELDS 1 a 5 PX 55");
    assert_reply(f, "HPTTL h FIELDS 1 a", "[55]");
    run(f, "HSETEX h EXAT 1800000000 FIELDS 1 a 6");
    assert_reply(f, "HEXPIRETIME h FIELDS 1 a", "[1800000000]");
    run(f, "HSETEX h PXAT 1800000000123 FIELDS 1 a 7");
    assert_reply(f, "HPEXPIRETIME h FIELDS 1 a", "[1800000000123]");
    assert_reply(f, "HSETEX h KEEPTTL FIELDS 2 a 8 d 1", "1");
    assert_events(f, "0:hset:h");
    assert_reply(f, "HPEXPIRETIME h FIELDS 2 a d", "[1800000000123, -1]");
    run(f, "HSETEX h FIELDS 1 a 9");
    assert_reply(f, "HPEXPIRETIME h FIELDS 1 a", "[-1]");
    assert_reply(f, "HGET h a", "\"9\"");
}

static void hsetex_has_conditions(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "HSETEX h FXX FIELDS 1 a 1", "0");
    assert_reply(f, "EXISTS h", "0");
    assert_reply(f, "HSETEX h FNX FIELDS 2 a 1 a 2", "1");
    assert_reply(f, "HSETEX h FNX FIELDS 2 b 1 a 3", "0");
    assert_reply(f, "HSETEX h FXX FIELDS 2 a 3 b 1", "0");
    assert_reply(f, "HGETALL h", "[\"a\", \"2\"]");
    assert_events(f, "0:hset:h");
    assert_reply(f, "HSETEX h EX 10 FXX FIELDS 1 a 4", "1");
    assert_reply(f, "HSETEX h FIELDS 1 b 5 fnx", "1");
    assert_reply(f, "HMGET h a b", "[\"4\", \"5\"]");
    assert_reply(f, "HTTL h FIELDS 2 a b", "[10, -1]");
}

static void hsetex_with_a_time_that_has_passed_deletes(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "HSETEX h PX 0 FIELDS 2 a 1 a 2", "1");
    assert_events(f, "0:hset:h 0:hdel:h 0:del:h");
    run(f, "HSET h a 1 b 2");
    assert_reply(f, "HSETEX h EXAT 1 FIELDS 2 a 3 c 4", "1");
    assert_events(f, "0:hset:h 0:hdel:h");
    assert_reply(f, "HGETALL h", "[\"b\", \"2\"]");
    assert_reply(f, "HSETEX h FXX PXAT 1 FIELDS 1 b 2", "1");
    assert_events(f, "0:hset:h 0:hdel:h 0:del:h");
}

static void conditions_do_not_see_what_has_expired(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSETEX h PX 10 FIELDS 1 a 1");
    run(f, "HSET h b 2");
    fixture_advance_ms(f, 10);
    assert_reply(f, "HSETEX h FXX FIELDS 1 a 1", "0");
    assert_events(f, "0:hexpired:h");
    assert_reply(f, "HSETEX h FNX FIELDS 1 a 1", "1");
}

static void hgetex_and_hsetex_refuse(void **state) {
    static const char getex_one[] =
        "-ERR Only one of EX, PX, EXAT, PXAT or PERSIST arguments can be specified";
    static const char setex_one[] =
        "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified";
    static const char one_condition[] = "-ERR Only one of FXX or FNX arguments can be specified";
    static const struct {
        const char *line, *reply;
    } cases[] = {
        {"HGETEX h FIELDS 1", "-ERR wrong number of arguments for 'hgetex' command"},
        {"HSETEX h FIELDS 1 a", "-ERR wrong number of arguments for 'hsetex' command"},
        {"HGETEX h FIELDS 0 a", "-ERR invalid number of fields"},
        {"HGETEX h FIELDS -1 a", "-ERR invalid number of fields"},
        {"HSETEX h FIELDS x a 1", "-ERR invalid number of fields"},
        {"HSETEX h FIELDS 2147483648 a 1", "-ERR invalid number of fields"},
        {"HGETEX h FIELDS 2 a", "-ERR wrong number of arguments"},
        {"HSETEX h FIELDS 2 a 1", "-ERR wrong number of arguments"},
        {"HSETEX h FIELDS 2 a 1 b", "-ERR wrong number of arguments"},
        {"HSETEX h FIELDS 2147483647 a 1", "-ERR wrong number of arguments"},
        {"HGETEX h EX 10 FIELDS", "-ERR wrong number of arguments"},
        {"HSETEX h FNX EX 10 FIELDS", "-ERR wrong number of arguments"},
        {"HGETEX h FIELDS 1 a b", "-ERR unknown argument: b"},
        {"HSETEX h FIELDS 1 a 1 b", "-ERR unknown argument: b"},
        {"HGETEX h KEEPTTL FIELDS 1 a", "-ERR unknown argument: KEEPTTL"},
        {"HGETEX h FNX FIELDS 1 a", "-ERR unknown argument: FNX"},
        {"HSETEX h PERSIST FIELDS 1 a 1", "-ERR unknown argument: PERSIST"},
        {"HSETEX h NX FIELDS 1 a 1", "-ERR unknown argument: NX"},
        {"HGETEX h FIELDS 1 a FIELDS 1 a", "-ERR FIELDS keyword specified multiple times"},
        {"HSETEX h FIELDS 1 a 1 FIELDS", "-ERR FIELDS keyword specified multiple times"},
        {"HGETEX h FIELDS 1 a EX", "-ERR missing expire time"},
        {"HSETEX h FIELDS 1 a 1 PXAT", "-ERR missing expire time"},
        {"HGETEX h EX FIELDS 1 a", NOT_INTEGER},
        {"HSETEX h PX x FIELDS 1 a 1", NOT_INTEGER},
        {"HGETEX h PX -1 FIELDS 1 a", BAD_TIME},
        {"HSETEX h EXAT -1 FIELDS 1 a 1", BAD_TIME},
        {"HGETEX h PXAT 70368744177664 FIELDS 1 a", "-ERR invalid expire time in 'hgetex' command"},
        {"HSETEX h EX 70368744178 FIELDS 1 a 1", "-ERR invalid expire time in 'hsetex' command"},
        {"HGETEX h EX 10 PX 10 FIELDS 1 a", getex_one},
        {"HGETEX h EX 10 EX 10 FIELDS 1 a", getex_one},
        {"HGETEX h PERSIST EX 10 FIELDS 1 a", getex_one},
        {"HGETEX h EX 10 PERSIST FIELDS 1 a", getex_one},
        {"HGETEX h PERSIST PERSIST FIELDS 1 a", getex_one},
        {"HSETEX h EXAT 10 PXAT 10 FIELDS 1 a 1", setex_one},
        {"HSETEX h KEEPTTL EX 10 FIELDS 1 a 1", setex_one},
        {"HSETEX h PX 10 FIELDS 1 a 1 KEEPTTL", setex_one},
        {"HSETEX h KEEPTTL KEEPTTL FIELDS 1 a 1", setex_one},
        {"HSETEX h FNX FXX FIELDS 1 a 1", one_condition},
        {"HSETEX h FNX FNX FIELDS 1 a 1", one_condition},
        {"HSETEX h FXX FIELDS 1 a 1 FXX", one_condition},
        {"HGETEX h PERSIST PERSIST EX", getex_one},
    };
    struct command_fixture *f = *state;
    run(f, "HSET h a 1");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) assert_reply(f, cases[i].line, cases[i].reply);
    assert_events(f, "");
    assert_reply(f, "HGETALL h", "[\"a\", \"1\"]");
    assert_reply(f, "HTTL h FIELDS 1 a", "[-1]");
}

#define BOTH(name) TEST(name), cmocka_unit_test_setup_teardown(name, set_up_table, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(hexpire_answers_for_each_field),
        BOTH(due_times_are_told_in_each_unit),
        BOTH(conditions_are_asked_of_each_field),
        BOTH(a_time_that_has_passed_deletes),
        BOTH(fields_go_on_time),
        BOTH(fields_go_unasked),
        BOTH(the_last_field_takes_the_key_along),
        BOTH(writing_after_the_time_begins_anew),
        BOTH(setting_takes_the_time_off_and_counting_keeps_it),
        BOTH(hpersist_takes_the_time_off),
        BOTH(due_times_go_along_with_the_key),
        TEST(a_hash_with_due_times_may_become_a_table),
        TEST(the_packed_form_with_due_times_has_a_name),
        BOTH(hexpire_refuses),
        BOTH(hexpire_takes_its_options_in_any_order),
        TEST(the_last_fields_argument_is_checked),
        BOTH(hgetdel_reads_and_deletes),
        BOTH(hgetdel_finds_nothing_past_its_time),
        BOTH(hgetex_reads_and_sets_the_time),
        BOTH(hgetex_with_a_time_that_has_passed_deletes),
        BOTH(hgetex_tells_what_has_expired_first),
        BOTH(hsetex_sets_with_a_time),
        BOTH(hsetex_has_conditions),
        BOTH(hsetex_with_a_time_that_has_passed_deletes),
        BOTH(conditions_do_not_see_what_has_expired),
        TEST(hgetex_and_hsetex_refuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
