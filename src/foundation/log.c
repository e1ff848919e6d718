#include "foundation/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096, PATH_MAX_BYTES = 4096, IDENT_MAX_BYTES = 128 };

static enum log_level current_level = LOG_LEVEL_NOTICE;
static char current_role = 'M';
static char log_path[PATH_MAX_BYTES];
static bool has_syslog;
static char syslog_ident[IDENT_MAX_BYTES];

static int open_file(const char *path) {
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
}

static bool can_append(const char *path) {
    if (path[0] == '\0') return true;
    int fd = open_file(path);
    if (fd == -1) return false;
    close(fd);
    return true;
}

/* syslog(3) keeps the pointer to the ident, so it lives here. */
static void start_syslog(const struct log_settings *settings) {
    const char *ident = settings->syslog_ident == NULL ? "" : settings->syslog_ident;
    if (has_syslog) closelog();
    has_syslog = settings->has_syslog;
    snprintf(syslog_ident, sizeof(syslog_ident), "%s", ident);
    if (!has_syslog) return;
    openlog(syslog_ident, LOG_PID | LOG_NDELAY | LOG_NOWAIT, settings->syslog_facility);
}

bool log_configure(const struct log_settings *settings) {
    const char *path = settings->path == NULL ? "" : settings->path;
    if (strlen(path) >= sizeof(log_path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (!can_append(path)) return false;
    if (path != log_path) memcpy(log_path, path, strlen(path) + 1);
    current_level = settings->level;
    start_syslog(settings);
    return true;
}

enum log_level log_current_level(void) {
    return current_level;
}

void log_set_role(char role) {
    current_role = role;
}

/* Writes all of it or gives up: a log that cannot be written has nowhere to say so. */
static void write_out(const char *text, size_t len) {
    int fd = log_path[0] == '\0' ? STDOUT_FILENO : open_file(log_path);
    if (fd == -1) return;
    while (len > 0) {
        ssize_t written = write(fd, text, len);
        if (written <= 0 && errno != EINTR) break;
        if (written <= 0) continue;
        text += written;
        len -= (size_t)written;
    }
    if (fd != STDOUT_FILENO) close(fd);
}

/* "1234:M 21 Nov 2026 13:44:08.123 * ", the month's name whatever the locale. */
static size_t write_head(char *out, size_t size, enum log_level level) {
    static const char marks[] = ".-*#";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct timeval now;
    struct tm local;
    gettimeofday(&now, NULL);
    localtime_r(&now.tv_sec, &local);
    int len = snprintf(out, size, "%d:%c %02d %.3s %d %02d:%02d:%02d.%03d %c ", (int)getpid(),
                       current_role, local.tm_mday, months + 3 * local.tm_mon, local.tm_year + 1900,
                       local.tm_hour, local.tm_min, local.tm_sec, (int)(now.tv_usec / 1000),
                       marks[level]);
    return (size_t)len;
}

void log_line(enum log_level level, const char *format, ...) {
    static const int priorities[] = {LOG_DEBUG, LOG_INFO, LOG_NOTICE, LOG_WARNING};
    if (level < current_level || level >= LOG_LEVEL_NOTHING) return;
    char line[LINE_MAX_BYTES];
    size_t head = write_head(line, sizeof(line), level);
    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(line + head, sizeof(line) - head, format, args);
    va_end(args);
    size_t len = wanted < 0 ? head : head + (size_t)wanted;
    if (len > sizeof(line) - 1) len = sizeof(line) - 1;
    if (has_syslog) syslog(priorities[level], "%.*s", (int)(len - head), line + head);
    line[len] = '\n';
    write_out(line, len + 1);
}

void log_raw_from_signal(const char *text, size_t len) {
    int saved_errno = errno;
    write_out(text, len);
    errno = saved_errno;
}
