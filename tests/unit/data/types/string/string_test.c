/* String values against a naive model: an array of byte runs, changed by random operations. */
#include "data/types/string/string.h"

#include "data/value_type.h"
#include "foundation/clock.h"
#include "foundation/mem.h"
#include "foundation/number.h"
#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { KEYS = 24, TEXT_MAX = 40000, STEPS = 1000000, START_MS = 1000000 };

struct model_value {
    bool exists;
    bool is_raw; /* edited in place or stored so since it was last stored plainly */
    int64_t due_ms;
    size_t len;
    char text[TEXT_MAX];
};

struct fixture {
    struct clock clock;
    struct keyspace *keyspace;
    struct database *db;
    char names[KEYS][400];
    struct model_value values[KEYS];
    char scratch[TEXT_MAX];
};

static struct fixture *new_fixture(void) {
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    clock_set_unix_us(&fixture->clock, (int64_t)START_MS * 1000);
    fixture->keyspace = keyspace_new(1, &fixture->clock);
    fixture->db = fixture->keyspace->dbs[0];
    for (size_t i = 0; i < KEYS; i++) {
        memset(fixture->names[i], '0', i % 3 == 2 ? 300 : i);
        fixture->names[i][0] = (char)('a' + i);
    }
    return fixture;
}

static void free_fixture(struct fixture *fixture) {
    keyspace_free(fixture->keyspace);
    free(fixture);
}

static struct key key_at(const struct fixture *fixture, size_t i) {
    return key_of(bytes_of_str(fixture->names[i]));
}

static size_t random_len(void) {
    switch (random_below(8)) {
    case 0: return random_below(4);
    case 1: return 40 + random_below(10);
    case 2: return STRING_TAIL_MAX - 2 + random_below(5);
    case 3: return random_below(20) != 0 ? 0 : STRING_SHARE_MIN - 2 + random_below(5);
    default: return random_below(64);
    }
}

static struct bytes random_text(struct fixture *fixture) {
    if (random_below(4) == 0) {
        int64_t value = (int64_t)random_u64() >> random_below(64);
        return bytes_of(fixture->scratch, number_format_i64(fixture->scratch, value));
    }
    size_t len = random_len();
    memset(fixture->scratch, (int)('a' + random_below(26)), len);
    if (len != 0) fixture->scratch[random_below(len)] = (char)random_u64();
    return bytes_of(fixture->scratch, len);
}

static void check_value(struct fixture *fixture, size_t i) {
    const struct model_value *model = &fixture->values[i];
    struct found found = database_find(fixture->db, key_at(fixture, i));
    assert_int_equal(found.entry != NULL, model->exists);
    if (found.entry == NULL) return;
    char scratch[STRING_SCRATCH];
    struct bytes view = string_view(found.entry, scratch);
    assert_int_equal(view.len, model->len);
    assert_memory_equal(view.data, model->text, model->len);
    assert_int_equal(string_len(found.entry), model->len);
    assert_int_equal(entry_due_ms(found.entry), model->due_ms);
    int64_t value = 0, expected = 0;
    bool is_integer = number_parse_i64(view, &expected);
    assert_int_equal(string_get_i64(found.entry, &value), is_integer);
    assert_true(!is_integer || value == expected);
    const char *encoding = value_type_of(found.entry)->encoding_name(found.entry);
    if (found.entry->encoding == STRING_INTEGER)
        assert_string_equal(encoding, "int");
    else
        assert_string_equal(encoding, model->is_raw || model->len > 44 ? "raw" : "embstr");
}

static void set_model(struct model_value *model, struct bytes text, unsigned flags) {
    if (!model->exists || (flags & (STRING_KEEP_DUE | STRING_WANT_DUE)) == 0) model->due_ms = 0;
    model->exists = true;
    model->is_raw = (flags & STRING_STORE_RAW) != 0;
    model->len = text.len;
    if (text.len != 0) memcpy(model->text, text.data, text.len);
}

