#include "services/tracking/broadcast.h"

#include "foundation/containers/table_inline.h"
#include "foundation/hash.h"
#include "foundation/mem.h"
#include "services/tracking/tracking_private.h"

#include <stdlib.h>

static uint64_t hash_broadcast(const void *element, const void *context) {
    (void)context;
    return hash_bytes(broadcast_prefix(element));
}

static uint64_t hash_change(const void *element, const void *context) {
    (void)context;
    return hash_bytes(change_name(element));
}

void broadcasts_init(struct broadcasts *broadcasts) {
    *broadcasts = (struct broadcasts){0};
    table_init(&broadcasts->prefixes, hash_broadcast, NULL);
}

void broadcasts_destroy(struct broadcasts *broadcasts) {
    CHECK(broadcasts->prefixes.count == 0 && broadcasts->first_changed == NULL);
    table_destroy(&broadcasts->prefixes, NULL);
    size_multiset_destroy(&broadcasts->lengths);
}

/* --- changes --- */

static void link_changed(struct broadcasts *broadcasts, struct broadcast *broadcast) {
    broadcast->previous_changed = NULL;
    broadcast->next_changed = broadcasts->first_changed;
    if (broadcast->next_changed != NULL) broadcast->next_changed->previous_changed = broadcast;
    broadcasts->first_changed = broadcast;
}

static void forget_changes(struct broadcasts *broadcasts, struct broadcast *broadcast) {
    if (broadcast->changes.count == 0) return;
    table_destroy(&broadcast->changes, mem_free);
    table_init(&broadcast->changes, hash_change, NULL);
    if (broadcast->next_changed != NULL)
        broadcast->next_changed->previous_changed = broadcast->previous_changed;
    if (broadcast->previous_changed != NULL)
        broadcast->previous_changed->next_changed = broadcast->next_changed;
    else
        broadcasts->first_changed = broadcast->next_changed;
}

static struct change *find_change(const struct broadcast *broadcast, struct bytes name,
                                  uint64_t hash) {
    struct table_search search;
    struct change *change = table_find_start(&broadcast->changes, hash, &search);
    while (change != NULL && !bytes_equal(change_name(change), name))
        change = table_find_next(&search);
    return change;
}

static void add_change(struct broadcasts *broadcasts, struct broadcast *broadcast,
                       struct bytes name, uint64_t writer) {
    uint64_t hash = hash_bytes(name);
    struct change *change = find_change(broadcast, name, hash);
    if (change != NULL) {
        if (change->writer != writer) change->writer = 0;
        return;
    }
    change = mem_alloc(sizeof(*change) + name.len);
    *change = (struct change){.writer = writer, .len = name.len};
    if (name.len != 0) memcpy(change->name, name.data, name.len);
    if (broadcast->changes.count == 0) link_changed(broadcasts, broadcast);
    table_insert(&broadcast->changes, hash, change);
}

/* --- prefixes --- */

static struct broadcast *find_broadcast(const struct broadcasts *broadcasts, struct bytes prefix,
                                        uint64_t hash, struct table_search *search) {
    struct broadcast *broadcast = table_find_start(&broadcasts->prefixes, hash, search);
    while (broadcast != NULL && !bytes_equal(broadcast_prefix(broadcast), prefix))
        broadcast = table_find_next(search);
    return broadcast;
}

static struct broadcast *find_or_add_broadcast(struct broadcasts *broadcasts, struct bytes prefix) {
    struct table_search search;
    uint64_t hash = hash_bytes(prefix);
    struct broadcast *broadcast = find_broadcast(broadcasts, prefix, hash, &search);
    if (broadcast != NULL) return broadcast;
    broadcast = mem_alloc(sizeof(*broadcast) + prefix.len);
    *broadcast = (struct broadcast){.len = prefix.len};
    if (prefix.len != 0) memcpy(broadcast->prefix, prefix.data, prefix.len);
    table_init(&broadcast->changes, hash_change, NULL);
    table_insert(&broadcasts->prefixes, hash, broadcast);
    size_multiset_add(&broadcasts->lengths, prefix.len);
    return broadcast;
}

