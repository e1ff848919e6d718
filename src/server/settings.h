/* Directives of the process itself: where it works, what it logs, how it runs. */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include "engine/feature.h"

#include <stdbool.h>
#include <stdint.h>

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
};

const struct server_settings *server_settings(void);
/* Makes the log follow the settings. False with a line in `error`. */
NODISCARD bool server_settings_open_log(struct buffer *error);
/* Enters `dir`. False with a line in `error` when it is missing or cannot be written to. */
NODISCARD bool server_settings_enter_dir(struct buffer *error);

extern const struct feature server_settings_feature;

#endif
