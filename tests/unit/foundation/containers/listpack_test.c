/* Listpacks against a naive model, an array of texts; the count beyond 16 bits; bytes from
 * outside. */
#include "foundation/containers/listpack.h"
#include "foundation/mem.h"
#include "foundation/number.h"
#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MODEL_MAX = 80, BATCH_MAX = 4, TEXT_MAX = 5000 };

struct text {
    size_t start, len; /* in `pool`, or the digits of an integer */
    char digits[NUMBER_I64_MAX_CHARS];
    bool is_number;
};

struct model {
    char *listpack;
    struct text texts[MODEL_MAX + BATCH_MAX];
    size_t count;
};

static char pool[2 * TEXT_MAX];

static struct bytes view_of(const struct text *text) {
    return bytes_of(text->is_number ? text->digits : pool + text->start, text->len);
}

/* Few enough different ones that look-ups find something. */
static struct text choose_text(void) {
    struct text text = {.is_number = random_below(2) == 0};
    if (text.is_number) {
        int64_t value = (int64_t)random_u64() >> random_below(64);
        text.len = number_format_i64(text.digits, random_below(2) == 0 ? value % 8 : value);
    } else {
        text.start = random_below(4);
        text.len = random_below(200) == 0 ? random_below(TEXT_MAX) : random_below(70);
    }
    return text;
}

static void check_element(const struct model *model, const char *at, size_t index) {
    char scratch[PACKED_SCRATCH];
    assert_non_null(at);
    struct packed_value value = packed_read(at);
    assert_true(bytes_equal(packed_text(&value, scratch), view_of(&model->texts[index])));
}

static void check_all(const struct model *model) {
    const char *listpack = model->listpack;
    assert_int_equal(listpack_count(listpack), model->count);
    const char *at = listpack_first(listpack);
    for (size_t i = 0; i < model->count; i++, at = listpack_next(listpack, at))
        check_element(model, at, i);
    assert_null(at);
    at = listpack_last(listpack);
    for (size_t i = model->count; i-- > 0; at = listpack_previous(listpack, at))
        check_element(model, at, i);
    assert_null(at);
    size_t size = listpack_bytes(listpack);
    char *copy = listpack_copy(listpack);
    assert_memory_equal(copy, listpack, size);
    assert_true(listpack_validate(bytes_of(copy, size), 1));
    assert_int_equal(listpack_validate(bytes_of(copy, size), 3), model->count % 3 == 0);
    listpack_free(copy);
}

static void check_index(const struct model *model) {
    int64_t count = (int64_t)model->count;
    int64_t index = (int64_t)random_below(2 * model->count + 4) - count - 2;
    const char *at = listpack_at(model->listpack, index);
    if (index >= count || index < -count)
        assert_null(at);
    else
        check_element(model, at, (size_t)(index < 0 ? index + count : index));
}

static void check_search(const struct model *model) {
    struct text text = choose_text();
    struct packed_item item = packed_item_of(view_of(&text));
    size_t step = 1 + random_below(3), start = random_below(model->count + 1), index = start;
    const char *from = listpack_at(model->listpack, (int64_t)start);
    const char *found = listpack_find(model->listpack, from, &item, step);
    while (index < model->count && !bytes_equal(view_of(&model->texts[index]), view_of(&text)))
        index += step;
    if (index >= model->count)
        assert_null(found);
    else
        assert_ptr_equal(found, listpack_at(model->listpack, (int64_t)index));
}

static void insert_batch(struct model *model) {
    size_t batch = 1 + random_below(BATCH_MAX), index = random_below(model->count + 1);
    struct text texts[BATCH_MAX];
    struct packed_item items[BATCH_MAX];
    for (size_t i = 0; i < batch; i++) {
        texts[i] = choose_text();
        items[i] = packed_item_of(view_of(&texts[i]));
    }
    char *at = listpack_at(model->listpack, (int64_t)index);
    model->listpack = listpack_insert(model->listpack, &at, items, batch);
    struct text *place = model->texts + index;
    memmove(place + batch, place, (model->count - index) * sizeof(*place));
    memcpy(place, texts, batch * sizeof(*place));
    model->count += batch;
    assert_ptr_equal(at, listpack_at(model->listpack, (int64_t)index));
}

