#include "services/persistence/aof_settings.h"

#include <string.h>

static struct aof_settings settings;
static bool (*on_change)(struct buffer *error);

const struct aof_settings *aof_settings(void) {
    return &settings;
}

void aof_settings_on_change(bool (*apply)(struct buffer *error)) {
    on_change = apply;
}

static bool apply_settings(struct buffer *error) {
    return on_change == NULL || on_change(error);
}

static bool check_name(const struct directive_value *value, const char *directive,
                       struct buffer *error) {
    struct bytes name = value->items[0];
    if (name.len == 0)
        buffer_printf(error, "%s can't be empty", directive);
    else if (bytes_index(name, '/') != name.len)
        buffer_printf(error, "%s can't be a path, just a %s", directive,
                      strcmp(directive, "appenddirname") == 0 ? "dirname" : "filename");
    return error->len == 0;
}

static bool check_log_name(const struct directive_value *value, struct buffer *error) {
    return check_name(value, "appendfilename", error);
}

static bool check_folder(const struct directive_value *value, struct buffer *error) {
    return check_name(value, "appenddirname", error);
}

static const struct directive_choice policies[] = {
    {"everysec", AOF_SYNC_EVERY_SECOND},
    {"always", AOF_SYNC_ALWAYS},
    {"no", AOF_SYNC_NO},
    {NULL, 0},
};

const struct directive aof_directives[AOF_DIRECTIVE_COUNT] = {
    {.name = "appendonly",
     .kind = DIRECTIVE_BOOL,
     .field = &settings.is_wanted,
     .apply = apply_settings,
     .default_text = "no"},
    {.name = "appendfilename",
     .kind = DIRECTIVE_STRING,
     .flags = DIRECTIVE_IMMUTABLE,
     .field = &settings.log_name,
     .validate = check_log_name,
     .default_text = "appendonly.aof"},
    {.name = "appenddirname",
     .kind = DIRECTIVE_STRING,
     .flags = DIRECTIVE_IMMUTABLE,
     .field = &settings.folder,
     .validate = check_folder,
     .default_text = "appendonlydir"},
    {.name = "appendfsync",
     .kind = DIRECTIVE_ENUM,
     .field = &settings.sync_policy,
     .choices = policies,
     .apply = apply_settings,
     .default_text = "everysec"},
    {.name = "no-appendfsync-on-rewrite",
     .kind = DIRECTIVE_BOOL,
     .field = &settings.spares_sync_on_rewrite,
     .apply = apply_settings,
     .default_text = "no"},
    {.name = "auto-aof-rewrite-percentage",
     .kind = DIRECTIVE_INT,
     .field = &settings.rewrite_percent,
     .max = INT32_MAX,
     .default_text = "100"},
    {.name = "auto-aof-rewrite-min-size",
     .kind = DIRECTIVE_SIZE,
     .field = &settings.rewrite_min_bytes,
     .default_text = "64mb"},
    {.name = "aof-timestamp-enabled",
     .kind = DIRECTIVE_BOOL,
     .field = &settings.has_times,
     .apply = apply_settings,
     .default_text = "no"},
    {.name = "aof-use-rdb-preamble",
     .kind = DIRECTIVE_BOOL,
     .field = &settings.has_preamble,
     .default_text = "yes"},
    {.name = "aof-rewrite-incremental-fsync",
     .kind = DIRECTIVE_BOOL,
     .field = &settings.is_synced_piecewise,
     .default_text = "yes"},
    {.name = "aof-load-truncated",
     .kind = DIRECTIVE_BOOL,
     .field = &settings.mends_torn_end,
     .default_text = "yes"},
    {.name = "aof-load-corrupt-tail-max-size",
     .kind = DIRECTIVE_SIZE,
     .field = &settings.mended_corrupt_bytes,
     .default_text = "0"},
    {.name = "aof-backlog-limit",
     .kind = DIRECTIVE_SIZE,
     .field = &settings.backlog_max_bytes,
     .min = 1024,
     .max = INT64_MAX,
     .default_text = "256mb"},
    {.name = "aof-unsynced-limit",
     .kind = DIRECTIVE_INT,
     .field = &settings.unsynced_max_s,
     .min = 2,
     .max = 3600,
     .default_text = "5"},
};
