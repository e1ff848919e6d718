/* Sorted sets in RDB form: a listpack, or members from the highest to the lowest, as Redis writes
 * them, so that reading needs no sorting. Exact scores and due times of members are beyond Redis. */
#include "data/types/zset/zset_rdb.h"

#include "data/rdb/legacy.h"
#include "data/rdb/rdb_members.h"
#include "data/types/zset/zset_private.h"
#include "foundation/mem.h"

#include <math.h>
#include <stdlib.h>

static bool has_dues(const struct entry *entry) {
    return !zset_is_packed(entry) && rdb_members_have_dues(zset_table_of(entry)->members);
}

uint8_t zset_rdb_type(const struct entry *entry) {
    switch ((enum zset_encoding)entry->encoding) {
    case ZSET_PACKED: return RDB_ZSET_LISTPACK;
    case ZSET_TABLE: return has_dues(entry) ? RDB_SKUA_ZSET_DUES : RDB_ZSET;
    case ZSET_EXACT: break;
    }
    return has_dues(entry) ? RDB_SKUA_ZSET_EXACT_DUES : RDB_SKUA_ZSET_EXACT;
}

/* --- saving --- */

static bool save_pair(void *context, struct bytes member, struct score score) {
    struct rdb_writer *writer = context;
    rdb_write_string(writer, member);
    if (score.kind == SCORE_DOUBLE)
        rdb_write_double(writer, score.number);
    else
        rdb_write_i64(writer, score.integer);
    return true;
}

static void save_with_dues(struct rdb_writer *writer, const struct zset_table *table) {
    int64_t earliest_ms = rdb_members_earliest_ms(table->members);
    rdb_write_i64(writer, earliest_ms);
    rdb_write_length(writer, zset_table_len(table));
    struct skiplist_position at = skiplist_at(table->list, zset_table_len(table) - 1);
    for (; skiplist_is_inside(at); skiplist_previous(&at)) {
        const void *member = skiplist_member(at);
        rdb_write_due(writer, earliest_ms, member_due_ms(member));
        save_pair(writer, member_name(table->members, member), zset_table_score(table, member));
    }
}

void zset_save(const struct entry *entry, struct rdb_writer *writer) {
    if (zset_is_packed(entry)) {
        const char *listpack = entry_pointer(entry);
        rdb_write_string(writer, bytes_of(listpack, listpack_bytes(listpack)));
    } else if (has_dues(entry)) {
        save_with_dues(writer, zset_table_of(entry));
    } else {
        size_t len = zset_len(entry);
        rdb_write_length(writer, len);
        zset_visit(entry, (struct zset_ranks){0, len}, true, save_pair, writer);
    }
}

static struct entry *new_entry(const struct rdb_target *target, enum zset_encoding encoding,
                               void *pointer) {
    struct entry_shape shape = {.has_word = true, .has_due = target->has_due};
    struct entry *entry = entry_new(target->key, shape);
    entry->type = VALUE_ZSET;
    entry->encoding = (uint32_t)encoding & 0xf;
    entry_set_pointer(entry, pointer);
    return entry;
}

/* --- loading: listpacks --- */

static bool read_score(const char *at, double *score) {
    struct packed_value value = packed_read(at);
    *score = (double)value.integer;
    return value.data == NULL || number_parse_double(bytes_of(value.data, value.len), score);
}

static struct bytes read_name(const char *at, char scratch[PACKED_SCRATCH]) {
    struct packed_value value = packed_read(at);
    return packed_text(&value, scratch);
}

/* Two pairs of a walk by turns. */
struct order_check {
    struct bytes names[2];
    double scores[2];
    char scratches[2][PACKED_SCRATCH];
};

/* Scores are numbers, and pairs stand in order. */
static bool is_in_order(const char *listpack) {
    struct order_check check;
    size_t i = 0;
    for (const char *at = listpack_first(listpack); at != NULL; at = listpack_next(listpack, at)) {
        size_t own = i & 1, last = 1 - own;
        check.names[own] = read_name(at, check.scratches[own]);
        at = listpack_next(listpack, at);
        if (!read_score(at, &check.scores[own])) return false;
        if (i++ == 0) continue;
        if (check.scores[last] > check.scores[own]) return false;
        if (check.scores[last] == check.scores[own] &&
            bytes_compare(check.names[last], check.names[own]) >= 0)
            return false;
    }
    return true;
}

static bool is_sound(const char *listpack) {
    size_t count = listpack_count(listpack);
    return count != 0 && count % 2 == 0 && !listpack_has_duplicates(listpack, 2) &&
           is_in_order(listpack);
}

