/* Hashes in RDB form. With due times they are written as by Redis 7.4, without them as by 7.0, which
 * knows no others. */
#include "data/types/hash/hash_rdb.h"

#include "data/rdb/legacy.h"
#include "data/rdb/rdb_members.h"
#include "data/types/hash/hash_private.h"
#include "foundation/mem.h"

#include <stdlib.h>

static bool has_dues(const struct entry *entry) {
    if (entry->encoding == HASH_PACKED) return false;
    if (entry->encoding == HASH_PACKED_DUE) return hash_packed_due_of(entry)->dues.count != 0;
    return rdb_members_have_dues(entry_pointer(entry));
}

uint8_t hash_rdb_type(const struct entry *entry) {
    bool is_table = entry->encoding == HASH_TABLE;
    if (has_dues(entry)) return is_table ? RDB_HASH_DUES : RDB_HASH_LISTPACK_DUES;
    return is_table ? RDB_HASH : RDB_HASH_LISTPACK;
}

/* --- saving --- */

struct table_save {
    struct rdb_writer *writer;
    const struct members *members;
    bool has_dues;
    int64_t earliest_ms;
};

static void save_member(void *member, void *context) {
    const struct table_save *save = context;
    if (save->has_dues) rdb_write_due(save->writer, save->earliest_ms, member_due_ms(member));
    rdb_write_string(save->writer, member_name(save->members, member));
    rdb_write_string(save->writer, member_value(save->members, member));
}

static void save_table(struct rdb_writer *writer, const struct members *members) {
    struct table_save save = {writer, members, rdb_members_have_dues(members), 0};
    if (save.has_dues) {
        save.earliest_ms = rdb_members_earliest_ms(members);
        rdb_write_i64(writer, save.earliest_ms);
    }
    rdb_write_length(writer, members_count(members));
    members_for_each(members, save_member, &save);
}

static struct packed_item item_at(const char *at) {
    struct packed_value value = packed_read(at);
    return value.data == NULL ? packed_item_of_integer(value.integer)
                              : packed_item_of(bytes_of(value.data, value.len));
}

/* A hash whose last due time has gone still has the places for them. */
static void save_without_places(struct rdb_writer *writer, const char *listpack) {
    char *plain = listpack_new(listpack_bytes(listpack));
    const char *at = listpack_first(listpack);
    while (at != NULL) {
        const char *value_at = listpack_next(listpack, at);
        struct packed_item items[] = {item_at(at), item_at(value_at)};
        char *end = NULL;
        plain = listpack_insert(plain, &end, items, ARRAY_LEN(items));
        at = listpack_next(listpack, listpack_next(listpack, value_at));
    }
    rdb_write_string(writer, bytes_of(plain, listpack_bytes(plain)));
    listpack_free(plain);
}

void hash_save(const struct entry *entry, struct rdb_writer *writer) {
    if (entry->encoding == HASH_TABLE) {
        save_table(writer, entry_pointer(entry));
        return;
    }
    const char *listpack = hash_packed_listpack(entry);
    if (entry->encoding == HASH_PACKED_DUE && !has_dues(entry)) {
        save_without_places(writer, listpack);
        return;
    }
    if (has_dues(entry)) rdb_write_i64(writer, hash_packed_next_due_ms(entry));
    rdb_write_string(writer, bytes_of(listpack, listpack_bytes(listpack)));
}

/* --- loading: entries --- */

static struct entry *new_entry(const struct rdb_target *target, enum hash_encoding encoding,
                               void *pointer) {
    struct entry_shape shape = {.has_word = true, .has_due = target->has_due};
    struct entry *entry = entry_new(target->key, shape);
    entry->type = VALUE_HASH;
    entry->encoding = (uint32_t)encoding & 0xf;
    entry_set_pointer(entry, pointer);
    return entry;
}

static struct entry *new_packed_due_entry(const struct rdb_target *target, char *listpack,
                                          uint64_t due_count) {
    struct hash_packed_due *due = mem_alloc_zeroed(sizeof(*due));
    due->listpack = listpack;
    due->dues.count = due_count;
    return new_entry(target, HASH_PACKED_DUE, due);
}

/* --- loading: listpacks and what becomes one --- */

/* How many fields have due times: those that have stand in front, in order. False when they do
 * not, or are none. */
static bool count_dues(const char *listpack, uint64_t *due_count) {
    int64_t last_ms = 1;
    *due_count = 0;
    for (const char *at = listpack_first(listpack); at != NULL; at = listpack_next(listpack, at)) {
        at = listpack_next(listpack, listpack_next(listpack, at));
        struct packed_value due = packed_read(at);
        if (due.data != NULL || due.integer < 0) return false;
        if (due.integer != 0 && due.integer < last_ms) return false;
        last_ms = due.integer == 0 ? INT64_MAX : due.integer;
        *due_count += due.integer != 0;
    }
    return true;
}

