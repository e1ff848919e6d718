/* The measured hot path of the table: its layout in memory, the search, and the two prefetch passes.
 *
 *      directory word:   | buckets, 16 bits | segment address, bits 47..6 | depth, 6 bits |
 *      slot:             | fraction, 16 bits | element address, 48 bits |
 *
 * A search yields elements that are very likely the wanted one (8 tag bits and 16 fraction bits agree),
 * and the caller compares its own key:
 *
 *      struct table_search search;
 *      struct entry *entry = table_find_start(table, hash, &search);
 *      while (entry != NULL && !has_key(entry, key))
 *          entry = table_find_next(&search);
 *      ... search.place is the place of `entry`
 *
 * A batch of lookups hides its cache misses when it first calls table_prefetch_bucket for all its
 * hashes, then table_prefetch_elements for all, then searches. */
#ifndef FOUNDATION_CONTAINERS_TABLE_INLINE_H
#define FOUNDATION_CONTAINERS_TABLE_INLINE_H

#include "foundation/containers/table.h"
#include "foundation/mem.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "tags are compared in a little-endian word");

enum { TABLE_SLOTS = 7, TABLE_LINE = 64 };

struct table_bucket {
    uint8_t spill; /* a bit for each residue of tags modulo 8 that passed here */
    uint8_t tags[TABLE_SLOTS];
    uint64_t slots[TABLE_SLOTS];
} __attribute__((aligned(TABLE_LINE)));

struct table_segment {
    uint32_t count;
    uint32_t grow_at;   /* an insertion that finds so many elements makes room first */
    uint32_t shrink_at; /* a removal that leaves fewer makes the segment smaller */
    uint32_t stale;     /* spilled elements removed, whose bits may still be set */
    struct table_bucket buckets[];
};

/* What the directory says of the segment of a hash. */
struct table_view {
    struct table_segment *segment;
    uint32_t bucket_count;
    uint32_t depth;
};

static inline struct table_view table_view_of_word(uint64_t word) {
    return (struct table_view){
        .segment = (struct table_segment *)(uintptr_t)(word & 0x0000ffffffffffc0u),
        .bucket_count = (uint32_t)(word >> 48),
        .depth = (uint32_t)(word & 63),
    };
}

static inline size_t table_directory_index(const struct table *table, uint64_t hash) {
    return (size_t)(hash >> 1 >> (63 - table->depth));
}

/* The table must not be empty. */
static inline struct table_view table_view(const struct table *table, uint64_t hash) {
    return table_view_of_word(table->directory[table_directory_index(table, hash)]);
}

static inline uint32_t table_fraction(struct table_view view, uint64_t hash) {
    return (uint32_t)(hash << view.depth >> 48);
}

static inline uint32_t table_home(struct table_view view, uint32_t fraction) {
    return (uint32_t)((uint64_t)fraction * view.bucket_count >> 16);
}

static inline uint8_t table_tag(uint64_t hash) {
    uint8_t tag = (uint8_t)hash;
    return tag == 0 ? 1 : tag;
}

static inline uint8_t table_spill_bit(uint8_t tag) {
    return (uint8_t)(1u << (tag & 7));
}

static inline void *table_slot_element(uint64_t slot) {
    return (void *)(uintptr_t)(slot & 0x0000ffffffffffffu);
}

static inline uint32_t table_slot_fraction(uint64_t slot) {
    return (uint32_t)(slot >> 48);
}

/* The slots whose tag is the one repeated in `tags`: bit 8 * slot + 15 stands for a slot. */
static inline uint64_t table_match(const struct table_bucket *bucket, uint64_t tags) {
    const uint64_t low_bits = 0x7f7f7f7f7f7f7f7fu;
    uint64_t word;
    memcpy(&word, bucket, sizeof(word));
    uint64_t differing = word ^ tags;
    uint64_t nonzero = ((differing & low_bits) + low_bits) | differing | low_bits;
    return ~nonzero & ~(uint64_t)0xff;
}

static inline uint64_t table_match_used(const struct table_bucket *bucket) {
    return table_match(bucket, 0) ^ 0x8080808080808000u;
}

static inline uint32_t table_match_slot(uint64_t matches) {
    return (uint32_t)__builtin_ctzll(matches) / 8 - 1;
}

static inline uint64_t table_repeat_tag(uint64_t hash) {
    return table_tag(hash) * 0x0101010101010101u;
}

struct table_search {
    struct table_place place; /* of the element last yielded */
    struct table_bucket *first_bucket, *end_bucket;
    uint32_t buckets_left;
    uint32_t fraction;
    uint8_t spill_bit;
    uint64_t tags;
    uint64_t matches;
};

