/* Commands for tests of tracking, which knows none but its own; and the scene they are played in.
 * */
#ifndef UNIT_SERVICES_TRACKING_TRACKING_SAMPLES_H
#define UNIT_SERVICES_TRACKING_TRACKING_SAMPLES_H

#include "data/types/string/string.h"
#include "engine/arguments.h"
#include "engine/engine.h"
#include "engine/reply.h"
#include "engine/transaction.h"
#include "foundation/mem.h"
#include "services/tracking/tracking.h"
#include "services/tracking/tracking_private.h"
#include "unit/support/listeners.h"

static void sample_reply_value(struct call *call, uint32_t index) {
    const struct entry *entry = database_read(call->db, call_key(call, index));
    if (entry == NULL)
        reply_null(call);
    else
        reply_string_value(call, entry);
}

static void sample_get(struct call *call) {
    sample_reply_value(call, 1);
}

static void sample_mget(struct call *call) {
    reply_array(call, call->argc - 1);
    for (uint32_t i = 1; i < call->argc; i++) sample_reply_value(call, i);
}

/* SET key value [ms]; two events, as with SET … PX. */
static void sample_set(struct call *call) {
    int64_t ms;
    struct key key = call_key(call, 1);
    struct found found = database_use(call->db, key);
    if (call->argc > 3 && !argument_i64(call, 3, &ms)) return;
    string_store(call->db, key, &found, call->args[2], call->argc > 3 ? STRING_WANT_DUE : 0);
    call_notify(call, KEY_EVENT_STRING, key.name, "set");
    if (call->argc > 3) {
        database_set_due(call->db, key, &found, call_now_ms(call) + ms);
        call_notify(call, KEY_EVENT_GENERIC, key.name, "expire");
    }
    reply_ok(call);
}

static void sample_mset(struct call *call) {
    for (uint32_t i = 1; i < call->argc; i += 2) {
        struct found found = database_use(call->db, call_key(call, i));
        string_store(call->db, call_key(call, i), &found, call->args[i + 1], 0);
        call_notify(call, KEY_EVENT_STRING, call->args[i], "set");
    }
    reply_ok(call);
}

static void sample_del(struct call *call) {
    int64_t count = 0;
    for (uint32_t i = 1; i < call->argc; i++) {
        struct found found = database_find(call->db, call_key(call, i));
        if (found.entry == NULL) continue;
        database_delete(call->db, call_key(call, i), found);
        call_notify(call, KEY_EVENT_GENERIC, call->args[i], "del");
        count++;
    }
    reply_integer(call, count);
}

static void sample_flushall(struct call *call) {
    const struct keyspace *keyspace = call->engine->keyspace;
    for (uint32_t i = 0; i < keyspace->db_count; i++) database_clear(keyspace->dbs[i], false);
    reply_ok(call);
}

static void sample_swapdb(struct call *call) {
    keyspace_swap(call->engine->keyspace, 0, 1);
    reply_ok(call);
}

static void sample_select(struct call *call) {
    uint32_t number;
    if (!argument_db(call, 1, &number)) return;
    call->session->db_number = number;
    reply_ok(call);
}

/* Reports what is no change. */
static void sample_whisper(struct call *call) {
    call_notify(call, KEY_EVENT_NEW, call->args[1], "new");
    call_notify(call, KEY_EVENT_MISS, call->args[1], "keymiss");
    call_notify(call, KEY_EVENT_OVERWRITTEN, call->args[1], "overwritten");
    call_notify(call, KEY_EVENT_TYPE_CHANGED, call->args[1], "type_changed");
    reply_ok(call);
}

/* Changes a value's bytes and not its meaning. */
static void sample_tidy(struct call *call) {
    call_notify(call, KEY_EVENT_SILENT, call->args[1], "tidy");
    reply_ok(call);
}

static void sample_multi(struct call *call) {
    transaction_begin(call->session);
    reply_ok(call);
}

static void sample_exec(struct call *call) {
    transaction_run(call);
}