static bool is_sound(const char *listpack, size_t step, uint64_t *due_count) {
    *due_count = 0;
    if (listpack_count(listpack) == 0 || listpack_count(listpack) % step != 0) return false;
    if (listpack_has_duplicates(listpack, step)) return false;
    return step == 2 || count_dues(listpack, due_count);
}

/* An entry of a well-formed listpack, which it takes over. NULL, the listpack freed, when its
 * fields are not those of a hash. */
static struct entry *adopt_listpack(const struct rdb_target *target, char *listpack, size_t step,
                                    size_t longest) {
    uint64_t due_count;
    if (!is_sound(listpack, step, &due_count)) {
        listpack_free(listpack);
        return NULL;
    }
    struct entry *entry = step == 2 ? new_entry(target, HASH_PACKED, listpack)
                                    : new_packed_due_entry(target, listpack, due_count);
    if (!hash_packed_allows(hash_packed_len(entry), longest))
        hash_make_table(entry, 0, target->now_ms);
    return entry;
}

/* The listpack of a blob, the caller's; NULL when the blob is malformed. *longest is what the
 * limits hold for. */
static char *convert_blob(struct bytes blob, uint8_t rdb_type, size_t step, size_t *longest) {
    *longest = 0;
    if (rdb_type == RDB_HASH_ZIPLIST) return legacy_ziplist_to_listpack(blob);
    if (rdb_type != RDB_HASH_ZIPMAP)
        return listpack_validate(blob, step) ? listpack_copy(blob.data) : NULL;
    char *listpack = legacy_zipmap_to_listpack(blob);
    if (listpack == NULL) return NULL;
    for (const char *at = listpack_first(listpack); at != NULL; at = listpack_next(listpack, at)) {
        size_t len = packed_read(at).len;
        if (len > *longest) *longest = len;
    }
    return listpack;
}

static struct entry *load_blob(struct rdb_reader *reader, uint8_t rdb_type,
                               const struct rdb_target *target) {
    static const char what[] = "the packed fields of a hash";
    size_t step = rdb_type == RDB_HASH_LISTPACK_DUES ? 3 : 2, longest;
    if (step == 3) (void)rdb_read_earliest_ms(reader);
    uint64_t offset = rdb_reader_offset(reader);
    struct bytes blob = rdb_read_string(reader, what);
    if (rdb_has_failed(reader)) return NULL;
    char *listpack = convert_blob(blob, rdb_type, step, &longest);
    struct entry *entry = listpack == NULL ? NULL : adopt_listpack(target, listpack, step, longest);
    if (entry == NULL) rdb_fail(reader, offset, what, "%zu bytes that are none", blob.len);
    return entry;
}

/* --- loading: pairs --- */

/* A pair that was read; the name stays valid while the value is read only in a copy. */
struct pair_reader {
    struct rdb_reader *reader;
    bool has_dues;
    int64_t earliest_ms;
    uint64_t offset;
    struct buffer name_copy;
    struct bytes name, value;
    int64_t due_ms;
};

static bool read_pair(struct pair_reader *pair) {
    struct rdb_reader *reader = pair->reader;
    pair->offset = rdb_reader_offset(reader);
    pair->due_ms = pair->has_dues ? rdb_read_due(reader, pair->earliest_ms) : 0;
    buffer_clear(&pair->name_copy);
    buffer_append_bytes(&pair->name_copy, rdb_read_element(reader, "a hash's field"));
    pair->name = buffer_bytes(&pair->name_copy);
    pair->value = rdb_read_element(reader, "a field's value");
    return !rdb_has_failed(reader);
}

static void add_to_table(struct pair_reader *pair, struct members *members, int64_t now_ms) {
    void *member = rdb_add_member(pair->reader, members, pair->name, pair->value, pair->offset);
    if (member != NULL && pair->due_ms != 0)
        rdb_set_member_due(members, member, pair->due_ms, now_ms);
}

static struct entry *new_table(const struct rdb_target *target, uint64_t count) {
    struct members *members = members_new(true, 0);
    members_reserve(members, rdb_reserve_for(count));
    return new_entry(target, HASH_TABLE, members);
}

/* Adds the pair read last and then others, `count` in all, to a table. */
static struct entry *load_rest(struct pair_reader *pair, struct entry *entry, uint64_t count,
                               int64_t now_ms) {
    struct rdb_arrivals arrivals = {.reader = pair->reader, .members = entry_pointer(entry)};
    do {
        const struct rdb_arrival arrival = {
            .name = pair->name, .value = pair->value, .offset = pair->offset};
        if (pair->has_dues)
            add_to_table(pair, entry_pointer(entry), now_ms);
        else
            rdb_arrivals_add(&arrivals, &arrival);
    } while (--count != 0 && read_pair(pair));
    rdb_arrivals_settle(&arrivals);
    rdb_arrivals_destroy(&arrivals);
    return entry;
}

/* Elements that a field takes in the listpack that is being made. */
static size_t step_of(const struct pair_reader *pair) {
    return pair->has_dues ? 3 : 2;
}

