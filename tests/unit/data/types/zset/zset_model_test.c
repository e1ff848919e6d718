/* Sorted sets against a naive model, changed by random operations as time passes. */
#include "unit/data/types/zset/zset_model.h"

#include <math.h>

/* --- checking --- */

static bool is_same_score(struct score a, struct score b) {
    return a.kind == b.kind && score_compare(a, b) == 0;
}

static void check_member(struct model *model, size_t key, size_t i) {
    const struct model_set *set = &model->sets[key];
    const struct model_member *expected = &set->members[i];
    struct found found = find_key(model, key);
    if (found.entry == NULL) return;
    assert_int_equal(zset_len(found.entry), set->len);
    struct score score, ranked_score;
    uint64_t rank;
    bool is_there = zset_score(found.entry, model->pool.names[i], &score);
    assert_int_equal(is_there, expected->exists);
    assert_int_equal(zset_rank(found.entry, model->pool.names[i], &rank, &ranked_score), is_there);
    assert_int_equal(zset_due_ms(found.entry, model->pool.names[i]),
                     is_there ? expected->due_ms : -1);
    if (!is_there) return;
    assert_true(is_same_score(score, expected->score) && is_same_score(score, ranked_score));
    assert_int_equal(rank, rank_in_model(model, set, i));
}

struct walk {
    const struct model *model;
    const struct model_set *set;
    uint32_t *visits; /* of each member; NULL: in order */
    size_t rank, count, max;
    bool is_reverse;
};

static bool visit_in_order(void *context, struct bytes name, struct score score) {
    struct walk *walk = context;
    size_t rank = walk->is_reverse ? walk->rank - 1 - walk->count : walk->rank + walk->count;
    size_t i = walk->set->order[rank];
    assert_true(bytes_equal(name, walk->model->pool.names[i]));
    assert_true(is_same_score(score, walk->set->members[i].score));
    return ++walk->count != walk->max;
}

static bool visit_any(void *context, struct bytes name, struct score score) {
    struct walk *walk = context;
    size_t i = index_of(&walk->model->pool, name);
    assert_true(walk->set->members[i].exists);
    assert_true(is_same_score(score, walk->set->members[i].score));
    walk->visits[i]++;
    return ++walk->count != walk->max;
}

static void visit_ranks(struct model *model, size_t key, struct zset_ranks ranks, bool is_reverse,
                        size_t max) {
    struct walk walk = {.model = model, .set = &model->sets[key], .max = max};
    walk.is_reverse = is_reverse;
    walk.rank = is_reverse ? ranks.end : ranks.start;
    zset_visit(find_key(model, key).entry, ranks, is_reverse, visit_in_order, &walk);
    size_t count = ranks.end - ranks.start;
    assert_int_equal(walk.count, max != 0 && max < count ? max : count);
}

static void check_set(struct model *model, size_t key) {
    const struct model_set *set = &model->sets[key];
    struct found found = find_key(model, key);
    if (found.entry == NULL) return;
    zset_verify(found.entry);
    assert_int_equal(found.entry->encoding, set->encoding);
    visit_ranks(model, key, (struct zset_ranks){0, set->len}, random_below(2) == 0, 0);
}

/* --- scores --- */

static double random_double(void) {
    uint64_t bits = random_u64();
    double number;
    memcpy(&number, &bits, sizeof(number));
    switch (random_below(8)) {
    case 0: return random_below(2) == 0 ? INFINITY : -INFINITY;
    case 1: return random_below(2) == 0 ? 0.0 : -0.0;
    case 2: return isnan(number) ? 1 : number;
    case 3: return (double)((int64_t)bits >> random_below(64));
    case 4: return (double)random_below(1000) / 4;
    default: return (double)random_below(20) - 10;
    }
}

static int64_t random_integer(void) {
    switch (random_below(4)) {
    case 0: return (int64_t)random_u64() >> random_below(64);
    case 1: return random_below(2) == 0 ? INT64_MAX : INT64_MIN;
    case 2: return ((int64_t)1 << 53) + (int64_t)random_below(6);
    default: return (int64_t)random_below(20) - 10;
    }
}

static struct score random_score(enum score_kind kind) {
    return kind == SCORE_INT64 ? score_of_i64(random_integer()) : score_of_double(random_double());
}