static struct entry *load_blob(struct rdb_reader *reader, uint8_t rdb_type,
                               const struct rdb_target *target) {
    static const char what[] = "the packed members of a sorted set";
    uint64_t offset = rdb_reader_offset(reader);
    struct bytes blob = rdb_read_string(reader, what);
    if (rdb_has_failed(reader)) return NULL;
    char *listpack = NULL;
    if (rdb_type == RDB_ZSET_ZIPLIST)
        listpack = legacy_ziplist_to_listpack(blob);
    else if (listpack_validate(blob, 2))
        listpack = listpack_copy(blob.data);
    if (listpack == NULL || !is_sound(listpack)) {
        listpack_free(listpack);
        rdb_fail(reader, offset, what, "%zu bytes that are none", blob.len);
        return NULL;
    }
    struct entry *entry = new_entry(target, ZSET_PACKED, listpack);
    if (!zset_packed_takes(zset_packed_len(listpack), 0, 0)) zset_make_table(entry, 0);
    return entry;
}

/* --- loading: pairs --- */

struct ranked {
    uint64_t key;
    void *member;
};

struct pairs {
    enum score_kind kind;
    struct members *members;
    struct buffer ranked; /* struct ranked, in the order of the file */
    size_t longest, total_len;
    bool is_descending; /* so far */
};

static const struct ranked *ranked_of(const struct pairs *pairs) {
    return (const void *)pairs->ranked.data;
}

static size_t count_pairs(const struct pairs *pairs) {
    return pairs->ranked.len / sizeof(struct ranked);
}

static int compare_ranked(const void *a, const void *b, void *members) {
    const struct ranked *ranked = a, *other = b;
    if (ranked->key != other->key) return ranked->key > other->key ? -1 : 1;
    return bytes_compare(member_name(members, other->member), member_name(members, ranked->member));
}

static void add_ranked(struct pairs *pairs, struct ranked ranked) {
    size_t count = count_pairs(pairs);
    if (count != 0 && pairs->is_descending)
        pairs->is_descending =
            compare_ranked(&ranked_of(pairs)[count - 1], &ranked, pairs->members) < 0;
    buffer_append(&pairs->ranked, &ranked, sizeof(ranked));
}

static struct score load_score(struct rdb_reader *reader, uint8_t rdb_type, enum score_kind kind) {
    static const char what[] = "a score";
    if (kind == SCORE_INT64) return score_of_i64(rdb_read_i64(reader, what));
    uint64_t offset = rdb_reader_offset(reader);
    double number = rdb_type == RDB_ZSET_TEXT ? rdb_read_text_double(reader, what)
                                              : rdb_read_double(reader, what);
    if (isnan(number)) rdb_fail(reader, offset, what, "what is no number");
    return score_of_double(number);
}

/* The name comes first, and its view does not outlive the score: the member is made before. */
static void load_pair(struct rdb_reader *reader, uint8_t rdb_type, struct pairs *pairs,
                      int64_t due_ms, int64_t now_ms) {
    uint64_t offset = rdb_reader_offset(reader);
    struct bytes name = rdb_read_element(reader, "a member of a sorted set");
    if (rdb_has_failed(reader)) return;
    if (name.len > pairs->longest) pairs->longest = name.len;
    pairs->total_len += name.len;
    void *member = rdb_add_member(reader, pairs->members, name, BYTES(""), offset);
    if (member == NULL) return;
    struct score score = load_score(reader, rdb_type, pairs->kind);
    if (rdb_has_failed(reader)) return;
    memcpy(member_fixed(pairs->members, member), &score.cell, sizeof(score.cell));
    if (due_ms != 0) member = rdb_set_member_due(pairs->members, member, due_ms, now_ms);
    add_ranked(pairs, (struct ranked){score_key(score), member});
}

static bool is_packable(const struct pairs *pairs) {
    return pairs->kind == SCORE_DOUBLE && !rdb_members_have_dues(pairs->members) &&
           zset_packed_takes(count_pairs(pairs), pairs->longest, pairs->total_len);
}

static double score_of(const struct pairs *pairs, const void *member) {
    double score;
    memcpy(&score, member_fixed(pairs->members, member), sizeof(score));
    return score;
}

static struct entry *finish_packed(const struct rdb_target *target, const struct pairs *pairs) {
    char *listpack = listpack_new(0);
    for (size_t i = count_pairs(pairs); i-- > 0;) {
        const void *member = ranked_of(pairs)[i].member;
        listpack = zset_packed_append(listpack, member_name(pairs->members, member),
                                      score_of(pairs, member));
    }
    members_free(pairs->members);
    return new_entry(target, ZSET_PACKED, listpack);
}

