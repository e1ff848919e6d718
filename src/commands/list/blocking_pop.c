/* Taking from the ends of lists, and waiting for elements when there are none: BLPOP BRPOP BLMPOP.
 * The handlers run again when a list they wait for has been written to. */
#include "commands/list/elements.h"
#include "commands/list/list_commands.h"
#include "engine/blocking.h"
#include "engine/collection_access.h"

static void take_one(struct call *call, struct key key, struct found *found, enum list_end end) {
    struct list_position position = elements_at(found, end);
    reply_array(call, 2);
    reply_bulk(call, key.name);
    elements_reply_one(call, &position);
    elements_drop(call, key, found, end, 1);
}

static void pop_or_wait(struct call *call, enum list_end end) {
    struct blocking_request request = {
        .first_key = 1,
        .key_count = call->argc - 2,
        .type = VALUE_LIST,
    };
    if (!blocking_timeout(call, call->argc - 1, &request.timeout_ms)) return;
    for (uint32_t i = 1; i < call->argc - 1; i++) {
        struct key key = call_key(call, i);
        struct found found;
        if (!collection_find(call, key, VALUE_LIST, &found)) return;
        if (found.entry == NULL) continue;
        take_one(call, key, &found, end);
        return;
    }
    blocking_wait(call, &request);
}

static void blpop_command(struct call *call) {
    pop_or_wait(call, LIST_HEAD);
}

static void brpop_command(struct call *call) {
    pop_or_wait(call, LIST_TAIL);
}

static void blmpop_command(struct call *call) {
    struct elements_wanted wanted;
    struct blocking_request request = {.type = VALUE_LIST};
    if (!elements_read_wanted(call, 2, &wanted)) return;
    if (!blocking_timeout(call, 1, &request.timeout_ms)) return;
    if (elements_take_wanted(call, &wanted)) return;
    request.first_key = wanted.first_key;
    request.key_count = wanted.key_count;
    blocking_wait(call, &request);
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