static void sample_discard(struct call *call) {
    transaction_discard(call->session);
    reply_ok(call);
}

static void sample_reset(struct call *call) {
    session_reset(call->session);
    reply_simple(call, "RESET");
}

/* As if it subscribed to something, or to nothing. */
static void sample_listen(struct call *call) {
    call->session->subscriptions.channels = argument_is(call, 1, "on");
    reply_ok(call);
}

static void sample_hello(struct call *call) {
    call->session->version = argument_is(call, 1, "3") ? RESP3 : RESP2;
    reply_ok(call);
}

static void sample_id(struct call *call) {
    reply_integer(call, (int64_t)call->session->id);
}

static const struct command_row sample_client_rows[] = {
    {.name = "id", .handler = sample_id, .arity = 2},
};

#define SAMPLE_READER(command_name, function, count, spec)                                         \
    {                                                                                              \
        .name = (command_name), .handler = (function), .arity = (count),                           \
        .flags = COMMAND_READONLY, .keys = {                                                       \
            spec                                                                                   \
        }                                                                                          \
    }
#define SAMPLE_WRITER(command_name, function, count, spec)                                         \
    {                                                                                              \
        .name = (command_name), .handler = (function), .arity = (count), .flags = COMMAND_WRITE,   \
        .keys = {                                                                                  \
            spec                                                                                   \
        }                                                                                          \
    }
#define SAMPLE_OTHER(command_name, function, count, extra_flags)                                   \
    { .name = (command_name), .handler = (function), .arity = (count), .flags = (extra_flags) }

static const struct command_row sample_rows[] = {
    SAMPLE_READER("get", sample_get, 2, KEY_AT(1, "RO access")),
    SAMPLE_READER("mget", sample_mget, -2, KEYS_FROM(1, "RO access")),
    SAMPLE_WRITER("getex", sample_get, 2, KEY_AT(1, "RW access")),
    SAMPLE_WRITER("set", sample_set, -3, KEY_AT(1, "OW update")),
    SAMPLE_WRITER("mset", sample_mset, -3, KEYS_EVERY_SECOND(1, "OW update")),
    SAMPLE_WRITER("del", sample_del, -2, KEYS_FROM(1, "RM delete")),
    SAMPLE_WRITER("whisper", sample_whisper, 2, KEY_AT(1, "RW update")),
    SAMPLE_READER("tidy", sample_tidy, 2, KEY_AT(1, "RO access")),
    SAMPLE_OTHER("flushall", sample_flushall, 1, COMMAND_WRITE),
    SAMPLE_OTHER("swapdb", sample_swapdb, 1, COMMAND_WRITE),
    SAMPLE_OTHER("select", sample_select, 2, 0),
    SAMPLE_OTHER("multi", sample_multi, 1, COMMAND_NO_MULTI | COMMAND_NOT_QUEUED),
    SAMPLE_OTHER("exec", sample_exec, 1, COMMAND_NOT_QUEUED | COMMAND_RUNS_QUEUE),
    SAMPLE_OTHER("discard", sample_discard, 1, COMMAND_NOT_QUEUED),
    SAMPLE_OTHER("reset", sample_reset, 1, COMMAND_NOT_QUEUED | COMMAND_FOR_SUBSCRIBERS),
    SAMPLE_OTHER("listen", sample_listen, 2, COMMAND_FOR_SUBSCRIBERS),
    SAMPLE_OTHER("hello", sample_hello, 2, 0),
    {.name = "client",
     .arity = -2,
     .subcommands = sample_client_rows,
     .subcommand_count = ARRAY_LEN(sample_client_rows)},
};

static const struct command_list sample_list_of_rows = COMMAND_LIST(sample_rows);
static const struct command_list *const sample_lists[] = {&sample_list_of_rows, NULL};
static const struct feature sample_feature = {.name = "samples", .commands = sample_lists};
static const struct feature *const sample_features[] = {&sample_feature, &tracking_feature, NULL};

#endif
