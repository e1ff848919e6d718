/* The keys family against an engine in process. */
#include "commands/keys/key_commands.h"
#include "commands/string/string_commands.h"
#include "data/database.h"
#include "unit/support/command_fixture.h"

#include <stdio.h>
#include <stdlib.h>

static const struct command_list *const lists[] = {
    &key_exist_commands,   &key_move_commands,
    &key_walk_commands,    &key_database_commands,
    &key_expire_commands,  &key_object_commands,
    &string_get_commands,  &string_set_commands,
    &string_edit_commands, NULL,
};

static int set_up(void **state) {
    *state = fixture_new(lists);
    return 0;
}

static int tear_down(void **state) {
    fixture_free(*state);
    return 0;
}

static void use_db(struct command_fixture *f, uint32_t number) {
    f->session.db_number = number;
}

/* --- existence --- */

static void del_counts_what_it_deleted_and_says_so(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET a 1");
    fixture_run(f, "SET b 2");
    assert_events(f, "0:set:a 0:set:b");
    assert_reply(f, "DEL a absent b a", "2");
    assert_events(f, "0:del:a 0:del:b");
    assert_reply(f, "DBSIZE", "0");
}

static void unlink_reports_del(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET a 1");
    (void)fixture_events(f);
    assert_reply(f, "UNLINK a a", "1");
    assert_events(f, "0:del:a");
}

static void many_keys_are_deleted_in_several_portions(void **state) {
    struct command_fixture *f = *state;
    enum { KEYS = 100 };
    char names[KEYS][16];
    struct bytes args[KEYS + 1] = {BYTES("DEL")};
    for (int i = 0; i < KEYS; i++) {
        char line[32];
        snprintf(names[i], sizeof(names[i]), "k%d", i);
        snprintf(line, sizeof(line), "SET k%d v", i);
        fixture_run(f, line);
        args[i + 1] = bytes_of_str(names[i]);
    }
    assert_string_equal(fixture_run_args(f, args, KEYS + 1), "100");
    assert_reply(f, "DBSIZE", "0");
}

static void exists_counts_a_key_as_often_as_it_is_named(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET a 1");
    assert_reply(f, "EXISTS a a absent", "2");
    assert_reply(f, "TYPE a", "string");
    assert_reply(f, "TYPE absent", "none");
    assert_int_equal(f->engine->keyspace->stats.hits, 3);
    assert_int_equal(f->engine->keyspace->stats.misses, 2);
}

static void only_touch_moves_the_access_clock(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET a 1");
    fixture_advance_ms(f, 100 * 1000);
    fixture_run(f, "EXISTS a");
    fixture_run(f, "TYPE a");
    fixture_run(f, "TTL a");
    fixture_run(f, "OBJECT ENCODING a");
    assert_reply(f, "OBJECT IDLETIME a", "100");
    assert_reply(f, "TOUCH a absent", "1");
    assert_reply(f, "OBJECT IDLETIME a", "0");
}

static void touch_works_for_a_client_that_leaves_clocks_alone(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET a 1");
    fixture_advance_ms(f, 100 * 1000);
    f->session.is_no_touch = true;
    fixture_run(f, "GET a");
    assert_reply(f, "OBJECT IDLETIME a", "100");
    fixture_run(f, "TOUCH a");
    assert_reply(f, "OBJECT IDLETIME a", "0");
}

/* --- other names and places --- */

static void rename_carries_value_time_and_access_clock(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET a text");
    fixture_run(f, "PEXPIREAT a 1800000000123");
    fixture_run(f, "SET b old");
    (void)fixture_events(f);
    assert_reply(f, "RENAME a b", "OK");
    assert_events(f, "0:rename_from:a 0:rename_to:b");
    assert_reply(f, "GET b", "\"text\"");
    assert_reply(f, "PEXPIRETIME b", "1800000000123");
    assert_reply(f, "EXISTS a", "0");
    assert_int_equal(f->engine->keyspace->dbs[0]->due_count, 1);
}

static void rename_takes_away_the_time_of_what_it_replaces(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET a text");
    fixture_run(f, "SET b old EX 100");
    fixture_run(f, "RENAME a b");
    assert_reply(f, "TTL b", "-1");
    assert_int_equal(f->engine->keyspace->dbs[0]->due_count, 0);
}

