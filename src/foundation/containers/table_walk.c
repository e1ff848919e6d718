/* Walks over the table: scan, random elements, statistics and the check of the invariants. */
#include "foundation/containers/table.h"

#include "foundation/containers/table_inline.h"
#include "foundation/containers/table_private.h"
#include "foundation/random.h"

static struct table_bucket *bucket_after(struct table_view view, struct table_bucket *bucket) {
    return bucket + 1 == view.segment->buckets + view.bucket_count ? view.segment->buckets
                                                                   : bucket + 1;
}

/* --- scanning --- */

/* Whether an element of the cursor's segment lies at or behind the cursor. Only an element that shares
 * the cursor's fraction needs its full hash, and only when a merge has made fractions coarser than the
 * cursor. */
static bool is_at_or_behind(const struct table *table, struct table_view view, uint64_t slot,
                            uint64_t cursor_hash) {
    uint32_t cursor_fraction = table_fraction(view, cursor_hash);
    if (table_slot_fraction(slot) != cursor_fraction)
        return table_slot_fraction(slot) > cursor_fraction;
    if (cursor_hash << view.depth << 16 == 0) return true;
    return table->hash_of(table_slot_element(slot), table->context) >= cursor_hash;
}

static void prefetch_elements_of_home(struct table_view view, uint32_t home) {
    const struct table_bucket *bucket = &view.segment->buckets[home];
    for (uint32_t slot = 0; slot < TABLE_SLOTS; slot++)
        mem_prefetch(table_slot_element(bucket->slots[slot]));
}

uint64_t table_scan(const struct table *table, uint64_t cursor, table_visit_function *visit,
                    void *context) {
    if (table->directory == NULL) return 0;
    uint64_t cursor_hash = cursor << (64 - TABLE_CURSOR_BITS);
    struct table_view view = table_view(table, cursor_hash);
    uint32_t home = table_home(view, table_fraction(view, cursor_hash));
    prefetch_elements_of_home(view, home);
    struct table_bucket *bucket = &view.segment->buckets[home];
    CHECK(view.bucket_count != 0);
    for (uint32_t left = view.bucket_count; left > 0; left--) {
        for (uint64_t used = table_match_used(bucket); used != 0; used &= used - 1) {
            uint64_t slot = bucket->slots[table_match_slot(used)];
            if (table_home(view, table_slot_fraction(slot)) == home &&
                is_at_or_behind(table, view, slot, cursor_hash))
                visit(table_slot_element(slot), context);
        }
        if (bucket->spill == 0) break;
        bucket = bucket_after(view, bucket);
    }
    /* The least fraction whose home is the next bucket; behind the last one it is 2^16, which carries
     * into the bits of the next segment, and from the last segment to 0. */
    uint64_t next_fraction =
        (((uint64_t)home + 1) * 0x10000 + view.bucket_count - 1) / view.bucket_count;
    uint64_t segment_start = cursor_hash >> 1 >> (63 - view.depth) << 1 << (63 - view.depth);
    return (segment_start + (next_fraction << (48 - view.depth))) >> (64 - TABLE_CURSOR_BITS);
}

void table_for_each(const struct table *table, table_visit_function *visit, void *context) {
    struct table_walk walk = table_walk_start(table);
    while (table_walk_next(&walk)) {
        for (uint32_t i = 0; i < walk.view.bucket_count; i++) {
            if (i + 1 < walk.view.bucket_count) prefetch_elements_of_home(walk.view, i + 1);
            const struct table_bucket *bucket = &walk.view.segment->buckets[i];
            for (uint64_t used = table_match_used(bucket); used != 0; used &= used - 1)
                visit(table_slot_element(bucket->slots[table_match_slot(used)]), context);
        }
    }
}

/* --- random elements --- */

/* A segment is drawn when its first directory word is: all segments with the same chance. Then a bucket
 * of as many as the largest segment has, and a slot; what does not exist is drawn again. So every slot
 * of the table has the same chance. */
void *table_random(const struct table *table) {
    if (table->count == 0) return NULL;
    for (;;) {
        size_t index = (size_t)random_below((uint64_t)1 << table->depth);
        struct table_view view = table_view_of_word(table->directory[index]);
        if ((index & (((size_t)1 << (table->depth - view.depth)) - 1)) != 0) continue;
        uint64_t draw = random_below((uint64_t)table->most_buckets * TABLE_SLOTS);
        if (draw / TABLE_SLOTS >= view.bucket_count) continue;
        uint64_t slot = view.segment->buckets[draw / TABLE_SLOTS].slots[draw % TABLE_SLOTS];
        if (slot != 0) return table_slot_element(slot);
    }
}

