/* Adding places: GEOADD, which is ZADD with points for scores. */
#include "commands/geo/geo_commands.h"
#include "commands/geo/points.h"
#include "data/types/zset/zset.h"
#include "engine/arguments.h"
#include "engine/collection_access.h"

struct addition {
    struct call *call;
    struct key key;
    struct found found;
    uint32_t first; /* argument of the first longitude */
    bool is_new_only, is_old_only, counts_changes;
    uint64_t added, changed;
};

static bool read_options(struct addition *addition) {
    struct call *call = addition->call;
    uint32_t i = 2;
    for (; i < call->argc; i++) {
        if (argument_is(call, i, "nx"))
            addition->is_new_only = true;
        else if (argument_is(call, i, "xx"))
            addition->is_old_only = true;
        else if (argument_is(call, i, "ch"))
            addition->counts_changes = true;
        else
            break;
    }
    addition->first = i;
    bool is_contradiction = addition->is_new_only && addition->is_old_only;
    if ((call->argc - i) % 3 == 0 && call->argc != i && !is_contradiction) return true;
    reply_error_syntax(call);
    return false;
}

static bool check_points(const struct addition *addition) {
    struct geo_point point;
    for (uint32_t i = addition->first; i < addition->call->argc; i += 3)
        if (!points_read(addition->call, i, &point)) return false;
    return true;
}

static struct score score_of_place(const struct addition *addition, uint32_t index) {
    struct geo_point point;
    CHECK(points_read(addition->call, index, &point));
    uint64_t hash = geohash_encode(point);
    const struct entry *entry = addition->found.entry;
    bool is_exact = entry != NULL && zset_score_kind(entry) == SCORE_INT64;
    return is_exact ? score_of_i64((int64_t)hash) : score_of_double((double)hash);
}

static void add_place(struct addition *addition, uint32_t index) {
    struct bytes member = addition->call->args[index + 2];
    struct score old, score = score_of_place(addition, index);
    const struct entry *entry = addition->found.entry;
    if (entry != NULL && zset_score(entry, member, &old)) {
        if (addition->is_new_only || score_compare(old, score) == 0) return;
        addition->changed++;
    } else {
        if (addition->is_old_only) return;
        addition->added++;
    }
    (void)zset_put(addition->call->db, addition->key, &addition->found, member, score, false);
}

static void geoadd_command(struct call *call) {
    struct addition addition = {.call = call, .key = call_key(call, 1)};
    if (!read_options(&addition) || !check_points(&addition) ||
        !collection_find(call, addition.key, VALUE_ZSET, &addition.found))
        return;
    for (uint32_t i = addition.first; i < call->argc; i += 3) add_place(&addition, i);
    if (addition.added + addition.changed != 0)
        call_notify(call, KEY_EVENT_ZSET, addition.key.name, "zadd");
    uint64_t count = addition.added + (addition.counts_changes ? addition.changed : 0);
    reply_integer(call, (int64_t)count);
}

static const struct command_row rows[] = {
    {
        .name = "geoadd",
        .handler = geoadd_command,
        .arity = -5,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_GEO,
        .keys = {KEY_AT(1, "RW update")},
        .member_index = 4,
        .summary = "Adds places to a sorted set, or moves them.",
        .syntax = "key [condition(NX | XX)/6.2.0] [CH=change/6.2.0] "
                  "longitude_latitude_member(longitude:double latitude:double member)...",
        .complexity = "O(log(N)) for each place",
        .since = "3.2.0",
        .group = "geo",
    },
};

const struct command_list geo_add_commands = COMMAND_LIST(rows);
