/* Hashes against a naive model: arrays of fields, changed by random operations as time passes. */
#include "unit/data/types/hash/hash_fixture.h"
#include "unit/data/types/name_pool.h"

#include "data/value_digest.h"
#include "foundation/mem.h"

enum { KEYS = 4, VALUE_MAX = 90, PAIRS_MAX = 40 };

struct model_field {
    bool exists;
    uint32_t generation; /* how often it has been removed */
    int64_t due_ms;
    uint64_t order; /* when it came to its place in the listpack */
    size_t len;
    char value[VALUE_MAX];
};

struct model_hash {
    size_t len;
    enum hash_encoding encoding;
    struct model_field *fields;
};

struct model {
    struct fixture *fixture;
    struct name_pool pool;
    struct model_hash hashes[KEYS];
    size_t key_count;
    size_t max_entries, max_value_len;
    uint64_t order;
    int64_t now_ms;
    int64_t due_range_ms;
};

static void init_model(struct model *model, struct fixture *fixture, size_t key_count,
                       size_t field_count) {
    *model = (struct model){.fixture = fixture,
                            .key_count = key_count,
                            .max_entries = DEFAULT_ENTRIES,
                            .max_value_len = DEFAULT_VALUE_LEN,
                            .now_ms = START_MS,
                            .due_range_ms = 3000};
    init_names(&model->pool, field_count);
    for (size_t i = 0; i < key_count; i++)
        model->hashes[i].fields = mem_alloc_array(field_count, sizeof(*model->hashes[i].fields));
}

static void free_model(struct model *model) {
    for (size_t i = 0; i < model->key_count; i++) mem_free(model->hashes[i].fields);
    free_names(&model->pool);
}

static struct key key_at(size_t i) {
    static const char *const names[KEYS] = {"first", "2", "the third", ""};
    return key_of(bytes_of_str(names[i]));
}

static struct found find_key(struct model *model, size_t key) {
    struct found found = database_find(model->fixture->db, key_at(key));
    assert_int_equal(found.entry != NULL, model->hashes[key].len != 0);
    return found;
}

/* --- checking --- */

static void assert_content(const struct model_field *expected, const struct hash_field *field) {
    assert_true(expected->exists);
    assert_true(bytes_equal(field->value, bytes_of(expected->value, expected->len)));
    assert_int_equal(field->due_ms, expected->due_ms);
}

static void check_field(struct model *model, size_t key, size_t i) {
    const struct model_field *expected = &model->hashes[key].fields[i];
    struct found found = find_key(model, key);
    if (found.entry == NULL) return;
    assert_int_equal(hash_len(found.entry), model->hashes[key].len);
    struct hash_field field;
    bool is_there = hash_get(found.entry, model->pool.names[i], &field);
    assert_int_equal(is_there, expected->exists);
    if (is_there) assert_content(expected, &field);
}

struct walk {
    struct model *model;
    const struct model_hash *hash;
    uint32_t *visits; /* of each field */
    size_t count;
    const struct model_field *last;
};

static bool is_before(const struct model_field *a, const struct model_field *b) {
    if ((a->due_ms != 0) != (b->due_ms != 0)) return a->due_ms != 0;
    if (a->due_ms != b->due_ms) return a->due_ms < b->due_ms;
    return a->order < b->order;
}

static void visit_field(void *context, const struct hash_field *field) {
    struct walk *walk = context;
    size_t i = index_of(&walk->model->pool, field->name);
    const struct model_field *expected = &walk->hash->fields[i];
    assert_content(expected, field);
    walk->visits[i]++;
    walk->count++;
    if (walk->hash->encoding != HASH_TABLE && walk->last != NULL)
        assert_true(is_before(walk->last, expected));
    walk->last = expected;
}

