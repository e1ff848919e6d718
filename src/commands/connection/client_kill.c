/* CLIENT KILL: closes the connections that match every filter given. */
#include "commands/connection/client_handlers.h"
#include "commands/connection/client_text.h"
#include "engine/arguments.h"
#include "engine/authentication.h"
#include "engine/engine.h"
#include "engine/reply.h"

struct kill_filter {
    uint64_t id;                 /* 0: any */
    const struct bytes *address; /* NULL: any */
    const struct bytes *local_address;
    bool has_type;
    enum peer_type type;
    bool is_self_skipped;
    int64_t min_age_s;
};

/* --- reading the filters --- */

static bool parse_id(struct call *call, uint32_t index, struct kill_filter *filter) {
    static const char *const error = "ERR client-id should be greater than 0";
    int64_t id;
    if (!argument_i64_in(call, index, 1, INT64_MAX, &id, error)) return false;
    filter->id = (uint64_t)id;
    return true;
}

static bool parse_type(struct call *call, uint32_t index, struct kill_filter *filter) {
    filter->has_type = true;
    return argument_peer_type(call, index, &filter->type);
}

static bool parse_user(struct call *call, uint32_t index, struct kill_filter *filter) {
    struct bytes user = call->args[index];
    (void)filter;
    if (authentication_has_user(user)) return true;
    reply_error_printf(call, "ERR No such user '%.*s'", shown_len(user), user.data);
    return false;
}

static bool parse_address(struct call *call, uint32_t index, struct kill_filter *filter) {
    filter->address = &call->args[index];
    return true;
}

static bool parse_local_address(struct call *call, uint32_t index, struct kill_filter *filter) {
    filter->local_address = &call->args[index];
    return true;
}

static bool parse_skip_me(struct call *call, uint32_t index, struct kill_filter *filter) {
    filter->is_self_skipped = argument_is(call, index, "yes");
    if (filter->is_self_skipped || argument_is(call, index, "no")) return true;
    reply_error_syntax(call);
    return false;
}

static bool parse_max_age(struct call *call, uint32_t index, struct kill_filter *filter) {
    if (!argument_i64_or(call, index, &filter->min_age_s,
                         "ERR maxage is not an integer or out of range"))
        return false;
    if (filter->min_age_s > 0) return true;
    reply_error(call, "ERR maxage should be greater than 0");
    return false;
}

static const struct {
    const char *word;
    bool (*parse)(struct call *call, uint32_t index, struct kill_filter *filter);
} options[] = {
    {"id", parse_id},          {"type", parse_type},           {"user", parse_user},
    {"addr", parse_address},   {"laddr", parse_local_address}, {"skipme", parse_skip_me},
    {"maxage", parse_max_age},
};

/* Reads the option at `index` with the value behind it. */
static bool parse_option(struct call *call, uint32_t index, struct kill_filter *filter) {
    for (size_t i = 0; argument_has_next(call, index) && i < ARRAY_LEN(options); i++) {
        if (argument_is(call, index, options[i].word))
            return options[i].parse(call, index + 1, filter);
    }
    reply_error_syntax(call);
    return false;
}

static bool parse_filter(struct call *call, struct kill_filter *filter) {
    *filter = (struct kill_filter){.is_self_skipped = true};
    for (uint32_t i = 2; i < call->argc; i += 2) {
        if (!parse_option(call, i, filter)) return false;
    }
    return true;
}

/* --- killing --- */

static bool has_address(const struct client *client, const struct bytes *wanted,
                        void (*format)(const struct client *client, char *text)) {
    char text[CLIENT_ADDRESS_MAX];
    if (wanted == NULL) return true;
    format(client, text);
    return bytes_equal(bytes_of_str(text), *wanted);
}

static bool matches(const struct call *call, const struct client *client,
                    const struct kill_filter *filter) {
    const struct session *session = &client->session;
    int64_t age_s = (call_now_ms(call) - session->created_ms) / 1000;
    if (filter->is_self_skipped && session == call->session) return false;
    if (filter->id != 0 && session->id != filter->id) return false;
    if (filter->has_type && peer_type_of(client) != filter->type) return false;
    if (age_s < filter->min_age_s) return false;
    return has_address(client, filter->address, client_address) &&
           has_address(client, filter->local_address, client_local_address);
}

/* Returns how many were closed. The caller's own connection is closed behind the reply. */
static size_t kill_matching(struct call *call, const struct kill_filter *filter) {
    size_t killed = 0;
    const struct network *network = call->engine->network;
    struct client *client = network == NULL ? NULL : network_first_client(network);
    for (; client != NULL; client = client->next) {
        if (client->is_dropped || !matches(call, client, filter)) continue;
        client_close_soon(client, &client->session != call->session);
        killed++;
    }
    return killed;
}

static void kill_by_address(struct call *call) {
    struct kill_filter filter = {.address = &call->args[2]};
    if (kill_matching(call, &filter) != 0)
        reply_ok(call);
    else
        reply_error(call, "ERR No such client");
}

void client_kill_command(struct call *call) {
    struct kill_filter filter;
    if (call->argc == 3)
        kill_by_address(call);
    else if (parse_filter(call, &filter))
        reply_integer(call, (int64_t)kill_matching(call, &filter));
}
