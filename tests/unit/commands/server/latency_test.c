/* LATENCY against an engine in process. */
#include "commands/server/server_commands.h"
#include "engine/latency.h"
#include "engine/latency_histogram.h"
#include "engine/latency_tracking.h"
#include "engine/reply.h"
#include "foundation/mem.h"
#include "unit/support/command_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void answer(struct call *call) {
    reply_simple(call, "PONG");
}

static const struct command_row box_rows[] = {
    {.name = "open", .handler = answer, .arity = 2},
    {.name = "close", .handler = answer, .arity = 2},
};

static const struct command_row rows[] = {
    {.name = "ping", .handler = answer, .arity = 1},
    {.name = "box", .arity = -2, .subcommands = box_rows, .subcommand_count = ARRAY_LEN(box_rows)},
};

static const struct command_list list = COMMAND_LIST(rows);
static const struct command_list *const lists[] = {&list, &server_latency_commands, NULL};
static const struct feature timed_feature = {.name = "timed", .commands = lists};

static int set_up(void **state) {
    static const struct feature *const features[] = {&timed_feature, &latency_feature,
                                                     &latency_tracking_feature, NULL};
    *state = fixture_new_of_features(features);
    fixture_set_directive(*state, "latency-monitor-threshold", "10");
    return 0;
}

static int tear_down(void **state) {
    fixture_free(*state);
    return 0;
}

static void note(struct command_fixture *fixture, const char *name, int64_t ms) {
    latency_note(fixture->engine, name, ms * 1000);
}

/* --- events --- */

static void without_events_there_is_nothing_to_tell(void **state) {
    struct command_fixture *fixture = *state;
    assert_reply(fixture, "latency latest", "[]");
    assert_reply(fixture, "latency history fork", "[]");
    assert_reply(fixture, "latency reset", "0");
    assert_reply(fixture, "latency reset fork", "0");
    assert_reply(fixture, "latency graph fork", "-ERR No samples available for event 'fork'");
    assert_reply(fixture, "latency graph \"a\\x00b\"", "-ERR No samples available for event 'a'");
}

static void history_and_latest_tell_samples(void **state) {
    struct command_fixture *fixture = *state;
    note(fixture, "fork", 20);
    fixture_advance_ms(fixture, 2000);
    note(fixture, "fork", 15);
    note(fixture, "command", 300);
    assert_reply(fixture, "latency history fork", "[[1700000000, 20], [1700000002, 15]]");
    assert_reply(fixture, "latency history FORK", "[]");
    assert_reply(fixture, "latency latest",
                 "[[\"fork\", 1700000002, 15, 20], [\"command\", 1700000002, 300, 300]]");
}

static void reset_counts_what_it_forgets(void **state) {
    struct command_fixture *fixture = *state;
    note(fixture, "a", 20);
    note(fixture, "b", 20);
    note(fixture, "c", 20);
    assert_reply(fixture, "latency reset B nothing b", "1");
    assert_reply(fixture, "latency latest",
                 "[[\"a\", 1700000000, 20, 20], [\"c\", 1700000000, 20, 20]]");
    assert_reply(fixture, "latency reset", "2");
    assert_reply(fixture, "latency latest", "[]");
}

/* --- graph --- */

static void assert_graph(struct command_fixture *fixture, const char *expected) {
    fixture_run(fixture, "latency graph fork");
    struct bytes raw = fixture_raw_reply(fixture);
    const char *begin = memchr(raw.data, '\n', raw.len);
    assert_non_null(begin);
    size_t len = raw.len - (size_t)(begin + 1 - raw.data) - 2;
    char *text = mem_dup(begin + 1, len);
    assert_string_equal(text, expected);
    mem_free(text);
}

#define LINE "--------------------------------------------------------------------------------\n"

static void a_single_sample_is_a_low_bar(void **state) {
    struct command_fixture *fixture = *state;
    note(fixture, "fork", 20);
    assert_graph(fixture, "fork - high 20 ms, low 20 ms (all time high 20 ms)\n" LINE
                          " \n \n \n_\n \n0\ns\n");
}

static void bars_rise_in_thirds_of_a_line(void **state) {
    struct command_fixture *fixture = *state;
    for (int i = 0; i <= 12; i++) {
        note(fixture, "fork", 10 + 10 * i);
        fixture_advance_ms(fixture, 1000);
    }
    assert_graph(fixture,
                 "fork - high 130 ms, low 10 ms (all time high 130 ms)\n" LINE "         _o##\n"
                 "      _o#||||\n"
                 "   _o#|||||||\n"
                 "_o#||||||||||\n"
                 "             \n"
                 "1111987654321\n"
                 "3210sssssssss\n"
                 "ssss         \n");
}

static void ages_are_told_in_the_largest_unit(void **state) {
    static const int64_t steps_s[] = {2 * 86400, 80000, 3500, 50, 0};
    struct command_fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LEN(steps_s); i++) {
        note(fixture, "fork", 20);
        fixture_advance_ms(fixture, steps_s[i] * 1000);
    }
    assert_graph(fixture, "fork - high 20 ms, low 20 ms (all time high 20 ms)\n" LINE
                          "     \n     \n     \n_____\n     \n"
                          "22550\n"
                          "d390s\n"
                          " hms \n");
}

static void more_than_80_bars_stand_below_each_other(void **state) {
    struct command_fixture *fixture = *state;
    for (int i = 0; i < 82; i++) {
        note(fixture, "fork", i == 81 ? 40 : 20);
        fixture_advance_ms(fixture, 60000);
    }
    const char *text = fixture_run(fixture, "latency graph fork");
    assert_non_null(strstr(text, "\\n\\n #\\n |\\n |\\n_|\\n  \\n21\\nmm\\n"));
}

