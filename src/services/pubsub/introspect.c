/* PUBSUB: who listens to what, and which messages are retained. */
#include "engine/reply.h"
#include "foundation/glob.h"
#include "foundation/mem.h"
#include "services/pubsub/commands.h"
#include "services/pubsub/pubsub_private.h"

/* --- channels --- */

struct listing {
    struct call *call;
    const struct bytes *pattern; /* NULL: all */
    size_t count;
    bool is_writing;
};

static void list_topic(void *element, void *context) {
    const struct topic *topic = element;
    struct listing *listing = context;
    if (listing->pattern != NULL && !glob_match(*listing->pattern, topic_name(topic))) return;
    listing->count++;
    if (listing->is_writing) reply_bulk(listing->call, topic_name(topic));
}

/* Counts first, for the header. */
static void reply_topics(struct call *call, enum topic_kind kind, const struct bytes *pattern) {
    if (call->engine->pubsub == NULL) {
        reply_array(call, 0);
        return;
    }
    const struct table *topics = &call->engine->pubsub->topics[kind];
    struct listing listing = {.call = call, .pattern = pattern};
    if (pattern == NULL)
        listing.count = topics->count;
    else
        table_for_each(topics, list_topic, &listing);
    reply_array(call, listing.count);
    listing.is_writing = true;
    table_for_each(topics, list_topic, &listing);
}

/* The pattern that the subcommand may be given; false with an error where there is more. */
static bool read_pattern(struct call *call, const struct bytes **pattern) {
    *pattern = call->argc == 3 ? &call->args[2] : NULL;
    if (call->argc <= 3) return true;
    reply_error_subcommand(call);
    return false;
}

static void channels_command(struct call *call) {
    const struct bytes *pattern;
    if (read_pattern(call, &pattern)) reply_topics(call, TOPIC_CHANNEL, pattern);
}

static void shardchannels_command(struct call *call) {
    const struct bytes *pattern;
    if (read_pattern(call, &pattern)) reply_topics(call, TOPIC_SHARD_CHANNEL, pattern);
}

/* --- counts --- */

static void reply_receiver_counts(struct call *call, enum topic_kind kind) {
    reply_array(call, (call->argc - 2) * 2);
    for (uint32_t i = 2; i < call->argc; i++) {
        const struct topic *topic = topic_find(call->engine->pubsub, kind, call->args[i]);
        reply_bulk(call, call->args[i]);
        reply_integer(call, topic == NULL ? 0 : topic->receiver_count);
    }
}

static void numsub_command(struct call *call) {
    reply_receiver_counts(call, TOPIC_CHANNEL);
}

static void shardnumsub_command(struct call *call) {
    reply_receiver_counts(call, TOPIC_SHARD_CHANNEL);
}

static void numpat_command(struct call *call) {
    reply_integer(call, (int64_t)call->engine->audience.patterns);
}

/* --- retained messages --- */

static void reply_retained(struct call *call, enum retained_world world) {
    const struct bytes *pattern;
    size_t count = 0;
    struct message *messages = NULL;
    if (!read_pattern(call, &pattern)) return;
    if (call->engine->pubsub != NULL)
        messages = retained_match(&call->engine->pubsub->retained, world, pattern,
                                  call_now_ms(call), &count);
    reply_array(call, count);
    for (size_t i = 0; i < count; i++) reply_bulk(call, messages[i].channel);
    mem_free(messages);
}

static void retained_command(struct call *call) {
    reply_retained(call, RETAINED_CHANNELS);
}

static void shardretained_command(struct call *call) {
    reply_retained(call, RETAINED_SHARD_CHANNELS);
}

/* --- help --- */

