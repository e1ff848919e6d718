/* PFADD, PFCOUNT and PFMERGE. */
#include "foundation/sketches/hyperloglog.h"

#include "commands/hyperloglog/hyperloglog_commands.h"
#include "commands/hyperloglog/sketch.h"
#include "engine/effects.h"
#include "engine/reply.h"
#include "engine/string_access.h"

static struct { int64_t sparse_max_bytes; } settings;

/* --- PFADD --- */

static enum hyperloglog_change add_elements(const struct call *call, struct buffer *stored) {
    enum hyperloglog_change result = HYPERLOGLOG_SAME;
    for (uint32_t i = 2; i < call->argc; i++) {
        enum hyperloglog_change change =
            hyperloglog_add(stored, call->args[i], (size_t)settings.sparse_max_bytes);
        if (change == HYPERLOGLOG_CORRUPT) return HYPERLOGLOG_CORRUPT;
        if (change == HYPERLOGLOG_CHANGED) result = HYPERLOGLOG_CHANGED;
    }
    return result;
}

/* A dense sketch keeps its size, so the buffer only borrows the value. False after an error. */
static bool add_in_place(struct call *call, struct key key, struct found *found,
                         enum hyperloglog_change *change) {
    size_t len;
    char *data = string_access_edit(call, key, found, HYPERLOGLOG_DENSE_BYTES, &len);
    if (data == NULL) return false;
    struct buffer borrowed = {.data = data, .len = len, .cap = len};
    *change = add_elements(call, &borrowed);
    return true;
}

static enum hyperloglog_change add_to_copy(struct call *call, struct key key, struct found *found) {
    struct buffer stored = {0};
    bool is_new = found->entry == NULL;
    if (is_new)
        hyperloglog_create(&stored);
    else
        buffer_append_bytes(&stored, sketch_bytes(found->entry));
    enum hyperloglog_change change = add_elements(call, &stored);
    if (is_new) change = HYPERLOGLOG_CHANGED;
    if (change == HYPERLOGLOG_CHANGED) sketch_store(call, key, found, &stored);
    buffer_destroy(&stored);
    return change;
}

static void pfadd_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    if (!sketch_find(call, key, &found)) return;
    bool is_dense = found.entry != NULL && !hyperloglog_is_sparse(sketch_bytes(found.entry));
    enum hyperloglog_change change;
    if (!is_dense)
        change = add_to_copy(call, key, &found);
    else if (!add_in_place(call, key, &found, &change))
        return;
    if (change == HYPERLOGLOG_CORRUPT) {
        sketch_reply_corrupt(call);
        return;
    }
    if (change == HYPERLOGLOG_CHANGED) call_notify(call, KEY_EVENT_STRING, key.name, "pfadd");
    reply_integer(call, change == HYPERLOGLOG_CHANGED);
}

/* --- PFCOUNT --- */

/* The count is kept in the sketch's header for the next time. */
static void keep_count(struct call *call, struct key key, uint64_t count) {
    struct found found = database_find(call->db, key);
    size_t len;
    char *data = string_edit(call->db, key, &found, HYPERLOGLOG_HEADER_BYTES, &len);
    if (data == NULL) return;
    hyperloglog_store_count(data, count);
    call_notify(call, KEY_EVENT_SILENT, key.name, "pfcount");
    call_effect_request(call); /* the value's bytes are another */
}

static void count_one(struct call *call) {
    struct key key = call_key(call, 1);
    struct bytes stored;
    uint64_t count = 0;
    if (!sketch_read(call, key, &stored)) return;
    if (stored.len != 0 && !hyperloglog_cached_count(stored, &count)) {
        if (!hyperloglog_count(stored, &count)) {
            sketch_reply_corrupt(call);
            return;
        }
        keep_count(call, key, count);
    }
    reply_integer(call, (int64_t)count);
}

/* Raises the registers to those of the keys from argument `first` on. False after an error. */
static bool merge_keys(struct call *call, uint32_t first, uint8_t *registers, bool *has_dense) {
    *has_dense = false;
    for (uint32_t i = first; i < call->argc; i++) {
        struct bytes stored;
        if (!sketch_read(call, call_key(call, i), &stored)) return false;
        if (stored.len == 0) continue;
        if (!hyperloglog_is_sparse(stored)) *has_dense = true;
        if (!hyperloglog_merge(registers, stored)) {
            sketch_reply_corrupt(call);
            return false;
        }
    }
    return true;
}

static void count_union(struct call *call) {
    uint8_t registers[HYPERLOGLOG_REGISTERS] = {0};
    bool has_dense;
    if (!merge_keys(call, 1, registers, &has_dense)) return;
    reply_integer(call, (int64_t)hyperloglog_count_registers(registers));
}

static void pfcount_command(struct call *call) {
    if (call->argc == 2)
        count_one(call);
    else
        count_union(call);
}

/* --- PFMERGE --- */

static void pfmerge_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct found found;
    uint8_t registers[HYPERLOGLOG_REGISTERS] = {0};
    bool has_dense;
    /* The destination is one of the sources. */
    if (!merge_keys(call, 1, registers, &has_dense) || !sketch_find(call, key, &found)) return;
    struct buffer stored = {0};
    if (found.entry == NULL)
        hyperloglog_create(&stored);
    else
        buffer_append_bytes(&stored, sketch_bytes(found.entry));
    CHECK(hyperloglog_write(&stored, registers, has_dense, (size_t)settings.sparse_max_bytes));
    sketch_store(call, key, &found, &stored);
    buffer_destroy(&stored);
    call_notify(call, KEY_EVENT_STRING, key.name, "pfadd");
    reply_ok(call);
}

/* --- what there is --- */

static const struct command_row rows[] = {
    {
        .name = "pfadd",
        .handler = pfadd_command,
        .arity = -2,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_HYPERLOGLOG,
        .keys = {KEY_AT(1, "RW insert")},
        .summary = "Adds elements to a HyperLogLog.",
        .syntax = "key [element...]",
        .complexity = "O(1)",
        .since = "2.8.9",
        .group = "hyperloglog",
    },
    {
        .name = "pfcount",
        .handler = pfcount_command,
        .arity = -2,
        .flags = COMMAND_READONLY | COMMAND_MAY_REPLICATE,
        .categories = CATEGORY_HYPERLOGLOG,
        .keys = {KEYS_FROM(1, "RW access")},
        .summary = "Estimates how many different elements were added.",
        .syntax = "key...",
        .complexity = "O(1)",
        .since = "2.8.9",
        .group = "hyperloglog",
    },
    {
        .name = "pfmerge",
        .handler = pfmerge_command,
        .arity = -2,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_HYPERLOGLOG,
        .keys = {KEY_AT(1, "RW access insert"), KEYS_FROM(2, "RO access")},
        .summary = "Unites HyperLogLogs.",
        .syntax = "destkey [sourcekey...]",
        .complexity = "O(N)",
        .since = "2.8.9",
        .group = "hyperloglog",
    },
};

const struct command_list hyperloglog_commands = COMMAND_LIST(rows);

static const struct directive directives[] = {
    {.name = "hll-sparse-max-bytes",
     .kind = DIRECTIVE_SIZE,
     .field = &settings.sparse_max_bytes,
     .default_text = "3000"},
};

static const struct command_list *const lists[] = {
    &hyperloglog_commands,
    &hyperloglog_debug_commands,
    NULL,
};

const struct feature hyperloglog_commands_feature = {
    .name = "hyperloglog",
    .commands = lists,
    .directives = directives,
    .directive_count = ARRAY_LEN(directives),
};
