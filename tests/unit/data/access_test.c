/* Access clocks: idle seconds and frequencies, also where the 24 bits wrap around. */
#include "data/access.h"

#include "foundation/mem.h"
#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct access_policy lru = {.is_lfu = false};
static const struct access_policy lfu = {
    .is_lfu = true, .lfu_log_factor = 10, .lfu_decay_minutes = 1};

#define MINUTE_MS ((int64_t)60000)
#define LRU_PERIOD_MS (((int64_t)1 << 24) * 1000)
#define LFU_PERIOD_MS (((int64_t)1 << 16) * MINUTE_MS)

static struct entry entry_made_at(const struct access_policy *policy, int64_t unix_ms) {
    struct entry entry = {0};
    entry.access = access_initial(policy, unix_ms) & 0xffffff;
    return entry;
}

static void idle_seconds_count_from_the_last_touch(void **state) {
    (void)state;
    struct entry entry = entry_made_at(&lru, 1700000000000);
    assert_int_equal(access_idle_seconds(&entry, 1700000000999), 0);
    assert_int_equal(access_idle_seconds(&entry, 1700000010000), 10);
    access_touch(&entry, &lru, 1700000010000);
    assert_int_equal(access_idle_seconds(&entry, 1700000011000), 1);
}

static void idle_seconds_hold_over_the_wrap_of_24_bits(void **state) {
    (void)state;
    struct entry entry = entry_made_at(&lru, 101 * LRU_PERIOD_MS - 5000);
    assert_int_equal(access_idle_seconds(&entry, 101 * LRU_PERIOD_MS + 7000), 12);
    access_set_idle_seconds(&entry, 1000, 101 * LRU_PERIOD_MS + 1000);
    assert_int_equal(access_idle_seconds(&entry, 101 * LRU_PERIOD_MS + 2000), 1001);
}

static void idle_seconds_beyond_the_clock_are_cut_to_its_longest(void **state) {
    (void)state;
    struct entry entry = {0};
    access_set_idle_seconds(&entry, UINT64_MAX, 1700000000000);
    assert_int_equal(access_idle_seconds(&entry, 1700000000000), (1 << 24) - 1);
}

static void touching_an_lru_clock_leaves_the_rest_of_the_header(void **state) {
    (void)state;
    struct entry entry = {.type = 15, .encoding = 10, .flags = 7, .key_len = 3, .tail_len = 9};
    for (int64_t ms = 0; ms < 40 * LRU_PERIOD_MS; ms += LRU_PERIOD_MS / 7)
        access_touch(&entry, &lru, ms);
    assert_int_equal(entry.type, 15);
    assert_int_equal(entry.encoding, 10);
    assert_int_equal(entry.flags, 7);
}

static void a_new_key_has_frequency_5_and_loses_one_a_minute(void **state) {
    (void)state;
    int64_t made_ms = 1000000 * MINUTE_MS;
    struct entry entry = entry_made_at(&lfu, made_ms);
    for (int minute = 0; minute < 10; minute++) {
        int expected = minute < 5 ? 5 - minute : 0;
        assert_int_equal(access_frequency(&entry, &lfu, made_ms + minute * MINUTE_MS), expected);
    }
}

static void decay_minutes_set_the_pace_and_0_stops_it(void **state) {
    (void)state;
    struct access_policy slow = lfu, never = lfu;
    slow.lfu_decay_minutes = 10;
    never.lfu_decay_minutes = 0;
    struct entry entry = {0};
    access_set_frequency(&entry, 100, 0);
    assert_int_equal(access_frequency(&entry, &slow, 59 * MINUTE_MS), 95);
    assert_int_equal(access_frequency(&entry, &never, 6000 * MINUTE_MS), 100);
}

static void decay_holds_over_the_wrap_of_16_bits_of_minutes(void **state) {
    (void)state;
    struct entry entry = {0};
    access_set_frequency(&entry, 200, 9 * LFU_PERIOD_MS - 3 * MINUTE_MS);
    assert_int_equal(access_frequency(&entry, &lfu, 9 * LFU_PERIOD_MS + 4 * MINUTE_MS), 193);
}

static void frequency_grows_ever_more_slowly_and_stays_at_255(void **state) {
    (void)state;
    random_set_seed(5);
    struct entry entry = entry_made_at(&lfu, 0);
    int at_1000 = 0;
    for (int i = 0; i < 4000000; i++) {
        access_touch(&entry, &lfu, 0);
        if (i == 999) at_1000 = access_frequency(&entry, &lfu, 0);
    }
    assert_in_range(at_1000, 10, 30); /* sqrt(2 * 1000 / 10) + 5 is 19 */
    assert_int_equal(access_frequency(&entry, &lfu, 0), 255);
}

static void with_log_factor_0_every_touch_counts(void **state) {
    (void)state;
    struct access_policy plain = lfu;
    plain.lfu_log_factor = 0;
    struct entry entry = entry_made_at(&plain, 0);
    for (int i = 0; i < 20; i++) access_touch(&entry, &plain, 0);
    assert_int_equal(access_frequency(&entry, &plain, 0), 25);
}

int main(void) {
    mem_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle_seconds_count_from_the_last_touch),
        cmocka_unit_test(idle_seconds_hold_over_the_wrap_of_24_bits),
        cmocka_unit_test(idle_seconds_beyond_the_clock_are_cut_to_its_longest),
        cmocka_unit_test(touching_an_lru_clock_leaves_the_rest_of_the_header),
        cmocka_unit_test(a_new_key_has_frequency_5_and_loses_one_a_minute),
        cmocka_unit_test(decay_minutes_set_the_pace_and_0_stops_it),
        cmocka_unit_test(decay_holds_over_the_wrap_of_16_bits_of_minutes),
        cmocka_unit_test(frequency_grows_ever_more_slowly_and_stays_at_255),
        cmocka_unit_test(with_log_factor_0_every_touch_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
