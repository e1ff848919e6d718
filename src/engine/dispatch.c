/* The steps between a request and its handler, in order. Each refuses with its error and ends the
 * matter, or lets the call pass. */
#include "engine/dispatch.h"

#include "engine/authentication.h"
#include "engine/blocking.h"
#include "engine/call_listener.h"
#include "engine/command_table.h"
#include "engine/effects.h"
#include "engine/engine.h"
#include "engine/latency_histogram.h"
#include "engine/latency_tracking.h"
#include "engine/memory.h"
#include "engine/push.h"
#include "engine/renames.h"
#include "engine/reply.h"
#include "engine/slow_calls.h"
#include "engine/transaction.h"
#include "foundation/clock.h"
#include "foundation/log.h"

/* --- preparing --- */

static struct command *find_command(const struct call *call, struct command *guess) {
    if (guess != NULL && guess->parent == NULL && guess->subcommand_count == 0 &&
        !guess->is_renamed && bytes_equal(call->args[0], bytes_of_str(guess->row->name)))
        return guess;
    struct command *command = command_table_find(call->engine->commands, call->args[0]);
    if (UNLIKELY(command == NULL || (command->is_renamed && !call->session->is_internal)))
        command = renames_find(call->args[0]);
    if (command == NULL || command->subcommand_count == 0 || call->argc < 2) return command;
    struct command *subcommand = command_find_subcommand(command, call->args[1]);
    return subcommand != NULL ? subcommand : command;
}

static void hash_first_key(struct call *call) {
    const struct command *command = call->command;
    if (command == NULL || command->first_key == 0) return;
    if ((uint32_t)command->first_key >= call->argc) return;
    call->key = key_of(call->args[command->first_key]);
    call->has_key = true;
}

void dispatch_prepare(struct call *call, struct session *session, const struct bytes *args,
                      uint32_t argc, struct command *guess) {
    call->session = session;
    call->engine = session->engine;
    call->args = args;
    call->argc = argc;
    call->has_key = false;
    call->has_failed = false;
    call->has_waited = false;
    call->output = &session->output;
    call->db = session->engine->keyspace->dbs[session->db_number];
    call->command = find_command(call, guess);
    hash_first_key(call);
}

/* --- checking --- */

enum { UNKNOWN_QUOTED_MAX = 128 };

static int quoted_len(struct bytes text, size_t max) {
    size_t len = bytes_index(text, '\0'); /* the error is text: it ends an argument at a NUL */
    return (int)(len < max ? len : max);
}

/* The first words of an HTTP request: someone makes a browser talk to this port. What follows may
 * be commands of that someone's, so nothing more is read. */
static bool is_cross_protocol(const struct call *call) {
    return bytes_is_word(call->args[0], "post") || bytes_is_word(call->args[0], "host:");
}

static bool reject_cross_protocol(struct call *call) {
    LOG_WARNING("Possible security attack: connection %llu sent POST or Host: as a command, as "
                "cross protocol scripting does. It is closed.",
                (unsigned long long)call->session->id);
    call->session->is_closing = true;
    return false;
}

static bool reject_unknown(struct call *call) {
    if (is_cross_protocol(call)) return reject_cross_protocol(call);
    struct buffer args = {0};
    for (uint32_t i = 1; i < call->argc && args.len < UNKNOWN_QUOTED_MAX; i++) {
        size_t left = UNKNOWN_QUOTED_MAX - args.len;
        buffer_append_str(&args, "'");
        buffer_append(&args, call->args[i].data, (size_t)quoted_len(call->args[i], left));
        buffer_append_str(&args, "' ");
    }
    reply_error_printf(call, "ERR unknown command '%.*s', with args beginning with: %.*s",
                       quoted_len(call->args[0], UNKNOWN_QUOTED_MAX), call->args[0].data,
                       (int)args.len, args.data == NULL ? "" : args.data);
    buffer_destroy(&args);
    return false;
}

