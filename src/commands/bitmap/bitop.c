/* BITOP: whole strings combined bit by bit. */
#include "commands/bitmap/bitmap_commands.h"
#include "engine/arguments.h"
#include "engine/string_access.h"
#include "foundation/bits.h"
#include "foundation/mem.h"

enum { DESTINATION = 2, FIRST_SOURCE = 3 };

struct operation {
    const char *name;
    enum bits_operation kind;
    bool wants_several; /* sources */
};

static const struct operation operations[] = {
    {"AND", BITS_AND, false},    {"OR", BITS_OR, false},    {"XOR", BITS_XOR, false},
    {"NOT", BITS_NOT, false},    {"DIFF", BITS_DIFF, true}, {"DIFF1", BITS_DIFF1, true},
    {"ANDOR", BITS_ANDOR, true}, {"ONE", BITS_ONE, false},
};

static const struct operation *parse_operation(struct call *call) {
    for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
        if (argument_is(call, 1, operations[i].name)) return &operations[i];
    }
    reply_error_syntax(call);
    return NULL;
}

static bool check_source_count(struct call *call, const struct operation *operation) {
    uint32_t count = call->argc - FIRST_SOURCE;
    if (operation->kind == BITS_NOT && count != 1) {
        reply_error(call, "ERR BITOP NOT must be called with a single source key.");
        return false;
    }
    if (operation->wants_several && count < 2) {
        reply_error_printf(call, "ERR BITOP %s must be called with at least two source keys.",
                           operation->name);
        return false;
    }
    return true;
}

/* The strings to combine; an absent key is an empty one. */
struct sources {
    struct bytes *values;
    char (*scratch)[STRING_SCRATCH];
    size_t count;
    size_t max_len;
};

static void init_sources(struct sources *sources, size_t count) {
    *sources = (struct sources){
        .values = mem_alloc_array(count, sizeof(*sources->values)),
        .scratch = mem_alloc_array(count, sizeof(*sources->scratch)),
        .count = count,
    };
}

static void destroy_sources(struct sources *sources) {
    mem_free(sources->values);
    mem_free(sources->scratch);
}

static bool read_sources(struct call *call, struct sources *sources) {
    for (size_t i = 0; i < sources->count; i++) {
        const struct entry *entry;
        struct key key = call_key(call, FIRST_SOURCE + (uint32_t)i);
        if (!string_access_read(call, key, &entry)) return false;
        struct bytes value = entry == NULL ? BYTES("") : string_view(entry, sources->scratch[i]);
        sources->values[i] = value;
        if (value.len > sources->max_len) sources->max_len = value.len;
    }
    return true;
}

/* False, with nothing changed, when there is no memory for it. */
static bool store_result(struct call *call, struct bytes result) {
    struct key key = call_key(call, DESTINATION);
    struct found found = database_use(call->db, key);
    const unsigned flags = STRING_STORE_RAW | STRING_OVERWRITES;
    if (result.len != 0) {
        if (!string_try_store(call->db, key, &found, result, flags)) return false;
        call_notify(call, KEY_EVENT_STRING, key.name, "set");
    } else if (found.entry != NULL) {
        database_delete(call->db, key, found);
        call_notify(call, KEY_EVENT_GENERIC, key.name, "del");
    }
    return true;
}

static void combine(struct call *call, enum bits_operation kind, const struct sources *sources) {
    size_t len = sources->max_len;
    char *result = mem_try_alloc(len);
    if (result != NULL) bits_combine(kind, sources->values, sources->count, result, len);
    if (result != NULL && store_result(call, bytes_of(result, len)))
        reply_integer(call, (int64_t)len);
    else
        string_access_refuse_len(call);
    mem_free(result);
}

static void bitop_command(struct call *call) {
    const struct operation *operation = parse_operation(call);
    if (operation == NULL || !check_source_count(call, operation)) return;
    struct sources sources;
    init_sources(&sources, call->argc - FIRST_SOURCE);
    if (read_sources(call, &sources)) combine(call, operation->kind, &sources);
    destroy_sources(&sources);
}

static const struct command_row rows[] = {
    {
        .name = "bitop",
        .handler = bitop_command,
        .arity = -4,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_BITMAP,
        .keys = {KEY_AT(2, "OW update"), KEYS_FROM(3, "RO access")},
        .summary = "Combines strings bit by bit and stores the result.",
        .syntax = "operation(AND | OR | XOR | NOT | DIFF/8.2.0 | DIFF1/8.2.0 | ANDOR/8.2.0 | "
                  "ONE/8.2.0) destkey key...",
        .complexity = "O(N)",
        .since = "2.6.0",
        .group = "bitmap",
    },
};

const struct command_list bitmap_bitop_commands = COMMAND_LIST(rows);
