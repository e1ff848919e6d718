/* Eviction: which keys each policy may take, and how well it chooses. The choice is random, so the
 * bounds are wide and the seed fixed. */
#include "data/eviction.h"

#include "data/database.h"
#include "data/types/ratelimit/ratelimit.h"
#include "data/types/string/string.h"
#include "foundation/clock.h"
#include "foundation/mem.h"
#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { DBS = 3, SAMPLES = 5, START_MS = 1700000000 };

struct fixture {
    struct clock clock;
    struct keyspace *keyspace;
    uint64_t evicted_events;
    uint64_t other_events;
    uint64_t key_sum; /* of the numbers in the names of evicted keys */
};

static void note_event(void *context, const struct key_event *event) {
    struct fixture *fixture = context;
    if (event->event_class != KEY_EVENT_EVICTED) {
        fixture->other_events++;
        return;
    }
    assert_string_equal(event->name, "evicted");
    assert_null(database_find(event->db, key_of(event->key)).entry);
    fixture->evicted_events++;
    fixture->key_sum += strtoull(event->key.data + 1, NULL, 10);
}

static int set_up(void **state) {
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    random_set_seed(17);
    clock_set_unix_us(&fixture->clock, (int64_t)START_MS * 1000 * 1000);
    fixture->keyspace = keyspace_new(DBS, &fixture->clock);
    key_event_subscribe(&fixture->keyspace->listeners, KEY_EVENT_EVICTED | KEY_EVENT_EXPIRED,
                        note_event, fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    keyspace_free(fixture->keyspace);
    free(fixture);
    return 0;
}

static int64_t now_ms(const struct fixture *fixture) {
    return fixture->clock.unix_ms;
}

/* Adds "k<number>"; due_ms 0: without a due time. */
static struct entry *add_key(struct fixture *fixture, uint32_t db_number, uint64_t number,
                             int64_t due_ms) {
    char name[32];
    struct database *db = fixture->keyspace->dbs[db_number];
    snprintf(name, sizeof(name), "k%llu ", (unsigned long long)number);
    struct key key = key_of(bytes_of_str(name));
    struct found found = {0};
    string_store(db, key, &found, BYTES("value"), due_ms == 0 ? 0 : STRING_WANT_DUE);
    if (due_ms != 0) database_set_due(db, key, &found, due_ms);
    return found.entry;
}

static bool has_key(struct fixture *fixture, uint32_t db_number, uint64_t number) {
    char name[32];
    snprintf(name, sizeof(name), "k%llu ", (unsigned long long)number);
    struct database *db = fixture->keyspace->dbs[db_number];
    return database_find(db, key_of(bytes_of_str(name))).entry != NULL;
}

static uint64_t evict_all(struct fixture *fixture, const struct eviction_policy *policy) {
    uint64_t count = 0;
    while (eviction_remove_one(fixture->keyspace, policy)) count++;
    return count;
}

static const enum eviction_order orders[] = {EVICTION_LEAST_RECENT, EVICTION_LEAST_FREQUENT,
                                             EVICTION_SOONEST_DUE, EVICTION_RANDOM};

/* --- what may go --- */

static void noeviction_takes_nothing(void **state) {
    struct fixture *fixture = *state;
    struct eviction_policy policy = {.order = EVICTION_NONE, .samples = SAMPLES};
    add_key(fixture, 0, 1, now_ms(fixture) + 1000);
    assert_false(eviction_remove_one(fixture->keyspace, &policy));
    assert_int_equal(keyspace_key_count(fixture->keyspace), 1);
    assert_int_equal(fixture->keyspace->stats.evicted, 0);
}

static void an_empty_keyspace_has_nothing_to_evict(void **state) {
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        struct eviction_policy policy = {.order = orders[i], .samples = SAMPLES};
        assert_false(eviction_remove_one(fixture->keyspace, &policy));
        policy.is_volatile = true;
        assert_false(eviction_remove_one(fixture->keyspace, &policy));
    }
}

static void allkeys_policies_take_every_key_of_every_database(void **state) {
    struct fixture *fixture = *state;
    enum { KEYS = 300 };
    uint64_t expected = 0;
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        struct eviction_policy policy = {.order = orders[i], .samples = SAMPLES};
        for (uint32_t k = 0; k < KEYS; k++)
            add_key(fixture, k % DBS, k, k % 2 == 0 ? 0 : now_ms(fixture) + 1000 + k);
        assert_int_equal(evict_all(fixture, &policy), KEYS);
        assert_int_equal(keyspace_key_count(fixture->keyspace), 0);
        expected += KEYS;
        assert_int_equal(fixture->keyspace->stats.evicted, expected);
        assert_int_equal(fixture->evicted_events, expected);
    }
    assert_int_equal(fixture->key_sum, ARRAY_LEN(orders) * (KEYS * (KEYS - 1) / 2));
    for (uint32_t i = 0; i < DBS; i++) assert_int_equal(fixture->keyspace->dbs[i]->due_count, 0);
}

