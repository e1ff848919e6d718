/* SUBSCRIBE and its kin, PUBLISH and PUBSUB, by several sessions in both protocols. */
#include "services/pubsub/pubsub.h"

#include "foundation/mem.h"
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
    enum { SESSIONS = 4 };
    struct scene *scene = mem_alloc_zeroed(sizeof(*scene));
    scene->fixture = fixture_new_of_features(features);
    listeners_gather(&scene->listeners, scene->fixture, SESSIONS);
    *state = scene;
    return 0;
}

static int tear_down(void **state) {
    struct scene *scene = *state;
    pubsub_feature.stop(scene->fixture->engine);
    listeners_dismiss(&scene->listeners);
    bool is_gone = scene->fixture->engine->audience.clients == 0;
    fixture_free(scene->fixture);
    mem_free(scene);
    return is_gone ? 0 : -1;
}

/* --- confirmations --- */

static void each_channel_is_confirmed_with_channels_and_patterns_counted(void **state) {
    struct scene *scene = *state;
    struct listeners *all = &scene->listeners;
    listener_run(all, 0, "SUBSCRIBE a b a");
    assert_heard(all, 0,
                 "[\"subscribe\", \"a\", 1][\"subscribe\", \"b\", 2][\"subscribe\", \"a\", 2]");
    listener_run(all, 0, "PSUBSCRIBE p*");
    assert_heard(all, 0, "[\"psubscribe\", \"p*\", 3]");
    listener_run(all, 0, "SSUBSCRIBE s t");
    assert_heard(all, 0, "[\"ssubscribe\", \"s\", 1][\"ssubscribe\", \"t\", 2]");
    listener_run(all, 0, "UNSUBSCRIBE b zz");
    assert_heard(all, 0, "[\"unsubscribe\", \"b\", 2][\"unsubscribe\", \"zz\", 2]");
    listener_run(all, 0, "SUNSUBSCRIBE s");
    assert_heard(all, 0, "[\"sunsubscribe\", \"s\", 1]");
    listener_run(all, 0, "PUNSUBSCRIBE");
    assert_heard(all, 0, "[\"punsubscribe\", \"p*\", 1]");
}

static void confirmations_are_pushes_in_resp3(void **state) {
    struct scene *scene = *state;
    struct listeners *all = &scene->listeners;
    listener_session(all, 0)->version = RESP3;
    listener_run(all, 0, "SUBSCRIBE a");
    listener_run(all, 0, "UNSUBSCRIBE");
    listener_run(all, 0, "UNSUBSCRIBE");
    assert_heard(
        all, 0, ">[\"subscribe\", \"a\", 1]>[\"unsubscribe\", \"a\", 0]>[\"unsubscribe\", nil, 0]");
}

static void ending_nothing_is_confirmed_without_a_name(void **state) {
    struct scene *scene = *state;
    struct listeners *all = &scene->listeners;
    listener_run(all, 0, "SUBSCRIBE a");
    listener_run(all, 0, "PUNSUBSCRIBE");
    listener_run(all, 0, "SUNSUBSCRIBE");
    listener_run(all, 0, "PUNSUBSCRIBE x");
    assert_heard(all, 0,
                 "[\"subscribe\", \"a\", 1][\"punsubscribe\", nil, 1][\"sunsubscribe\", nil, 0]"
                 "[\"punsubscribe\", \"x\", 1]");
}

static void confirmations_are_heard_though_replies_are_off(void **state) {
    struct scene *scene = *state;
    struct listeners *all = &scene->listeners;
    listener_session(all, 0)->version = RESP3;
    listener_session(all, 0)->reply_mode = SESSION_REPLY_OFF;
    listener_run(all, 0, "SUBSCRIBE a");
    listener_run(all, 0, "PUBLISH a hello");
    listener_run(all, 0, "PUBSUB NUMPAT");
    assert_heard(all, 0, ">[\"subscribe\", \"a\", 1]>[\"message\", \"a\", \"hello\"]");
    listener_session(all, 0)->reply_mode = SESSION_REPLY_SKIP_NEXT;
    listener_run(all, 0, "UNSUBSCRIBE a");
    listener_run(all, 0, "PUBSUB NUMPAT");
    assert_heard(all, 0, ">[\"unsubscribe\", \"a\", 0]0");
}

