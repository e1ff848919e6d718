/* Keys that hold a HyperLogLog: strings with the bytes that foundation/sketches/hyperloglog.h
 * works on. */
#ifndef COMMANDS_HYPERLOGLOG_SKETCH_H
#define COMMANDS_HYPERLOGLOG_SKETCH_H

#include "engine/call.h"
#include "foundation/buffer.h"
#include "foundation/check.h"

/* Looks the key up to change it; `found->entry` is NULL when it is absent. False, after the error
 * reply, when something else is there. */
NODISCARD bool sketch_find(struct call *call, struct key key, struct found *found);
/* The same for a reader. `*stored` is valid until a key is changed and empty when the key is
 * absent, which no sketch is. */
NODISCARD bool sketch_read(struct call *call, struct key key, struct bytes *stored);
/* The bytes of an entry that sketch_find found. */
struct bytes sketch_bytes(const struct entry *entry);
/* Replaces the value, keeping the due time. */
void sketch_store(struct call *call, struct key key, struct found *found,
                  const struct buffer *stored);
/* "INVALIDOBJ Corrupted HLL object detected" */
void sketch_reply_corrupt(struct call *call);

#endif
