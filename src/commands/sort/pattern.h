/* Patterns of SORT's BY and GET: names of keys made from the elements.
 *
 * The first '*' of a pattern stands for the element. "weight_*" names a string, "user_*->age" a
 * field of a hash, "#" the element itself. A pattern without '*' names nothing. */
#ifndef COMMANDS_SORT_PATTERN_H
#define COMMANDS_SORT_PATTERN_H

#include "data/types/hash/hash.h"
#include "data/types/string/string.h"
#include "engine/call.h"
#include "foundation/buffer.h"

struct pattern {
    struct bytes text;
    bool is_element;                   /* "#" */
    bool has_place;                    /* it has a '*' */
    struct bytes before, after, field; /* around the '*'; `field` empty for a string */
};

struct pattern pattern_parse(struct bytes text);

/* What a pattern led to. */
struct pattern_value {
    bool is_found;
    const struct entry *string; /* where a whole string is the value, for a reply that shares it */
    struct bytes bytes;         /* may lie in `string_scratch` or `field` */
    char string_scratch[STRING_SCRATCH];
    struct hash_field field;
};

/* Looks up what the pattern names for an element. `name` is working memory. The value is valid
 * until a key is changed or `name` is used again. */
void pattern_look_up(struct call *call, const struct pattern *pattern, struct bytes element,
                     struct buffer *name, struct pattern_value *value);

#endif
