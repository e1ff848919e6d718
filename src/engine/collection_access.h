/* What commands on lists, hashes and sets have in common: finding a key that must be of a type, and
 * reporting that a collection went with its last element. */
#ifndef ENGINE_COLLECTION_ACCESS_H
#define ENGINE_COLLECTION_ACCESS_H

#include "data/value_type.h"
#include "engine/call.h"
#include "engine/reply.h"

/* Looks the key up to change it. False, after the error reply, when another type is there. */
static inline bool collection_find(struct call *call, struct key key, enum value_type_id type,
                                   struct found *found) {
    *found = database_use(call->db, key);
    if (LIKELY(found->entry == NULL || found->entry->type == type)) return true;
    reply_error_wrong_type(call);
    return false;
}

/* The same for a reader: `*entry` is NULL when the key is absent. */
static inline bool collection_read(struct call *call, struct key key, enum value_type_id type,
                                   const struct entry **entry) {
    *entry = database_read(call->db, key);
    if (LIKELY(*entry == NULL || (*entry)->type == type)) return true;
    reply_error_wrong_type(call);
    return false;
}

/* Reports a change, and "del" after it when the change took the key away. */
static inline void collection_notify(struct call *call, enum key_event_class event_class,
                                     struct key key, const char *name, const struct found *found) {
    call_notify(call, event_class, key.name, name);
    if (found->entry == NULL) call_notify(call, KEY_EVENT_GENERIC, key.name, "del");
}

#endif
