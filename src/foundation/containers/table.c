/* The table's changes: insertion, removal, and how segments and the directory grow and shrink. Walks
 * over the table are in table_walk.c, the layout and the search in table_inline.h. */
#include "foundation/containers/table.h"

#include "foundation/containers/table_inline.h"
#include "foundation/containers/table_private.h"
#include "foundation/mem.h"

#include <string.h>

/* --- segments --- */

static size_t bytes_of_buckets(uint32_t bucket_count) {
    return (size_t)(bucket_count + 1) * TABLE_LINE;
}

static struct table_view new_segment(struct table *table, uint32_t lines, uint32_t depth) {
    CHECK(lines <= TABLE_MAX_BUCKETS);
    size_t size = bytes_of_buckets(lines - 1);
    struct table_segment *segment = mem_alloc_aligned(TABLE_LINE, size);
    memset(segment, 0, size);
    segment->grow_at = table_capacity(lines);
    segment->shrink_at =
        lines == TABLE_FEWEST_LINES ? 0 : table_capacity(table_lines_below(lines)) / 5 * 4;
    table->used_bytes += size;
    if (table->most_buckets < lines - 1) table->most_buckets = lines - 1;
    return (struct table_view){.segment = segment, .bucket_count = lines - 1, .depth = depth};
}

static void free_segment(struct table *table, struct table_view view) {
    table->used_bytes -= bytes_of_buckets(view.bucket_count);
    mem_free(view.segment);
}

/* Lets every directory word of the segment of `hash` name `view`. */
static void publish_segment(struct table *table, uint64_t hash, struct table_view view) {
    uint64_t word = (uint64_t)view.bucket_count << 48 | (uintptr_t)view.segment | view.depth;
    size_t word_count = (size_t)1 << (table->depth - view.depth);
    size_t first = table_directory_index(table, hash) & ~(word_count - 1);
    for (size_t i = 0; i < word_count; i++) table->directory[first + i] = word;
}

static struct table_place put_slot(struct table_view view, uint32_t fraction, uint8_t tag,
                                   const void *element) {
    struct table_bucket *bucket = view.segment->buckets + table_home(view, fraction);
    uint64_t unused = table_match(bucket, 0);
    while (unused == 0) {
        bucket->spill |= table_spill_bit(tag);
        if (++bucket == view.segment->buckets + view.bucket_count) bucket = view.segment->buckets;
        unused = table_match(bucket, 0);
    }
    uint32_t slot = table_match_slot(unused);
    bucket->tags[slot] = tag;
    bucket->slots[slot] = (uint64_t)fraction << 48 | (uintptr_t)element;
    view.segment->count++;
    return (struct table_place){.bucket = bucket, .slot = slot};
}

/* Moves all elements of `from` into `to`. The fraction of each loses `dropped` low bits and gets
 * `prefix` before the rest. */
static void move_slots(struct table_view from, struct table_view to, uint32_t dropped,
                       uint32_t prefix) {
    for (uint32_t i = 0; i < from.bucket_count; i++) {
        const struct table_bucket *bucket = &from.segment->buckets[i];
        for (uint64_t used = table_match_used(bucket); used != 0; used &= used - 1) {
            uint32_t slot = table_match_slot(used);
            uint32_t fraction = table_slot_fraction(bucket->slots[slot]) >> dropped | prefix;
            put_slot(to, fraction, bucket->tags[slot], table_slot_element(bucket->slots[slot]));
        }
    }
}

static void resize_segment(struct table *table, uint64_t hash, struct table_view old,
                           uint32_t lines) {
    struct table_view resized = new_segment(table, lines, old.depth);
    move_slots(old, resized, 0, 0);
    publish_segment(table, hash, resized);
    free_segment(table, old);
    if (table->depth == 0) table->most_buckets = resized.bucket_count;
}

/* --- growing --- */

static void create_first_segment(struct table *table) {
    table->directory = mem_alloc(sizeof(*table->directory));
    table->used_bytes += sizeof(*table->directory);
    table->deepest_segments = 1;
    publish_segment(table, 0, new_segment(table, TABLE_FEWEST_LINES, 0));
}

static void double_directory(struct table *table) {
    size_t old_count = (size_t)1 << table->depth;
    uint64_t *doubled = mem_alloc(2 * old_count * sizeof(*doubled));
    for (size_t i = 0; i < old_count; i++)
        doubled[2 * i] = doubled[2 * i + 1] = table->directory[i];
    mem_free(table->directory);
    table->directory = doubled;
    table->depth++;
    table->deepest_segments = 0;
    table->used_bytes += old_count * sizeof(*doubled);
}

