/* HRANDFIELD: fields drawn at random. */
#include "commands/hash/hash_commands.h"
#include "data/types/hash/hash.h"
#include "engine/arguments.h"
#include "engine/collection_access.h"

/* With repetition a small hash can give a reply of any size: so many draws at most. */
enum { MAX_DRAWS = 1 << 26 };

static const int64_t max_count = INT64_MAX;

static bool parse_count(struct call *call, int64_t *count) {
    if (!argument_i64(call, 2, count)) return false;
    if (*count >= -max_count) return true;
    reply_error_printf(call, "ERR value is out of range, value must between %lld and %lld",
                       (long long)-max_count, (long long)max_count);
    return false;
}

static bool check_count(struct call *call, int64_t count, bool has_values) {
    bool is_too_long = has_values && (count < -max_count / 2 || count > max_count / 2);
    if (!is_too_long && count >= -MAX_DRAWS) return true;
    reply_error(call, "ERR value is out of range");
    return false;
}

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

static void reply_drawn(struct call *call, const struct entry *entry, int64_t count,
                        bool has_values) {
    bool is_distinct = count >= 0;
    uint64_t wanted = is_distinct ? (uint64_t)count : (uint64_t)-count;
    if (entry == NULL) wanted = 0;
    if (entry != NULL && is_distinct && wanted > hash_len(entry)) wanted = hash_len(entry);
    bool is_flat = has_values && call->session->version == RESP2;
    reply_array(call, is_flat ? 2 * wanted : wanted);
    if (wanted == 0) return;
    hash_visit_function *reply = !has_values ? reply_name : is_flat ? reply_flat_pair : reply_pair;
    hash_random_many(entry, wanted, is_distinct, reply, call);
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
    int64_t count;
    const struct entry *entry;
    bool has_values = call->argc == 4 && argument_is(call, 3, "withvalues");
    if (!parse_count(call, &count)) return;
    if (call->argc > 3 && !has_values) {
        reply_error_syntax(call);
        return;
    }
    if (!check_count(call, count, has_values)) return;
    if (collection_read(call, call_key(call, 1), VALUE_HASH, &entry))
        reply_drawn(call, entry, count, has_values);
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
