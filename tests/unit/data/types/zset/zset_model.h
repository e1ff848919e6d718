/* The naive model that sorted sets are compared with: arrays of members, and their order kept by
 * hand. */
#ifndef UNIT_DATA_TYPES_ZSET_ZSET_MODEL_H
#define UNIT_DATA_TYPES_ZSET_ZSET_MODEL_H

#include "unit/data/types/name_pool.h"
#include "unit/data/types/zset/zset_fixture.h"

/* All members of LEX_KEY have one score, so that ranges of bytes have a meaning there. */
enum { KEYS = 4, EXACT_KEY = 2, LEX_KEY = 3 };

struct model_member {
    bool exists;
    uint32_t generation; /* how often it has been removed */
    int64_t due_ms;
    struct score score;
};

struct model_set {
    size_t len;
    enum zset_encoding encoding;
    struct model_member *members;
    uint16_t *order; /* len indexes of members */
};

struct model {
    struct fixture *fixture;
    struct name_pool pool;
    struct model_set sets[KEYS];
    size_t key_count;
    size_t max_entries, max_member_len;
    int64_t now_ms;
    int64_t due_range_ms; /* 0: no member has a due time */
};

static inline void init_model(struct model *model, struct fixture *fixture, size_t key_count,
                              size_t member_count) {
    *model = (struct model){.fixture = fixture,
                            .key_count = key_count,
                            .max_entries = DEFAULT_ENTRIES,
                            .max_member_len = DEFAULT_MEMBER_LEN,
                            .now_ms = START_MS};
    init_names(&model->pool, member_count);
    for (size_t i = 0; i < key_count; i++) {
        model->sets[i].members = calloc(member_count, sizeof(*model->sets[i].members));
        model->sets[i].order = calloc(member_count, sizeof(*model->sets[i].order));
    }
}

static inline void free_model(struct model *model) {
    for (size_t i = 0; i < model->key_count; i++) {
        free(model->sets[i].members);
        free(model->sets[i].order);
    }
    free_names(&model->pool);
}

static inline struct key key_at(size_t i) {
    static const char *const names[KEYS] = {"first", "2", "exact", ""};
    return key_of(bytes_of_str(names[i]));
}

static inline struct found find_key(struct model *model, size_t key) {
    struct found found = database_find(model->fixture->db, key_at(key));
    assert_int_equal(found.entry != NULL, model->sets[key].len != 0);
    return found;
}

/* --- the model's order --- */

static inline int compare_in_model(const struct model *model, const struct model_set *set, size_t a,
                                   size_t b) {
    int order = score_compare(set->members[a].score, set->members[b].score);
    return order != 0 ? order : bytes_compare(model->pool.names[a], model->pool.names[b]);
}

static inline size_t rank_in_model(const struct model *model, const struct model_set *set,
                                   size_t i) {
    size_t low = 0, high = set->len;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare_in_model(model, set, set->order[middle], i) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static inline void insert_in_order(const struct model *model, struct model_set *set, size_t i) {
    size_t rank = rank_in_model(model, set, i);
    uint16_t *place = set->order + rank;
    memmove(place + 1, place, (set->len - rank) * sizeof(*place));
    *place = (uint16_t)i;
    set->len++;
}

static inline void remove_from_order(const struct model *model, struct model_set *set, size_t i) {
    size_t rank = rank_in_model(model, set, i);
    uint16_t *place = set->order + rank;
    assert_int_equal(*place, i);
    set->len--;
    memmove(place, place + 1, (set->len - rank) * sizeof(*place));
}

static inline void forget_member(struct model *model, struct model_set *set, size_t i) {
    struct model_member *member = &set->members[i];
    if (!member->exists) return;
    remove_from_order(model, set, i);
    member->exists = false;
    member->due_ms = 0;
    member->generation++;
}

static inline void fit_encoding(const struct model *model, struct model_set *set, size_t new_len) {
    if (set->encoding != ZSET_PACKED) return;
    if (set->len > model->max_entries || new_len > model->max_member_len)
        set->encoding = ZSET_TABLE;
}

#endif
