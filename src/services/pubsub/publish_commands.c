/* PUBLISH, SPUBLISH, and their option RETAIN, which keeps the message for later subscribers. */
#include "engine/arguments.h"
#include "engine/memory.h"
#include "engine/reply.h"
#include "services/pubsub/commands.h"
#include "services/pubsub/pubsub.h"
#include "services/pubsub/pubsub_private.h"
#include "services/pubsub/settings.h"

enum { CHANNEL = 1, MESSAGE = 2, RETAIN = 3, LIFETIME = 4, LIFETIME_VALUE = 5 };

/* `*due_ms` 0: the message is kept for good. */
static bool read_lifetime(struct call *call, int64_t *due_ms) {
    *due_ms = 0;
    if (call->argc == LIFETIME) return true;
    enum due_unit unit = argument_is(call, LIFETIME, "ex") ? DUE_SECONDS : DUE_MS;
    if (call->argc == LIFETIME_VALUE + 1 &&
        (unit == DUE_SECONDS || argument_is(call, LIFETIME, "px")))
        return argument_due(call, LIFETIME_VALUE, unit, false, due_ms);
    reply_error_syntax(call);
    return false;
}

static bool keep(struct call *call, enum retained_world world, const struct message *message,
                 int64_t due_ms) {
    if (!memory_make_room(call->engine)) {
        reply_error(call, "OOM command not allowed when used memory > 'maxmemory'.");
        return false;
    }
    struct retained_store *store = &pubsub_make(call->engine)->retained;
    if (retained_keep(store, world, message, due_ms, call_now_ms(call),
                      pubsub_retained_max_bytes()))
        return true;
    reply_error(call, "OOM retained messages would take more than 'pubsub-retained-max-memory'.");
    return false;
}

static void drop(struct call *call, enum retained_world world, struct bytes channel) {
    if (call->engine->pubsub != NULL)
        retained_drop(&call->engine->pubsub->retained, world, channel);
}

/* An empty message takes the kept one away. */
static bool retain(struct call *call, enum retained_world world) {
    struct message message = {.channel = call->args[CHANNEL], .text = call->args[MESSAGE]};
    int64_t due_ms;
    if (!read_lifetime(call, &due_ms)) return false;
    bool is_kept = true;
    if (message.text.len == 0)
        drop(call, world, message.channel);
    else
        is_kept = keep(call, world, &message, due_ms);
    pubsub_free_unused(call->engine);
    return is_kept;
}

static bool check_and_retain(struct call *call, enum retained_world world) {
    if (call->argc <= RETAIN) return true;
    if (argument_is(call, RETAIN, "retain")) return retain(call, world);
    reply_error_arity(call);
    return false;
}

static void publish_command(struct call *call) {
    if (!check_and_retain(call, RETAINED_CHANNELS)) return;
    size_t count = pubsub_publish(call->engine, call->args[CHANNEL], call->args[MESSAGE]);
    reply_integer(call, (int64_t)count);
}

static void spublish_command(struct call *call) {
    if (!check_and_retain(call, RETAINED_SHARD_CHANNELS)) return;
    size_t count = pubsub_publish_to_shard(call->engine, call->args[CHANNEL], call->args[MESSAGE]);
    reply_integer(call, (int64_t)count);
}

static const struct command_row rows[] = {
    {
        .name = "publish",
        .handler = publish_command,
        .arity = -3,
        .flags =
            COMMAND_PUBSUB | COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST | COMMAND_MAY_REPLICATE,
        .summary = "Sends a message to those who listen to a channel, and may keep it for those "
                   "who come later.",
        .syntax =
            "channel message [retain(RETAIN [expiration(EX seconds | PX milliseconds)])/8.0.0]",
        .complexity = "O(N+M) for N receivers and M patterns that begin as the channel does",
        .since = "2.0.0",
        .group = "pubsub",
    },
    {
        .name = "spublish",
        .handler = spublish_command,
        .arity = -3,
        .flags =
            COMMAND_PUBSUB | COMMAND_LOADING | COMMAND_STALE | COMMAND_FAST | COMMAND_MAY_REPLICATE,
        .keys = {KEY_AT(1, "not_key")},
        .summary = "Sends a message to those who listen to a shard channel, and may keep it for "
                   "those who come later.",
        .syntax = "shardchannel message [retain(RETAIN [expiration(EX seconds | PX "
                  "milliseconds)])/8.0.0]",
        .complexity = "O(N) for N receivers",
        .since = "7.0.0",
        .group = "pubsub",
    },
};

const struct command_list pubsub_publish_commands = COMMAND_LIST(rows);
