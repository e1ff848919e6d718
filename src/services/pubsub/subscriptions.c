/* Who subscribes to what, on both sides: pubsub_private.h has the picture. */
#include "foundation/mem.h"
#include "services/pubsub/pubsub_private.h"

struct slot {
    struct topic *topic; /* NULL: free */
    uint32_t place;      /* in the topic's receivers */
};

/* Open addressing with linear probing; at least a quarter of the slots is free. */
struct slots {
    struct slot *slots; /* NULL while cap is 0 */
    uint32_t count;
    uint32_t cap; /* a power of two */
};

struct subscriber {
    struct slots of_kind[TOPIC_KINDS];
};

enum {
    FIRST_SLOTS = 2,
    FIRST_RECEIVERS = 1,
    SHRINK_DIVISOR = 8, /* arrays that are emptier are made smaller */
};

/* --- a session's slots --- */

static uint32_t home_of(const struct slots *slots, const struct topic *topic) {
    return (uint32_t)topic->hash & (slots->cap - 1);
}

static uint32_t next_of(const struct slots *slots, uint32_t index) {
    return (index + 1) & (slots->cap - 1);
}

/* The topic's slot, or the free one where it belongs. */
static uint32_t find_slot(const struct slots *slots, const struct topic *topic) {
    uint32_t index = home_of(slots, topic);
    while (slots->slots[index].topic != NULL && slots->slots[index].topic != topic)
        index = next_of(slots, index);
    return index;
}

static bool has_topic(const struct slots *slots, const struct topic *topic) {
    return slots->count != 0 && slots->slots[find_slot(slots, topic)].topic == topic;
}

static void put_slot(struct slots *slots, uint32_t index, struct slot slot) {
    slots->slots[index] = slot;
    slot.topic->receivers[slot.place].slot = index;
}

static void resize_slots(struct slots *slots, uint32_t cap) {
    struct slots old = *slots;
    slots->slots = mem_alloc_array(cap, sizeof(*slots->slots));
    slots->cap = cap;
    for (uint32_t i = 0; i < old.cap; i++) {
        if (old.slots[i].topic != NULL)
            put_slot(slots, find_slot(slots, old.slots[i].topic), old.slots[i]);
    }
    mem_free(old.slots);
}

static void make_slot_room(struct slots *slots) {
    if (slots->cap == 0)
        resize_slots(slots, FIRST_SLOTS);
    else if ((slots->count + UINT64_C(1)) * 4 > slots->cap * UINT64_C(3))
        resize_slots(slots, slots->cap * 2);
}

/* Those behind a gap move up, so that every search still ends at the first free slot. */
static void close_gap(struct slots *slots, uint32_t gap) {
    uint32_t mask = slots->cap - 1;
    for (uint32_t i = next_of(slots, gap); slots->slots[i].topic != NULL; i = next_of(slots, i)) {
        uint32_t home = home_of(slots, slots->slots[i].topic);
        if (((i - home) & mask) < ((i - gap) & mask)) continue;
        put_slot(slots, gap, slots->slots[i]);
        gap = i;
    }
    slots->slots[gap] = (struct slot){0};
}

static void free_slots(struct slots *slots) {
    mem_free(slots->slots);
    *slots = (struct slots){0};
}

static void take_slot(struct slots *slots, uint32_t index) {
    close_gap(slots, index);
    slots->count--;
    if (slots->count == 0)
        free_slots(slots);
    else if (slots->cap > FIRST_SLOTS && slots->count < slots->cap / SHRINK_DIVISOR)
        resize_slots(slots, slots->cap / 2);
}

/* --- a topic's receivers --- */

static void resize_receivers(struct topic *topic, uint32_t cap) {
    topic->receivers = mem_realloc(topic->receivers, cap * sizeof(*topic->receivers));
    topic->receiver_cap = cap;
}

static uint32_t add_receiver(struct topic *topic, struct session *session) {
    if (topic->receiver_count == topic->receiver_cap)
        resize_receivers(topic,
                         topic->receiver_cap == 0 ? FIRST_RECEIVERS : 2 * topic->receiver_cap);
    topic->receivers[topic->receiver_count].session = session;
    return topic->receiver_count++;
}