/* Hashes that differ late or never would split for ever: the directory may have but a few times the
 * words that evenly spread elements need. */
static bool may_split(const struct table *table, struct table_view view) {
    if (view.depth < table->depth) return true;
    uint64_t needed_segments = table->count / (table_capacity(TABLE_TOP_LINES) / 2) + 1;
    return table->depth < TABLE_MAX_DEPTH && (uint64_t)2 << table->depth <= 8 * needed_segments;
}

static void prefetch_bucket_elements(struct table_view view, uint32_t index) {
    if (index >= view.bucket_count) return;
    const struct table_bucket *bucket = &view.segment->buckets[index];
    for (uint32_t slot = 0; slot < TABLE_SLOTS; slot++)
        mem_prefetch(table_slot_element(bucket->slots[slot]));
}

static uint32_t count_upper_half(struct table_view view) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < view.bucket_count; i++) {
        const struct table_bucket *bucket = &view.segment->buckets[i];
        for (uint64_t used = table_match_used(bucket); used != 0; used &= used - 1)
            count += (uint32_t)(bucket->slots[table_match_slot(used)] >> 63);
    }
    return count;
}

/* The fraction's top bit says which half an element goes to; its new lowest bit needs the hash. */
static void move_slots_to_halves(const struct table *table, struct table_view from,
                                 const struct table_view halves[2]) {
    enum { BUCKETS_AHEAD = 2 };
    for (uint32_t i = 0; i < BUCKETS_AHEAD; i++) prefetch_bucket_elements(from, i);
    for (uint32_t i = 0; i < from.bucket_count; i++) {
        prefetch_bucket_elements(from, i + BUCKETS_AHEAD);
        const struct table_bucket *bucket = &from.segment->buckets[i];
        for (uint64_t used = table_match_used(bucket); used != 0; used &= used - 1) {
            uint32_t slot = table_match_slot(used);
            void *element = table_slot_element(bucket->slots[slot]);
            uint64_t hash = table->hash_of(element, table->context);
            uint32_t half = (uint32_t)(bucket->slots[slot] >> 63);
            CHECK((hash << from.depth >> 63) == half);
            put_slot(halves[half], table_fraction(halves[half], hash), bucket->tags[slot], element);
        }
    }
}

static void split_segment(struct table *table, uint64_t hash, struct table_view old) {
    if (old.depth == table->depth) double_directory(table);
    uint32_t depth = old.depth + 1;
    uint32_t upper = count_upper_half(old);
    const struct table_view halves[2] = {
        new_segment(table, table_lines_for(old.segment->count - upper), depth),
        new_segment(table, table_lines_for(upper), depth),
    };
    move_slots_to_halves(table, old, halves);
    uint64_t upper_bit = (uint64_t)1 << (64 - depth);
    publish_segment(table, hash & ~upper_bit, halves[0]);
    publish_segment(table, hash | upper_bit, halves[1]);
    if (depth == table->depth) table->deepest_segments += 2;
    free_segment(table, old);
}

static COLD void grow_segment(struct table *table, uint64_t hash, struct table_view view) {
    uint32_t lines = view.bucket_count + 1;
    if (lines >= TABLE_TOP_LINES && may_split(table, view))
        split_segment(table, hash, view);
    else
        resize_segment(table, hash, view, table_lines_above(lines));
}

/* --- shrinking --- */

static void count_deepest_segments(struct table *table) {
    table->deepest_segments = 0;
    table->most_buckets = 0;
    for (size_t i = 0; i < (size_t)1 << table->depth; i++) {
        struct table_view view = table_view_of_word(table->directory[i]);
        table->deepest_segments += view.depth == table->depth;
        if (table->most_buckets < view.bucket_count) table->most_buckets = view.bucket_count;
    }
}

static void halve_directory(struct table *table) {
    table->depth--;
    size_t word_count = (size_t)1 << table->depth;
    for (size_t i = 0; i < word_count; i++) table->directory[i] = table->directory[2 * i];
    table->directory = mem_realloc(table->directory, word_count * sizeof(*table->directory));
    table->used_bytes -= word_count * sizeof(*table->directory);
    count_deepest_segments(table);
}

