/* SUBSCRIBE UNSUBSCRIBE PSUBSCRIBE PUNSUBSCRIBE SSUBSCRIBE SUNSUBSCRIBE.
 *
 * Each channel is confirmed by a push of its own (RESP2: an array), and there is no other reply. The
 * confirmations are heard after CLIENT REPLY OFF too. Retained messages stand behind the last of them,
 * as clients that ask for several channels read so many confirmations in a row. */
#include "engine/reply.h"
#include "foundation/mem.h"
#include "services/pubsub/commands.h"
#include "services/pubsub/pubsub_private.h"

static const char *const subscribe_words[TOPIC_KINDS] = {"subscribe", "psubscribe", "ssubscribe"};
static const char *const unsubscribe_words[TOPIC_KINDS] = {"unsubscribe", "punsubscribe",
                                                           "sunsubscribe"};

/* --- confirming --- */

static void speak_though_muted(struct call *call) {
    if (call->session->reply_mode != SESSION_REPLY_ON) call->output = &call->session->output;
}

/* `name` NULL: none. */
static void confirm(struct call *call, const char *word, const struct bytes *name,
                    enum topic_kind kind) {
    enum resp_version version = call->session->version;
    size_t max = 5 * RESP_HEADER_MAX + (name == NULL ? 0 : name->len);
    char *room = output_room(call->output, max);
    char *out = resp_put_push(room, version, 3);
    out = resp_put_bulk(out, bytes_of_str(word));
    out = name == NULL ? resp_put_null(out, version) : resp_put_bulk(out, *name);
    out = resp_put_integer(out, subscriptions_count(call->session, kind));
    output_commit(call->output, (size_t)(out - room));
}

/* --- retained messages --- */

/* In a transaction the reply of EXEC is under way, and a message must not come between. */
static void give(struct call *call, enum topic_kind kind, struct bytes pattern,
                 struct message message) {
    enum resp_version version = call->session->version;
    size_t max = message_max_bytes(pattern, message);
    if (call->session->transaction == NULL) {
        char *room = output_room(call->output, max);
        char *end = message_write(room, kind, version, pattern, message);
        output_commit(call->output, (size_t)(end - room));
        return;
    }
    struct push_writer writer = {0};
    char *room = push_room(&writer, max);
    char *end = message_write(room, kind, version, pattern, message);
    push_send(call->session, push_commit(&writer, (size_t)(end - room)));
    push_close(&writer);
}

static void give_matching(struct call *call, struct bytes pattern) {
    size_t count;
    struct message *messages = retained_match(&call->engine->pubsub->retained, RETAINED_CHANNELS,
                                              &pattern, call_now_ms(call), &count);
    for (size_t i = 0; i < count; i++) give(call, TOPIC_PATTERN, pattern, messages[i]);
    mem_free(messages);
}

static void give_retained(struct call *call, enum topic_kind kind, struct bytes name) {
    const struct retained_store *store = &call->engine->pubsub->retained;
    struct message message;
    if (retained_count(store) == 0) return;
    if (kind == TOPIC_PATTERN) {
        give_matching(call, name);
        return;
    }
    enum retained_world world = kind == TOPIC_CHANNEL ? RETAINED_CHANNELS : RETAINED_SHARD_CHANNELS;
    if (retained_find(store, world, name, call_now_ms(call), &message))
        give(call, kind, name, message);
}

/* --- the commands --- */

static void subscribe(struct call *call, enum topic_kind kind) {
    speak_though_muted(call);
    for (uint32_t i = 1; i < call->argc; i++) {
        subscription_add(call->session, kind, call->args[i]);
        confirm(call, subscribe_words[kind], &call->args[i], kind);
    }
    for (uint32_t i = 1; i < call->argc; i++) give_retained(call, kind, call->args[i]);
}

struct leaving {
    struct call *call;
    enum topic_kind kind;
};

static void confirm_end(void *context, struct bytes name) {
    const struct leaving *leaving = context;
    confirm(leaving->call, unsubscribe_words[leaving->kind], &name, leaving->kind);
}

