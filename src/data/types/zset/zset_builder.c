/* Sorted sets made apart from any key. A builder has the members without their order, which is made
 * once at the end: cheaper than keeping it while scores are added up. */
#include "data/types/zset/zset_private.h"
#include "foundation/mem.h"

#include <stdlib.h>

struct zset_builder {
    enum score_kind kind;
    struct members *members;
};

struct zset_builder *zset_builder_new(enum score_kind kind, size_t expected_count) {
    struct zset_builder *builder = mem_alloc(sizeof(*builder));
    builder->kind = kind;
    builder->members = members_new(false, sizeof(union score_cell));
    members_reserve(builder->members, expected_count);
    return builder;
}

void zset_builder_free(struct zset_builder *builder) {
    members_free(builder->members);
    mem_free(builder);
}

size_t zset_builder_len(const struct zset_builder *builder) {
    return members_count(builder->members);
}

/* --- members --- */

static union score_cell *cell_of(const struct zset_builder *builder, const void *member) {
    return (void *)member_fixed(builder->members, member);
}

union score_cell *zset_builder_member(struct zset_builder *builder, struct bytes member,
                                      bool *is_new) {
    uint64_t hash = members_hash(member);
    struct table_place place;
    const void *found = members_find(builder->members, member, hash, &place);
    *is_new = found == NULL;
    if (found == NULL) found = members_add(builder->members, member, hash, BYTES(""));
    return cell_of(builder, found);
}

/* --- the order --- */

struct ranked {
    uint64_t key;
    void *member;
};

struct ranking {
    const struct zset_builder *builder;
    size_t count;
    struct ranked *ranked;
};

static struct score score_of(const struct zset_builder *builder, const void *member) {
    struct score score = {.kind = builder->kind};
    score.cell = *cell_of(builder, member);
    return score;
}

static void take_member(void *member, void *context) {
    struct ranking *ranking = context;
    uint64_t key = score_key(score_of(ranking->builder, member));
    ranking->ranked[ranking->count++] = (struct ranked){key, member};
}

static int compare_ranked(const void *a, const void *b, void *members) {
    const struct ranked *ranked = a, *other = b;
    if (ranked->key != other->key) return ranked->key < other->key ? -1 : 1;
    return bytes_compare(member_name(members, ranked->member), member_name(members, other->member));
}

/* The members in order; ranking.ranked is the caller's. */
static struct ranking rank_members(const struct zset_builder *builder) {
    size_t len = zset_builder_len(builder);
    struct ranking ranking = {.builder = builder};
    ranking.ranked = mem_alloc_array(len, sizeof(*ranking.ranked));
    members_for_each(builder->members, take_member, &ranking);
    qsort_r(ranking.ranked, len, sizeof(*ranking.ranked), compare_ranked, builder->members);
    return ranking;
}

void zset_builder_visit(const struct zset_builder *builder, zset_visit_function *visit,
                        void *context) {
    struct ranking ranking = rank_members(builder);
    for (size_t i = 0; i < ranking.count; i++) {
        const void *member = ranking.ranked[i].member;
        struct bytes name = member_name(builder->members, member);
        if (!visit(context, name, score_of(builder, member))) break;
    }
    mem_free(ranking.ranked);
}

/* --- the value --- */

struct value {
    enum zset_encoding encoding;
    void *pointer;
};

static bool is_packable(const struct ranking *ranking) {
    const struct zset_builder *builder = ranking->builder;
    size_t longest = 0, total_len = 0;
    if (builder->kind != SCORE_DOUBLE || !zset_packed_takes(ranking->count, 0, 0)) return false;
    for (size_t i = 0; i < ranking->count; i++) {
        size_t len = member_name(builder->members, ranking->ranked[i].member).len;
        if (len > longest) longest = len;
        total_len += len;
    }
    return zset_packed_takes(ranking->count, longest, total_len);
}

static struct value make_packed(const struct ranking *ranking) {
    const struct zset_builder *builder = ranking->builder;
    char *listpack = listpack_new(0);
    for (size_t i = 0; i < ranking->count; i++) {
        const void *member = ranking->ranked[i].member;
        listpack = zset_packed_append(listpack, member_name(builder->members, member),
                                      score_of(builder, member).number);
    }
    return (struct value){ZSET_PACKED, listpack};
}

/* The table takes the builder's members over. */
static struct value make_table(struct zset_builder *builder, const struct ranking *ranking) {
    struct zset_table *table = zset_table_of_members(builder->kind, builder->members);
    builder->members = NULL;
    for (size_t i = 0; i < ranking->count; i++)
        skiplist_append(table->list, ranking->ranked[i].key, ranking->ranked[i].member);
    return (struct value){builder->kind == SCORE_INT64 ? ZSET_EXACT : ZSET_TABLE, table};
}

static struct value finish_value(struct zset_builder *builder) {
    struct ranking ranking = rank_members(builder);
    struct value value =
        is_packable(&ranking) ? make_packed(&ranking) : make_table(builder, &ranking);
    mem_free(ranking.ranked);
    if (builder->members != NULL) members_free(builder->members);
    mem_free(builder);
    return value;
}

/* --- storing --- */

static struct entry *new_entry(struct key key, struct value value) {
    struct entry *entry = entry_new(key.name, (struct entry_shape){.has_word = true});
    entry->type = VALUE_ZSET;
    entry->encoding = (uint32_t)value.encoding & 0xf;
    entry_set_pointer(entry, value.pointer);
    return entry;
}

void zset_builder_store(struct zset_builder *builder, struct database *db, struct key key,
                        struct found *found) {
    if (zset_builder_len(builder) == 0) {
        zset_builder_free(builder);
        if (found->entry != NULL) database_delete(db, key, *found);
        found->entry = NULL;
        return;
    }
    int old_type = database_found_type(found);
    database_store(db, key, found, new_entry(key, finish_value(builder)));
    database_report_overwrite(db, key.name, old_type, VALUE_ZSET);
}
