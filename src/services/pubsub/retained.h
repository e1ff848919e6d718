/* Retained messages: the last message of a channel, kept by PUBLISH … RETAIN and given to each later
 * subscriber. Channels and shard channels each have their own.
 *
 * Those with a due time stand in a binary heap as well, so that they leave on time; one that is past its
 * time is never given. They live in memory alone: neither saved nor replicated. */
#ifndef SERVICES_PUBSUB_RETAINED_H
#define SERVICES_PUBSUB_RETAINED_H

#include "foundation/bytes.h"
#include "foundation/check.h"
#include "foundation/containers/table.h"
#include "services/pubsub/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct retained;

enum retained_world { RETAINED_CHANNELS, RETAINED_SHARD_CHANNELS, RETAINED_WORLDS };

/* retained_init prepares it. */
struct retained_store {
    struct table messages[RETAINED_WORLDS];
    struct retained **heap; /* those with a due time, the soonest first */
    size_t heap_count;
    size_t heap_cap;
    size_t used_bytes; /* of the messages, what the heap and the tables need for them included */
};

void retained_init(struct retained_store *store);
void retained_destroy(struct retained_store *store);
size_t retained_count(const struct retained_store *store);

/* Keeps a copy in place of the channel's last one. `due_ms` 0: for good. False, with nothing changed, when
 * all would take more than `max_bytes` (0: no limit); what is past its time goes first. */
NODISCARD bool retained_keep(struct retained_store *store, enum retained_world world,
                             const struct message *message, int64_t due_ms, int64_t now_ms,
                             size_t max_bytes);
/* Nothing kept is fine. */
void retained_drop(struct retained_store *store, enum retained_world world, struct bytes channel);
/* The message, borrowed until the store changes; false without one. */
bool retained_find(const struct retained_store *store, enum retained_world world,
                   struct bytes channel, int64_t now_ms, struct message *message);

/* Those whose channels match, sorted by channel; borrowed until the store changes. The array is the
 * caller's to mem_free (NULL when `*count` is 0). `pattern` NULL: all. Cost: looks at every message. */
struct message *retained_match(const struct retained_store *store, enum retained_world world,
                               const struct bytes *pattern, int64_t now_ms, size_t *count);

/* Takes out up to `max` that are past their time. */
void retained_expire(struct retained_store *store, int64_t now_ms, size_t max);

#endif
