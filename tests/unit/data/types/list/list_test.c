/* Lists against a naive model, an array of byte runs, under limits so small that blocks split and
 * merge all the time; what lists cost in memory; and when they change their encoding. */
#include "data/types/list/list_private.h"
#include "data/value_digest.h"
#include "foundation/clock.h"
#include "foundation/mem.h"
#include "foundation/number.h"
#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MODEL_MAX = 4096, VALUES_MAX = 40, TEXT_MAX = 20000 };

struct fixture {
    struct clock clock;
    struct keyspace *keyspace;
    struct database *db;
    struct key key;
    struct found found;
    struct bytes model[MODEL_MAX]; /* each owned */
    size_t count;
    size_t longest; /* texts are up to so long */
    bool is_limit_moving;
    char pool[TEXT_MAX + VALUES_MAX];
};

static struct fixture *new_fixture(void) {
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    clock_set_unix_us(&fixture->clock, 1000000000);
    fixture->keyspace = keyspace_new(1, &fixture->clock);
    fixture->db = fixture->keyspace->dbs[0];
    fixture->key = key_of(BYTES("list"));
    fixture->longest = 40;
    for (size_t i = 0; i < sizeof(fixture->pool); i++)
        fixture->pool[i] = (char)('a' + random_below(26));
    list_set_limits(-2);
    return fixture;
}

static void remove_model(struct fixture *fixture, size_t at, size_t count) {
    for (size_t i = 0; i < count; i++) mem_free((void *)(uintptr_t)fixture->model[at + i].data);
    memmove(fixture->model + at, fixture->model + at + count,
            (fixture->count - at - count) * sizeof(fixture->model[0]));
    fixture->count -= count;
}

static void insert_model(struct fixture *fixture, size_t at, struct bytes text) {
    memmove(fixture->model + at + 1, fixture->model + at,
            (fixture->count - at) * sizeof(fixture->model[0]));
    fixture->model[at] = bytes_of(mem_dup(text.data, text.len), text.len);
    fixture->count++;
}

static void free_fixture(struct fixture *fixture) {
    remove_model(fixture, 0, fixture->count);
    keyspace_free(fixture->keyspace);
    list_set_limits(-2);
    free(fixture);
}

static void find_list(struct fixture *fixture) {
    fixture->found = database_find(fixture->db, fixture->key);
}

/* Few different texts, so that equal ones are found; some integers of all sizes, rarely a long
 * one. */
static struct bytes random_text(struct fixture *fixture, char scratch[32]) {
    uint64_t kind = random_below(16);
    if (kind < 5) {
        int64_t value = (int64_t)random_u64() >> (8 * random_below(8));
        if (kind < 2) value = (int64_t)random_below(5);
        return bytes_of(scratch, number_format_i64(scratch, value));
    }
    if (kind < 8) return bytes_of(fixture->pool, 1 + random_below(6));
    size_t len = random_below(kind == 15 ? fixture->longest : 20);
    return bytes_of(fixture->pool + random_below(VALUES_MAX), len);
}

/* --- agreement with the model --- */

static struct bytes text_at(const char *at, char scratch[PACKED_SCRATCH]) {
    struct packed_value value = packed_read(at);
    return packed_text(&value, scratch);
}

static void check_element(const struct fixture *fixture, const char *at, size_t index) {
    char scratch[PACKED_SCRATCH];
    assert_non_null(at);
    struct bytes text = text_at(at, scratch);
    if (!bytes_equal(text, fixture->model[index]))
        fail_msg("element %zu is \"%.*s\", not \"%.*s\"", index, (int)text.len, text.data,
                 (int)fixture->model[index].len, fixture->model[index].data);
}

static void check_steps(const struct fixture *fixture, size_t start, size_t count,
                        enum list_end towards) {
    struct list_position position = list_seek(fixture->found.entry, (int64_t)start);
    for (size_t i = 0; i < count; i++) {
        check_element(fixture, position.at, towards == LIST_TAIL ? start + i : start - i);
        list_step(&position, towards);
    }
    bool is_past_end = count == (towards == LIST_TAIL ? fixture->count - start : start + 1);
    assert_int_equal(position.at == NULL, is_past_end);
}

/* A packed list that was within a larger limit stays as it is until it grows. */
static void check_encoding(const struct fixture *fixture) {
    const struct block_limits *limits = list_limits();
    if (!list_is_packed(fixture->found.entry) || fixture->is_limit_moving) return;
    struct slot only = list_only_slot(fixture->found.entry);
    assert_true(only.count <= limits->max_count);
    assert_true(block_bytes(only.block) <= limits->max_listpack + PACKED_ENTRY_OVERHEAD_MAX);
}

