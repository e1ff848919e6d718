#include "commands/list/elements.h"

#include "engine/arguments.h"
#include "engine/collection_access.h"
#include "engine/effects.h"

bool elements_read_end(struct call *call, uint32_t index, enum list_end *end) {
    bool is_left = argument_is(call, index, "left");
    if (!is_left && !argument_is(call, index, "right")) {
        reply_error_syntax(call);
        return false;
    }
    *end = is_left ? LIST_HEAD : LIST_TAIL;
    return true;
}

bool elements_check_len(struct call *call, uint32_t first, uint32_t end) {
    for (uint32_t i = first; i < end; i++) {
        if (LIKELY(call->args[i].len <= UINT32_MAX)) continue;
        reply_error(call, "ERR Element too large");
        return false;
    }
    return true;
}

void elements_reply(struct call *call, struct list_position position, size_t count,
                    enum list_end towards) {
    reply_array(call, count);
    for (size_t i = 0; i < count; i++) {
        elements_reply_one(call, &position);
        list_step(&position, towards);
    }
}

struct list_position elements_at(const struct found *found, enum list_end end) {
    return list_seek(found->entry, end == LIST_HEAD ? 0 : -1);
}

void elements_drop(struct call *call, struct key key, struct found *found, enum list_end end,
                   size_t count) {
    list_drop(call->db, key, found, end, count);
    elements_notify_pop(call, key, found, end);
}

void elements_notify_pop(struct call *call, struct key key, const struct found *found,
                         enum list_end end) {
    collection_notify(call, KEY_EVENT_LIST, key, end == LIST_HEAD ? "lpop" : "rpop", found);
}

void elements_notify_push(struct call *call, struct key key, enum list_end end) {
    call_notify(call, KEY_EVENT_LIST, key.name, end == LIST_HEAD ? "lpush" : "rpush");
}

/* --- LMPOP and BLMPOP --- */

_Static_assert(LIST_HEAD == 0 && LIST_TAIL == 1, "ends are numbered as their words");

bool elements_read_several(struct call *call, uint32_t index, struct first_of_keys *wanted) {
    static const char *const ends[2] = {"left", "right"};
    wanted->type = VALUE_LIST;
    return first_of_keys_read(call, index, ends, wanted);
}

void elements_take_several(struct call *call, struct key key, struct found *found,
                           const struct first_of_keys *wanted) {
    enum list_end end = (enum list_end)wanted->end;
    size_t len = list_len(found->entry);
    size_t count = wanted->max < len ? (size_t)wanted->max : len;
    reply_array(call, 2);
    reply_bulk(call, key.name);
    elements_reply(call, elements_at(found, end), count, elements_other_end(end));
    elements_drop(call, key, found, end, count);
    call_effect_number(call, end == LIST_HEAD ? BYTES("LPOP") : BYTES("RPOP"), key.name,
                       (int64_t)count);
}
