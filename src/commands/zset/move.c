/* Moving members from one sorted set to another, scores and due times with them: BZMOVE ZMOVEDUE. A
 * member that the destination has already gets the score it comes with. */
#include "commands/zset/due_range.h"
#include "commands/zset/listing.h"
#include "commands/zset/zset_commands.h"
#include "data/member_expiry.h"
#include "engine/arguments.h"
#include "engine/blocking.h"
#include "engine/collection_access.h"
#include "engine/effects.h"
#include "foundation/number.h"

enum { SOURCE = 1, DESTINATION = 2, WHERE = 3, MAX = 3, TIMEOUT = 4, FIRST_OPTION = 4 };

/* --- moving --- */

struct move {
    struct call *call;
    struct key source_key, key;
    const struct entry *source;
    struct found target;
    const char *event; /* of the source */
    zset_visit_function *reply;
    bool has_dues; /* some member moved has a due time */
};

/* False after the error reply. */
static bool open_target(struct move *move) {
    struct call *call = move->call;
    if (!collection_find(call, move->key, VALUE_ZSET, &move->target)) return false;
    const struct entry *target = move->target.entry;
    if (target == NULL || zset_score_kind(target) == zset_score_kind(move->source)) return true;
    reply_error(call, "ERR source and destination have scores of different kinds: only one of them "
                      "is a set of exact integers");
    return false;
}

static bool put_member(void *context, struct bytes member, struct score score) {
    struct move *move = context;
    struct database *db = move->call->db;
    int64_t due_ms = zset_due_ms(move->source, member);
    zset_put(db, move->key, &move->target, member, score, true);
    if (due_ms > 0) {
        zset_set_due(db, &move->target, member, due_ms);
        move->has_dues = true;
    }
    return move->reply(move->call, member, score);
}

static bool reply_member(void *context, struct bytes member, struct score score) {
    struct move *move = context;
    return move->reply(move->call, member, score);
}

static void move_ranks(struct move *move, struct zset_ranks ranks) {
    struct call *call = move->call;
    if (move->source == move->target.entry) {
        zset_visit(move->source, ranks, false, reply_member, move);
        return;
    }
    zset_visit(move->source, ranks, false, put_member, move);
    if (move->has_dues) member_expiry_update(call->db, move->key, move->target.entry);
    call_notify(call, KEY_EVENT_ZSET, move->key.name, "zadd");
    struct found found = database_find(call->db, move->source_key);
    zset_remove_ranks(call->db, move->source_key, &found, ranks, false, NULL, NULL);
    collection_notify(call, KEY_EVENT_ZSET, move->source_key, move->event, &found);
}

/* Looks the source up; false after the error reply. */
static bool open_source(struct call *call, struct move *move) {
    struct found found;
    *move = (struct move){
        .call = call,
        .source_key = call_key(call, SOURCE),
        .key = call_key(call, DESTINATION),
    };
    if (!collection_find(call, move->source_key, VALUE_ZSET, &found)) return false;
    move->source = found.entry;
    return true;
}

/* --- BZMOVE --- */

static bool read_where(struct call *call, bool *is_max) {
    *is_max = argument_is(call, WHERE, "max");
    if (*is_max || argument_is(call, WHERE, "min")) return true;
    reply_error(call, "ERR syntax error, which member to move must be MIN or MAX");
    return false;
}

static void bzmove_command(struct call *call) {
    struct blocking_request request = {.first_key = SOURCE, .key_count = 1, .type = VALUE_ZSET};
    struct move move;
    bool is_max;
    if (!read_where(call, &is_max) || !blocking_timeout(call, TIMEOUT, &request.timeout_ms) ||
        !open_source(call, &move))
        return;
    if (move.source == NULL) {
        blocking_wait(call, &request);
        return;
    }
    if (!open_target(&move)) return;
    uint64_t rank = is_max ? zset_len(move.source) - 1 : 0;
    move.event = is_max ? "zpopmax" : "zpopmin";
    move.reply = listing_reply_pair;
    move_ranks(&move, (struct zset_ranks){rank, rank + 1});
}

/* --- ZMOVEDUE --- */

static COLD void tell_moment(struct call *call) {
    char digits[NUMBER_I64_MAX_CHARS];
    call_effect_with(call, MAX, bytes_of(digits, number_format_i64(digits, call_now_ms(call))));
}

static void zmovedue_command(struct call *call) {
    struct due_range range;
    struct move move;
    uint64_t count;
    if (!due_range_read_max(call, MAX, &range) ||
        !due_range_read_count(call, FIRST_OPTION, &count) || !open_source(call, &move))
        return;
    struct zset_ranks ranks = due_range_find(&range, move.source, count);
    if (ranks.start == ranks.end) {
        reply_array(call, 0);
        return;
    }
    if (!open_target(&move)) return;
    if (range.is_until_now && effects_are_wanted(call)) tell_moment(call);
    move.event = "zpopbyscore";
    move.reply = listing_begin(call, ranks.end - ranks.start, true);
    move_ranks(&move, ranks);
}

static const struct command_row rows[] = {
    {
        .name = "bzmove",
        .handler = bzmove_command,
        .arity = 5,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_BLOCKING | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(SOURCE, "RW access delete"), KEY_AT(DESTINATION, "RW insert")},
        .summary = "Moves the member with the lowest or highest score to another sorted set, or "
                   "waits for one.",
        .syntax = "source destination where(MIN | MAX) timeout:double",
        .complexity = "O(log(N))",
        .since = "8.0.0",
        .group = "sorted-set",
    },
    {
        .name = "zmovedue",
        .handler = zmovedue_command,
        .arity = -4,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(SOURCE, "RW access delete"), KEY_AT(DESTINATION, "RW insert")},
        .summary = "Moves the member with the lowest score, when that is no higher than NOW, the "
                   "Unix time in milliseconds, to another sorted set, or with COUNT the lowest "
                   "ones.",
        .syntax = "source destination upper(NOW | max:double) [COUNT count]",
        .complexity = "O(M*log(N)), M the number of members moved",
        .since = "8.0.0",
        .group = "sorted-set",
    },
};

const struct command_list zset_move_commands = COMMAND_LIST(rows);
