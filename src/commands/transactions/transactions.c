/* MULTI, EXEC, DISCARD, WATCH, UNWATCH. */
#include "commands/transactions/conditions.h"
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

static bool check_conditions(struct call *call) {
    enum conditions_result result = conditions_try(call);
    if (result == CONDITIONS_WRONG_TYPE) reply_error_wrong_type(call);
    if (result == CONDITIONS_FAIL) reply_null_array(call);
    return result == CONDITIONS_HOLD;
}

/* False, after the reply, when something stands in the way of what is queued. */
static bool check_may_run(struct call *call) {
    struct session *session = call->session;
    if (!conditions_are_valid(call->args, call->argc)) {
        reply_error(call,
                    "EXECABORT Transaction discarded because of: invalid check condition syntax");
        return false;
    }
    if (transaction_is_aborted(session->transaction)) {
        reply_error(call, "EXECABORT Transaction discarded because of previous errors.");
        return false;
    }
    if (watch_is_dirty(session)) {
        reply_null_array(call);
        return false;
    }
    return check_conditions(call);
}

static void exec_command(struct call *call) {
    struct session *session = call->session;
    if (session->transaction == NULL)
        reply_error(call, "ERR EXEC without MULTI");
    else if (check_may_run(call))
        transaction_run(call);
    else
        transaction_discard(session);
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
        .arity = -1,
        .flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE | COMMAND_SKIP_SLOWLOG |
                 COMMAND_NO_MANDATORY_KEYS | COMMAND_NOT_QUEUED | COMMAND_RUNS_QUEUE,
        .categories = CATEGORY_TRANSACTION,
        .keys = {KEYS_UNKNOWN("RO access")},
        .find_keys = conditions_find_keys,
        .summary = "Runs the transaction's commands as one, unless a watched key has changed or a "
                   "condition does not hold.",
        .syntax = "[condition(IFEQ ifeq(key value) | IFNE ifne(key#0 value) | XX xx-key:key@key#0 "
                  "| NX nx-key:key@key#0)/9.2.0...]",
        .complexity = "As the commands of the transaction, and O(N) for N conditions",
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
