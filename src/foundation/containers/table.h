/* Hash table of pointers to elements that carry their own key: databases, large hashes, sets and
 * sorted sets all keep their members in one.
 *
 * Shape. The hash's top bits pick a word out of a directory of 2^depth words, and the word names a
 * segment (extendible hashing: a segment of local depth d is named by 2^(depth-d) neighbouring
 * words). A segment is one allocation of whole cache lines: a header line and B buckets. The word
 * holds B and d beside the address, so that the bucket of a hash is known without reading the
 * header. A bucket is one line:
 *
 *      0        1                 7   8        16                            64
 *      +--------+-----------------+--------+---------------------------------+
 *      | spill  | 7 one-byte tags | pointer 0 | pointer 1 | ... | pointer 6  |
 *      +--------+-----------------+--------+---------------------------------+
 *
 * A tag holds 8 bits of the element's hash and is never 0 for a used place, so all seven are
 * compared at once; the 16 bits of a pointer that user space leaves unused hold the element's
 * fraction, the 16 hash bits behind the segment's own d. An element's home bucket is
 * floor(fraction * B / 2^16): position grows with the hash. An element that finds its home full lies
 * in the next bucket of the segment with room (cyclically), and in the `spill` of each full bucket it
 * passed it sets the bit of its tag modulo 8; so a search ends at the first bucket that lacks its bit.
 * Removal leaves bits set; a segment that has lost many spilled elements is rebuilt.
 *
 * Growth. B climbs a ladder of allocator size classes, and from its top the segment splits into two.
 * So the load stays between about 0.65 and 0.83 at every size, the most work one insertion can cause
 * is one segment (128 lines) rebuilt or the directory copied, and there is never a second table.
 * Climbing moves elements by the bits in their pointers; only a split reads elements to hash them
 * anew. Removal goes the same way down: segments shrink, neighbours merge, the directory halves.
 * When hashes are so alike that splitting does not part them, the segment climbs beyond the ladder.
 *
 * Scan order is hash order, whatever the sizes: a cursor is a position in it.
 *
 * Invariants: 1. every element lies in a bucket reachable from its home over buckets with its
 * spill bit set;
 * 2. elements of a segment share its d top hash bits; 3. `count` is the number of elements. */
#ifndef FOUNDATION_CONTAINERS_TABLE_H
#define FOUNDATION_CONTAINERS_TABLE_H

#include "foundation/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_bucket;

/* The hash of an element: the same number that it was put in with. `context` is the table's. */
typedef uint64_t table_hash_function(const void *element, const void *context);

struct table {
    uint64_t *directory; /* 1 << depth words; NULL while the table is empty */
    uint64_t count;
    table_hash_function *hash_of;
    const void *context;
    size_t used_bytes;         /* what directory and segments occupy */
    uint32_t deepest_segments; /* segments whose depth is the directory's */
    uint32_t most_buckets;     /* no segment has more */
    uint8_t depth;
};

/* An empty table; takes no memory until the first insertion. */
void table_init(struct table *table, table_hash_function *hash_of, const void *context);
/* Frees the table's own memory, after `free_element` (unless NULL) has been called on each element. */
void table_destroy(struct table *table, void (*free_element)(void *element));

/* The place of a found element (table_inline.h finds). Valid until the next insertion or removal. */
struct table_place {
    struct table_bucket *bucket;
    uint32_t slot; /* 0 .. 6 */
};

/* Adds an element that the caller knows to be absent and returns its place. Ends the process when there is no memory.
 * `element` has its 16 top bits clear and is not NULL. Cost: O(1), at worst one segment rebuilt
 * (about 730 elements) or the directory doubled. */
struct table_place table_insert(struct table *table, uint64_t hash, void *element);
/* Takes the element at `place`, found with `hash`, out of the table; the caller owns it. May shrink. */
void *table_remove(struct table *table, uint64_t hash, struct table_place place);
/* Puts another element with the same hash in the place of one. */
void table_replace(struct table_place place, void *element);

/* Makes an empty table so large that `count` insertions will hardly rebuild. A hint: a table that
 * holds elements stays as it is. */
void table_reserve(struct table *table, uint64_t count);

/* Scanning. A cursor is a hash position, the hash's top TABLE_CURSOR_BITS bits; 0 starts and,
 * returned, ends. One call visits every element whose position lies in [cursor, returned cursor): what
 * is left of one home bucket, perhaps nothing. Every element that stays in the table from the first
 * call to the last is visited exactly once, whatever else comes, goes or is resized between calls.
 * `visit` must not change the table. */
enum { TABLE_CURSOR_BITS = 48 };
typedef void table_visit_function(void *element, void *context);
uint64_t table_scan(const struct table *table, uint64_t cursor, table_visit_function *visit,
                    void *context);
/* Calls `visit` on every element, bucket by bucket (hash order but for what has spilled); `visit` must
 * not change the table, but may free the element when the table is destroyed next. */
void table_for_each(const struct table *table, table_visit_function *visit, void *context);

/* An element drawn uniformly; NULL when the table is empty. Cost: expected O(1). */
void *table_random(const struct table *table);
/* Up to `max` elements of neighbouring buckets from a random place on, for eviction samples. Returns
 * how many were stored; 0 only when the table is empty. */
size_t table_sample(const struct table *table, void **elements, size_t max);

struct table_stats {
    uint64_t segments, buckets, spilled_elements;
    uint64_t longest_search; /* buckets that the worst search must read */
};
/* Cost: reads the whole table. */
void table_read_stats(const struct table *table, struct table_stats *stats);
/* Checks every invariant at the head of this file; for tests. */
void table_verify(const struct table *table);

#endif
