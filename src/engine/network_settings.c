#include "engine/network_settings.h"

#include "engine/blocking.h"
#include "engine/client.h"
#include "engine/client_private.h"
#include "engine/feature.h"
#include "foundation/number.h"

static struct network_settings settings;
static bool (*reopen_listeners)(struct buffer *error);

const struct network_settings *network_settings(void) {
    return &settings;
}

void network_settings_lower_max_clients(int64_t max_clients) {
    settings.max_clients = max_clients;
}

void network_settings_on_listen_change(bool (*reopen)(struct buffer *error)) {
    reopen_listeners = reopen;
}

static bool apply_listen(struct buffer *error) {
    return reopen_listeners == NULL || reopen_listeners(error);
}

/* --- client-output-buffer-limit: class hard soft seconds, again and again --- */

static const char *const class_names[CLIENT_CLASSES] = {"normal", "slave", "pubsub"};

enum { WORDS_PER_LIMIT = 4 };

static bool find_class(struct bytes name, enum client_class *class) {
    for (int i = 0; i < CLIENT_CLASSES; i++) {
        bool is_replica = i == CLIENT_CLASS_REPLICA && bytes_is_word(name, "replica");
        if (!is_replica && !bytes_is_word(name, class_names[i])) continue;
        *class = (enum client_class)i;
        return true;
    }
    return false;
}

static bool parse_limit(const struct bytes *words, enum client_class *class,
                        struct output_limit *limit, struct buffer *error) {
    uint64_t hard, soft;
    int64_t seconds;
    if (!find_class(words[0], class)) {
        buffer_append_str(error, "Invalid client class specified in buffer limit configuration.");
        return false;
    }
    if (!number_parse_size(words[1], &hard) || !number_parse_size(words[2], &soft) ||
        !number_parse_i64(words[3], &seconds) || seconds < 0 || hard > INT64_MAX ||
        soft > INT64_MAX) {
        buffer_append_str(error, "Error in hard, soft or soft_seconds setting in buffer limit "
                                 "configuration.");
        return false;
    }
    *limit = (struct output_limit){(int64_t)hard, (int64_t)soft, seconds};
    return true;
}

static bool parse_output_limits(const struct directive_args *args, struct buffer *error) {
    struct output_limit limits[CLIENT_CLASSES];
    memcpy(limits, settings.output_limits, sizeof(limits));
    if (args->count == 0 || args->count % WORDS_PER_LIMIT != 0) {
        buffer_append_str(error, "Wrong number of arguments in buffer limit configuration.");
        return false;
    }
    for (size_t i = 0; i < args->count; i += WORDS_PER_LIMIT) {
        enum client_class class;
        struct output_limit limit;
        if (!parse_limit(&args->items[i], &class, &limit, error)) return false;
        limits[class] = limit;
    }
    memcpy(settings.output_limits, limits, sizeof(limits));
    return true;
}

static void format_limit(struct buffer *out, int class) {
    const struct output_limit *limit = &settings.output_limits[class];
    buffer_printf(out, "%s %lld %lld %lld", class_names[class], (long long)limit->hard_bytes,
                  (long long)limit->soft_bytes, (long long)limit->soft_seconds);
}

static void format_output_limits(struct buffer *out) {
    for (int i = 0; i < CLIENT_CLASSES; i++) {
        if (i != 0) buffer_append_char(out, ' ');
        format_limit(out, i);
    }
}

static void write_output_limit_lines(struct buffer *out) {
    for (int i = 0; i < CLIENT_CLASSES; i++) {
        buffer_append_str(out, "client-output-buffer-limit ");
        format_limit(out, i);
        buffer_append_char(out, '\n');
    }
}

/* --- the rows --- */

enum { MIB = 1024 * 1024 };

