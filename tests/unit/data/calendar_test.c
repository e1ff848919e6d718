/* The calendar against a naive model: an array of keys with their due times, and time set by hand. */
#include "data/calendar.h"

#include "foundation/check.h"
#include "foundation/mem.h"
#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { KEY_MAX = 4096, DEAD_MAX = 64, PATIENCE_MS = 1024 };

struct key {
    int64_t due_ms;   /* 0: no due time */
    int64_t since_ms; /* when that was said: a past time cannot fire before */
    uint16_t stamp;
};

struct model {
    struct calendar *calendar;
    int64_t now_ms;
    int64_t latest_ms; /* how late a key may fire */
    uint64_t fired, asked;
    uint64_t key_count;
    struct key keys[KEY_MAX];
};

static int64_t fire_ms(const struct key *key) {
    return key->due_ms > key->since_ms ? key->due_ms : key->since_ms;
}

static enum calendar_answer answer(void *owner, uint32_t hash_top, uint16_t stamp, bool may_act,
                                   int64_t *due_ms) {
    struct model *model = owner;
    model->asked++;
    assert_true(hash_top < KEY_MAX);
    struct key *key = &model->keys[hash_top];
    if (key->due_ms == 0 || key->stamp != stamp) return CALENDAR_DEAD;
    *due_ms = key->due_ms;
    if (!may_act || key->due_ms > model->now_ms) return CALENDAR_LATER;
    assert_true(model->now_ms - fire_ms(key) <= model->latest_ms);
    key->due_ms = 0;
    model->fired++;
    model->key_count--;
    return CALENDAR_DUE;
}

static struct model *new_model(int64_t now_ms) {
    struct model *model = mem_alloc_zeroed(sizeof(*model));
    model->now_ms = now_ms;
    model->latest_ms = INT64_MAX;
    model->calendar = calendar_new(answer, model, now_ms);
    random_set_seed(5);
    return model;
}

static void free_model(struct model *model) {
    calendar_clear(model->calendar);
    assert_int_equal(calendar_record_count(model->calendar), 0);
    assert_true(calendar_used_bytes(model->calendar) <= 200);
    calendar_free(model->calendar);
    mem_free(model);
}

static void delete_key(struct model *model, uint32_t index) {
    if (model->keys[index].due_ms == 0) return;
    model->keys[index].due_ms = 0;
    model->key_count--;
    calendar_note_dead(model->calendar);
}

/* As an owner does: a later time keeps the record. */
static void set_due(struct model *model, uint32_t index, int64_t due_ms) {
    struct key *key = &model->keys[index];
    key->since_ms = model->now_ms;
    if (key->due_ms != 0 && due_ms >= key->due_ms) {
        key->due_ms = due_ms;
        return;
    }
    delete_key(model, index);
    key->due_ms = due_ms;
    key->stamp = calendar_next_stamp(model->calendar);
    model->key_count++;
    calendar_add(model->calendar, index, key->stamp, due_ms);
}

static void run_until_done(struct model *model, size_t max_records) {
    for (uint32_t i = 0; !calendar_run(model->calendar, model->now_ms, max_records); i++)
        assert_true(i < 100000);
}

static void check_none_is_overdue(const struct model *model, int64_t slack_ms) {
    for (uint32_t i = 0; i < KEY_MAX; i++) {
        const struct key *key = &model->keys[i];
        assert_true(key->due_ms == 0 || fire_ms(key) + CALENDAR_TICK_MS + slack_ms > model->now_ms);
    }
}

/* A span of any size from milliseconds to centuries. */
static int64_t draw_span_ms(void) {
    return (int64_t)(random_u64() >> (22 + random_below(42))) + 1;
}

static void draw_change(struct model *model, int64_t span_max_ms) {
    uint32_t index = (uint32_t)random_below(KEY_MAX);
    if (random_below(4) == 0) {
        delete_key(model, index);
        return;
    }
    int64_t span_ms = draw_span_ms() % span_max_ms;
    if (random_below(20) == 0) span_ms = -span_ms % 1000;
    int64_t due_ms = model->now_ms + span_ms;
    set_due(model, index, due_ms < 1 ? 1 : due_ms);
}

/* --- firing --- */

static void each_key_fires_once_and_on_time_in_small_steps(void **state) {
    (void)state;
    static const int64_t spans_ms[] = {50, 3000, 700000, 100000000};
    for (size_t i = 0; i < 4; i++) {
        struct model *model = new_model(1700000000123);
        for (uint32_t step = 0; step < 100000; step++) {
            for (uint64_t changes = random_below(4); changes > 0; changes--)
                draw_change(model, spans_ms[i]);
            int64_t step_ms = (int64_t)random_below((uint64_t)spans_ms[i] / 25 + 2);
            model->now_ms += step_ms;
            model->latest_ms = CALENDAR_TICK_MS + step_ms;
            run_until_done(model, 1 + random_below(64));
            if (step % 64 == 0) check_none_is_overdue(model, 0);
        }
        check_none_is_overdue(model, 0);
        assert_true(model->fired > 10000);
        free_model(model);
    }
}