static void help_command(struct call *call) {
    static const char *const lines[] = {
        "CHANNELS [<pattern>]",
        "    Return the currently active channels matching a <pattern> (default: '*').",
        "NUMPAT",
        "    Return number of subscriptions to patterns.",
        "NUMSUB [<channel> ...]",
        "    Return the number of subscribers for the specified channels, excluding",
        "    pattern subscriptions(default: no channels).",
        "RETAINED [<pattern>]",
        "    Return the channels that have a retained message, sorted.",
        "SHARDCHANNELS [<pattern>]",
        "    Return the currently active shard level channels matching a <pattern> (default: '*').",
        "SHARDNUMSUB [<shardchannel> ...]",
        "    Return the number of subscribers for the specified shard level channel(s)",
        "SHARDRETAINED [<pattern>]",
        "    Return the shard channels that have a retained message, sorted.",
        NULL,
    };
    reply_help(call, lines);
}

/* --- the rows --- */

enum { ASKING_FLAGS = COMMAND_PUBSUB | COMMAND_LOADING | COMMAND_STALE };

static const struct command_row subcommands[] = {
    {
        .name = "channels",
        .handler = channels_command,
        .arity = -2,
        .flags = ASKING_FLAGS,
        .summary = "Lists the channels that someone listens to.",
        .syntax = "[pattern]",
        .complexity = "O(N) for N channels",
        .since = "2.8.0",
        .group = "pubsub",
    },
    {
        .name = "help",
        .handler = help_command,
        .arity = 2,
        .flags = COMMAND_LOADING | COMMAND_STALE,
        .summary = "Lists the subcommands.",
        .complexity = "O(1)",
        .since = "6.2.0",
        .group = "pubsub",
    },
    {
        .name = "numpat",
        .handler = numpat_command,
        .arity = 2,
        .flags = ASKING_FLAGS,
        .summary = "Counts the different patterns that someone listens to.",
        .complexity = "O(1)",
        .since = "2.8.0",
        .group = "pubsub",
    },
    {
        .name = "numsub",
        .handler = numsub_command,
        .arity = -2,
        .flags = ASKING_FLAGS,
        .summary = "Counts those who listen to each of the channels.",
        .syntax = "[channel...]",
        .complexity = "O(N) for N channels asked for",
        .since = "2.8.0",
        .group = "pubsub",
    },
    {
        .name = "retained",
        .handler = retained_command,
        .arity = -2,
        .flags = ASKING_FLAGS,
        .summary = "Lists the channels that have a retained message, sorted.",
        .syntax = "[pattern]",
        .complexity = "O(N log N) for N retained messages",
        .since = "8.0.0",
        .group = "pubsub",
    },
    {
        .name = "shardchannels",
        .handler = shardchannels_command,
        .arity = -2,
        .flags = ASKING_FLAGS,
        .summary = "Lists the shard channels that someone listens to.",
        .syntax = "[pattern]",
        .complexity = "O(N) for N shard channels",
        .since = "7.0.0",
        .group = "pubsub",
    },
    {
        .name = "shardnumsub",
        .handler = shardnumsub_command,
        .arity = -2,
        .flags = ASKING_FLAGS,
        .summary = "Counts those who listen to each of the shard channels.",
        .syntax = "[shardchannel...]",
        .complexity = "O(N) for N shard channels asked for",
        .since = "7.0.0",
        .group = "pubsub",
    },
    {
        .name = "shardretained",
        .handler = shardretained_command,
        .arity = -2,
        .flags = ASKING_FLAGS,
        .summary = "Lists the shard channels that have a retained message, sorted.",
        .syntax = "[pattern]",
        .complexity = "O(N log N) for N retained messages",
        .since = "8.0.0",
        .group = "pubsub",
    },
};

static const struct command_row rows[] = {
    {
        .name = "pubsub",
        .arity = -2,
        .subcommands = subcommands,
        .subcommand_count = ARRAY_LEN(subcommands),
        .summary = "Commands about who listens to what.",
        .complexity = "Depends on subcommand.",
        .since = "2.8.0",
        .group = "pubsub",
    },
};

const struct command_list pubsub_introspect_commands = COMMAND_LIST(rows);
