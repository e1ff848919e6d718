/* Directives of the process itself: where it works, what it logs, how it runs. */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include "engine/feature.h"

#include <stdbool.h>
#include <stdint.h>

/* What a signal that ends the server does besides: a set of these. */
enum stop_manner {
    STOP_SAVING = 1 << 0,
    STOP_NOT_SAVING = 1 << 1,
    STOP_NOW = 1 << 2, /* as always: there is nobody to wait for */
    STOP_FORCED = 1 << 3,
};

struct server_settings {
    int64_t databases;
    bool is_daemon;
    char *pid_path;
    char *work_path; /* dir */
    char *log_path;
    int log_level; /* enum log_level */
    bool has_syslog;
    char *syslog_ident;
    int syslog_facility;
    int sigterm_manner; /* enum stop_manner */
    int sigint_manner;
};

const struct server_settings *server_settings(void);
/* Makes the log follow the settings. False with a line in `error`. */
NODISCARD bool server_settings_open_log(struct buffer *error);
/* Enters `dir`. False with a line in `error` when it is missing or cannot be written to. */
NODISCARD bool server_settings_enter_dir(struct buffer *error);

extern const struct feature server_settings_feature;

#endif