static void store(struct fixture *fixture, size_t i) {
    static const unsigned flag_choices[] = {0,
                                            0,
                                            STRING_KEEP_DUE,
                                            STRING_WANT_DUE,
                                            STRING_STORE_RAW,
                                            STRING_AS_TEXT,
                                            STRING_KEEP_DUE | STRING_STORE_RAW};
    unsigned flags = flag_choices[random_below(ARRAY_LEN(flag_choices))];
    struct bytes text = random_text(fixture);
    struct found found = database_find(fixture->db, key_at(fixture, i));
    struct model_value *model = &fixture->values[i];
    int64_t number;
    if (number_parse_i64(text, &number) && random_below(2) == 0) {
        flags &= (unsigned)~STRING_STORE_RAW;
        string_store_i64(fixture->db, key_at(fixture, i), &found, number, flags);
    } else {
        string_store(fixture->db, key_at(fixture, i), &found, text, flags);
    }
    set_model(model, text, flags);
    if ((flags & STRING_WANT_DUE) != 0) {
        model->due_ms = START_MS + 1 + (int64_t)random_below(1000000);
        const struct entry *before = found.entry;
        database_set_due(fixture->db, key_at(fixture, i), &found, model->due_ms);
        assert_ptr_equal(found.entry, before); /* the room was left */
    }
}

static void edit(struct fixture *fixture, size_t i) {
    struct model_value *model = &fixture->values[i];
    struct found found = database_find(fixture->db, key_at(fixture, i));
    size_t old_len = model->exists ? model->len : 0;
    size_t min_len = random_below(3) == 0 ? random_below(old_len + 1) : old_len + random_len();
    if (min_len > TEXT_MAX) min_len = TEXT_MAX;
    if (min_len == 0) min_len = 1;
    size_t len;
    char *text = string_edit(fixture->db, key_at(fixture, i), &found, min_len, &len);
    if (!model->exists) *model = (struct model_value){.exists = true};
    if (min_len > model->len) {
        memset(model->text + model->len, 0, min_len - model->len);
        model->len = min_len;
    }
    model->is_raw = true;
    assert_int_equal(len, model->len);
    size_t at = random_below(len);
    text[at] = model->text[at] = (char)random_u64();
}

static void copy(struct fixture *fixture, size_t i) {
    size_t target = random_below(KEYS);
    struct found source = database_find(fixture->db, key_at(fixture, i));
    if (source.entry == NULL || target == i) return;
    struct key key = key_at(fixture, target);
    struct entry *entry = value_type_copy_entry(source.entry, key.name, random_below(2) == 0);
    struct found old = database_find(fixture->db, key);
    if (old.entry != NULL) database_delete(fixture->db, key, old);
    database_add(fixture->db, key, entry);
    memcpy(&fixture->values[target], &fixture->values[i], sizeof(fixture->values[i]));
    fixture->values[target].due_ms = 0;
}

static void set_due(struct fixture *fixture, size_t i) {
    struct found found = database_find(fixture->db, key_at(fixture, i));
    if (found.entry == NULL) return;
    int64_t due_ms = random_below(3) == 0 ? 0 : START_MS + 1 + (int64_t)random_below(1000000);
    if (random_below(10) == 0) due_ms = INT64_MAX - (int64_t)random_below(100);
    database_set_due(fixture->db, key_at(fixture, i), &found, due_ms);
    fixture->values[i].due_ms = due_ms;
}

static void delete (struct fixture *fixture, size_t i) {
    struct found found = database_find(fixture->db, key_at(fixture, i));
    if (found.entry == NULL) return;
    database_delete(fixture->db, key_at(fixture, i), found);
    fixture->values[i].exists = false;
}

/* Takes a share of a block, changes the value, and sees that the share did not change. */
static void share_and_change(struct fixture *fixture, size_t i) {
    struct found found = database_find(fixture->db, key_at(fixture, i));
    struct string_block *block = found.entry == NULL ? NULL : string_share(found.entry);
    if (block == NULL) return;
    size_t len = block->len;
    char *seen = mem_dup(block->data, len);
    switch (random_below(3)) {
    case 0: store(fixture, i); break;
    case 1: edit(fixture, i); break;
    default: delete (fixture, i);
    }
    assert_int_equal(block->len, len);
    assert_memory_equal(block->data, seen, len);
    mem_free(seen);
    string_block_release(block);
}

