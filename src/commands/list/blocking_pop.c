/* Taking from the ends of lists, and waiting for elements when there are none: BLPOP BRPOP BLMPOP.
 * The handlers run again when a list they wait for has been written to. */
#include "commands/list/elements.h"
#include "commands/list/list_commands.h"
#include "engine/blocking.h"
#include "engine/effects.h"

static void take_one(struct call *call, struct key key, struct found *found,
                     const struct first_of_keys *wanted) {
    enum list_end end = (enum list_end)wanted->end;
    struct list_position position = elements_at(found, end);
    reply_array(call, 2);
    reply_bulk(call, key.name);
    elements_reply_one(call, &position);
    elements_drop(call, key, found, end, 1);
    CALL_EFFECT(call, end == LIST_HEAD ? BYTES("LPOP") : BYTES("RPOP"), key.name);
}

static void blpop_command(struct call *call) {
    first_of_keys_take_one_or_wait(call, VALUE_LIST, LIST_HEAD, take_one);
}

static void brpop_command(struct call *call) {
    first_of_keys_take_one_or_wait(call, VALUE_LIST, LIST_TAIL, take_one);
}

static void blmpop_command(struct call *call) {
    struct first_of_keys wanted;
    int64_t timeout_ms;
    if (!elements_read_several(call, 2, &wanted)) return;
    if (!blocking_timeout(call, 1, &timeout_ms)) return;
    first_of_keys_take_or_wait(call, &wanted, timeout_ms, elements_take_several);
}

/* All arguments but the last, the timeout. */
#define KEYS_BEFORE_TIMEOUT(key_flags)                                                             \
    { .flags = (key_flags), .index = 1, .last = -2, .step = 1 }

static const struct command_row rows[] = {
    {
        .name = "blpop",
        .handler = blpop_command,
        .arity = -3,
        .flags = COMMAND_WRITE | COMMAND_NOSCRIPT | COMMAND_BLOCKING,
        .categories = CATEGORY_LIST,
        .keys = {KEYS_BEFORE_TIMEOUT("RW access delete")},
        .summary =
            "Takes the element at the head of the first list that has any, or waits for one.",
        .syntax = "key... timeout:double",
        .complexity = "O(N)",
        .since = "2.0.0",
        .group = "list",
    },
    {
        .name = "brpop",
        .handler = brpop_command,
        .arity = -3,
        .flags = COMMAND_WRITE | COMMAND_NOSCRIPT | COMMAND_BLOCKING,
        .categories = CATEGORY_LIST,
        .keys = {KEYS_BEFORE_TIMEOUT("RW access delete")},
        .summary =
            "Takes the element at the tail of the first list that has any, or waits for one.",
        .syntax = "key... timeout:double",
        .complexity = "O(N)",
        .since = "2.0.0",
        .group = "list",
    },
    {
        .name = "blmpop",
        .handler = blmpop_command,
        .arity = -5,
        .flags = COMMAND_WRITE | COMMAND_BLOCKING,
        .categories = CATEGORY_LIST,
        .keys = {KEYS_COUNTED(2, "RW access delete")},
        .summary = "Takes elements of the first list that has any, or waits for one that does.",
        .syntax = "timeout:double numkeys key... where(LEFT | RIGHT) [COUNT count]",
        .complexity = "O(N+M)",
        .since = "7.0.0",
        .group = "list",
    },
};

const struct command_list list_blocking_pop_commands = COMMAND_LIST(rows);
