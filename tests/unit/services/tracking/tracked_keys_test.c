/* The table of tracked keys beside a naive one, at random. */
#include "services/tracking/tracked_keys.h"

#include "foundation/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { NAMES = 300, IDS = 100, STEPS = 400 * 1000 };

static struct tracked_keys keys;
static bool model[NAMES][IDS];
static bool is_gone[IDS];

static bool find_gone(const void *context, uint32_t id) {
    assert_ptr_equal(context, &keys);
    return is_gone[id];
}

static int set_up(void **state) {
    (void)state;
    memset(model, 0, sizeof(model));
    memset(is_gone, 0, sizeof(is_gone));
    tracked_keys_init(&keys, find_gone, &keys);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    tracked_keys_clear(&keys, NULL);
    return tracked_keys_count(&keys) == 0 && keys.item_count == 0 ? 0 : -1;
}

static unsigned long long seed = 5;

static size_t draw(size_t below) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (size_t)(seed >> 33) % below;
}

/* Names of all lengths modulo 4, the empty one among them. */
static struct bytes name_of(size_t which, char *text) {
    int len = which == 0 ? 0
                         : snprintf(text, 64, "%zu:%.*s", which, (int)(which % 23),
                                    "xxxxxxxxxxxxxxxxxxxxxxx");
    return bytes_of(text, (size_t)len);
}

static size_t which_of(const struct tracked_key *tracked) {
    size_t which = 0;
    for (uint32_t i = 0; i < tracked->len && tracked->name[i] != ':'; i++)
        which = 10 * which + (size_t)(tracked->name[i] - '0');
    return which;
}

static void add(size_t which, uint32_t id) {
    char text[64];
    tracked_keys_add(&keys, key_of(name_of(which, text)), id);
    model[which][id] = true;
}

static size_t count_living(size_t which) {
    size_t count = 0;
    for (size_t id = 0; id < IDS; id++) count += model[which][id] && !is_gone[id];
    return count;
}

/* Every living id is there, in order; others are none that never were. */
static void check_taken(struct tracked_key *tracked) {
    size_t which = which_of(tracked), living = 0;
    const uint32_t *ids = tracked_key_ids(tracked);
    for (uint32_t i = 0; i < tracked->count; i++) {
        assert_true(ids[i] < IDS && model[which][ids[i]]);
        if (i != 0) assert_true(ids[i - 1] < ids[i]);
        living += !is_gone[ids[i]];
    }
    assert_int_equal(living, count_living(which));
    memset(model[which], 0, sizeof(model[which]));
    mem_free(tracked);
}

static void take(size_t which) {
    char text[64];
    struct tracked_key *tracked = tracked_keys_take(&keys, name_of(which, text));
    if (tracked == NULL)
        assert_int_equal(count_living(which), 0);
    else
        check_taken(tracked);
}

/* Ids never come again: one that is gone leaves the model when nothing of it can be left. */
static void bring_back(uint32_t id) {
    while (!tracked_keys_sweep(&keys, 50)) continue;
    while (!tracked_keys_sweep(&keys, 50)) continue;
    for (size_t which = 0; which < NAMES; which++) model[which][id] = false;
    is_gone[id] = false;
}

static void step(void) {
    size_t what = draw(1000);
    uint32_t id = (uint32_t)draw(IDS);
    if (what < 860) {
        if (!is_gone[id]) add(draw(3) == 0 ? draw(4) : draw(NAMES), id);
    } else if (what < 960) {
        take(draw(NAMES));
    } else if (what < 980 && tracked_keys_count(&keys) != 0) {
        check_taken(tracked_keys_take_random(&keys));
    } else if (what < 990) {
        (void)tracked_keys_sweep(&keys, 1 + draw(100));
    } else if (is_gone[id]) {
        bring_back(id);
    } else {
        is_gone[id] = true;
    }
}

static void it_remembers_what_a_naive_table_does(void **state) {
    (void)state;
    for (int i = 0; i < STEPS; i++) step();
    for (size_t which = 0; which < NAMES; which++) take(which);
    assert_int_equal(tracked_keys_count(&keys), 0);
    assert_int_equal(keys.item_count, 0);
}

static void a_key_that_one_session_has_read_takes_little(void **state) {
    enum { KEYS = 100 * 1000, BYTES_PER_KEY = 46 };
    (void)state;
    size_t before = mem_used_bytes();
    for (int i = 0; i < KEYS; i++) {
        char text[64];
        int len = snprintf(text, sizeof(text), "user:%011d", i);
        tracked_keys_add(&keys, key_of(bytes_of(text, (size_t)len)), 1);
    }
    assert_int_equal(tracked_keys_count(&keys), KEYS);
    /* The sanitizers' allocator counts in its own way. */
    if (mem_good_size(33) == 48)
        assert_in_range(mem_used_bytes() - before, 40 * KEYS, BYTES_PER_KEY * KEYS);
}

static void ids_of_a_hot_key_do_not_pile_up(void **state) {
    (void)state;
    for (uint32_t i = 0; i < IDS; i++) {
        add(1, i);
        is_gone[i] = true;
    }
    assert_in_range(keys.item_count, 1, 12);
}

static void a_sweep_takes_out_keys_of_which_nobody_is_left(void **state) {
    (void)state;
    for (size_t i = 0; i < NAMES; i++) add(i, (uint32_t)(i % 2));
    is_gone[0] = true;
    size_t rounds = 1;
    while (!tracked_keys_sweep(&keys, 10)) rounds++;
    assert_in_range(rounds, 10, NAMES);
    assert_int_equal(tracked_keys_count(&keys), NAMES / 2);
    assert_int_equal(keys.item_count, NAMES / 2);
}

#define KEYS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    mem_start();
    const struct CMUnitTest tests[] = {
        KEYS_TEST(it_remembers_what_a_naive_table_does),
        KEYS_TEST(a_key_that_one_session_has_read_takes_little),
        KEYS_TEST(ids_of_a_hot_key_do_not_pile_up),
        KEYS_TEST(a_sweep_takes_out_keys_of_which_nobody_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
