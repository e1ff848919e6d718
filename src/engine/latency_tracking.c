#include "engine/latency_tracking.h"

#include "engine/blocking.h"
#include "engine/call.h"
#include "engine/engine.h"
#include "engine/latency_histogram.h"
#include "foundation/mem.h"
#include "foundation/number.h"

static struct {
    bool is_on;
    double *percentiles;
    size_t percentile_count;
} settings;

/* --- counting --- */

static bool can_wait(const struct command *command) {
    return (command->flags & COMMAND_BLOCKING) != 0;
}

/* A run of a waiting command that found nothing is told by nobody; the first one, at whose end the
 * session is blocked, is not counted either. */
static bool is_waiting(const struct call *call) {
    return blocking_is_blocked(call->session) && !call->has_waited;
}

void latency_tracking_count(const struct call *call, uint64_t ticks) {
    struct command *command = call->command;
    if (!call->engine->is_tracking_latency || is_waiting(call)) return;
    if (command->histogram == NULL)
        command->histogram = mem_alloc_zeroed(sizeof(struct latency_histogram));
    if (!can_wait(command)) command->stats.times = command->histogram;
    latency_histogram_add(command->histogram, ticks);
}

/* --- on and off --- */

static struct engine *governed;

/* What was counted can still be read when counting ends. */
static void stop_counting(struct command *command) {
    command->stats.times = NULL;
    for (uint32_t i = 0; i < command->subcommand_count; i++) stop_counting(command->subcommands[i]);
}

static void stop_counting_all(struct command_table *commands) {
    for (size_t i = 0; i < command_table_count(commands); i++)
        stop_counting(command_table_at(commands, i));
}

static void turn(struct engine *engine, bool is_on) {
    engine->is_tracking_latency = is_on;
    if (!is_on) stop_counting_all(engine->commands);
}

static bool apply_tracking(struct buffer *error UNUSED) {
    if (governed != NULL) turn(governed, settings.is_on);
    return true;
}

static bool start(struct engine *engine, char *error UNUSED) {
    governed = engine;
    turn(engine, settings.is_on);
    return true;
}

static void stop(struct engine *engine UNUSED) {
    governed = NULL;
    mem_free(settings.percentiles);
    settings.percentiles = NULL;
    settings.percentile_count = 0;
}

/* --- latency-tracking-info-percentiles --- */

static bool parse_percentile(struct bytes text, double *percentile, struct buffer *error) {
    if (!number_parse_double(text, percentile)) {
        buffer_append_str(error, "Invalid latency-tracking-info-percentiles parameters");
        return false;
    }
    if (*percentile >= 0 && *percentile <= 100) return true;
    buffer_append_str(error, "latency-tracking-info-percentiles parameters should sit between "
                             "[0.0,100.0]");
    return false;
}

static bool parse_percentiles(const struct directive_args *args, struct buffer *error) {
    size_t count = args->count == 1 && args->items[0].len == 0 ? 0 : args->count;
    double *percentiles = mem_alloc_array(count + 1, sizeof(*percentiles));
    for (size_t i = 0; i < count; i++) {
        if (parse_percentile(args->items[i], &percentiles[i], error)) continue;
        mem_free(percentiles);
        return false;
    }
    mem_free(settings.percentiles);
    settings.percentiles = percentiles;
    settings.percentile_count = count;
    return true;
}

/* With up to six decimals. */
static void append_percentile(struct buffer *out, double percentile) {
    buffer_printf(out, "%f", percentile);
    while (out->data[out->len - 1] == '0') out->len--;
    if (out->data[out->len - 1] == '.') out->len--;
}

static void format_percentiles(struct buffer *out) {
    for (size_t i = 0; i < settings.percentile_count; i++) {
        if (i != 0) buffer_append_char(out, ' ');
        append_percentile(out, settings.percentiles[i]);
    }
}

static const struct directive directives[] = {
    {
        .name = "latency-tracking",
        .kind = DIRECTIVE_BOOL,
        .field = &settings.is_on,
        .apply = apply_tracking,
        .default_text = "yes",
    },
    {
        .name = "latency-tracking-info-percentiles",
        .kind = DIRECTIVE_SPECIAL,
        .flags = DIRECTIVE_MULTI_ARG,
        .field = &settings.percentiles,
        .parse = parse_percentiles,
        .format = format_percentiles,
        .default_text = "50 99 99.9",
    },
};

/* --- INFO --- */

static void write_command(const struct command *command, struct buffer *out) {
    if (command->histogram == NULL) return;
    buffer_printf(out, "latency_percentiles_usec_%s:", command->full_name);
    for (size_t i = 0; i < settings.percentile_count; i++) {
        double percentile = settings.percentiles[i];
        uint64_t ns = latency_histogram_percentile_ns(command->histogram, percentile);
        buffer_append_str(out, i == 0 ? "p" : ",p");
        append_percentile(out, percentile);
        buffer_printf(out, "=%.3f", (double)ns / 1000);
    }
    buffer_append_str(out, "\r\n");
}

static void write_info(struct engine *engine, struct buffer *out) {
    if (!engine->is_tracking_latency) return;
    for (size_t i = 0; i < command_table_count(engine->commands); i++) {
        const struct command *command = command_table_at(engine->commands, i);
        write_command(command, out);
        for (uint32_t j = 0; j < command->subcommand_count; j++)
            write_command(command->subcommands[j], out);
    }
}

static const struct info_part parts[] = {
    {.section = "Latencystats", .write = write_info, .is_extra = true},
    {.section = NULL},
};

const struct feature latency_tracking_feature = {
    .name = "latency-tracking",
    .directives = directives,
    .directive_count = ARRAY_LEN(directives),
    .info = parts,
    .start = start,
    .stop = stop,
};