static void check_list(struct fixture *fixture) {
    find_list(fixture);
    struct entry *entry = fixture->found.entry;
    assert_int_equal(entry == NULL, fixture->count == 0);
    if (entry == NULL) return;
    list_verify(entry);
    check_encoding(fixture);
    check_steps(fixture, 0, fixture->count, LIST_TAIL);
    check_steps(fixture, fixture->count - 1, fixture->count, LIST_HEAD);
}

static void check_a_little(struct fixture *fixture) {
    const struct entry *entry = fixture->found.entry;
    assert_int_equal(entry == NULL, fixture->count == 0);
    if (entry == NULL) return;
    assert_int_equal(list_len(entry), fixture->count);
    size_t index = random_below(fixture->count);
    check_element(fixture, list_seek(entry, (int64_t)index).at, index);
    check_element(fixture, list_seek(entry, (int64_t)index - (int64_t)fixture->count).at, index);
    size_t left = fixture->count - index;
    check_steps(fixture, index, 1 + random_below(left < 20 ? left : 20), LIST_TAIL);
    check_steps(fixture, index, 1 + random_below(index < 20 ? index + 1 : 20), LIST_HEAD);
    assert_null(list_seek(entry, (int64_t)fixture->count).at);
    assert_null(list_seek(entry, -(int64_t)fixture->count - 1).at);
}

/* --- steps --- */

static void push(struct fixture *fixture) {
    enum list_end end = (enum list_end)random_below(2);
    char scratch[VALUES_MAX][32];
    struct bytes values[VALUES_MAX];
    size_t count = random_below(8) == 0 ? 1 + random_below(VALUES_MAX) : 1;
    for (size_t i = 0; i < count; i++) values[i] = random_text(fixture, scratch[i]);
    list_push(fixture->db, fixture->key, &fixture->found, end, values, count);
    for (size_t i = 0; i < count; i++)
        insert_model(fixture, end == LIST_HEAD ? 0 : fixture->count, values[i]);
}

static size_t few_of(size_t count) {
    if (random_below(100) == 0) return 1 + random_below(count);
    return 1 + (random_below(4) == 0 ? random_below(count < 10 ? count : 10) : 0);
}

static void drop(struct fixture *fixture) {
    enum list_end end = (enum list_end)random_below(2);
    size_t count = few_of(fixture->count);
    list_drop(fixture->db, fixture->key, &fixture->found, end, count);
    remove_model(fixture, end == LIST_HEAD ? 0 : fixture->count - count, count);
}

static void trim(struct fixture *fixture) {
    size_t start = random_below(fixture->count < 20 ? fixture->count : 20);
    size_t end = fixture->count - 1 - random_below(fixture->count - start) / 10;
    list_trim(fixture->db, fixture->key, &fixture->found, start, end);
    remove_model(fixture, end + 1, fixture->count - 1 - end);
    remove_model(fixture, 0, start);
}

static void insert(struct fixture *fixture) {
    static size_t favourite; /* often the same place again */
    char scratch[32];
    struct bytes text = random_text(fixture, scratch);
    if (random_below(50) == 0) favourite = random_u64();
    size_t index = (random_below(4) == 0 ? random_u64() : favourite) % fixture->count;
    enum list_end side = (enum list_end)random_below(2);
    list_insert(&fixture->found, list_seek(fixture->found.entry, (int64_t)index), side, text);
    insert_model(fixture, index + (side == LIST_TAIL), text);
}

static void replace(struct fixture *fixture) {
    char scratch[32];
    struct bytes text = random_text(fixture, scratch);
    size_t index = random_below(fixture->count);
    list_replace(&fixture->found, list_seek(fixture->found.entry, (int64_t)index), text);
    remove_model(fixture, index, 1);
    insert_model(fixture, index, text);
}

static void remove_some(struct fixture *fixture) {
    size_t index = random_below(fixture->count);
    size_t count = few_of(fixture->count - index);
    list_remove(fixture->db, fixture->key, &fixture->found,
                list_seek(fixture->found.entry, (int64_t)index), count);
    remove_model(fixture, index, count);
}

