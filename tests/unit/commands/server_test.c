/* The server family against an engine in process. */
#include "commands/keys/key_commands.h"
#include "commands/server/server_commands.h"
#include "commands/string/string_commands.h"
#include "engine/reply.h"
#include "engine/version.h"
#include "foundation/number.h"
#include "unit/support/command_fixture.h"

#include <stdio.h>
#include <stdlib.h>

static const struct command_list *const other_lists[] = {
    &key_exist_commands,
    &key_database_commands,
    &key_expire_commands,
    &string_get_commands,
    &string_set_commands,
    &string_counter_commands,
    NULL,
};

static void write_extra(struct engine *engine, struct buffer *out) {
    (void)engine;
    buffer_append_str(out, "extra_field:1\r\n");
}

static const struct info_part other_parts[] = {
    {.section = "Stats", .write = write_extra},
    {.section = "Hidden", .write = write_extra, .is_extra = true},
    {.section = NULL},
};

static bool cannot_save;

static bool prepare_stop(struct engine *engine, const struct stop_wish *wish) {
    (void)engine;
    return !cannot_save || wish->is_not_saving;
}

static void answer_tool(struct call *call) {
    reply_simple(call, "from a feature");
}

static const char *const tool_help[] = {"TOOL", "    Of a feature.", NULL};
static const struct debug_tool tools[] = {
    {.name = "tool", .min_argc = 2, .max_argc = 2, .handler = answer_tool, .help = tool_help},
    {.name = NULL},
};

static const struct feature other_feature = {
    .name = "others",
    .commands = other_lists,
    .info = other_parts,
    .debug_tools = tools,
    .prepare_stop = prepare_stop,
};

static int set_up(void **state) {
    const struct feature *const features[] = {&server_commands_feature, &other_feature, NULL};
    struct command_fixture *f = fixture_new_of_features(features);
    assert_true(server_commands_feature.start(f->engine, NULL));
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    fixture_free(*state);
    return 0;
}

/* The value of an INFO field of some section, valid until the next call; NULL when it is not there. */
static const char *info_field(struct command_fixture *f, const char *section, const char *name) {
    static char value[256];
    char line[64], wanted[64];
    snprintf(line, sizeof(line), "INFO %s", section);
    snprintf(wanted, sizeof(wanted), "\n%s:", name);
    fixture_run(f, line);
    struct bytes raw = fixture_raw_reply(f);
    const char *at = memmem(raw.data, raw.len, wanted, strlen(wanted));
    if (at == NULL) return NULL;
    at += strlen(wanted);
    const char *end = memchr(at, '\r', raw.len - (size_t)(at - raw.data));
    snprintf(value, sizeof(value), "%.*s", (int)(end - at), at);
    return value;
}

static bool has_text(struct command_fixture *f, const char *line, const char *text) {
    return strstr(fixture_run(f, line), text) != NULL;
}

/* --- INFO --- */

static void info_without_sections_shows_all_but_the_extra_ones(void **state) {
    struct command_fixture *f = *state;
    assert_true(has_text(f, "INFO", "# Server\\r\\n"));
    assert_true(has_text(f, "INFO", "# Keyspace\\r\\n"));
    assert_false(has_text(f, "INFO", "# Commandstats"));
    assert_false(has_text(f, "INFO default", "# Hidden"));
    assert_true(has_text(f, "INFO all", "# Commandstats"));
    assert_true(has_text(f, "INFO everything", "# Hidden"));
}

static void info_takes_several_sections_in_any_case(void **state) {
    struct command_fixture *f = *state;
    const char *text = fixture_run(f, "INFO KEYSPACE cpu");
    assert_non_null(strstr(text, "# CPU"));
    assert_non_null(strstr(text, "\\r\\n\\r\\n# Keyspace\\r\\n"));
    assert_null(strstr(text, "# Server"));
    assert_reply(f, "INFO nonsense", "\"\"");
    assert_true(has_text(f, "INFO nonsense default", "# Server"));
}

static void parts_of_a_section_stand_together(void **state) {
    struct command_fixture *f = *state;
    assert_string_equal(info_field(f, "stats", "extra_field"), "1");
    const char *text = fixture_run(f, "INFO default");
    const char *stats = strstr(text, "# Stats");
    assert_non_null(stats);
    assert_null(strstr(stats + 1, "# Stats"));
    assert_true(strstr(stats, "extra_field") < strstr(stats, "# Replication"));
}

static void info_server_tells_both_versions_and_the_time_up(void **state) {
    struct command_fixture *f = *state;
    fixture_advance_ms(f, 90000 * 1000);
    assert_string_equal(info_field(f, "server", "redis_version"), REDIS_VERSION);
    assert_string_equal(info_field(f, "server", "skua_version"), SKUA_VERSION);
    assert_string_equal(info_field(f, "server", "uptime_in_seconds"), "90000");
    assert_string_equal(info_field(f, "server", "uptime_in_days"), "1");
    assert_string_equal(info_field(f, "server", "config_file"), "");
}

