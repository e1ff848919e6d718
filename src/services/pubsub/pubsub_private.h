/* What the files of this folder share: topics, who receives them, and the writers that encode for them.
 *
 * A topic is a channel, a pattern or a shard channel that someone subscribes to. Who subscribes to what
 * stands on both sides, 16 bytes each, and each side knows its place on the other, so that either end can
 * let go at O(1):
 *
 *      topic     receivers  | session, slot  | session, slot  | …        the last one fills a gap
 *                                 |    ^
 *                                 v    |
 *      subscriber    slots  |   –   | topic, place |   –   | …           open addressing by the topic's hash
 *
 * Invariants: 1. a topic has a receiver; it goes with the last one. 2. A slot's place and a receiver's slot
 * point at each other. 3. A session has a subscriber while it subscribes to anything, and its
 * `subscriptions` are the counts. 4. engine->pubsub is there while there is a topic or a retained message. */
#ifndef SERVICES_PUBSUB_PUBSUB_PRIVATE_H
#define SERVICES_PUBSUB_PUBSUB_PRIVATE_H

#include "engine/engine.h"
#include "engine/push.h"
#include "foundation/containers/table.h"
#include "services/pubsub/message.h"
#include "services/pubsub/patterns.h"
#include "services/pubsub/retained.h"

enum { PROTOCOLS = 2 }; /* RESP2, RESP3 */

struct receiver {
    struct session *session;
    uint32_t slot; /* of the session's slots of this kind */
};

struct topic {
    struct receiver *receivers;
    uint32_t receiver_count;
    uint32_t receiver_cap;
    struct push_writer writers[PROTOCOLS];
    uint64_t hash; /* of the name */
    size_t len;
    struct prefix *prefix; /* of a pattern; NULL */
    uint32_t prefix_place;
    uint32_t open_place; /* in the list of those with open writers, plus one; 0: not in it */
    enum topic_kind kind;
    char name[];
};

struct pubsub {
    struct table topics[TOPIC_KINDS];
    struct pattern_index patterns;
    struct retained_store retained;
    struct open_topics { /* whose writers may hold a stretch */
        struct topic **topics;
        size_t count;
        size_t cap;
        size_t next;   /* looked at next */
        size_t opened; /* since the last look */
    } open;
};

static inline struct bytes topic_name(const struct topic *topic) {
    return bytes_of(topic->name, topic->len);
}

/* --- topics.c --- */

/* The engine's, made where there is none. */
struct pubsub *pubsub_make(struct engine *engine);
/* Frees it when there is nothing in it. */
void pubsub_free_unused(struct engine *engine);
/* NULL when nobody subscribes to it. */
struct topic *topic_find(const struct pubsub *pubsub, enum topic_kind kind, struct bytes name);
struct topic *topic_find_or_add(struct engine *engine, enum topic_kind kind, struct bytes name);
/* Of a topic without receivers. */
void topic_free(struct engine *engine, struct topic *topic);

/* --- subscriptions.c --- */

/* Again is nothing new. */
void subscription_add(struct session *session, enum topic_kind kind, struct bytes name);
/* Where the session does not subscribe to it nothing happens. */
void subscription_remove(struct session *session, enum topic_kind kind, struct bytes name);
/* Ends all of a kind; `told` (NULL: nobody) is called with each, already counted off. It changes no
 * subscription. */
typedef void subscription_ended(void *context, struct bytes name);
void subscriptions_remove_all(struct session *session, enum topic_kind kind,
                              subscription_ended *told, void *context);
/* What SUBSCRIBE's confirmations count: channels and patterns together, shard channels apart. */
uint32_t subscriptions_count(const struct session *session, enum topic_kind kind);
void subscriptions_end_session(struct session *session);
size_t subscriptions_used_bytes(const struct session *session);

/* --- publish.c --- */

/* To those who subscribe to the shard channel. */
size_t pubsub_publish_to_shard(struct engine *engine, struct bytes channel, struct bytes message);
/* Lets go of stretches that have been sent. */
void publish_finish_round(struct engine *engine);
/* Takes a topic that goes from the list. */
void publish_forget_topic(struct pubsub *pubsub, struct topic *topic);

#endif