static size_t remove_equal_model(struct fixture *fixture, enum list_end from, struct bytes text,
                                 size_t max) {
    size_t removed = 0, at = from == LIST_HEAD ? 0 : fixture->count;
    if (max == 0) max = SIZE_MAX;
    while (removed < max && (from == LIST_HEAD ? at < fixture->count : at > 0)) {
        size_t index = from == LIST_HEAD ? at : at - 1;
        bool goes = bytes_equal(fixture->model[index], text);
        if (goes) remove_model(fixture, index, 1);
        removed += goes;
        if (from == LIST_TAIL)
            at--;
        else if (!goes)
            at++;
    }
    return removed;
}

static void remove_equal(struct fixture *fixture) {
    char scratch[32];
    struct bytes text = random_text(fixture, scratch);
    size_t max = random_below(4);
    enum list_end from = (enum list_end)random_below(2);
    size_t removed = list_remove_equal(fixture->db, fixture->key, &fixture->found, from, text, max);
    assert_int_equal(removed, remove_equal_model(fixture, from, text, max));
}

static void store(struct fixture *fixture) {
    char scratch[VALUES_MAX][32];
    struct bytes values[VALUES_MAX];
    size_t count = 1 + random_below(VALUES_MAX);
    for (size_t i = 0; i < count; i++) values[i] = random_text(fixture, scratch[i]);
    list_store(fixture->db, fixture->key, &fixture->found, values, count);
    remove_model(fixture, 0, fixture->count);
    for (size_t i = 0; i < count; i++) insert_model(fixture, fixture->count, values[i]);
}

static void swap_for_copy(struct fixture *fixture) {
    struct entry *copy = value_type_copy_entry(fixture->found.entry, fixture->key.name, false);
    list_delete_key(fixture->db, fixture->key, &fixture->found);
    fixture->found = database_add(fixture->db, fixture->key, copy);
}

typedef void step_function(struct fixture *fixture);

static step_function *choose_step(const struct fixture *fixture, bool is_growing) {
    if (fixture->count < 3 || random_below(is_growing ? 3 : 6) == 0)
        return fixture->count != 0 && random_below(2) == 0 ? insert : push;
    static step_function *const steps[] = {drop, drop, insert, replace, remove_some, push};
    uint64_t rare = random_below(3000);
    if (rare < 3) return rare == 0 ? store : rare == 1 ? swap_for_copy : trim;
    if (rare < 200) return remove_equal;
    return steps[random_below(ARRAY_LEN(steps))];
}

static void run_steps(struct fixture *fixture, size_t steps, size_t largest) {
    bool is_growing = true;
    for (size_t i = 0; i < steps; i++) {
        if (fixture->count > largest) is_growing = false;
        if (fixture->count < 4) is_growing = true;
        if (fixture->count + VALUES_MAX >= MODEL_MAX)
            trim(fixture);
        else
            choose_step(fixture, is_growing)(fixture);
        if (i % 64 == 0)
            check_list(fixture);
        else
            check_a_little(fixture);
    }
    check_list(fixture);
}

static void lists_with_blocks_of_few_bytes_agree_with_a_model(void **state) {
    (void)state;
    static const size_t limits[] = {64, 96, 128, 256, 1024};
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        struct fixture *fixture = new_fixture();
        list_set_byte_limit(limits[i]);
        fixture->longest = limits[i] * 3;
        run_steps(fixture, 250000, 300);
        free_fixture(fixture);
    }
}

static void lists_with_blocks_of_few_elements_agree_with_a_model(void **state) {
    (void)state;
    for (int64_t limit = 0; limit < 8; limit++) {
        struct fixture *fixture = new_fixture();
        list_set_limits(limit == 7 ? 40 : limit);
        run_steps(fixture, 100000, 200);
        free_fixture(fixture);
    }
}

static void lists_with_blocks_of_common_size_agree_with_a_model(void **state) {
    (void)state;
    for (int64_t limit = -2; limit <= 128; limit += 130) {
        struct fixture *fixture = new_fixture();
        list_set_limits(limit);
        fixture->longest = TEXT_MAX;
        run_steps(fixture, 100000, 3000);
        free_fixture(fixture);
    }
}

static void limits_may_change_at_any_time(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture();
    fixture->longest = TEXT_MAX;
    fixture->is_limit_moving = true;
    for (int i = 0; i < 1000; i++) {
        list_set_limits((int64_t)random_below(16) - 5);
        run_steps(fixture, 200, 1000);
    }
    free_fixture(fixture);
}

/* --- memory --- */