static void free_broadcast(struct broadcasts *broadcasts, struct broadcast *broadcast) {
    struct table_search search;
    uint64_t hash = hash_broadcast(broadcast, NULL);
    CHECK(find_broadcast(broadcasts, broadcast_prefix(broadcast), hash, &search) == broadcast);
    table_remove(&broadcasts->prefixes, hash, search.place);
    size_multiset_remove(&broadcasts->lengths, broadcast->len);
    forget_changes(broadcasts, broadcast);
    mem_free(broadcast);
}

void broadcasts_note(struct broadcasts *broadcasts, struct bytes name, uint64_t writer) {
    struct table_search search;
    for (size_t i = 0; i < broadcasts->lengths.count; i++) {
        size_t len = broadcasts->lengths.sizes[i].size;
        if (len > name.len) return;
        struct bytes beginning = bytes_of(name.data, len);
        struct broadcast *broadcast =
            find_broadcast(broadcasts, beginning, hash_bytes(beginning), &search);
        if (broadcast != NULL) add_change(broadcasts, broadcast, name, writer);
    }
}

/* --- who is told --- */

static int compare_memberships(const void *a, const void *b) {
    const struct membership *const *left = a, *const *right = b;
    return bytes_compare(broadcast_prefix((*left)->broadcast),
                         broadcast_prefix((*right)->broadcast));
}

static int compare_to_membership(const void *a, const void *b) {
    const struct bytes *prefix = a;
    const struct membership *const *membership = b;
    return bytes_compare(*prefix, broadcast_prefix((*membership)->broadcast));
}

/* Among the first `count`, which are in order. */
static bool is_member(const struct tracker *tracker, struct bytes prefix, size_t count) {
    return count != 0 && bsearch(&prefix, tracker->memberships, count,
                                 sizeof(*tracker->memberships), compare_to_membership) != NULL;
}

static struct membership *add_membership(struct tracker *tracker, struct broadcast *broadcast) {
    struct membership *membership = mem_alloc(sizeof(*membership));
    *membership = (struct membership){tracker, broadcast, broadcast->first, NULL};
    if (membership->next != NULL) membership->next->previous = membership;
    broadcast->first = membership;
    return membership;
}

void broadcasts_join(struct broadcasts *broadcasts, struct tracker *tracker,
                     const struct bytes *prefixes, size_t count) {
    size_t before = tracker->membership_count;
    size_t bytes = (before + count) * sizeof(*tracker->memberships);
    tracker->memberships = mem_realloc(tracker->memberships, bytes);
    for (size_t i = 0; i < count; i++) {
        if (is_member(tracker, prefixes[i], before)) continue;
        struct broadcast *broadcast = find_or_add_broadcast(broadcasts, prefixes[i]);
        tracker->memberships[tracker->membership_count++] = add_membership(tracker, broadcast);
    }
    qsort(tracker->memberships, tracker->membership_count, sizeof(*tracker->memberships),
          compare_memberships);
}

static void free_membership(struct broadcasts *broadcasts, struct membership *membership) {
    struct broadcast *broadcast = membership->broadcast;
    if (membership->next != NULL) membership->next->previous = membership->previous;
    if (membership->previous != NULL)
        membership->previous->next = membership->next;
    else
        broadcast->first = membership->next;
    if (broadcast->first == NULL) free_broadcast(broadcasts, broadcast);
    mem_free(membership);
}

void broadcasts_leave_all(struct broadcasts *broadcasts, struct tracker *tracker) {
    for (size_t i = 0; i < tracker->membership_count; i++)
        free_membership(broadcasts, tracker->memberships[i]);
    mem_free(tracker->memberships);
    tracker->memberships = NULL;
    tracker->membership_count = 0;
}

/* --- sending --- */

struct round {
    struct tracking *tracking;
    struct change **changes; /* of the broadcast being sent, in order of their names */
    struct bytes *names;
    size_t count;
    size_t cap;
};

static void collect_change(void *element, void *context) {
    struct round *round = context;
    round->changes[round->count++] = element;
}

