#include "services/pubsub/retained.h"

#include "foundation/containers/table_inline.h"
#include "foundation/glob.h"
#include "foundation/hash.h"
#include "foundation/mem.h"

#include <stdlib.h>

enum { NOT_IN_HEAP = UINT32_MAX };

struct retained {
    uint64_t hash;
    int64_t due_ms; /* unix time; 0: none */
    size_t channel_len;
    size_t text_len;
    uint32_t heap_place; /* NOT_IN_HEAP without a due time */
    enum retained_world world;
    char bytes[]; /* channel, text */
};

static uint64_t hash_retained(const void *element, const void *context) {
    const struct retained *retained = element;
    (void)context;
    return retained->hash;
}

void retained_init(struct retained_store *store) {
    *store = (struct retained_store){0};
    for (int i = 0; i < RETAINED_WORLDS; i++) table_init(&store->messages[i], hash_retained, NULL);
}

void retained_destroy(struct retained_store *store) {
    for (int i = 0; i < RETAINED_WORLDS; i++) table_destroy(&store->messages[i], mem_free);
    mem_free(store->heap);
    *store = (struct retained_store){0};
}

size_t retained_count(const struct retained_store *store) {
    return store->messages[RETAINED_CHANNELS].count +
           store->messages[RETAINED_SHARD_CHANNELS].count;
}

/* --- one message --- */

static struct message message_of(const struct retained *retained) {
    return (struct message){
        .channel = bytes_of(retained->bytes, retained->channel_len),
        .text = bytes_of(retained->bytes + retained->channel_len, retained->text_len),
    };
}

static bool is_past(const struct retained *retained, int64_t now_ms) {
    return retained->due_ms != 0 && retained->due_ms <= now_ms;
}

static size_t allocation_of(const struct message *message) {
    return sizeof(struct retained) + message->channel.len + message->text.len;
}

/* A table's place is a pointer and a tag, and four in five are used. */
static size_t used_bytes_of(size_t allocation) {
    enum { TABLE_BYTES = 11 };
    return mem_good_size(allocation) + TABLE_BYTES + sizeof(struct retained *);
}

static struct retained *new_retained(enum retained_world world, const struct message *message,
                                     int64_t due_ms) {
    struct retained *retained = mem_alloc(allocation_of(message));
    *retained = (struct retained){
        .hash = hash_bytes(message->channel),
        .due_ms = due_ms,
        .channel_len = message->channel.len,
        .text_len = message->text.len,
        .heap_place = NOT_IN_HEAP,
        .world = world,
    };
    char *out = retained->bytes;
    if (message->channel.len != 0) memcpy(out, message->channel.data, message->channel.len);
    if (message->text.len != 0)
        memcpy(out + message->channel.len, message->text.data, message->text.len);
    return retained;
}

static struct retained *find(const struct retained_store *store, enum retained_world world,
                             struct bytes channel, struct table_search *search) {
    uint64_t hash = hash_bytes(channel);
    struct retained *retained = table_find_start(&store->messages[world], hash, search);
    while (retained != NULL && !bytes_equal(message_of(retained).channel, channel))
        retained = table_find_next(search);
    return retained;
}

/* --- the heap: each is due no later than the two behind it --- */

static void put_in_heap(struct retained_store *store, size_t place, struct retained *retained) {
    store->heap[place] = retained;
    retained->heap_place = (uint32_t)place;
}

static void sift_up(struct retained_store *store, size_t place, struct retained *retained) {
    while (place != 0) {
        struct retained *parent = store->heap[(place - 1) / 2];
        if (parent->due_ms <= retained->due_ms) break;
        put_in_heap(store, place, parent);
        place = (place - 1) / 2;
    }
    put_in_heap(store, place, retained);
}

static void sift_down(struct retained_store *store, size_t place, struct retained *retained) {
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= store->heap_count) break;
        if (child + 1 < store->heap_count &&
            store->heap[child + 1]->due_ms < store->heap[child]->due_ms)
            child++;
        if (retained->due_ms <= store->heap[child]->due_ms) break;
        put_in_heap(store, place, store->heap[child]);
        place = child;
    }
    put_in_heap(store, place, retained);
}

static void resize_heap(struct retained_store *store, size_t cap) {
    store->heap = mem_realloc(store->heap, cap * sizeof(struct retained *));
    store->heap_cap = cap;
}

