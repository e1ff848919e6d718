#include "unit/support/waiting_commands.h"

#include "data/types/string/string.h"
#include "engine/blocking.h"
#include "engine/reply.h"
#include "engine/transaction.h"

void waiting_set(struct call *call) {
    struct found found = database_use(call->db, call_key(call, 1));
    string_store(call->db, call_key(call, 1), &found, call->args[2], 0);
    call_notify(call, KEY_EVENT_GENERIC, call->args[1], "set"); /* wakes who waits for any type */
    reply_ok(call);
}

void waiting_wait(struct call *call) {
    const struct blocking_request request = {
        .first_key = 1, .key_count = 1, .type = VALUE_STRING, .timeout_ms = 0};
    if (database_read(call->db, call_key(call, 1)) != NULL)
        reply_ok(call);
    else
        blocking_wait(call, &request);
}

void waiting_begin(struct call *call) {
    transaction_begin(call->session);
    reply_ok(call);
}
