/* FENCE.RAISE: what is told of a fencing token that was drawn (SET … NX FENCE), so that whoever does
 * the same to a copy of the data draws larger ones. */
#include "engine/fence.h"

#include "commands/string/string_commands.h"
#include "engine/arguments.h"
#include "engine/effects.h"
#include "engine/reply.h"

static void fence_raise_command(struct call *call) {
    int64_t token;
    if (!argument_i64(call, 1, &token)) return;
    if (!fence_raise(call->engine, token)) {
        reply_error(call, "ERR value is out of range");
        return;
    }
    call_effect_request(call);
    reply_ok(call);
}

static const struct command_row rows[] = {
    {
        .name = "fence.raise",
        .handler = fence_raise_command,
        .arity = 2,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_STRING | CATEGORY_DANGEROUS,
        .summary = "Makes the fencing tokens to come larger than one; written to logs.",
        .syntax = "token:integer",
        .complexity = "O(1)",
        .since = "8.0.0",
        .group = "string",
        .is_system = true,
    },
};

const struct command_list string_fence_commands = COMMAND_LIST(rows);
