/* Taking from the ends of a list: LPOP RPOP LMPOP. */
#include "commands/list/elements.h"
#include "commands/list/list_commands.h"
#include "engine/arguments.h"
#include "engine/collection_access.h"

static void pop_one(struct call *call, enum list_end end) {
    struct key key = call_key(call, 1);
    struct found found;
    if (!collection_find(call, key, VALUE_LIST, &found)) return;
    if (found.entry == NULL) {
        reply_null(call);
        return;
    }
    struct list_position position = elements_at(&found, end);
    elements_reply_one(call, &position);
    elements_drop(call, key, &found, end, 1);
}

static void pop_several(struct call *call, enum list_end end) {
    struct key key = call_key(call, 1);
    struct found found;
    int64_t max;
    if (!argument_i64_in(call, 2, 0, INT64_MAX, &max,
                         "ERR value is out of range, must be positive"))
        return;
    if (!collection_find(call, key, VALUE_LIST, &found)) return;
    if (found.entry == NULL) {
        reply_null_array(call);
        return;
    }
    size_t len = list_len(found.entry);
    size_t count = (size_t)max < len ? (size_t)max : len;
    elements_reply(call, elements_at(&found, end), count, elements_other_end(end));
    if (count != 0) elements_drop(call, key, &found, end, count);
}

static void pop(struct call *call, enum list_end end) {
    if (call->argc == 2)
        pop_one(call, end);
    else if (call->argc == 3)
        pop_several(call, end);
    else
        reply_error_arity(call);
}

static void lpop_command(struct call *call) {
    pop(call, LIST_HEAD);
}

static void rpop_command(struct call *call) {
    pop(call, LIST_TAIL);
}

static void lmpop_command(struct call *call) {
    struct first_of_keys wanted;
    if (!elements_read_several(call, 1, &wanted)) return;
    if (!first_of_keys_take(call, &wanted, elements_take_several)) reply_null_array(call);
}

static const struct command_row rows[] = {
    {
        .name = "lpop",
        .handler = lpop_command,
        .arity = -2,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_LIST,
        .keys = {KEY_AT(1, "RW access delete")},
        .summary = "Returns and removes elements at the head of a list.",
        .syntax = "key [count/6.2.0]",
        .complexity = "O(N)",
        .since = "1.0.0",
        .group = "list",
    },
    {
        .name = "rpop",
        .handler = rpop_command,
        .arity = -2,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_LIST,
        .keys = {KEY_AT(1, "RW access delete")},
        .summary = "Returns and removes elements at the tail of a list.",
        .syntax = "key [count/6.2.0]",
        .complexity = "O(N)",
        .since = "1.0.0",
        .group = "list",
    },
    {
        .name = "lmpop",
        .handler = lmpop_command,
        .arity = -4,
        .flags = COMMAND_WRITE,
        .categories = CATEGORY_LIST,
        .keys = {KEYS_COUNTED(1, "RW access delete")},
        .summary = "Returns and removes elements of the first list that has any.",
        .syntax = "numkeys key... where(LEFT | RIGHT) [COUNT count]",
        .complexity = "O(N+M)",
        .since = "7.0.0",
        .group = "list",
    },
};

const struct command_list list_pop_commands = COMMAND_LIST(rows);
