/* The latency monitor, slow calls and latency tracking, with commands that take as long as they are
 * told. */
#include "engine/latency.h"

#include "data/types/string/string.h"
#include "engine/arguments.h"
#include "engine/blocking.h"
#include "engine/latency_histogram.h"
#include "engine/latency_tracking.h"
#include "engine/memory.h"
#include "engine/reply.h"
#include "engine/slow_calls.h"
#include "engine/transaction.h"
#include "unit/support/command_fixture.h"
#include "unit/support/waiting_commands.h"

#include <stdlib.h>
#include <string.h>

enum { US_PER_MS = 1000, NS_PER_US = 1000 };

/* --- commands --- */

static void ping(struct call *call) {
    reply_simple(call, "PONG");
}

/* Keeps the processor busy for so many microseconds. */
static void burn(struct call *call) {
    int64_t us;
    if (!argument_i64(call, 1, &us)) return;
    uint64_t start = clock_ticks();
    while (clock_ticks_to_ns(clock_ticks() - start) < (uint64_t)us * NS_PER_US) continue;
    reply_ok(call);
}

/* Takes so many microseconds when it finds its key, whose value is the word. */
static void wait_for(struct call *call) {
    const struct blocking_request request = {
        .first_key = 2, .key_count = 1, .type = VALUE_STRING, .timeout_ms = 0};
    const struct entry *entry = database_read(call->db, call_key(call, 2));
    int64_t number;
    if (entry != NULL && string_get_i64(entry, &number))
        burn(call);
    else
        blocking_wait(call, &request);
}

static const struct command_row box_rows[] = {
    {.name = "open", .handler = ping, .arity = 2},
};

static const struct command_row rows[] = {
    {.name = "ping", .handler = ping, .arity = -1, .flags = COMMAND_FAST},
    {.name = "burn", .handler = burn, .arity = 2},
    {.name = "fastburn", .handler = burn, .arity = 2, .flags = COMMAND_FAST},
    {.name = "set",
     .handler = waiting_set,
     .arity = 3,
     .flags = COMMAND_WRITE,
     .keys = {KEY_AT(1, "OW")}},
    {.name = "wait",
     .handler = wait_for,
     .arity = 3,
     .flags = COMMAND_BLOCKING,
     .keys = {KEY_AT(2, "RO")}},
    {.name = "multi", .handler = waiting_begin, .arity = 1, .flags = COMMAND_NOT_QUEUED},
    {.name = "exec",
     .handler = transaction_run,
     .arity = 1,
     .flags = COMMAND_NOT_QUEUED | COMMAND_RUNS_QUEUE},
    {.name = "box", .arity = -2, .subcommands = box_rows, .subcommand_count = ARRAY_LEN(box_rows)},
};

static const struct command_list list = COMMAND_LIST(rows);
static const struct command_list *const lists[] = {&list, NULL};
static const struct feature timed_feature = {.name = "timed", .commands = lists};

/* --- fixture --- */

static int set_up(void **state) {
    static const struct feature *const features[] = {
        &timed_feature, &memory_feature, &latency_feature, &latency_tracking_feature, NULL};
    struct command_fixture *fixture = fixture_new_of_features(features);
    fixture->session.can_block = true;
    assert_true(memory_feature.start(fixture->engine, NULL));
    assert_true(latency_feature.start(fixture->engine, NULL));
    assert_true(latency_tracking_feature.start(fixture->engine, NULL));
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    struct command_fixture *fixture = *state;
    fixture_set_directive(fixture, "maxmemory", "0");
    latency_tracking_feature.stop(fixture->engine);
    latency_feature.stop(fixture->engine);
    memory_feature.stop(fixture->engine);
    fixture_free(fixture);
    return 0;
}

static void set_threshold(struct command_fixture *fixture, const char *ms) {
    fixture_set_directive(fixture, "latency-monitor-threshold", ms);
}

static const struct latency_event *find_event(const struct engine *engine, const char *name) {
    for (size_t i = 0; i < latency_event_count(engine); i++)
        if (strcmp(latency_event_at(engine, i)->name, name) == 0)
            return latency_event_at(engine, i);
    return NULL;
}

static struct latency_sample newest_of(const struct engine *engine, const char *name) {
    const struct latency_event *event = find_event(engine, name);
    assert_non_null(event);
    return latency_sample_at(event, LATENCY_SAMPLES - 1);
}

/* --- the monitor --- */

static void nothing_is_noted_while_the_threshold_is_zero(void **state) {
    struct command_fixture *fixture = *state;
    latency_note(fixture->engine, "fork", 5000 * US_PER_MS);
    latency_note_since(fixture->engine, "fork", 0);
    fixture_run(fixture, "burn 3000");
    assert_int_equal(latency_event_count(fixture->engine), 0);
}