static void enter_heap(struct retained_store *store, struct retained *retained) {
    if (store->heap_count == store->heap_cap)
        resize_heap(store, store->heap_cap == 0 ? 4 : 2 * store->heap_cap);
    sift_up(store, store->heap_count++, retained);
}

static void leave_heap(struct retained_store *store, const struct retained *retained) {
    size_t place = retained->heap_place;
    struct retained *last = store->heap[--store->heap_count];
    if (last != retained) {
        sift_down(store, place, last);
        sift_up(store, last->heap_place, last);
    }
    if (store->heap_count != 0 && store->heap_count < store->heap_cap / 8)
        resize_heap(store, store->heap_cap / 2);
}

/* --- keeping --- */

static void add(struct retained_store *store, struct retained *retained, size_t used_bytes) {
    table_insert(&store->messages[retained->world], retained->hash, retained);
    if (retained->due_ms != 0) enter_heap(store, retained);
    store->used_bytes += used_bytes;
}

static size_t used_bytes_of_retained(const struct retained *retained) {
    const struct message message = message_of(retained);
    return used_bytes_of(allocation_of(&message));
}

static void drop(struct retained_store *store, struct retained *retained,
                 struct table_place place) {
    table_remove(&store->messages[retained->world], retained->hash, place);
    if (retained->due_ms != 0) leave_heap(store, retained);
    store->used_bytes -= used_bytes_of_retained(retained);
    mem_free(retained);
}

bool retained_keep(struct retained_store *store, enum retained_world world,
                   const struct message *message, int64_t due_ms, int64_t now_ms,
                   size_t max_bytes) {
    size_t used_bytes = used_bytes_of(allocation_of(message));
    if (max_bytes != 0 && store->used_bytes + used_bytes > max_bytes)
        retained_expire(store, now_ms, SIZE_MAX);
    struct table_search search;
    struct retained *old = find(store, world, message->channel, &search);
    size_t others = store->used_bytes - (old == NULL ? 0 : used_bytes_of_retained(old));
    if (max_bytes != 0 && others + used_bytes > max_bytes) return false;
    if (old != NULL) drop(store, old, search.place);
    add(store, new_retained(world, message, due_ms), used_bytes);
    return true;
}

void retained_drop(struct retained_store *store, enum retained_world world, struct bytes channel) {
    struct table_search search;
    struct retained *retained = find(store, world, channel, &search);
    if (retained != NULL) drop(store, retained, search.place);
}

void retained_expire(struct retained_store *store, int64_t now_ms, size_t max) {
    for (; max != 0 && store->heap_count != 0 && is_past(store->heap[0], now_ms); max--)
        retained_drop(store, store->heap[0]->world, message_of(store->heap[0]).channel);
}

/* --- giving --- */

bool retained_find(const struct retained_store *store, enum retained_world world,
                   struct bytes channel, int64_t now_ms, struct message *message) {
    struct table_search search;
    const struct retained *retained = find(store, world, channel, &search);
    if (retained == NULL || is_past(retained, now_ms)) return false;
    *message = message_of(retained);
    return true;
}

struct gathering {
    const struct bytes *pattern;
    int64_t now_ms;
    struct message *found;
    size_t count;
    size_t cap;
};

static void gather(void *element, void *context) {
    const struct retained *retained = element;
    struct gathering *gathering = context;
    struct message message = message_of(retained);
    if (is_past(retained, gathering->now_ms)) return;
    if (gathering->pattern != NULL && !glob_match(*gathering->pattern, message.channel)) return;
    if (gathering->count == gathering->cap) {
        gathering->cap = gathering->cap == 0 ? 4 : 2 * gathering->cap;
        gathering->found =
            mem_realloc(gathering->found, gathering->cap * sizeof(*gathering->found));
    }
    gathering->found[gathering->count++] = message;
}

static int compare_channels(const void *a, const void *b) {
    const struct message *left = a, *right = b;
    return bytes_compare(left->channel, right->channel);
}

struct message *retained_match(const struct retained_store *store, enum retained_world world,
                               const struct bytes *pattern, int64_t now_ms, size_t *count) {
    struct gathering gathering = {.pattern = pattern, .now_ms = now_ms};
    table_for_each(&store->messages[world], gather, &gathering);
    if (gathering.count != 0)
        qsort(gathering.found, gathering.count, sizeof(*gathering.found), compare_channels);
    *count = gathering.count;
    return gathering.found;
}