static void a_renamed_key_expires_on_time(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET a text PX 1000");
    fixture_run(f, "RENAME a b");
    (void)fixture_events(f);
    fixture_advance_ms(f, 1010);
    fixture_expire_due(f);
    assert_events(f, "0:expired:b");
}

static void rename_to_itself_and_of_nothing(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "RENAME absent absent", "-ERR no such key");
    assert_reply(f, "RENAMENX absent a", "-ERR no such key");
    fixture_run(f, "SET a 1");
    (void)fixture_events(f);
    assert_reply(f, "RENAME a a", "OK");
    assert_reply(f, "RENAMENX a a", "0");
    assert_events(f, "");
}

static void renamenx_leaves_an_existing_key(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET a 1");
    fixture_run(f, "SET b 2");
    assert_reply(f, "RENAMENX a b", "0");
    assert_reply(f, "RENAMENX a c", "1");
    assert_reply(f, "GET c", "\"1\"");
    assert_reply(f, "GET b", "\"2\"");
}

static void a_long_value_and_a_long_name_are_renamed(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SETRANGE a 4999 x");
    char line[400];
    snprintf(line, sizeof(line), "RENAME a %0300d", 7);
    assert_reply(f, line, "OK");
    snprintf(line, sizeof(line), "STRLEN %0300d", 7);
    assert_reply(f, line, "5000");
}

static void move_carries_a_key_to_another_database(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET a 1 PXAT 1800000000123");
    (void)fixture_events(f);
    assert_reply(f, "MOVE a 3", "1");
    assert_events(f, "0:move_from:a 3:move_to:a");
    assert_reply(f, "EXISTS a", "0");
    use_db(f, 3);
    assert_reply(f, "PEXPIRETIME a", "1800000000123");
    assert_reply(f, "GET a", "\"1\"");
}

static void move_refuses_what_makes_no_sense(void **state) {
    struct command_fixture *f = *state;
    const char *same = "-ERR source and destination objects are the same";
    fixture_run(f, "SET a 1");
    assert_reply(f, "MOVE absent 0", same);
    assert_reply(f, "MOVE a 0", same);
    assert_reply(f, "MOVE absent 1", "0");
    assert_reply(f, "MOVE a 16", "-ERR DB index is out of range");
    assert_reply(f, "MOVE a -1", "-ERR DB index is out of range");
    assert_reply(f, "MOVE a x", "-ERR value is not an integer or out of range");
    use_db(f, 1);
    fixture_run(f, "SET a 2");
    assert_reply(f, "MOVE a 0", "0");
    assert_reply(f, "GET a", "\"2\"");
}

static void copy_makes_a_value_of_its_own(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SETRANGE a 1999 x");
    fixture_run(f, "PEXPIREAT a 1800000000123");
    (void)fixture_events(f);
    assert_reply(f, "COPY a b", "1");
    assert_events(f, "0:copy_to:b");
    fixture_run(f, "SETRANGE b 0 changed");
    assert_reply(f, "GETRANGE a 0 1", "\"\\x00\\x00\"");
    assert_reply(f, "PEXPIRETIME b", "1800000000123");
    assert_reply(f, "OBJECT ENCODING b", "\"raw\"");
    assert_reply(f, "STRLEN b", "2000");
}

static void copy_replaces_only_when_told(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET a 1");
    fixture_run(f, "SET b 2 EX 100");
    assert_reply(f, "COPY a b", "0");
    assert_reply(f, "COPY absent b REPLACE", "0");
    assert_reply(f, "COPY a b REPLACE", "1");
    assert_reply(f, "GET b", "\"1\"");
    assert_reply(f, "TTL b", "-1");
    assert_reply(f, "COPY a a DB 1", "1");
    assert_reply(f, "COPY a a DB 1", "0");
    assert_reply(f, "COPY a a REPLACE DB 1", "1");
    assert_reply(f, "COPY a a DB 0", "-ERR source and destination objects are the same");
    assert_reply(f, "COPY a b DB 16", "-ERR DB index is out of range");
    assert_reply(f, "COPY a b DB", "-ERR syntax error");
}

/* --- walking --- */

