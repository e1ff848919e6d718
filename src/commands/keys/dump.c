/* Values as bytes: DUMP and RESTORE, in the payload that redis-server understands
 * (data/rdb/rdb_payload.h). */
#include "commands/keys/key_commands.h"
#include "data/rdb/rdb_payload.h"
#include "engine/arguments.h"
#include "engine/effects.h"
#include "engine/engine.h"
#include "engine/reply.h"
#include "foundation/number.h"

static void dump_command(struct call *call) {
    const struct entry *entry = database_read(call->db, call_key(call, 1));
    if (entry == NULL) {
        reply_null(call);
        return;
    }
    const struct rdb_writer_settings settings = {
        .is_compressing = call->db->keyspace->is_rdb_compressed,
        .is_checksumming = true,
    };
    struct rdb_writer writer;
    rdb_writer_init(&writer, &settings);
    rdb_payload_write(&writer, entry);
    reply_bulk(call, rdb_writer_bytes(&writer));
    rdb_writer_destroy(&writer);
}

/* --- RESTORE --- */

struct restore_options {
    bool is_replacing;
    bool is_absolute;     /* the time is a moment, else a span */
    int64_t idle_seconds; /* -1: not given */
    int64_t frequency;    /* -1: not given */
    int64_t due_ms;       /* 0: none */
};

static bool parse_access(struct call *call, uint32_t index, int64_t max, const char *error,
                         int64_t *value) {
    if (!argument_i64(call, index, value)) return false;
    if (*value >= 0 && *value <= max) return true;
    reply_error(call, error);
    return false;
}

static bool parse_options(struct call *call, struct restore_options *options) {
    *options = (struct restore_options){.idle_seconds = -1, .frequency = -1};
    for (uint32_t i = 4; i < call->argc; i++) {
        bool has_next = argument_has_next(call, i);
        if (argument_is(call, i, "replace")) {
            options->is_replacing = true;
        } else if (argument_is(call, i, "absttl")) {
            options->is_absolute = true;
        } else if (argument_is(call, i, "idletime") && has_next && options->frequency == -1) {
            if (!parse_access(call, ++i, INT64_MAX, "ERR Invalid IDLETIME value, must be >= 0",
                              &options->idle_seconds))
                return false;
        } else if (argument_is(call, i, "freq") && has_next && options->idle_seconds == -1) {
            if (!parse_access(call, ++i, UINT8_MAX,
                              "ERR Invalid FREQ value, must be >= 0 and <= 255",
                              &options->frequency))
                return false;
        } else {
            reply_error_syntax(call);
            return false;
        }
    }
    return true;
}

static bool parse_due(struct call *call, struct restore_options *options) {
    if (!argument_i64(call, 2, &options->due_ms)) return false;
    if (options->due_ms < 0) {
        reply_error(call, "ERR Invalid TTL value, must be >= 0");
        return false;
    }
    bool is_span = options->due_ms != 0 && !options->is_absolute;
    if (!is_span || number_add_i64(options->due_ms, call_now_ms(call), &options->due_ms))
        return true;
    reply_error(call, "ERR invalid expire time in 'restore' command");
    return false;
}

static bool is_past(const struct call *call, int64_t due_ms) {
    return due_ms != 0 && due_ms <= call_now_ms(call);
}

/* NULL after the error reply. */
static struct entry *load_entry(struct call *call, struct restore_options *options) {
    struct bytes value;
    if (!rdb_payload_open(call->args[3], !call->db->keyspace->is_rdb_unchecked, &value)) {
        reply_error(call, "ERR DUMP payload version or checksum are wrong");
        return NULL;
    }
    struct rdb_target target = {
        .key = call->args[1],
        .has_due = options->due_ms != 0,
        .now_ms = call_now_ms(call),
    };
    struct entry *entry = rdb_payload_load(value, &target);
    if (entry == NULL) reply_error(call, "ERR Bad data format");
    if (target.own_due_ms != 0) options->due_ms = target.own_due_ms;
    return entry;
}

static void set_access(const struct call *call, struct entry *entry,
                       const struct restore_options *options) {
    bool is_lfu = call->db->keyspace->access.is_lfu;
    if (is_lfu && options->frequency >= 0)
        access_set_frequency(entry, (uint8_t)options->frequency, call_now_ms(call));
    if (!is_lfu && options->idle_seconds >= 0)
        access_set_idle_seconds(entry, (uint64_t)options->idle_seconds, call_now_ms(call));
}

/* With the time as a moment; what else was given stays. */
static COLD void tell_restore(struct call *call, const struct restore_options *options) {
    call_effect_open(call, BYTES("RESTORE"), call->args[1]);
    call_effect_add_number(call, options->due_ms);
    call_effect_add_args(call, 3, call->argc);
    if (!options->is_absolute) call_effect_add(call, BYTES("ABSTTL"));
    call_effect_close(call);
}

/* The old value goes before the new one comes, as users of the events expect; of a time that has
 * passed no more is left than that. */
static void restore_entry(struct call *call, struct found old, struct entry *entry,
                          const struct restore_options *options) {
    struct key key = call_key(call, 1);
    if (old.entry != NULL) database_delete(call->db, key, old);
    if (is_past(call, options->due_ms)) {
        database_discard(call->db, entry, true);
        if (old.entry == NULL) return;
        call_notify(call, KEY_EVENT_GENERIC, key.name, "del");
        CALL_EFFECT(call, BYTES("DEL"), key.name);
        return;
    }
    struct found found = database_add(call->db, key, entry);
    if (options->due_ms != 0) database_set_due(call->db, key, &found, options->due_ms);
    set_access(call, found.entry, options);
    call_notify(call, KEY_EVENT_GENERIC, key.name, "restore");
    if (effects_are_wanted(call)) tell_restore(call, options);
}

static void restore_command(struct call *call) {
    struct restore_options options;
    if (!parse_options(call, &options)) return;
    struct found old = database_find(call->db, call_key(call, 1));
    if (old.entry != NULL && !options.is_replacing) {
        reply_error(call, "BUSYKEY Target key name already exists.");
        return;
    }
    if (!parse_due(call, &options)) return;
    struct entry *entry = load_entry(call, &options);
    if (entry == NULL) return;
    restore_entry(call, old, entry, &options);
    reply_ok(call);
}

static const struct command_row rows[] = {
    {
        .name = "dump",
        .handler = dump_command,
        .arity = 2,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_KEYSPACE,
        .keys = {KEY_AT(1, "RO access")},
        .tips = "nondeterministic_output",
        .summary = "Returns a value as bytes that RESTORE takes.",
        .syntax = "key",
        .complexity = "O(N)",
        .since = "2.6.0",
        .group = "generic",
    },
    {
        .name = "restore",
        .handler = restore_command,
        .arity = -4,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_KEYSPACE | CATEGORY_DANGEROUS,
        .keys = {KEY_AT(1, "OW update")},
        .summary = "Makes a key of what DUMP returned.",
        .syntax = "key ttl:integer serialized-value [REPLACE/3.0.0] [ABSTTL/5.0.0] "
                  "[IDLETIME seconds/5.0.0] [FREQ frequency/5.0.0]",
        .complexity = "O(N), for sorted sets that do not come in order O(N*log(N))",
        .since = "2.6.0",
        .group = "generic",
    },
};

const struct command_list key_dump_commands = COMMAND_LIST(rows);
