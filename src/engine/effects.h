/* Effects: what commands did to the data, told as commands that do the same wherever they are run
 * again: the log of writes and replicas listen.
 *
 * A command that has changed something is told as it was sent, unless its result depends on a clock, on
 * chance or on having waited: then its handler says what it did instead (SPOP: SREM; EXPIRE: PEXPIREAT;
 * BLPOP: LPOP). What happens by itself is told too, before the command that met it:
 *
 *      a key came due, or was evicted      DEL key
 *      members came due                    EXPIREMEMBERS.DUE key unix-ms
 *
 * so whoever runs effects again leaves expiry to them, with a keyspace clock that stands at zero. The
 * commands of a transaction are told together, between begin and end, and so are several effects of
 * one command. */
#ifndef ENGINE_EFFECTS_H
#define ENGINE_EFFECTS_H

#include "engine/call.h"
#include "engine/engine.h"

#include <stdbool.h>
#include <stdint.h>

struct effect_listener {
    /* One effect in the numbered database; the arguments are lent for the call. */
    void (*write)(struct effect_listener *listener, uint32_t db_number, const struct bytes *args,
                  uint32_t argc);
    /* Around several effects that belong together; never nested. */
    void (*begin)(struct effect_listener *listener);
    void (*end)(struct effect_listener *listener);
    struct effect_listener *next; /* the engine's */
};

/* Borrows the listener until it is removed. Not from within an effect. */
void effects_listen(struct engine *engine, struct effect_listener *listener);
void effects_ignore(struct engine *engine, struct effect_listener *listener);

/* For handlers: false when nobody listens, so that there is nothing to put together. */
static inline bool effects_are_wanted(const struct call *call) {
    return call->engine->effects != NULL;
}
/* Tells this effect instead of the request; may be called more than once, the effects are told in
 * that order when the handler is done. They are told even when the handler reports no change. Of
 * this and all below: nothing happens when nobody listens; the bytes are copied. */
void call_effect(struct call *call, const struct bytes *args, uint32_t argc);
/* The request is not to be told, whatever it changed. */
void call_no_effect(struct call *call);
/* The request as it was sent, though the handler reports no change. */
void call_effect_request(struct call *call);
/* The request with one argument replaced. */
void call_effect_with(struct call *call, uint32_t index, struct bytes arg);
/* "PEXPIREAT key 1700000000000" and the like. */
void call_effect_number(struct call *call, struct bytes name, struct bytes key, int64_t number);

/* An effect that is put together while the handler works: no other is told until it is closed. */
void call_effect_open(struct call *call, struct bytes name, struct bytes key);
void call_effect_add(struct call *call, struct bytes arg);
void call_effect_add_number(struct call *call, int64_t number);
/* The request's arguments from `first` up to `end`. */
void call_effect_add_args(struct call *call, uint32_t first, uint32_t end);
void call_effect_close(struct call *call);

#define CALL_EFFECT(call, ...)                                                                     \
    do {                                                                                           \
        const struct bytes effect_args_[] = {__VA_ARGS__};                                         \
        if (effects_are_wanted(call))                                                              \
            call_effect((call), effect_args_, (uint32_t)ARRAY_LEN(effect_args_));                  \
    } while (0)

/* For dispatch: around a handler, when somebody listens. */
void effects_before(struct call *call);
void effects_after(struct call *call);

#endif
