/* Walking over a database: KEYS SCAN RANDOMKEY.
 *
 * A cursor of SCAN is a position in hash order (table_scan), so every key that stays is returned
 * exactly once whatever the table does meanwhile. A pattern without special characters names one
 * key, which is looked up instead. */
#include "commands/keys/key_commands.h"
#include "data/value_type.h"
#include "engine/reply.h"
#include "engine/scan_options.h"
#include "foundation/buffer.h"
#include "foundation/glob.h"

/* Which keys are wanted, and the entries found so far. */
struct walk {
    struct database *db;
    struct bytes pattern;
    const struct value_type *type; /* NULL: any */
    bool matches_all;              /* the pattern is "*" or none */
    bool has_due;                  /* keys past their time were met */
    uint64_t seen;
    struct buffer found; /* struct entry * */
};

static struct walk walk_of(struct database *db, struct bytes pattern) {
    return (struct walk){
        .db = db,
        .pattern = pattern,
        .matches_all = bytes_equal(pattern, BYTES("*")),
    };
}

static bool is_wanted(const struct walk *walk, const struct entry *entry) {
    if (walk->type != NULL && value_type_of(entry) != walk->type) return false;
    return walk->matches_all || glob_match(walk->pattern, entry_key(entry));
}

static void visit(void *element, void *context) {
    struct walk *walk = context;
    const struct entry *entry = element;
    walk->seen++;
    bool is_due = database_is_due(walk->db, entry);
    if (!is_due && !is_wanted(walk, entry)) return;
    walk->has_due |= is_due;
    buffer_append(&walk->found, &entry, sizeof(entry));
}

/* Looking such a key up removes it; those that live move together at the front. */
static void drop_due(struct walk *walk, struct entry **entries, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (database_is_due(walk->db, entries[i]))
            (void)database_find(walk->db, key_of(entry_key(entries[i])));
        else
            entries[kept++] = entries[i];
    }
    walk->found.len = kept * sizeof(*entries);
}

static void reply_found(struct call *call, struct walk *walk) {
    struct entry **entries = (void *)walk->found.data;
    if (walk->has_due) drop_due(walk, entries, walk->found.len / sizeof(*entries));
    size_t count = walk->found.len / sizeof(*entries);
    reply_array(call, count);
    for (size_t i = 0; i < count; i++) reply_bulk(call, entry_key(entries[i]));
    buffer_destroy(&walk->found);
}

/* The one key that a literal pattern names. */
static void visit_literal(struct walk *walk, uint64_t cursor) {
    struct key key = key_of(walk->pattern);
    struct found found = database_find(walk->db, key);
    bool is_ahead = key.hash >> (64 - TABLE_CURSOR_BITS) >= cursor;
    if (found.entry != NULL && is_ahead) visit(found.entry, walk);
}

static void keys_command(struct call *call) {
    struct walk walk = walk_of(call->db, call->args[1]);
    if (glob_is_literal(walk.pattern))
        visit_literal(&walk, 0);
    else
        table_for_each(&call->db->keys, visit, &walk);
    reply_found(call, &walk);
}

/* --- SCAN --- */

/* Goes on until `count` keys were seen, but past no more than a multiple of empty buckets. */
static uint64_t scan(struct walk *walk, uint64_t cursor, const struct scan_options *options) {
    uint64_t max_buckets = scan_max_buckets(options);
    for (uint64_t i = 0; i <= max_buckets; i++) {
        cursor = table_scan(&walk->db->keys, cursor, visit, walk);
        if (cursor == 0 || walk->seen >= options->count) break;
    }
    return cursor;
}

static uint64_t scan_wanted(struct walk *walk, uint64_t cursor,
                            const struct scan_options *options) {
    bool is_no_type = options->has_type && walk->type == NULL;
    bool is_past_end = cursor >> TABLE_CURSOR_BITS != 0;
    if (is_no_type || is_past_end) return 0;
    if (glob_is_literal(walk->pattern)) {
        visit_literal(walk, cursor);
        return 0;
    }
    return scan(walk, cursor, options);
}

static void scan_command(struct call *call) {
    struct scan_options options;
    uint64_t cursor;
    if (!scan_parse_cursor(call, 1, &cursor) ||
        !scan_parse_options(call, 2, SCAN_TAKES_TYPE, &options))
        return;
    struct walk walk = walk_of(call->db, options.pattern);
    if (options.has_type) walk.type = value_type_by_name(options.type);
    cursor = scan_wanted(&walk, cursor, &options);
    reply_array(call, 2);
    reply_bulk_printf(call, "%llu", (unsigned long long)cursor);
    reply_found(call, &walk);
}

static void randomkey_command(struct call *call) {
    const struct entry *entry = database_random(call->db);
    if (entry == NULL)
        reply_null(call);
    else
        reply_bulk(call, entry_key(entry));
}

static const struct command_row rows[] = {
    {
        .name = "keys",
        .handler = keys_command,
        .arity = 2,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_KEYSPACE | CATEGORY_DANGEROUS,
        .tips = "request_policy:all_shards nondeterministic_output_order",
        .summary = "Returns every key that matches a pattern.",
        .syntax = "pattern",
        .complexity = "O(N)",
        .since = "1.0.0",
        .group = "generic",
    },
    {
        .name = "scan",
        .handler = scan_command,
        .arity = -2,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_KEYSPACE,
        .tips = "nondeterministic_output request_policy:special response_policy:special",
        .summary = "Walks the keys of the database step by step.",
        .syntax = "cursor [MATCH pattern] [COUNT count] [TYPE type/6.0.0]",
        .complexity = "O(1)",
        .since = "2.8.0",
        .group = "generic",
    },
    {
        .name = "randomkey",
        .handler = randomkey_command,
        .arity = 1,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_KEYSPACE,
        .tips = "request_policy:all_shards response_policy:special nondeterministic_output",
        .summary = "Returns a random key.",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "generic",
    },
};

const struct command_list key_walk_commands = COMMAND_LIST(rows);
