#include "services/monitor/monitor.h"

#include "engine/blocking.h"
#include "engine/call_listener.h"
#include "engine/engine.h"
#include "engine/push.h"
#include "engine/reply.h"
#include "foundation/mem.h"
#include "services/monitor/monitor_line.h"

struct monitors {
    struct call_listener listener;
    struct push_writer writer;
    struct monitor_line line;
    struct session **sessions; /* in the order in which they began */
    size_t count;
    size_t cap;
};

/* --- showing --- */

static bool is_shown(const struct call *call) {
    if ((call->command->flags & (COMMAND_ADMIN | COMMAND_SKIP_MONITOR)) != 0) return false;
    return !call->has_waited; /* it was shown when it began to wait */
}

/* CLIENT REPLY OFF and SKIP silence lines as well. */
static bool is_listening(const struct session *session) {
    return session->reply_mode != SESSION_REPLY_OFF && session->reply_mode != SESSION_REPLY_SKIP;
}

static void show_call(struct call_listener *listener, const struct call *call) {
    struct monitors *monitors = (struct monitors *)listener;
    if (!is_shown(call)) return;
    struct bytes line = monitor_line_write(&monitors->line, call);
    memcpy(push_room(&monitors->writer, line.len), line.data, line.len);
    struct push_piece piece = push_commit(&monitors->writer, line.len);
    for (size_t i = 0; i < monitors->count; i++)
        if (is_listening(monitors->sessions[i])) push_send(monitors->sessions[i], piece);
}

/* --- who watches --- */

static struct monitors *monitors_of(struct engine *engine) {
    if (engine->monitors != NULL) return engine->monitors;
    struct monitors *monitors = mem_alloc_zeroed(sizeof(*monitors));
    monitors->listener.after = show_call;
    call_listener_add(engine, &monitors->listener);
    engine->monitors = monitors;
    return monitors;
}

static void free_monitors(struct engine *engine) {
    struct monitors *monitors = engine->monitors;
    call_listener_remove(engine, &monitors->listener);
    push_close(&monitors->writer);
    monitor_line_destroy(&monitors->line);
    mem_free(monitors->sessions);
    mem_free(monitors);
    engine->monitors = NULL;
}

static void begin(struct session *session) {
    struct monitors *monitors = monitors_of(session->engine);
    if (monitors->count == monitors->cap) {
        monitors->cap = monitors->cap == 0 ? 4 : 2 * monitors->cap;
        size_t bytes = monitors->cap * sizeof(struct session *);
        monitors->sessions = mem_realloc(monitors->sessions, bytes);
    }
    monitors->sessions[monitors->count++] = session;
    session->is_monitor = true;
}

static void end_session(struct session *session) {
    if (!session->is_monitor) return;
    struct monitors *monitors = session->engine->monitors;
    size_t at = 0;
    while (monitors->sessions[at] != session) at++;
    size_t behind = --monitors->count - at;
    struct session **place = monitors->sessions + at;
    memmove(place, place + 1, behind * sizeof(struct session *));
    session->is_monitor = false;
    if (monitors->count == 0) free_monitors(session->engine);
}

/* --- the command --- */

/* Asked for a second time there is no reply, as in Redis. */
static void monitor_command(struct call *call) {
    if (!blocking_is_possible(call)) {
        reply_error(call, "ERR MONITOR isn't allowed for DENY BLOCKING client");
        return;
    }
    if (call->session->is_monitor) return;
    begin(call->session);
    reply_ok(call);
}

static const struct command_row rows[] = {
    {
        .name = "monitor",
        .handler = monitor_command,
        .arity = 1,
        .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
        .summary = "Shows every command that the server runs from now on.",
        .complexity = "O(N) for each command shown, N connections that watch",
        .since = "1.0.0",
        .group = "server",
    },
};

static const struct command_list commands = COMMAND_LIST(rows);
static const struct command_list *const lists[] = {&commands, NULL};

const struct feature monitor_feature = {
    .name = "monitor",
    .commands = lists,
    .end_session = end_session,
};