/* --- messages --- */

static void a_message_reaches_channel_and_pattern_channel_first(void **state) {
    struct scene *scene = *state;
    struct listeners *all = &scene->listeners;
    listener_run(all, 0, "PSUBSCRIBE n*");
    listener_run(all, 0, "SUBSCRIBE news");
    listener_session(all, 1)->version = RESP3;
    listener_run(all, 1, "SUBSCRIBE news");
    (void)listener_read(all, 0);
    (void)listener_read(all, 1);
    assert_reply(scene->fixture, "PUBLISH news hi", "3");
    assert_heard(all, 0, "[\"message\", \"news\", \"hi\"][\"pmessage\", \"n*\", \"news\", \"hi\"]");
    assert_heard(all, 1, ">[\"message\", \"news\", \"hi\"]");
    assert_reply(scene->fixture, "PUBLISH nobody ''", "1");
    assert_heard(all, 0, "[\"pmessage\", \"n*\", \"nobody\", \"\"]");
    assert_reply(scene->fixture, "PUBLISH other hi", "0");
}

static void shard_channels_are_a_world_of_their_own(void **state) {
    struct scene *scene = *state;
    struct listeners *all = &scene->listeners;
    listener_run(all, 0, "SSUBSCRIBE a");
    listener_run(all, 1, "SUBSCRIBE a");
    listener_run(all, 1, "PSUBSCRIBE *");
    (void)listener_read(all, 0);
    (void)listener_read(all, 1);
    assert_reply(scene->fixture, "SPUBLISH a one", "1");
    assert_reply(scene->fixture, "PUBLISH a two", "2");
    assert_heard(all, 0, "[\"smessage\", \"a\", \"one\"]");
    assert_heard(all, 1, "[\"message\", \"a\", \"two\"][\"pmessage\", \"*\", \"a\", \"two\"]");
}

static void a_message_to_oneself_follows_the_reply(void **state) {
    struct scene *scene = *state;
    struct listeners *all = &scene->listeners;
    listener_session(all, 0)->version = RESP3;
    listener_run(all, 0, "SUBSCRIBE a");
    listener_run(all, 0, "PUBLISH a self");
    assert_heard(all, 0, ">[\"subscribe\", \"a\", 1]1>[\"message\", \"a\", \"self\"]");
}

static void messages_are_encoded_once_a_protocol(void **state) {
    struct scene *scene = *state;
    struct listeners *all = &scene->listeners;
    for (size_t i = 0; i < 4; i++) {
        listener_session(all, i)->version = i % 2 == 0 ? RESP2 : RESP3;
        listener_run(all, i, "SUBSCRIBE a");
        (void)listener_read(all, i);
    }
    size_t before = mem_used_bytes();
    char line[5000];
    snprintf(line, sizeof(line), "PUBLISH a %04000d", 1);
    for (int i = 0; i < 10; i++) assert_reply(scene->fixture, line, "4");
    /* Two protocols of 40 KB, in stretches of 16 KiB; four copies would be twice that. */
    assert_true(mem_used_bytes() - before < 120 * 1000);
    for (size_t i = 0; i < 4; i++) (void)listener_read(all, i);
}

