#include "engine/prefetch.h"

size_t prefetch_keys(const struct call *call, uint32_t index, uint32_t end, uint32_t step,
                     struct key keys[PREFETCH_MAX_KEYS]) {
    size_t count = 0;
    for (; index < end && count < PREFETCH_MAX_KEYS; index += step) {
        keys[count] = call_key(call, index);
        database_prefetch_bucket(call->db, keys[count]);
        count++;
    }
    for (size_t i = 0; i < count; i++) database_prefetch_entry(call->db, keys[i]);
    return count;
}
