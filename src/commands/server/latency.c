/* LATENCY: what the latency monitor has seen, and how long commands take. */
#include "engine/latency.h"
#include "commands/server/latency_reports.h"
#include "commands/server/server_commands.h"
#include "engine/engine.h"
#include "engine/latency_histogram.h"
#include "engine/renames.h"
#include "engine/reply.h"

/* --- events --- */

static const struct latency_event *find_event(const struct call *call, struct bytes name) {
    for (size_t i = 0; i < latency_event_count(call->engine); i++) {
        const struct latency_event *event = latency_event_at(call->engine, i);
        if (bytes_equal(name, bytes_of_str(event->name))) return event;
    }
    return NULL;
}

static size_t count_samples(const struct latency_event *event) {
    size_t count = 0;
    for (size_t i = 0; i < LATENCY_SAMPLES; i++) count += event->samples[i].at_s != 0;
    return count;
}

static void latency_history_command(struct call *call) {
    const struct latency_event *event = find_event(call, call->args[2]);
    reply_array(call, event == NULL ? 0 : count_samples(event));
    for (size_t i = 0; event != NULL && i < LATENCY_SAMPLES; i++) {
        struct latency_sample sample = latency_sample_at(event, i);
        if (sample.at_s == 0) continue;
        const int64_t values[] = {sample.at_s, sample.ms};
        reply_array(call, ARRAY_LEN(values));
        for (size_t j = 0; j < ARRAY_LEN(values); j++) reply_integer(call, values[j]);
    }
}

static void reply_latest(struct call *call, const struct latency_event *event) {
    struct latency_sample sample = latency_sample_at(event, LATENCY_SAMPLES - 1);
    reply_array(call, 4);
    reply_bulk_str(call, event->name);
    reply_integer(call, sample.at_s);
    reply_integer(call, sample.ms);
    reply_integer(call, event->max_ms);
}

static void latency_latest_command(struct call *call) {
    size_t count = latency_event_count(call->engine);
    reply_array(call, count);
    for (size_t i = 0; i < count; i++) reply_latest(call, latency_event_at(call->engine, i));
}

static void latency_reset_command(struct call *call) {
    int64_t count = 0;
    for (uint32_t i = 2; i < call->argc; i++) count += latency_forget(call->engine, call->args[i]);
    if (call->argc == 2) {
        count = (int64_t)latency_event_count(call->engine);
        latency_forget_all(call->engine);
    }
    reply_integer(call, count);
}

/* --- reports --- */

static void latency_graph_command(struct call *call) {
    const struct latency_event *event = find_event(call, call->args[2]);
    if (event == NULL) {
        size_t len = bytes_index(call->args[2], '\0');
        reply_error_printf(call, "ERR No samples available for event '%.*s'", (int)len,
                           call->args[2].data);
        return;
    }
    struct buffer out = {0};
    latency_write_graph(event, engine_now_s(call->engine), &out);
    reply_verbatim(call, "txt", buffer_bytes(&out));
    buffer_destroy(&out);
}

static void latency_doctor_command(struct call *call) {
    struct buffer out = {0};
    latency_write_advice(call->engine, &out);
    reply_verbatim(call, "txt", buffer_bytes(&out));
    buffer_destroy(&out);
}

/* --- histograms --- */

/* A row stands for the calls of at most so long. Each goes twice as far as the one before it, from
 * 1.024 us on, and to the end of the bucket there that a histogram with two exact digits has; the
 * last one holds all that is longer. */
enum { HISTOGRAM_ROWS = 21, FIRST_ROW_NS = 1024, WIDTH_PART = 128 };

static uint64_t row_end_ns(size_t row) {
    const uint64_t begin_ns = (uint64_t)FIRST_ROW_NS << row;
    return row == HISTOGRAM_ROWS - 1 ? begin_ns - 1 : begin_ns + begin_ns / WIDTH_PART - 1;
}

struct histogram_row {
    int64_t us;
    uint64_t count;
};

/* Rows that tell nothing new are left out; returns how many are left. */
static size_t fill_rows(const struct latency_histogram *histogram, struct histogram_row *told) {
    uint64_t before = 0, total = latency_histogram_total(histogram);
    size_t used = 0;
    for (size_t i = 0; i < HISTOGRAM_ROWS; i++) {
        uint64_t end_ns = row_end_ns(i);
        bool is_last = i == HISTOGRAM_ROWS - 1;
        uint64_t count = is_last ? total : latency_histogram_count_until(histogram, end_ns);
        if (count == before) continue;
        told[used++] = (struct histogram_row){.us = (int64_t)(end_ns / 1000), .count = count};
        before = count;
    }
    return used;
}

static void reply_histogram(struct call *call, const struct command *command) {
    struct histogram_row told[HISTOGRAM_ROWS];
    size_t count = fill_rows(command->histogram, told);
    reply_bulk_str(call, command->full_name);
    reply_map(call, 2);
    reply_bulk_str(call, "calls");
    reply_integer(call, (int64_t)latency_histogram_total(command->histogram));
    reply_bulk_str(call, "histogram_usec");
    reply_map(call, count);
    for (size_t i = 0; i < count; i++) {
        reply_integer(call, told[i].us);
        reply_integer(call, (int64_t)told[i].count);
    }
}

