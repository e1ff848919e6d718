#include "commands/zset/storing.h"

#include "engine/reply.h"

void storing_put(struct call *call, struct key destination, struct zset_builder *builder,
                 const char *event) {
    struct found found = database_find(call->db, destination);
    bool was_there = found.entry != NULL;
    size_t len = zset_builder_len(builder);
    zset_builder_store(builder, call->db, destination, &found);
    reply_integer(call, (int64_t)len);
    if (len != 0)
        call_notify(call, KEY_EVENT_ZSET, destination.name, event);
    else if (was_there)
        call_notify(call, KEY_EVENT_GENERIC, destination.name, "del");
}
