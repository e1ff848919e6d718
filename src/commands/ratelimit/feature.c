/* The rate-limit family as a feature: its commands, its directive, and INFO. */
#include "commands/ratelimit/ratelimit_commands.h"
#include "data/value_type.h"
#include "engine/engine.h"
#include "foundation/mem.h"

#include <inttypes.h>

static struct { int64_t max_policies; } settings;

size_t ratelimit_max_policies(void) {
    return (size_t)settings.max_policies;
}

static const struct directive directives[] = {
    {.name = "ratelimit-max-policies",
     .kind = DIRECTIVE_INT,
     .field = &settings.max_policies,
     .max = INT32_MAX,
     .default_text = "10000"},
};

/* --- INFO --- */

static void write_totals(struct engine *engine, struct buffer *out) {
    const struct rate_counts *counts = &engine->stats.rates;
    buffer_printf(
        out,
        "ratelimit_takes:%" PRIu64 "\r\nratelimit_denials:%" PRIu64 "\r\nratelimit_blocked:%" PRIu64
        "\r\nratelimit_limiters:%" PRIu64 "\r\nratelimit_policies:%zu\r\n",
        counts->takes, counts->denials, counts->blocked,
        keyspace_count_type(engine->keyspace, VALUE_RATELIMIT), rate_policies_count(engine));
}

/* A colon ends a field's name, so it stands as an underscore. */
static void append_name(struct bytes name, struct buffer *out) {
    for (size_t i = 0; i < name.len; i++)
        buffer_append_char(out, name.data[i] == ':' ? '_' : name.data[i]);
}

static void write_policies(struct engine *engine, struct buffer *out) {
    size_t count;
    struct stored_rate_policy **all = rate_policies_sorted(engine, &count);
    for (size_t i = 0; i < count; i++) {
        const struct rate_counts *counts = &all[i]->counts;
        buffer_append_str(out, "policy_");
        append_name(stored_rate_policy_name(all[i]), out);
        buffer_printf(out, ":takes=%" PRIu64 ",denials=%" PRIu64 ",blocked=%" PRIu64 "\r\n",
                      counts->takes, counts->denials, counts->blocked);
    }
    mem_free(all);
}

static const struct info_part info[] = {
    {.section = "Ratelimit", .write = write_totals},
    {.section = "Policystats", .write = write_policies, .is_extra = true},
    {.section = NULL},
};

static const struct command_list *const lists[] = {
    &ratelimit_take_commands,   &ratelimit_take_all_commands,
    &ratelimit_edit_commands,   &ratelimit_info_commands,
    &ratelimit_policy_commands, &ratelimit_throttle_commands,
    &ratelimit_replay_commands, NULL,
};

const struct feature ratelimit_commands_feature = {
    .name = "ratelimit",
    .commands = lists,
    .directives = directives,
    .directive_count = ARRAY_LEN(directives),
    .info = info,
};
