/* The list family as a feature: its commands and the size of a list's blocks. */
#include "commands/list/list_commands.h"
#include "data/types/list/list.h"

static struct { int64_t max_block; } settings;

static bool apply_settings(struct buffer *error) {
    (void)error;
    list_set_limits(settings.max_block);
    return true;
}

static bool start_lists(struct engine *engine UNUSED, char *error UNUSED) {
    return apply_settings(NULL);
}

static const struct directive directives[] = {
    {.name = "list-max-listpack-size",
     .alias = "list-max-ziplist-size",
     .kind = DIRECTIVE_INT,
     .field = &settings.max_block,
     .min = INT32_MIN,
     .max = INT32_MAX,
     .apply = apply_settings,
     .default_text = "-2"},
};

static const struct command_list *const lists[] = {
    &list_push_commands,          &list_pop_commands,
    &list_range_commands,         &list_edit_commands,
    &list_move_commands,          &list_blocking_pop_commands,
    &list_blocking_move_commands, NULL,
};

const struct feature list_commands_feature = {
    .name = "list",
    .commands = lists,
    .directives = directives,
    .directive_count = ARRAY_LEN(directives),
    .start = start_lists,
};