static struct score score_for(const struct model *model, size_t key) {
    const struct model_set *set = &model->sets[key];
    if (key == LEX_KEY)
        return set->len != 0 ? set->members[set->order[0]].score : score_of_double(0);
    if (set->len == 0) return random_score(key == EXACT_KEY ? SCORE_INT64 : SCORE_DOUBLE);
    return random_score(set->members[set->order[0]].score.kind);
}

/* --- changes --- */

/* Long names rarely: they would make every set a table. */
static size_t random_member(const struct model *model) {
    size_t i = random_below(model->pool.count);
    bool is_long = model->pool.names[i].len > DEFAULT_MEMBER_LEN;
    return is_long && random_below(40) != 0 ? 0 : i;
}

static void put_in_model(struct model *model, struct model_set *set, size_t i, struct score score) {
    struct model_member *member = &set->members[i];
    if (set->len == 0) set->encoding = score.kind == SCORE_INT64 ? ZSET_EXACT : ZSET_PACKED;
    bool is_new = !member->exists;
    if (!is_new) remove_from_order(model, set, i);
    member->exists = true;
    member->score = score;
    insert_in_order(model, set, i);
    if (is_new) fit_encoding(model, set, model->pool.names[i].len);
}

static void put_random(struct model *model, size_t key) {
    struct model_set *set = &model->sets[key];
    size_t i = random_member(model);
    struct score score = score_for(model, key);
    bool clear_due = random_below(2) == 0, is_new = !set->members[i].exists;
    struct found found = find_key(model, key);
    assert_int_equal(
        zset_put(model->fixture->db, key_at(key), &found, model->pool.names[i], score, clear_due),
        is_new);
    put_in_model(model, set, i, score);
    if (clear_due) set->members[i].due_ms = 0;
    assert_ptr_equal(find_key(model, key).entry, found.entry);
    check_member(model, key, i);
}

static void remove_random(struct model *model, size_t key) {
    struct model_set *set = &model->sets[key];
    struct found found = find_key(model, key);
    size_t i = random_member(model);
    if (found.entry == NULL) return;
    bool was_there = zset_remove(model->fixture->db, key_at(key), &found, model->pool.names[i]);
    assert_int_equal(was_there, set->members[i].exists);
    forget_member(model, set, i);
    assert_int_equal(found.entry != NULL, set->len != 0);
}

static struct zset_ranks random_ranks(size_t len, size_t max) {
    uint64_t start = random_below(len + 1), count = random_below(max + 1);
    return (struct zset_ranks){start, count < len - start ? start + count : len};
}

static void remove_ranks(struct model *model, size_t key, size_t max) {
    struct model_set *set = &model->sets[key];
    struct found found = find_key(model, key);
    if (found.entry == NULL) return;
    struct zset_ranks ranks = random_ranks(set->len, max);
    if (max == model->pool.count && random_below(4) == 0) ranks = (struct zset_ranks){0, set->len};
    struct walk walk = {.model = model, .set = set, .max = 1 + random_below(3)};
    walk.is_reverse = random_below(2) == 0;
    walk.rank = walk.is_reverse ? ranks.end : ranks.start;
    bool is_shown = random_below(2) == 0;
    zset_remove_ranks(model->fixture->db, key_at(key), &found, ranks, walk.is_reverse,
                      is_shown ? visit_in_order : NULL, &walk);
    if (is_shown) assert_int_equal(walk.count, ranks.end - ranks.start);
    for (uint64_t i = ranks.start; i < ranks.end; i++)
        forget_member(model, set, set->order[ranks.start]);
    assert_int_equal(found.entry != NULL, set->len != 0);
}

static void change_due(struct model *model, size_t key) {
    struct model_set *set = &model->sets[key];
    struct found found = find_key(model, key);
    if (found.entry == NULL || model->due_range_ms == 0) return;
    for (size_t i = random_below(6); i-- > 0;) {
        size_t at = random_member(model);
        struct model_member *member = &set->members[at];
        if (!member->exists) continue;
        int64_t due_ms =
            random_below(4) == 0
                ? 0
                : model->now_ms + 1 + (int64_t)random_below((uint64_t)model->due_range_ms);
        zset_set_due(model->fixture->db, &found, model->pool.names[at], due_ms);
        member->due_ms = due_ms;
        if (due_ms != 0 && set->encoding == ZSET_PACKED) set->encoding = ZSET_TABLE;
    }
    member_expiry_update(model->fixture->db, key_at(key), found.entry);
}