static int compare_changes(const void *a, const void *b) {
    const struct change *const *left = a, *const *right = b;
    return bytes_compare(change_name(*left), change_name(*right));
}

static void collect_changes(struct round *round, const struct broadcast *broadcast) {
    size_t count = broadcast->changes.count;
    if (count > round->cap) {
        round->cap = count;
        round->changes = mem_realloc(round->changes, count * sizeof(*round->changes));
        round->names = mem_realloc(round->names, count * sizeof(*round->names));
    }
    round->count = 0;
    table_for_each(&broadcast->changes, collect_change, round);
    qsort(round->changes, round->count, sizeof(*round->changes), compare_changes);
}

/* Leaves out what the session has changed; 0: nothing. */
static struct invalidation name_changes(const struct round *round, uint64_t left_out) {
    size_t count = 0;
    for (size_t i = 0; i < round->count; i++) {
        const struct change *change = round->changes[i];
        if (left_out == 0 || change->writer != left_out)
            round->names[count++] = change_name(change);
    }
    return (struct invalidation){round->tracking, round->names, count, {{{0}, NULL}}};
}

/* So that those who have changed nothing are known without looking through the changes. */
static void mark_writers(const struct round *round, uint64_t number) {
    uint64_t last = 0;
    for (size_t i = 0; i < round->count; i++) {
        uint64_t writer = round->changes[i]->writer;
        if (writer == 0 || writer == last) continue;
        last = writer;
        const struct session *session = session_find(round->tracking->engine, writer);
        if (session != NULL && session->tracker != NULL) session->tracker->written_round = number;
    }
}

static bool is_silent_writer(const struct tracker *tracker, uint64_t number) {
    return (tracker->session->tracking & SESSION_TRACKING_NO_LOOP) != 0 &&
           tracker->written_round == number;
}

static void send_to_silent_writers(const struct round *round, const struct broadcast *broadcast,
                                   uint64_t number) {
    const struct membership *membership = broadcast->first;
    for (; membership != NULL; membership = membership->next) {
        struct tracker *tracker = membership->tracker;
        if (!is_silent_writer(tracker, number)) continue;
        struct invalidation own = name_changes(round, tracker->session->id);
        if (own.count != 0) invalidation_send(&own, tracker);
    }
}

static void send_broadcast(struct round *round, struct broadcast *broadcast) {
    uint64_t number = ++round->tracking->broadcasts.round;
    collect_changes(round, broadcast);
    mark_writers(round, number);
    struct invalidation invalidation = name_changes(round, 0);
    const struct membership *membership = broadcast->first;
    for (; membership != NULL; membership = membership->next)
        if (!is_silent_writer(membership->tracker, number))
            invalidation_send(&invalidation, membership->tracker);
    send_to_silent_writers(round, broadcast, number);
    forget_changes(&round->tracking->broadcasts, broadcast);
}

static int compare_broadcasts(const void *a, const void *b) {
    const struct broadcast *const *left = a, *const *right = b;
    return bytes_compare(broadcast_prefix(*left), broadcast_prefix(*right));
}

static struct broadcast **sort_changed(const struct broadcasts *broadcasts, size_t *count) {
    struct broadcast *broadcast = broadcasts->first_changed;
    for (*count = 0; broadcast != NULL; broadcast = broadcast->next_changed) ++*count;
    struct broadcast **sorted = mem_alloc_array(*count, sizeof(*sorted));
    broadcast = broadcasts->first_changed;
    for (size_t i = 0; broadcast != NULL; broadcast = broadcast->next_changed)
        sorted[i++] = broadcast;
    qsort(sorted, *count, sizeof(*sorted), compare_broadcasts);
    return sorted;
}

void broadcasts_send(struct tracking *tracking) {
    struct round round = {.tracking = tracking};
    size_t count;
    if (tracking->broadcasts.first_changed == NULL) return;
    struct broadcast **sorted = sort_changed(&tracking->broadcasts, &count);
    for (size_t i = 0; i < count; i++) send_broadcast(&round, sorted[i]);
    mem_free(sorted);
    mem_free(round.changes);
    mem_free(round.names);
}