size_t table_sample(const struct table *table, void **elements, size_t max) {
    size_t count = 0;
    if (max == 0 || table->count == 0) return 0;
    if (max > table->count) max = (size_t)table->count;
    uint64_t hash = random_u64();
    struct table_view view = table_view(table, hash);
    uint32_t index = table_home(view, table_fraction(view, hash));
    /* From a random slot on: otherwise the last ones of full buckets would hardly ever be drawn. What
     * is passed over comes last, when the whole table is asked for. */
    uint64_t wanted = UINT64_MAX << 8 * (1 + hash % TABLE_SLOTS);
    for (;; wanted = UINT64_MAX) {
        const struct table_bucket *bucket = &view.segment->buckets[index];
        for (uint64_t used = table_match_used(bucket) & wanted; used != 0; used &= used - 1) {
            elements[count++] = table_slot_element(bucket->slots[table_match_slot(used)]);
            if (count == max) return count;
        }
        if (++index == view.bucket_count) {
            /* To the first hash of the next segment, however deep that one is. */
            uint64_t span = view.depth == 0 ? 0 : (uint64_t)1 << (64 - view.depth);
            hash = (hash & ~(span - 1)) + span;
            view = table_view(table, hash);
            index = 0;
        }
    }
}

/* --- statistics and invariants --- */

/* Buckets that the worst search from bucket `index` on reads. */
static uint32_t measure_search(struct table_view view, uint32_t index) {
    struct table_bucket *bucket = &view.segment->buckets[index];
    uint32_t read = 1;
    for (uint8_t bits = bucket->spill; bits != 0 && read < view.bucket_count; read++) {
        bucket = bucket_after(view, bucket);
        bits &= bucket->spill;
    }
    return read;
}

static void add_bucket_stats(struct table_view view, uint32_t index, struct table_stats *stats) {
    const struct table_bucket *bucket = &view.segment->buckets[index];
    for (uint64_t used = table_match_used(bucket); used != 0; used &= used - 1) {
        uint64_t slot = bucket->slots[table_match_slot(used)];
        stats->spilled_elements += table_home(view, table_slot_fraction(slot)) != index;
    }
    uint32_t search = measure_search(view, index);
    if (stats->longest_search < search) stats->longest_search = search;
}

void table_read_stats(const struct table *table, struct table_stats *stats) {
    *stats = (struct table_stats){0};
    struct table_walk walk = table_walk_start(table);
    while (table_walk_next(&walk)) {
        stats->segments++;
        stats->buckets += walk.view.bucket_count;
        for (uint32_t i = 0; i < walk.view.bucket_count; i++) add_bucket_stats(walk.view, i, stats);
    }
}

/* An element lies where a search of its hash finds it. */
static void verify_element(const struct table *table, struct table_view view,
                           struct table_bucket *bucket, uint32_t slot) {
    void *element = table_slot_element(bucket->slots[slot]);
    uint64_t hash = table->hash_of(element, table->context);
    CHECK(table_view(table, hash).segment == view.segment);
    struct table_search search;
    void *found = table_find_start(table, hash, &search);
    while (found != NULL && (search.place.bucket != bucket || search.place.slot != slot))
        found = table_find_next(&search);
    CHECK(found == element);
}

static void verify_segment(const struct table *table, struct table_view view) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < view.bucket_count; i++) {
        struct table_bucket *bucket = &view.segment->buckets[i];
        for (uint32_t slot = 0; slot < TABLE_SLOTS; slot++)
            CHECK((bucket->tags[slot] == 0) == (bucket->slots[slot] == 0));
        for (uint64_t used = table_match_used(bucket); used != 0; used &= used - 1, count++)
            verify_element(table, view, bucket, table_match_slot(used));
    }
    CHECK(count == view.segment->count && count <= view.segment->grow_at);
    CHECK(view.segment->grow_at == table_capacity(view.bucket_count + 1));
    CHECK(view.bucket_count <= table->most_buckets);
    CHECK(view.segment->stale <= table_stale_max(view));
}

void table_verify(const struct table *table) {
    uint64_t count = 0, deepest_segments = 0;
    size_t used_bytes = table->directory == NULL ? 0 : sizeof(uint64_t) << table->depth;
    struct table_walk walk = table_walk_start(table);
    for (size_t first = 0; table_walk_next(&walk); first = walk.next_word) {
        CHECK(walk.view.depth <= table->depth);
        CHECK((first & (walk.next_word - first - 1)) == 0);
        for (size_t i = first; i < walk.next_word; i++)
            CHECK(table->directory[i] == table->directory[first]);
        verify_segment(table, walk.view);
        count += walk.view.segment->count;
        deepest_segments += walk.view.depth == table->depth;
        used_bytes += (size_t)(walk.view.bucket_count + 1) * TABLE_LINE;
    }
    CHECK(count == table->count && deepest_segments == table->deepest_segments);
    CHECK(used_bytes == table->used_bytes);
}
