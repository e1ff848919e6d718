/* The server's log: one line an event, "pid:role day month year hh:mm:ss.ms mark message", to a
 * file, standard output or syslog. */
#ifndef FOUNDATION_LOG_H
#define FOUNDATION_LOG_H

#include "foundation/check.h"

#include <stdbool.h>
#include <stddef.h>

enum log_level {
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_VERBOSE,
    LOG_LEVEL_NOTICE,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_NOTHING,
};

struct log_settings {
    enum log_level level;
    const char *path; /* NULL or "" is standard output; opened for each line, as rotation wants */
    bool has_syslog;
    const char *syslog_ident;
    int syslog_facility; /* LOG_LOCAL0 … of <syslog.h> */
};

/* Copies the settings. False, with errno set, when the file cannot be opened for appending. */
NODISCARD bool log_configure(const struct log_settings *settings);
enum log_level log_current_level(void);
/* The letter behind the process id: M for a master (also before it is set), S for a replica, C for
 * a forked child. */
void log_set_role(char role);
/* Writes one line in one write; a newline in the text stays in it. Any thread may call it. */
void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);
/* Async-signal-safe: writes the bytes as they are to the log's file or standard output. */
void log_raw_from_signal(const char *text, size_t len);

#define LOG_DEBUGGING(...)                                                                         \
    (log_current_level() <= LOG_LEVEL_DEBUG ? log_line(LOG_LEVEL_DEBUG, __VA_ARGS__) : (void)0)
#define LOG_VERBOSE(...)                                                                           \
    (log_current_level() <= LOG_LEVEL_VERBOSE ? log_line(LOG_LEVEL_VERBOSE, __VA_ARGS__) : (void)0)
#define LOG_NOTICE(...) log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define LOG_WARNING(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)

#endif