static void unsubscribe_all(struct call *call, enum topic_kind kind, uint32_t count) {
    struct leaving leaving = {.call = call, .kind = kind};
    if (count == 0)
        confirm(call, unsubscribe_words[kind], NULL, kind);
    else
        subscriptions_remove_all(call->session, kind, confirm_end, &leaving);
}

static void unsubscribe(struct call *call, enum topic_kind kind, uint32_t count) {
    speak_though_muted(call);
    if (call->argc == 1) unsubscribe_all(call, kind, count);
    for (uint32_t i = 1; i < call->argc; i++) {
        subscription_remove(call->session, kind, call->args[i]);
        confirm(call, unsubscribe_words[kind], &call->args[i], kind);
    }
}

static void subscribe_command(struct call *call) {
    subscribe(call, TOPIC_CHANNEL);
}

static void unsubscribe_command(struct call *call) {
    unsubscribe(call, TOPIC_CHANNEL, call->session->subscriptions.channels);
}

static void psubscribe_command(struct call *call) {
    subscribe(call, TOPIC_PATTERN);
}

static void punsubscribe_command(struct call *call) {
    unsubscribe(call, TOPIC_PATTERN, call->session->subscriptions.patterns);
}

static void ssubscribe_command(struct call *call) {
    subscribe(call, TOPIC_SHARD_CHANNEL);
}

static void sunsubscribe_command(struct call *call) {
    unsubscribe(call, TOPIC_SHARD_CHANNEL, call->session->subscriptions.shard_channels);
}

/* --- the rows --- */

enum {
    SUBSCRIBE_FLAGS = COMMAND_PUBSUB | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE |
                      COMMAND_FOR_SUBSCRIBERS
};

static const struct command_row rows[] = {
    {
        .name = "subscribe",
        .handler = subscribe_command,
        .arity = -2,
        .flags = SUBSCRIBE_FLAGS,
        .summary = "Listens to channels; a retained message is given at once.",
        .syntax = "channel...",
        .complexity = "O(N) for N channels",
        .since = "2.0.0",
        .group = "pubsub",
    },
    {
        .name = "unsubscribe",
        .handler = unsubscribe_command,
        .arity = -1,
        .flags = SUBSCRIBE_FLAGS,
        .summary = "Stops listening to channels, or to all of them.",
        .syntax = "[channel...]",
        .complexity = "O(N) for N channels",
        .since = "2.0.0",
        .group = "pubsub",
    },
    {
        .name = "psubscribe",
        .handler = psubscribe_command,
        .arity = -2,
        .flags = SUBSCRIBE_FLAGS,
        .summary = "Listens to every channel that matches a pattern; retained messages are given "
                   "at once.",
        .syntax = "pattern(pattern)...",
        .complexity = "O(N) for N patterns; O(N*M) with M retained messages",
        .since = "2.0.0",
        .group = "pubsub",
    },
    {
        .name = "punsubscribe",
        .handler = punsubscribe_command,
        .arity = -1,
        .flags = SUBSCRIBE_FLAGS,
        .summary = "Stops listening to patterns, or to all of them.",
        .syntax = "[pattern...]",
        .complexity = "O(N) for N patterns",
        .since = "2.0.0",
        .group = "pubsub",
    },
    {
        .name = "ssubscribe",
        .handler = ssubscribe_command,
        .arity = -2,
        .flags = SUBSCRIBE_FLAGS,
        .keys = {KEYS_FROM(1, "not_key")},
        .summary = "Listens to shard channels; a retained message is given at once.",
        .syntax = "shardchannel...",
        .complexity = "O(N) for N shard channels",
        .since = "7.0.0",
        .group = "pubsub",
    },
    {
        .name = "sunsubscribe",
        .handler = sunsubscribe_command,
        .arity = -1,
        .flags = SUBSCRIBE_FLAGS,
        .keys = {KEYS_FROM(1, "not_key")},
        .summary = "Stops listening to shard channels, or to all of them.",
        .syntax = "[shardchannel...]",
        .complexity = "O(N) for N shard channels",
        .since = "7.0.0",
        .group = "pubsub",
    },
};

const struct command_list pubsub_subscribe_commands = COMMAND_LIST(rows);