static void check_digest(struct model *model, const struct model_hash *hash,
                         const struct entry *entry) {
    unsigned char digest[VALUE_DIGEST_BYTES] = {0}, expected[VALUE_DIGEST_BYTES] = {0};
    for (size_t i = 0; i < model->pool.count; i++) {
        const struct model_field *field = &hash->fields[i];
        if (!field->exists) continue;
        unsigned char own[VALUE_DIGEST_BYTES] = {0};
        value_digest_mix(own, model->pool.names[i]);
        value_digest_mix(own, bytes_of(field->value, field->len));
        if (field->due_ms != 0) value_digest_xor(own, BYTES("!!hexpire!!"));
        value_digest_xor(expected, bytes_of(own, sizeof(own)));
    }
    hash_value_type.digest(entry, digest);
    assert_memory_equal(digest, expected, sizeof(digest));
}

static void check_hash(struct model *model, size_t key) {
    const struct model_hash *hash = &model->hashes[key];
    struct found found = find_key(model, key);
    if (found.entry == NULL) return;
    hash_verify(found.entry);
    assert_int_equal(found.entry->encoding, hash->encoding);
    struct walk walk = {.model = model, .hash = hash};
    walk.visits = calloc(model->pool.count, sizeof(*walk.visits));
    hash_for_each(found.entry, visit_field, &walk);
    assert_int_equal(walk.count, hash->len);
    for (size_t i = 0; i < model->pool.count; i++)
        assert_int_equal(walk.visits[i], hash->fields[i].exists);
    free(walk.visits);
    if (random_below(8) == 0) check_digest(model, hash, found.entry);
}

/* --- changes --- */

/* Long names rarely: they would make every hash a table. */
static size_t random_field(const struct model *model) {
    size_t i = random_below(model->pool.count);
    bool is_long = model->pool.names[i].len > DEFAULT_VALUE_LEN;
    return is_long && random_below(40) != 0 ? 0 : i;
}

static struct bytes random_value(char out[VALUE_MAX]) {
    size_t len = random_below(500) == 0 ? random_below(VALUE_MAX) : random_below(24);
    if (random_below(3) == 0) {
        int64_t number = (int64_t)random_u64() >> random_below(64);
        return bytes_of(out, number_format_i64(out, number));
    }
    memset(out, (int)('a' + random_below(26)), len);
    return bytes_of(out, len);
}

/* True when the field is new. */
static bool set_in_model(struct model *model, struct model_hash *hash, size_t i, struct bytes value,
                         unsigned flags) {
    struct model_field *field = &hash->fields[i];
    bool is_new = !field->exists, loses_due = field->due_ms != 0 && (flags & HASH_KEEP_DUE) == 0;
    if (is_new || loses_due) {
        field->order = ++model->order;
        field->due_ms = 0;
    }
    field->exists = true;
    field->len = value.len;
    if (value.len != 0) memcpy(field->value, value.data, value.len);
    hash->len += is_new;
    if (hash->len > model->max_entries) hash->encoding = HASH_TABLE;
    return is_new;
}

static void forget_field(struct model_hash *hash, size_t i) {
    struct model_field *field = &hash->fields[i];
    if (!field->exists) return;
    field->exists = false;
    field->due_ms = 0;
    field->generation++;
    hash->len--;
    if (hash->len == 0) hash->encoding = HASH_PACKED;
}

static void set(struct model *model, size_t key) {
    static char values[PAIRS_MAX][VALUE_MAX];
    struct model_hash *hash = &model->hashes[key];
    struct bytes pairs[2 * PAIRS_MAX];
    size_t fields[PAIRS_MAX], expected = 0;
    size_t count = random_below(3) == 0 ? 1 + random_below(PAIRS_MAX) : 1;
    unsigned flags = random_below(2) == 0 ? HASH_KEEP_DUE : 0;
    for (size_t i = 0; i < count; i++) {
        fields[i] = random_field(model);
        pairs[2 * i] = model->pool.names[fields[i]];
        pairs[2 * i + 1] = random_value(values[i]);
        if (pairs[2 * i].len > model->max_value_len || pairs[2 * i + 1].len > model->max_value_len)
            hash->encoding = HASH_TABLE;
    }
    if (count > model->max_entries) hash->encoding = HASH_TABLE;
    struct found found = find_key(model, key);
    size_t added = hash_set(model->fixture->db, key_at(key), &found, pairs, count, flags);
    for (size_t i = 0; i < count; i++)
        expected += set_in_model(model, hash, fields[i], pairs[2 * i + 1], flags);
    assert_int_equal(added, expected);
    assert_ptr_equal(find_key(model, key).entry, found.entry);
    for (size_t i = 0; i < count; i++) check_field(model, key, fields[i]);
}