static void what_takes_less_than_the_threshold_is_forgotten(void **state) {
    struct command_fixture *fixture = *state;
    set_threshold(fixture, "10");
    latency_note(fixture->engine, "fork", 10 * US_PER_MS - 1);
    assert_int_equal(latency_event_count(fixture->engine), 0);
    latency_note(fixture->engine, "fork", 10 * US_PER_MS);
    assert_int_equal(newest_of(fixture->engine, "fork").ms, 10);
}

static void a_second_keeps_its_longest_sample(void **state) {
    struct command_fixture *fixture = *state;
    set_threshold(fixture, "1");
    latency_note(fixture->engine, "fork", 20 * US_PER_MS);
    latency_note(fixture->engine, "fork", 50 * US_PER_MS);
    latency_note(fixture->engine, "fork", 30 * US_PER_MS);
    const struct latency_event *event = find_event(fixture->engine, "fork");
    assert_int_equal(newest_of(fixture->engine, "fork").ms, 50);
    assert_int_equal(newest_of(fixture->engine, "fork").at_s, FIXTURE_START_MS / 1000);
    assert_int_equal(latency_sample_at(event, LATENCY_SAMPLES - 2).at_s, 0);
    fixture_advance_ms(fixture, 1000);
    latency_note(fixture->engine, "fork", 30 * US_PER_MS);
    assert_int_equal(newest_of(fixture->engine, "fork").ms, 30);
    assert_int_equal(latency_sample_at(event, LATENCY_SAMPLES - 2).ms, 50);
    assert_int_equal(event->max_ms, 50);
}

static void a_ring_keeps_the_last_samples_and_the_longest_ever(void **state) {
    struct command_fixture *fixture = *state;
    set_threshold(fixture, "1");
    for (int i = 0; i < 2 * LATENCY_SAMPLES; i++) {
        latency_note(fixture->engine, "fork", (1000 - i) * US_PER_MS);
        fixture_advance_ms(fixture, 1000);
    }
    const struct latency_event *event = find_event(fixture->engine, "fork");
    for (size_t i = 0; i < LATENCY_SAMPLES; i++) {
        struct latency_sample sample = latency_sample_at(event, i);
        assert_int_equal(sample.ms, 1000 - LATENCY_SAMPLES - (int64_t)i);
        assert_int_equal(sample.at_s, FIXTURE_START_MS / 1000 + LATENCY_SAMPLES + (int64_t)i);
    }
    assert_int_equal(event->max_ms, 1000);
}

static void events_are_forgotten_by_name_in_any_case(void **state) {
    struct command_fixture *fixture = *state;
    set_threshold(fixture, "1");
    latency_note(fixture->engine, "a", 5 * US_PER_MS);
    latency_note(fixture->engine, "b", 5 * US_PER_MS);
    latency_note(fixture->engine, "c", 5 * US_PER_MS);
    assert_true(latency_forget(fixture->engine, BYTES("B")));
    assert_false(latency_forget(fixture->engine, BYTES("b")));
    assert_int_equal(latency_event_count(fixture->engine), 2);
    assert_string_equal(latency_event_at(fixture->engine, 0)->name, "a");
    assert_string_equal(latency_event_at(fixture->engine, 1)->name, "c");
    latency_forget_all(fixture->engine);
    assert_int_equal(latency_event_count(fixture->engine), 0);
}

static void slow_commands_are_events_and_fast_ones_have_their_own(void **state) {
    struct command_fixture *fixture = *state;
    set_threshold(fixture, "2");
    fixture_run(fixture, "burn 2100");
    fixture_run(fixture, "fastburn 3100");
    assert_true(newest_of(fixture->engine, "command").ms >= 2);
    assert_true(newest_of(fixture->engine, "fast-command").ms >= 3);
    latency_forget_all(fixture->engine);
    set_threshold(fixture, "0");
    fixture_run(fixture, "burn 2100");
    assert_int_equal(latency_event_count(fixture->engine), 0);
}

static void exec_takes_as_long_as_what_it_runs(void **state) {
    struct command_fixture *fixture = *state;
    set_threshold(fixture, "4");
    fixture_run(fixture, "multi");
    fixture_run(fixture, "burn 2100");
    fixture_run(fixture, "burn 2100");
    fixture_run(fixture, "exec");
    assert_true(newest_of(fixture->engine, "command").ms >= 4);
}

