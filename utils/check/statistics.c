#include "check/statistics.h"

#include "data/types/hash/hash.h"
#include "data/types/list/list.h"
#include "data/types/set/set.h"
#include "data/types/stream/stream.h"
#include "data/types/string/string.h"
#include "data/types/zset/zset.h"
#include "foundation/buffer.h"
#include "foundation/mem.h"

enum {
    /* Of the table and the calendar, for a key. */
    TABLE_BYTES = 10,
    DUE_BYTES = 8,
    BIG_NAME_MAX = 256,
};

void statistics_init(struct statistics *statistics, int64_t now_ms, bool measures, size_t top) {
    *statistics = (struct statistics){.now_ms = now_ms, .measures = measures};
    struct big_keys *const lists[] = {&statistics->biggest, &statistics->longest};
    for (size_t i = 0; measures && i < ARRAY_LEN(lists); i++) {
        lists[i]->items = mem_alloc_array(top + 1, sizeof(*lists[i]->items));
        lists[i]->max = top;
    }
}

static void destroy_big_keys(struct big_keys *keys) {
    for (size_t i = 0; i < keys->count; i++) mem_free(keys->items[i].name);
    mem_free(keys->items);
}

void statistics_destroy(struct statistics *statistics) {
    destroy_big_keys(&statistics->biggest);
    destroy_big_keys(&statistics->longest);
    mem_free(statistics->databases);
}

/* --- a key's figures --- */

static uint64_t count_elements(const struct entry *entry) {
    switch (entry->type) {
    case VALUE_LIST: return list_len(entry);
    case VALUE_SET: return set_len(entry);
    case VALUE_ZSET: return zset_len(entry);
    case VALUE_HASH: return hash_len(entry);
    case VALUE_STREAM: return stream_len(entry);
    default: return 1;
    }
}

static uint64_t measure(const struct entry *entry, bool has_due) {
    size_t bytes = TABLE_BYTES + (has_due ? (size_t)DUE_BYTES : 0) + mem_usable_size(entry);
    return bytes + value_type_of(entry)->outside_bytes(entry, 0);
}

/* --- the biggest --- */

static char *copy_name(struct bytes key) {
    struct buffer quoted = {0};
    bool is_long = key.len > BIG_NAME_MAX;
    buffer_append_quoted(&quoted, bytes_of(key.data, is_long ? BIG_NAME_MAX : key.len));
    if (is_long) buffer_printf(&quoted, "... (%zu bytes)", key.len);
    char *name = mem_dup_str(buffer_c_str(&quoted));
    buffer_destroy(&quoted);
    return name;
}

static void add_big_key(struct big_keys *keys, struct big_key key, struct bytes name) {
    size_t at = keys->count;
    if (at == keys->max && (at == 0 || keys->items[at - 1].size >= key.size)) return;
    while (at > 0 && keys->items[at - 1].size < key.size) at--;
    memmove(keys->items + at + 1, keys->items + at, (keys->count - at) * sizeof(key));
    key.name = copy_name(name);
    keys->items[at] = key;
    if (keys->count < keys->max)
        keys->count++;
    else
        mem_free(keys->items[keys->count].name);
}

/* --- sums --- */

/* The place of a form among those that there are, which are in order; or where it belongs. */
static size_t find_form_place(const struct statistics *statistics, const char *type,
                              const char *encoding) {
    size_t at = 0;
    for (; at < statistics->form_count; at++) {
        const struct form *form = &statistics->forms[at];
        int order = strcmp(type, form->type);
        if (order == 0) order = strcmp(encoding, form->encoding);
        if (order <= 0) break;
    }
    return at;
}

static struct form *find_form(struct statistics *statistics, const char *type,
                              const char *encoding) {
    size_t at = find_form_place(statistics, type, encoding);
    struct form *form = &statistics->forms[at];
    if (at < statistics->form_count && form->type == type && strcmp(form->encoding, encoding) == 0)
        return form;
    CHECK(statistics->form_count < FORMS_MAX);
    memmove(form + 1, form, (statistics->form_count++ - at) * sizeof(*form));
    *form = (struct form){.type = type, .encoding = encoding};
    return form;
}