static void push_number(struct fixture *fixture, enum list_end end, uint64_t number) {
    char text[32];
    int len = snprintf(text, sizeof(text), "value-%010u", (unsigned)number);
    struct bytes value = bytes_of(text, (size_t)len);
    list_push(fixture->db, fixture->key, &fixture->found, end, &value, 1);
}

static void drop_one(struct fixture *fixture, enum list_end end) {
    list_drop(fixture->db, fixture->key, &fixture->found, end, 1);
}

static size_t outside_bytes(const struct fixture *fixture) {
    return list_value_type.outside_bytes(fixture->found.entry, 0);
}

static void an_element_of_16_bytes_costs_little_more_than_18(void **state) {
    (void)state;
    for (int end = LIST_HEAD; end <= LIST_TAIL; end++) {
        struct fixture *fixture = new_fixture();
        for (uint64_t i = 0; i < 300000; i++) push_number(fixture, (enum list_end)end, i);
        list_verify(fixture->found.entry);
        assert_true(outside_bytes(fixture) < 300000 * 185 / 10);
        free_fixture(fixture);
    }
}

static void three_short_elements_take_48_bytes(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture();
    struct bytes values[] = {BYTES("aaaaaaaaaa"), BYTES("bbbbbbbbbb"), BYTES("cccccccccc")};
    list_push(fixture->db, fixture->key, &fixture->found, LIST_TAIL, values, 3);
    assert_int_equal(block_alloc(entry_pointer(fixture->found.entry)), 48);
    list_delete_key(fixture->db, fixture->key, &fixture->found);
    for (int i = 0; i < 3; i++)
        list_push(fixture->db, fixture->key, &fixture->found, LIST_HEAD, &values[i], 1);
    assert_int_equal(block_alloc(entry_pointer(fixture->found.entry)), 48);
    free_fixture(fixture);
}

static void check_queue(enum list_end in, size_t len) {
    struct fixture *fixture = new_fixture();
    for (uint64_t i = 0; i < len; i++) push_number(fixture, in, i);
    for (uint64_t i = 0; i < 100000; i++) {
        push_number(fixture, in, i);
        drop_one(fixture, (enum list_end)(1 - in));
        size_t payload = (len + 1) * 18;
        if (i % 16 == 0) assert_true(outside_bytes(fixture) < payload * 3 / 2 + 3 * 8192);
        if (i % 16 == 0 && len < 100) assert_true(outside_bytes(fixture) < payload * 3 / 2 + 100);
    }
    list_verify(fixture->found.entry);
    assert_int_equal(list_len(fixture->found.entry), len);
    free_fixture(fixture);
}

static void a_queue_of_constant_length_keeps_its_memory(void **state) {
    (void)state;
    static const size_t lens[] = {1, 7, 99, 450, 451, 1000, 10000};
    for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
        check_queue(LIST_HEAD, lens[i]);
        check_queue(LIST_TAIL, lens[i]);
    }
}

static void check_inserts_in_one_place(enum list_end side, size_t index) {
    struct fixture *fixture = new_fixture();
    for (uint64_t i = 0; i < 2000; i++) push_number(fixture, LIST_TAIL, i);
    for (size_t i = 0; i < 50000; i++) {
        struct list_position position = list_seek(fixture->found.entry, (int64_t)index);
        list_insert(&fixture->found, position, side, BYTES("inserted-16bytes"));
    }
    list_verify(fixture->found.entry);
    assert_true(outside_bytes(fixture) < (size_t)52000 * 18 * 5 / 4);
    free_fixture(fixture);
}

static void inserting_in_one_place_again_and_again_fills_blocks(void **state) {
    (void)state;
    check_inserts_in_one_place(LIST_HEAD, 1);
    check_inserts_in_one_place(LIST_HEAD, 700);
    check_inserts_in_one_place(LIST_TAIL, 700);
    check_inserts_in_one_place(LIST_TAIL, 1998);
}

static void edits_in_the_middle_leave_memory_within_twice_the_elements(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture();
    for (uint64_t i = 0; i < 5000; i++) push_number(fixture, LIST_TAIL, i);
    for (size_t count = 5000; count < 60000; count++) {
        struct list_position position =
            list_seek(fixture->found.entry, (int64_t)random_below(count));
        list_insert(&fixture->found, position, LIST_HEAD, BYTES("inserted-16bytes"));
    }
    assert_true(outside_bytes(fixture) < (size_t)60000 * 18 * 3 / 2);
    for (size_t count = 60000; count > 1000; count--) {
        struct list_position position =
            list_seek(fixture->found.entry, (int64_t)random_below(count));
        list_remove(fixture->db, fixture->key, &fixture->found, position, 1);
        if (count % 128 == 0) assert_true(outside_bytes(fixture) < (size_t)count * 18 * 2 + 16384);
    }
    list_verify(fixture->found.entry);
    const struct deque *deque = entry_pointer(fixture->found.entry);
    assert_true(deque->block_count <= 1000 * 18 / 3000 + 2);
    free_fixture(fixture);
}