/* Joins the segment of `hash` with its neighbour when both together leave much room; true if so. */
static bool merge_segment(struct table *table, uint64_t hash) {
    struct table_view view = table_view(table, hash);
    if (view.depth == 0) return false;
    uint64_t upper_bit = (uint64_t)1 << (64 - view.depth);
    struct table_view halves[2] = {table_view(table, hash & ~upper_bit),
                                   table_view(table, hash | upper_bit)};
    uint64_t sum = (uint64_t)halves[0].segment->count + halves[1].segment->count;
    if (halves[0].depth != halves[1].depth || sum > table_capacity(TABLE_TOP_LINES) / 10 * 7)
        return false;
    struct table_view merged = new_segment(table, table_lines_for(sum), view.depth - 1);
    move_slots(halves[0], merged, 1, 0);
    move_slots(halves[1], merged, 1, 0x8000);
    publish_segment(table, hash, merged);
    free_segment(table, halves[0]);
    free_segment(table, halves[1]);
    if (view.depth == table->depth) table->deepest_segments -= 2;
    return true;
}

static COLD void shrink_segment(struct table *table, uint64_t hash) {
    if (table->count == 0) {
        table_destroy(table, NULL);
        return;
    }
    bool has_merged = false;
    while (merge_segment(table, hash)) has_merged = true;
    while (table->depth > 0 && table->deepest_segments == 0) halve_directory(table);
    struct table_view view = table_view(table, hash);
    uint32_t lines = table_lines_for(view.segment->count);
    if (!has_merged && lines <= view.bucket_count) resize_segment(table, hash, view, lines);
}

/* --- the contract --- */

void table_init(struct table *table, table_hash_function *hash_of, const void *context) {
    *table = (struct table){.hash_of = hash_of, .context = context};
}

void table_destroy(struct table *table, void (*free_element)(void *element)) {
    struct table_walk walk = table_walk_start(table);
    while (table_walk_next(&walk)) {
        for (uint32_t i = 0; free_element != NULL && i < walk.view.bucket_count; i++) {
            prefetch_bucket_elements(walk.view, i + 1);
            const struct table_bucket *bucket = &walk.view.segment->buckets[i];
            for (uint64_t used = table_match_used(bucket); used != 0; used &= used - 1)
                free_element(table_slot_element(bucket->slots[table_match_slot(used)]));
        }
        mem_free(walk.view.segment);
    }
    mem_free(table->directory);
    table_init(table, table->hash_of, table->context);
}

struct table_place table_insert(struct table *table, uint64_t hash, void *element) {
    CHECK(element != NULL && (uintptr_t)element >> 48 == 0);
    if (UNLIKELY(table->directory == NULL)) create_first_segment(table);
    struct table_view view = table_view(table, hash);
    while (UNLIKELY(view.segment->count >= view.segment->grow_at)) {
        grow_segment(table, hash, view);
        view = table_view(table, hash);
    }
    table->count++;
    return put_slot(view, table_fraction(view, hash), table_tag(hash), element);
}

void *table_remove(struct table *table, uint64_t hash, struct table_place place) {
    struct table_view view = table_view(table, hash);
    uint64_t slot = place.bucket->slots[place.slot];
    uint32_t fraction = table_slot_fraction(slot);
    CHECK(fraction == table_fraction(view, hash));
    CHECK(place.bucket->tags[place.slot] == table_tag(hash));
    place.bucket->tags[place.slot] = 0;
    place.bucket->slots[place.slot] = 0;
    table->count--;
    view.segment->count--;
    view.segment->stale += place.bucket != view.segment->buckets + table_home(view, fraction);
    if (UNLIKELY(view.segment->count < view.segment->shrink_at || table->count == 0))
        shrink_segment(table, hash);
    else if (UNLIKELY(view.segment->stale > table_stale_max(view)))
        resize_segment(table, hash, view, view.bucket_count + 1);
    return table_slot_element(slot);
}

void table_replace(struct table_place place, void *element) {
    CHECK(element != NULL && (uintptr_t)element >> 48 == 0);
    uint64_t *slot = &place.bucket->slots[place.slot];
    *slot = (*slot & ~(uint64_t)0x0000ffffffffffffu) | (uintptr_t)element;
}

void table_reserve(struct table *table, uint64_t count) {
    if (table->directory != NULL || count == 0) return;
    uint32_t depth = 0;
    while (depth < TABLE_MAX_DEPTH && table_lines_for(count >> depth) > TABLE_TOP_LINES) depth++;
    /* Segments differ in their share of the elements by a few standard deviations. */
    uint64_t share = count >> depth;
    uint32_t lines = table_lines_for(depth == 0 ? share : share + share / 16);
    uint64_t word_count = (uint64_t)1 << depth;
    table->directory = mem_alloc_array(word_count, sizeof(*table->directory));
    table->used_bytes += word_count * sizeof(*table->directory);
    table->depth = (uint8_t)depth;
    table->deepest_segments = (uint32_t)word_count;
    for (uint64_t i = 0; i < word_count; i++)
        publish_segment(table, depth == 0 ? 0 : i << (64 - depth),
                        new_segment(table, lines, depth));
}