static void random_operations_agree_with_a_naive_model(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture();
    random_set_seed(1);
    for (int step = 0; step < STEPS; step++) {
        size_t i = random_below(KEYS);
        switch (random_below(16)) {
        case 0: delete (fixture, i); break;
        case 1: copy(fixture, i); break;
        case 2:
        case 3: set_due(fixture, i); break;
        case 4:
        case 5: share_and_change(fixture, i); break;
        case 6:
        case 7:
        case 8:
        case 9: edit(fixture, i); break;
        default: store(fixture, i);
        }
        check_value(fixture, i);
        if (step % 1000 != 0) continue;
        uint64_t due_count = 0;
        for (size_t k = 0; k < KEYS; k++) {
            check_value(fixture, k);
            due_count += fixture->values[k].exists && fixture->values[k].due_ms != 0;
        }
        assert_int_equal(fixture->db->due_count, due_count);
    }
    free_fixture(fixture);
}

static void a_value_of_the_same_size_class_is_replaced_in_place(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture();
    struct key key = key_of(BYTES("0123456789abcdef"));
    struct found found = {0};
    string_store(fixture->db, key, &found, BYTES("sixteen bytes..."), 0);
    const struct entry *first = found.entry;
    string_store(fixture->db, key, &found, BYTES("SIXTEEN BYTES..."), 0);
    assert_ptr_equal(found.entry, first);
    string_store_i64(fixture->db, key, &found, 7, 0);
    const struct entry *second = found.entry;
    string_store_i64(fixture->db, key, &found, INT64_MIN, 0);
    assert_ptr_equal(found.entry, second);
    assert_int_equal(database_key_count(fixture->db), 1);
    free_fixture(fixture);
}

/* The value of `key`, copied; the caller frees it. Absent keys give an empty one. */
static char *copy_value(struct fixture *fixture, struct key key, size_t *len) {
    char scratch[STRING_SCRATCH];
    struct found found = database_find(fixture->db, key);
    struct bytes view = found.entry == NULL ? BYTES("") : string_view(found.entry, scratch);
    *len = view.len;
    return mem_dup(view.data, view.len);
}

static void fail_an_edit(struct fixture *fixture, struct key key) {
    size_t len, len_after, edited_len = 77;
    char *before = copy_value(fixture, key, &len);
    uint64_t keys = database_key_count(fixture->db);
    struct found found = database_find(fixture->db, key);
    const struct entry *entry = found.entry;
    unsigned flags = entry == NULL ? 0 : entry->flags;
    mem_fail_nth_try(1);
    assert_null(string_edit(fixture->db, key, &found, len + 5000, &edited_len));
    mem_fail_nth_try(0);
    assert_ptr_equal(found.entry, entry);
    assert_ptr_equal(database_find(fixture->db, key).entry, entry);
    assert_int_equal(database_key_count(fixture->db), keys);
    if (entry != NULL) assert_int_equal(entry->flags, flags);
    char *after = copy_value(fixture, key, &len_after);
    assert_int_equal(len_after, len);
    assert_memory_equal(after, before, len);
    mem_free(before);
    mem_free(after);
}

static void an_edit_without_memory_changes_nothing(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture();
    struct key key = key_of(BYTES("key"));
    struct found found = {0};
    size_t len;
    fail_an_edit(fixture, key); /* absent */
    string_store_i64(fixture->db, key, &found, 12345, 0);
    fail_an_edit(fixture, key);
    string_store(fixture->db, key, &found, BYTES("short"), 0);
    database_set_due(fixture->db, key, &found, START_MS + 1000);
    fail_an_edit(fixture, key);
    memset(fixture->scratch, 'x', STRING_SHARE_MIN);
    string_store(fixture->db, key, &found, bytes_of(fixture->scratch, STRING_SHARE_MIN),
                 STRING_KEEP_DUE);
    fail_an_edit(fixture, key); /* grows where it lies */
    struct string_block *shared = string_share(found.entry);
    fail_an_edit(fixture, key);
    string_block_release(shared);
    assert_non_null(string_edit(fixture->db, key, &found, STRING_SHARE_MIN + 5000, &len));
    assert_int_equal(len, STRING_SHARE_MIN + 5000);
    assert_int_equal(entry_due_ms(found.entry), START_MS + 1000);
    free_fixture(fixture);
}

