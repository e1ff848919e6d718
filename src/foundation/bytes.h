/* A borrowed run of bytes: what arguments, keys and values are passed as. It owns nothing and may
 * hold any byte; no NUL is promised behind it. */
#ifndef FOUNDATION_BYTES_H
#define FOUNDATION_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
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

/* The cold half of bytes_equal, for long runs. */
bool bytes_equal_long(const char *a, const char *b, size_t len);

static inline uint64_t bytes_load_u64(const char *at) {
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

/* Keys are short and mostly equal when they get here: a word at a time, the last one overlapping,
 * costs a third of a call to memcmp. */
static inline bool bytes_equal(struct bytes a, struct bytes b) {
    enum { WORD = sizeof(uint64_t), SHORT_MAX = 4 * WORD };
    if (a.len != b.len) return false;
    if (a.len < WORD || a.len > SHORT_MAX) return bytes_equal_long(a.data, b.data, a.len);
    uint64_t differing = 0;
    for (size_t i = 0; i + WORD < a.len; i += WORD)
        differing |= bytes_load_u64(a.data + i) ^ bytes_load_u64(b.data + i);
    size_t last = a.len - WORD;
    differing |= bytes_load_u64(a.data + last) ^ bytes_load_u64(b.data + last);
    return differing == 0;
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
