/* Sorted sets as a value type: the cold work that everything else reaches through the vtable. */
#include "data/types/zset/zset_private.h"
#include "data/types/zset/zset_rdb.h"
#include "data/value_digest.h"
#include "foundation/mem.h"

#include <stdio.h>

static void free_zset(struct entry *entry) {
    if (zset_is_packed(entry))
        listpack_free(entry_pointer(entry));
    else
        zset_table_free(zset_table_of(entry));
}

static void copy_zset(const struct entry *source, struct entry *target) {
    if (zset_is_packed(source))
        entry_set_pointer(target, listpack_copy(entry_pointer(source)));
    else
        entry_set_pointer(target, zset_table_copy(zset_table_of(source)));
}

static bool is_zset_costly(const struct entry *entry) {
    enum { COSTLY_MEMBERS = 64 };
    return !zset_is_packed(entry) && zset_len(entry) > COSTLY_MEMBERS;
}

static size_t count_outside_bytes(const struct entry *entry, size_t samples) {
    if (zset_is_packed(entry)) return mem_usable_size(entry_pointer(entry));
    return zset_table_used_bytes(zset_table_of(entry), samples);
}

static const char *name_encoding(const struct entry *entry) {
    static const char *const names[] = {
        [ZSET_PACKED] = "listpack",
        [ZSET_TABLE] = "skiplist",
        [ZSET_EXACT] = "skiplist-int64",
    };
    return names[entry->encoding];
}

/* --- the digest --- */

struct digest {
    const struct zset_table *table; /* NULL: none has a due time */
    unsigned char *bytes;
};

static void mix_score(unsigned char digest[VALUE_DIGEST_BYTES], struct score score) {
    char text[SCORE_TEXT_MAX];
    int len = score.kind == SCORE_DOUBLE ? snprintf(text, sizeof(text), "%.17g", score.number)
                                         : (int)number_format_i64(text, score.integer);
    value_digest_mix(digest, bytes_of(text, (size_t)len));
}

static void add_digest(struct digest *digest, struct bytes member, struct score score,
                       bool has_due) {
    unsigned char own[VALUE_DIGEST_BYTES] = {0};
    value_digest_mix(own, member);
    mix_score(own, score);
    if (has_due) value_digest_xor(own, BYTES("!!expire!!"));
    value_digest_xor(digest->bytes, bytes_of(own, sizeof(own)));
}

static void digest_member(void *member, void *context) {
    struct digest *digest = context;
    add_digest(digest, member_name(digest->table->members, member),
               zset_table_score(digest->table, member), member_due_ms(member) != 0);
}

static bool digest_pair(void *context, struct bytes member, struct score score) {
    add_digest(context, member, score, false);
    return true;
}

static void digest_zset(const struct entry *entry, unsigned char bytes[VALUE_DIGEST_BYTES]) {
    struct digest digest = {0};
    digest.bytes = bytes;
    if (zset_is_packed(entry)) {
        zset_for_each(entry, digest_pair, &digest);
    } else {
        digest.table = zset_table_of(entry);
        members_for_each(digest.table->members, digest_member, &digest);
    }
}

/* --- the length in a dump, without compression --- */

/* What a length takes, of bytes or of members. */
static size_t serialized_prefix_len(size_t len) {
    enum { ONE_BYTE_END = 1 << 6, TWO_BYTES_END = 1 << 14 };
    if (len < ONE_BYTE_END) return 1;
    return len < TWO_BYTES_END ? 2 : 5;
}

/* Integers of 32 bits are written as such. */
static size_t serialized_text_len(struct bytes text) {
    int64_t value;
    if (number_parse_i64(text, &value)) {
        if (value >= INT8_MIN && value <= INT8_MAX) return 2;
        if (value >= INT16_MIN && value <= INT16_MAX) return 3;
        if (value >= INT32_MIN && value <= INT32_MAX) return 5;
    }
    return serialized_prefix_len(text.len) + text.len;
}

