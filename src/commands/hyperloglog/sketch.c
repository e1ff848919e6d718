#include "commands/hyperloglog/sketch.h"

#include "engine/string_access.h"
#include "foundation/sketches/hyperloglog.h"

static bool check_sketch(struct call *call, const struct entry *entry) {
    if (entry == NULL || hyperloglog_is_sketch(sketch_bytes(entry))) return true;
    reply_error(call, "WRONGTYPE Key is not a valid HyperLogLog string value.");
    return false;
}

bool sketch_find(struct call *call, struct key key, struct found *found) {
    return string_access_find(call, key, found) && check_sketch(call, found->entry);
}

bool sketch_read(struct call *call, struct key key, struct bytes *stored) {
    const struct entry *entry;
    if (!string_access_read(call, key, &entry) || !check_sketch(call, entry)) return false;
    *stored = entry == NULL ? BYTES("") : sketch_bytes(entry);
    return true;
}

struct bytes sketch_bytes(const struct entry *entry) {
    /* A number's digits are no sketch, so they need not be written out. */
    if (entry->encoding == STRING_INTEGER) return BYTES("");
    return string_view(entry, NULL);
}

void sketch_store(struct call *call, struct key key, struct found *found,
                  const struct buffer *stored) {
    string_store(call->db, key, found, buffer_bytes(stored), STRING_STORE_RAW | STRING_KEEP_DUE);
}

void sketch_reply_corrupt(struct call *call) {
    reply_error(call, "INVALIDOBJ Corrupted HLL object detected");
}
