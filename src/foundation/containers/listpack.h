/* Listpack: a sequence of packed elements in one allocation, byte for byte Redis's format.
 *
 *      +-------------+-----------+---------+---------+-----+------+
 *      | bytes, 32   | count, 16 | element | element | ... | 0xff |
 *      +-------------+-----------+---------+---------+-----+------+
 *
 * Both numbers are little-endian; a count of 65535 means "many: go and count". A listpack is a
 * `char *` from mem_alloc. Functions that change it may move it: the caller keeps what they
 * return. Positions are pointers into it, valid until it changes. Indexes and neighbours cost a
 * walk, which is why listpacks are kept small by their owners. */
#ifndef FOUNDATION_CONTAINERS_LISTPACK_H
#define FOUNDATION_CONTAINERS_LISTPACK_H

#include "foundation/containers/packed.h"

enum { LISTPACK_HEADER = 6, LISTPACK_BYTES_MAX = 1 << 30 };

/* An empty one, with room for `cap_bytes` bytes in all (0: just itself). */
char *listpack_new(size_t cap_bytes);
void listpack_free(char *listpack);
char *listpack_copy(const char *listpack);

size_t listpack_bytes(const char *listpack);
/* Elements; O(1) below 65535. */
size_t listpack_count(const char *listpack);

/* The first and last element, the ones behind and before `at`; NULL at the ends. */
char *listpack_first(const char *listpack);
char *listpack_last(const char *listpack);
char *listpack_next(const char *listpack, const char *at);
char *listpack_previous(const char *listpack, const char *at);
/* The element at an index, counted from the end when negative; NULL outside. */
char *listpack_at(const char *listpack, int64_t index);
/* The first element from `from` on that is the item, looking at every `step`-th (1: all, 2: the
 * fields of a hash, 3: those of one with due times); NULL when there is none. `from` may be
 * NULL. */
char *listpack_find(const char *listpack, const char *from, const struct packed_item *item,
                    size_t step);

/* True when the listpack would stay within LISTPACK_BYTES_MAX with `bytes` more. */
bool listpack_has_room(const char *listpack, size_t bytes);
/* Changing. Items' texts must not lie in the listpack itself; there must be room for them. */

/* Puts items, in order, before the element at *at (NULL: at the end). *at becomes the place of the
 * first of them. */
char *listpack_insert(char *listpack, char **at, const struct packed_item *items, size_t count);
char *listpack_append(char *listpack, const struct packed_item *item);
/* Puts another element in the place of the one at *at. */
char *listpack_replace(char *listpack, char **at, const struct packed_item *item);
/* Takes `count` elements out from *at on; *at becomes the one that followed, NULL at the end. */
char *listpack_remove(char *listpack, char **at, size_t count);

/* True when `bytes` is a whole well-formed listpack whose count agrees and is a multiple of
 * `tuple`. For bytes from outside. */
NODISCARD bool listpack_validate(struct bytes bytes, size_t tuple);
/* True when two of the elements 0, step, 2 * step, … of a well-formed listpack are equal. O(n). */
bool listpack_has_duplicates(const char *listpack, size_t step);

#endif
