/* Call: one command being run. It is all that a handler sees: its arguments as views, who called,
 * the database, and where the reply goes. */
#ifndef ENGINE_CALL_H
#define ENGINE_CALL_H

#include "data/database.h"
#include "engine/command.h"
#include "engine/session.h"

#include <stdint.h>

struct call {
    struct command *command; /* the subcommand, where there is one */
    struct session *session;
    struct engine *engine;
    struct database *db;
    struct output *output;    /* where engine/reply.h writes */
    const struct bytes *args; /* args[0] is the command's name as it was sent */
    uint32_t argc;
    bool has_key;
    bool has_failed; /* answered with an error */
    bool has_waited; /* for keys: it was run before, and is run once more */
    struct key key;  /* the first key with its hash, where its place is fixed (has_key) */
};

/* The argument as a key; the first key's hash is already there. */
static inline struct key call_key(const struct call *call, uint32_t index) {
    if (LIKELY(call->has_key && index == (uint32_t)call->command->first_key)) return call->key;
    return key_of(call->args[index]);
}

static inline int64_t call_now_ms(const struct call *call) {
    return call->db->keyspace->clock->unix_ms;
}

static inline void call_notify(const struct call *call, enum key_event_class event_class,
                               struct bytes key, const char *name) {
    database_notify(call->db, event_class, key, name);
}

#endif
