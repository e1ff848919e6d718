/* The naive model that sorted sets are compared with: arrays of members, and their order kept by
 * hand. */
#ifndef UNIT_DATA_TYPES_ZSET_MODEL_H
#define UNIT_DATA_TYPES_ZSET_MODEL_H

#include "unit/data/types/zset_fixture.h"

/* All members of LEX_KEY have one score, so that ranges of bytes have a meaning there. */
enum { KEYS = 4, EXACT_KEY = 2, LEX_KEY = 3, NAME_MAX_LEN = 100, INDEX_BITS = 13 };

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
    size_t member_count;
    struct bytes *names;
    uint16_t slots[1 << INDEX_BITS]; /* finds a name's index, plus 1, by the name's hash */
    struct model_set sets[KEYS];
    size_t key_count;
    size_t max_entries, max_member_len;
    int64_t now_ms;
    int64_t due_range_ms; /* 0: no member has a due time */
};

/* Integers of all widths, texts of all lengths, and now and then one too long for a listpack. */
static inline size_t write_name(char out[NAME_MAX_LEN], size_t i) {
    static const char long_start[] =
        "a name that goes on and on, so that no listpack of usual limits takes it: ";
    int number = (int)i;
    switch (i % 6) {
    case 0: return number_format_i64(out, (int64_t)(i * i * i * i) - 100);
    case 1: return (size_t)snprintf(out, NAME_MAX_LEN, "%d", number);
    case 2: return i == 2 ? 0 : (size_t)snprintf(out, NAME_MAX_LEN, "%dx", number);
    case 3: return (size_t)snprintf(out, NAME_MAX_LEN, "%0*d", number % 20 + 2, number);
    case 4:
        return (size_t)snprintf(out, NAME_MAX_LEN, "%s%d", i % 48 == 4 ? long_start : "s", number);
    default: return (size_t)snprintf(out, NAME_MAX_LEN, "a name of common length %d", number);
    }
}

/* The slot of the name, or the empty one where it belongs. */
static inline size_t find_slot(const struct model *model, struct bytes name) {
    size_t mask = ARRAY_LEN(model->slots) - 1, slot = (size_t)hash_bytes(name) & mask;
    while (model->slots[slot] != 0 && !bytes_equal(model->names[model->slots[slot] - 1], name))
        slot = (slot + 1) & mask;
    return slot;
}

static inline void init_model(struct model *model, struct fixture *fixture, size_t key_count,
                              size_t member_count) {
    *model = (struct model){.fixture = fixture,
                            .key_count = key_count,
                            .member_count = member_count,
                            .max_entries = DEFAULT_ENTRIES,
                            .max_member_len = DEFAULT_MEMBER_LEN,
                            .now_ms = START_MS};
    model->names = calloc(member_count, sizeof(*model->names));
    for (size_t i = 0; i < member_count; i++) {
        char name[NAME_MAX_LEN];
        size_t len = write_name(name, i);
        model->names[i] = bytes_of(mem_dup(name, len), len);
        model->slots[find_slot(model, model->names[i])] = (uint16_t)(i + 1);
    }
    for (size_t i = 0; i < key_count; i++) {
        model->sets[i].members = calloc(member_count, sizeof(*model->sets[i].members));
        model->sets[i].order = calloc(member_count, sizeof(*model->sets[i].order));
    }
}

static inline void free_model(struct model *model) {
    for (size_t i = 0; i < model->member_count; i++)
        mem_free((void *)(uintptr_t)model->names[i].data);
    for (size_t i = 0; i < model->key_count; i++) {
        free(model->sets[i].members);
        free(model->sets[i].order);
    }
    free(model->names);
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

static inline size_t index_of(const struct model *model, struct bytes name) {
    size_t i = model->slots[find_slot(model, name)];
    assert_int_not_equal(i, 0);
    return i - 1;
}

/* --- the model's order --- */

static inline int compare_in_model(const struct model *model, const struct model_set *set, size_t a,
                                   size_t b) {
    int order = score_compare(set->members[a].score, set->members[b].score);
    return order != 0 ? order : bytes_compare(model->names[a], model->names[b]);
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
