/* Patterns by their literal beginnings: what stands before the first * ? [ or \.
 *
 * A channel can match a pattern only when it begins as the pattern does, so that publishing looks up the
 * channel's own beginnings, of the lengths that patterns have, and asks no pattern with another one:
 *
 *      lengths    5, 9                              look up "news." and "news.arti" for "news.article"
 *      prefixes   "news."     -> news.*  news.[ab]*
 *                 "news.spor" -> news.sport?
 *
 * Part of services/pubsub; elements are its topics. */
#ifndef SERVICES_PUBSUB_PATTERNS_H
#define SERVICES_PUBSUB_PATTERNS_H

#include "foundation/bytes.h"
#include "foundation/containers/size_multiset.h"
#include "foundation/containers/table.h"

struct topic;

/* pattern_index_init prepares it. */
struct pattern_index {
    struct table prefixes;
    struct size_multiset lengths; /* in use */
    uint64_t comparisons;         /* patterns that channels were held against, ever */
};

void pattern_index_init(struct pattern_index *index);
/* Of an empty index. */
void pattern_index_destroy(struct pattern_index *index);

/* Cost: O(lengths in use) where the pattern brings a new length, else O(1). */
void pattern_index_add(struct pattern_index *index, struct topic *pattern);
void pattern_index_remove(struct pattern_index *index, struct topic *pattern);

/* Calls `visit` on each pattern that matches; it must not change the index. */
typedef void pattern_visit(struct topic *pattern, void *context);
void pattern_index_match(struct pattern_index *index, struct bytes channel, pattern_visit *visit,
                         void *context);

#endif