static void serving_who_waits_is_an_event_of_its_own(void **state) {
    struct command_fixture *fixture = *state;
    struct session waiter = {0};
    session_init(&waiter, fixture->engine);
    waiter.can_block = true;
    set_threshold(fixture, "2");
    fixture_run_as(fixture, &waiter, "wait 2100 k");
    assert_true(blocking_is_blocked(&waiter));
    fixture_run(fixture, "set k word");
    assert_true(blocking_is_blocked(&waiter));
    assert_int_equal(latency_event_count(fixture->engine), 0);
    fixture_run(fixture, "set k 1");
    assert_false(blocking_is_blocked(&waiter));
    assert_true(newest_of(fixture->engine, "command-unblocking").ms >= 2);
    session_destroy(&waiter);
}

static void commands_of_the_server_itself_are_no_events(void **state) {
    struct command_fixture *fixture = *state;
    struct session loader = {0};
    session_init(&loader, fixture->engine);
    loader.is_internal = true;
    set_threshold(fixture, "1");
    fixture_run_as(fixture, &loader, "burn 2100");
    assert_int_equal(latency_event_count(fixture->engine), 0);
    session_destroy(&loader);
}

/* --- slow calls --- */

struct witness {
    struct slow_listener listener;
    int told;
    uint64_t ticks;
};

static void note_told(struct slow_listener *listener, const struct call *call, uint64_t ticks) {
    struct witness *witness = (struct witness *)listener;
    assert_non_null(call->command);
    witness->told++;
    witness->ticks = ticks;
}

static void each_listener_is_told_from_its_own_time_on(void **state) {
    struct command_fixture *fixture = *state;
    struct engine *engine = fixture->engine;
    struct witness all = {.listener.slow = note_told}, slow = {.listener.slow = note_told};
    slow_calls_listen(engine, &all.listener, 0);
    slow_calls_listen(engine, &slow.listener, 2000);
    fixture_run(fixture, "burn 1");
    fixture_run(fixture, "burn 2000");
    assert_int_equal(all.told, 2);
    assert_int_equal(slow.told, 1);
    assert_true(clock_ticks_to_ns(slow.ticks) >= 2000 * 1000 - 1000);
    slow_calls_listen(engine, &all.listener, INT64_MAX);
    fixture_run(fixture, "burn 2000");
    assert_int_equal(all.told, 2);
    assert_int_equal(slow.told, 2);
    slow_calls_ignore(engine, &slow.listener);
    slow_calls_ignore(engine, &slow.listener);
    slow_calls_ignore(engine, &all.listener);
    fixture_run(fixture, "burn 2000");
    assert_int_equal(slow.told, 2);
    assert_int_equal(engine->slow_ticks, LATENCY_TICKS_MAX);
}

/* --- tracking --- */

static struct command *find_command(struct command_fixture *fixture, const char *name) {
    return command_table_find_full(fixture->engine->commands, bytes_of_str(name));
}

static int64_t counted(struct command_fixture *fixture, const char *name) {
    const struct command *command = find_command(fixture, name);
    return command->histogram == NULL ? -1 : (int64_t)latency_histogram_total(command->histogram);
}

static void every_call_is_counted_once_tracking_is_on(void **state) {
    struct command_fixture *fixture = *state;
    assert_int_equal(counted(fixture, "ping"), -1);
    for (int i = 0; i < 100; i++) fixture_run(fixture, "ping");
    fixture_run(fixture, "box open");
    assert_int_equal(counted(fixture, "ping"), 100);
    assert_int_equal(counted(fixture, "box|open"), 1);
    assert_int_equal(counted(fixture, "burn"), -1);
    fixture_run(fixture, "burn 500");
    uint64_t ns = latency_histogram_percentile_ns(find_command(fixture, "burn")->histogram, 50);
    assert_true(ns >= 500000);
}

static void what_was_counted_stays_when_tracking_ends(void **state) {
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "ping");
    fixture_set_directive(fixture, "latency-tracking", "no");
    fixture_run(fixture, "ping");
    fixture_run(fixture, "burn 1");
    assert_int_equal(counted(fixture, "ping"), 1);
    assert_int_equal(counted(fixture, "burn"), -1);
    fixture_set_directive(fixture, "latency-tracking", "yes");
    fixture_run(fixture, "ping");
    assert_int_equal(counted(fixture, "ping"), 2);
}

static void resetting_statistics_forgets_what_was_counted(void **state) {
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "ping");
    command_table_reset_stats(fixture->engine->commands);
    assert_int_equal(counted(fixture, "ping"), -1);
    fixture_run(fixture, "ping");
    assert_int_equal(counted(fixture, "ping"), 1);
}