static void let_time_pass(struct model *model) {
    if (model->due_range_ms == 0) return;
    model->now_ms += (int64_t)random_below((uint64_t)model->due_range_ms / 10);
    set_now(model->fixture, model->now_ms);
    for (size_t key = 0; key < model->key_count; key++) {
        struct model_set *set = &model->sets[key];
        for (size_t i = 0; i < model->pool.count; i++)
            if (set->members[i].due_ms != 0 && set->members[i].due_ms <= model->now_ms)
                forget_member(model, set, i);
    }
    if (random_below(2) == 0) (void)keyspace_expire_due(model->fixture->keyspace, 1000);
}

static void put_in_place(struct model *model, size_t target, struct entry *entry) {
    struct found old = database_find(model->fixture->db, key_at(target));
    if (old.entry != NULL) database_delete(model->fixture->db, key_at(target), old);
    database_add(model->fixture->db, key_at(target), entry);
}

static void copy_in_model(struct model *model, size_t source, size_t target) {
    struct model_set *from = &model->sets[source], *to = &model->sets[target];
    memcpy(to->members, from->members, model->pool.count * sizeof(*to->members));
    memcpy(to->order, from->order, model->pool.count * sizeof(*to->order));
    to->len = from->len;
    to->encoding = from->encoding;
}

static void copy_or_move(struct model *model, size_t source) {
    size_t target = random_below(model->key_count);
    struct found found = find_key(model, source);
    if (found.entry == NULL || target == source || target == LEX_KEY) return;
    bool is_copy = random_below(2) == 0;
    struct entry *entry;
    if (is_copy) {
        entry = value_type_copy_entry(found.entry, key_at(target).name, random_below(2) == 0);
    } else {
        int64_t due_ms;
        entry = database_take(model->fixture->db, key_at(source), found, &due_ms);
        entry = entry_reshape(entry, key_at(target).name, false);
    }
    put_in_place(model, target, entry);
    copy_in_model(model, source, target);
    for (size_t i = 0; i < model->pool.count && !is_copy; i++)
        forget_member(model, &model->sets[source], i);
}

static void change_limits(struct model *model) {
    model->max_entries = random_below(4) == 0 ? random_below(model->pool.count) : DEFAULT_ENTRIES;
    model->max_member_len = random_below(4) == 0 ? 8 : DEFAULT_MEMBER_LEN;
    zset_set_limits((int64_t)model->max_entries, (int64_t)model->max_member_len);
}

/* --- builders --- */

/* What a builder is to hold, in a set of the model. */
static struct zset_builder *build_random(struct model *model, struct model_set *set, size_t key,
                                         enum score_kind kind) {
    size_t steps = random_below(2) == 0 ? random_below(10) : random_below(model->pool.count);
    struct zset_builder *builder = zset_builder_new(kind, random_below(2) * steps);
    for (; steps > 0; steps--) {
        size_t i = random_member(model);
        struct bytes name = model->pool.names[i];
        bool exists = set->members[i].exists, is_new;
        struct score score = key == LEX_KEY ? score_of_double(0) : random_score(kind);
        *zset_builder_member(builder, name, &is_new) = score.cell;
        assert_int_equal(is_new, !exists);
        put_in_model(model, set, i, score);
    }
    assert_int_equal(zset_builder_len(builder), set->len);
    return builder;
}

static void build_and_store(struct model *model, size_t key) {
    struct model_set *set = &model->sets[key];
    struct found found = find_key(model, key);
    for (size_t i = 0; i < model->pool.count; i++) forget_member(model, set, i);
    enum score_kind kind = key == EXACT_KEY ? SCORE_INT64 : SCORE_DOUBLE;
    struct zset_builder *builder = build_random(model, set, key, kind);
    struct walk walk = {.model = model, .set = set};
    zset_builder_visit(builder, visit_in_order, &walk);
    assert_int_equal(walk.count, set->len);
    if (kind == SCORE_DOUBLE) {
        set->encoding = set->len > model->max_entries ? ZSET_TABLE : ZSET_PACKED;
        for (size_t i = 0; i < set->len; i++)
            fit_encoding(model, set, model->pool.names[set->order[i]].len);
    }
    zset_builder_store(builder, model->fixture->db, key_at(key), &found);
    assert_int_equal(found.entry != NULL, set->len != 0);
    check_set(model, key);
}

