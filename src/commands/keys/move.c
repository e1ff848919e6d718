/* Keys under other names and in other databases: RENAME RENAMENX MOVE COPY.
 *
 * Renaming and moving carry the entry over with its value, due time and access clock; nothing is
 * copied but the key. */
#include "commands/keys/key_commands.h"
#include "data/value_type.h"
#include "engine/arguments.h"
#include "engine/engine.h"
#include "engine/reply.h"

/* Returns the type of what it deleted, for database_report_overwrite. */
static int delete_existing(struct database *db, struct key key) {
    struct found found = database_find(db, key);
    int type = database_found_type(&found);
    if (found.entry != NULL) database_delete(db, key, found);
    return type;
}

/* Puts an entry that belongs to nobody into a database, where its key is absent. */
static struct found put(struct database *db, struct key key, struct entry *entry, int64_t due_ms) {
    struct found found = database_add(db, key, entry);
    if (due_ms != 0) database_set_due(db, key, &found, due_ms);
    return found;
}

/* Carries the entry of an existing key over to an absent one, and returns it. */
static const struct entry *carry(struct database *from, struct key old_key, struct database *to,
                                 struct key new_key) {
    int64_t due_ms;
    struct entry *entry = database_take(from, old_key, database_find(from, old_key), &due_ms);
    uint32_t access = entry->access;
    struct found found = put(to, new_key, entry_reshape(entry, new_key.name, due_ms != 0), due_ms);
    found.entry->access = access & ((1U << ENTRY_ACCESS_BITS) - 1);
    return found.entry;
}

/* --- RENAME --- */

static void rename_key(struct call *call, struct key old_key, struct key new_key) {
    int old_type = delete_existing(call->db, new_key);
    const struct entry *entry = carry(call->db, old_key, call->db, new_key);
    int new_type = (int)entry->type;
    call_notify(call, KEY_EVENT_GENERIC, old_key.name, "rename_from");
    call_notify(call, KEY_EVENT_GENERIC, new_key.name, "rename_to");
    database_report_overwrite(call->db, new_key.name, old_type, new_type);
}

/* True when both names are there and differ; else the reply is done. `*is_same` says why not. */
static bool find_source(struct call *call, bool *is_same) {
    *is_same = bytes_equal(call->args[1], call->args[2]);
    if (database_use(call->db, call_key(call, 1)).entry != NULL) return true;
    reply_error_no_key(call);
    return false;
}

static void rename_command(struct call *call) {
    bool is_same;
    if (!find_source(call, &is_same)) return;
    if (!is_same) rename_key(call, call_key(call, 1), key_of(call->args[2]));
    reply_ok(call);
}

static void renamenx_command(struct call *call) {
    bool is_same;
    if (!find_source(call, &is_same)) return;
    struct key new_key = key_of(call->args[2]);
    bool is_free = !is_same && database_find(call->db, new_key).entry == NULL;
    if (is_free) rename_key(call, call_key(call, 1), new_key);
    reply_integer(call, is_free);
}

/* --- MOVE --- */

static void reply_error_same_place(struct call *call) {
    reply_error(call, "ERR source and destination objects are the same");
}

static void move_command(struct call *call) {
    uint32_t number;
    if (!argument_db(call, 2, &number)) return;
    struct database *target = call->engine->keyspace->dbs[number];
    if (target == call->db) {
        reply_error_same_place(call);
        return;
    }
    struct key key = call_key(call, 1);
    bool can_move =
        database_use(call->db, key).entry != NULL && database_find(target, key).entry == NULL;
    if (can_move) {
        (void)carry(call->db, key, target, key);
        call_notify(call, KEY_EVENT_GENERIC, key.name, "move_from");
        database_notify(target, KEY_EVENT_GENERIC, key.name, "move_to");
    }
    reply_integer(call, can_move);
}

/* --- COPY --- */

struct copy_options {
    struct database *target;
    bool is_replacing;
};

static bool parse_copy(struct call *call, struct copy_options *options) {
    *options = (struct copy_options){.target = call->db};
    for (uint32_t i = 3; i < call->argc; i++) {
        if (argument_is(call, i, "replace")) {
            options->is_replacing = true;
        } else if (argument_is(call, i, "db") && argument_has_next(call, i)) {
            uint32_t number;
            if (!argument_db(call, ++i, &number)) return false;
            options->target = call->engine->keyspace->dbs[number];
        } else {
            reply_error_syntax(call);
            return false;
        }
    }
    return true;
}

static bool copy_key(struct call *call, const struct copy_options *options) {
    struct entry *source = database_read(call->db, call_key(call, 1));
    if (source == NULL) return false;
    struct key new_key = key_of(call->args[2]);
    struct found old = database_find(options->target, new_key);
    if (old.entry != NULL && !options->is_replacing) return false;
    int old_type = database_found_type(&old);
    int new_type = (int)source->type;
    int64_t due_ms = entry_due_ms(source);
    struct entry *copy = value_type_copy_entry(source, new_key.name, due_ms != 0);
    if (old.entry != NULL) database_delete(options->target, new_key, old);
    put(options->target, new_key, copy, due_ms);
    database_notify(options->target, KEY_EVENT_GENERIC, new_key.name, "copy_to");
    database_report_overwrite(options->target, new_key.name, old_type, new_type);
    return true;
}

static void copy_command(struct call *call) {
    struct copy_options options;
    if (!parse_copy(call, &options)) return;
    if (options.target == call->db && bytes_equal(call->args[1], call->args[2])) {
        reply_error_same_place(call);
        return;
    }
    reply_integer(call, copy_key(call, &options));
}

static const struct command_row rows[] = {
    {
        .name = "rename",
        .handler = rename_command,
        .arity = 3,
        .flags = COMMAND_WRITE,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_AT(1, "RW access delete"), KEY_AT(2, "OW update")},
        .summary = "Renames a key, replacing what the new name held.",
        .syntax = "key newkey",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "generic",
    },
    {
        .name = "renamenx",
        .handler = renamenx_command,
        .arity = 3,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_AT(1, "RW access delete"), KEY_AT(2, "OW insert")},
        .summary = "Renames a key unless the new name exists.",
        .syntax = "key newkey",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "generic",
    },
    {
        .name = "move",
        .handler = move_command,
        .arity = 3,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_AT(1, "RW access update")},
        .summary = "Moves a key to another database.",
        .syntax = "key db",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "generic",
    },
    {
        .name = "copy",
        .handler = copy_command,
        .arity = -3,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_AT(1, "RO access"), KEY_AT(2, "OW update")},
        .summary = "Copies a value to another key.",
        .syntax = "source destination [DB destination-db] [REPLACE]",
        .complexity = "O(N)",
        .since = "6.2.0",
        .group = "generic",
    },
};

const struct command_list key_move_commands = COMMAND_LIST(rows);
