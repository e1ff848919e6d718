/* The topics of an engine: found by name, made with the first subscriber, gone with the last. */
#include "foundation/containers/table_inline.h"
#include "foundation/hash.h"
#include "foundation/mem.h"
#include "services/pubsub/pubsub_private.h"

static uint64_t hash_topic(const void *element, const void *context) {
    const struct topic *topic = element;
    (void)context;
    return topic->hash;
}

/* --- all of them --- */

struct pubsub *pubsub_make(struct engine *engine) {
    if (engine->pubsub != NULL) return engine->pubsub;
    struct pubsub *pubsub = mem_alloc_zeroed(sizeof(*pubsub));
    for (int kind = 0; kind < TOPIC_KINDS; kind++)
        table_init(&pubsub->topics[kind], hash_topic, NULL);
    pattern_index_init(&pubsub->patterns);
    retained_init(&pubsub->retained);
    engine->pubsub = pubsub;
    return pubsub;
}

static bool is_used(const struct pubsub *pubsub) {
    size_t count = retained_count(&pubsub->retained);
    for (int kind = 0; kind < TOPIC_KINDS; kind++) count += pubsub->topics[kind].count;
    return count != 0;
}

void pubsub_free_unused(struct engine *engine) {
    struct pubsub *pubsub = engine->pubsub;
    if (pubsub == NULL || is_used(pubsub)) return;
    for (int kind = 0; kind < TOPIC_KINDS; kind++) table_destroy(&pubsub->topics[kind], NULL);
    pattern_index_destroy(&pubsub->patterns);
    retained_destroy(&pubsub->retained);
    mem_free(pubsub->open.topics);
    mem_free(pubsub);
    engine->pubsub = NULL;
}

/* --- one --- */

static struct topic *find(const struct table *topics, struct bytes name, uint64_t hash,
                          struct table_search *search) {
    struct topic *topic = table_find_start(topics, hash, search);
    while (topic != NULL && !bytes_equal(topic_name(topic), name)) topic = table_find_next(search);
    return topic;
}

struct topic *topic_find(const struct pubsub *pubsub, enum topic_kind kind, struct bytes name) {
    struct table_search search;
    if (pubsub == NULL || pubsub->topics[kind].count == 0) return NULL;
    return find(&pubsub->topics[kind], name, hash_bytes(name), &search);
}

static void note_counts(struct engine *engine) {
    const struct table *topics = engine->pubsub->topics;
    engine->audience.channels = topics[TOPIC_CHANNEL].count;
    engine->audience.patterns = topics[TOPIC_PATTERN].count;
    engine->audience.shard_channels = topics[TOPIC_SHARD_CHANNEL].count;
}

static struct topic *new_topic(enum topic_kind kind, struct bytes name, uint64_t hash) {
    struct topic *topic = mem_alloc(sizeof(*topic) + name.len);
    *topic = (struct topic){.kind = kind, .hash = hash, .len = name.len};
    if (name.len != 0) memcpy(topic->name, name.data, name.len);
    return topic;
}

struct topic *topic_find_or_add(struct engine *engine, enum topic_kind kind, struct bytes name) {
    struct pubsub *pubsub = pubsub_make(engine);
    struct table *topics = &pubsub->topics[kind];
    struct table_search search;
    uint64_t hash = hash_bytes(name);
    struct topic *topic = find(topics, name, hash, &search);
    if (topic != NULL) return topic;
    topic = new_topic(kind, name, hash);
    table_insert(topics, hash, topic);
    if (kind == TOPIC_PATTERN) pattern_index_add(&pubsub->patterns, topic);
    note_counts(engine);
    return topic;
}

void topic_free(struct engine *engine, struct topic *topic) {
    struct pubsub *pubsub = engine->pubsub;
    struct table *topics = &pubsub->topics[topic->kind];
    struct table_search search;
    CHECK(find(topics, topic_name(topic), topic->hash, &search) == topic);
    table_remove(topics, topic->hash, search.place);
    if (topic->kind == TOPIC_PATTERN) pattern_index_remove(&pubsub->patterns, topic);
    publish_forget_topic(pubsub, topic);
    mem_free(topic->receivers);
    mem_free(topic);
    note_counts(engine);
}