static bool add_serialized_len(void *context, struct bytes member, struct score score) {
    size_t *total = context;
    *total += serialized_text_len(member) + sizeof(score.cell);
    return true;
}

static size_t measure_serialized(const struct entry *entry) {
    if (zset_is_packed(entry)) {
        size_t len = listpack_bytes(entry_pointer(entry));
        return serialized_prefix_len(len) + len;
    }
    size_t total = serialized_prefix_len(zset_len(entry));
    zset_for_each(entry, add_serialized_len, &total);
    return total;
}

/* --- due times of members --- */

static struct member_dues *find_dues(const struct entry *entry) {
    return zset_is_packed(entry) ? NULL : zset_table_of(entry)->members->dues;
}

static int64_t find_next_due_ms(const struct entry *entry, int64_t now_ms) {
    return members_next_due_ms(zset_table_of(entry)->members, now_ms);
}

static size_t expire_members(struct entry *entry, int64_t now_ms, size_t max) {
    return zset_table_expire(zset_table_of(entry), now_ms, max);
}

static bool is_zset_empty(const struct entry *entry) {
    return zset_len(entry) == 0;
}

static const struct members *find_large_form(const struct entry *entry) {
    return zset_is_packed(entry) ? NULL : zset_table_of(entry)->members;
}

static const struct member_methods zset_member_methods = {
    .dues = find_dues,
    .next_due_ms = find_next_due_ms,
    .expire = expire_members,
    .is_empty = is_zset_empty,
    .large_form = find_large_form,
    .event_class = KEY_EVENT_ZSET,
    .expired_event = "zexpired",
};

const struct value_type zset_value_type = {
    .name = "zset",
    .free_value = free_zset,
    .copy_value = copy_zset,
    .is_costly_to_free = is_zset_costly,
    .outside_bytes = count_outside_bytes,
    .digest = digest_zset,
    .encoding_name = name_encoding,
    .serialized_len = measure_serialized,
    .rdb_type = zset_rdb_type,
    .save = zset_save,
    .load = zset_load,
    .members = &zset_member_methods,
};

/* --- for tests --- */

static void verify_packed(const char *listpack) {
    CHECK(listpack_validate(bytes_of(listpack, listpack_bytes(listpack)), 2));
    struct zset_pair pairs[2];
    const char *at = listpack_first(listpack);
    CHECK(at != NULL);
    for (size_t i = 0; at != NULL; i++, at = zset_packed_next(listpack, at)) {
        struct zset_pair *pair = &pairs[i % 2], *last = &pairs[(i + 1) % 2];
        zset_packed_read(listpack, at, pair);
        if (i == 0) continue;
        int order = bytes_compare(last->member, pair->member);
        CHECK(last->score < pair->score || (last->score == pair->score && order < 0));
    }
}

static void verify_table(const struct zset_table *table) {
    table_verify(&table->members->table);
    skiplist_verify(table->list);
    zset_scores_verify(table);
    CHECK(zset_table_len(table) != 0 && skiplist_count(table->list) == zset_table_len(table));
    struct skiplist_position at = skiplist_at(table->list, 0);
    for (; skiplist_is_inside(at); skiplist_next(&at)) {
        const void *member = skiplist_member(at);
        CHECK(zset_table_find(table, member_name(table->members, member)) == member);
        CHECK(score_key(zset_table_score(table, member)) == skiplist_key(at));
    }
}

void zset_verify(const struct entry *entry) {
    CHECK(entry->type == VALUE_ZSET && entry_has(entry, ENTRY_HAS_WORD));
    const struct member_dues *dues = find_dues(entry);
    CHECK(entry_has(entry, ENTRY_HAS_MEMBER_DUES) == (dues != NULL && dues->count != 0));
    if (zset_is_packed(entry)) {
        verify_packed(entry_pointer(entry));
        return;
    }
    CHECK(zset_table_of(entry)->kind == zset_score_kind(entry));
    verify_table(zset_table_of(entry));
}