/* --- doctor --- */

static void the_doctor_says_when_there_is_nothing(void **state) {
    struct command_fixture *fixture = *state;
    assert_reply(fixture, "latency doctor", "\"Nothing has taken 10 ms or longer.\\n\"");
    fixture_set_directive(fixture, "latency-monitor-threshold", "0");
    assert_non_null(strstr(fixture_run(fixture, "latency doctor"), "monitoring is off"));
    fixture->session.version = RESP3;
    assert_int_equal(strncmp(fixture_run(fixture, "latency doctor"), "=txt\"", 5), 0);
}

static void the_doctor_tells_figures_and_each_advice_once(void **state) {
    struct command_fixture *fixture = *state;
    note(fixture, "aof-write", 20);
    note(fixture, "aof-write-alone", 20);
    fixture_advance_ms(fixture, 10000);
    note(fixture, "aof-write", 50);
    const char *text = fixture_run(fixture, "latency doctor");
    assert_non_null(strstr(text, "1. aof-write: 2 latency spikes (average 35ms, mean deviation "
                                 "15ms, period 5.00 sec). Worst all time event 50ms.\\n"));
    assert_non_null(strstr(text, "2. aof-write-alone: 1 latency spikes (average 20ms, mean "
                                 "deviation 0ms, period 10.00 sec)"));
    const char *advice = strstr(text, "- The disk");
    assert_non_null(advice);
    assert_null(strstr(advice + 1, "- The disk"));
}

static void every_event_has_its_advice(void **state) {
    static const char *const names[] = {
        "command",      "fast-command",    "command-unblocking",     "fork",
        "aof-write",    "aof-write-alone", "aof-write-active-child", "aof-fsync-always",
        "expire-cycle", "eviction-cycle",  "rdb-unlink-temp-file",   "eviction-del",
    };
    struct command_fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        note(fixture, names[i], 20);
        assert_non_null(strstr(fixture_run(fixture, "latency doctor"), "What may help:\\n\\n- "));
        latency_forget_all(fixture->engine);
    }
}

/* --- histograms --- */

/* A call of so many microseconds. */
static void count_call(struct command_fixture *fixture, const char *name, uint64_t us) {
    struct command *command =
        command_table_find_full(fixture->engine->commands, bytes_of_str(name));
    if (command->histogram == NULL)
        command->histogram = mem_alloc_zeroed(sizeof(struct latency_histogram));
    latency_histogram_add(command->histogram, clock_ns_to_ticks(us * 1000));
}

static void histograms_count_calls_of_at_most_so_long(void **state) {
    struct command_fixture *fixture = *state;
    count_call(fixture, "ping", 0);
    count_call(fixture, "ping", 3);
    count_call(fixture, "ping", 3);
    count_call(fixture, "ping", 100);
    count_call(fixture, "ping", 900);
    count_call(fixture, "ping", 300000);
    count_call(fixture, "ping", 600000);
    assert_reply(fixture, "latency histogram ping",
                 "[\"ping\", [\"calls\", 7, \"histogram_usec\", [1, 1, 4, 3, 132, 4, 1056, 5, "
                 "541065, 6, 1073741, 7]]]");
    fixture->session.version = RESP3;
    assert_reply(fixture, "latency histogram ping",
                 "{\"ping\": {\"calls\": 7, \"histogram_usec\": {1: 1, 4: 3, 132: 4, 1056: 5, "
                 "541065: 6, 1073741: 7}}}");
}

static void the_last_row_has_all_that_is_longer(void **state) {
    struct command_fixture *fixture = *state;
    fixture->session.version = RESP3;
    count_call(fixture, "ping", 5000000);
    assert_reply(fixture, "latency histogram ping",
                 "{\"ping\": {\"calls\": 1, \"histogram_usec\": {1073741: 1}}}");
}

static void histograms_are_told_by_name_or_all(void **state) {
    struct command_fixture *fixture = *state;
    fixture->session.version = RESP3;
    assert_reply(fixture, "latency histogram", "{}");
    assert_reply(fixture, "latency histogram ping nonsense", "{}");
    count_call(fixture, "ping", 3);
    count_call(fixture, "box|open", 3);
    count_call(fixture, "box|close", 3);
    const char *one = "{\"calls\": 1, \"histogram_usec\": {4: 1}}";
    char expected[512];
    (void)snprintf(expected, sizeof(expected),
                   "{\"ping\": %s, \"box|open\": %s, \"box|close\": %s}", one, one, one);
    assert_reply(fixture, "latency histogram", expected);
    (void)snprintf(expected, sizeof(expected), "{\"box|open\": %s, \"box|close\": %s}", one, one);
    assert_reply(fixture, "latency histogram BOX", expected);
    (void)snprintf(expected, sizeof(expected), "{\"box|close\": %s, \"ping\": %s}", one, one);
    assert_reply(fixture, "latency histogram nonsense box|close Ping box|nonsense", expected);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_events_there_is_nothing_to_tell, set_up, tear_down),
        cmocka_unit_test_setup_teardown(history_and_latest_tell_samples, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reset_counts_what_it_forgets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_single_sample_is_a_low_bar, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bars_rise_in_thirds_of_a_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ages_are_told_in_the_largest_unit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_than_80_bars_stand_below_each_other, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_doctor_says_when_there_is_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_doctor_tells_figures_and_each_advice_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(every_event_has_its_advice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(histograms_count_calls_of_at_most_so_long, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_last_row_has_all_that_is_longer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(histograms_are_told_by_name_or_all, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
