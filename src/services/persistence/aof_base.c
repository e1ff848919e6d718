#include "services/persistence/aof_base.h"

#include "data/keyspace.h"
#include "data/rdb/rdb_format.h"
#include "data/rdb/rdb_payload.h"
#include "data/types/hash/hash.h"
#include "data/types/list/list.h"
#include "data/types/set/set.h"
#include "data/types/string/string.h"
#include "data/types/zset/zset.h"
#include "engine/engine.h"
#include "engine/fence.h"
#include "engine/rate_policies.h"
#include "protocol/resp_writer.h"
#include "services/persistence/aof_format.h"
#include "services/persistence/aof_settings.h"
#include "services/persistence/saving.h"

enum { ELEMENTS_PER_COMMAND = 64, MS_PER_SECOND = 1000 };

/* A command of many elements, of which those at hand are written. */
struct run {
    const char *name;
    struct bytes key;
    struct buffer args; /* behind the key, as bulk strings */
    uint32_t arg_count, element_count;
};

struct base {
    struct engine *engine;
    struct saving saving;
    struct buffer out;
    struct aof_format format;
    uint32_t db_number;
    int64_t now_s; /* unix time */
    struct run run;
    struct rdb_writer payload;
};

/* --- commands --- */

static void flush(struct base *base) {
    if (!base->saving.is_stopped) (void)saving_write(&base->saving, buffer_bytes(&base->out));
    buffer_clear(&base->out);
}

static void write_command(struct base *base, const struct bytes *args, uint32_t argc) {
    aof_format_write(&base->format, &base->out, base->db_number, args, argc, base->now_s);
    if (base->out.len >= SAVING_FLUSH_BYTES) flush(base);
}

#define WRITE_COMMAND(base, ...)                                                                   \
    do {                                                                                           \
        const struct bytes command_args_[] = {__VA_ARGS__};                                        \
        write_command((base), command_args_, (uint32_t)ARRAY_LEN(command_args_));                  \
    } while (0)

struct digits {
    char text[NUMBER_I64_MAX_CHARS];
};

static struct bytes digits_of(int64_t number, struct digits *digits) {
    return bytes_of(digits->text, number_format_i64(digits->text, number));
}

/* --- runs of elements --- */

static void append_bulk(struct buffer *out, struct bytes bytes) {
    char *start = buffer_room(out, bytes.len + RESP_HEADER_MAX);
    buffer_commit(out, (size_t)(resp_put_bulk(start, bytes) - start));
}

static void end_run(struct base *base) {
    struct run *run = &base->run;
    if (run->arg_count == 0) return;
    aof_format_open_request(&base->format, &base->out, base->db_number, run->arg_count + 2,
                            base->now_s);
    append_bulk(&base->out, bytes_of_str(run->name));
    append_bulk(&base->out, run->key);
    buffer_append_bytes(&base->out, buffer_bytes(&run->args));
    buffer_clear(&run->args);
    run->arg_count = run->element_count = 0;
    if (base->out.len >= SAVING_FLUSH_BYTES) flush(base);
}

static void begin_run(struct base *base, const char *name, const struct entry *entry) {
    base->run.name = name;
    base->run.key = entry_key(entry);
}

static void add_arg(struct base *base, struct bytes arg) {
    append_bulk(&base->run.args, arg);
    base->run.arg_count++;
}

static void end_element(struct base *base) {
    struct run *run = &base->run;
    bool is_full = ++run->element_count == ELEMENTS_PER_COMMAND;
    if (is_full || run->args.len >= SAVING_FLUSH_BYTES) end_run(base);
}

/* --- types --- */

static void write_string(struct base *base, const struct entry *entry) {
    char scratch[STRING_SCRATCH];
    WRITE_COMMAND(base, BYTES("SET"), entry_key(entry), string_view(entry, scratch));
}

static void write_list(struct base *base, const struct entry *entry) {
    begin_run(base, "RPUSH", entry);
    struct list_position at = list_seek(entry, 0);
    for (; at.at != NULL; list_step(&at, LIST_TAIL)) {
        struct packed_value value = list_read(&at);
        char scratch[PACKED_SCRATCH];
        add_arg(base, packed_text(&value, scratch));
        end_element(base);
    }
    end_run(base);
}

static bool add_member(void *context, struct bytes member) {
    struct base *base = context;
    add_arg(base, member);
    end_element(base);
    return true;
}