static struct entry *finish_table(const struct rdb_target *target, const struct pairs *pairs) {
    struct zset_table *table = zset_table_of_members(pairs->kind, pairs->members);
    for (size_t i = count_pairs(pairs); i-- > 0;)
        skiplist_append(table->list, ranked_of(pairs)[i].key, ranked_of(pairs)[i].member);
    return new_entry(target, pairs->kind == SCORE_INT64 ? ZSET_EXACT : ZSET_TABLE, table);
}

static struct entry *finish_pairs(const struct rdb_target *target, const struct pairs *pairs) {
    if (!pairs->is_descending)
        qsort_r(pairs->ranked.data, count_pairs(pairs), sizeof(struct ranked), compare_ranked,
                pairs->members);
    return is_packable(pairs) ? finish_packed(target, pairs) : finish_table(target, pairs);
}

static void note_arrival(void *context, const struct rdb_arrival *arrival, void *member) {
    struct pairs *pairs = context;
    memcpy(member_fixed(pairs->members, member), &arrival->fixed, sizeof(arrival->fixed));
    struct score score = {.kind = pairs->kind};
    memcpy(&score.cell, &arrival->fixed, sizeof(score.cell));
    add_ranked(pairs, (struct ranked){score_key(score), member});
}

/* Without due times. The name's bytes are copied because reading the score may move them. */
static void load_many(struct rdb_reader *reader, uint8_t rdb_type, struct pairs *pairs,
                      uint64_t count) {
    struct rdb_arrivals arrivals = {
        .reader = reader, .members = pairs->members, .added = note_arrival, .context = pairs};
    struct buffer name = {0};
    for (uint64_t i = 0; i < count; i++) {
        struct rdb_arrival arrival = {.offset = rdb_reader_offset(reader)};
        buffer_clear(&name);
        buffer_append_bytes(&name, rdb_read_element(reader, "a member of a sorted set"));
        struct score score = load_score(reader, rdb_type, pairs->kind);
        if (rdb_has_failed(reader)) break;
        if (name.len > pairs->longest) pairs->longest = name.len;
        pairs->total_len += name.len;
        arrival.name = buffer_bytes(&name);
        memcpy(&arrival.fixed, &score.cell, sizeof(score.cell));
        rdb_arrivals_add(&arrivals, &arrival);
    }
    rdb_arrivals_settle(&arrivals);
    rdb_arrivals_destroy(&arrivals);
    buffer_destroy(&name);
}

static struct entry *load_pairs(struct rdb_reader *reader, uint8_t rdb_type,
                                const struct rdb_target *target) {
    bool is_exact = rdb_type == RDB_SKUA_ZSET_EXACT || rdb_type == RDB_SKUA_ZSET_EXACT_DUES;
    bool has_due_times = rdb_type == RDB_SKUA_ZSET_DUES || rdb_type == RDB_SKUA_ZSET_EXACT_DUES;
    int64_t earliest_ms = has_due_times ? rdb_read_earliest_ms(reader) : 0;
    uint64_t count = rdb_read_count(reader, 2, "a number of a sorted set's members");
    struct pairs pairs = {
        .kind = is_exact ? SCORE_INT64 : SCORE_DOUBLE,
        .members = members_new(false, sizeof(union score_cell)),
        .is_descending = true,
    };
    members_reserve(pairs.members, rdb_reserve_for(count));
    if (!has_due_times) load_many(reader, rdb_type, &pairs, count);
    for (uint64_t i = 0; has_due_times && i < count && !rdb_has_failed(reader); i++) {
        int64_t due_ms = rdb_read_due(reader, earliest_ms);
        load_pair(reader, rdb_type, &pairs, due_ms, target->now_ms);
    }
    struct entry *entry = NULL;
    if (rdb_has_failed(reader))
        members_free(pairs.members);
    else
        entry = finish_pairs(target, &pairs);
    buffer_destroy(&pairs.ranked);
    return entry;
}

struct entry *zset_load(struct rdb_reader *reader, uint8_t rdb_type, struct rdb_target *target) {
    bool is_blob = rdb_type == RDB_ZSET_LISTPACK || rdb_type == RDB_ZSET_ZIPLIST;
    struct entry *entry =
        is_blob ? load_blob(reader, rdb_type, target) : load_pairs(reader, rdb_type, target);
    if (entry != NULL && has_dues(entry)) entry->flags |= ENTRY_HAS_MEMBER_DUES;
    return entry;
}