/* A container without its subcommand, or with one that does not exist. */
static bool reject_container(struct call *call) {
    if (call->argc < 2) {
        reply_error_arity(call);
        return false;
    }
    call->session->last_command = NULL;
    struct buffer title = {0};
    buffer_append_upper(&title, call->command->row->name);
    reply_error_printf(call, "ERR unknown subcommand '%.*s'. Try %s HELP.",
                       quoted_len(call->args[1], UNKNOWN_QUOTED_MAX), call->args[1].data,
                       buffer_c_str(&title));
    buffer_destroy(&title);
    return false;
}

static bool check_known(struct call *call) {
    if (UNLIKELY(call->command == NULL)) return reject_unknown(call);
    bool is_container = call->command->subcommand_count != 0;
    bool has_own_form = call->command->row->handler != NULL && call->argc == 1;
    if (UNLIKELY(is_container && !has_own_form)) return reject_container(call);
    return true;
}

/* A refused EXEC also ends the transaction, and says why under its own code. */
static COLD bool reject_exec(struct call *call, const char *reason) {
    transaction_discard(call->session);
    reply_error_printf(call, "EXECABORT Transaction discarded because of: %s", reason);
    return false;
}

static COLD bool reject_because(struct call *call, const char *error) {
    if ((call->command->flags & COMMAND_RUNS_QUEUE) != 0) return reject_exec(call, error);
    reply_error(call, error);
    return false;
}

static bool check_arity(struct call *call) {
    if (LIKELY(command_accepts(call->command, call->argc))) return true;
    if ((call->command->flags & COMMAND_RUNS_QUEUE) != 0)
        return reject_exec(call, "wrong number of arguments for 'exec' command");
    reply_error_arity(call);
    return false;
}

static bool check_authenticated(struct call *call) {
    if (LIKELY(call->session->is_authenticated) || call->session->is_internal) return true;
    if ((call->command->flags & COMMAND_NO_AUTH) != 0) return true;
    if (!authentication_is_required()) return true; /* the password was taken away since */
    return reject_because(call, "NOAUTH Authentication required.");
}

/* In RESP2 messages and replies cannot be told apart, so that there is little else that a connection
 * which subscribes may ask for. */
static COLD bool reject_subscriber(struct call *call) {
    reply_error_printf(call,
                       "ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / "
                       "QUIT / RESET are allowed in this context",
                       call->command->full_name);
    return false;
}

static bool check_not_subscribing(struct call *call) {
    const struct session *session = call->session;
    if (LIKELY(!session_is_subscribing(session)) || session->version != RESP2) return true;
    if ((call->command->flags & COMMAND_FOR_SUBSCRIBERS) != 0) return true;
    return reject_subscriber(call);
}

/* Lines of MONITOR and replies cannot be told apart either; Redis counts it among the replicas. */
static COLD bool check_not_monitoring(struct call *call) {
    const uint32_t refused = COMMAND_READONLY | COMMAND_WRITE | COMMAND_MAY_REPLICATE;
    if ((call->command->flags & refused) == 0) return true;
    reply_error(call, "ERR Replica can't interact with the keyspace");
    return false;
}

/* What a session listens to keeps it from doing much else. */
static bool check_not_listening(struct call *call) {
    if (!check_not_subscribing(call)) return false;
    return LIKELY(!call->session->is_monitor) || check_not_monitoring(call);
}

static bool check_memory(struct call *call, uint32_t flags) {
    if ((flags & COMMAND_DENYOOM) == 0) return true;
    if (call->session->is_internal) return true; /* what is loaded was let in before */
    if (LIKELY(memory_make_room(call->engine))) return true;
    return reject_because(call, "OOM command not allowed when used memory > 'maxmemory'.");
}

static COLD bool reject_unready(struct call *call, uint32_t flags) {
    const struct engine *engine = call->engine;
    if (call->session->is_internal) return true;
    if (engine->is_loading && (flags & COMMAND_LOADING) == 0)
        return reject_because(call, "LOADING Redis is loading the dataset in memory");
    if (engine->write_refusal != NULL && (flags & (COMMAND_WRITE | COMMAND_TELLS_HEALTH)) != 0)
        return reject_because(call, engine->write_refusal);
    return true;
}

