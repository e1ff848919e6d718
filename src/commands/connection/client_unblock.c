/* CLIENT UNBLOCK: ends the waiting of another connection. */
#include "commands/connection/client_handlers.h"
#include "engine/arguments.h"
#include "engine/blocking.h"
#include "engine/engine.h"
#include "engine/reply.h"

static bool parse_reason(struct call *call, enum blocking_end *how) {
    *how = BLOCKING_TIMEOUT;
    if (call->argc == 3 || argument_is(call, 3, "timeout")) return true;
    *how = BLOCKING_ERROR;
    if (argument_is(call, 3, "error")) return true;
    reply_error(call, "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    return false;
}

static bool unblock(const struct network *network, uint64_t id, enum blocking_end how) {
    struct client *client = network == NULL ? NULL : network_find_client(network, id);
    if (client == NULL || !blocking_is_blocked(&client->session)) return false;
    blocking_end(&client->session, how);
    return true;
}

void client_unblock_command(struct call *call) {
    enum blocking_end how;
    int64_t id;
    if (call->argc > 4) {
        reply_error_subcommand(call);
        return;
    }
    if (!parse_reason(call, &how) || !argument_i64(call, 2, &id)) return;
    reply_integer(call, unblock(call->engine->network, (uint64_t)id, how));
}
