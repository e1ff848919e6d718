/* The hash family as a feature: its commands and the limits of packed hashes. */
#include "commands/hash/hash_commands.h"
#include "data/types/hash/hash.h"

static struct {
    int64_t max_packed_entries;
    int64_t max_packed_value_len;
} settings;

static bool apply_limits(struct buffer *error) {
    (void)error;
    hash_set_limits(settings.max_packed_entries, settings.max_packed_value_len);
    return true;
}

static bool start_hashes(struct engine *engine, char *error UNUSED) {
    (void)engine;
    return apply_limits(NULL);
}

static const struct directive directives[] = {
    {.name = "hash-max-listpack-entries",
     .alias = "hash-max-ziplist-entries",
     .kind = DIRECTIVE_INT,
     .field = &settings.max_packed_entries,
     .max = INT64_MAX,
     .apply = apply_limits,
     .default_text = "512"},
    {.name = "hash-max-listpack-value",
     .alias = "hash-max-ziplist-value",
     .kind = DIRECTIVE_SIZE,
     .field = &settings.max_packed_value_len,
     .max = INT64_MAX,
     .apply = apply_limits,
     .default_text = "64"},
};

static const struct command_list *const lists[] = {
    &hash_write_commands,    &hash_counter_commands,
    &hash_read_commands,     &hash_multi_commands,
    &hash_random_commands,   &hash_scan_commands,
    &hash_expire_commands,   &hash_ttl_commands,
    &hash_lifetime_commands, NULL,
};

const struct feature hash_commands_feature = {
    .name = "hash",
    .commands = lists,
    .directives = directives,
    .directive_count = ARRAY_LEN(directives),
    .start = start_hashes,
};