static void stretches_go_once_they_are_sent(void **state) {
    struct scene *scene = *state;
    struct listeners *all = &scene->listeners;
    char line[64];
    for (int i = 0; i < 100; i++) {
        snprintf(line, sizeof(line), "SUBSCRIBE channel:%d", i);
        listener_run(all, 0, line);
    }
    (void)listener_read(all, 0);
    for (int i = 0; i < 100; i++) {
        snprintf(line, sizeof(line), "PUBLISH channel:%d hello", i);
        assert_reply(scene->fixture, line, "1");
    }
    const struct pubsub *pubsub = scene->fixture->engine->pubsub;
    for (int i = 0; i < 10; i++) engine_finish_round(scene->fixture->engine);
    assert_int_equal(pubsub->open.count, 100);
    (void)listener_read(all, 0);
    for (int i = 0; i < 10; i++) engine_finish_round(scene->fixture->engine);
    assert_int_equal(pubsub->open.count, 0);
}

static void a_session_that_goes_or_resets_leaves_nothing(void **state) {
    struct scene *scene = *state;
    struct listeners *all = &scene->listeners;
    listener_run(all, 0, "SUBSCRIBE a b");
    listener_run(all, 0, "PSUBSCRIBE a*");
    listener_run(all, 1, "SSUBSCRIBE a");
    assert_int_equal(scene->fixture->engine->audience.clients, 2);
    assert_true(session_used_bytes(listener_session(all, 0)) > 0);
    listener_replace(all, 0);
    (void)listener_read(all, 1);
    session_reset(listener_session(all, 1));
    assert_heard(all, 1, "");
    assert_null(scene->fixture->engine->pubsub);
    assert_false(pubsub_has_audience(scene->fixture->engine));
    assert_reply(scene->fixture, "PUBLISH a x", "0");
}

/* --- what subscribers may run --- */

static void a_resp2_subscriber_may_only_manage_its_subscriptions(void **state) {
    struct scene *scene = *state;
    struct listeners *all = &scene->listeners;
    listener_run(all, 0, "SSUBSCRIBE a");
    listener_run(all, 0, "PubSub NumPat");
    listener_run(all, 0, "PUBLISH a b");
    assert_heard(all, 0,
                 "[\"ssubscribe\", \"a\", 1]"
                 "-ERR Can't execute 'pubsub|numpat': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / "
                 "PING / QUIT / RESET are allowed in this context"
                 "-ERR Can't execute 'publish': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / "
                 "QUIT / RESET are allowed in this context");
    listener_run(all, 0, "SUNSUBSCRIBE");
    listener_run(all, 0, "PUBLISH a b");
    assert_heard(all, 0, "[\"sunsubscribe\", \"a\", 0]0");
}

/* --- PUBSUB --- */

static void pubsub_lists_and_counts(void **state) {
    struct scene *scene = *state;
    struct listeners *all = &scene->listeners;
    assert_reply(scene->fixture, "PUBSUB CHANNELS", "[]");
    listener_run(all, 0, "SUBSCRIBE a ab");
    listener_run(all, 1, "SUBSCRIBE a");
    listener_run(all, 1, "PSUBSCRIBE x y");
    listener_run(all, 2, "PSUBSCRIBE x");
    listener_run(all, 2, "SSUBSCRIBE s");
    assert_reply(scene->fixture, "PUBSUB CHANNELS a", "[\"a\"]");
    assert_reply(scene->fixture, "PUBSUB CHANNELS ?b", "[\"ab\"]");
    assert_reply(scene->fixture, "PUBSUB CHANNELS a b",
                 "-ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB "
                 "HELP.");
    assert_reply(scene->fixture, "PUBSUB NUMSUB", "[]");
    assert_reply(scene->fixture, "PUBSUB NUMSUB a s zz", "[\"a\", 2, \"s\", 0, \"zz\", 0]");
    assert_reply(scene->fixture, "PUBSUB NUMPAT", "2");
    assert_reply(scene->fixture, "PUBSUB SHARDCHANNELS", "[\"s\"]");
    assert_reply(scene->fixture, "PUBSUB SHARDNUMSUB s a", "[\"s\", 1, \"a\", 0]");
    assert_reply(scene->fixture, "PUBSUB NUMPAT x",
                 "-ERR wrong number of arguments for 'pubsub|numpat' command");
}

