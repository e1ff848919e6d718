/* HRANDFIELD: fields drawn at random. */
#include "commands/hash/hash_commands.h"
#include "data/types/hash/hash.h"
#include "engine/collection_access.h"
#include "engine/draw_count.h"

static void reply_name(void *context, const struct hash_field *field) {
    reply_bulk(context, field->name);
}

static void reply_flat_pair(void *context, const struct hash_field *field) {
    reply_bulk(context, field->name);
    reply_bulk(context, field->value);
}

static void reply_pair(void *context, const struct hash_field *field) {
    reply_array(context, 2);
    reply_flat_pair(context, field);
}

static void reply_drawn(struct call *call, const struct entry *entry,
                        const struct draw_count *drawn) {
    uint64_t count = draw_count_cut(drawn, entry == NULL ? 0 : hash_len(entry));
    bool is_flat = drawn->has_values && call->session->version == RESP2;
    reply_array(call, is_flat ? 2 * count : count);
    if (count == 0) return;
    hash_visit_function *reply = is_flat ? reply_flat_pair : reply_pair;
    if (!drawn->has_values) reply = reply_name;
    hash_random_many(entry, count, drawn->is_distinct, reply, call);
}

static void draw_one(struct call *call) {
    const struct entry *entry;
    if (!collection_read(call, call_key(call, 1), VALUE_HASH, &entry)) return;
    if (entry == NULL) {
        reply_null(call);
        return;
    }
    struct hash_field field;
    hash_random(entry, &field);
    reply_bulk(call, field.name);
}

static void draw_many(struct call *call) {
    struct draw_count drawn;
    const struct entry *entry;
    if (draw_count_read(call, "withvalues", &drawn) &&
        collection_read(call, call_key(call, 1), VALUE_HASH, &entry))
        reply_drawn(call, entry, &drawn);
}

static void hrandfield_command(struct call *call) {
    if (call->argc == 2)
        draw_one(call);
    else
        draw_many(call);
}

static const struct command_row rows[] = {
    {
        .name = "hrandfield",
        .handler = hrandfield_command,
        .arity = -2,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_HASH,
        .keys = {KEY_AT(1, "RO access")},
        .tips = "nondeterministic_output",
        .summary = "Returns fields of a hash drawn at random.",
        .syntax = "key [options(count [WITHVALUES])]",
        .complexity = "O(N)",
        .since = "6.2.0",
        .group = "hash",
    },
};

const struct command_list hash_random_commands = COMMAND_LIST(rows);