static void each_key_fires_once_and_on_time_over_jumps_of_years(void **state) {
    (void)state;
    struct model *model = new_model(1700000000123);
    for (uint32_t step = 0; step < 20000; step++) {
        for (uint64_t changes = random_below(40); changes > 0; changes--)
            draw_change(model, (int64_t)1 << 42);
        int64_t step_ms = draw_span_ms() % ((int64_t)1 << (random_below(8) == 0 ? 37 : 20));
        model->now_ms += step_ms;
        run_until_done(model, 1 + random_below(300));
        check_none_is_overdue(model, 0);
        if (model->now_ms > (int64_t)1 << 45) {
            for (uint32_t i = 0; i < KEY_MAX; i++) delete_key(model, i);
            model->now_ms = 1700000000123;
        }
    }
    assert_true(model->fired > 1000);
    free_model(model);
}

static void a_clock_that_jumps_both_ways_loses_and_holds_up_nothing(void **state) {
    (void)state;
    struct model *model = new_model(1700000000123);
    for (uint32_t step = 0; step < 50000; step++) {
        for (uint64_t changes = random_below(8); changes > 0; changes--)
            draw_change(model, (int64_t)1 << random_below(41));
        int64_t step_ms = draw_span_ms() % ((int64_t)1 << (1 + random_below(36)));
        bool is_back = random_below(2) == 0 && model->now_ms > step_ms;
        model->now_ms += is_back ? -step_ms : step_ms;
        run_until_done(model, 1 + random_below(300));
        for (uint32_t i = 0; is_back && i < KEY_MAX; i++) {
            if (model->keys[i].since_ms > model->now_ms) model->keys[i].since_ms = model->now_ms;
        }
        check_none_is_overdue(model, PATIENCE_MS);
    }
    /* Small steps back are waited for; then nothing may be left overdue. */
    model->now_ms += 2000;
    run_until_done(model, 256);
    check_none_is_overdue(model, 0);
    free_model(model);
}

static void no_key_fires_early(void **state) {
    (void)state;
    struct model *model = new_model(1000);
    set_due(model, 1, 2003);
    for (model->now_ms = 1000; model->now_ms < 2003; model->now_ms++) run_until_done(model, 10);
    assert_int_equal(model->fired, 0);
    model->now_ms = 2003 + CALENDAR_TICK_MS;
    run_until_done(model, 10);
    assert_int_equal(model->fired, 1);
    assert_int_equal(calendar_record_count(model->calendar), 0);
    free_model(model);
}

static void runs_at_the_times_asked_for_are_enough(void **state) {
    (void)state;
    static const int64_t spans_ms[] = {1, 5, 1000, 1025, 262144, 300000, 70000000, 40000000000};
    for (size_t i = 0; i < 8; i++) {
        struct model *model = new_model(1700000000123);
        int64_t due_ms = model->now_ms + spans_ms[i];
        set_due(model, 7, due_ms);
        uint32_t runs = 0;
        for (; model->fired == 0; runs++) {
            int64_t wait_ms = calendar_next_ms(model->calendar, model->now_ms);
            assert_true(wait_ms >= 0 && wait_ms <= due_ms + CALENDAR_TICK_MS - model->now_ms);
            model->now_ms += wait_ms;
            calendar_run(model->calendar, model->now_ms, 100);
            assert_true(runs < 20);
        }
        assert_true(model->now_ms <= due_ms + CALENDAR_TICK_MS);
        assert_true(calendar_next_ms(model->calendar, model->now_ms) == INT64_MAX);
        free_model(model);
    }
}

static void a_time_in_the_past_is_due_at_once(void **state) {
    (void)state;
    struct model *model = new_model(1700000000123);
    set_due(model, 1, 5);
    assert_true(calendar_next_ms(model->calendar, model->now_ms) <= CALENDAR_TICK_MS);
    model->now_ms += CALENDAR_TICK_MS;
    run_until_done(model, 10);
    assert_int_equal(model->fired, 1);
    free_model(model);
}

static void the_farthest_time_is_kept_and_fires(void **state) {
    (void)state;
    struct model *model = new_model(1700000000123);
    set_due(model, 1, CALENDAR_MAX_MS - 1);
    for (; model->now_ms < CALENDAR_MAX_MS - 1; model->now_ms += (int64_t)1 << 40) {
        run_until_done(model, 10);
        assert_int_equal(model->fired, 0);
    }
    run_until_done(model, 10);
    model->now_ms = CALENDAR_MAX_MS + CALENDAR_TICK_MS;
    run_until_done(model, 10);
    assert_int_equal(model->fired, 1);
    free_model(model);
}

/* --- bounds --- */

static void setting_and_deleting_for_ever_keeps_memory_bounded(void **state) {
    (void)state;
    static const int64_t spans_ms[] = {100, 60000, 3600000, (int64_t)1 << 40};
    for (size_t i = 0; i < 4; i++) {
        struct model *model = new_model(1700000000123);
        for (uint32_t index = 0; index < 1000; index++)
            set_due(model, 1000 + index, model->now_ms + spans_ms[i]);
        for (uint32_t step = 0; step < 300000; step++) {
            uint32_t index = (uint32_t)random_below(1000);
            set_due(model, index, model->now_ms + spans_ms[i]);
            delete_key(model, index);
            size_t bound = 2 * model->key_count + 3 * DEAD_MAX;
            assert_true(calendar_record_count(model->calendar) <= bound);
        }
        assert_true(calendar_used_bytes(model->calendar) < 256 * 1024);
        free_model(model);
    }
}