static void write_set(struct base *base, const struct entry *entry) {
    begin_run(base, "SADD", entry);
    set_for_each(entry, add_member, base);
    end_run(base);
}

static bool add_ranked(void *context, struct bytes member, struct score score) {
    struct base *base = context;
    char text[SCORE_TEXT_MAX];
    add_arg(base, bytes_of(text, score_format(score, text)));
    add_arg(base, member);
    end_element(base);
    return true;
}

static void write_zset(struct base *base, const struct entry *entry) {
    begin_run(base, "ZADD", entry);
    zset_for_each(entry, add_ranked, base);
    end_run(base);
}

static void add_field(void *context, const struct hash_field *field) {
    struct base *base = context;
    add_arg(base, field->name);
    add_arg(base, field->value);
    end_element(base);
}

static void write_field_due(void *context, const struct hash_field *field) {
    struct base *base = context;
    struct digits digits;
    if (field->due_ms == 0) return;
    WRITE_COMMAND(base, BYTES("HPEXPIREAT"), base->run.key, digits_of(field->due_ms, &digits),
                  BYTES("FIELDS"), BYTES("1"), field->name);
}

static void write_hash(struct base *base, const struct entry *entry) {
    begin_run(base, "HSET", entry);
    hash_for_each(entry, add_field, base);
    end_run(base);
    hash_for_each(entry, write_field_due, base);
}

/* Whatever the value is, its due time included. */
static void write_payload(struct base *base, const struct entry *entry) {
    struct digits digits;
    rdb_writer_clear(&base->payload);
    rdb_payload_write(&base->payload, entry);
    WRITE_COMMAND(base, BYTES("RESTORE"), entry_key(entry), digits_of(entry_due_ms(entry), &digits),
                  rdb_writer_bytes(&base->payload), BYTES("ABSTTL"));
}

typedef void write_value_function(struct base *base, const struct entry *entry);

static write_value_function *const write_values[VALUE_TYPE_COUNT] = {
    [VALUE_STRING] = write_string, [VALUE_LIST] = write_list, [VALUE_SET] = write_set,
    [VALUE_ZSET] = write_zset,     [VALUE_HASH] = write_hash,
};

/* NULL: as a payload. Exact scores and due times of members other than fields are Skua's own. */
static write_value_function *choose(const struct entry *entry) {
    if (rdb_type_of(entry) >= RDB_SKUA_FIRST) return NULL;
    return write_values[entry->type];
}

static void write_entry(void *context, const struct entry *entry) {
    struct base *base = context;
    struct digits digits;
    write_value_function *write_value = choose(entry);
    if (write_value == NULL) {
        write_payload(base, entry);
        return;
    }
    write_value(base, entry);
    if (entry_due_ms(entry) != 0)
        WRITE_COMMAND(base, BYTES("PEXPIREAT"), entry_key(entry),
                      digits_of(entry_due_ms(entry), &digits));
}

/* --- the whole --- */

static void write_policy(void *context, const struct bytes *args, uint32_t argc) {
    write_command(context, args, argc);
}

static void write_surroundings(struct base *base) {
    struct digits digits;
    int64_t token = fence_last(base->engine);
    if (token != 0) WRITE_COMMAND(base, BYTES("FENCE.RAISE"), digits_of(token, &digits));
    rate_policies_tell(base->engine, write_policy, base);
}

static bool write_all(struct base *base) {
    const struct keyspace *keyspace = base->engine->keyspace;
    write_surroundings(base);
    for (uint32_t i = 0; i < keyspace->db_count; i++) {
        base->db_number = i;
        saving_walk(&base->saving, keyspace->dbs[i], write_entry, base);
    }
    flush(base);
    return !base->saving.is_stopped;
}

bool aof_base_write(struct engine *engine, const char *path, struct rdb_save *save, char *error) {
    struct base base = {.engine = engine,
                        .format = {.has_times = aof_settings()->has_times},
                        .now_s = engine->clock->unix_ms / MS_PER_SECOND};
    if (!saving_begin(&base.saving, path, save, error)) return false;
    rdb_writer_init(&base.payload, &(struct rdb_writer_settings){
                                       .is_compressing = engine->keyspace->is_rdb_compressed,
                                       .is_checksumming = true,
                                   });
    bool is_whole = write_all(&base);
    rdb_writer_destroy(&base.payload);
    buffer_destroy(&base.run.args);
    buffer_destroy(&base.out);
    return saving_end(&base.saving, is_whole);
}