static void delete_fields(struct model *model, size_t key, size_t count) {
    struct model_hash *hash = &model->hashes[key];
    struct bytes *names = calloc(count, sizeof(*names));
    struct found found = find_key(model, key);
    size_t len = hash->len;
    for (size_t i = 0; i < count && found.entry != NULL; i++) {
        size_t field = count == model->pool.count ? i : random_field(model);
        names[i] = model->pool.names[field];
        forget_field(hash, field);
    }
    if (found.entry != NULL) {
        size_t deleted = hash_delete(model->fixture->db, key_at(key), &found, names, count);
        assert_int_equal(deleted, len - hash->len);
        assert_int_equal(found.entry != NULL, hash->len != 0);
    }
    free(names);
}

static void change_due(struct model *model, size_t key) {
    struct model_hash *hash = &model->hashes[key];
    struct found found = find_key(model, key);
    if (found.entry == NULL) return;
    for (size_t i = random_below(6); i-- > 0;) {
        size_t at = random_field(model);
        struct model_field *field = &hash->fields[at];
        if (!field->exists) continue;
        int64_t due_ms =
            random_below(4) == 0
                ? 0
                : model->now_ms + 1 + (int64_t)random_below((uint64_t)model->due_range_ms);
        if (random_below(50) == 0) due_ms = CALENDAR_MAX_MS / 2 + (int64_t)random_below(3);
        hash_set_due(model->fixture->db, &found, model->pool.names[at], due_ms);
        if (due_ms != field->due_ms) field->order = ++model->order;
        field->due_ms = due_ms;
        if (due_ms != 0 && hash->encoding == HASH_PACKED) hash->encoding = HASH_PACKED_DUE;
    }
    member_expiry_update(model->fixture->db, key_at(key), found.entry);
}

static void let_time_pass(struct model *model) {
    model->now_ms += (int64_t)random_below((uint64_t)model->due_range_ms / 10);
    set_now(model->fixture, model->now_ms);
    for (size_t key = 0; key < model->key_count; key++) {
        struct model_hash *hash = &model->hashes[key];
        for (size_t i = 0; i < model->pool.count; i++)
            if (hash->fields[i].due_ms != 0 && hash->fields[i].due_ms <= model->now_ms)
                forget_field(hash, i);
    }
    if (random_below(2) == 0) (void)keyspace_expire_due(model->fixture->keyspace, 1000);
}

static void put_in_place(struct model *model, size_t target, struct entry *entry) {
    struct found old = database_find(model->fixture->db, key_at(target));
    if (old.entry != NULL) database_delete(model->fixture->db, key_at(target), old);
    database_add(model->fixture->db, key_at(target), entry);
}

static void copy_in_model(struct model *model, size_t source, size_t target) {
    struct model_hash *from = &model->hashes[source], *to = &model->hashes[target];
    memcpy(to->fields, from->fields, model->pool.count * sizeof(*to->fields));
    to->len = from->len;
    to->encoding = from->encoding;
}

static void copy_or_move(struct model *model, size_t source) {
    size_t target = random_below(model->key_count);
    struct found found = find_key(model, source);
    if (found.entry == NULL || target == source) return;
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
        forget_field(&model->hashes[source], i);
}

static void change_limits(struct model *model) {
    model->max_entries = random_below(4) == 0 ? random_below(model->pool.count) : DEFAULT_ENTRIES;
    model->max_value_len = random_below(4) == 0 ? 8 : DEFAULT_VALUE_LEN;
    hash_set_limits((int64_t)model->max_entries, (int64_t)model->max_value_len);
}

/* --- reading --- */

