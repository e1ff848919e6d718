/* A borrowed run of bytes: what arguments, keys and values are passed as. It owns nothing and may
 * hold any byte; no NUL is promised behind it. */
#ifndef FOUNDATION_BYTES_H
#define FOUNDATION_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct bytes {
    const char *data;
    size_t len;
};

/* The bytes of a string literal. */
#define BYTES(literal) ((struct bytes){.data = "" literal, .len = sizeof(literal) - 1})

static inline struct bytes bytes_of(const void *data, size_t len) {
    return (struct bytes){.data = data, .len = len};
}

static inline struct bytes bytes_of_str(const char *str) {
    return bytes_of(str, strlen(str));
}

static inline bool bytes_equal(struct bytes a, struct bytes b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Below, equal to or above 0 as memcmp; a prefix sorts before what it begins. */
int bytes_compare(struct bytes a, struct bytes b);
/* ASCII letters of either case are the same; every other byte counts as it is. */
bool bytes_equal_nocase(struct bytes a, struct bytes b);
/* The same against a C string: how command words and options are recognised. */
bool bytes_is_word(struct bytes a, const char *word);
bool bytes_starts_with(struct bytes a, struct bytes prefix);
/* Index of the first `byte`, or `a.len`. */
size_t bytes_index(struct bytes a, char byte);
/* Drops ASCII white space at both ends. */
struct bytes bytes_trim(struct bytes a);
/* Takes the next word split by `separator` off `*rest`; false when nothing is left. */
bool bytes_next_word(struct bytes *rest, char separator, struct bytes *word);

#endif
