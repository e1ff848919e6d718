/* CLIENT INFO and CLIENT LIST: a line a connection. */
#include "commands/connection/client_handlers.h"
#include "commands/connection/client_text.h"
#include "engine/arguments.h"
#include "engine/blocking.h"
#include "engine/engine.h"
#include "engine/reply.h"
#include "engine/transaction.h"
#include "foundation/buffer.h"

/* --- kinds --- */

static const struct {
    const char *name;
    enum peer_type type;
} peer_types[] = {
    {"normal", PEER_NORMAL}, {"slave", PEER_REPLICA}, {"replica", PEER_REPLICA},
    {"pubsub", PEER_PUBSUB}, {"master", PEER_MASTER},
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
    (void)client;
    return PEER_NORMAL;
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

/* A letter for each thing that is special about a session; N when nothing is. */
static void append_flags(const struct session *session, struct buffer *out) {
    const struct client *client = session->client;
    size_t start;
    buffer_append_str(out, " flags=");
    start = out->len;
    if (session->transaction != NULL) buffer_append_char(out, 'x');
    bool is_postponed = client != NULL && client->is_postponed;
    if (is_postponed || blocking_is_blocked(session)) buffer_append_char(out, 'b');
    if (session->watches.is_dirty) buffer_append_char(out, 'd');
    if (session->is_closing) buffer_append_char(out, 'c');
    if (client != NULL && client->is_unix) buffer_append_char(out, 'U');
    if (session->is_no_evict) buffer_append_char(out, 'e');
    if (session->is_no_touch) buffer_append_char(out, 'T');
    if (out->len == start) buffer_append_char(out, 'N');
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
    append_flags(session, out);
    buffer_printf(out, " db=%u sub=0 psub=0 ssub=0 multi=%lld watch=%zu", session->db_number,
                  transaction_count(session), session->watches.count);
    append_usage(session, argument_bytes(call, session), out);
    buffer_printf(out, " cmd=%s user=default redir=-1 resp=%d lib-name=%s lib-ver=%s\n",
                  last == NULL ? "NULL" : last->full_name, (int)session->version,
                  text_or_empty(session->lib_name), text_or_empty(session->lib_version));
}

/* --- commands --- */

void client_info_command(struct call *call) {
    struct buffer line = {0};
    append_line(call, call->session, &line);
    reply_verbatim(call, "txt", buffer_bytes(&line));
    buffer_destroy(&line);
}

static const struct client *first_client(const struct call *call) {
    const struct network *network = call->engine->network;
    return network == NULL ? NULL : network_first_client(network);
}

static void list_all(const struct call *call, struct buffer *out) {
    for (const struct client *client = first_client(call); client != NULL; client = client->next) {
        if (!client->is_dropped) append_line(call, &client->session, out);
    }
}

static bool list_type(struct call *call, struct buffer *out) {
    enum peer_type type;
    if (!argument_peer_type(call, 3, &type)) return false;
    for (const struct client *client = first_client(call); client != NULL; client = client->next) {
        if (!client->is_dropped && peer_type_of(client) == type)
            append_line(call, &client->session, out);
    }
    return true;
}

static bool list_ids(struct call *call, struct buffer *out) {
    const struct network *network = call->engine->network;
    for (uint32_t i = 3; i < call->argc; i++) {
        int64_t id;
        if (!argument_i64_or(call, i, &id, "ERR Invalid client ID")) return false;
        const struct client *client =
            network == NULL ? NULL : network_find_client(network, (uint64_t)id);
        if (client != NULL && !client->is_dropped) append_line(call, &client->session, out);
    }
    return true;
}

/* False when an error was replied. */
static bool list_wanted(struct call *call, struct buffer *out) {
    if (call->argc == 2) {
        list_all(call, out);
        return true;
    }
    if (call->argc == 4 && argument_is(call, 2, "type")) return list_type(call, out);
    if (call->argc > 3 && argument_is(call, 2, "id")) return list_ids(call, out);
    reply_error_syntax(call);
    return false;
}

void client_list_command(struct call *call) {
    struct buffer lines = {0};
    if (list_wanted(call, &lines)) reply_verbatim(call, "txt", buffer_bytes(&lines));
    buffer_destroy(&lines);
}