static void short_values_in_the_place_of_long_ones_merge_blocks(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture();
    for (int i = 0; i < 1000; i++) {
        struct bytes value = bytes_of(fixture->pool, 1000);
        list_push(fixture->db, fixture->key, &fixture->found, LIST_TAIL, &value, 1);
    }
    for (int64_t i = 0; i < 990; i++)
        list_replace(&fixture->found, list_seek(fixture->found.entry, i), BYTES("short"));
    list_verify(fixture->found.entry);
    assert_true(list_block_count(fixture->found.entry) <= 6);
    assert_true(outside_bytes(fixture) < 990 * 7 * 2 + 10 * 1000 * 2);
    free_fixture(fixture);
}

static void large_elements_take_just_their_size(void **state) {
    (void)state;
    static const size_t lens[] = {2800, 5000, 8100, 8192, 100000};
    char *text = mem_alloc_zeroed(100000);
    for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
        struct fixture *fixture = new_fixture();
        struct bytes value = bytes_of(text, lens[i]);
        for (int k = 0; k < 200; k++)
            list_push(fixture->db, fixture->key, &fixture->found, (enum list_end)(k & 1), &value,
                      1);
        assert_true(outside_bytes(fixture) < 200 * lens[i] * 5 / 4 + 16384);
        drop_one(fixture, LIST_HEAD);
        drop_one(fixture, LIST_TAIL);
        list_verify(fixture->found.entry);
        free_fixture(fixture);
    }
    mem_free(text);
}

static void a_list_that_has_become_short_gives_its_memory_back(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture();
    for (uint64_t i = 0; i < 100000; i++) push_number(fixture, LIST_TAIL, i);
    list_drop(fixture->db, fixture->key, &fixture->found, LIST_HEAD, 99990);
    assert_true(list_is_packed(fixture->found.entry));
    assert_true(outside_bytes(fixture) < 10 * 18 * 3);
    free_fixture(fixture);
}

/* --- encodings --- */

static const char *encoding_of(const struct fixture *fixture) {
    return list_value_type.encoding_name(fixture->found.entry);
}

static void counted_lists_change_encoding_at_the_limit_and_at_half_of_it(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture();
    list_set_limits(8);
    for (uint64_t i = 0; i < 8; i++) push_number(fixture, LIST_TAIL, i);
    assert_string_equal(encoding_of(fixture), "listpack");
    push_number(fixture, LIST_TAIL, 8);
    assert_string_equal(encoding_of(fixture), "quicklist");
    for (uint64_t i = 0; i < 4; i++) drop_one(fixture, LIST_TAIL);
    assert_string_equal(encoding_of(fixture), "quicklist");
    drop_one(fixture, LIST_TAIL);
    assert_string_equal(encoding_of(fixture), "listpack");
    free_fixture(fixture);
}

static void push_filler(struct fixture *fixture, size_t len) {
    struct bytes value = bytes_of(fixture->pool, len);
    list_push(fixture->db, fixture->key, &fixture->found, LIST_TAIL, &value, 1);
}

/* A listpack has 7 bytes of its own; a new value counts with its bare length. */
static void sized_lists_change_encoding_at_the_limit_and_at_half_of_it(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture();
    push_filler(fixture, 8192 - 7);
    assert_string_equal(encoding_of(fixture), "listpack");
    list_delete_key(fixture->db, fixture->key, &fixture->found);
    push_filler(fixture, 8192 - 6);
    assert_string_equal(encoding_of(fixture), "quicklist");
    list_delete_key(fixture->db, fixture->key, &fixture->found);
    push_filler(fixture, 4096 - 7 - 4 + 1); /* four more when packed: one byte over half */
    push_filler(fixture, 8000);
    assert_string_equal(encoding_of(fixture), "quicklist");
    drop_one(fixture, LIST_TAIL);
    assert_string_equal(encoding_of(fixture), "quicklist");
    list_replace(&fixture->found, list_seek(fixture->found.entry, 0), bytes_of("x", 1));
    assert_string_equal(encoding_of(fixture), "listpack");
    free_fixture(fixture);
}