static void append_one(struct model *model) {
    struct text *text = &model->texts[model->count++];
    *text = choose_text();
    struct packed_item item = packed_item_of(view_of(text));
    model->listpack = listpack_append(model->listpack, &item);
}

static void replace_one(struct model *model) {
    size_t index = random_below(model->count);
    struct text *text = &model->texts[index];
    *text = choose_text();
    struct packed_item item = packed_item_of(view_of(text));
    char *at = listpack_at(model->listpack, (int64_t)index);
    model->listpack = listpack_replace(model->listpack, &at, &item);
    assert_ptr_equal(at, listpack_at(model->listpack, (int64_t)index));
}

static void remove_some(struct model *model) {
    size_t index = random_below(model->count), left = model->count - index;
    size_t count = 1 + random_below(left < BATCH_MAX ? left : BATCH_MAX);
    char *at = listpack_at(model->listpack, (int64_t)index);
    model->listpack = listpack_remove(model->listpack, &at, count);
    memmove(model->texts + index, model->texts + index + count,
            (left - count) * sizeof(*model->texts));
    model->count -= count;
    assert_ptr_equal(at, listpack_at(model->listpack, (int64_t)index));
}

static void take_step(struct model *model, size_t wanted_count) {
    bool must_grow = random_below(2 * wanted_count) >= model->count;
    if (model->count == 0 || (must_grow && model->count < MODEL_MAX)) {
        if (random_below(3) == 0)
            append_one(model);
        else
            insert_batch(model);
    } else if (random_below(3) == 0) {
        replace_one(model);
    } else {
        remove_some(model);
    }
}

static void a_listpack_agrees_with_a_model_over_random_steps(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(pool); i++) pool[i] = (char)('a' + i % 3);
    for (int round = 0; round < 25; round++) {
        struct model model = {.listpack = listpack_new(random_below(300))};
        size_t wanted_count = 1 + random_below(MODEL_MAX / 2);
        for (int step = 0; step < 40000; step++) {
            take_step(&model, wanted_count);
            assert_int_equal(listpack_count(model.listpack), model.count);
            check_index(&model);
            check_search(&model);
            if (step % 64 == 0) check_all(&model);
        }
        check_all(&model);
        listpack_free(model.listpack);
    }
}

static void an_empty_listpack_is_seven_bytes(void **state) {
    (void)state;
    char *listpack = listpack_new(0);
    assert_int_equal(listpack_bytes(listpack), 7);
    assert_memory_equal(listpack, "\x07\0\0\0\0\0\xff", 7);
    assert_null(listpack_first(listpack));
    assert_null(listpack_last(listpack));
    assert_null(listpack_at(listpack, 0));
    assert_null(listpack_at(listpack, -1));
    listpack_free(listpack);
}

static char *append_numbers(char *listpack, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct packed_item item = packed_item_of_integer((int64_t)(i % 100));
        listpack = listpack_append(listpack, &item);
    }
    return listpack;
}

static void check_count(const char *listpack, size_t count, const char *kept) {
    assert_int_equal(listpack_count(listpack), count);
    assert_memory_equal(listpack + 4, kept, 2);
    assert_true(listpack_validate(bytes_of(listpack, listpack_bytes(listpack)), 1));
    assert_null(listpack_at(listpack, (int64_t)count));
    assert_null(listpack_at(listpack, -(int64_t)count - 1));
    assert_int_equal(packed_read(listpack_at(listpack, 123)).integer, 23);
    assert_int_equal(packed_read(listpack_at(listpack, -(int64_t)count)).integer, 0);
}

static void a_count_beyond_16_bits_is_counted(void **state) {
    (void)state;
    char *listpack = append_numbers(listpack_new(0), 65534);
    check_count(listpack, 65534, "\xfe\xff");
    struct packed_item item = packed_item_of_integer(34);
    listpack = listpack_append(listpack, &item);
    check_count(listpack, 65535, "\xff\xff");
    listpack = listpack_append(listpack, &item);
    check_count(listpack, 65536, "\xff\xff");
    for (size_t count = 65536; count-- > 65533;) {
        char *at = listpack_last(listpack);
        listpack = listpack_remove(listpack, &at, 1);
        assert_null(at);
        check_count(listpack, count,
                    count == 65533   ? "\xfd\xff"
                    : count == 65534 ? "\xfe\xff"
                                     : "\xff\xff");
    }
    listpack_free(listpack);
}

