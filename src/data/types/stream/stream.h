/* Streams, kept as they came: Skua has no commands for them yet, but they travel on. A value is what
 * stood in the RDB file or payload, looked through to the last byte when it was read and never
 * changed after: a copy of a big one shares its bytes.
 *
 *      value      | entries, 64 bits | type byte | form |      the form is described in stream_form.h
 *
 *      encoding       where
 *      STREAM_TAIL    behind the key
 *      STREAM_BLOCK   *word: counted, shared by copies
 *
 * The digest is that of Redis, over ids, fields and values; groups are not in it. */
#ifndef DATA_TYPES_STREAM_STREAM_H
#define DATA_TYPES_STREAM_STREAM_H

#include "data/entry.h"
#include "data/value_type.h"

enum stream_encoding { STREAM_TAIL, STREAM_BLOCK };

enum { STREAM_TAIL_MAX = 1024 }; /* longer values get a block */

extern const struct value_type stream_value_type;

/* Entries; those that were deleted are not counted. */
uint64_t stream_len(const struct entry *entry);
/* The type byte (an enum rdb_type), and what stands behind it and the key in a file; valid until
 * the key is changed. */
uint8_t stream_form_type(const struct entry *entry);
struct bytes stream_form(const struct entry *entry);

/* An entry for database_add of a form that was looked through and has `len` entries; NULL when there
 * is no memory for it. */
NODISCARD struct entry *stream_try_new_entry(struct bytes key, bool has_due, uint8_t form_type,
                                             struct bytes form, uint64_t len);

#endif