/* While data is loaded, or cannot be written to disk. */
static bool check_ready(struct call *call, uint32_t flags) {
    const struct engine *engine = call->engine;
    if (LIKELY(!engine->is_loading && engine->write_refusal == NULL)) return true;
    return reject_unready(call, flags);
}

static bool check_circumstances(struct call *call, uint32_t flags) {
    return check_memory(call, flags) && check_ready(call, flags) && check_not_listening(call);
}

static bool reject_call(struct call *call) {
    if (call->command != NULL) call->command->stats.rejected++;
    return false;
}

static bool check_call(struct call *call) {
    if (!check_known(call)) return false;
    if (!check_arity(call) || !check_authenticated(call) ||
        !check_circumstances(call, call->command->flags))
        return reject_call(call);
    return true;
}

static COLD bool is_paused_now(const struct call *call, uint32_t flags) {
    enum pause_scope scope = pause_scope_at(&call->engine->pause, call_now_ms(call));
    if (scope == PAUSE_NONE) return false;
    bool is_writing = (flags & (COMMAND_WRITE | COMMAND_MAY_REPLICATE)) != 0;
    return scope == PAUSE_ALL || is_writing;
}

static bool is_paused(const struct call *call, uint32_t flags) {
    if (LIKELY(call->engine->pause.scope == PAUSE_NONE)) return false;
    const struct session *session = call->session;
    return !session->is_internal && !session->is_monitor && is_paused_now(call, flags);
}

/* --- running --- */

/* A pause keeps the data as they are: what only reads removes nothing that has come due. */
static bool is_frozen(const struct call *call) {
    const struct pause *pause = &call->engine->pause;
    if (LIKELY(pause->scope == PAUSE_NONE)) return false;
    return pause_scope_at(pause, call_now_ms(call)) != PAUSE_NONE &&
           (call->command->flags & (COMMAND_WRITE | COMMAND_ADMIN)) == 0;
}

/* Returns the ticks that it took. */
static ALWAYS_INLINE uint64_t time_handler(struct call *call) {
    call->engine->keyspace->is_touch_off = call->session->is_no_touch;
    call->engine->keyspace->is_frozen = is_frozen(call);
    struct engine *engine = call->engine;
    const struct call *outer = engine->running;
    engine->running = call;
    if (UNLIKELY(engine->call_listeners != NULL)) call_listeners_before(engine, call);
    if (UNLIKELY(engine->effects != NULL)) effects_before(call);
    uint64_t start = clock_ticks();
    call->command->row->handler(call);
    uint64_t ticks = clock_ticks() - start;
    if (UNLIKELY(engine->effects != NULL)) effects_after(call);
    if (UNLIKELY(engine->call_listeners != NULL)) call_listeners_after(engine, call);
    engine->running = outer;
    struct command_stats *stats = &call->command->stats;
    stats->ticks += ticks;
    if (ticks > stats->ticks_max) stats->ticks_max = ticks;
    if (call->has_failed) stats->failed++;
    return ticks;
}

static ALWAYS_INLINE void record_time(const struct call *call, uint64_t ticks) {
    const struct engine *engine = call->engine;
    if (UNLIKELY(ticks >= engine->slow_ticks)) ticks = slow_calls_tell(engine, call, ticks);
    struct latency_histogram *times = call->command->stats.times;
    if (LIKELY(times != NULL))
        latency_histogram_add(times, ticks);
    else
        latency_tracking_count(call, ticks);
}

static void run_handler(struct call *call) {
    uint64_t ticks = time_handler(call);
    record_time(call, ticks);
    call->command->stats.calls++;
    call->session->command_count++;
    call->engine->stats.commands++;
}

void dispatch_run_again(struct call *call) {
    call->has_waited = true;
    uint64_t ticks = time_handler(call);
    if (!blocking_waits_on(call)) record_time(call, ticks);
}

/* --- inside a transaction --- */

static bool is_queued(const struct call *call) {
    return (call->command->flags & COMMAND_NOT_QUEUED) == 0;
}