static void info_keyspace_counts_keys_and_times(void **state) {
    struct command_fixture *f = *state;
    assert_null(info_field(f, "keyspace", "db0"));
    fixture_run(f, "SET a 1");
    fixture_run(f, "SET b 1 PX 640000");
    assert_string_equal(info_field(f, "keyspace", "db0"), "keys=2,expires=1,avg_ttl=640000");
}

static void info_stats_follows_hits_and_expiry(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET a 1 PX 10");
    fixture_run(f, "GET a");
    fixture_run(f, "GET absent");
    fixture_advance_ms(f, 12);
    fixture_expire_due(f);
    assert_string_equal(info_field(f, "stats", "keyspace_hits"), "1");
    assert_string_equal(info_field(f, "stats", "keyspace_misses"), "1");
    assert_string_equal(info_field(f, "stats", "expired_keys"), "1");
    assert_string_equal(info_field(f, "stats", "expired_lag_max_us"), "2000");
}

static void the_rate_is_the_mean_of_the_samples(void **state) {
    struct command_fixture *f = *state;
    for (int i = 0; i < 16; i++) {
        fixture_advance_ms(f, 100);
        f->engine->stats.commands += 50;
        engine_tick(f->engine);
    }
    assert_string_equal(info_field(f, "stats", "instantaneous_ops_per_sec"), "500");
}

static void commandstats_count_calls_refusals_and_failures(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET k text");
    fixture_run(f, "INCR k");
    fixture_run(f, "INCR k");
    fixture_run(f, "INCR");
    const char *stats = info_field(f, "commandstats", "cmdstat_incr");
    assert_memory_equal(stats, "calls=2,usec=", 13);
    assert_non_null(strstr(stats, "rejected_calls=1,failed_calls=2,usec_max="));
    fixture_run(f, "CONFIG HELP");
    assert_non_null(info_field(f, "commandstats", "cmdstat_config|help"));
    assert_null(info_field(f, "commandstats", "cmdstat_getdel"));
}

static void errorstats_are_sorted_by_code(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET k text");
    fixture_run(f, "MEMORY USAGE k SAMPLES x");
    fixture_run(f, "NONSENSE");
    error_stats_note(&f->engine->errors, BYTES("ASK something"));
    assert_true(
        has_text(f, "INFO errorstats", "errorstat_ASK:count=1\\r\\nerrorstat_ERR:count=2\\r\\n"));
}

static void resetstat_forgets_what_was_counted(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "GET absent");
    fixture_run(f, "NONSENSE");
    assert_reply(f, "CONFIG RESETSTAT", "OK");
    assert_string_equal(info_field(f, "stats", "keyspace_misses"), "0");
    assert_string_equal(info_field(f, "stats", "total_error_replies"), "0");
    assert_null(info_field(f, "commandstats", "cmdstat_get"));
    assert_reply(f, "INFO errorstats", "\"# Errorstats\\r\\n\"");
}

/* --- CONFIG --- */

static void config_gets_by_pattern_and_sets(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "CONFIG GET timeout", "[\"timeout\", \"0\"]");
    assert_reply(f, "CONFIG SET timeout 30", "OK");
    assert_reply(f, "CONFIG GET timeou?", "[\"timeout\", \"30\"]");
    assert_reply(f, "CONFIG GET nonsense", "[]");
    f->session.version = RESP3;
    assert_reply(f, "CONFIG GET timeout nonsense", "{\"timeout\": \"30\"}");
}

static void config_refuses_with_the_whole_reason(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "CONFIG SET timeout 1 odd", "-ERR syntax error");
    assert_reply(f, "CONFIG SET nonsense 1",
                 "-ERR Unknown option or number of arguments for CONFIG SET - 'nonsense'");
    assert_reply(f, "CONFIG SET enable-debug-command yes",
                 "-ERR CONFIG SET failed (possibly related to argument 'enable-debug-command') - "
                 "can't set immutable config");
    assert_reply(f, "CONFIG REWRITE", "-ERR The server is running without a config file");
}

/* --- MEMORY --- */

static int64_t run_integer(struct command_fixture *f, const char *line) {
    int64_t value = 0;
    assert_true(number_parse_i64(bytes_of_str(fixture_run(f, line)), &value));
    return value;
}

