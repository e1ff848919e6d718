/* What commands on strings have in common: finding a key that must be a string. */
#ifndef ENGINE_STRING_ACCESS_H
#define ENGINE_STRING_ACCESS_H

#include "data/types/string/string.h"
#include "engine/call.h"
#include "engine/reply.h"

/* Looks the key up to change it. False, after the error reply, when another type is there. */
static inline bool string_access_find(struct call *call, struct key key, struct found *found) {
    *found = database_use(call->db, key);
    if (LIKELY(found->entry == NULL || found->entry->type == VALUE_STRING)) return true;
    reply_error_wrong_type(call);
    return false;
}

/* The same for a reader: `*entry` is NULL when the key is absent. */
static inline bool string_access_read(struct call *call, struct key key,
                                      const struct entry **entry) {
    *entry = database_read(call->db, key);
    if (LIKELY(*entry == NULL || (*entry)->type == VALUE_STRING)) return true;
    reply_error_wrong_type(call);
    return false;
}

/* Replies the value, or null for an absent key. */
static inline void string_access_reply(struct call *call, const struct entry *entry) {
    if (entry == NULL)
        reply_null(call);
    else
        reply_string_value(call, entry);
}

/* "string exceeds maximum allowed size (proto-max-bulk-len)"; true when `len` is allowed. */
NODISCARD bool string_access_check_len(struct call *call, uint64_t len);

/* The value as a long double, 0 for an absent key; false, after the error reply, when it is none. */
NODISCARD bool string_access_long_double(struct call *call, const struct entry *entry,
                                         long double *value);

/* The error reply where there is no memory for a string. */
void string_access_refuse_len(struct call *call);

/* As string_edit: NULL, after the error reply and with nothing changed, when there is no memory. */
NODISCARD char *string_access_edit(struct call *call, struct key key, struct found *found,
                                   size_t min_len, size_t *len);

#endif
