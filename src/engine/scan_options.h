/* What SCAN and the commands that walk one collection (SSCAN, HSCAN, ZSCAN) have in common:
 * their cursor, their options, and the shape of the reply. */
#ifndef ENGINE_SCAN_OPTIONS_H
#define ENGINE_SCAN_OPTIONS_H

#include "engine/call.h"
#include "foundation/check.h"

enum {
    SCAN_DEFAULT_COUNT = 10,
    /* A step that finds little ends after so many buckets for each element that was asked for. */
    SCAN_BUCKETS_PER_ELEMENT = 10,
};

/* Which words beside MATCH and COUNT a command takes. */
enum scan_word {
    SCAN_TAKES_TYPE = 1 << 0,      /* TYPE name */
    SCAN_TAKES_NO_VALUES = 1 << 1, /* NOVALUES */
};

struct scan_options {
    uint64_t count; /* at least 1 */
    struct bytes pattern;
    bool matches_all; /* the pattern is "*", or there is none */
    bool has_type;
    bool has_no_values;
    struct bytes type; /* when has_type */
};

/* "invalid cursor". As Redis does, takes a sign, of which "-" wraps around, leading zeros, and
 * nothing at all for 0. */
NODISCARD bool scan_parse_cursor(struct call *call, uint32_t index, uint64_t *cursor);
/* The options from argument `first` on. */
NODISCARD bool scan_parse_options(struct call *call, uint32_t first, unsigned words,
                                  struct scan_options *options);
bool scan_matches(const struct scan_options *options, struct bytes name);
/* The most buckets that one step visits. */
uint64_t scan_max_buckets(const struct scan_options *options);

/* The head of the reply: an array of the cursor and an array of `count` elements, which follow. */
void scan_reply_head(struct call *call, uint64_t cursor, size_t count);
/* The same for elements that were replied since reply_mark. */
void scan_insert_head(struct call *call, size_t mark, uint64_t cursor, size_t count);

#endif
