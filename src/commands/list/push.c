/* Adding to the ends of a list: LPUSH RPUSH LPUSHX RPUSHX. */
#include "commands/list/elements.h"
#include "commands/list/list_commands.h"
#include "engine/collection_access.h"

static void push(struct call *call, enum list_end end, bool is_existing_only) {
    struct key key = call_key(call, 1);
    struct found found;
    if (!elements_check_len(call, 2, call->argc)) return;
    if (!collection_find(call, key, VALUE_LIST, &found)) return;
    if (found.entry == NULL && is_existing_only) {
        reply_integer(call, 0);
        return;
    }
    list_push(call->db, key, &found, end, &call->args[2], call->argc - 2);
    reply_integer(call, (int64_t)list_len(found.entry));
    elements_notify_push(call, key, end);
}

static void lpush_command(struct call *call) {
    push(call, LIST_HEAD, false);
}

static void rpush_command(struct call *call) {
    push(call, LIST_TAIL, false);
}

static void lpushx_command(struct call *call) {
    push(call, LIST_HEAD, true);
}

static void rpushx_command(struct call *call) {
    push(call, LIST_TAIL, true);
}

static const struct command_row rows[] = {
    {
        .name = "lpush",
        .handler = lpush_command,
        .arity = -3,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_LIST,
        .keys = {KEY_AT(1, "RW insert")},
        .summary = "Adds elements at the head of a list.",
        .syntax = "key element...",
        .complexity = "O(N)",
        .since = "1.0.0",
        .group = "list",
    },
    {
        .name = "rpush",
        .handler = rpush_command,
        .arity = -3,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_LIST,
        .keys = {KEY_AT(1, "RW insert")},
        .summary = "Adds elements at the tail of a list.",
        .syntax = "key element...",
        .complexity = "O(N)",
        .since = "1.0.0",
        .group = "list",
    },
    {
        .name = "lpushx",
        .handler = lpushx_command,
        .arity = -3,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_LIST,
        .keys = {KEY_AT(1, "RW insert")},
        .summary = "Adds elements at the head of a list that exists.",
        .syntax = "key element...",
        .complexity = "O(N)",
        .since = "2.2.0",
        .group = "list",
    },
    {
        .name = "rpushx",
        .handler = rpushx_command,
        .arity = -3,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_LIST,
        .keys = {KEY_AT(1, "RW insert")},
        .summary = "Adds elements at the tail of a list that exists.",
        .syntax = "key element...",
        .complexity = "O(N)",
        .since = "2.2.0",
        .group = "list",
    },
};

const struct command_list list_push_commands = COMMAND_LIST(rows);