static struct database_figures *find_database(struct statistics *statistics, uint64_t number) {
    CHECK(number < DATABASES_MAX);
    size_t had = statistics->database_count;
    if (number >= had) {
        size_t wanted = (size_t)number + 1;
        statistics->databases =
            mem_realloc(statistics->databases, wanted * sizeof(*statistics->databases));
        memset(statistics->databases + had, 0, (wanted - had) * sizeof(*statistics->databases));
        statistics->database_count = wanted;
    }
    return &statistics->databases[number];
}

static const struct {
    int64_t below_s;
    const char *label;
} due_steps[DUE_STEPS] = {
    {0, "past"},
    {60, "less than a minute"},
    {3600, "less than an hour"},
    {24 * 3600, "less than a day"},
    {7 * 24 * 3600, "less than a week"},
    {30 * 24 * 3600, "less than 30 days"},
    {365 * 24 * 3600, "less than a year"},
    {0, "a year or more"},
};

const char *statistics_due_label(size_t step) {
    return due_steps[step].label;
}

static void add_due(struct statistics *statistics, int64_t due_ms) {
    size_t step = 0;
    int64_t left_ms = due_ms - statistics->now_ms;
    if (left_ms > 0) {
        for (step = 1; step < DUE_STEPS - 1 && left_ms >= due_steps[step].below_s * 1000;) step++;
    } else {
        statistics->keys_past_due++;
    }
    statistics->keys_with_due++;
    statistics->due_steps[step]++;
}

static void add_measures(struct statistics *statistics, const struct entry *entry,
                         const struct rdb_walk *walk, struct database_figures *database) {
    const struct value_type *type = value_type_of(entry);
    struct form *form = find_form(statistics, type->name, type->encoding_name(entry));
    struct big_key key = {
        .type = type->name,
        .bytes = measure(entry, walk->facts.due_ms != 0),
        .elements = count_elements(entry),
        .database = walk->database_number,
    };
    statistics->bytes += key.bytes;
    statistics->elements += key.elements;
    database->bytes += key.bytes;
    form->keys++;
    form->bytes += key.bytes;
    form->elements += key.elements;
    key.size = key.bytes;
    add_big_key(&statistics->biggest, key, walk->key);
    key.size = key.elements;
    add_big_key(&statistics->longest, key, walk->key);
}

void statistics_add(struct statistics *statistics, const struct entry *entry,
                    const struct rdb_walk *walk) {
    struct database_figures *database = find_database(statistics, walk->database_number);
    bool has_due = walk->facts.due_ms != 0;
    statistics->keys++;
    statistics->keys_by_rdb_type[walk->type]++;
    database->keys++;
    database->keys_with_due += has_due;
    if (has_due) add_due(statistics, walk->facts.due_ms);
    if (statistics->measures) add_measures(statistics, entry, walk, database);
}

/* --- words --- */

const char *statistics_skipped_label(enum rdb_skipped skipped) {
    static const char *const labels[RDB_SKIPPED_COUNT] = {
        [RDB_SKIPPED_MODULE_VALUE] = "values of modules",
        [RDB_SKIPPED_MODULE_AUX] = "other data of modules",
        [RDB_SKIPPED_FUNCTION] = "libraries of functions",
    };
    return labels[skipped];
}

uint64_t statistics_own_keys(const struct statistics *statistics) {
    uint64_t keys = 0;
    for (size_t type = RDB_SKUA_FIRST; type <= RDB_SKUA_LAST; type++)
        keys += statistics->keys_by_rdb_type[type];
    return keys;
}

const char *statistics_redis_version(const struct statistics *statistics) {
    static const struct {
        unsigned rdb_version;
        const char *redis_version;
    } versions[] = {{6, "2.6"},  {7, "3.2"},  {8, "4.0"}, {9, "5.0"},
                    {10, "7.0"}, {11, "7.2"}, {12, "7.4"}};
    unsigned needed = 0;
    if (statistics_own_keys(statistics) != 0) return NULL;
    for (unsigned type = 0; type < RDB_SKUA_FIRST; type++) {
        if (statistics->keys_by_rdb_type[type] == 0) continue;
        unsigned version = rdb_type_version((uint8_t)type);
        if (version > needed) needed = version;
    }
    for (size_t i = 0; i < ARRAY_LEN(versions); i++)
        if (needed <= versions[i].rdb_version) return versions[i].redis_version;
    return NULL;
}