/* The last one takes the place. */
static void remove_receiver(struct topic *topic, uint32_t place) {
    struct receiver last = topic->receivers[--topic->receiver_count];
    if (place != topic->receiver_count) {
        topic->receivers[place] = last;
        last.session->subscriber->of_kind[topic->kind].slots[last.slot].place = place;
    }
    if (topic->receiver_count != 0 && topic->receiver_count < topic->receiver_cap / SHRINK_DIVISOR)
        resize_receivers(topic, topic->receiver_cap / 2);
}

static void leave_topic(struct engine *engine, struct slot slot) {
    remove_receiver(slot.topic, slot.place);
    if (slot.topic->receiver_count == 0) topic_free(engine, slot.topic);
}

/* --- a session --- */

static uint32_t *count_of(struct session *session, enum topic_kind kind) {
    switch (kind) {
    case TOPIC_CHANNEL: return &session->subscriptions.channels;
    case TOPIC_PATTERN: return &session->subscriptions.patterns;
    default: return &session->subscriptions.shard_channels;
    }
}

static struct slots *slots_of(struct session *session, enum topic_kind kind) {
    if (session->subscriber == NULL) {
        session->subscriber = mem_alloc_zeroed(sizeof(*session->subscriber));
        session->engine->audience.clients++;
    }
    return &session->subscriber->of_kind[kind];
}

static void free_unused(struct session *session) {
    if (session->subscriber != NULL && !session_is_subscribing(session)) {
        mem_free(session->subscriber);
        session->subscriber = NULL;
        session->engine->audience.clients--;
    }
    pubsub_free_unused(session->engine);
}

void subscription_add(struct session *session, enum topic_kind kind, struct bytes name) {
    struct topic *topic = topic_find_or_add(session->engine, kind, name);
    struct slots *slots = slots_of(session, kind);
    if (has_topic(slots, topic)) return;
    make_slot_room(slots);
    struct slot slot = {.topic = topic, .place = add_receiver(topic, session)};
    put_slot(slots, find_slot(slots, topic), slot);
    *count_of(session, kind) = ++slots->count;
}

void subscription_remove(struct session *session, enum topic_kind kind, struct bytes name) {
    if (session->subscriber == NULL) return;
    struct slots *slots = &session->subscriber->of_kind[kind];
    const struct topic *topic = topic_find(session->engine->pubsub, kind, name);
    if (topic == NULL || !has_topic(slots, topic)) return;
    uint32_t index = find_slot(slots, topic);
    struct slot slot = slots->slots[index];
    take_slot(slots, index);
    *count_of(session, kind) = slots->count;
    leave_topic(session->engine, slot);
    free_unused(session);
}

void subscriptions_remove_all(struct session *session, enum topic_kind kind,
                              subscription_ended *told, void *context) {
    if (session->subscriber == NULL) return;
    struct slots *slots = &session->subscriber->of_kind[kind];
    for (uint32_t i = 0; i < slots->cap; i++) {
        struct slot slot = slots->slots[i];
        if (slot.topic == NULL) continue;
        (*count_of(session, kind))--;
        if (told != NULL) told(context, topic_name(slot.topic));
        leave_topic(session->engine, slot);
    }
    free_slots(slots);
    free_unused(session);
}

void subscriptions_end_session(struct session *session) {
    for (int kind = 0; kind < TOPIC_KINDS; kind++)
        subscriptions_remove_all(session, (enum topic_kind)kind, NULL, NULL);
}

/* --- what others ask --- */

uint32_t subscriptions_count(const struct session *session, enum topic_kind kind) {
    const struct session_subscriptions *sum = &session->subscriptions;
    return kind == TOPIC_SHARD_CHANNEL ? sum->shard_channels : sum->channels + sum->patterns;
}

size_t subscriptions_used_bytes(const struct session *session) {
    if (session->subscriber == NULL) return 0;
    size_t sum = mem_usable_size(session->subscriber);
    for (int kind = 0; kind < TOPIC_KINDS; kind++) {
        const struct slots *slots = &session->subscriber->of_kind[kind];
        sum += mem_usable_size(slots->slots) + slots->count * sizeof(struct receiver);
    }
    return sum;
}
