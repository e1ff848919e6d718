/* MULTI, EXEC, DISCARD, WATCH, UNWATCH. */
#include "commands/transactions/transaction_commands.h"
#include "engine/reply.h"
#include "engine/transaction.h"

static void multi_command(struct call *call) {
    if (call->session->transaction != NULL) {
        reply_error(call, "ERR MULTI calls can not be nested");
        return;
    }
    transaction_begin(call->session);
    reply_ok(call);
}

static void exec_command(struct call *call) {
    struct session *session = call->session;
    if (session->transaction == NULL) {
        reply_error(call, "ERR EXEC without MULTI");
    } else if (transaction_is_aborted(session->transaction)) {
        transaction_discard(session);
        reply_error(call, "EXECABORT Transaction discarded because of previous errors.");
    } else if (watch_is_dirty(session)) {
        transaction_discard(session);
        reply_null_array(call);
    } else {
        transaction_run(call);
    }
}

static void discard_command(struct call *call) {
    if (call->session->transaction == NULL) {
        reply_error(call, "ERR DISCARD without MULTI");
        return;
    }
    transaction_discard(call->session);
    reply_ok(call);
}

static void watch_command(struct call *call) {
    if (call->session->transaction != NULL) {
        reply_error(call, "ERR WATCH inside MULTI is not allowed");
        return;
    }
    for (uint32_t i = 1; i < call->argc; i++) watch_add(call->session, call_key(call, i));
    reply_ok(call);
}

static void unwatch_command(struct call *call) {
    watch_clear(call->session);
    reply_ok(call);
}

static const struct command_row rows[] = {
    {
        .name = "multi",
        .handler = multi_command,
        .arity = 1,
        .flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST |
                 COMMAND_ALLOW_BUSY | COMMAND_NOT_QUEUED,
        .categories = CATEGORY_TRANSACTION,
        .summary = "Begins a transaction: the commands that follow wait for EXEC.",
        .complexity = "O(1)",
        .since = "1.2.0",
        .group = "transactions",
    },
    {
        .name = "exec",
        .handler = exec_command,
        .arity = 1,
        .flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_SKIP_SLOWLOG |
                 COMMAND_NOT_QUEUED | COMMAND_RUNS_QUEUE,
        .categories = CATEGORY_TRANSACTION,
        .summary = "Runs the transaction's commands as one, unless a watched key has changed.",
        .complexity = "As the commands of the transaction",
        .since = "1.2.0",
        .group = "transactions",
    },
    {
        .name = "discard",
        .handler = discard_command,
        .arity = 1,
        .flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST |
                 COMMAND_ALLOW_BUSY | COMMAND_NOT_QUEUED,
        .categories = CATEGORY_TRANSACTION,
        .summary = "Ends the transaction without running it.",
        .complexity = "O(N), N queued commands",
        .since = "2.0.0",
        .group = "transactions",
    },
    {
        .name = "watch",
        .handler = watch_command,
        .arity = -2,
        .flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST |
                 COMMAND_ALLOW_BUSY | COMMAND_NOT_QUEUED,
        .categories = CATEGORY_TRANSACTION,
        .keys = {KEYS_FROM(1, "RO")},
        .summary = "Makes the next EXEC depend on these keys staying as they are.",
        .syntax = "key...",
        .complexity = "O(1) for each key",
        .since = "2.2.0",
        .group = "transactions",
    },
    {
        .name = "unwatch",
        .handler = unwatch_command,
        .arity = 1,
        .flags =
            COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST | COMMAND_ALLOW_BUSY,
        .categories = CATEGORY_TRANSACTION,
        .summary = "Forgets every watched key.",
        .complexity = "O(1) for each key",
        .since = "2.2.0",
        .group = "transactions",
    },
};

const struct command_list transaction_commands = COMMAND_LIST(rows);
