/* schedstat's first number is a thread's time on a core in ns. A process's is the sum over its
 * threads; a thread that has ended no longer counts, so the difference of two readings is taken
 * over periods in which the server keeps its threads. */
#include "benchmark/server.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benchmark/fail.h"

/* Reads a small file of /proc; false when it cannot be read. */
static bool read_proc(const char *path, char *text, size_t room) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t length = read(fd, text, room - 1);
    close(fd);
    if (length <= 0) return false;
    text[length] = '\0';
    return true;
}

static bool read_process(long pid, const char *file, char *text, size_t room) {
    char path[64];
    snprintf(path, sizeof(path), "/proc/%ld/%s", pid, file);
    return read_proc(path, text, room);
}

static uint64_t sum_schedstat(long pid) {
    char path[400];
    char text[128];
    uint64_t total_ns = 0;
    snprintf(path, sizeof(path), "/proc/%ld/task", pid);
    DIR *tasks = opendir(path);
    if (tasks == NULL) fail("the server process %ld has gone", pid);
    for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
        if (task->d_name[0] == '.') continue;
        snprintf(path, sizeof(path), "/proc/%ld/task/%s/schedstat", pid, task->d_name);
        if (read_proc(path, text, sizeof(text))) total_ns += strtoull(text, NULL, 10);
    }
    closedir(tasks);
    return total_ns;
}

/* Steps over `count` blank-separated fields. */
static const char *skip_fields(const char *text, int count) {
    for (; count > 0; count--) {
        text += strcspn(text, " ");
        text += strspn(text, " ");
    }
    return text;
}

static uint64_t read_stat_ns(long pid) {
    char text[1024];
    if (!read_process(pid, "stat", text, sizeof(text))) {
        fail("the server process %ld has gone", pid);
    }
    /* The second field is the name in parentheses, which may itself hold blanks; utime is the
     * fourteenth field and stime the next. */
    const char *after_name = strrchr(text, ')');
    if (after_name == NULL) return 0;
    char *rest;
    uint64_t ticks = strtoull(skip_fields(after_name, 12), &rest, 10);
    ticks += strtoull(rest, NULL, 10);
    return ticks * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));
}

static void find_process(struct server *server, long pid) {
    char text[256];
    server->pid = pid ? pid : (long)server_info(server, "process_id");
    if (server->pid <= 0 || !read_process(server->pid, "stat", text, sizeof(text))) {
        if (pid) fail("there is no process %ld", pid);
        server->pid = 0;
        return;
    }
    server->has_schedstat =
        read_process(server->pid, "schedstat", text, sizeof(text)) && strtoull(text, NULL, 10) > 0;
    if (!server->has_schedstat) return;
    snprintf(text, sizeof(text), "/proc/%ld/schedstat", server->pid);
    server->main_schedstat_fd = open(text, O_RDONLY | O_CLOEXEC);
}

void server_open(struct server *server, const struct target *target, long pid) {
    struct target plain = *target;
    plain.is_resp3 = false;
    *server = (struct server){.main_schedstat_fd = -1};
    control_open(&server->control, &plain);
    find_process(server, pid);
}

void server_close(struct server *server) {
    if (server->main_schedstat_fd >= 0) close(server->main_schedstat_fd);
    control_close(&server->control);
}

struct answer server_try(struct server *server, const char *line) {
    return control_ask_line(&server->control, line);
}

struct answer server_must(struct server *server, const char *line) {
    struct answer answer = server_try(server, line);
    if (answer.type == '-') fail("%s was refused: %s", line, answer.text);
    return answer;
}

/* The text after "name:" at the start of one of INFO's lines; NULL when there is none. */
static const char *find_info(struct server *server, const char *section, const char *name) {
    char line[32];
    snprintf(line, sizeof(line), "INFO %s", section);
    struct answer answer = server_try(server, line);
    if (answer.type == '-') return NULL;
    size_t name_length = strlen(name);
    for (const char *at = answer.text; at != NULL; at = strchr(at, '\n')) {
        if (*at == '\n') at++;
        if (strncmp(at, name, name_length) == 0 && at[name_length] == ':') {
            return at + name_length + 1;
        }
    }
    return NULL;
}

double server_info(struct server *server, const char *field) {
    const char *text = find_info(server, "all", field);
    return text ? strtod(text, NULL) : -1;
}

double server_command_stat(struct server *server, const char *command, const char *field) {
    char name[64];
    snprintf(name, sizeof(name), "cmdstat_%s", command);
    const char *text = find_info(server, "commandstats", name);
    if (text == NULL) return -1;
    size_t field_length = strlen(field);
    while (*text != '\0' && *text != '\r') {
        if (strncmp(text, field, field_length) == 0 && text[field_length] == '=') {
            return strtod(text + field_length + 1, NULL);
        }
        text += strcspn(text, ",\r");
        if (*text == ',') text++;
    }
    return -1;
}

uint64_t server_cpu_ns(const struct server *server) {
    if (server->pid == 0) return 0;
    return server->has_schedstat ? sum_schedstat(server->pid) : read_stat_ns(server->pid);
}

uint64_t server_main_thread_ns(const struct server *server) {
    char text[64];
    if (server->main_schedstat_fd < 0) return 0;
    ssize_t length = pread(server->main_schedstat_fd, text, sizeof(text) - 1, 0);
    if (length <= 0) return 0;
    text[length] = '\0';
    return strtoull(text, NULL, 10);
}

double server_rss_bytes(const struct server *server) {
    char text[128];
    if (server->pid == 0 || !read_process(server->pid, "statm", text, sizeof(text))) return -1;
    uint64_t resident_pages = strtoull(skip_fields(text, 1), NULL, 10);
    return (double)resident_pages * (double)sysconf(_SC_PAGESIZE);
}

const char *server_cpu_source(const struct server *server) {
    if (server->pid == 0) return "none";
    return server->has_schedstat ? "schedstat (ns)" : "stat (ticks)";
}
