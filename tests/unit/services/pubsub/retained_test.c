/* Retained messages: PUBLISH … RETAIN, who is given them, how long, and how many are kept. */
#include "services/pubsub/retained.h"

#include "foundation/mem.h"
#include "services/pubsub/pubsub.h"
#include "services/pubsub/pubsub_private.h"
#include "unit/support/listeners.h"

#include <stdio.h>
#include <stdlib.h>

static const struct feature *const features[] = {&pubsub_feature, NULL};

struct scene {
    struct command_fixture *fixture;
    struct listeners listeners;
};

static int set_up(void **state) {
    struct scene *scene = mem_alloc_zeroed(sizeof(*scene));
    scene->fixture = fixture_new_of_features(features);
    listeners_gather(&scene->listeners, scene->fixture, 2);
    *state = scene;
    return 0;
}

static int tear_down(void **state) {
    struct scene *scene = *state;
    listeners_dismiss(&scene->listeners);
    pubsub_feature.stop(scene->fixture->engine);
    bool is_gone = scene->fixture->engine->pubsub == NULL;
    fixture_free(scene->fixture);
    mem_free(scene);
    return is_gone ? 0 : -1;
}

static void a_later_subscriber_is_given_the_last_message_behind_its_confirmations(void **state) {
    struct scene *scene = *state;
    struct listeners *all = &scene->listeners;
    assert_reply(scene->fixture, "PUBLISH a old RETAIN", "0");
    assert_reply(scene->fixture, "PUBLISH a new RETAIN", "0");
    assert_reply(scene->fixture, "PUBLISH a passing", "0");
    assert_reply(scene->fixture, "SPUBLISH b shard RETAIN", "0");
    listener_run(all, 0, "SUBSCRIBE a b");
    assert_heard(all, 0,
                 "[\"subscribe\", \"a\", 1][\"subscribe\", \"b\", 2][\"message\", \"a\", \"new\"]");
    listener_run(all, 0, "SSUBSCRIBE b");
    assert_heard(all, 0, "[\"ssubscribe\", \"b\", 1][\"smessage\", \"b\", \"shard\"]");
    listener_run(all, 0, "SUBSCRIBE a");
    assert_heard(all, 0, "[\"subscribe\", \"a\", 2][\"message\", \"a\", \"new\"]");
    assert_reply(scene->fixture, "PUBLISH a live RETAIN", "1");
    assert_heard(all, 0, "[\"message\", \"a\", \"live\"]");
}

static void a_pattern_is_given_all_that_match_sorted_by_channel(void **state) {
    struct scene *scene = *state;
    struct listeners *all = &scene->listeners;
    assert_reply(scene->fixture, "PUBLISH t.c 3 RETAIN", "0");
    assert_reply(scene->fixture, "PUBLISH t.a 1 RETAIN", "0");
    assert_reply(scene->fixture, "PUBLISH u 4 RETAIN", "0");
    assert_reply(scene->fixture, "PUBLISH t.b 2 RETAIN", "0");
    listener_session(all, 0)->version = RESP3;
    listener_run(all, 0, "PSUBSCRIBE t.*");
    assert_heard(
        all, 0,
        ">[\"psubscribe\", \"t.*\", 1]>[\"pmessage\", \"t.*\", \"t.a\", \"1\"]"
        ">[\"pmessage\", \"t.*\", \"t.b\", \"2\"]>[\"pmessage\", \"t.*\", \"t.c\", \"3\"]");
    assert_reply(scene->fixture, "PUBSUB RETAINED", "[\"t.a\", \"t.b\", \"t.c\", \"u\"]");
    assert_reply(scene->fixture, "PUBSUB RETAINED ?", "[\"u\"]");
    assert_reply(scene->fixture, "PUBSUB SHARDRETAINED", "[]");
}

static void an_empty_message_takes_the_kept_one_away_and_is_sent(void **state) {
    struct scene *scene = *state;
    struct listeners *all = &scene->listeners;
    assert_reply(scene->fixture, "PUBLISH a x RETAIN", "0");
    listener_run(all, 0, "SUBSCRIBE a");
    (void)listener_read(all, 0);
    assert_reply(scene->fixture, "PUBLISH a '' RETAIN", "1");
    assert_heard(all, 0, "[\"message\", \"a\", \"\"]");
    assert_reply(scene->fixture, "PUBSUB RETAINED", "[]");
    assert_reply(scene->fixture, "PUBLISH none '' RETAIN", "0");
    listener_run(all, 0, "UNSUBSCRIBE");
    assert_null(scene->fixture->engine->pubsub);
}

static void a_lifetime_ends_on_time(void **state) {
    struct scene *scene = *state;
    struct listeners *all = &scene->listeners;
    assert_reply(scene->fixture, "PUBLISH a x RETAIN EX 2", "0");
    assert_reply(scene->fixture, "PUBLISH b y RETAIN px 1500", "0");
    fixture_advance_ms(scene->fixture, 1499);
    assert_reply(scene->fixture, "PUBSUB RETAINED", "[\"a\", \"b\"]");
    fixture_advance_ms(scene->fixture, 1);
    assert_reply(scene->fixture, "PUBSUB RETAINED", "[\"a\"]");
    listener_run(all, 0, "PSUBSCRIBE *");
    listener_run(all, 0, "SUBSCRIBE b");
    assert_heard(all, 0,
                 "[\"psubscribe\", \"*\", 1][\"pmessage\", \"*\", \"a\", \"x\"]"
                 "[\"subscribe\", \"b\", 2]");
    assert_int_equal(retained_count(&scene->fixture->engine->pubsub->retained), 2);
    fixture_advance_ms(scene->fixture, 500);
    engine_tick(scene->fixture->engine);
    assert_int_equal(retained_count(&scene->fixture->engine->pubsub->retained), 0);
    assert_int_equal(scene->fixture->engine->pubsub->retained.used_bytes, 0);
}