static void an_edit_to_a_size_that_cannot_be_is_refused(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture();
    struct key key = key_of(BYTES("key"));
    struct found found = {0};
    size_t len;
    assert_null(string_edit(fixture->db, key, &found, INT64_MAX, &len));
    assert_null(string_edit(fixture->db, key, &found, SIZE_MAX / 2 - 100, &len));
    string_store(fixture->db, key, &found, BYTES("short"), 0);
    assert_null(string_edit(fixture->db, key, &found, INT64_MAX - 8, &len));
    assert_int_equal(string_len(found.entry), 5);
    free_fixture(fixture);
}

static size_t outside_bytes(const struct entry *entry) {
    return value_type_of(entry)->outside_bytes(entry, 0);
}

/* What grows is likely to grow again; what is made at once or stays as long is not. */
static void an_edit_takes_spare_room_only_for_what_grows(void **state) {
    enum { LEN = 100000 };
    (void)state;
    struct fixture *fixture = new_fixture();
    struct key made = key_of(BYTES("made")), kept = key_of(BYTES("kept"));
    struct found found = {0};
    size_t len;
    assert_non_null(string_edit(fixture->db, made, &found, LEN, &len));
    assert_true(outside_bytes(found.entry) < LEN + LEN / 4);
    assert_non_null(string_edit(fixture->db, made, &found, LEN * 5 / 4, &len));
    assert_true(outside_bytes(found.entry) > LEN * 2);

    struct found other = {0};
    char *text = mem_alloc_zeroed(LEN);
    string_store(fixture->db, kept, &other, bytes_of(text, LEN), 0);
    struct string_block *shared = string_share(other.entry);
    assert_non_null(string_edit(fixture->db, kept, &other, 1, &len));
    assert_int_equal(len, LEN);
    assert_true(outside_bytes(other.entry) < LEN + LEN / 4);
    string_block_release(shared);
    mem_free(text);
    free_fixture(fixture);
}

static void only_large_blocks_are_shared(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture();
    struct key key = key_at(fixture, 0);
    struct found found = {0};
    memset(fixture->scratch, 'x', STRING_SHARE_MIN);
    string_store(fixture->db, key, &found, bytes_of(fixture->scratch, STRING_SHARE_MIN - 1), 0);
    assert_null(string_share(found.entry));
    string_store(fixture->db, key, &found, bytes_of(fixture->scratch, STRING_SHARE_MIN), 0);
    struct string_block *block = string_share(found.entry);
    assert_non_null(block);
    database_delete(fixture->db, key, found);
    assert_int_equal(block->data[STRING_SHARE_MIN - 1], 'x');
    string_block_release(block);
    free_fixture(fixture);
}

static void only_canonical_integers_are_stored_as_integers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *encoding;
    } cases[] = {
        {"0", "int"},
        {"-1", "int"},
        {"9223372036854775807", "int"},
        {"-9223372036854775808", "int"},
        {"9223372036854775808", "embstr"},
        {"01", "embstr"},
        {"+1", "embstr"},
        {"-0", "embstr"},
        {" 1", "embstr"},
        {"1.0", "embstr"},
        {"", "embstr"},
        {"12345678901234567890123456789012345678901234", "embstr"},
        {"123456789012345678901234567890123456789012345", "raw"},
    };
    struct fixture *fixture = new_fixture();
    struct found found = {0};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        string_store(fixture->db, key_at(fixture, 0), &found, bytes_of_str(cases[i].text), 0);
        assert_string_equal(string_value_type.encoding_name(found.entry), cases[i].encoding);
        char scratch[STRING_SCRATCH];
        assert_true(bytes_equal(string_view(found.entry, scratch), bytes_of_str(cases[i].text)));
    }
    free_fixture(fixture);
}

int main(void) {
    mem_start();
    hash_set_seed(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations_agree_with_a_naive_model),
        cmocka_unit_test(a_value_of_the_same_size_class_is_replaced_in_place),
        cmocka_unit_test(an_edit_without_memory_changes_nothing),
        cmocka_unit_test(an_edit_to_a_size_that_cannot_be_is_refused),
        cmocka_unit_test(an_edit_takes_spare_room_only_for_what_grows),
        cmocka_unit_test(only_large_blocks_are_shared),
        cmocka_unit_test(only_canonical_integers_are_stored_as_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
