/* Members drawn at random: SPOP takes them out, SRANDMEMBER only looks. */
#include "commands/set/set_commands.h"
#include "data/types/set/set.h"
#include "engine/arguments.h"
#include "engine/collection_access.h"
#include "engine/draw_count.h"
#include "engine/effects.h"

static bool reply_member(void *context, struct bytes member) {
    reply_bulk(context, member);
    return true;
}

static size_t cut_to_len(uint64_t count, const struct entry *entry) {
    if (entry == NULL) return 0;
    size_t len = set_len(entry);
    return count < len ? (size_t)count : len;
}

/* --- SPOP --- */

static COLD bool reply_and_tell_member(void *context, struct bytes member) {
    reply_bulk(context, member);
    call_effect_add(context, member);
    return true;
}

static COLD void pop_and_tell(struct call *call, struct key key, struct found *found,
                              size_t count) {
    bool is_all = count == set_len(found->entry);
    call_effect_open(call, is_all ? BYTES("DEL") : BYTES("SREM"), key.name);
    set_pop(call->db, key, found, count, is_all ? reply_member : reply_and_tell_member, call);
    call_effect_close(call);
}

static void pop(struct call *call, struct key key, struct found *found, size_t count) {
    if (effects_are_wanted(call))
        pop_and_tell(call, key, found, count);
    else
        set_pop(call->db, key, found, count, reply_member, call);
    collection_notify(call, KEY_EVENT_SET, key, "spop", found);
}

static void pop_one(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    if (!collection_find(call, key, VALUE_SET, &found)) return;
    if (found.entry == NULL)
        reply_null(call);
    else
        pop(call, key, &found, 1);
}

static void pop_many(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    int64_t wanted;
    if (!argument_i64_in(call, 2, 0, INT64_MAX, &wanted,
                         "ERR value is out of range, must be positive") ||
        !collection_find(call, key, VALUE_SET, &found))
        return;
    size_t count = cut_to_len((uint64_t)wanted, found.entry);
    reply_set(call, count);
    if (count != 0) pop(call, key, &found, count);
}

static void spop_command(struct call *call) {
    if (call->argc == 2)
        pop_one(call);
    else if (call->argc == 3)
        pop_many(call);
    else
        reply_error_syntax(call);
}

/* --- SRANDMEMBER --- */

static void show_one(struct call *call) {
    const struct entry *entry;
    if (!collection_read(call, call_key(call, 1), VALUE_SET, &entry)) return;
    if (entry == NULL) {
        reply_null(call);
        return;
    }
    char scratch[PACKED_SCRATCH];
    reply_bulk(call, set_random(entry, scratch));
}

static void show_many(struct call *call) {
    struct draw_count drawn;
    const struct entry *entry;
    if (!draw_count_read(call, NULL, &drawn) ||
        !collection_read(call, call_key(call, 1), VALUE_SET, &entry))
        return;
    uint64_t count = draw_count_cut(&drawn, entry == NULL ? 0 : set_len(entry));
    reply_array(call, count);
    if (count != 0) set_random_many(entry, count, drawn.is_distinct, reply_member, call);
}

static void srandmember_command(struct call *call) {
    if (call->argc == 2)
        show_one(call);
    else
        show_many(call);
}

static const struct command_row rows[] = {
    {
        .name = "spop",
        .handler = spop_command,
        .arity = -2,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_SET,
        .keys = {KEY_AT(1, "RW access delete")},
        .tips = "nondeterministic_output",
        .summary = "Removes random members from a set and returns them.",
        .syntax = "key [count/3.2.0]",
        .complexity = "O(N)",
        .since = "1.0.0",
        .group = "set",
    },
    {
        .name = "srandmember",
        .handler = srandmember_command,
        .arity = -2,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_SET,
        .keys = {KEY_AT(1, "RO access")},
        .tips = "nondeterministic_output",
        .summary = "Returns random members of a set.",
        .syntax = "key [count/2.6.0]",
        .complexity = "O(N)",
        .since = "1.0.0",
        .group = "set",
    },
};

const struct command_list set_random_commands = COMMAND_LIST(rows);