static void a_message_kept_anew_has_the_new_lifetime(void **state) {
    struct scene *scene = *state;
    assert_reply(scene->fixture, "PUBLISH a x RETAIN EX 1", "0");
    assert_reply(scene->fixture, "PUBLISH a y RETAIN", "0");
    fixture_advance_ms(scene->fixture, 5000);
    engine_tick(scene->fixture->engine);
    assert_reply(scene->fixture, "PUBSUB RETAINED", "[\"a\"]");
    assert_reply(scene->fixture, "PUBLISH a z RETAIN EX 1", "0");
    fixture_advance_ms(scene->fixture, 1000);
    assert_reply(scene->fixture, "PUBSUB RETAINED", "[]");
}

static void what_would_exceed_the_limit_is_neither_kept_nor_sent(void **state) {
    struct scene *scene = *state;
    struct listeners *all = &scene->listeners;
    const char *error = "-OOM retained messages would take more than 'pubsub-retained-max-memory'.";
    fixture_set_directive(scene->fixture, "pubsub-retained-max-memory", "1kb");
    listener_run(all, 0, "SUBSCRIBE a");
    (void)listener_read(all, 0);
    char line[2000];
    snprintf(line, sizeof(line), "PUBLISH a %0600d RETAIN PX 1000", 1);
    assert_reply(scene->fixture, line, "1");
    line[8] = 'b';
    assert_reply(scene->fixture, line, error);
    snprintf(line, sizeof(line), "PUBLISH a %0700d RETAIN PX 1000", 2);
    assert_reply(scene->fixture, line, "1");
    (void)listener_read(all, 0);
    snprintf(line, sizeof(line), "PUBLISH a %01600d RETAIN", 3);
    assert_reply(scene->fixture, line, error);
    assert_heard(all, 0, "");
    fixture_advance_ms(scene->fixture, 1000); /* what is past its time makes room */
    snprintf(line, sizeof(line), "PUBLISH b %0600d RETAIN", 4);
    assert_reply(scene->fixture, line, "0");
    assert_reply(scene->fixture, "PUBSUB RETAINED", "[\"b\"]");
    fixture_set_directive(scene->fixture, "pubsub-retained-max-memory", "0");
    snprintf(line, sizeof(line), "PUBLISH a %01600d RETAIN", 3);
    assert_reply(scene->fixture, line, "1");
}

/* --- the store against a naive model --- */

enum { CHANNELS = 300, STEPS = 300 * 1000 };

static int64_t model_due_ms[CHANNELS]; /* 0: none, -1: not kept */

static bool is_in_model(int channel, int64_t now_ms) {
    return model_due_ms[channel] == 0 || model_due_ms[channel] > now_ms;
}

static void compare_store(const struct retained_store *store, int64_t now_ms) {
    size_t count, expected = 0;
    struct message *found = retained_match(store, RETAINED_CHANNELS, NULL, now_ms, &count);
    for (int i = 0; i < CHANNELS; i++) expected += is_in_model(i, now_ms);
    assert_int_equal(count, expected);
    mem_free(found);
    for (size_t i = 1; i < store->heap_count; i++) assert_non_null(store->heap[i]);
}

static void change_store(struct retained_store *store, int channel, unsigned draw, int64_t now_ms) {
    char name[16];
    struct message message = {.text = BYTES("text")};
    message.channel = bytes_of(name, (size_t)snprintf(name, sizeof(name), "%d", channel));
    if (draw % 4 == 0) {
        retained_drop(store, RETAINED_CHANNELS, message.channel);
        model_due_ms[channel] = -1;
        return;
    }
    model_due_ms[channel] = draw % 4 == 1 ? 0 : now_ms + 1 + draw % 1000;
    assert_true(
        retained_keep(store, RETAINED_CHANNELS, &message, model_due_ms[channel], now_ms, 0));
}

static void the_store_holds_what_a_naive_one_does(void **state) {
    struct retained_store store;
    unsigned seed = 7;
    int64_t now_ms = 1000;
    (void)state;
    retained_init(&store);
    for (int i = 0; i < CHANNELS; i++) model_due_ms[i] = -1;
    for (int step = 0; step < STEPS; step++) {
        seed = seed * 1103515245u + 12345u;
        change_store(&store, (int)((seed >> 20) % CHANNELS), seed >> 8, now_ms);
        if (step % 3 == 0) now_ms++;
        if (step % 5 == 0) retained_expire(&store, now_ms, 2);
        if (step % 500 != 0) continue;
        compare_store(&store, now_ms);
        retained_expire(&store, now_ms, SIZE_MAX);
        compare_store(&store, now_ms);
    }
    retained_expire(&store, INT64_MAX, SIZE_MAX);
    assert_int_equal(store.heap_count, 0);
    for (int i = 0; i < CHANNELS; i++) change_store(&store, i, 0, now_ms);
    assert_int_equal(retained_count(&store), 0);
    assert_int_equal(store.used_bytes, 0);
    retained_destroy(&store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_later_subscriber_is_given_the_last_message_behind_its_confirmations, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(a_pattern_is_given_all_that_match_sorted_by_channel, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_empty_message_takes_the_kept_one_away_and_is_sent,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lifetime_ends_on_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_message_kept_anew_has_the_new_lifetime, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_would_exceed_the_limit_is_neither_kept_nor_sent,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_store_holds_what_a_naive_one_does, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