/* What running the call may do: EXEC does what is queued, and queueing takes memory. */
static uint32_t effective_flags(const struct call *call) {
    uint32_t flags = call->command->flags;
    if ((flags & COMMAND_RUNS_QUEUE) != 0) flags |= transaction_flags(call->session->transaction);
    return is_queued(call) ? flags | COMMAND_DENYOOM : flags;
}

static bool check_allowed_in_transaction(struct call *call) {
    if ((call->command->flags & COMMAND_NO_MULTI) == 0) return true;
    reply_error(call, "ERR Command not allowed inside a transaction");
    return false;
}

static bool check_call_in_transaction(struct call *call) {
    if (!check_known(call)) return false;
    if (!check_arity(call) || !check_authenticated(call) || !check_allowed_in_transaction(call) ||
        !check_circumstances(call, effective_flags(call)))
        return reject_call(call);
    return true;
}

static void queue_call(struct call *call) {
    if (transaction_queue(call->session->transaction, call)) {
        reply_simple(call, "QUEUED");
        return;
    }
    transaction_abort(call->session->transaction);
    reply_error(call, "ERR the transaction is larger than client-query-buffer-limit");
}

static COLD enum dispatch_result end_refused(const struct call *call) {
    call_listeners_refused(call->engine, call);
    return DISPATCH_DONE;
}

/* What stands in for the steps of check_and_run while the session has a transaction. */
static COLD enum dispatch_result queue_or_run(struct call *call) {
    struct session *session = call->session;
    if (!check_call_in_transaction(call)) {
        if (session->transaction != NULL) transaction_abort(session->transaction);
        return end_refused(call);
    }
    if (is_paused(call, effective_flags(call))) return DISPATCH_POSTPONED;
    if (is_queued(call))
        queue_call(call);
    else
        run_handler(call);
    return DISPATCH_DONE;
}

/* --- in order --- */

static enum dispatch_result check_and_run(struct call *call) {
    call->session->last_command = call->command; /* also one that is refused */
    if (UNLIKELY(call->session->transaction != NULL)) return queue_or_run(call);
    if (!check_call(call)) return end_refused(call);
    if (UNLIKELY(is_paused(call, call->command->flags))) return DISPATCH_POSTPONED;
    run_handler(call);
    return DISPATCH_DONE;
}

/* CLIENT REPLY OFF and SKIP: the command runs, its reply is dropped. */
static COLD enum dispatch_result run_muted(struct call *call) {
    struct session *session = call->session;
    struct engine *engine = call->engine;
    bool is_skip = session->reply_mode == SESSION_REPLY_SKIP_NEXT;
    if (is_skip) session->reply_mode = SESSION_REPLY_SKIP;
    call->output = &engine->muted;
    output_lend(&engine->muted, &engine->muted_batch);
    enum dispatch_result result = check_and_run(call);
    output_destroy(&engine->muted);
    if (is_skip && session->reply_mode == SESSION_REPLY_SKIP)
        session->reply_mode =
            result == DISPATCH_POSTPONED ? SESSION_REPLY_SKIP_NEXT : SESSION_REPLY_ON;
    return result;
}

enum dispatch_result dispatch_run(struct call *call) {
    struct engine *engine = call->engine;
    bool is_heard = LIKELY(call->session->reply_mode == SESSION_REPLY_ON);
    enum dispatch_result result = is_heard ? check_and_run(call) : run_muted(call);
    if (UNLIKELY(call->session->pushes != NULL)) push_send_queued(call->session);
    if (UNLIKELY(engine->blocking != NULL)) blocking_serve_ready(engine);
    return result;
}

void dispatch_run_checked(struct call *call) {
    if (call->session->reply_mode != SESSION_REPLY_ON) call->output = &call->engine->muted;
    run_handler(call);
}

enum dispatch_result dispatch(struct session *session, const struct bytes *args, uint32_t argc) {
    struct call call;
    dispatch_prepare(&call, session, args, argc, NULL);
    return dispatch_run(&call);
}
