/* Publishing: a message is encoded once for all subscribers of a channel (or a pattern) that speak the
 * same protocol.
 *
 * A writer's stretch stays while some of it is still to be sent, so that the next message goes behind it.
 * Topics whose writers may hold one stand in a list; each round looks at twice as many of them as have
 * come in since, and takes off those that are done. */
#include "foundation/mem.h"
#include "services/pubsub/pubsub.h"
#include "services/pubsub/pubsub_private.h"

enum { LOOKS_PER_ROUND = 16 };

/* --- the list of open topics --- */

static void note_open(struct pubsub *pubsub, struct topic *topic) {
    struct open_topics *open = &pubsub->open;
    if (topic->open_place != 0) return;
    if (open->count == open->cap) {
        open->cap = open->cap == 0 ? LOOKS_PER_ROUND : 2 * open->cap;
        open->topics = mem_realloc(open->topics, open->cap * sizeof(struct topic *));
    }
    open->topics[open->count++] = topic;
    open->opened++;
    topic->open_place = (uint32_t)open->count;
}

static void take_off(struct open_topics *open, struct topic *topic) {
    struct topic *last = open->topics[--open->count];
    open->topics[topic->open_place - 1] = last;
    last->open_place = topic->open_place;
    topic->open_place = 0;
    if (open->count != 0) return;
    mem_free(open->topics);
    *open = (struct open_topics){0};
}

void publish_forget_topic(struct pubsub *pubsub, struct topic *topic) {
    for (int i = 0; i < PROTOCOLS; i++) push_close(&topic->writers[i]);
    if (topic->open_place != 0) take_off(&pubsub->open, topic);
}

static bool close_sent(struct topic *topic) {
    bool is_closed = true;
    for (int i = 0; i < PROTOCOLS; i++) is_closed &= push_close_sent(&topic->writers[i]);
    return is_closed;
}

void publish_finish_round(struct engine *engine) {
    struct pubsub *pubsub = engine->pubsub;
    if (pubsub == NULL) return;
    struct open_topics *open = &pubsub->open;
    size_t looks = 2 * open->opened + LOOKS_PER_ROUND;
    if (looks > open->count) looks = open->count;
    open->opened = 0;
    for (; looks != 0 && open->count != 0; looks--) {
        if (open->next >= open->count) open->next = 0;
        struct topic *topic = open->topics[open->next];
        if (close_sent(topic))
            take_off(open, topic);
        else
            open->next++;
    }
}

/* --- encoding --- */

static struct push_piece encode(struct topic *topic, enum resp_version version,
                                struct message message) {
    struct push_writer *writer = &topic->writers[version - RESP2];
    struct bytes name = topic_name(topic);
    char *room = push_room(writer, message_max_bytes(name, message));
    char *end = message_write(room, topic->kind, version, name, message);
    return push_commit(writer, (size_t)(end - room));
}

/* --- sending --- */

static size_t send_to_topic(struct pubsub *pubsub, struct topic *topic, struct message message) {
    struct push_piece pieces[PROTOCOLS] = {0};
    note_open(pubsub, topic);
    for (uint32_t i = 0; i < topic->receiver_count; i++) {
        struct session *session = topic->receivers[i].session;
        struct push_piece *piece = &pieces[session->version - RESP2];
        if (piece->stretch == NULL) *piece = encode(topic, session->version, message);
        push_send(session, *piece);
    }
    return topic->receiver_count;
}

static size_t send_to_named(struct engine *engine, enum topic_kind kind, struct message message) {
    struct topic *topic = topic_find(engine->pubsub, kind, message.channel);
    return topic == NULL ? 0 : send_to_topic(engine->pubsub, topic, message);
}

struct sending {
    struct pubsub *pubsub;
    struct message message;
    size_t count;
};

static void send_to_pattern(struct topic *pattern, void *context) {
    struct sending *sending = context;
    sending->count += send_to_topic(sending->pubsub, pattern, sending->message);
}

size_t pubsub_publish(struct engine *engine, struct bytes channel, struct bytes message) {
    if (engine->pubsub == NULL) return 0;
    struct sending sending = {.pubsub = engine->pubsub, .message = {channel, message}};
    sending.count = send_to_named(engine, TOPIC_CHANNEL, sending.message);
    pattern_index_match(&engine->pubsub->patterns, channel, send_to_pattern, &sending);
    return sending.count;
}

size_t pubsub_publish_to_shard(struct engine *engine, struct bytes channel, struct bytes message) {
    return send_to_named(engine, TOPIC_SHARD_CHANNEL, (struct message){channel, message});
}

bool pubsub_has_audience(const struct engine *engine) {
    return (engine->audience.channels | engine->audience.patterns) != 0;
}