static void publish_takes_two_arguments_or_retain(void **state) {
    struct scene *scene = *state;
    assert_reply(scene->fixture, "PUBLISH a",
                 "-ERR wrong number of arguments for 'publish' command");
    assert_reply(scene->fixture, "PUBLISH a b c",
                 "-ERR wrong number of arguments for 'publish' command");
    assert_reply(scene->fixture, "SPUBLISH a b RETAIN EX", "-ERR syntax error");
    assert_reply(scene->fixture, "PUBLISH a b RETAIN KEEP 1", "-ERR syntax error");
    assert_reply(scene->fixture, "PUBLISH a b RETAIN EX 1 x", "-ERR syntax error");
    assert_reply(scene->fixture, "PUBLISH a b RETAIN EX 0",
                 "-ERR invalid expire time in 'publish' command");
    assert_reply(scene->fixture, "PUBLISH a b RETAIN PX x",
                 "-ERR value is not an integer or out of range");
    assert_reply(scene->fixture, "PUBSUB RETAINED", "[]");
}

/* --- many --- */

enum { MANY = 100 * 1000 };

static void a_session_with_many_channels_leaves_them_one_by_one_in_any_order(void **state) {
    struct scene *scene = *state;
    struct session *session = listener_session(&scene->listeners, 0);
    char name[32];
    for (int i = 0; i < MANY; i++) {
        int len = snprintf(name, sizeof(name), "channel:%d", i);
        subscription_add(session, TOPIC_CHANNEL, bytes_of(name, (size_t)len));
    }
    assert_int_equal(session->subscriptions.channels, MANY);
    assert_true(session_used_bytes(session) < (size_t)MANY * 64);
    for (int i = 0; i < MANY; i++) {
        int len = snprintf(name, sizeof(name), "channel:%d", (int)((i * 7919LL + 13) % MANY));
        subscription_remove(session, TOPIC_CHANNEL, bytes_of(name, (size_t)len));
        if (i == MANY / 2)
            assert_int_equal(scene->fixture->engine->audience.channels, MANY / 2 - 1);
    }
    assert_null(session->subscriber);
    assert_null(scene->fixture->engine->pubsub);
}

static void many_subscribers_of_one_channel_leave_in_any_order(void **state) {
    enum { SESSIONS = 20 * 1000 };
    struct scene *scene = *state;
    struct session *sessions = mem_alloc_array(SESSIONS, sizeof(*sessions));
    for (int i = 0; i < SESSIONS; i++) {
        session_init(&sessions[i], scene->fixture->engine);
        subscription_add(&sessions[i], TOPIC_CHANNEL, BYTES("c"));
    }
    assert_int_equal(pubsub_publish(scene->fixture->engine, BYTES("c"), BYTES("x")), SESSIONS);
    for (int i = 0; i < SESSIONS; i++) session_destroy(&sessions[(i * 7919LL + 13) % SESSIONS]);
    assert_null(scene->fixture->engine->pubsub);
    mem_free(sessions);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            each_channel_is_confirmed_with_channels_and_patterns_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(confirmations_are_pushes_in_resp3, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ending_nothing_is_confirmed_without_a_name, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(confirmations_are_heard_though_replies_are_off, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_message_reaches_channel_and_pattern_channel_first, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(shard_channels_are_a_world_of_their_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_message_to_oneself_follows_the_reply, set_up, tear_down),
        cmocka_unit_test_setup_teardown(messages_are_encoded_once_a_protocol, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stretches_go_once_they_are_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_session_that_goes_or_resets_leaves_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_resp2_subscriber_may_only_manage_its_subscriptions,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(pubsub_lists_and_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(publish_takes_two_arguments_or_retain, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_session_with_many_channels_leaves_them_one_by_one_in_any_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_subscribers_of_one_channel_leave_in_any_order, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
