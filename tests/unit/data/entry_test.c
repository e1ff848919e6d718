/* Entries of every shape: what is put in is read back, also after a reshape. */
#include "data/entry.h"

#include "foundation/mem.h"
#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { KEY_MAX = 70000 };

static char key_bytes[KEY_MAX];
static char tail_bytes[ENTRY_TAIL_MAX];

static const size_t key_lens[] = {0, 1, 16, 254, 255, 256, 257, 65535, KEY_MAX};
static const size_t tail_lens[] = {0, 1, 16, 44, 1024, ENTRY_TAIL_MAX};

static void fill_bytes(void) {
    for (size_t i = 0; i < sizeof(key_bytes); i++) key_bytes[i] = (char)(i * 7 + 1);
    for (size_t i = 0; i < sizeof(tail_bytes); i++) tail_bytes[i] = (char)(i * 13 + 5);
}

struct content {
    struct bytes key;
    struct entry_shape shape;
    uint64_t due_word, word;
};

static struct entry *make_entry(const struct content *content) {
    struct entry *entry = entry_new(content->key, content->shape);
    assert_int_equal(entry_due_word(entry), 0);
    assert_true(!content->shape.has_word || entry_word(entry) == 0);
    entry->access = 0xabcdef;
    entry->type = 9;
    entry->encoding = 5;
    entry->flags |= ENTRY_IS_RAW;
    if (content->shape.has_due) entry_set_due_word(entry, content->due_word);
    if (content->shape.has_word)
        entry_set_word(entry, content->word);
    else if (content->shape.tail_len != 0)
        memcpy(entry_tail(entry), tail_bytes, content->shape.tail_len);
    return entry;
}

static void check_entry(const struct entry *entry, const struct content *content) {
    const struct entry_shape *shape = &content->shape;
    assert_true(bytes_equal(entry_key(entry), content->key));
    assert_int_equal(entry->access, 0xabcdef);
    assert_int_equal(entry->type, 9);
    assert_int_equal(entry->encoding, 5);
    assert_true(entry_has(entry, ENTRY_IS_RAW));
    assert_int_equal(entry_has(entry, ENTRY_HAS_DUE), shape->has_due);
    assert_int_equal(entry_has(entry, ENTRY_HAS_WORD), shape->has_word);
    assert_int_equal(entry_due_word(entry), shape->has_due ? content->due_word : 0);
    assert_int_equal(entry_size(entry), entry_shape_size(content->key, *shape));
    if (shape->has_word) {
        assert_int_equal(entry_word(entry), content->word);
        assert_int_equal(entry->tail_len, 0);
    } else {
        assert_int_equal(entry->tail_len, shape->tail_len);
        assert_memory_equal(entry_tail(entry), tail_bytes, shape->tail_len);
    }
}

static void for_each_shape(void (*check)(struct content content)) {
    for (size_t k = 0; k < ARRAY_LEN(key_lens); k++) {
        for (size_t t = 0; t <= ARRAY_LEN(tail_lens); t++) {
            bool has_word = t == ARRAY_LEN(tail_lens);
            for (int has_due = 0; has_due < 2; has_due++) {
                check((struct content){
                    .key = bytes_of(key_bytes, key_lens[k]),
                    .shape = {.has_due = has_due != 0,
                              .has_word = has_word,
                              .tail_len = has_word ? 0 : tail_lens[t]},
                    .due_word = entry_due_word_near(1700000000123, 0xbeef),
                    .word = 0x8877665544332211,
                });
            }
        }
    }
}

static void check_round_trip(struct content content) {
    struct entry *entry = make_entry(&content);
    check_entry(entry, &content);
    entry_free(entry);
}

static void every_shape_reads_back_what_was_put_in(void **state) {
    (void)state;
    for_each_shape(check_round_trip);
}

static void check_reshapes(struct content content) {
    for (size_t k = 0; k < ARRAY_LEN(key_lens); k++) {
        for (int has_due = 0; has_due < 2; has_due++) {
            struct content wanted = content;
            wanted.key = bytes_of(key_bytes, key_lens[k]);
            wanted.shape.has_due = has_due != 0;
            if (!content.shape.has_due) wanted.due_word = 0;
            struct entry *entry = entry_reshape(make_entry(&content), wanted.key, has_due != 0);
            check_entry(entry, &wanted);
            entry_free(entry);
        }
    }
}

static void a_reshape_changes_key_and_due_place_and_nothing_else(void **state) {
    (void)state;
    for_each_shape(check_reshapes);
}

static void check_same_key_reshape(struct content content) {
    struct entry *entry = make_entry(&content);
    struct bytes key = entry_key(entry);
    entry = entry_reshape(entry, key, true);
    if (!content.shape.has_due) content.due_word = 0;
    content.shape.has_due = true;
    check_entry(entry, &content);
    entry_free(entry);
}

static void the_new_key_may_be_the_old_ones_own_bytes(void **state) {
    (void)state;
    for_each_shape(check_same_key_reshape);
}

static void due_words_tell_their_time_and_whether_the_calendar_holds_them(void **state) {
    (void)state;
    static const int64_t times_ms[] = {1, 1700000000000, ((int64_t)1 << 47) - 1};
    for (size_t i = 0; i < ARRAY_LEN(times_ms); i++) {
        uint64_t word = entry_due_word_near(times_ms[i], 0xffff);
        assert_int_equal(entry_due_word_ms(word), times_ms[i]);
        assert_int_equal(entry_due_word_stamp(word), 0xffff);
        assert_true(entry_due_word_is_near(word));
    }
    uint64_t far = (uint64_t)INT64_MAX | ENTRY_DUE_IS_FAR;
    assert_int_equal(entry_due_word_ms(far), INT64_MAX);
    assert_false(entry_due_word_is_near(far));
    assert_false(entry_due_word_is_near(0));
    assert_int_equal(entry_due_word_ms(0), 0);
}

static void small_entries_take_what_the_head_of_the_file_says(void **state) {
    (void)state;
    struct bytes key = BYTES("0123456789abcdef");
    assert_int_equal(entry_shape_size(key, (struct entry_shape){.tail_len = 16}), 40);
    assert_int_equal(entry_shape_size(key, (struct entry_shape){.has_word = true}), 32);
    assert_int_equal(entry_shape_size(key, (struct entry_shape){.tail_len = 16, .has_due = true}),
                     48);
}

static void a_pointer_in_the_word_comes_back(void **state) {
    (void)state;
    struct entry *entry = entry_new(BYTES("odd"), (struct entry_shape){.has_word = true});
    entry_set_pointer(entry, key_bytes);
    assert_ptr_equal(entry_pointer(entry), key_bytes);
    entry_free(entry);
}

int main(void) {
    mem_start();
    fill_bytes();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape_reads_back_what_was_put_in),
        cmocka_unit_test(a_reshape_changes_key_and_due_place_and_nothing_else),
        cmocka_unit_test(the_new_key_may_be_the_old_ones_own_bytes),
        cmocka_unit_test(due_words_tell_their_time_and_whether_the_calendar_holds_them),
        cmocka_unit_test(small_entries_take_what_the_head_of_the_file_says),
        cmocka_unit_test(a_pointer_in_the_word_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