static void fill(struct command_fixture *f, int count) {
    for (int i = 0; i < count; i++) {
        char line[32];
        snprintf(line, sizeof(line), "SET key:%d %d", i, i);
        fixture_run(f, line);
    }
}

static void randomkey_draws_a_key_that_is_there(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "RANDOMKEY", "nil");
    fixture_run(f, "SET only v");
    assert_reply(f, "RANDOMKEY", "\"only\"");
}

static void keys_match_patterns(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "KEYS *", "[]");
    fixture_run(f, "SET one 1");
    fixture_run(f, "SET a*b 1");
    assert_reply(f, "KEYS o?e", "[\"one\"]");
    assert_reply(f, "KEYS one", "[\"one\"]");
    assert_reply(f, "KEYS a\\*b", "[\"a*b\"]");
    assert_reply(f, "KEYS absent", "[]");
}

/* Walks with the given options and counts how many elements came; checks no cursor repeats. */
static size_t walk(struct command_fixture *f, const char *options, size_t *rounds) {
    char cursor[32] = "0";
    size_t found = 0;
    *rounds = 0;
    do {
        char line[128];
        snprintf(line, sizeof(line), "SCAN %s %s", cursor, options);
        const char *reply = fixture_run(f, line);
        assert_int_equal(sscanf(reply, "[\"%31[0-9]\"", cursor), 1);
        for (const char *c = reply; (c = strstr(c, "key:")) != NULL; c++) found++;
        (*rounds)++;
        assert_true(*rounds < 10000);
    } while (strcmp(cursor, "0") != 0);
    return found;
}

static void scan_returns_every_key_once(void **state) {
    struct command_fixture *f = *state;
    size_t rounds;
    fill(f, 1000);
    assert_int_equal(walk(f, "", &rounds), 1000);
    assert_true(rounds > 50 && rounds <= 100);
    assert_int_equal(walk(f, "COUNT 100000", &rounds), 1000);
    assert_int_equal(rounds, 1);
    assert_int_equal(walk(f, "COUNT 1", &rounds), 1000);
    assert_int_equal(walk(f, "MATCH key:9* COUNT 100", &rounds), 111);
    assert_int_equal(walk(f, "TYPE string MATCH key:??", &rounds), 90);
    assert_int_equal(walk(f, "TYPE list", &rounds), 0);
}

static void scan_for_a_literal_name_ends_at_once(void **state) {
    struct command_fixture *f = *state;
    size_t rounds;
    fill(f, 1000);
    assert_int_equal(walk(f, "MATCH key:7", &rounds), 1);
    assert_int_equal(rounds, 1);
    assert_int_equal(walk(f, "MATCH key:absent", &rounds), 0);
    assert_reply(f, "SCAN 0 MATCH key:7 TYPE string", "[\"0\", [\"key:7\"]]");
    assert_reply(f, "SCAN 281474976710655 MATCH key:7", "[\"0\", []]");
}

static void scan_and_keys_pass_over_keys_past_their_time(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET a 1 PX 10");
    fixture_run(f, "SET b 2");
    fixture_advance_ms(f, 10);
    assert_int_equal(f->engine->keyspace->dbs[0]->keys.count, 2);
    (void)fixture_events(f);
    assert_reply(f, "SCAN 0", "[\"0\", [\"b\"]]");
    assert_events(f, "0:expired:a");
    assert_reply(f, "DBSIZE", "1");
    fixture_run(f, "SET c 1 PX 10");
    fixture_advance_ms(f, 10);
    assert_reply(f, "KEYS *", "[\"b\"]");
    assert_reply(f, "RANDOMKEY", "\"b\"");
}

static void scan_refuses_bad_arguments(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "SCAN abc", "-ERR invalid cursor");
    assert_reply(f, "SCAN 99999999999999999999", "-ERR invalid cursor");
    assert_reply(f, "SCAN -1", "[\"0\", []]");
    assert_reply(f, "SCAN 0 COUNT 0", "-ERR syntax error");
    assert_reply(f, "SCAN 0 COUNT x", "-ERR value is not an integer or out of range");
    assert_reply(f, "SCAN 0 COUNT", "-ERR syntax error");
    assert_reply(f, "SCAN 0 NOVALUES", "-ERR syntax error");
    assert_reply(f, "SCAN 0 TYPE nonsense", "[\"0\", []]");
}