static void volatile_policies_spare_keys_without_due_time(void **state) {
    struct fixture *fixture = *state;
    enum { KEYS = 300 };
    for (uint32_t k = 0; k < KEYS; k += 2) add_key(fixture, k % DBS, k, 0);
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        struct eviction_policy policy = {
            .order = orders[i], .is_volatile = true, .samples = SAMPLES};
        for (uint32_t k = 1; k < KEYS; k += 2)
            add_key(fixture, k % DBS, k, now_ms(fixture) + 1000 + k);
        assert_int_equal(evict_all(fixture, &policy), KEYS / 2);
        for (uint32_t k = 0; k < KEYS; k++)
            assert_int_equal(has_key(fixture, k % DBS, k), k % 2 == 0);
    }
    assert_int_equal(fixture->evicted_events, ARRAY_LEN(orders) * KEYS / 2);
}

static void rare_volatile_keys_are_found_among_many_others(void **state) {
    struct fixture *fixture = *state;
    enum { KEYS = 20000, RARE = 7 };
    for (uint32_t k = 0; k < KEYS; k++) add_key(fixture, 1, k, 0);
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        struct eviction_policy policy = {
            .order = orders[i], .is_volatile = true, .samples = SAMPLES};
        for (uint32_t k = KEYS; k < KEYS + RARE; k++)
            add_key(fixture, 1, k, now_ms(fixture) + 1000);
        assert_int_equal(evict_all(fixture, &policy), RARE);
        assert_int_equal(keyspace_key_count(fixture->keyspace), KEYS);
    }
}

static void an_evicted_key_does_not_expire_any_more(void **state) {
    struct fixture *fixture = *state;
    struct eviction_policy policy = {
        .order = EVICTION_SOONEST_DUE, .is_volatile = true, .samples = SAMPLES};
    for (uint32_t k = 0; k < 100; k++) add_key(fixture, 0, k, now_ms(fixture) + 100 + k);
    assert_int_equal(evict_all(fixture, &policy), 100);
    add_key(fixture, 0, 5, now_ms(fixture) + 100000);
    clock_set_unix_us(&fixture->clock, fixture->clock.unix_us + 1000 * 1000);
    assert_true(keyspace_expire_due(fixture->keyspace, SIZE_MAX));
    assert_int_equal(fixture->other_events, 0);
    assert_true(has_key(fixture, 0, 5));
}

/* --- which goes first --- */

enum { RANKED = 4000 };

/* Keys 0 to RANKED-1 in random order; the higher the number, the better a victim. */
static void add_ranked(struct fixture *fixture, enum eviction_order order) {
    fixture->keyspace->access.is_lfu = order == EVICTION_LEAST_FREQUENT;
    for (uint64_t k = 0; k < RANKED; k++) {
        int64_t due_ms = now_ms(fixture) + 1000 * (int64_t)(RANKED - k);
        struct entry *entry = add_key(fixture, 0, k, due_ms);
        if (order == EVICTION_LEAST_FREQUENT)
            access_set_frequency(entry, (uint8_t)(255 - k * 256 / RANKED), now_ms(fixture));
        else
            access_set_idle_seconds(entry, k, now_ms(fixture));
    }
}

/* Evicts a tenth of the keys and returns the mean number of those that went. */
static double mean_evicted(struct fixture *fixture, const struct eviction_policy *policy) {
    enum { EVICTED = RANKED / 10 };
    fixture->key_sum = fixture->evicted_events = 0;
    for (int i = 0; i < EVICTED; i++) assert_true(eviction_remove_one(fixture->keyspace, policy));
    assert_int_equal(fixture->evicted_events, EVICTED);
    database_clear(fixture->keyspace->dbs[0], false);
    return (double)fixture->key_sum / EVICTED;
}

static double mean_of(struct fixture *fixture, enum eviction_order order, bool is_volatile,
                      size_t samples) {
    struct eviction_policy policy = {order, is_volatile, samples};
    add_ranked(fixture, order);
    return mean_evicted(fixture, &policy);
}

static void the_worst_of_a_sample_goes(void **state) {
    struct fixture *fixture = *state;
    static const enum eviction_order ranked[] = {EVICTION_LEAST_RECENT, EVICTION_LEAST_FREQUENT,
                                                 EVICTION_SOONEST_DUE};
    for (size_t i = 0; i < ARRAY_LEN(ranked); i++) {
        /* The greatest of five draws lies at 5/6 at first, at 0.8 when the best tenth is used up. */
        assert_true(mean_of(fixture, ranked[i], false, SAMPLES) > 0.75 * RANKED);
        assert_true(mean_of(fixture, ranked[i], true, SAMPLES) > 0.75 * RANKED);
    }
}

static void a_larger_sample_chooses_better(void **state) {
    struct fixture *fixture = *state;
    double one = mean_of(fixture, EVICTION_LEAST_RECENT, false, 1);
    double five = mean_of(fixture, EVICTION_LEAST_RECENT, false, 5);
    double most = mean_of(fixture, EVICTION_LEAST_RECENT, false, EVICTION_MAX_SAMPLES);
    assert_true(one > 0.4 * RANKED && one < 0.6 * RANKED);
    assert_true(five > one + 0.2 * RANKED);
    assert_true(most > five + 0.05 * RANKED);
}