static void a_listpack_knows_how_much_it_may_grow(void **state) {
    (void)state;
    char *listpack = append_numbers(listpack_new(0), 10);
    size_t room = LISTPACK_BYTES_MAX - listpack_bytes(listpack);
    assert_true(listpack_has_room(listpack, room));
    assert_false(listpack_has_room(listpack, room + 1));
    assert_false(listpack_has_room(listpack, SIZE_MAX));
    listpack_free(listpack);
}

static void memory_follows_the_bytes(void **state) {
    (void)state;
    char *listpack = append_numbers(listpack_new(0), 3000);
    assert_true(mem_usable_size(listpack) <= mem_good_size(listpack_bytes(listpack)));
    while (listpack_count(listpack) != 0) {
        char *at = listpack_first(listpack);
        listpack = listpack_remove(listpack, &at, 1);
        assert_true(mem_usable_size(listpack) <= 2 * mem_good_size(listpack_bytes(listpack)) + 1);
    }
    listpack_free(listpack);
}

static void bytes_that_are_no_listpack_are_refused(void **state) {
    (void)state;
    static const struct bytes refused[] = {
        BYTES(""),
        BYTES("\x07\0\0\0\0\0"),
        BYTES("\x08\0\0\0\0\0\xff"),               /* another length */
        BYTES("\x07\0\0\0\x01\0\xff"),             /* another count */
        BYTES("\x09\0\0\0\0\0\x01\x01\xff"),       /* another count */
        BYTES("\x08\0\0\0\0\0\xff\xff"),           /* an end before the end */
        BYTES("\x09\0\0\0\x01\0\x01\x01\x01"),     /* no end */
        BYTES("\x09\0\0\0\x01\0\x01\x02\xff"),     /* another backlen */
        BYTES("\x0a\0\0\0\x01\0\x82z\x03\xff"),    /* an element beyond the end */
        BYTES("\x0a\0\0\0\x01\0\x81\x35\x02\xff"), /* an integer as bytes */
    };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) assert_false(listpack_validate(refused[i], 1));
    assert_true(listpack_validate(BYTES("\x09\0\0\0\x01\0\x01\x01\xff"), 1));
    assert_true(listpack_validate(BYTES("\x09\0\0\0\xff\xff\x01\x01\xff"), 1));
    assert_false(listpack_validate(BYTES("\x09\0\0\0\x01\0\x01\x01\xff"), 2));
}

/* Elements 0 … count - 1 as texts or integers, each followed by a value that all share. */
static char *new_pairs(size_t count) {
    char *pairs = listpack_new(0);
    struct packed_item value = packed_item_of(BYTES("value"));
    for (size_t i = 0; i < count; i++) {
        char text[32];
        int len = snprintf(text, sizeof(text), i % 2 == 0 ? "%zu" : "name %zu", i);
        struct packed_item name = packed_item_of(bytes_of(text, (size_t)len));
        pairs = listpack_append(listpack_append(pairs, &name), &value);
    }
    return pairs;
}

static void duplicates_are_found_among_few_and_many(void **state) {
    (void)state;
    static const size_t counts[] = {1, 2, 11, 12, 13, 100, 511, 512, 513, 3000};
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        char *pairs = new_pairs(counts[i]);
        assert_false(listpack_has_duplicates(pairs, 2));
        assert_true(counts[i] == 1 || listpack_has_duplicates(pairs, 1));
        struct packed_item again = packed_item_of(BYTES("0"));
        pairs = listpack_append(listpack_append(pairs, &again), &again);
        assert_true(listpack_has_duplicates(pairs, 2));
        listpack_free(pairs);
    }
    char *empty = listpack_new(0);
    assert_false(listpack_has_duplicates(empty, 1));
    listpack_free(empty);
}

int main(void) {
    mem_start();
    random_set_seed(7);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listpack_agrees_with_a_model_over_random_steps),
        cmocka_unit_test(an_empty_listpack_is_seven_bytes),
        cmocka_unit_test(a_count_beyond_16_bits_is_counted),
        cmocka_unit_test(a_listpack_knows_how_much_it_may_grow),
        cmocka_unit_test(memory_follows_the_bytes),
        cmocka_unit_test(bytes_that_are_no_listpack_are_refused),
        cmocka_unit_test(duplicates_are_found_among_few_and_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