/* --- reading --- */

/* 80 bits hold either kind exactly. */
static long double exactly(struct score score) {
    return score.kind == SCORE_DOUBLE ? (long double)score.number : (long double)score.integer;
}

static bool is_within(struct score score, const struct zset_score_range *range) {
    long double value = exactly(score), min = exactly(range->min), max = exactly(range->max);
    if (score.kind == SCORE_DOUBLE) {
        min = (double)min;
        max = (double)max;
    }
    return (range->is_min_open ? value > min : value >= min) &&
           (range->is_max_open ? value < max : value <= max);
}

static struct score random_bound(const struct model_set *set) {
    if (random_below(2) == 0) return set->members[set->order[random_below(set->len)]].score;
    return random_score(random_below(2) == 0 ? SCORE_INT64 : SCORE_DOUBLE);
}

static void assert_ranks(struct zset_ranks ranks, uint64_t start, uint64_t count) {
    assert_int_equal(ranks.end - ranks.start, count);
    if (count != 0) assert_int_equal(ranks.start, start);
}

static void find_by_score(struct model *model, size_t key) {
    const struct model_set *set = &model->sets[key];
    struct found found = find_key(model, key);
    if (found.entry == NULL) return;
    struct zset_score_range range = {random_bound(set), random_bound(set), random_below(2) == 0,
                                     random_below(2) == 0};
    uint64_t start = 0, count = 0;
    for (size_t rank = 0; rank < set->len; rank++) {
        if (!is_within(set->members[set->order[rank]].score, &range)) continue;
        if (count++ == 0) start = rank;
    }
    assert_ranks(zset_ranks_by_score(found.entry, &range), start, count);
}

static struct zset_lex_bound random_lex_bound(const struct model *model) {
    return (struct zset_lex_bound){
        .text = model->pool.names[random_below(model->pool.count)],
        .is_open = random_below(2) == 0,
        .infinity = random_below(8) != 0   ? 0
                    : random_below(2) == 0 ? 1
                                           : -1,
    };
}

static bool is_in_lex(struct bytes name, const struct zset_lex_range *range) {
    int min = bytes_compare(name, range->min.text), max = bytes_compare(name, range->max.text);
    bool is_above = range->min.is_open ? min > 0 : min >= 0;
    bool is_below = range->max.is_open ? max < 0 : max <= 0;
    if (range->min.infinity != 0) is_above = range->min.infinity < 0;
    if (range->max.infinity != 0) is_below = range->max.infinity > 0;
    return is_above && is_below;
}

static void find_by_lex(struct model *model, size_t key) {
    const struct model_set *set = &model->sets[key];
    struct found found = find_key(model, key);
    if (found.entry == NULL) return;
    struct zset_lex_range range = {random_lex_bound(model), random_lex_bound(model)};
    uint64_t start = 0, count = 0;
    for (size_t rank = 0; rank < set->len; rank++) {
        if (!is_in_lex(model->pool.names[set->order[rank]], &range)) continue;
        if (count++ == 0) start = rank;
    }
    assert_ranks(zset_ranks_by_lex(found.entry, &range), start, count);
}

static void visit_random(struct model *model, size_t key) {
    const struct model_set *set = &model->sets[key];
    if (find_key(model, key).entry == NULL) return;
    struct zset_ranks ranks = random_ranks(set->len, 20);
    visit_ranks(model, key, ranks, random_below(2) == 0, random_below(4));
}

static void scan_while_changing(struct model *model, size_t key) {
    struct model_set *set = &model->sets[key];
    struct found found = find_key(model, key);
    if (found.entry == NULL) return;
    uint32_t *generations = calloc(model->pool.count, sizeof(*generations));
    bool *existed = calloc(model->pool.count, sizeof(*existed));
    for (size_t i = 0; i < model->pool.count; i++) {
        generations[i] = set->members[i].generation;
        existed[i] = set->members[i].exists;
    }
    struct walk walk = {.model = model, .set = set};
    walk.visits = calloc(model->pool.count, sizeof(*walk.visits));
    uint64_t cursor = 0;
    do {
        cursor = zset_scan(found.entry, cursor, visit_any, &walk);
        if (cursor == 0) break;
        if (random_below(2) == 0) put_random(model, key);
        if (random_below(4) == 0) remove_ranks(model, key, 3);
        if (random_below(4) == 0) change_due(model, key);
        found = find_key(model, key);
    } while (found.entry != NULL);
    for (size_t i = 0; i < model->pool.count && cursor == 0; i++) {
        bool is_same = set->members[i].generation == generations[i];
        if (is_same && existed[i]) assert_int_equal(walk.visits[i], 1);
        if (is_same) assert_in_range(walk.visits[i], 0, 1);
    }
    free(walk.visits);
    free(generations);
    free(existed);
}

