/* Taking the lowest members of a range by score, and waiting for one to come due: ZPOPBYSCORE
 * BZPOPBYSCORE. The blocking handler runs again when the set has been written to, and at the moment
 * when the next member comes due. */
#include "commands/zset/due_range.h"
#include "commands/zset/listing.h"
#include "commands/zset/zset_commands.h"
#include "engine/blocking.h"
#include "engine/collection_access.h"
#include "engine/effects.h"

enum { KEY = 1, MIN = 2, MAX = 3, TIMEOUT = 4, FIRST_OPTION = 4 };

struct telling {
    struct call *call;
    zset_visit_function *reply;
};

static COLD bool reply_and_tell(void *context, struct bytes member, struct score score) {
    const struct telling *telling = context;
    call_effect_add(telling->call, member);
    return telling->reply(telling->call, member, score);
}

static COLD void take_and_tell(struct call *call, struct key key, struct found *found,
                               struct zset_ranks ranks, zset_visit_function *reply) {
    struct telling telling = {call, reply};
    call_effect_open(call, BYTES("ZREM"), key.name);
    zset_remove_ranks(call->db, key, found, ranks, false, reply_and_tell, &telling);
    call_effect_close(call);
}

static void take(struct call *call, struct key key, struct found *found, struct zset_ranks ranks,
                 zset_visit_function *reply) {
    if (effects_are_wanted(call))
        take_and_tell(call, key, found, ranks, reply);
    else
        zset_remove_ranks(call->db, key, found, ranks, false, reply, call);
    collection_notify(call, KEY_EVENT_ZSET, key, "zpopbyscore", found);
}

static void zpopbyscore_command(struct call *call) {
    struct key key = call_key(call, KEY);
    struct due_range range;
    struct found found;
    uint64_t count;
    if (!due_range_read(call, MIN, MAX, &range) ||
        !due_range_read_count(call, FIRST_OPTION, &count) ||
        !collection_find(call, key, VALUE_ZSET, &found))
        return;
    struct zset_ranks ranks = due_range_find(&range, found.entry, count);
    zset_visit_function *reply = listing_begin(call, ranks.end - ranks.start, true);
    if (ranks.start != ranks.end) take(call, key, &found, ranks, reply);
}

static void bzpopbyscore_command(struct call *call) {
    struct key key = call_key(call, KEY);
    struct blocking_request request = {.first_key = KEY, .key_count = 1, .type = VALUE_ZSET};
    struct due_range range;
    struct found found;
    if (!due_range_read(call, MIN, MAX, &range) ||
        !blocking_timeout(call, TIMEOUT, &request.timeout_ms) ||
        !collection_find(call, key, VALUE_ZSET, &found))
        return;
    struct zset_ranks ranks = due_range_find(&range, found.entry, 1);
    if (ranks.start == ranks.end) {
        request.wake_ms = due_range_next_ms(&range, found.entry);
        blocking_wait(call, &request);
        return;
    }
    reply_array(call, 3);
    reply_bulk(call, key.name);
    take(call, key, &found, ranks, listing_reply_member_score);
}

static const struct command_row rows[] = {
    {
        .name = "zpopbyscore",
        .handler = zpopbyscore_command,
        .arity = -4,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(KEY, "RW access delete")},
        .summary = "Takes the member with the lowest score in a range, or with COUNT the lowest "
                   "ones. NOW is the Unix time in milliseconds.",
        .syntax = "key min:double upper(NOW | max:double) [COUNT count]",
        .complexity = "O(log(N)+M), M the number of members taken",
        .since = "8.0.0",
        .group = "sorted-set",
    },
    {
        .name = "bzpopbyscore",
        .handler = bzpopbyscore_command,
        .arity = 5,
        .flags = COMMAND_WRITE | COMMAND_BLOCKING | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(KEY, "RW access delete")},
        .summary = "Takes the member with the lowest score in a range, or waits for one. With NOW, "
                   "the Unix time in milliseconds, it wakes when a score comes due.",
        .syntax = "key min:double upper(NOW | max:double) timeout:double",
        .complexity = "O(log(N))",
        .since = "8.0.0",
        .group = "sorted-set",
    },
};

const struct command_list zset_due_pop_commands = COMMAND_LIST(rows);
