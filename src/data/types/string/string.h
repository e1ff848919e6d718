/* String values: a 64-bit integer, bytes in the entry's tail, or bytes in a block of their own that
 * replies may share while they are on their way out.
 *
 *      encoding        where                              OBJECT ENCODING
 *      STRING_INTEGER  the entry's word                   int
 *      STRING_TAIL     behind the key                     embstr up to 44 bytes, else raw
 *      STRING_BLOCK    *word: struct string_block         the same; raw once edited in place
 *
 * A block with more than one reference is never written to: an edit takes a copy first. */
#ifndef DATA_TYPES_STRING_STRING_H
#define DATA_TYPES_STRING_STRING_H

#include "data/database.h"
#include "data/value_type.h"

#include <stdint.h>

enum string_encoding { STRING_INTEGER, STRING_TAIL, STRING_BLOCK };

enum {
    STRING_TAIL_MAX = 1024,       /* longer values get a block */
    STRING_SHARE_MIN = 16 * 1024, /* from this size on replies share the block */
    STRING_SCRATCH = 20,          /* room that string_view wants for an integer's digits */
};

struct string_block {
    _Atomic uint32_t references; /* counted from the main and the worker thread */
    size_t len;
    size_t cap;
    char data[];
};

extern const struct value_type string_value_type;

/* The value's bytes; an integer's digits are written to `scratch`. Valid until the key is changed. */
struct bytes string_view(const struct entry *entry, char scratch[STRING_SCRATCH]);
size_t string_len(const struct entry *entry);
/* The value as an integer; false when it is not one in canonical form. */
NODISCARD bool string_get_i64(const struct entry *entry, int64_t *value);
/* The block, with a reference more that the caller gives back to string_block_release; NULL when
 * the value is no block of at least STRING_SHARE_MIN bytes. */
struct string_block *string_share(const struct entry *entry);
void string_block_release(void *block);

enum string_store_flag {
    STRING_KEEP_DUE = 1 << 0,   /* leave the due time as it is; otherwise it is taken away */
    STRING_WANT_DUE = 1 << 1,   /* a due time will be set next: leave room for it */
    STRING_STORE_RAW = 1 << 2,  /* do not look for an integer, and answer raw for the encoding */
    STRING_AS_TEXT = 1 << 3,    /* do not look for an integer */
    STRING_OVERWRITES = 1 << 4, /* report it as overwritten when the key is there */
};

/* Makes the key a string with these bytes, which may not lie in the key's own old value. `found` is what database_find
 * or database_use gave (entry NULL for a new key) and is updated. An old value of any type is freed. */
void string_store(struct database *db, struct key key, struct found *found, struct bytes value,
                  unsigned flags);
/* The same of a value that a peer can make longer than what it sent. False, with nothing changed,
 * when there is no memory for it. */
NODISCARD bool string_try_store(struct database *db, struct key key, struct found *found,
                                struct bytes value, unsigned flags);
void string_store_i64(struct database *db, struct key key, struct found *found, int64_t value,
                      unsigned flags);
/* An entry with that value for database_add, an integer where the text is one; NULL when there is
 * no memory for the value. */
NODISCARD struct entry *string_try_new_entry(struct bytes key, struct bytes value, bool has_due);
struct entry *string_new_entry_i64(struct bytes key, int64_t value, bool has_due);
/* Makes the value editable in place with at least `min_len` bytes, new ones zero, and returns them;
 * the key is a string or absent. Keeps the due time. The pointer is valid until the key changes
 * again. *len is the value's length. NULL, with nothing changed, when there is no memory for it. */
NODISCARD char *string_edit(struct database *db, struct key key, struct found *found,
                            size_t min_len, size_t *len);

#endif
