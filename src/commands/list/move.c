/* Moving elements between lists: LMOVE RPOPLPUSH LMOVEM. */
#include "commands/list/carry.h"
#include "commands/list/list_commands.h"

static void lmove_command(struct call *call) {
    struct carry carry;
    if (!carry_read_ends(call, &carry)) return;
    if (!carry_run(call, &carry)) reply_null(call);
}

static void rpoplpush_command(struct call *call) {
    struct carry carry = {.from = LIST_TAIL, .to = LIST_HEAD, .count = 1};
    if (!carry_run(call, &carry)) reply_null(call);
}

static void lmovem_command(struct call *call) {
    struct carry carry;
    if (!carry_read_ends(call, &carry) || !carry_read_how_many(call, 5, &carry)) return;
    if (!carry_run(call, &carry)) reply_null_array(call);
}

static const struct command_row rows[] = {
    {
        .name = "lmove",
        .handler = lmove_command,
        .arity = 5,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_LIST,
        .keys = {KEY_AT(1, "RW access delete"), KEY_AT(2, "RW insert")},
        .summary = "Moves an element from an end of one list to an end of another.",
        .syntax = "source destination wherefrom(LEFT | RIGHT) whereto(LEFT | RIGHT)",
        .complexity = "O(1)",
        .since = "6.2.0",
        .group = "list",
    },
    {
        .name = "rpoplpush",
        .handler = rpoplpush_command,
        .arity = 3,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_LIST,
        .keys = {KEY_AT(1, "RW access delete"), KEY_AT(2, "RW insert")},
        .summary = "Moves an element from the tail of one list to the head of another.",
        .syntax = "source destination",
        .complexity = "O(1)",
        .since = "1.2.0",
        .group = "list",
        .deprecated_since = "6.2.0",
        .replaced_by = "`LMOVE` with the `RIGHT` and `LEFT` arguments",
    },
    {
        .name = "lmovem",
        .handler = lmovem_command,
        .arity = -5,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_LIST,
        .keys = {KEY_AT(1, "RW access delete"), KEY_AT(2, "RW insert")},
        .summary = "Moves several elements from an end of one list to an end of another.",
        .syntax = "source destination wherefrom(LEFT | RIGHT) whereto(LEFT | RIGHT) "
                  "[how-many(selector(COUNT count | EXACTLY exactly:integer) "
                  "ordering(OBO | BULK))]",
        .complexity = "O(N)",
        .since = "8.10.0",
        .group = "list",
    },
};

const struct command_list list_move_commands = COMMAND_LIST(rows);