static void scan_while_changing(struct model *model, size_t key) {
    struct model_hash *hash = &model->hashes[key];
    struct found found = find_key(model, key);
    if (found.entry == NULL) return;
    uint32_t *generations = calloc(model->pool.count, sizeof(*generations));
    bool *existed = calloc(model->pool.count, sizeof(*existed));
    for (size_t i = 0; i < model->pool.count; i++) {
        generations[i] = hash->fields[i].generation;
        existed[i] = hash->fields[i].exists;
    }
    struct walk walk = {.model = model, .hash = hash};
    walk.visits = calloc(model->pool.count, sizeof(*walk.visits));
    uint64_t cursor = 0;
    do {
        walk.last = NULL;
        cursor = hash_scan(found.entry, cursor, visit_field, &walk);
        if (cursor == 0) break;
        if (random_below(2) == 0) set(model, key);
        if (random_below(4) == 0) delete_fields(model, key, 3);
        if (random_below(4) == 0) change_due(model, key);
        found = find_key(model, key);
    } while (found.entry != NULL);
    for (size_t i = 0; i < model->pool.count && cursor == 0; i++) {
        bool is_same = hash->fields[i].generation == generations[i];
        if (is_same && existed[i]) assert_int_equal(walk.visits[i], 1);
        if (is_same) assert_in_range(walk.visits[i], 0, 1);
    }
    free(walk.visits);
    free(generations);
    free(existed);
}

static void draw(struct model *model, size_t key) {
    const struct model_hash *hash = &model->hashes[key];
    struct found found = find_key(model, key);
    if (found.entry == NULL) return;
    struct hash_field field;
    hash_random(found.entry, &field);
    assert_content(&hash->fields[index_of(&model->pool, field.name)], &field);
    size_t count = random_below(hash->len + 1);
    bool is_distinct = random_below(2) == 0;
    struct model_hash unordered = *hash;
    unordered.encoding = HASH_TABLE;
    struct walk walk = {.model = model, .hash = &unordered};
    walk.visits = calloc(model->pool.count, sizeof(*walk.visits));
    hash_random_many(found.entry, count, is_distinct, visit_field, &walk);
    assert_int_equal(walk.count, count);
    for (size_t i = 0; i < model->pool.count && is_distinct; i++)
        assert_in_range(walk.visits[i], 0, 1);
    free(walk.visits);
}

static void do_something(struct model *model, size_t key, uint64_t rare) {
    switch (random_below(24)) {
    case 0: copy_or_move(model, key); break;
    case 1:
    case 2:
    case 3: delete_fields(model, key, 1 + random_below(8)); break;
    case 4:
    case 5:
    case 6:
    case 7: change_due(model, key); break;
    case 8:
    case 9: let_time_pass(model); break;
    case 10:
        if (random_below(rare) == 0) scan_while_changing(model, key);
        break;
    case 11:
        if (random_below(rare) == 0) draw(model, key);
        break;
    case 12:
        if (random_below(rare) == 0) delete_fields(model, key, model->pool.count);
        break;
    case 13:
        if (random_below(rare) == 0) change_limits(model);
        break;
    default: set(model, key);
    }
}

static void compare_small_hashes_with_the_model(void **state) {
    enum { STEPS = 1500000, FIELDS = 40, RARE = 8, CHECK_EVERY = 16 };
    struct model model;
    init_model(&model, *state, KEYS, FIELDS);
    for (int step = 0; step < STEPS; step++) {
        size_t key = random_below(KEYS);
        do_something(&model, key, RARE);
        check_field(&model, key, random_field(&model));
        if (step % CHECK_EVERY == 0) check_hash(&model, random_below(KEYS));
    }
    free_model(&model);
}

static void compare_a_large_hash_with_the_model(void **state) {
    enum { STEPS = 500000, FIELDS = 3000, RARE = 2000, CHECK_EVERY = 5000 };
    struct model model;
    init_model(&model, *state, 1, FIELDS);
    model.due_range_ms = 60000;
    for (int step = 0; step < STEPS; step++) {
        do_something(&model, 0, RARE);
        check_field(&model, 0, random_field(&model));
        if (step % CHECK_EVERY == 0) check_hash(&model, 0);
    }
    free_model(&model);
}

int main(void) {
    mem_start();
    hash_set_seed(1);
    const struct CMUnitTest tests[] = {
        TEST(compare_small_hashes_with_the_model),
        TEST(compare_a_large_hash_with_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
