/* SSCAN: walking a set step by step. A cursor is a position in hash order
 * (foundation/containers/table.h); the small encodings are returned whole. */
#include "commands/set/set_commands.h"
#include "data/types/set/set.h"
#include "engine/collection_access.h"
#include "engine/scan_options.h"
#include "foundation/glob.h"

struct scan {
    struct call *call;
    struct scan_options options;
    uint64_t seen;
    size_t replied;
};

static bool visit(void *context, struct bytes member) {
    struct scan *scan = context;
    scan->seen++;
    if (!scan_matches(&scan->options, member)) return true;
    reply_bulk(scan->call, member);
    scan->replied++;
    return true;
}

/* Goes on until `count` members were seen, but past no more than a multiple of empty buckets. */
static uint64_t walk(struct scan *scan, const struct entry *entry, uint64_t cursor) {
    const uint64_t last = ((uint64_t)1 << TABLE_CURSOR_BITS) - 1;
    uint64_t max_buckets = scan_max_buckets(&scan->options);
    if (cursor > last) cursor = last;
    for (uint64_t i = 0; i <= max_buckets; i++) {
        cursor = set_scan(entry, cursor, visit, scan);
        if (cursor == 0 || scan->seen >= scan->options.count) break;
    }
    return cursor;
}

/* A whole walk for a pattern that names one member is one look-up. */
static uint64_t walk_matching(struct scan *scan, const struct entry *entry, uint64_t cursor) {
    struct bytes pattern = scan->options.pattern;
    if (cursor != 0 || scan->options.matches_all || !glob_is_literal(pattern))
        return walk(scan, entry, cursor);
    if (set_has(entry, pattern)) (void)visit(scan, pattern);
    return 0;
}

static void sscan_command(struct call *call) {
    uint64_t cursor;
    const struct entry *entry;
    if (!scan_parse_cursor(call, 2, &cursor) ||
        !collection_read(call, call_key(call, 1), VALUE_SET, &entry))
        return;
    /* As Redis does, an absent key is answered before the options are looked at. */
    if (entry == NULL) {
        scan_reply_head(call, 0, 0);
        return;
    }
    struct scan scan = {.call = call};
    if (!scan_parse_options(call, 3, 0, &scan.options)) return;
    size_t mark = reply_mark(call);
    cursor = walk_matching(&scan, entry, cursor);
    scan_insert_head(call, mark, cursor, scan.replied);
}

static const struct command_row rows[] = {
    {
        .name = "sscan",
        .handler = sscan_command,
        .arity = -3,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_SET,
        .keys = {KEY_AT(1, "RO access")},
        .tips = "nondeterministic_output",
        .summary = "Walks the members of a set step by step.",
        .syntax = "key cursor [MATCH pattern] [COUNT count]",
        .complexity = "O(1)",
        .since = "2.8.0",
        .group = "set",
    },
};

const struct command_list set_scan_commands = COMMAND_LIST(rows);
