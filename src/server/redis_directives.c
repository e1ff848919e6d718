/* Directives of a redis.conf that have nothing to do here: a configuration that has served
 * redis-server starts this server unchanged.
 *
 * Each is checked, kept and told by CONFIG GET like any other, and has no effect. Where a value
 * would promise what is not there (a replica, a cluster, defragmentation), it is refused: such a
 * row takes its default alone. */
#include "server/redis_directives.h"

static struct {
    bool shows_logo, sets_title, has_thp_off, logs_crash, checks_memory;
    bool has_dynamic_hz, is_rehashing, has_jemalloc_thread, is_defragmenting;
    bool frees_evicted_lazily, frees_expired_lazily, frees_overwritten_lazily;
    bool unlinks_on_del, flushes_lazily, flushes_replica_lazily;
    bool has_io_threads_read, is_cluster, serves_stale_data, is_replica_read_only, is_announced;
    bool replica_ignores_memory, replica_ignores_disk, syncs_without_disk, delays_replication;
    int64_t hz, expire_effort, eviction_tenacity, io_threads, compress_depth, log_len, node_bytes,
        node_entries;
    int64_t busy_ms, stop_timeout_s, tls_port;
    int64_t sync_delay_s, sync_replicas, priority, ping_s, replication_timeout_s;
    int64_t backlog_bytes, backlog_s, needed_replicas, replica_lag_s;
    int load_way, check_way, channel_right, module_access;
    char *title, *ignored_warnings, *locale;
} unused;

static const struct directive_choice load_ways[] = {
    {"disabled", 0}, {"on-empty-db", 1}, {"swapdb", 2}, {NULL, 0}};
static const struct directive_choice check_ways[] = {
    {"no", 0}, {"yes", 1}, {"clients", 2}, {NULL, 0}};
static const struct directive_choice channel_rights[] = {
    {"allchannels", 0}, {"resetchannels", 1}, {NULL, 0}};

static const struct directive_choice module_accesses[] = {
    {"no", 0}, {"yes", 1}, {"local", 2}, {NULL, 0}};

static bool refuse_unless_zero(const struct directive_value *value, struct buffer *error) {
    if (value->number == 0) return true;
    buffer_append_str(error, "what it switches on is not there: it can be off only");
    return false;
}

/* What redis-server writes of its one user when it rewrites its file. A password is in that line as a
 * hash, and is refused with it: requirepass sets one here. */
static bool parse_user(const struct directive_args *args, struct buffer *error) {
    static const char *const rules[] = {"on", "nopass", "sanitize-payload", "~*", "&*", "+@all"};
    bool is_known = args->count > 1 && bytes_is_word(args->items[0], "default");
    for (size_t i = 1; i < args->count && is_known; i++) {
        is_known = false;
        for (size_t j = 0; j < ARRAY_LEN(rules); j++)
            is_known |= bytes_is_word(args->items[i], rules[j]);
    }
    if (!is_known)
        buffer_append_str(error, "there are no users here but 'default on nopass ~* &* +@all'");
    return is_known;
}

#define UNUSED_BOOL(text, older, place, standard)                                                  \
    {                                                                                              \
        .name = (text), .alias = (older), .kind = DIRECTIVE_BOOL, .field = &unused.place,          \
        .default_text = (standard)                                                                 \
    }
#define UNUSED_NUMBER(text, older, place, least, most, standard)                                   \
    {                                                                                              \
        .name = (text), .alias = (older), .kind = DIRECTIVE_INT, .field = &unused.place,           \
        .min = (least), .max = (most), .default_text = (standard)                                  \
    }
#define UNUSED_ENUM(text, place, names, standard)                                                  \
    {                                                                                              \
        .name = (text), .kind = DIRECTIVE_ENUM, .field = &unused.place, .choices = (names),        \
        .default_text = (standard)                                                                 \
    }