/* --- the rest --- */

static void storing_takes_the_place_of_any_value_and_its_due_time(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture();
    struct bytes values[] = {BYTES("a"), BYTES("12")};
    list_push(fixture->db, fixture->key, &fixture->found, LIST_TAIL, values, 2);
    database_set_due(fixture->db, fixture->key, &fixture->found, 5000000);
    char scratch[2][PACKED_SCRATCH];
    struct bytes own[] = {text_at(list_seek(fixture->found.entry, 1).at, scratch[0]),
                          text_at(list_seek(fixture->found.entry, 0).at, scratch[1])};
    list_store(fixture->db, fixture->key, &fixture->found, own, 2);
    find_list(fixture);
    insert_model(fixture, 0, BYTES("12"));
    insert_model(fixture, 1, BYTES("a"));
    check_list(fixture);
    assert_int_equal(entry_due_ms(fixture->found.entry), 0);
    assert_int_equal(fixture->db->due_count, 0);
    free_fixture(fixture);
}

/* What redis-server 7.0.15 answers to DEBUG DIGEST-VALUE. */
static void the_digest_is_that_of_redis(void **state) {
    (void)state;
    static const unsigned char expected[VALUE_DIGEST_BYTES] = {
        0x9f, 0x4a, 0x26, 0x23, 0x28, 0xce, 0xe4, 0xaf, 0xde, 0x47,
        0x72, 0xd8, 0x82, 0xb2, 0xc8, 0x96, 0x22, 0xe6, 0xe3, 0xfd};
    struct fixture *fixture = new_fixture();
    struct bytes values[] = {BYTES("a"), BYTES("12"), BYTES(""), BYTES("hello")};
    list_push(fixture->db, fixture->key, &fixture->found, LIST_TAIL, values, 4);
    unsigned char digest[VALUE_DIGEST_BYTES] = {0};
    value_digest_add(digest, fixture->found.entry);
    assert_memory_equal(digest, expected, sizeof(digest));
    free_fixture(fixture);
}

static void only_lists_of_many_blocks_are_costly_to_free(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture();
    for (uint64_t i = 0; i < 64 * 454; i++) push_number(fixture, LIST_TAIL, i);
    assert_false(list_value_type.is_costly_to_free(fixture->found.entry));
    for (uint64_t i = 0; i < 454; i++) push_number(fixture, LIST_TAIL, i);
    assert_true(list_value_type.is_costly_to_free(fixture->found.entry));
    size_t payload = (size_t)65 * 454 * 18;
    size_t serialized = list_value_type.serialized_len(fixture->found.entry);
    assert_true(serialized > payload && serialized < payload + 65 * 20);
    size_t sampled = list_value_type.outside_bytes(fixture->found.entry, 5);
    assert_true(sampled > payload && sampled < payload * 11 / 10);
    free_fixture(fixture);
}

int main(void) {
    mem_start();
    hash_set_seed(1);
    random_set_seed(5);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_with_blocks_of_few_bytes_agree_with_a_model),
        cmocka_unit_test(lists_with_blocks_of_few_elements_agree_with_a_model),
        cmocka_unit_test(lists_with_blocks_of_common_size_agree_with_a_model),
        cmocka_unit_test(limits_may_change_at_any_time),
        cmocka_unit_test(an_element_of_16_bytes_costs_little_more_than_18),
        cmocka_unit_test(three_short_elements_take_48_bytes),
        cmocka_unit_test(a_queue_of_constant_length_keeps_its_memory),
        cmocka_unit_test(inserting_in_one_place_again_and_again_fills_blocks),
        cmocka_unit_test(edits_in_the_middle_leave_memory_within_twice_the_elements),
        cmocka_unit_test(short_values_in_the_place_of_long_ones_merge_blocks),
        cmocka_unit_test(large_elements_take_just_their_size),
        cmocka_unit_test(a_list_that_has_become_short_gives_its_memory_back),
        cmocka_unit_test(counted_lists_change_encoding_at_the_limit_and_at_half_of_it),
        cmocka_unit_test(sized_lists_change_encoding_at_the_limit_and_at_half_of_it),
        cmocka_unit_test(storing_takes_the_place_of_any_value_and_its_due_time),
        cmocka_unit_test(the_digest_is_that_of_redis),
        cmocka_unit_test(only_lists_of_many_blocks_are_costly_to_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