static void runs_sweep_the_records_of_deleted_keys(void **state) {
    (void)state;
    struct model *model = new_model(1700000000123);
    for (uint32_t index = 0; index < KEY_MAX; index++)
        set_due(model, index, model->now_ms + 86400000 + index);
    for (uint32_t index = 0; index < KEY_MAX; index++) delete_key(model, index);
    for (uint32_t i = 0; i < 2 * KEY_MAX / 100; i++) {
        model->now_ms += calendar_next_ms(model->calendar, model->now_ms) % 1000;
        run_until_done(model, 100);
    }
    assert_true(calendar_record_count(model->calendar) <= 2 * DEAD_MAX);
    free_model(model);
}

static void a_run_looks_at_no_more_records_than_allowed(void **state) {
    (void)state;
    struct model *model = new_model(1700000000123);
    for (uint32_t index = 0; index < KEY_MAX; index++)
        set_due(model, index, model->now_ms + (index % 2 == 0 ? 500 : 90000000));
    for (uint32_t index = 0; index < KEY_MAX / 4; index++) delete_key(model, index);
    model->now_ms += 200000000;
    bool is_done = false;
    while (!is_done) {
        uint64_t asked_before = model->asked;
        is_done = calendar_run(model->calendar, model->now_ms, 100);
        assert_true(model->asked - asked_before <= 100);
    }
    assert_int_equal(model->fired, KEY_MAX - KEY_MAX / 4);
    free_model(model);
}

static void steady_traffic_keeps_its_memory(void **state) {
    (void)state;
    struct model *model = new_model(1700000000123);
    size_t most_bytes = 0;
    for (uint32_t step = 0; step < 200000; step++) {
        set_due(model, step % KEY_MAX, model->now_ms + 2000);
        model->now_ms += step % 2;
        run_until_done(model, 64);
        size_t used_bytes = calendar_used_bytes(model->calendar);
        if (step < 10000 && most_bytes < used_bytes) most_bytes = used_bytes;
        assert_true(step < 10000 || used_bytes <= most_bytes + most_bytes / 4);
    }
    free_model(model);
}

/* --- an owner that is not done with a record --- */

struct patience {
    int asks_left;
    uint32_t asked[8];
    size_t count;
};

static enum calendar_answer answer_patiently(void *owner, uint32_t hash_top, uint16_t stamp,
                                             bool may_act, int64_t *due_ms) {
    (void)stamp;
    *due_ms = 0;
    struct patience *patience = owner;
    assert_true(may_act);
    patience->asked[patience->count++] = hash_top;
    return hash_top == 1 && --patience->asks_left > 0 ? CALENDAR_AGAIN : CALENDAR_DUE;
}

static void a_record_not_done_with_ends_the_run_and_is_asked_about_first_in_the_next(void **state) {
    (void)state;
    struct patience patience = {.asks_left = 3};
    struct calendar *calendar = calendar_new(answer_patiently, &patience, 1000);
    calendar_add(calendar, 2, 1, 2004);
    calendar_add(calendar, 1, 2, 2000);
    assert_false(calendar_run(calendar, 3000, 100));
    assert_int_equal(calendar_next_ms(calendar, 3000), 0);
    assert_false(calendar_run(calendar, 3000, 100));
    assert_int_equal(calendar_record_count(calendar), 2);
    assert_true(calendar_run(calendar, 3000, 100));
    assert_int_equal(calendar_record_count(calendar), 0);
    const uint32_t expected[] = {1, 1, 1, 2};
    assert_int_equal(patience.count, ARRAY_LEN(expected));
    assert_memory_equal(patience.asked, expected, sizeof(expected));
    calendar_free(calendar);
}

int main(void) {
    mem_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_key_fires_once_and_on_time_in_small_steps),
        cmocka_unit_test(each_key_fires_once_and_on_time_over_jumps_of_years),
        cmocka_unit_test(a_clock_that_jumps_both_ways_loses_and_holds_up_nothing),
        cmocka_unit_test(no_key_fires_early),
        cmocka_unit_test(runs_at_the_times_asked_for_are_enough),
        cmocka_unit_test(a_time_in_the_past_is_due_at_once),
        cmocka_unit_test(the_farthest_time_is_kept_and_fires),
        cmocka_unit_test(setting_and_deleting_for_ever_keeps_memory_bounded),
        cmocka_unit_test(runs_sweep_the_records_of_deleted_keys),
        cmocka_unit_test(a_run_looks_at_no_more_records_than_allowed),
        cmocka_unit_test(steady_traffic_keeps_its_memory),
        cmocka_unit_test(a_record_not_done_with_ends_the_run_and_is_asked_about_first_in_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
