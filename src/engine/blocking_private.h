/* Blocking from within, for blocking.c, blocking_keys.c and blocking_serve.c only.
 *
 * A session's waiting is one allocation:
 *
 *      | struct blocked | waiter | waiter | … | argument | argument | … | bytes of the arguments |
 *
 * Invariants: 1. a waiter stands in the list of exactly one awaited key, in the order of beginning
 * to wait; 2. an awaited key has a waiter, or is just being served; 3. a session has at most one
 * waiter for a key; 4. while nobody waits and nothing is served there is no table. */
#ifndef ENGINE_BLOCKING_PRIVATE_H
#define ENGINE_BLOCKING_PRIVATE_H

#include "engine/blocking.h"
#include "engine/engine.h"
#include "foundation/containers/table.h"
#include "io/event_loop.h"

struct waiter {
    struct awaited_key *key;
    struct blocked *blocked;
    struct waiter *next; /* of the same key */
    struct waiter *previous;
};

/* What is waited for. */
struct awaited {
    struct key key;
    uint32_t db_number;
    enum value_type_id type;
};

struct awaited_key {
    struct waiter *first;
    struct waiter *last;
    struct awaited_key *next_ready;
    struct awaited_key *previous_ready;
    struct engine *engine;
    struct timer timer; /* runs when there is a wake_ms and an event loop */
    int64_t wake_ms;    /* unix time at which it is ready by itself; INT64_MAX: at none */
    uint64_t hash;      /* of the name alone */
    size_t len;
    uint32_t db_number;
    enum value_type_id type;
    bool is_ready;
    char name[];
};

struct blocked {
    struct session *session;
    struct blocked *next; /* everybody who waits, in the order of beginning */
    struct blocked *previous;
    struct timer timer;  /* runs when there is a deadline and an event loop */
    int64_t deadline_ms; /* unix time; INT64_MAX: none */
    struct command *command;
    const struct bytes *args;
    uint32_t argc;
    uint32_t waiter_count;
    bool is_muted; /* CLIENT REPLY OFF or SKIP was in force */
    bool waits_on; /* the re-run under way has found nothing */
    bool is_last;  /* the re-run under way, because the time is up */
    struct waiter waiters[];
};

struct blocking_table {
    struct table keys; /* struct awaited_key */
    struct awaited_key *first_ready;
    struct awaited_key *last_ready;
    struct awaited_key *served; /* its last waiter may leave without its going; NULL: none */
    struct blocked *first;
    struct blocked *last;
    size_t session_count;
    size_t deadline_count;
};

/* --- blocking_keys.c --- */

/* The engine's table, made and subscribed to key events when there is none. */
struct blocking_table *blocking_make_table(struct engine *engine);
/* Frees the table when nobody waits and nothing is served. */
void blocking_free_unused_table(struct engine *engine);

/* Puts the waiter behind the others for the same. False when its session, which is the last to have
 * begun to wait, does so for that already. */
NODISCARD bool blocking_add_waiter(struct blocking_table *table, struct waiter *waiter,
                                   const struct awaited *wanted);
void blocking_remove_waiter(struct blocking_table *table, struct waiter *waiter);
/* Every waiter will be asked when the time comes, or earlier. */
void blocking_wake_at(struct waiter *waiter, int64_t wake_ms);
/* Makes ready the keys that are due at the unix time. */
void blocking_note_due(struct blocking_table *table, int64_t now_ms);
/* Takes the first ready key off the list to serve it; NULL when there is none. Its
 * wake_ms is forgotten: whoever waits on says it anew. */
struct awaited_key *blocking_start_serving(struct blocking_table *table);
/* Frees the key when nobody is left who waits for it. */
void blocking_stop_serving(struct blocking_table *table);
/* True when the key is there and of the type it is awaited as. */
bool blocking_is_there(const struct awaited_key *key, struct engine *engine);

/* --- blocking.c --- */

/* The end of waiting behind a reply: the session goes on with what it sent meanwhile. */
void blocking_finish(struct blocked *blocked);

/* --- blocking_serve.c --- */

/* A call of the waiting request whose reply may be written, until blocking_close_reply. */
void blocking_open_reply(struct blocked *blocked, struct call *call);
void blocking_close_reply(struct call *call);

#endif
