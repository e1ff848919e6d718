/* CLIENT KILL: closes the connections that match every filter given. */
#include "commands/connection/client_filter.h"
#include "commands/connection/client_handlers.h"
#include "engine/engine.h"
#include "engine/reply.h"

/* Returns how many were closed. The caller's own connection is closed behind the reply. */
static size_t kill_matching(const struct call *call, const struct client_filter *filter) {
    size_t killed = 0;
    const struct network *network = call->engine->network;
    struct client *client = network == NULL ? NULL : network_first_client(network);
    for (; client != NULL; client = client->next) {
        if (client->is_dropped || !client_filter_accepts(call, filter, client)) continue;
        client_close_soon(client, &client->session != call->session);
        killed++;
    }
    return killed;
}

static void kill_by_address(struct call *call) {
    struct client_filter filter = {0};
    client_filter_want_address(&filter, call->args[2]);
    if (kill_matching(call, &filter) != 0)
        reply_ok(call);
    else
        reply_error(call, "ERR No such client");
}

static void kill_by_filter(struct call *call) {
    struct client_filter filter = {0};
    client_filter_skip_caller(&filter);
    if (client_filter_read(call, &filter))
        reply_integer(call, (int64_t)kill_matching(call, &filter));
    client_filter_destroy(&filter);
}

void client_kill_command(struct call *call) {
    if (call->argc == 3)
        kill_by_address(call);
    else
        kill_by_filter(call);
}