static void draw(struct model *model, size_t key) {
    const struct model_set *set = &model->sets[key];
    struct found found = find_key(model, key);
    if (found.entry == NULL) return;
    size_t count = random_below(set->len + 1) >> random_below(6);
    bool is_distinct = random_below(2) == 0;
    struct walk walk = {.model = model, .set = set};
    walk.visits = calloc(model->pool.count, sizeof(*walk.visits));
    zset_random_many(found.entry, count, is_distinct, visit_any, &walk);
    assert_int_equal(walk.count, count);
    for (size_t i = 0; i < model->pool.count && is_distinct; i++)
        assert_in_range(walk.visits[i], 0, 1);
    free(walk.visits);
}

static void do_something(struct model *model, size_t key, uint64_t rare) {
    bool is_rare = random_below(rare) == 0;
    switch (random_below(32)) {
    case 0:
        if (is_rare || rare < 100) copy_or_move(model, key);
        break;
    case 1:
    case 2:
    case 3:
    case 4: remove_random(model, key); break;
    case 5: remove_ranks(model, key, 3); break;
    case 6:
    case 7:
    case 8: change_due(model, key); break;
    case 9:
        if (is_rare || rare < 100) let_time_pass(model);
        break;
    case 10:
        if (is_rare) scan_while_changing(model, key);
        break;
    case 11:
        if (is_rare) draw(model, key);
        break;
    case 12:
        if (is_rare) remove_ranks(model, key, model->pool.count);
        break;
    case 13:
        if (is_rare) change_limits(model);
        break;
    case 14:
        if (is_rare) build_and_store(model, key);
        break;
    case 15:
    case 16: visit_random(model, key); break;
    case 17:
        if (is_rare || rare < 100) find_by_score(model, key);
        break;
    case 18:
        if (key == LEX_KEY) find_by_lex(model, key);
        break;
    default: put_random(model, key);
    }
}

static void compare_small_sets(struct fixture *fixture, int64_t due_range_ms) {
    enum { STEPS = 1500000, MEMBERS = 40, RARE = 8, CHECK_EVERY = 16 };
    struct model model;
    init_model(&model, fixture, KEYS, MEMBERS);
    model.due_range_ms = due_range_ms;
    for (int step = 0; step < STEPS; step++) {
        size_t key = random_below(KEYS);
        do_something(&model, key, RARE);
        check_member(&model, key, random_member(&model));
        if (step % CHECK_EVERY == 0) check_set(&model, random_below(KEYS));
    }
    free_model(&model);
}

static void compare_small_sets_with_the_model(void **state) {
    compare_small_sets(*state, 0);
}

static void compare_small_sets_with_due_times_with_the_model(void **state) {
    enum { DUE_RANGE_MS = 3000 };
    compare_small_sets(*state, DUE_RANGE_MS);
}

static void compare_large_sets_with_the_model(void **state) {
    enum { STEPS = 600000, MEMBERS = 3000, RARE = 4000, CHECK_EVERY = 5000 };
    struct model model;
    init_model(&model, *state, KEYS, MEMBERS);
    model.due_range_ms = 60000;
    for (int step = 0; step < STEPS; step++) {
        size_t key = random_below(KEYS);
        do_something(&model, key, RARE);
        check_member(&model, key, random_member(&model));
        if (step % CHECK_EVERY == 0) check_set(&model, key);
    }
    free_model(&model);
}

int main(void) {
    mem_start();
    hash_set_seed(1);
    const struct CMUnitTest tests[] = {
        TEST(compare_small_sets_with_the_model),
        TEST(compare_small_sets_with_due_times_with_the_model),
        TEST(compare_large_sets_with_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