static bool is_packable(const struct pair_reader *pair, const char *listpack) {
    const size_t overhead = 3 * (size_t)PACKED_ENTRY_OVERHEAD_MAX;
    size_t name_len = pair->name.len, value_len = pair->value.len;
    return hash_packed_allows(0, name_len > value_len ? name_len : value_len) &&
           listpack_has_room(listpack, name_len + value_len + overhead);
}

/* Appends pairs until one does not fit, which is then the pair read last; *done tells how many have
 * been appended. */
static char *load_into_listpack(struct pair_reader *pair, uint64_t count, uint64_t *done) {
    char *listpack = listpack_new(0);
    for (*done = 0; *done < count && read_pair(pair); ++*done) {
        if (!is_packable(pair, listpack)) break;
        struct packed_item items[] = {packed_item_of(pair->name), packed_item_of(pair->value),
                                      packed_item_of_integer(pair->due_ms)};
        char *at = NULL;
        listpack = listpack_insert(listpack, &at, items, step_of(pair));
    }
    return listpack;
}

struct due_place {
    uint64_t due_ms; /* 0, none, as the latest */
    const char *at;
};

static int compare_dues(const void *a, const void *b) {
    const struct due_place *place = a, *other = b;
    if (place->due_ms != other->due_ms) return place->due_ms < other->due_ms ? -1 : 1;
    return place->at < other->at ? -1 : 1;
}

/* A listpack of the same triples in order of their due times. */
static char *sort_triples(char *listpack) {
    size_t count = listpack_count(listpack) / 3;
    struct due_place *places = mem_alloc_array(count, sizeof(*places));
    const char *at = listpack_first(listpack);
    for (size_t i = 0; i < count; i++) {
        const char *due_at = listpack_next(listpack, listpack_next(listpack, at));
        places[i] = (struct due_place){(uint64_t)packed_read(due_at).integer - 1, at};
        at = listpack_next(listpack, due_at);
    }
    qsort(places, count, sizeof(*places), compare_dues);
    char *sorted = listpack_new(listpack_bytes(listpack));
    for (size_t i = 0; i < count; i++) {
        const char *value_at = listpack_next(listpack, places[i].at);
        struct packed_item items[] = {item_at(places[i].at), item_at(value_at),
                                      item_at(listpack_next(listpack, value_at))};
        char *end = NULL;
        sorted = listpack_insert(sorted, &end, items, ARRAY_LEN(items));
    }
    mem_free(places);
    listpack_free(listpack);
    return sorted;
}

static struct entry *load_small(struct pair_reader *pair, uint64_t count,
                                const struct rdb_target *target) {
    uint64_t done;
    char *listpack = load_into_listpack(pair, count, &done);
    if (rdb_has_failed(pair->reader) || done == 0) {
        listpack_free(listpack);
        if (rdb_has_failed(pair->reader)) return NULL;
        return load_rest(pair, new_table(target, count), count, target->now_ms);
    }
    if (pair->has_dues) listpack = sort_triples(listpack);
    struct entry *entry = adopt_listpack(target, listpack, step_of(pair), 0);
    if (entry == NULL)
        rdb_fail(pair->reader, pair->offset, "fields of a hash", "one of them twice");
    if (entry == NULL || done == count) return entry;
    if (entry->encoding != HASH_TABLE)
        hash_make_table(entry, (size_t)(count - done), target->now_ms);
    return load_rest(pair, entry, count - done, target->now_ms);
}

static struct entry *load_large(struct pair_reader *pair, uint64_t count,
                                const struct rdb_target *target) {
    if (!read_pair(pair)) return NULL;
    return load_rest(pair, new_table(target, count), count, target->now_ms);
}

static struct entry *load_pairs(struct rdb_reader *reader, const struct rdb_target *target,
                                bool has_due_times) {
    struct pair_reader pair = {.reader = reader, .has_dues = has_due_times};
    if (has_due_times) pair.earliest_ms = rdb_read_earliest_ms(reader);
    uint64_t count = rdb_read_count(reader, 2, "a number of a hash's fields");
    if (rdb_has_failed(reader)) return NULL;
    struct entry *entry = hash_packed_allows(count, 0) ? load_small(&pair, count, target)
                                                       : load_large(&pair, count, target);
    buffer_destroy(&pair.name_copy);
    if (!rdb_has_failed(reader) || entry == NULL) return entry;
    value_type_of(entry)->free_value(entry);
    entry_free(entry);
    return NULL;
}

struct entry *hash_load(struct rdb_reader *reader, uint8_t rdb_type, struct rdb_target *target) {
    bool is_pairs = rdb_type == RDB_HASH || rdb_type == RDB_HASH_DUES;
    struct entry *entry = is_pairs ? load_pairs(reader, target, rdb_type == RDB_HASH_DUES)
                                   : load_blob(reader, rdb_type, target);
    if (entry != NULL && has_dues(entry)) entry->flags |= ENTRY_HAS_MEMBER_DUES;
    return entry;
}
