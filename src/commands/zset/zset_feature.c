/* The sorted set family as a feature, with the limits of the packed form. */
#include "commands/zset/zset_commands.h"
#include "data/types/zset/zset.h"

static struct {
    int64_t max_entries;
    int64_t max_member_len;
} settings;

static bool apply_limits(struct buffer *error UNUSED) {
    zset_set_limits(settings.max_entries, settings.max_member_len);
    return true;
}

static bool start_zsets(struct engine *engine UNUSED, char *error UNUSED) {
    return apply_limits(NULL);
}

static const struct directive directives[] = {
    {.name = "zset-max-listpack-entries",
     .alias = "zset-max-ziplist-entries",
     .kind = DIRECTIVE_INT,
     .field = &settings.max_entries,
     .apply = apply_limits,
     .default_text = "128"},
    {.name = "zset-max-listpack-value",
     .alias = "zset-max-ziplist-value",
     .kind = DIRECTIVE_INT,
     .field = &settings.max_member_len,
     .apply = apply_limits,
     .default_text = "64"},
};

static const struct command_list *const lists[] = {
    &zset_add_commands,           &zset_read_commands,         &zset_rank_commands,
    &zset_range_commands,         &zset_range_store_commands,  &zset_remove_commands,
    &zset_pop_commands,           &zset_blocking_pop_commands, &zset_algebra_commands,
    &zset_algebra_store_commands, &zset_random_commands,       &zset_scan_commands,
    &zset_around_commands,        &zset_percentile_commands,   &zset_due_pop_commands,
    &zset_move_commands,          &zset_expire_commands,       NULL,
};

const struct feature zset_commands_feature = {
    .name = "zset",
    .commands = lists,
    .directives = directives,
    .directive_count = ARRAY_LEN(directives),
    .start = start_zsets,
};