static void memory_usage_counts_a_key_and_its_value(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "MEMORY USAGE absent", "nil");
    fixture_run(f, "SET k v");
    assert_true(run_integer(f, "MEMORY USAGE k") >= 16);
    fixture_run(f, "DEBUG POPULATE 1 big 100000");
    assert_true(run_integer(f, "MEMORY USAGE big:0 SAMPLES 0") >= 100000);
    assert_reply(f, "MEMORY USAGE k SAMPLES -1", "-ERR syntax error");
    assert_reply(f, "MEMORY USAGE k SAMPLES x", "-ERR value is not an integer or out of range");
    assert_reply(f, "MEMORY USAGE k nonsense", "-ERR syntax error");
    assert_reply(f, "MEMORY PURGE", "OK");
}

static void memory_stats_announces_as_many_pairs_as_it_sends(void **state) {
    struct command_fixture *f = *state;
    f->session.version = RESP3;
    fixture_run(f, "SET k v");
    const char *text = fixture_run(f, "MEMORY STATS");
    assert_non_null(strstr(text, "\"db.0\": {\"overhead.hashtable.main\": "));
    assert_non_null(strstr(text, "\"keys.count\": 1, "));
    const char *last = strstr(text, "\"fragmentation.bytes\": ");
    assert_non_null(last);
    assert_string_equal(strchr(last, '}'), "}");
}

/* --- DEBUG --- */

static void debug_digests_are_those_of_redis(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "DEBUG DIGEST", "0000000000000000000000000000000000000000");
    fixture_run(f, "SET k v");
    assert_reply(f, "DEBUG DIGEST", "264ccf65edec66bccfa7cc659414ccca432057d2");
    assert_reply(f, "DEBUG DIGEST-VALUE k absent",
                 "[d79ee9fe5d5ad902d7f6620efc3b07b75ddd742f, "
                 "0000000000000000000000000000000000000000]");
    assert_reply(f, "DEBUG DIGEST-VALUE", "[]");
}

static void debug_populate_makes_keys_and_leaves_existing_ones(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET key:1 mine");
    assert_reply(f, "DEBUG POPULATE 3", "OK");
    assert_reply(f, "DBSIZE", "3");
    assert_reply(f, "GET key:1", "\"mine\"");
    assert_reply(f, "GET key:2", "\"value:2\"");
    fixture_run(f, "DEBUG POPULATE 1 p 2");
    assert_reply(f, "GET p:0", "\"va\"");
    fixture_run(f, "DEBUG POPULATE 1 q 9");
    assert_reply(f, "GET q:0", "\"value:0\\x00\\x00\"");
    assert_reply(f, "DEBUG POPULATE x", "-ERR value is out of range, must be positive");
}

static void debug_protocol_shows_every_type(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "DEBUG PROTOCOL push", "-ERR RESP2 is not supported by this command");
    assert_reply(f, "DEBUG PROTOCOL attrib", "\"Some real reply following the attribute\"");
    assert_reply(f, "DEBUG PROTOCOL bignum", "\"1234567999999999999999999999999999999\"");
    f->session.version = RESP3;
    assert_reply(f, "DEBUG PROTOCOL map", "{0: #f, 1: #t, 2: #f}");
    assert_reply(f, "DEBUG PROTOCOL set", "{0, 1, 2}");
    assert_reply(f, "DEBUG PROTOCOL double", "3.141");
    assert_reply(f, "DEBUG PROTOCOL verbatim", "=txt\"This is a verbatim\\nstring\"");
    assert_reply(f, "DEBUG PROTOCOL bignum", "(1234567999999999999999999999999999999");
    assert_reply(f, "DEBUG PROTOCOL push",
                 ">[\"server-cpu-usage\", 42]\"Some real reply following the push reply\"");
    assert_reply(f, "DEBUG PROTOCOL attrib",
                 "|{\"key-popularity\": [\"key:123\", 90]}"
                 "\"Some real reply following the attribute\"");
}

static void debug_switches_the_calendar_off_and_on(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "DEBUG SET-ACTIVE-EXPIRE 0", "OK");
    fixture_run(f, "SET a 1 PX 10");
    fixture_advance_ms(f, 20);
    fixture_expire_due(f);
    assert_reply(f, "DBSIZE", "1");
    assert_reply(f, "DEBUG SET-ACTIVE-EXPIRE 1", "OK");
    fixture_expire_due(f);
    assert_reply(f, "DBSIZE", "0");
}

static void debug_pauses_the_tick(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "DEBUG PAUSE-CRON 1", "OK");
    f->engine->stats.peak_used_bytes = 0;
    engine_tick(f->engine);
    assert_int_equal(f->engine->stats.peak_used_bytes, 0);
    assert_reply(f, "DEBUG PAUSE-CRON 0", "OK");
    engine_tick(f->engine);
    assert_int_not_equal(f->engine->stats.peak_used_bytes, 0);
}

