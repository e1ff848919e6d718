/* A multiset of sizes: each size that is in it once, ascending, with how often it is. For those who
 * find things by the beginnings of a name and want to try only the lengths in use. Meant for few
 * different sizes: adding a new one moves those above it. */
#ifndef FOUNDATION_CONTAINERS_SIZE_MULTISET_H
#define FOUNDATION_CONTAINERS_SIZE_MULTISET_H

#include <stddef.h>

struct size_count {
    size_t size;
    size_t times; /* > 0 */
};

/* Empty when zeroed. */
struct size_multiset {
    struct size_count *sizes; /* ascending */
    size_t count;             /* of different sizes */
    size_t cap;
};

/* O(log n) for a size that is there, else O(n). */
void size_multiset_add(struct size_multiset *multiset, size_t size);
/* Takes one out; the size is in it. */
void size_multiset_remove(struct size_multiset *multiset, size_t size);
/* Gives the memory back; it is empty then. */
void size_multiset_destroy(struct size_multiset *multiset);

#endif
