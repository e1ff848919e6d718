/* INFO: what the server is and runs on: sections server, cpu, replication, persistence, cluster. */
#include "commands/server/info_sections.h"
#include "data/access.h"
#include "engine/client.h"
#include "engine/engine.h"
#include "engine/version.h"

#include <limits.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { SECONDS_PER_DAY = 86400, HERTZ = 10 };

void info_write_nothing(struct engine *engine, struct buffer *out) {
    (void)engine;
    (void)out;
}

/* --- server --- */

static void write_os(struct buffer *out) {
    struct utsname name;
    if (uname(&name) != 0) return;
    buffer_printf(out, "os:%s %s %s\r\n", name.sysname, name.release, name.machine);
}

static void write_executable(struct buffer *out) {
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
    buffer_printf(out, "executable:%.*s\r\n", len < 0 ? 0 : (int)len, path);
}

static void write_uptime(const struct engine *engine, struct buffer *out) {
    int64_t seconds = (engine->clock->unix_ms - engine->started_ms) / 1000;
    if (seconds < 0) seconds = 0;
    buffer_printf(out, "server_time_usec:%lld\r\nuptime_in_seconds:%lld\r\nuptime_in_days:%lld\r\n",
                  (long long)engine->clock->unix_us, (long long)seconds,
                  (long long)(seconds / SECONDS_PER_DAY));
}

void info_write_server(struct engine *engine, struct buffer *out) {
    buffer_printf(out,
                  "redis_version:%s\r\nskua_version:%s\r\nredis_git_sha1:00000000\r\n"
                  "redis_git_dirty:0\r\nredis_build_id:0\r\nredis_mode:standalone\r\n",
                  REDIS_VERSION, SKUA_VERSION);
    write_os(out);
    buffer_printf(out, "arch_bits:%d\r\nmonotonic_clock:POSIX clock_gettime\r\n",
                  (int)(sizeof(void *) * CHAR_BIT));
    buffer_printf(out, "multiplexing_api:epoll\r\natomicvar_api:c11-builtin\r\n");
    buffer_printf(out, "gcc_version:%s\r\n", __VERSION__);
    buffer_printf(out, "process_id:%ld\r\nprocess_supervised:no\r\nrun_id:%s\r\ntcp_port:%d\r\n",
                  (long)getpid(), engine->run_id,
                  engine->network == NULL ? 0 : network_port(engine->network));
    write_uptime(engine, out);
    int64_t seconds = engine->clock->unix_ms / 1000;
    buffer_printf(out, "hz:%d\r\nconfigured_hz:%d\r\nlru_clock:%lld\r\n", HERTZ, HERTZ,
                  (long long)(seconds & ((1 << ENTRY_ACCESS_BITS) - 1)));
    write_executable(out);
    buffer_printf(out, "config_file:%s\r\nio_threads_active:0\r\n",
                  engine->config_path == NULL ? "" : engine->config_path);
}

/* --- cpu --- */

static void write_usage(struct buffer *out, int who, const char *suffix) {
    struct rusage usage;
    if (getrusage(who, &usage) != 0) return;
    buffer_printf(out, "used_cpu_sys%s:%ld.%06ld\r\nused_cpu_user%s:%ld.%06ld\r\n", suffix,
                  (long)usage.ru_stime.tv_sec, (long)usage.ru_stime.tv_usec, suffix,
                  (long)usage.ru_utime.tv_sec, (long)usage.ru_utime.tv_usec);
}

void info_write_cpu(struct engine *engine, struct buffer *out) {
    (void)engine;
    write_usage(out, RUSAGE_SELF, "");
    write_usage(out, RUSAGE_CHILDREN, "_children");
    write_usage(out, RUSAGE_THREAD, "_main_thread");
}

/* --- what a server without those services answers --- */

void info_write_replication(struct engine *engine, struct buffer *out) {
    buffer_append_str(out, "role:master\r\nconnected_slaves:0\r\n"
                           "master_failover_state:no-failover\r\n");
    buffer_printf(out, "master_replid:%s\r\n", engine->run_id);
    buffer_append_str(out, "master_replid2:0000000000000000000000000000000000000000\r\n"
                           "master_repl_offset:0\r\nsecond_repl_offset:-1\r\n"
                           "repl_backlog_active:0\r\nrepl_backlog_size:0\r\n"
                           "repl_backlog_first_byte_offset:0\r\nrepl_backlog_histlen:0\r\n");
}

void info_write_cluster(struct engine *engine, struct buffer *out) {
    (void)engine;
    buffer_append_str(out, "cluster_enabled:0\r\n");
}