static void debug_refuses_unknown_forms(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "DEBUG nonsense",
                 "-ERR unknown subcommand or wrong number of arguments for 'nonsense'. Try DEBUG "
                 "HELP.");
    assert_reply(f, "DEBUG SLEEP",
                 "-ERR unknown subcommand or wrong number of arguments for 'SLEEP'. Try DEBUG "
                 "HELP.");
    assert_reply(f, "DEBUG OBJECT absent", "-ERR no such key");
    assert_reply(f, "DEBUG STRINGMATCH-LEN a*c abc", "1");
    assert_reply(f, "DEBUG STRINGMATCH-LEN a*d abc", "0");
    assert_true(has_text(f, "DEBUG HELP", "DEBUG <subcommand>"));
}

static void debug_object_describes_a_value(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET k v");
    fixture_advance_ms(f, 7000);
    const char *text = fixture_run(f, "DEBUG OBJECT k");
    assert_non_null(strstr(text, " refcount:1 encoding:embstr serializedlength:2 lru:"));
    assert_non_null(strstr(text, " lru_seconds_idle:7"));
}

/* --- the rest --- */

static void time_is_that_of_the_clock(void **state) {
    struct command_fixture *f = *state;
    fixture_advance_ms(f, 42);
    assert_reply(f, "TIME", "[\"1700000000\", \"42000\"]");
}

static void shutdown_stops_after_this_round(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "SHUTDOWN NOSAVE NOW", "");
    assert_true(f->engine->is_stopping);
    assert_true(f->session.is_closing);
}

static void shutdown_refuses_what_cannot_be(void **state) {
    struct command_fixture *f = *state;
    const char *const wrong[] = {"SHUTDOWN x", "SHUTDOWN SAVE NOSAVE", "SHUTDOWN NOW ABORT"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) assert_reply(f, wrong[i], "-ERR syntax error");
    assert_reply(f, "SHUTDOWN ABORT", "-ERR No shutdown in progress.");
    assert_false(f->engine->is_stopping);
}

static void shutdown_goes_on_when_saving_fails_unless_forced(void **state) {
    struct command_fixture *f = *state;
    cannot_save = true;
    assert_reply(f, "SHUTDOWN", "-ERR Errors trying to SHUTDOWN. Check logs.");
    assert_false(f->engine->is_stopping);
    assert_reply(f, "SHUTDOWN SAVE FORCE", "");
    cannot_save = false;
    assert_true(f->engine->is_stopping);
}

static void debug_has_the_tools_of_features(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "DEBUG tool", "from a feature");
    assert_true(has_text(f, "DEBUG TOOL x", "-ERR unknown subcommand"));
    assert_true(has_text(f, "DEBUG HELP", "Of a feature."));
}

static void lolwut_draws_and_tells_the_version(void **state) {
    struct command_fixture *f = *state;
    assert_true(has_text(f, "LOLWUT", "Redis ver. " REDIS_VERSION));
    assert_reply(f, "LOLWUT VERSION x", "-ERR value is not an integer or out of range");
    fixture_run(f, "LOLWUT VERSION 1 999999999 999999999");
    assert_in_range(fixture_raw_reply(f).len, 1000, 20000);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(info_without_sections_shows_all_but_the_extra_ones),
        TEST(info_takes_several_sections_in_any_case),
        TEST(parts_of_a_section_stand_together),
        TEST(info_server_tells_both_versions_and_the_time_up),
        TEST(info_keyspace_counts_keys_and_times),
        TEST(info_stats_follows_hits_and_expiry),
        TEST(the_rate_is_the_mean_of_the_samples),
        TEST(commandstats_count_calls_refusals_and_failures),
        TEST(errorstats_are_sorted_by_code),
        TEST(resetstat_forgets_what_was_counted),
        TEST(config_gets_by_pattern_and_sets),
        TEST(config_refuses_with_the_whole_reason),
        TEST(memory_usage_counts_a_key_and_its_value),
        TEST(memory_stats_announces_as_many_pairs_as_it_sends),
        TEST(debug_digests_are_those_of_redis),
        TEST(debug_populate_makes_keys_and_leaves_existing_ones),
        TEST(debug_protocol_shows_every_type),
        TEST(debug_switches_the_calendar_off_and_on),
        TEST(debug_pauses_the_tick),
        TEST(debug_refuses_unknown_forms),
        TEST(debug_object_describes_a_value),
        TEST(time_is_that_of_the_clock),
        TEST(shutdown_stops_after_this_round),
        TEST(shutdown_refuses_what_cannot_be),
        TEST(shutdown_goes_on_when_saving_fails_unless_forced),
        TEST(debug_has_the_tools_of_features),
        TEST(lolwut_draws_and_tells_the_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