/* --- whole databases --- */

static void flushing_empties_one_or_all_databases(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET a 1 EX 100");
    use_db(f, 5);
    fixture_run(f, "SET a 1");
    assert_reply(f, "FLUSHDB SYNC", "OK");
    use_db(f, 0);
    assert_reply(f, "DBSIZE", "1");
    assert_reply(f, "FLUSHALL async", "OK");
    assert_reply(f, "DBSIZE", "0");
    assert_reply(f, "FLUSHALL nonsense", "-ERR syntax error");
    assert_reply(f, "FLUSHDB SYNC SYNC", "-ERR syntax error");
}

static void swapdb_exchanges_keys_and_their_times(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET a zero PX 100");
    assert_reply(f, "SWAPDB 0 1", "OK");
    assert_reply(f, "EXISTS a", "0");
    use_db(f, 1);
    assert_reply(f, "GET a", "\"zero\"");
    (void)fixture_events(f);
    fixture_advance_ms(f, 110);
    fixture_expire_due(f);
    assert_events(f, "1:expired:a");
    assert_reply(f, "SWAPDB x 0", "-ERR invalid first DB index");
    assert_reply(f, "SWAPDB 0 99999999999", "-ERR invalid second DB index");
    assert_reply(f, "SWAPDB 0 16", "-ERR DB index is out of range");
}

/* --- expiry --- */

static void expire_sets_a_time_in_each_unit(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET a 1");
    assert_reply(f, "TTL a", "-1");
    assert_reply(f, "PTTL absent", "-2");
    (void)fixture_events(f);
    assert_reply(f, "EXPIRE a 100", "1");
    assert_events(f, "0:expire:a");
    assert_reply(f, "PTTL a", "100000");
    assert_reply(f, "PEXPIRE a 1499", "1");
    assert_reply(f, "TTL a", "1");
    assert_reply(f, "PEXPIRE a 1500", "1");
    assert_reply(f, "TTL a", "2");
    assert_reply(f, "EXPIREAT a 1800000000", "1");
    assert_reply(f, "PEXPIRETIME a", "1800000000000");
    assert_reply(f, "PEXPIREAT a 1800000000500", "1");
    assert_reply(f, "EXPIRETIME a", "1800000001");
    assert_reply(f, "EXPIRE absent 100", "0");
}

static void a_key_is_gone_when_its_time_has_come(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET a 1");
    fixture_run(f, "PEXPIRE a 100");
    fixture_advance_ms(f, 99);
    assert_reply(f, "PTTL a", "1");
    fixture_advance_ms(f, 1);
    (void)fixture_events(f);
    assert_reply(f, "EXISTS a", "0");
    assert_events(f, "0:expired:a");
}

static void a_time_that_has_passed_deletes(void **state) {
    struct command_fixture *f = *state;
    const char *const lines[] = {"EXPIRE a 0", "PEXPIRE a -5", "EXPIREAT a 1", "PEXPIREAT a -1"};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        fixture_run(f, "SET a 1");
        (void)fixture_events(f);
        assert_reply(f, lines[i], "1");
        assert_events(f, "0:del:a");
        assert_reply(f, "EXISTS a", "0");
    }
}

static void conditions_decide_whether_a_time_is_set(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET a 1");
    assert_reply(f, "EXPIRE a 100 XX", "0");
    assert_reply(f, "EXPIRE a 100 GT", "0");
    assert_reply(f, "EXPIRE a 100 NX", "1");
    assert_reply(f, "EXPIRE a 200 NX", "0");
    assert_reply(f, "EXPIRE a 100 GT", "0");
    assert_reply(f, "EXPIRE a 200 GT", "1");
    assert_reply(f, "EXPIRE a 200 LT", "0");
    assert_reply(f, "EXPIRE a 300 XX LT", "0");
    assert_reply(f, "EXPIRE a 100 XX LT", "1");
    assert_reply(f, "PTTL a", "100000");
    fixture_run(f, "PERSIST a");
    assert_reply(f, "EXPIRE a 50 LT", "1");
}