/* The command and its subcommands, those that have a histogram; returns their number. With
 * `is_telling` false they are only counted. */
static size_t visit_command(struct call *call, const struct command *command, bool is_telling) {
    size_t count = command->histogram != NULL;
    if (count != 0 && is_telling) reply_histogram(call, command);
    for (uint32_t i = 0; i < command->subcommand_count; i++)
        count += visit_command(call, command->subcommands[i], is_telling);
    return count;
}

static size_t visit_commands(struct call *call, bool is_telling) {
    const struct command_table *table = call->engine->commands;
    size_t count = 0;
    for (size_t i = 0; call->argc == 2 && i < command_table_count(table); i++)
        count += visit_command(call, command_table_at(table, i), is_telling);
    for (uint32_t i = 2; i < call->argc; i++) {
        const struct command *command = renames_find_full(call->engine, call->args[i]);
        if (command != NULL) count += visit_command(call, command, is_telling);
    }
    return count;
}

static void latency_histogram_command(struct call *call) {
    reply_map(call, visit_commands(call, false));
    visit_commands(call, true);
}

/* --- help and rows --- */

static const char histogram_help[] =
    "    Return a cumulative distribution of latencies in the format of a histogram for the "
    "specified command names.";

static void latency_help_command(struct call *call) {
    static const char *const lines[] = {
        "DOCTOR",
        "    Return a human readable latency analysis report.",
        "GRAPH <event>",
        "    Return an ASCII latency graph for the <event> class.",
        "HISTORY <event>",
        "    Return time-latency samples for the <event> class.",
        "LATEST",
        "    Return the latest latency samples for all events.",
        "RESET [<event> ...]",
        "    Reset latency data of one or more <event> classes.",
        "    (default: reset all data for all event classes)",
        "HISTOGRAM [COMMAND ...]",
        histogram_help,
        "    If no commands are specified then all histograms are replied.",
        NULL,
    };
    reply_help(call, lines);
}

#define REPORT_FLAGS (COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE)
#define REPORT_TIPS "nondeterministic_output request_policy:all_nodes response_policy:special"

static const struct command_row subcommands[] = {
    {
        .name = "doctor",
        .handler = latency_doctor_command,
        .arity = 2,
        .flags = REPORT_FLAGS,
        .tips = REPORT_TIPS,
        .summary = "Reports what has taken long, and what may help.",
        .complexity = "O(1)",
        .since = "2.8.13",
        .group = "server",
    },
    {
        .name = "graph",
        .handler = latency_graph_command,
        .arity = 3,
        .flags = REPORT_FLAGS,
        .tips = REPORT_TIPS,
        .summary = "Draws the samples of an event.",
        .syntax = "event",
        .complexity = "O(1)",
        .since = "2.8.13",
        .group = "server",
    },
    {
        .name = "help",
        .handler = latency_help_command,
        .arity = 2,
        .flags = COMMAND_LOADING | COMMAND_STALE,
        .summary = "Lists the subcommands.",
        .complexity = "O(1)",
        .since = "2.8.13",
        .group = "server",
    },
    {
        .name = "histogram",
        .handler = latency_histogram_command,
        .arity = -2,
        .flags = REPORT_FLAGS,
        .tips = REPORT_TIPS,
        .summary = "Tells how many calls of commands took at most how long.",
        .syntax = "[command...]",
        .complexity = "O(N), N commands told",
        .since = "7.0.0",
        .group = "server",
    },
    {
        .name = "history",
        .handler = latency_history_command,
        .arity = 3,
        .flags = REPORT_FLAGS,
        .tips = REPORT_TIPS,
        .summary = "Returns the samples of an event: when and how long.",
        .syntax = "event",
        .complexity = "O(1)",
        .since = "2.8.13",
        .group = "server",
    },
    {
        .name = "latest",
        .handler = latency_latest_command,
        .arity = 2,
        .flags = REPORT_FLAGS,
        .tips = REPORT_TIPS,
        .summary = "Returns the newest sample of every event, and its longest.",
        .complexity = "O(1)",
        .since = "2.8.13",
        .group = "server",
    },
    {
        .name = "reset",
        .handler = latency_reset_command,
        .arity = -2,
        .flags = REPORT_FLAGS,
        .tips = "request_policy:all_nodes response_policy:all_succeeded",
        .summary = "Forgets the samples of events, or of all.",
        .syntax = "[event...]",
        .complexity = "O(1)",
        .since = "2.8.13",
        .group = "server",
    },
};

static const struct command_row rows[] = {
    {
        .name = "latency",
        .arity = -2,
        .subcommands = subcommands,
        .subcommand_count = ARRAY_LEN(subcommands),
        .summary = "Commands about what takes long.",
        .complexity = "Depends on subcommand.",
        .since = "2.8.13",
        .group = "server",
    },
};

const struct command_list server_latency_commands = COMMAND_LIST(rows);
