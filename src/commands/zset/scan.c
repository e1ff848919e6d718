/* ZSCAN: walking a sorted set step by step. Scores are bulk strings in either protocol. */
#include "commands/zset/zset_commands.h"
#include "data/types/zset/zset.h"
#include "engine/collection_access.h"
#include "engine/scan_options.h"
#include "foundation/containers/table.h"
#include "foundation/glob.h"

struct walk {
    struct call *call;
    struct scan_options options;
    uint64_t seen;
    size_t replied; /* members and scores */
};

static void reply_member(struct walk *walk, struct bytes member, struct score score) {
    char text[SCORE_TEXT_MAX];
    reply_bulk(walk->call, member);
    reply_bulk(walk->call, bytes_of(text, score_format(score, text)));
    walk->replied += 2;
}

static bool visit(void *context, struct bytes member, struct score score) {
    struct walk *walk = context;
    walk->seen++;
    if (scan_matches(&walk->options, member)) reply_member(walk, member, score);
    return true;
}

/* The one member that a literal pattern names. */
static uint64_t look_up(struct walk *walk, const struct entry *entry) {
    struct score score;
    struct bytes member = walk->options.pattern;
    if (zset_score(entry, member, &score)) reply_member(walk, member, score);
    return 0;
}

/* Goes on until `count` members were seen, but past no more than a multiple of empty buckets. */
static uint64_t walk_on(struct walk *walk, const struct entry *entry, uint64_t cursor) {
    const uint64_t last = ((uint64_t)1 << TABLE_CURSOR_BITS) - 1;
    uint64_t max_buckets = scan_max_buckets(&walk->options);
    if (cursor > last) cursor = last;
    for (uint64_t i = 0; i <= max_buckets; i++) {
        cursor = zset_scan(entry, cursor, visit, walk);
        if (cursor == 0 || walk->seen >= walk->options.count) break;
    }
    return cursor;
}

static bool is_look_up(const struct scan_options *options, uint64_t cursor) {
    return cursor == 0 && !options->matches_all && glob_is_literal(options->pattern);
}

static void zscan_command(struct call *call) {
    uint64_t cursor;
    const struct entry *entry;
    if (!scan_parse_cursor(call, 2, &cursor) ||
        !collection_read(call, call_key(call, 1), VALUE_ZSET, &entry))
        return;
    /* As Redis does, an absent key is answered before the options are looked at. */
    if (entry == NULL) {
        scan_reply_head(call, 0, 0);
        return;
    }
    struct walk walk = {.call = call};
    if (!scan_parse_options(call, 3, 0, &walk.options)) return;
    size_t mark = reply_mark(call);
    cursor =
        is_look_up(&walk.options, cursor) ? look_up(&walk, entry) : walk_on(&walk, entry, cursor);
    scan_insert_head(call, mark, cursor, walk.replied);
}

static const struct command_row rows[] = {
    {
        .name = "zscan",
        .handler = zscan_command,
        .arity = -3,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "RO access")},
        .tips = "nondeterministic_output",
        .summary = "Walks the members of a sorted set and their scores step by step.",
        .syntax = "key cursor [MATCH pattern] [COUNT count]",
        .complexity = "O(1)",
        .since = "2.8.0",
        .group = "sorted-set",
    },
};

const struct command_list zset_scan_commands = COMMAND_LIST(rows);