static void expire_refuses_bad_arguments(void **state) {
    struct command_fixture *f = *state;
    const char *nx = "-ERR NX and XX, GT or LT options at the same time are not compatible";
    const char *invalid = "-ERR invalid expire time in 'expire' command";
    fixture_run(f, "SET a 1");
    assert_reply(f, "EXPIRE a 10 NX XX", nx);
    assert_reply(f, "EXPIRE a 10 LT NX", nx);
    assert_reply(f, "EXPIRE a 10 GT LT",
                 "-ERR GT and LT options at the same time are not compatible");
    assert_reply(f, "EXPIRE a 10 Foo", "-ERR Unsupported option Foo");
    assert_reply(f, "EXPIRE absent x", "-ERR value is not an integer or out of range");
    assert_reply(f, "EXPIRE a 9223372036854775807", invalid);
    assert_reply(f, "EXPIRE a -9223372036854775808", invalid);
    assert_reply(f, "PEXPIRE a 9223372036854775807",
                 "-ERR invalid expire time in 'pexpire' command");
    assert_reply(f, "PEXPIREAT a 9223372036854775807", "1");
    assert_reply(f, "PEXPIRETIME a", "9223372036854775807");
}

static void persist_takes_the_time_away(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET a 1 EX 10");
    (void)fixture_events(f);
    assert_reply(f, "PERSIST a", "1");
    assert_events(f, "0:persist:a");
    assert_reply(f, "PERSIST a", "0");
    assert_reply(f, "PERSIST absent", "0");
    fixture_advance_ms(f, 20 * 1000);
    fixture_expire_due(f);
    assert_reply(f, "EXISTS a", "1");
}

/* --- OBJECT --- */

static void object_tells_how_a_value_is_held(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET n 12345");
    fixture_run(f, "SET t text");
    assert_reply(f, "OBJECT ENCODING n", "\"int\"");
    assert_reply(f, "OBJECT ENCODING t", "\"embstr\"");
    assert_reply(f, "OBJECT REFCOUNT t", "1");
    assert_reply(f, "OBJECT ENCODING absent", "nil");
    assert_reply(f, "OBJECT FREQ absent", "nil");
    assert_reply(f, "OBJECT NONSENSE t", "-ERR unknown subcommand 'NONSENSE'. Try OBJECT HELP.");
    assert_memory_equal(fixture_run(f, "OBJECT FREQ t"), "-ERR An LFU maxmemory policy is not", 35);
    f->engine->keyspace->access.is_lfu = true;
    fixture_run(f, "SET u text");
    assert_reply(f, "OBJECT FREQ u", "5");
    assert_memory_equal(fixture_run(f, "OBJECT IDLETIME t"), "-ERR An LFU maxmemory policy is sel",
                        35);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(del_counts_what_it_deleted_and_says_so),
        TEST(unlink_reports_del),
        TEST(many_keys_are_deleted_in_several_portions),
        TEST(exists_counts_a_key_as_often_as_it_is_named),
        TEST(only_touch_moves_the_access_clock),
        TEST(touch_works_for_a_client_that_leaves_clocks_alone),
        TEST(rename_carries_value_time_and_access_clock),
        TEST(rename_takes_away_the_time_of_what_it_replaces),
        TEST(a_renamed_key_expires_on_time),
        TEST(rename_to_itself_and_of_nothing),
        TEST(renamenx_leaves_an_existing_key),
        TEST(a_long_value_and_a_long_name_are_renamed),
        TEST(move_carries_a_key_to_another_database),
        TEST(move_refuses_what_makes_no_sense),
        TEST(copy_makes_a_value_of_its_own),
        TEST(copy_replaces_only_when_told),
        TEST(randomkey_draws_a_key_that_is_there),
        TEST(keys_match_patterns),
        TEST(scan_returns_every_key_once),
        TEST(scan_for_a_literal_name_ends_at_once),
        TEST(scan_and_keys_pass_over_keys_past_their_time),
        TEST(scan_refuses_bad_arguments),
        TEST(flushing_empties_one_or_all_databases),
        TEST(swapdb_exchanges_keys_and_their_times),
        TEST(expire_sets_a_time_in_each_unit),
        TEST(a_key_is_gone_when_its_time_has_come),
        TEST(a_time_that_has_passed_deletes),
        TEST(conditions_decide_whether_a_time_is_set),
        TEST(expire_refuses_bad_arguments),
        TEST(persist_takes_the_time_away),
        TEST(object_tells_how_a_value_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