static void who_waits_is_counted_when_served(void **state) {
    struct command_fixture *fixture = *state;
    struct session waiter = {0};
    session_init(&waiter, fixture->engine);
    waiter.can_block = true;
    fixture_run_as(fixture, &waiter, "wait 1 k");
    fixture_run(fixture, "set k word");
    assert_int_equal(counted(fixture, "wait"), -1);
    fixture_run(fixture, "set k 1");
    assert_int_equal(counted(fixture, "wait"), 1);
    fixture_run_as(fixture, &waiter, "wait 1 k");
    assert_int_equal(counted(fixture, "wait"), 2);
    session_destroy(&waiter);
}

static const char *latency_info(struct command_fixture *fixture) {
    buffer_clear(&fixture->text);
    latency_tracking_feature.info[0].write(fixture->engine, &fixture->text);
    return buffer_c_str(&fixture->text);
}

/* The number behind the name. */
static double number_behind(const char *text, const char *name) {
    const char *found = strstr(text, name);
    assert_non_null(found);
    return strtod(found + strlen(name), NULL);
}

static void info_tells_percentiles_of_commands_that_were_called(void **state) {
    struct command_fixture *fixture = *state;
    assert_string_equal(latency_info(fixture), "");
    fixture_run(fixture, "burn 500");
    fixture_run(fixture, "box open");
    const char *text = latency_info(fixture);
    double p50 = number_behind(text, "latency_percentiles_usec_burn:p50=");
    double p99 = number_behind(text, ",p99="), p999 = number_behind(text, ",p99.9=");
    assert_true(p50 >= 500 && p50 <= p99 && p99 <= p999);
    assert_non_null(strstr(text, "\r\nlatency_percentiles_usec_box|open:p50="));
    fixture_set_directive(fixture, "latency-tracking-info-percentiles", "0 33.3333333 100");
    text = latency_info(fixture);
    assert_non_null(strstr(text, "burn:p0="));
    assert_non_null(strstr(text, ",p33.333333="));
    assert_non_null(strstr(text, ",p100="));
    fixture_set_directive(fixture, "latency-tracking-info-percentiles", "");
    assert_string_equal(latency_info(fixture), "latency_percentiles_usec_burn:\r\n"
                                               "latency_percentiles_usec_box|open:\r\n");
    fixture_set_directive(fixture, "latency-tracking", "no");
    assert_string_equal(latency_info(fixture), "");
}

static void percentiles_lie_between_0_and_100(void **state) {
    struct command_fixture *fixture = *state;
    static const char *const refused[] = {"101", "-1", "50 a", "nan", "50 100.1"};
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        const struct bytes pair[] = {BYTES("latency-tracking-info-percentiles"),
                                     bytes_of_str(refused[i])};
        struct buffer error = {0};
        assert_false(directives_set(fixture->directives, pair, 1, true, &error));
        buffer_destroy(&error);
    }
}

/* --- where time is spent besides commands --- */

static void a_long_round_of_expiry_or_eviction_is_an_event(void **state) {
    struct command_fixture *fixture = *state;
    struct engine *engine = fixture->engine;
    set_threshold(fixture, "1");
    latency_note_since(engine, "expire-cycle", clock_monotonic_us() - 5 * US_PER_MS);
    assert_true(newest_of(engine, "expire-cycle").ms >= 5);
    fixture_run(fixture, "set k v");
    fixture_set_directive(fixture, "maxmemory-policy", "allkeys-random");
    fixture_set_directive(fixture, "maxmemory", "1");
    assert_false(memory_make_room(engine)); /* far too fast to be an event, but timed */
    assert_int_equal(keyspace_key_count(engine->keyspace), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_noted_while_the_threshold_is_zero, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_takes_less_than_the_threshold_is_forgotten, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_second_keeps_its_longest_sample, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_ring_keeps_the_last_samples_and_the_longest_ever, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(events_are_forgotten_by_name_in_any_case, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(slow_commands_are_events_and_fast_ones_have_their_own,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(exec_takes_as_long_as_what_it_runs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(serving_who_waits_is_an_event_of_its_own, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(commands_of_the_server_itself_are_no_events, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(each_listener_is_told_from_its_own_time_on, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(every_call_is_counted_once_tracking_is_on, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_counted_stays_when_tracking_ends, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(resetting_statistics_forgets_what_was_counted, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(who_waits_is_counted_when_served, set_up, tear_down),
        cmocka_unit_test_setup_teardown(info_tells_percentiles_of_commands_that_were_called, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(percentiles_lie_between_0_and_100, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_long_round_of_expiry_or_eviction_is_an_event, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
