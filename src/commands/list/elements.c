#include "commands/list/elements.h"

#include "engine/arguments.h"
#include "engine/collection_access.h"

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

static bool read_count(struct call *call, uint32_t index, size_t *count) {
    int64_t read;
    bool is_count = argument_is(call, index, "count") && argument_has_next(call, index);
    if (is_count && !argument_i64_in(call, index + 1, 1, INT64_MAX, &read,
                                     "ERR count should be greater than 0"))
        return false;
    if (!is_count || index + 2 != call->argc) {
        reply_error_syntax(call);
        return false;
    }
    *count = (size_t)read;
    return true;
}

bool elements_read_wanted(struct call *call, uint32_t index, struct elements_wanted *wanted) {
    int64_t key_count;
    if (!argument_i64_in(call, index, 1, INT64_MAX, &key_count,
                         "ERR numkeys should be greater than 0"))
        return false;
    if (key_count >= call->argc - index - 1) {
        reply_error_syntax(call);
        return false;
    }
    wanted->first_key = index + 1;
    wanted->key_count = (uint32_t)key_count;
    wanted->max = 1;
    uint32_t where = wanted->first_key + wanted->key_count;
    if (!elements_read_end(call, where, &wanted->end)) return false;
    return where + 1 == call->argc || read_count(call, where + 1, &wanted->max);
}

static void take_from(struct call *call, struct key key, struct found *found,
                      const struct elements_wanted *wanted) {
    size_t len = list_len(found->entry);
    size_t count = wanted->max < len ? wanted->max : len;
    reply_array(call, 2);
    reply_bulk(call, key.name);
    elements_reply(call, elements_at(found, wanted->end), count, elements_other_end(wanted->end));
    elements_drop(call, key, found, wanted->end, count);
}

bool elements_take_wanted(struct call *call, const struct elements_wanted *wanted) {
    for (uint32_t i = 0; i < wanted->key_count; i++) {
        struct key key = call_key(call, wanted->first_key + i);
        struct found found;
        if (!collection_find(call, key, VALUE_LIST, &found)) return true;
        if (found.entry == NULL) continue;
        take_from(call, key, &found, wanted);
        return true;
    }
    return false;
}