static void random_looks_at_no_clock(void **state) {
    struct fixture *fixture = *state;
    double mean = mean_of(fixture, EVICTION_RANDOM, false, SAMPLES);
    assert_true(mean > 0.4 * RANKED && mean < 0.6 * RANKED);
    mean = mean_of(fixture, EVICTION_RANDOM, true, SAMPLES);
    assert_true(mean > 0.4 * RANKED && mean < 0.6 * RANKED);
}

static void keys_in_use_stay(void **state) {
    struct fixture *fixture = *state;
    enum { KEYS = 1000, USED = 100 };
    struct eviction_policy policy = {.order = EVICTION_LEAST_RECENT, .samples = 10};
    for (uint32_t k = 0; k < KEYS; k++)
        access_set_idle_seconds(add_key(fixture, 0, k, 0), k < USED ? 0 : 60, now_ms(fixture));
    for (uint32_t i = 0; i < (KEYS - USED) / 2; i++)
        assert_true(eviction_remove_one(fixture->keyspace, &policy));
    uint32_t stayed = 0;
    for (uint32_t k = 0; k < USED; k++) stayed += has_key(fixture, 0, k);
    assert_true(stayed >= USED - 1);
}

static void add_limiter(struct fixture *fixture, uint32_t db_number, uint64_t number) {
    static const struct rate_policy limits = {
        .algorithm = RATE_BUCKET, .limit = 10, .refill = 1, .period_ms = 60000};
    char name[32];
    snprintf(name, sizeof(name), "k%llu ", (unsigned long long)number);
    struct rate_request request = {.now_us = fixture->clock.unix_us, .cost = 1};
    struct rate_answer answer;
    struct found found = {0};
    limiter_take(fixture->keyspace->dbs[db_number], key_of(bytes_of_str(name)), &found, &limits,
                 &request, &answer);
}

static uint64_t count_limiters(struct fixture *fixture, uint64_t first, uint64_t end) {
    uint64_t count = 0;
    for (uint64_t k = first; k < end; k++) count += has_key(fixture, k % 2 == 0 ? 0 : 2, k);
    return count;
}

static void rate_limiters_go_last(void **state) {
    struct fixture *fixture = *state;
    enum { STRINGS = 300, END = 450 };
    for (size_t i = 0; i < 2 * ARRAY_LEN(orders); i++) {
        struct eviction_policy policy = {
            .order = orders[i / 2], .is_volatile = i % 2 == 1, .samples = SAMPLES};
        for (uint32_t k = 0; k < STRINGS; k++) add_key(fixture, k % DBS, k, now_ms(fixture) + 1000);
        for (uint32_t k = STRINGS; k < END; k++) add_limiter(fixture, k % 2 == 0 ? 0 : 2, k);
        for (int k = 0; k < STRINGS; k++)
            assert_true(eviction_remove_one(fixture->keyspace, &policy));
        assert_true(count_limiters(fixture, STRINGS, END) >= END - STRINGS - 3);
        assert_int_equal(evict_all(fixture, &policy), END - STRINGS);
    }
}

static void databases_give_in_proportion_to_their_candidates(void **state) {
    struct fixture *fixture = *state;
    struct eviction_policy policy = {.order = EVICTION_RANDOM, .samples = SAMPLES};
    for (uint32_t k = 0; k < 9000; k++) add_key(fixture, 0, k, 0);
    for (uint32_t k = 0; k < 3000; k++) add_key(fixture, 2, k, now_ms(fixture) + 1000);
    for (int i = 0; i < 1200; i++) assert_true(eviction_remove_one(fixture->keyspace, &policy));
    uint64_t from_second = 3000 - database_key_count(fixture->keyspace->dbs[2]);
    assert_true(from_second > 220 && from_second < 380);
    policy.is_volatile = true;
    for (int i = 0; i < 100; i++) assert_true(eviction_remove_one(fixture->keyspace, &policy));
    assert_int_equal(3000 - database_key_count(fixture->keyspace->dbs[2]), from_second + 100);
}

int main(void) {
    mem_start();
    hash_set_seed(1);
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(noeviction_takes_nothing),
        TEST(an_empty_keyspace_has_nothing_to_evict),
        TEST(allkeys_policies_take_every_key_of_every_database),
        TEST(volatile_policies_spare_keys_without_due_time),
        TEST(rare_volatile_keys_are_found_among_many_others),
        TEST(an_evicted_key_does_not_expire_any_more),
        TEST(the_worst_of_a_sample_goes),
        TEST(a_larger_sample_chooses_better),
        TEST(random_looks_at_no_clock),
        TEST(keys_in_use_stay),
        TEST(rate_limiters_go_last),
        TEST(databases_give_in_proportion_to_their_candidates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
