/* Moving elements between lists, and waiting for the source when it has not enough: BLMOVE
 * BRPOPLPUSH BLMOVEM. The handlers run again when the source has been written to. */
#include "commands/list/carry.h"
#include "commands/list/list_commands.h"
#include "engine/blocking.h"
#include "engine/effects.h"

static void wait_for_source(struct call *call, int64_t timeout_ms) {
    blocking_wait(call, &(struct blocking_request){
                            .first_key = 1,
                            .key_count = 1,
                            .type = VALUE_LIST,
                            .timeout_ms = timeout_ms,
                        });
}

/* The request as it is for who does not wait: without the timeout. */
static COLD void tell_move(struct call *call, struct bytes name, uint32_t timeout_index) {
    call_effect_open(call, name, call->args[1]);
    call_effect_add_args(call, 2, timeout_index);
    call_effect_add_args(call, timeout_index + 1, call->argc);
    call_effect_close(call);
}

/* As carry_run; `name` is that of the command which does not wait. */
static bool move(struct call *call, const struct carry *carry, struct bytes name,
                 uint32_t timeout_index) {
    if (!carry_run(call, carry)) return false;
    if (effects_are_wanted(call) && !call->has_failed) tell_move(call, name, timeout_index);
    return true;
}

/* One element is replied as itself: who may not wait for it is told of none with null, though a
 * timeout is a null array all the same. */
static void wait_for_one(struct call *call, int64_t timeout_ms) {
    if (blocking_is_possible(call))
        wait_for_source(call, timeout_ms);
    else
        reply_null(call);
}

static void blmove_command(struct call *call) {
    struct carry carry;
    int64_t timeout_ms;
    if (!carry_read_ends(call, &carry) || !blocking_timeout(call, 5, &timeout_ms)) return;
    if (!move(call, &carry, BYTES("LMOVE"), 5)) wait_for_one(call, timeout_ms);
}

static void brpoplpush_command(struct call *call) {
    struct carry carry = {.from = LIST_TAIL, .to = LIST_HEAD, .count = 1};
    int64_t timeout_ms;
    if (!blocking_timeout(call, 3, &timeout_ms)) return;
    if (!move(call, &carry, BYTES("RPOPLPUSH"), 3)) wait_for_one(call, timeout_ms);
}

static void blmovem_command(struct call *call) {
    struct carry carry;
    int64_t timeout_ms;
    if (!carry_read_ends(call, &carry) || !blocking_timeout(call, 5, &timeout_ms)) return;
    if (!carry_read_how_many(call, 6, &carry)) return;
    if (!move(call, &carry, BYTES("LMOVEM"), 5)) wait_for_source(call, timeout_ms);
}

static const struct command_row rows[] = {
    {
        .name = "blmove",
        .handler = blmove_command,
        .arity = 6,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_NOSCRIPT | COMMAND_BLOCKING,
        .categories = CATEGORY_LIST,
        .keys = {KEY_AT(1, "RW access delete"), KEY_AT(2, "RW insert")},
        .summary = "Moves an element from one list to another, or waits for one.",
        .syntax = "source destination wherefrom(LEFT | RIGHT) whereto(LEFT | RIGHT) "
                  "timeout:double",
        .complexity = "O(1)",
        .since = "6.2.0",
        .group = "list",
    },
    {
        .name = "brpoplpush",
        .handler = brpoplpush_command,
        .arity = 4,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_NOSCRIPT | COMMAND_BLOCKING,
        .categories = CATEGORY_LIST,
        .keys = {KEY_AT(1, "RW access delete"), KEY_AT(2, "RW insert")},
        .summary = "Moves an element from the tail of one list to the head of another, or waits "
                   "for one.",
        .syntax = "source destination timeout:double",
        .complexity = "O(1)",
        .since = "2.2.0",
        .group = "list",
        .deprecated_since = "6.2.0",
        .replaced_by = "`BLMOVE` with the `RIGHT` and `LEFT` arguments",
    },
    {
        .name = "blmovem",
        .handler = blmovem_command,
        .arity = -6,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_BLOCKING,
        .categories = CATEGORY_LIST,
        .keys = {KEY_AT(1, "RW access delete"), KEY_AT(2, "RW insert")},
        .summary = "Moves several elements from one list to another, or waits for them.",
        .syntax = "source destination wherefrom(LEFT | RIGHT) whereto(LEFT | RIGHT) "
                  "timeout:double [how-many(selector(COUNT count | EXACTLY exactly:integer) "
                  "ordering(OBO | BULK))]",
        .complexity = "O(N)",
        .since = "8.10.0",
        .group = "list",
    },
};

const struct command_list list_blocking_move_commands = COMMAND_LIST(rows);
