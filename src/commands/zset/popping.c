#include "commands/zset/popping.h"

#include "commands/zset/listing.h"
#include "engine/collection_access.h"
#include "engine/effects.h"

void popping_take(struct call *call, struct key key, struct found *found, enum zset_end end,
                  uint64_t count, zset_visit_function *visit) {
    uint64_t len = zset_len(found->entry);
    if (count > len) count = len;
    struct zset_ranks lowest = {0, count}, highest = {len - count, len};
    zset_remove_ranks(call->db, key, found, end == ZSET_MIN ? lowest : highest, end == ZSET_MAX,
                      visit, call);
    collection_notify(call, KEY_EVENT_ZSET, key, end == ZSET_MIN ? "zpopmin" : "zpopmax", found);
}

/* --- ZMPOP and BZMPOP --- */

_Static_assert(ZSET_MIN == 0 && ZSET_MAX == 1, "ends are numbered as their words");

bool popping_read_several(struct call *call, uint32_t index, struct first_of_keys *wanted) {
    static const char *const ends[2] = {"min", "max"};
    wanted->type = VALUE_ZSET;
    return first_of_keys_read(call, index, ends, wanted);
}

void popping_take_several(struct call *call, struct key key, struct found *found,
                          const struct first_of_keys *wanted) {
    size_t len = zset_len(found->entry);
    reply_array(call, 2);
    reply_bulk(call, key.name);
    reply_array(call, wanted->max < len ? (size_t)wanted->max : len);
    popping_take(call, key, found, (enum zset_end)wanted->end, wanted->max, listing_reply_pair);
    int64_t count = (int64_t)(wanted->max < len ? wanted->max : len);
    call_effect_number(call, wanted->end == ZSET_MIN ? BYTES("ZPOPMIN") : BYTES("ZPOPMAX"),
                       key.name, count);
}
