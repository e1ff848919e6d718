/* One block against a naive model: an array of numbers, each written as a text whose length follows
 * from the number. */
#include "data/types/list/block.h"
#include "foundation/mem.h"
#include "foundation/number.h"
#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MODEL_MAX = 600, TEXT_MAX = 300 };

static const struct block_limits limits = {
    .max_listpack = 4096, .max_count = SIZE_MAX, .max_alloc = 4096};

struct model {
    struct slot slot;
    unsigned numbers[MODEL_MAX];
    size_t count;
};

/* Numbers from 1000 on are long texts; the others are held as integers. */
static struct packed_item item_of(unsigned number, char text[TEXT_MAX]) {
    size_t len = number_format_i64(text, number);
    if (number >= 1000) {
        memset(text + len, 'x', number % 250);
        len += number % 250;
    }
    return packed_item_of(bytes_of(text, len));
}

static void check_model(const struct model *model) {
    slot_verify(&model->slot);
    assert_int_equal(model->slot.count, model->count);
    const char *at = block_first(model->slot.block);
    for (size_t i = 0; i < model->count; i++) {
        char text[TEXT_MAX];
        struct packed_item item = item_of(model->numbers[i], text);
        assert_true(packed_is(at, &item));
        assert_ptr_equal(at, slot_seek(&model->slot, i));
        at += packed_size(at);
    }
}

static unsigned random_number(void) {
    return (unsigned)random_below(random_below(4) == 0 ? 1250 : 200);
}

static void put_number(struct model *model, size_t at, unsigned number) {
    memmove(model->numbers + at + 1, model->numbers + at,
            (model->count - at) * sizeof(model->numbers[0]));
    model->numbers[at] = number;
    model->count++;
}

static void take_numbers(struct model *model, size_t at, size_t count) {
    model->count -= count;
    memmove(model->numbers + at, model->numbers + at + count,
            (model->count - at) * sizeof(model->numbers[0]));
}

static bool admits(const struct model *model, const struct packed_item *item) {
    return model->count + 1 < MODEL_MAX && slot_admits(&model->slot, item->size, &limits);
}

static void push(struct model *model) {
    char text[TEXT_MAX];
    unsigned number = random_number();
    struct packed_item item = item_of(number, text);
    enum list_end end = (enum list_end)random_below(2);
    if (!admits(model, &item) || !slot_push(&model->slot, end, &item, limits.max_alloc)) return;
    put_number(model, end == LIST_HEAD ? 0 : model->count, number);
}

static void insert(struct model *model) {
    char text[TEXT_MAX];
    unsigned number = random_number();
    struct packed_item item = item_of(number, text);
    if (!admits(model, &item)) return;
    size_t index = random_below(model->count + 1);
    slot_insert(&model->slot, index, &item, limits.max_alloc);
    put_number(model, index, number);
}

static void replace(struct model *model) {
    char text[TEXT_MAX];
    unsigned number = random_number();
    struct packed_item item = item_of(number, text);
    if (!admits(model, &item)) return;
    size_t index = random_below(model->count);
    slot_replace(&model->slot, index, &item, limits.max_alloc);
    model->numbers[index] = number;
}

static void drop(struct model *model) {
    enum list_end end = (enum list_end)random_below(2);
    size_t count = random_below(model->count < 4 ? model->count : 4);
    if (count == 0) return;
    slot_drop(&model->slot, end, count);
    take_numbers(model, end == LIST_HEAD ? 0 : model->count - count, count);
}

static void cut(struct model *model) {
    size_t index = random_below(model->count);
    size_t count = random_below(model->count - index < 5 ? model->count - index : 5);
    if (count == 0) return;
    slot_cut(&model->slot, index, count);
    take_numbers(model, index, count);
}

static void split_and_merge(struct model *model) {
    if (model->count < 2) return;
    size_t index = 1 + random_below(model->count - 1);
    struct slot right = slot_split(&model->slot, index);
    slot_verify(&right);
    slot_verify(&model->slot);
    assert_int_equal(model->slot.count, index);
    slot_fit(&model->slot, 4);
    slot_merge(&model->slot, &right, limits.max_alloc);
    assert_null(right.block);
}

/* Never all of them: an empty slot would have to be freed. */
static void remove_equal(struct model *model) {
    char text[TEXT_MAX];
    unsigned number = model->numbers[random_below(model->count)];
    struct packed_item item = item_of(number, text);
    enum list_end from = (enum list_end)random_below(2);
    size_t max = random_below(4), removed = 0, kept = 0;
    while (kept < model->count && removed < max && model->count > 1) {
        size_t index = from == LIST_HEAD ? kept : model->count - 1 - kept;
        if (model->numbers[index] == number) {
            take_numbers(model, index, 1);
            removed++;
        } else {
            kept++;
        }
    }
    assert_int_equal(slot_remove_equal(&model->slot, &item, from, removed), removed);
}

static void swap_for_copy(struct model *model) {
    struct slot copy = slot_copy(&model->slot);
    block_free(model->slot.block);
    model->slot = copy;
}

