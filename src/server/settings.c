#include "server/settings.h"

#include "foundation/log.h"
#include "foundation/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

static struct server_settings settings;

const struct server_settings *server_settings(void) {
    return &settings;
}

bool server_settings_open_log(struct buffer *error) {
    struct log_settings log = {
        .level = (enum log_level)settings.log_level,
        .path = settings.log_path,
        .has_syslog = settings.has_syslog,
        .syslog_ident = settings.syslog_ident,
        .syslog_facility = settings.syslog_facility,
    };
    if (log_configure(&log)) return true;
    buffer_printf(error, "Can't open the log file '%s': %s", settings.log_path, strerror(errno));
    return false;
}

static bool can_write_to(const char *path, struct buffer *error) {
    if (access(path, W_OK | X_OK) == 0) return true;
    buffer_printf(error, "Can't write to dir '%s': %s", path, strerror(errno));
    return false;
}

bool server_settings_enter_dir(struct buffer *error) {
    if (settings.work_path[0] == '\0') return true;
    if (!can_write_to(settings.work_path, error)) return false;
    if (chdir(settings.work_path) == 0) return true;
    buffer_printf(error, "Can't chdir to dir '%s': %s", settings.work_path, strerror(errno));
    return false;
}

/* CONFIG GET dir tells where the process really is. */
static void format_dir(struct buffer *out) {
    char *path = getcwd(NULL, 0);
    buffer_append_str(out, path == NULL ? settings.work_path : path);
    free(path);
}

static bool parse_dir(const struct directive_args *args, struct buffer *error) {
    if (args->count != 1) {
        buffer_append_str(error, "wrong number of arguments");
        return false;
    }
    char *path = mem_dup(args->items[0].data, args->items[0].len);
    bool is_at_start =
        args->source == DIRECTIVE_FROM_DEFAULT || args->source == DIRECTIVE_FROM_FILE;
    if (!is_at_start && (!can_write_to(path, error) || chdir(path) != 0)) {
        if (error->len == 0) buffer_printf(error, "%s", strerror(errno));
        mem_free(path);
        return false;
    }
    mem_free(settings.work_path);
    settings.work_path = path;
    return true;
}

static const struct directive_choice log_levels[] = {
    {"debug", LOG_LEVEL_DEBUG},     {"verbose", LOG_LEVEL_VERBOSE}, {"notice", LOG_LEVEL_NOTICE},
    {"warning", LOG_LEVEL_WARNING}, {"nothing", LOG_LEVEL_NOTHING}, {NULL, 0},
};

static const struct directive_choice facilities[] = {
    {"user", LOG_USER},     {"local0", LOG_LOCAL0},
    {"local1", LOG_LOCAL1}, {"local2", LOG_LOCAL2},
    {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},
    {"local5", LOG_LOCAL5}, {"local6", LOG_LOCAL6},
    {"local7", LOG_LOCAL7}, {NULL, 0},
};

static const struct directive_choice stop_manners[] = {
    {"default", 0},    {"save", STOP_SAVING},  {"nosave", STOP_NOT_SAVING},
    {"now", STOP_NOW}, {"force", STOP_FORCED}, {NULL, 0},
};

static bool check_stop_manner(const struct directive_value *value, struct buffer *error) {
    const int64_t both = STOP_SAVING | STOP_NOT_SAVING;
    if ((value->number & both) != both) return true;
    buffer_append_str(error, "shutdown options SAVE and NOSAVE can't be used simultaneously");
    return false;
}

static const struct directive directives[] = {
    {.name = "databases",
     .kind = DIRECTIVE_INT,
     .flags = DIRECTIVE_IMMUTABLE,
     .field = &settings.databases,
     .min = 1,
     .max = 16384,
     .default_text = "16"},
    {.name = "daemonize",
     .kind = DIRECTIVE_BOOL,
     .flags = DIRECTIVE_IMMUTABLE,
     .field = &settings.is_daemon,
     .default_text = "no"},
    {.name = "pidfile",
     .kind = DIRECTIVE_STRING,
     .flags = DIRECTIVE_IMMUTABLE,
     .field = &settings.pid_path,
     .default_text = ""},
    {.name = "dir",
     .kind = DIRECTIVE_SPECIAL,
     .flags = DIRECTIVE_PROTECTED,
     .parse = parse_dir,
     .format = format_dir,
     .default_text = ""},
    {.name = "logfile",
     .kind = DIRECTIVE_STRING,
     .flags = DIRECTIVE_IMMUTABLE,
     .field = &settings.log_path,
     .default_text = ""},
    {.name = "loglevel",
     .kind = DIRECTIVE_ENUM,
     .field = &settings.log_level,
     .choices = log_levels,
     .apply = server_settings_open_log,
     .default_text = "notice"},
    {.name = "syslog-enabled",
     .kind = DIRECTIVE_BOOL,
     .flags = DIRECTIVE_IMMUTABLE,
     .field = &settings.has_syslog,
     .default_text = "no"},
    {.name = "syslog-ident",
     .kind = DIRECTIVE_STRING,
     .flags = DIRECTIVE_IMMUTABLE,
     .field = &settings.syslog_ident,
     .default_text = "skua"},
    {.name = "syslog-facility",
     .kind = DIRECTIVE_ENUM,
     .flags = DIRECTIVE_IMMUTABLE,
     .field = &settings.syslog_facility,
     .choices = facilities,
     .default_text = "local0"},
    {.name = "shutdown-on-sigterm",
     .kind = DIRECTIVE_ENUM,
     .flags = DIRECTIVE_MULTI_ARG,
     .field = &settings.sigterm_manner,
     .choices = stop_manners,
     .validate = check_stop_manner,
     .default_text = "default"},
    {.name = "shutdown-on-sigint",
     .kind = DIRECTIVE_ENUM,
     .flags = DIRECTIVE_MULTI_ARG,
     .field = &settings.sigint_manner,
     .choices = stop_manners,
     .validate = check_stop_manner,
     .default_text = "default"},
};

const struct feature server_settings_feature = {
    .name = "settings",
    .directives = directives,
    .directive_count = ARRAY_LEN(directives),
};
