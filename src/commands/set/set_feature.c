/* The set family as a feature, with the limits between the encodings of sets. */
#include "commands/set/set_commands.h"
#include "data/types/set/set.h"

static struct {
    int64_t max_ints;
    int64_t max_packed;
    int64_t max_packed_len;
} settings;

static bool apply_limits(struct buffer *error UNUSED) {
    set_set_limits(settings.max_ints, settings.max_packed, settings.max_packed_len);
    return true;
}

static bool start_sets(struct engine *engine UNUSED, char *error UNUSED) {
    return apply_limits(NULL);
}

static const struct directive directives[] = {
    {.name = "set-max-intset-entries",
     .kind = DIRECTIVE_INT,
     .field = &settings.max_ints,
     .apply = apply_limits,
     .default_text = "512"},
    {.name = "set-max-listpack-entries",
     .kind = DIRECTIVE_INT,
     .field = &settings.max_packed,
     .apply = apply_limits,
     .default_text = "128"},
    {.name = "set-max-listpack-value",
     .kind = DIRECTIVE_INT,
     .field = &settings.max_packed_len,
     .apply = apply_limits,
     .default_text = "64"},
};

static const struct command_list *const lists[] = {
    &set_member_commands,
    &set_algebra_commands,
    &set_card_commands,
    &set_random_commands,
    &set_scan_commands,
    &set_expiry_commands,
    NULL,
};

const struct feature set_commands_feature = {
    .name = "set",
    .commands = lists,
    .directives = directives,
    .directive_count = ARRAY_LEN(directives),
    .start = start_sets,
};