static void a_block_agrees_with_a_model(void **state) {
    (void)state;
    static void (*const steps[])(struct model *) = {push,    push, push, push,           insert,
                                                    replace, drop, cut,  split_and_merge};
    struct model model = {.slot = {.block = block_new(16, LIST_HEAD)}};
    while (model.count == 0) push(&model);
    for (int i = 0; i < 300000; i++) {
        uint64_t rare = random_below(50);
        if (rare == 0)
            remove_equal(&model);
        else if (rare == 1)
            swap_for_copy(&model);
        else if (rare == 2)
            slot_fit(&model.slot, random_below(8));
        else
            steps[random_below(ARRAY_LEN(steps))](&model);
        assert_true(block_alloc(model.slot.block) <= limits.max_alloc);
        if (i % 8 == 0) check_model(&model);
    }
    block_free(model.slot.block);
}

/* --- the cost of room --- */

static bool push_text(struct slot *slot, enum list_end end, size_t max_alloc) {
    struct packed_item item = packed_item_of(BYTES("sixteen bytes ok"));
    return slot_push(slot, end, &item, max_alloc);
}

/* Counts how often elements had to move: the first keeps its place otherwise. */
static size_t count_moves(enum list_end (*choose)(size_t step), size_t live, size_t steps) {
    struct slot slot = {.block = block_new(16, LIST_TAIL)};
    for (size_t i = 0; i < live; i++) assert_true(push_text(&slot, LIST_TAIL, SIZE_MAX));
    size_t moves = 0;
    for (size_t i = 0; i < steps; i++) {
        const char *middle = slot_seek(&slot, live / 2);
        enum list_end end = choose(i);
        assert_true(push_text(&slot, end, SIZE_MAX));
        moves += slot_seek(&slot, live / 2 + (end == LIST_HEAD)) != middle;
        slot_drop(&slot, (enum list_end)(1 - end), 1);
    }
    slot_verify(&slot);
    assert_true(block_bytes(slot.block) * 3 / 2 > block_cap(slot.block));
    block_free(slot.block);
    return moves;
}

static enum list_end choose_head(size_t step) {
    (void)step;
    return LIST_HEAD;
}

static enum list_end choose_either(size_t step) {
    return step % 2 == 0 ? LIST_HEAD : LIST_TAIL;
}

static void a_queue_in_one_block_seldom_moves_its_elements(void **state) {
    (void)state;
    assert_true(count_moves(choose_head, 400, 10000) <= 10000 / 30);
    assert_true(count_moves(choose_either, 400, 10000) <= 10000 / 20);
}

static void pushes_at_both_ends_in_turn_seldom_move_the_elements(void **state) {
    (void)state;
    struct slot slot = {.block = block_new(16, LIST_TAIL)};
    size_t moves = 0;
    for (size_t i = 0; i < 2000; i++) {
        const struct block *block = slot.block;
        const char *old = slot.count == 0 ? NULL : slot_seek(&slot, slot.count / 2);
        enum list_end end = choose_either(i);
        assert_true(push_text(&slot, end, SIZE_MAX));
        if (old == NULL) continue;
        size_t index = (slot.count - 1) / 2 + (end == LIST_HEAD);
        moves += block != slot.block || slot_seek(&slot, index) != old;
    }
    assert_true(moves < 120);
    slot_verify(&slot);
    block_free(slot.block);
}

static void a_full_block_takes_no_more(void **state) {
    (void)state;
    struct slot slot = {.block = block_new(4096, LIST_HEAD)};
    size_t count = 0;
    while (push_text(&slot, LIST_HEAD, 4096)) count++;
    assert_int_equal(count, (4096 - BLOCK_HEADER) / 18);
    assert_false(push_text(&slot, LIST_TAIL, 4096));
    slot_verify(&slot);
    block_free(slot.block);
}

static void an_element_over_the_limit_is_alone_in_just_its_size(void **state) {
    (void)state;
    char *text = mem_alloc_zeroed(100000);
    struct packed_item item = packed_item_of(bytes_of(text, 100000));
    struct slot slot = slot_of_item(&item, &limits);
    slot_verify(&slot);
    assert_true(block_is_alone(slot.block));
    assert_false(slot_admits(&slot, 2, &limits));
    assert_true(packed_is(slot_seek(&slot, 0), &item));
    struct slot copy = slot_copy(&slot);
    assert_true(packed_is(slot_seek(&copy, 0), &item));
    assert_true(block_used_bytes(slot.block) >= 100000);
    slot_fit(&slot, 0);
    assert_int_equal(slot_remove_equal(&slot, &item, LIST_TAIL, 1), 1);
    assert_int_equal(slot.count, 0);
    block_free(slot.block);
    block_free(copy.block);
    mem_free(text);
}

int main(void) {
    mem_start();
    random_set_seed(9);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_agrees_with_a_model),
        cmocka_unit_test(a_queue_in_one_block_seldom_moves_its_elements),
        cmocka_unit_test(pushes_at_both_ends_in_turn_seldom_move_the_elements),
        cmocka_unit_test(a_full_block_takes_no_more),
        cmocka_unit_test(an_element_over_the_limit_is_alone_in_just_its_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
