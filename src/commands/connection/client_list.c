/* CLIENT INFO and CLIENT LIST: a line a connection. */
#include "commands/connection/client_filter.h"
#include "commands/connection/client_handlers.h"
#include "commands/connection/client_text.h"
#include "engine/blocking.h"
#include "engine/engine.h"
#include "engine/reply.h"
#include "engine/transaction.h"
#include "foundation/buffer.h"
#include "foundation/number.h"

/* --- kinds --- */

static const struct {
    const char *name;
    enum peer_type type;
} peer_types[] = {
    {"normal", PEER_NORMAL}, {"slave", PEER_REPLICA}, {"replica", PEER_REPLICA},
    {"pubsub", PEER_PUBSUB}, {"master", PEER_MASTER}, {"primary", PEER_MASTER},
};

bool argument_peer_type(struct call *call, uint32_t index, enum peer_type *type) {
    struct bytes name = call->args[index];
    for (size_t i = 0; i < ARRAY_LEN(peer_types); i++) {
        if (!bytes_is_word(name, peer_types[i].name)) continue;
        *type = peer_types[i].type;
        return true;
    }
    reply_error_printf(call, "ERR Unknown client type '%.*s'", shown_len(name), name.data);
    return false;
}

enum peer_type peer_type_of(const struct client *client) {
    return session_is_subscribing(&client->session) ? PEER_PUBSUB : PEER_NORMAL;
}

/* --- lines --- */

static const char *text_or_empty(const char *text) {
    return text == NULL ? "" : text;
}

static void append_ends(const struct client *client, struct buffer *out) {
    char address[CLIENT_ADDRESS_MAX] = "?:0";
    char local_address[CLIENT_ADDRESS_MAX] = "?:0";
    if (client != NULL) {
        client_address(client, address);
        client_local_address(client, local_address);
    }
    buffer_printf(out, " addr=%s laddr=%s fd=%d", address, local_address,
                  client == NULL ? -1 : client_fd(client));
}

static bool is_tracking(const struct session *session, enum session_tracking how) {
    return (session->tracking & (uint32_t)how) != 0;
}

static bool is_waiting(const struct session *session) {
    const struct client *client = session->client;
    return blocking_is_blocked(session) || (client != NULL && client->is_postponed);
}

void client_flags(const struct session *session, char *text) {
    const struct client *client = session->client;
    const struct {
        char letter;
        bool is_set;
    } flags[] = {
        {'O', session->is_monitor},
        {'P', session_is_subscribing(session)},
        {'x', session->transaction != NULL},
        {'b', is_waiting(session)},
        {'t', is_tracking(session, SESSION_TRACKING_ON)},
        {'R', is_tracking(session, SESSION_TRACKING_BROKEN_REDIRECT)},
        {'B', is_tracking(session, SESSION_TRACKING_BROADCAST)},
        {'d', session->watches.is_dirty},
        {'c', session->is_closing},
        {'u', client != NULL && client->is_woken},
        {'U', client != NULL && client->is_unix},
        {'e', session->is_no_evict},
        {'T', session->is_no_touch},
    };
    _Static_assert(ARRAY_LEN(flags) < CLIENT_FLAGS_MAX, "all letters fit");
    char *end = text;
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        if (flags[i].is_set) *end++ = flags[i].letter;
    if (end == text) *end++ = 'N';
    *end = '\0';
}

static void append_state(const struct session *session, struct buffer *out) {
    char flags[CLIENT_FLAGS_MAX];
    client_flags(session, flags);
    buffer_printf(out, " flags=%s db=%u sub=%u psub=%u ssub=%u multi=%lld watch=%zu", flags,
                  session->db_number, session->subscriptions.channels,
                  session->subscriptions.patterns, session->subscriptions.shard_channels,
                  transaction_count(session), session->watches.count);
}

/* -1: it does not track keys. */
static long long redirect_of(const struct session *session) {
    return is_tracking(session, SESSION_TRACKING_ON) ? (long long)session->tracking_redirect : -1;
}

/* Bytes of the arguments, which only the connection whose command is running has. */
static size_t argument_bytes(const struct call *call, const struct session *session) {
    size_t sum = 0;
    if (call->session != session) return 0;
    for (uint32_t i = 0; i < call->argc; i++) sum += call->args[i].len;
    return sum;
}

static void append_usage(const struct session *session, size_t args_bytes, struct buffer *out) {
    const struct client *client = session->client;
    struct client_usage usage = {0};
    if (client != NULL) client_measure(client, &usage);
    buffer_printf(out,
                  " qbuf=%zu qbuf-free=%zu argv-mem=%zu multi-mem=%zu rbs=0 rbp=0 obl=%zu oll=%zu "
                  "omem=%zu tot-mem=%zu events=%s%s",
                  usage.input_bytes, usage.input_free_bytes, args_bytes,
                  transaction_used_bytes(session), usage.reply_bytes, usage.queued_count,
                  usage.queued_bytes, usage.used_bytes, usage.is_reading ? "r" : "",
                  usage.is_writing ? "w" : "");
}

static void append_line(const struct call *call, const struct session *session,
                        struct buffer *out) {
    const struct command *last = session->last_command;
    int64_t now_ms = call_now_ms(call);
    buffer_append_str(out, "id=");
    buffer_append_u64(out, session->id);
    append_ends(session->client, out);
    buffer_printf(out, " name=%s age=%lld idle=%lld", text_or_empty(session->name),
                  (long long)(now_ms - session->created_ms) / 1000,
                  (long long)(now_ms - session->last_active_ms) / 1000);
    append_state(session, out);
    append_usage(session, argument_bytes(call, session), out);
    buffer_printf(out,
                  " cmd=%s user=default redir=%lld resp=%d lib-name=%s lib-ver=%s tot-net-in=%llu "
                  "tot-net-out=%llu tot-cmds=%llu\n",
                  last == NULL ? "NULL" : last->full_name, redirect_of(session),
                  (int)session->version, text_or_empty(session->lib_name),
                  text_or_empty(session->lib_version), (unsigned long long)session->input_bytes,
                  (unsigned long long)session->output_bytes,
                  (unsigned long long)session->command_count);
}

/* --- commands --- */

void client_info_command(struct call *call) {
    struct buffer line = {0};
    append_line(call, call->session, &line);
    reply_verbatim(call, "txt", buffer_bytes(&line));
    buffer_destroy(&line);
}

static void list_matching(const struct call *call, const struct client_filter *filter,
                          struct buffer *out) {
    const struct network *network = call->engine->network;
    const struct client *client = network == NULL ? NULL : network_first_client(network);
    for (; client != NULL; client = client->next)
        if (!client->is_dropped && client_filter_accepts(call, filter, client))
            append_line(call, &client->session, out);
}

/* In the order in which they were asked for, and as often. */
static void list_ids(const struct call *call, struct buffer *out) {
    const struct network *network = call->engine->network;
    for (uint32_t i = 3; network != NULL && i < call->argc; i++) {
        int64_t id;
        CHECK(number_parse_i64(call->args[i], &id));
        const struct client *client = network_find_client(network, (uint64_t)id);
        if (client != NULL && !client->is_dropped) append_line(call, &client->session, out);
    }
}

void client_list_command(struct call *call) {
    struct client_filter filter = {.is_list = true};
    struct buffer lines = {0};
    if (client_filter_read(call, &filter)) {
        if (client_filter_is_ids_only(call, &filter))
            list_ids(call, &lines);
        else
            list_matching(call, &filter, &lines);
        reply_verbatim(call, "txt", buffer_bytes(&lines));
    }
    buffer_destroy(&lines);
    client_filter_destroy(&filter);
}