static const struct directive directives[] = {
    /* the process */
    UNUSED_BOOL("always-show-logo", NULL, shows_logo, "no"),
    UNUSED_BOOL("set-proc-title", NULL, sets_title, "yes"),
    {.name = "proc-title-template",
     .kind = DIRECTIVE_STRING,
     .field = &unused.title,
     .default_text = "{title} {listen-addr} {server-mode}"},
    UNUSED_BOOL("disable-thp", NULL, has_thp_off, "yes"),
    UNUSED_BOOL("crash-log-enabled", NULL, logs_crash, "yes"),
    UNUSED_BOOL("crash-memcheck-enabled", NULL, checks_memory, "yes"),
    {.name = "ignore-warnings",
     .kind = DIRECTIVE_STRING,
     .field = &unused.ignored_warnings,
     .default_text = ""},
    {.name = "locale-collate",
     .kind = DIRECTIVE_STRING,
     .field = &unused.locale,
     .default_text = ""},
    {.name = "enable-module-command",
     .kind = DIRECTIVE_ENUM,
     .flags = DIRECTIVE_IMMUTABLE,
     .field = &unused.module_access,
     .choices = module_accesses,
     .validate = refuse_unless_zero,
     .default_text = "no"},
    UNUSED_NUMBER("shutdown-timeout", NULL, stop_timeout_s, 0, INT32_MAX, "10"),
    /* threads and time */
    UNUSED_NUMBER("io-threads", NULL, io_threads, 1, 128, "1"),
    UNUSED_BOOL("io-threads-do-reads", NULL, has_io_threads_read, "no"),
    UNUSED_NUMBER("hz", NULL, hz, 0, INT32_MAX, "10"),
    UNUSED_BOOL("dynamic-hz", NULL, has_dynamic_hz, "yes"),
    UNUSED_NUMBER("busy-reply-threshold", "lua-time-limit", busy_ms, 0, INT64_MAX, "5000"),
    /* memory */
    UNUSED_BOOL("activerehashing", NULL, is_rehashing, "yes"),
    UNUSED_NUMBER("active-expire-effort", NULL, expire_effort, 1, 10, "1"),
    UNUSED_NUMBER("maxmemory-eviction-tenacity", NULL, eviction_tenacity, 0, 100, "10"),
    UNUSED_NUMBER("list-compress-depth", NULL, compress_depth, 0, INT32_MAX, "0"),
    {.name = "stream-node-max-bytes",
     .kind = DIRECTIVE_SIZE,
     .field = &unused.node_bytes,
     .default_text = "4kb"},
    UNUSED_NUMBER("stream-node-max-entries", NULL, node_entries, 0, INT64_MAX, "100"),
    UNUSED_BOOL("jemalloc-bg-thread", NULL, has_jemalloc_thread, "yes"),
    UNUSED_BOOL("lazyfree-lazy-eviction", NULL, frees_evicted_lazily, "no"),
    UNUSED_BOOL("lazyfree-lazy-expire", NULL, frees_expired_lazily, "no"),
    UNUSED_BOOL("lazyfree-lazy-server-del", NULL, frees_overwritten_lazily, "no"),
    UNUSED_BOOL("lazyfree-lazy-user-del", NULL, unlinks_on_del, "no"),
    UNUSED_BOOL("lazyfree-lazy-user-flush", NULL, flushes_lazily, "no"),
    UNUSED_ENUM("sanitize-dump-payload", check_way, check_ways, "no"),
    {.name = "activedefrag",
     .kind = DIRECTIVE_BOOL,
     .field = &unused.is_defragmenting,
     .validate = refuse_unless_zero,
     .default_text = "no"},
    /* users, TLS, cluster */
    {.name = "user", .kind = DIRECTIVE_SPECIAL, .flags = DIRECTIVE_FILE_ONLY, .parse = parse_user},
    UNUSED_NUMBER("acllog-max-len", NULL, log_len, 0, INT64_MAX, "128"),
    UNUSED_ENUM("acl-pubsub-default", channel_right, channel_rights, "resetchannels"),
    {.name = "tls-port",
     .kind = DIRECTIVE_INT,
     .field = &unused.tls_port,
     .max = UINT16_MAX,
     .validate = refuse_unless_zero,
     .default_text = "0"},
    {.name = "cluster-enabled",
     .kind = DIRECTIVE_BOOL,
     .flags = DIRECTIVE_IMMUTABLE,
     .field = &unused.is_cluster,
     .validate = refuse_unless_zero,
     .default_text = "no"},
    /* replication */
    {.name = "min-replicas-to-write",
     .alias = "min-slaves-to-write",
     .kind = DIRECTIVE_INT,
     .field = &unused.needed_replicas,
     .max = INT32_MAX,
     .validate = refuse_unless_zero,
     .default_text = "0"},
    UNUSED_NUMBER("min-replicas-max-lag", "min-slaves-max-lag", replica_lag_s, 0, INT32_MAX, "10"),
    UNUSED_BOOL("replica-serve-stale-data", "slave-serve-stale-data", serves_stale_data, "yes"),
    UNUSED_BOOL("replica-read-only", "slave-read-only", is_replica_read_only, "yes"),
    UNUSED_BOOL("replica-lazy-flush", "slave-lazy-flush", flushes_replica_lazily, "no"),
    UNUSED_BOOL("replica-ignore-maxmemory", "slave-ignore-maxmemory", replica_ignores_memory,
                "yes"),
    UNUSED_BOOL("replica-ignore-disk-write-errors", NULL, replica_ignores_disk, "no"),
    UNUSED_BOOL("replica-announced", NULL, is_announced, "yes"),
    UNUSED_NUMBER("replica-priority", "slave-priority", priority, 0, INT32_MAX, "100"),
    UNUSED_BOOL("repl-diskless-sync", NULL, syncs_without_disk, "yes"),
    UNUSED_NUMBER("repl-diskless-sync-delay", NULL, sync_delay_s, 0, INT32_MAX, "5"),
    UNUSED_NUMBER("repl-diskless-sync-max-replicas", NULL, sync_replicas, 0, INT32_MAX, "0"),
    UNUSED_ENUM("repl-diskless-load", load_way, load_ways, "disabled"),
    UNUSED_BOOL("repl-disable-tcp-nodelay", NULL, delays_replication, "no"),
    UNUSED_NUMBER("repl-ping-replica-period", "repl-ping-slave-period", ping_s, 1, INT32_MAX, "10"),
    UNUSED_NUMBER("repl-timeout", NULL, replication_timeout_s, 1, INT32_MAX, "60"),
    {.name = "repl-backlog-size",
     .kind = DIRECTIVE_SIZE,
     .field = &unused.backlog_bytes,
     .min = 1,
     .max = INT64_MAX,
     .default_text = "1mb"},
    UNUSED_NUMBER("repl-backlog-ttl", NULL, backlog_s, 0, INT64_MAX, "3600"),
};

const struct feature redis_directives_feature = {
    .name = "redis directives",
    .directives = directives,
    .directive_count = ARRAY_LEN(directives),
};
