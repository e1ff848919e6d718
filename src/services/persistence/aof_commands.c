/* BGREWRITEAOF and WAITAOF. */
#include "engine/arguments.h"
#include "engine/blocking.h"
#include "engine/reply.h"
#include "foundation/number.h"
#include "services/persistence/aof_private.h"
#include "services/persistence/child.h"

static void bgrewriteaof_command(struct call *call) {
    struct aof *aof = aof_of(call->engine);
    if (aof->rewrite.is_running) {
        reply_error(call, "ERR Background append only file rewriting already in progress");
        return;
    }
    switch (aof_rewrite_begin(aof)) {
    case AOF_REWRITE_BEGUN:
        reply_simple(call, "Background append only file rewriting started");
        return;
    case AOF_REWRITE_SCHEDULED:
        reply_simple(call, "Background append only file rewriting scheduled");
        return;
    case AOF_REWRITE_FAILED:
        reply_error(call, "ERR Can't execute an AOF background rewriting. Please check the server "
                          "logs for more information.");
        return;
    }
}

/* --- WAITAOF --- */

static bool read_timeout(struct call *call, int64_t *timeout_ms) {
    if (!number_parse_i64(call->args[3], timeout_ms)) {
        reply_error(call, "ERR timeout is not an integer or out of range");
        return false;
    }
    if (*timeout_ms < 0) {
        reply_error(call, "ERR timeout is negative");
        return false;
    }
    if (*timeout_ms > INT64_MAX - call_now_ms(call)) {
        reply_error(call, "ERR timeout is out of range");
        return false;
    }
    return true;
}

static bool read_counts(struct call *call, int64_t *local_count, int64_t *replica_count) {
    if (!argument_i64(call, 1, local_count)) return false;
    if (*local_count < 0 || *local_count > 1) {
        reply_error(call, "ERR value is out of range, value must between 0 and 1");
        return false;
    }
    return argument_i64_in(call, 2, 0, INT64_MAX, replica_count,
                           "ERR value is out of range, must be positive");
}

/* Everything that the session has written is synced. */
static bool is_durable(const struct call *call) {
    const struct aof *aof = aof_of(call->engine);
    return aof->state == AOF_ON && aof->status.durable >= call->session->written_until;
}

/* The log is synced now instead of when its time comes. There are no replicas to wait for. */
static void waitaof_command(struct call *call) {
    int64_t local_count, replica_count, timeout_ms;
    struct aof *aof = aof_of(call->engine);
    if (!read_counts(call, &local_count, &replica_count) || !read_timeout(call, &timeout_ms))
        return;
    if (local_count != 0 && aof->state == AOF_OFF) {
        reply_error(call,
                    "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
        return;
    }
    bool has_enough = replica_count == 0 && (local_count == 0 || is_durable(call));
    if (has_enough || blocking_time_is_up(call) || !blocking_is_possible(call)) {
        reply_array(call, 2);
        reply_integer(call, is_durable(call));
        reply_integer(call, 0);
        return;
    }
    if (aof->writer != NULL) {
        if (!aof->format.is_group) aof_hand_over(aof);
        aof_writer_sync_soon(aof->writer);
    }
    blocking_wait_otherwise(call, timeout_ms);
}

static const struct command_row rows[] = {
    {
        .name = "bgrewriteaof",
        .handler = bgrewriteaof_command,
        .arity = 1,
        .flags = COMMAND_NO_ASYNC_LOADING | COMMAND_ADMIN | COMMAND_NOSCRIPT,
        .summary = "Writes the append-only file anew in the background, as short as can be.",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "server",
    },
    {
        .name = "waitaof",
        .handler = waitaof_command,
        .arity = 4,
        .flags = COMMAND_BLOCKING,
        .categories = CATEGORY_CONNECTION,
        .tips = "request_policy:all_shards response_policy:agg_min",
        .summary = "Waits until the connection's writes are synced in the append-only files of "
                   "this server and of so many replicas.",
        .syntax = "numlocal:integer numreplicas:integer timeout:integer",
        .complexity = "O(1)",
        .since = "7.2.0",
        .group = "generic",
    },
};

enum { WAITAOF_ROW = 1 };

void aof_commands_look_again(struct engine *engine) {
    blocking_run_waiting(engine, &rows[WAITAOF_ROW]);
}

const struct command_list aof_commands = COMMAND_LIST(rows);
