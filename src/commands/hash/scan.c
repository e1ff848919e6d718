/* HSCAN: walking over a hash step by step. */
#include "commands/hash/hash_commands.h"
#include "data/types/hash/hash.h"
#include "engine/collection_access.h"
#include "engine/scan_options.h"
#include "foundation/glob.h"

struct walk {
    struct call *call;
    const struct scan_options *options;
    uint64_t seen;
    size_t replied; /* names and values */
};

static void reply_field(struct walk *walk, struct bytes name, struct bytes value) {
    reply_bulk(walk->call, name);
    walk->replied++;
    if (walk->options->has_no_values) return;
    reply_bulk(walk->call, value);
    walk->replied++;
}

static void visit(void *context, const struct hash_field *field) {
    struct walk *walk = context;
    walk->seen++;
    if (scan_matches(walk->options, field->name)) reply_field(walk, field->name, field->value);
}

/* The one field that a literal pattern names. */
static uint64_t look_up(struct walk *walk, const struct entry *entry) {
    struct hash_field field;
    struct bytes name = walk->options->pattern;
    if (hash_get(entry, name, &field)) reply_field(walk, name, field.value);
    return 0;
}

/* Goes on until as many fields as wanted were seen, but past no more than a multiple of empty
 * buckets. */
static uint64_t walk_on(struct walk *walk, const struct entry *entry, uint64_t cursor) {
    const uint64_t last = ((uint64_t)1 << TABLE_CURSOR_BITS) - 1;
    uint64_t max_buckets = scan_max_buckets(walk->options);
    if (cursor > last) cursor = last;
    for (uint64_t i = 0; i <= max_buckets; i++) {
        cursor = hash_scan(entry, cursor, visit, walk);
        if (cursor == 0 || walk->seen >= walk->options->count) break;
    }
    return cursor;
}

static void scan(struct call *call, const struct entry *entry, uint64_t cursor,
                 const struct scan_options *options) {
    struct walk walk = {.call = call, .options = options};
    size_t mark = reply_mark(call);
    bool is_look_up = cursor == 0 && glob_is_literal(options->pattern);
    cursor = is_look_up ? look_up(&walk, entry) : walk_on(&walk, entry, cursor);
    scan_insert_head(call, mark, cursor, walk.replied);
}

/* Options are not looked at when there is nothing to walk, as in Redis. */
static void hscan_command(struct call *call) {
    uint64_t cursor;
    const struct entry *entry;
    struct scan_options options;
    if (!scan_parse_cursor(call, 2, &cursor)) return;
    if (!collection_read(call, call_key(call, 1), VALUE_HASH, &entry)) return;
    if (entry == NULL)
        scan_reply_head(call, 0, 0);
    else if (scan_parse_options(call, 3, SCAN_TAKES_NO_VALUES, &options))
        scan(call, entry, cursor, &options);
}

static const struct command_row rows[] = {
    {
        .name = "hscan",
        .handler = hscan_command,
        .arity = -3,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RO access")},
        .tips = "nondeterministic_output",
        .summary = "Walks the fields of a hash step by step.",
        .syntax = "key cursor [MATCH pattern] [COUNT count] [NOVALUES/7.4.0]",
        .complexity = "O(1)",
        .since = "2.8.0",
        .group = "hash",
    },
};

const struct command_list hash_scan_commands = COMMAND_LIST(rows);