/* The next element that looks like the wanted one; NULL when there is none. */
static inline void *table_find_next(struct table_search *search) {
    for (;;) {
        struct table_bucket *bucket = search->place.bucket;
        while (search->matches != 0) {
            uint32_t slot = table_match_slot(search->matches);
            search->matches &= search->matches - 1;
            if (LIKELY(table_slot_fraction(bucket->slots[slot]) == search->fraction)) {
                search->place.slot = slot;
                return table_slot_element(bucket->slots[slot]);
            }
        }
        if (LIKELY((bucket->spill & search->spill_bit) == 0) || --search->buckets_left == 0)
            return NULL;
        if (++bucket == search->end_bucket) bucket = search->first_bucket;
        search->place.bucket = bucket;
        search->matches = table_match(bucket, search->tags);
    }
}

/* The first such element, or NULL. */
static inline void *table_find_start(const struct table *table, uint64_t hash,
                                     struct table_search *search) {
    if (UNLIKELY(table->directory == NULL)) return NULL;
    struct table_view view = table_view(table, hash);
    search->first_bucket = view.segment->buckets;
    search->end_bucket = view.segment->buckets + view.bucket_count;
    search->buckets_left = view.bucket_count;
    search->fraction = table_fraction(view, hash);
    search->spill_bit = table_spill_bit(table_tag(hash));
    search->tags = table_repeat_tag(hash);
    search->place.bucket = view.segment->buckets + table_home(view, search->fraction);
    search->matches = table_match(search->place.bucket, search->tags);
    return table_find_next(search);
}

/* First pass: fetches the home bucket, reading nothing but the directory. */
static inline void table_prefetch_bucket(const struct table *table, uint64_t hash) {
    if (UNLIKELY(table->directory == NULL)) return;
    struct table_view view = table_view(table, hash);
    mem_prefetch(view.segment->buckets + table_home(view, table_fraction(view, hash)));
}

/* Elements are rarely aligned to cache lines: half of those of 48 bytes lie across two. */
static inline void table_prefetch_element(const void *element) {
    enum { SMALL_ELEMENT_END = 47 };
    mem_prefetch(element);
    mem_prefetch((const char *)element + SMALL_ELEMENT_END);
}

/* Second pass: reads the home bucket and fetches the start of each likely element; when there is
 * none and elements have spilled, the next bucket. Returns a likely element, or NULL. */
static inline void *table_prefetch_elements(const struct table *table, uint64_t hash) {
    void *likely = NULL;
    if (UNLIKELY(table->directory == NULL)) return NULL;
    struct table_view view = table_view(table, hash);
    uint32_t fraction = table_fraction(view, hash);
    const struct table_bucket *bucket = view.segment->buckets + table_home(view, fraction);
    uint64_t matches = table_match(bucket, table_repeat_tag(hash));
    if (matches == 0 && (bucket->spill & table_spill_bit(table_tag(hash))) != 0)
        mem_prefetch(bucket + 1);
    for (; matches != 0; matches &= matches - 1) {
        uint64_t slot = bucket->slots[table_match_slot(matches)];
        if (UNLIKELY(table_slot_fraction(slot) != fraction)) continue;
        likely = table_slot_element(slot);
        table_prefetch_element(likely);
    }
    return likely;
}

/* Search by the hash's top 32 bits alone, for those who keep no more (the calendar of due times): yields
 * all elements that agree in them, and few others. The matching positions may span homes when the
 * directory is deeper than 16. */
struct table_top_search {
    struct table_place place; /* of the element last yielded */
    struct table_view view;
    uint32_t buckets_left;
    uint32_t homes_left; /* homes behind the bucket's that are still to be read */
    uint32_t least_fraction, most_fraction;
    uint64_t matches;
};

static inline void *table_find_top_next(struct table_top_search *search) {
    struct table_bucket *first = search->view.segment->buckets;
    for (;;) {
        struct table_bucket *bucket = search->place.bucket;
        for (; search->matches != 0; search->matches &= search->matches - 1) {
            uint32_t slot = table_match_slot(search->matches);
            uint32_t fraction = table_slot_fraction(bucket->slots[slot]);
            if (fraction < search->least_fraction || fraction > search->most_fraction) continue;
            search->matches &= search->matches - 1;
            search->place.slot = slot;
            return table_slot_element(bucket->slots[slot]);
        }
        if ((bucket->spill == 0 && search->homes_left == 0) || --search->buckets_left == 0)
            return NULL;
        search->homes_left -= search->homes_left != 0;
        if (++bucket == first + search->view.bucket_count) bucket = first;
        search->place.bucket = bucket;
        search->matches = table_match_used(bucket);
    }
}

static inline void *table_find_top_start(const struct table *table, uint32_t hash_top,
                                         struct table_top_search *search) {
    if (table->directory == NULL) return NULL;
    uint64_t least_hash = (uint64_t)hash_top << 32;
    search->view = table_view(table, least_hash);
    search->least_fraction = table_fraction(search->view, least_hash);
    search->most_fraction = table_fraction(search->view, least_hash | UINT32_MAX);
    uint32_t home = table_home(search->view, search->least_fraction);
    search->homes_left = table_home(search->view, search->most_fraction) - home;
    search->buckets_left = search->view.bucket_count;
    search->place.bucket = search->view.segment->buckets + home;
    search->matches = table_match_used(search->place.bucket);
    return table_find_top_next(search);
}

#endif
