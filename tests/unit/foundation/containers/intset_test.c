/* Intsets against a naive model, a sorted array; their bytes, and bytes from outside. */
#include "foundation/containers/intset.h"
#include "foundation/mem.h"
#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MODEL_MAX = 400, HEADER = 8 };

struct model {
    char *intset;
    int64_t values[MODEL_MAX];
    size_t count;
};

/* The index of the value, or of where it would stand. */
static size_t model_find(const struct model *model, int64_t value) {
    size_t index = 0;
    while (index < model->count && model->values[index] < value) index++;
    return index;
}

static bool model_has(const struct model *model, int64_t value) {
    size_t index = model_find(model, value);
    return index < model->count && model->values[index] == value;
}

static void model_insert(struct model *model, int64_t value) {
    size_t index = model_find(model, value);
    for (size_t i = model->count; i > index; i--) model->values[i] = model->values[i - 1];
    model->values[index] = value;
    model->count++;
}

static void model_remove(struct model *model, size_t index) {
    model->count--;
    for (size_t i = index; i < model->count; i++) model->values[i] = model->values[i + 1];
}

static void check_all(const struct model *model) {
    assert_int_equal(intset_count(model->intset), model->count);
    for (size_t i = 0; i < model->count; i++)
        assert_true(intset_at(model->intset, i) == model->values[i]);
    size_t size = intset_bytes(model->intset);
    char *copy = intset_copy(model->intset);
    assert_memory_equal(copy, model->intset, size);
    assert_true(intset_validate(bytes_of(copy, size)));
    assert_false(intset_validate(bytes_of(copy, size - 1)));
    intset_free(copy);
}

/* A value to ask for: often one that is there or next to one. */
static int64_t choose_value(const struct model *model, unsigned bits) {
    if (model->count != 0 && random_below(2) == 0) {
        int64_t near = model->values[random_below(model->count)];
        if (near < INT64_MAX && random_below(3) == 0) return near + 1;
        return near;
    }
    return (int64_t)random_u64() >> (64 - bits);
}

static void take_step(struct model *model, unsigned bits, size_t wanted_count) {
    int64_t value = choose_value(model, bits);
    size_t index, expected = model_find(model, value);
    bool is_there = model_has(model, value);
    assert_int_equal(intset_find(model->intset, value, &index), is_there);
    assert_int_equal(index, expected);
    if (random_below(2 * wanted_count) >= model->count) {
        bool is_new;
        model->intset = intset_add(model->intset, value, &is_new);
        assert_int_equal(is_new, !is_there);
        if (is_new) model_insert(model, value);
    } else if (is_there) {
        model->intset = intset_remove_at(model->intset, index);
        model_remove(model, index);
    }
}

static void an_intset_agrees_with_a_model_over_random_steps(void **state) {
    (void)state;
    for (unsigned bits = 2; bits <= 64; bits += 2) {
        struct model model = {.intset = intset_new()};
        size_t wanted_count = 1 + random_below(MODEL_MAX / 2 - 1);
        for (int step = 0; step < 40000; step++) {
            /* Widths come in late, so that long sets are widened too. */
            take_step(&model, step < 20000 && bits > 16 ? 12 : bits, wanted_count);
            if (step % 256 == 0) check_all(&model);
        }
        check_all(&model);
        intset_free(model.intset);
    }
}

static char *add_values(const int64_t *values, size_t count) {
    char *intset = intset_new();
    bool is_new;
    for (size_t i = 0; i < count; i++) intset = intset_add(intset, values[i], &is_new);
    return intset;
}

static void check_bytes(const int64_t *values, size_t count, struct bytes expected) {
    char *intset = add_values(values, count);
    assert_int_equal(intset_bytes(intset), expected.len);
    assert_memory_equal(intset, expected.data, expected.len);
    intset_free(intset);
}

static void intsets_are_the_bytes_that_redis_writes(void **state) {
    (void)state;
    check_bytes((int64_t[]){2, -1}, 2, BYTES("\x02\0\0\0\x02\0\0\0\xff\xff\x02\0"));
    check_bytes((int64_t[]){32767}, 1, BYTES("\x02\0\0\0\x01\0\0\0\xff\x7f"));
    check_bytes((int64_t[]){32768, 1}, 2, BYTES("\x04\0\0\0\x02\0\0\0\x01\0\0\0\x00\x80\0\0"));
    check_bytes((int64_t[]){1, -32769}, 2, BYTES("\x04\0\0\0\x02\0\0\0\xff\x7f\xff\xff\x01\0\0\0"));
    check_bytes((int64_t[]){2147483648}, 1,
                BYTES("\x08\0\0\0\x01\0\0\0\x00\x00\x00\x80\x00\x00\x00\x00"));
    check_bytes((int64_t[]){INT64_MIN}, 1,
                BYTES("\x08\0\0\0\x01\0\0\0\x00\x00\x00\x00\x00\x00\x00\x80"));
}

static void an_intset_stays_wide_after_its_wide_values_are_gone(void **state) {
    (void)state;
    char *intset = add_values((int64_t[]){1, INT64_MAX}, 2);
    intset = intset_remove_at(intset, 1);
    assert_int_equal(intset_bytes(intset), HEADER + 8);
    assert_int_equal(intset_at(intset, 0), 1);
    intset_free(intset);
}

static void bytes_that_are_no_intset_are_refused(void **state) {
    (void)state;
    static const struct bytes refused[] = {
        BYTES(""),
        BYTES("\x02\0\0\0\x01\0\0"),
        BYTES("\x03\0\0\0\x01\0\0\0\x01\0\0"),
        BYTES("\x02\0\0\0\x02\0\0\0\x01\0"),
        BYTES("\x02\0\0\0\x01\0\0\0\x01\0\x02\0"),
        BYTES("\x02\0\0\0\x02\0\0\0\x02\0\x01\0"),
        BYTES("\x02\0\0\0\x02\0\0\0\x01\0\x01\0"),
        BYTES("\x08\0\0\0\xff\xff\xff\xff\x01\0\0\0\0\0\0\0"),
    };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) assert_false(intset_validate(refused[i]));
    assert_true(intset_validate(BYTES("\x02\0\0\0\x02\0\0\0\x01\0\x02\0")));
}

static void memory_follows_the_count(void **state) {
    (void)state;
    char *intset = intset_new();
    bool is_new;
    for (int64_t i = 0; i < 5000; i++) {
        intset = intset_add(intset, i * 100000, &is_new);
        assert_true(mem_usable_size(intset) <= mem_good_size(intset_bytes(intset)));
    }
    while (intset_count(intset) != 0) {
        intset = intset_remove_at(intset, random_below(intset_count(intset)));
        assert_true(mem_usable_size(intset) <= 2 * mem_good_size(intset_bytes(intset)) + 1);
    }
    intset_free(intset);
}

int main(void) {
    mem_start();
    random_set_seed(6);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_intset_agrees_with_a_model_over_random_steps),
        cmocka_unit_test(intsets_are_the_bytes_that_redis_writes),
        cmocka_unit_test(an_intset_stays_wide_after_its_wide_values_are_gone),
        cmocka_unit_test(bytes_that_are_no_intset_are_refused),
        cmocka_unit_test(memory_follows_the_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
