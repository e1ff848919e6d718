/* What the commands on several fields share: the FIELDS argument, and the due times of fields. */
#ifndef COMMANDS_HASH_FIELDS_H
#define COMMANDS_HASH_FIELDS_H

#include "data/types/hash/hash.h"
#include "engine/arguments.h"
#include "engine/call.h"

/* The words behind "FIELDS numfields". */
struct field_list {
    const struct bytes *items; /* names, or name, value, name, value …; NULL: not seen yet */
    uint32_t count;            /* of fields */
};

/* Reads a FIELDS argument that begins at `index` and ends the command. False after an error
 * reply. */
NODISCARD bool fields_parse_last(struct call *call, uint32_t index, struct field_list *fields);

/* The errors that differ between the commands which take FIELDS among their options. */
struct fields_errors {
    const char *too_short; /* nothing stands behind the keyword */
    const char *bad_count;
};

/* Reads a FIELDS argument that begins at *index, `words` words a field; *index becomes that of its
 * last word. False after an error reply, also when one was read before. */
NODISCARD bool fields_parse_option(struct call *call, uint32_t *index, uint32_t words,
                                   const struct fields_errors *errors, struct field_list *fields);

/* "unknown argument: x"; returns false. */
NODISCARD bool fields_reject_argument(struct call *call, uint32_t index);

/* A due time of fields in unix ms, at least 1, from an argument in that unit; it may have passed.
 * Refuses what is below 0 or beyond the 46 bits that files keep of it. */
NODISCARD bool fields_parse_due(struct call *call, uint32_t index, enum due_unit unit,
                                int64_t *due_ms);

/* Replies the value of a field, or null where there is none; `entry` may be NULL. */
void fields_reply_value(struct call *call, const struct entry *entry, struct bytes name);
/* An array of the values of `count` fields. */
void fields_reply_values(struct call *call, const struct entry *entry, const struct bytes *names,
                         uint32_t count);

#endif