static const struct directive directives[] = {
    {.name = "port",
     .kind = DIRECTIVE_INT,
     .field = &settings.port,
     .max = 65535,
     .apply = apply_listen,
     .default_text = "6379"},
    {.name = "bind",
     .kind = DIRECTIVE_LIST,
     .flags = DIRECTIVE_MULTI_ARG,
     .field = &settings.bind,
     .apply = apply_listen,
     .default_text = "* -::*"},
    {.name = "unixsocket",
     .kind = DIRECTIVE_STRING,
     .flags = DIRECTIVE_IMMUTABLE,
     .field = &settings.unix_path,
     .default_text = ""},
    {.name = "unixsocketperm",
     .kind = DIRECTIVE_OCTAL,
     .flags = DIRECTIVE_IMMUTABLE,
     .field = &settings.unix_mode,
     .max = 0777,
     .default_text = "0"},
    {.name = "tcp-backlog",
     .kind = DIRECTIVE_INT,
     .flags = DIRECTIVE_IMMUTABLE,
     .field = &settings.backlog,
     .max = INT32_MAX,
     .default_text = "511"},
    {.name = "protected-mode",
     .kind = DIRECTIVE_BOOL,
     .field = &settings.is_protected,
     .default_text = "yes"},
    {.name = "timeout",
     .kind = DIRECTIVE_INT,
     .field = &settings.timeout_s,
     .max = INT32_MAX,
     .default_text = "0"},
    {.name = "tcp-keepalive",
     .kind = DIRECTIVE_INT,
     .field = &settings.keepalive_s,
     .max = INT32_MAX,
     .default_text = "300"},
    {.name = "maxclients",
     .kind = DIRECTIVE_INT,
     .field = &settings.max_clients,
     .min = 1,
     .max = UINT32_MAX,
     .default_text = "10000"},
    {.name = "client-query-buffer-limit",
     .kind = DIRECTIVE_SIZE,
     .field = &settings.max_query_bytes,
     .min = MIB,
     .max = INT64_MAX,
     .default_text = "1073741824"},
    {.name = "proto-max-bulk-len",
     .kind = DIRECTIVE_SIZE,
     .field = &settings.max_bulk_bytes,
     .min = MIB,
     .max = INT64_MAX,
     .default_text = "536870912"},
    {.name = "maxmemory-clients",
     .kind = DIRECTIVE_SIZE_OR_PERCENT,
     .field = &settings.max_total_bytes,
     .default_text = "0"},
    {.name = "client-output-buffer-limit",
     .kind = DIRECTIVE_SPECIAL,
     .flags = DIRECTIVE_MULTI_ARG,
     .parse = parse_output_limits,
     .format = format_output_limits,
     .write_lines = write_output_limit_lines,
     .default_text = "normal 1gb 256mb 60 replica 256mb 64mb 60 pubsub 32mb 8mb 60"},
};

/* --- INFO --- */

/* Those whom a pause keeps waiting; nobody counts them as they come and go. */
static size_t count_postponed(const struct network *network) {
    size_t count = 0;
    if (network->engine->pause.scope == PAUSE_NONE) return 0;
    const struct client *client = network->first_client;
    for (; client != NULL; client = client->next) count += client->is_postponed ? 1 : 0;
    return count;
}

static void write_info(struct engine *engine, struct buffer *out) {
    const struct network *network = engine->network;
    if (network == NULL) return;
    size_t blocked_count = blocking_session_count(engine) + count_postponed(network);
    buffer_printf(
        out,
        "connected_clients:%zu\r\n"
        "cluster_connections:0\r\n"
        "maxclients:%lld\r\n"
        "client_recent_max_input_buffer:%zu\r\n"
        "client_recent_max_output_buffer:%zu\r\n"
        "blocked_clients:%zu\r\n"
        "tracking_clients:%llu\r\n"
        "pubsub_clients:%llu\r\n"
        "watching_clients:%zu\r\n"
        "clients_in_timeout_table:%zu\r\n"
        "total_watched_keys:%zu\r\n"
        "total_blocking_keys:%zu\r\n"
        "total_blocking_keys_on_nokey:0\r\n",
        network->client_count, (long long)settings.max_clients, network->max_input_seen,
        network->max_output_seen, blocked_count, (unsigned long long)engine->tracked.clients,
        (unsigned long long)engine->audience.clients, watch_session_count(engine),
        blocking_deadline_count(engine), watch_key_count(engine), blocking_key_count(engine));
}

static const struct info_part info[] = {
    {.section = "Clients", .write = write_info},
    {.section = NULL},
};

const struct feature network_feature = {
    .name = "network",
    .directives = directives,
    .directive_count = ARRAY_LEN(directives),
    .info = info,
};
