/* EXPIREMEMBERS.DUE: what a server tells of members that have come due (engine/effects.h), for
 * whoever does the same to a copy of its data with no clock of his own. */
#include "commands/members/members_commands.h"
#include "data/member_expiry.h"
#include "data/value_type.h"
#include "engine/arguments.h"
#include "engine/collection_access.h"

#define MAX_MOMENT_MS (((int64_t)1 << 46) - 1)

static void expiremembers_due_command(struct call *call) {
    int64_t moment_ms;
    if (!argument_i64_in(call, 2, 0, MAX_MOMENT_MS, &moment_ms, NULL)) return;
    struct key key = call_key(call, 1);
    struct found found = database_find(call->db, key);
    if (found.entry == NULL) {
        reply_integer(call, 0);
        return;
    }
    const struct member_methods *methods = value_type_of(found.entry)->members;
    if (methods == NULL) {
        reply_error_wrong_type(call);
        return;
    }
    size_t removed = member_expiry_remove_until(call->db, key, &found, moment_ms);
    if (removed != 0)
        collection_notify(call, methods->event_class, key, methods->expired_event, &found);
    reply_integer(call, (int64_t)removed);
}

static const struct command_row rows[] = {
    {
        .name = "expiremembers.due",
        .handler = expiremembers_due_command,
        .arity = 3,
        .flags = COMMAND_WRITE,
        .categories = CATEGORY_KEYSPACE | CATEGORY_DANGEROUS,
        .keys = {KEY_AT(1, "RW delete")},
        .summary = "Removes the members of a key that are due at a moment; written to logs.",
        .syntax = "key unix-time-milliseconds",
        .complexity = "O(N) with N the number of members removed",
        .since = "8.0.0",
        .group = "generic",
        .is_system = true,
    },
};

const struct command_list member_due_commands = COMMAND_LIST(rows);
