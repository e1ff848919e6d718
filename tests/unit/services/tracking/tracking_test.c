/* CLIENT TRACKING and its kin by several sessions: what is remembered, who is told of what, and
 * when. */
#include "unit/services/tracking/tracking_samples.h"

#include <stdio.h>

struct scene {
    struct command_fixture *fixture;
    struct listeners listeners;
};

enum { SESSIONS = 4 };

static int set_up(void **state) {
    struct scene *scene = mem_alloc_zeroed(sizeof(*scene));
    scene->fixture = fixture_new_of_features(sample_features);
    listeners_gather(&scene->listeners, scene->fixture, SESSIONS);
    for (size_t i = 0; i < 3; i++) listener_session(&scene->listeners, i)->version = RESP3;
    *state = scene;
    return 0;
}

static int tear_down(void **state) {
    struct scene *scene = *state;
    const struct engine *engine = scene->fixture->engine;
    listeners_dismiss(&scene->listeners);
    bool is_gone = engine->tracking == NULL && engine->call_listeners == NULL &&
                   engine->tracked.clients == 0 && engine->tracked.items == 0;
    fixture_free(scene->fixture);
    mem_free(scene);
    return is_gone ? 0 : -1;
}

#define INVALIDATED(name) ">[\"invalidate\", [\"" name "\"]]"
#define ALL_INVALIDATED ">[\"invalidate\", nil]"
#define MESSAGE(name) "[\"message\", \"__redis__:invalidate\", [\"" name "\"]]"

static struct listeners *everyone(void **state) {
    struct scene *scene = *state;
    return &scene->listeners;
}

/* As the fixture's own session, which does not track. */
static void write_line(void **state, const char *line) {
    const struct scene *scene = *state;
    fixture_run(scene->fixture, line);
}

static void run_quietly(void **state, size_t who, const char *line) {
    listener_run(everyone(state), who, line);
    (void)listener_read(everyone(state), who);
}

static void assert_run(void **state, size_t who, const char *line, const char *expected) {
    listener_run(everyone(state), who, line);
    assert_heard(everyone(state), who, expected);
}

static void end_round(void **state) {
    const struct scene *scene = *state;
    engine_finish_round(scene->fixture->engine);
}

/* Runs a line of a session with its own id, or that of another, in it. */
static void run_with_id(void **state, size_t who, const char *format, size_t whose) {
    char line[128];
    unsigned long long id = listener_session(everyone(state), whose)->id;
    const char *place = strstr(format, "ID");
    snprintf(line, sizeof(line), "%.*s%llu%s", (int)(place - format), format, id, place + 2);
    run_quietly(state, who, line);
}

static const struct engine_tracked *counts(void **state) {
    const struct scene *scene = *state;
    return &scene->fixture->engine->tracked;
}

/* --- keys that were read --- */

static void a_key_that_was_read_is_told_of_once(void **state) {
    run_quietly(state, 0, "CLIENT TRACKING ON");
    run_quietly(state, 0, "GET k");
    write_line(state, "SET other 1");
    write_line(state, "SET k 1");
    write_line(state, "SET k 2");
    assert_heard(everyone(state), 0, INVALIDATED("k"));
    run_quietly(state, 0, "MGET k a k");
    assert_int_equal(counts(state)->keys, 2);
    write_line(state, "DEL k a");
    write_line(state, "SET a 1");
    assert_heard(everyone(state), 0, INVALIDATED("k") INVALIDATED("a"));
    assert_int_equal(counts(state)->items, 0);
}

static void only_commands_that_read_are_remembered(void **state) {
    run_quietly(state, 0, "CLIENT TRACKING ON");
    run_quietly(state, 0, "GETEX k");
    run_quietly(state, 0, "GET");
    assert_int_equal(counts(state)->keys, 0);
    run_quietly(state, 0, "GET ''");
    assert_int_equal(counts(state)->keys, 1);
    write_line(state, "SET '' 1");
    assert_heard(everyone(state), 0, INVALIDATED(""));
}

static void many_keys_of_one_command_are_remembered(void **state) {
    struct buffer line = {0};
    buffer_append_str(&line, "MGET");
    for (int i = 0; i < 40; i++) buffer_printf(&line, " k%d", i);
    run_quietly(state, 0, "CLIENT TRACKING ON");
    run_quietly(state, 0, buffer_c_str(&line));
    buffer_destroy(&line);
    assert_int_equal(counts(state)->keys, 40);
    write_line(state, "SET k39 1");
    assert_heard(everyone(state), 0, INVALIDATED("k39"));
}

static void keys_are_known_by_name_whatever_their_database(void **state) {
    run_quietly(state, 0, "CLIENT TRACKING ON");
    run_quietly(state, 0, "GET k");
    write_line(state, "SELECT 5");
    write_line(state, "SET k 1");
    assert_heard(everyone(state), 0, INVALIDATED("k"));
}

static void what_is_no_change_is_not_told(void **state) {
    run_quietly(state, 0, "CLIENT TRACKING ON");
    run_quietly(state, 0, "GET k");
    write_line(state, "WHISPER k");
    assert_heard(everyone(state), 0, "");
    write_line(state, "TIDY k");
    assert_heard(everyone(state), 0, INVALIDATED("k"));
}

static void expiry_is_told(void **state) {
    struct scene *scene = *state;
    run_quietly(state, 0, "CLIENT TRACKING ON");
    write_line(state, "SET k 1 100");
    run_quietly(state, 0, "GET k");
    fixture_advance_ms(scene->fixture, 200);
    fixture_expire_due(scene->fixture);
    assert_heard(everyone(state), 0, INVALIDATED("k"));
}

static void a_reader_who_finds_the_key_expired_is_told_too(void **state) {
    struct scene *scene = *state;
    run_quietly(state, 0, "CLIENT TRACKING ON NOLOOP");
    write_line(state, "SET k 1 100");
    run_quietly(state, 0, "GET k");
    fixture_advance_ms(scene->fixture, 200);
    assert_run(state, 0, "GET k", "nil" INVALIDATED("k"));
    write_line(state, "SET k 1");
    assert_heard(everyone(state), 0, INVALIDATED("k"));
}

static void own_changes_are_told_behind_the_reply(void **state) {
    run_quietly(state, 0, "CLIENT TRACKING ON");
    run_quietly(state, 0, "MGET a b");
    assert_run(state, 0, "MSET a 1 b 2 a 3", "OK" INVALIDATED("a") INVALIDATED("b"));
    run_quietly(state, 0, "MULTI");
    run_quietly(state, 0, "GET a");
    run_quietly(state, 0, "SET a 2");
    run_quietly(state, 0, "GET a");
    run_quietly(state, 0, "FLUSHALL");
    assert_run(state, 0, "EXEC", "[\"3\", OK, \"2\", OK]" INVALIDATED("a") ALL_INVALIDATED);
}

static void with_noloop_own_changes_are_not_told_and_end_the_memory(void **state) {
    run_quietly(state, 0, "CLIENT TRACKING ON NOLOOP");
    run_quietly(state, 1, "CLIENT TRACKING ON");
    run_quietly(state, 0, "GET k");
    run_quietly(state, 1, "GET k");
    assert_run(state, 0, "SET k 1", "OK");
    assert_heard(everyone(state), 1, INVALIDATED("k"));
    write_line(state, "SET k 2");
    assert_heard(everyone(state), 0, "");
    run_quietly(state, 0, "GET k");
    write_line(state, "SET k 3");
    assert_heard(everyone(state), 0, INVALIDATED("k"));
}

static void a_flush_is_told_to_all_once(void **state) {
    run_quietly(state, 0, "CLIENT TRACKING ON");
    run_quietly(state, 1, "CLIENT TRACKING ON BCAST PREFIX a NOLOOP");
    run_quietly(state, 0, "MGET a b c");
    assert_run(state, 1, "FLUSHALL", "OK" ALL_INVALIDATED);
    assert_heard(everyone(state), 0, ALL_INVALIDATED);
    assert_int_equal(counts(state)->keys, 0);
    write_line(state, "SET a 1");
    assert_heard(everyone(state), 0, "");
    write_line(state, "FLUSHALL");
    write_line(state, "SWAPDB");
    assert_heard(everyone(state), 0, ALL_INVALIDATED ALL_INVALIDATED);
}

static void a_session_in_resp2_without_redirection_is_told_nothing(void **state) {
    run_quietly(state, 3, "CLIENT TRACKING ON");
    run_quietly(state, 3, "GET k");
    write_line(state, "SET k 1");
    run_quietly(state, 3, "LISTEN ON");
    write_line(state, "FLUSHALL");
    assert_heard(everyone(state), 3, "");
}

/* --- ending --- */

static void who_has_ended_is_told_nothing(void **state) {
    run_quietly(state, 1, "CLIENT TRACKING ON");
    run_quietly(state, 0, "CLIENT TRACKING ON");
    run_quietly(state, 0, "GET k");
    run_quietly(state, 0, "CLIENT TRACKING OFF");
    write_line(state, "SET k 1");
    run_quietly(state, 2, "CLIENT TRACKING ON");
    run_quietly(state, 2, "GET k");
    listener_replace(everyone(state), 2);
    write_line(state, "SET k 1");
    assert_heard(everyone(state), 0, "");
    assert_heard(everyone(state), 2, "");
    run_quietly(state, 0, "CLIENT TRACKING ON");
    run_quietly(state, 0, "RESET");
    assert_int_equal(counts(state)->clients, 1);
    assert_int_equal(listener_session(everyone(state), 0)->tracking, 0);
}

static void off_and_on_again_keeps_what_was_read_while_others_track(void **state) {
    run_quietly(state, 1, "CLIENT TRACKING ON");
    run_quietly(state, 0, "CLIENT TRACKING ON");
    run_quietly(state, 0, "MGET k j");
    run_quietly(state, 0, "CLIENT TRACKING OFF");
    run_quietly(state, 0, "CLIENT TRACKING ON");
    write_line(state, "SET k 1");
    assert_heard(everyone(state), 0, INVALIDATED("k"));
    run_quietly(state, 0, "CLIENT TRACKING OFF");
    run_quietly(state, 0, "CLIENT TRACKING ON BCAST PREFIX z");
    write_line(state, "SET j 1");
    end_round(state);
    assert_heard(everyone(state), 0, "");
}

static void ids_left_behind_are_swept(void **state) {
    struct scene *scene = *state;
    run_quietly(state, 0, "CLIENT TRACKING ON");
    run_quietly(state, 1, "CLIENT TRACKING ON");
    run_quietly(state, 0, "MGET a b c d e f g h i j k l m n o p");
    run_quietly(state, 1, "MGET a b");
    assert_int_equal(counts(state)->items, 18);
    listener_replace(everyone(state), 0);
    assert_int_equal(counts(state)->items, 18);
    engine_tick(scene->fixture->engine);
    assert_int_equal(counts(state)->items, 2);
    assert_int_equal(counts(state)->keys, 2);
    write_line(state, "SET b 1");
    assert_heard(everyone(state), 1, INVALIDATED("b"));
}

static void nothing_is_listened_to_while_nobody_tracks(void **state) {
    const struct scene *scene = *state;
    const struct engine *engine = scene->fixture->engine;
    uint32_t before = engine->keyspace->listeners.count;
    run_quietly(state, 0, "CLIENT TRACKING ON BCAST");
    assert_int_equal(engine->keyspace->listeners.count, before + 1);
    run_quietly(state, 0, "SET k 1");
    run_quietly(state, 0, "CLIENT TRACKING OFF");
    assert_int_equal(engine->keyspace->listeners.count, before);
    assert_null(engine->call_listeners);
    assert_null(engine->tracking);
    end_round(state);
}

/* --- the limit --- */

static void over_the_limit_keys_are_dropped_and_told(void **state) {
    struct scene *scene = *state;
    fixture_set_directive(scene->fixture, "tracking-table-max-keys", "2");
    run_quietly(state, 0, "CLIENT TRACKING ON");
    listener_run(everyone(state), 0, "MGET a b c d e");
    const char *text = listener_read(everyone(state), 0);
    size_t told = 0;
    for (; (text = strstr(text, ">[\"invalidate\", [\"")) != NULL; text++) told++;
    assert_int_equal(told, 3);
    assert_int_equal(counts(state)->keys, 2);
    fixture_set_directive(scene->fixture, "tracking-table-max-keys", "0");
    assert_run(state, 0, "MGET f g h", "[nil, nil, nil]");
    fixture_set_directive(scene->fixture, "tracking-table-max-keys", "1000000");
}

static void a_lowered_limit_holds_without_a_command(void **state) {
    struct scene *scene = *state;
    run_quietly(state, 0, "CLIENT TRACKING ON");
    run_quietly(state, 0, "MGET a b c d e");
    fixture_set_directive(scene->fixture, "tracking-table-max-keys", "1");
    engine_tick(scene->fixture->engine);
    assert_int_equal(counts(state)->keys, 1);
    fixture_set_directive(scene->fixture, "tracking-table-max-keys", "1000000");
}

/* --- OPTIN and OPTOUT --- */

/* Plays lines of session 0 and compares which of a, b and c it is told of afterwards. */
static void assert_cached(void **state, const char *const *lines, const char *expected) {
    for (; *lines != NULL; lines++) run_quietly(state, 0, *lines);
    write_line(state, "MSET a 1 b 1 c 1");
    assert_heard(everyone(state), 0, expected);
}

#define assert_cached_after(expected, ...)                                                         \
    assert_cached(state, (const char *const[]){__VA_ARGS__, NULL}, expected)

static void with_optin_a_command_behind_caching_yes_is_remembered(void **state) {
    run_quietly(state, 0, "CLIENT TRACKING ON OPTIN");
    assert_cached_after("", "GET a");
    assert_cached_after(INVALIDATED("a"), "CLIENT CACHING YES", "GET a", "GET b");
    assert_cached_after("", "CLIENT CACHING YES", "DEL x", "GET b");
    assert_cached_after(INVALIDATED("b"), "CLIENT CACHING YES", "CLIENT ID", "GET b");
    assert_cached_after(INVALIDATED("b"), "CLIENT CACHING YES", "CLIENT CACHING", "GET b");
    assert_cached_after("", "CLIENT CACHING YES", "CLIENT FOO", "GET b");
    assert_cached_after("", "CLIENT CACHING YES", "CLIENT", "GET b");
    assert_cached_after("", "CLIENT CACHING YES", "GET", "GET b");
    assert_cached_after("", "CLIENT CACHING YES", "FOO", "GET b");
    assert_cached_after("", "CLIENT CACHING YES", "CLIENT TRACKING OFF", "CLIENT TRACKING ON OPTIN",
                        "GET b");
    assert_cached_after(INVALIDATED("b"), "CLIENT CACHING YES", "CLIENT TRACKING ON OPTIN",
                        "GET b");
}

static void caching_yes_covers_the_whole_next_transaction(void **state) {
    run_quietly(state, 0, "CLIENT TRACKING ON OPTIN");
    assert_cached_after(INVALIDATED("a") INVALIDATED("b"), "CLIENT CACHING YES", "MULTI", "GET a",
                        "GET b", "EXEC", "GET c");
    assert_cached_after(INVALIDATED("b"), "MULTI", "GET a", "CLIENT CACHING YES", "GET b", "EXEC",
                        "GET c");
    assert_cached_after("", "CLIENT CACHING YES", "MULTI", "GET a", "DISCARD", "GET c");
    assert_cached_after("", "CLIENT CACHING YES", "MULTI", "GET", "EXEC", "GET c");
    assert_cached_after("", "CLIENT CACHING YES", "MULTI", "EXEC foo", "GET c");
}

static void with_optout_a_command_behind_caching_no_is_not_remembered(void **state) {
    run_quietly(state, 0, "CLIENT TRACKING ON OPTOUT");
    assert_cached_after(INVALIDATED("a") INVALIDATED("c"), "GET a", "CLIENT CACHING NO", "GET b",
                        "GET c");
    assert_cached_after(INVALIDATED("c"), "CLIENT CACHING NO", "MULTI", "GET a", "GET b", "EXEC",
                        "GET c");
    assert_cached_after(INVALIDATED("c"), "CLIENT CACHING NO", "GET", "GET c");
}

/* --- redirection --- */

static void a_redirected_invalidation_goes_to_the_other_session(void **state) {
    run_with_id(state, 0, "CLIENT TRACKING ON REDIRECT ID", 1);
    run_quietly(state, 0, "GET k");
    assert_run(state, 0, "SET k 1", "OK");
    assert_heard(everyone(state), 1, INVALIDATED("k"));
    run_quietly(state, 0, "GET k");
    assert_run(state, 1, "SET k 1", "OK" INVALIDATED("k"));
}

static void in_resp2_it_is_a_message_to_who_subscribes(void **state) {
    run_with_id(state, 0, "CLIENT TRACKING ON REDIRECT ID", 3);
    run_quietly(state, 0, "GET k");
    write_line(state, "SET k 1");
    assert_heard(everyone(state), 3, "");
    run_quietly(state, 3, "LISTEN ON");
    run_quietly(state, 0, "GET k");
    write_line(state, "SET k 1");
    write_line(state, "FLUSHALL");
    assert_heard(everyone(state), 3, MESSAGE("k") "[\"message\", \"__redis__:invalidate\", nil]");
    assert_heard(everyone(state), 0, "");
}

static void a_broken_redirection_is_told_each_time(void **state) {
    char expected[64];
    run_with_id(state, 0, "CLIENT TRACKING ON REDIRECT ID", 1);
    run_with_id(state, 3, "CLIENT TRACKING ON REDIRECT ID", 1);
    snprintf(expected, sizeof(expected), ">[\"tracking-redir-broken\", %llu]",
             (unsigned long long)listener_session(everyone(state), 1)->id);
    run_quietly(state, 0, "MGET a b");
    run_quietly(state, 3, "MGET a b");
    listener_replace(everyone(state), 1);
    assert_heard(everyone(state), 0, "");
    write_line(state, "SET a 1");
    assert_heard(everyone(state), 0, expected);
    write_line(state, "SET b 1");
    assert_heard(everyone(state), 0, expected);
    assert_heard(everyone(state), 3, "");
    for (size_t i = 0; i < SESSIONS; i += 3)
        assert_true((listener_session(everyone(state), i)->tracking &
                     SESSION_TRACKING_BROKEN_REDIRECT) != 0);
    assert_run(state, 0, "CLIENT TRACKING ON", "OK");
    assert_int_equal(listener_session(everyone(state), 0)->tracking, SESSION_TRACKING_ON);
}

/* --- broadcasts --- */

static void broadcasts_are_gathered_for_a_round(void **state) {
    run_quietly(state, 0, "CLIENT TRACKING ON BCAST");
    run_quietly(state, 1, "CLIENT TRACKING ON BCAST PREFIX b PREFIX a");
    assert_int_equal(counts(state)->prefixes, 3);
    write_line(state, "MSET b 1 a2 1 a1 1 c 1");
    write_line(state, "DEL a1 b");
    assert_heard(everyone(state), 0, "");
    end_round(state);
    end_round(state);
    assert_heard(everyone(state), 0, ">[\"invalidate\", [\"a1\", \"a2\", \"b\", \"c\"]]");
    assert_heard(everyone(state), 1, ">[\"invalidate\", [\"a1\", \"a2\"]]" INVALIDATED("b"));
}

static void with_noloop_a_broadcast_leaves_own_changes_out(void **state) {
    run_quietly(state, 0, "CLIENT TRACKING ON BCAST NOLOOP");
    run_quietly(state, 1, "CLIENT TRACKING ON BCAST");
    run_quietly(state, 0, "MSET own 1 both 1");
    run_quietly(state, 1, "MSET other 1 both 1");
    end_round(state);
    assert_heard(everyone(state), 0, ">[\"invalidate\", [\"both\", \"other\"]]");
    assert_heard(everyone(state), 1, ">[\"invalidate\", [\"both\", \"other\", \"own\"]]");
    run_quietly(state, 0, "SET own 1");
    end_round(state);
    assert_heard(everyone(state), 0, "");
    assert_heard(everyone(state), 1, INVALIDATED("own"));
}

static void a_broadcast_reaches_who_is_there_when_the_round_ends(void **state) {
    run_quietly(state, 0, "CLIENT TRACKING ON BCAST PREFIX a");
    write_line(state, "SET a 1");
    run_quietly(state, 0, "CLIENT TRACKING OFF");
    end_round(state);
    assert_heard(everyone(state), 0, "");
    run_quietly(state, 0, "CLIENT TRACKING ON BCAST PREFIX a");
    run_quietly(state, 1, "CLIENT TRACKING ON BCAST PREFIX b");
    write_line(state, "MSET a 1 b 1");
    run_quietly(state, 0, "RESET");
    end_round(state);
    assert_heard(everyone(state), 1, INVALIDATED("b"));
    assert_int_equal(counts(state)->prefixes, 1);
}

static void one_message_serves_all_trackers_of_a_prefix(void **state) {
    const struct scene *scene = *state;
    char line[5000];
    for (size_t i = 0; i < 3; i++) run_quietly(state, i, "CLIENT TRACKING ON BCAST");
    snprintf(line, sizeof(line), "SET %04000d 1", 1);
    fixture_run(scene->fixture, line);
    end_round(state);
    for (size_t i = 0; i < 3; i++) {
        const struct output *output = &listener_session(everyone(state), i)->output;
        assert_in_range(output_pending_bytes(output), 4000, 4100);
        assert_in_range(output_used_bytes(output), 0, 200); /* a copy would be here */
    }
}

/* --- requests --- */

static void requests_are_refused_as_a_whole(void **state) {
    static const char *const switch_broadcast =
        "-ERR You can't switch BCAST mode on/off before disabling tracking for this client, and "
        "then re-enabling it with a different mode.";
    static const char *const switch_choice =
        "-ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and "
        "then re-enabling it with a different mode.";
    assert_run(state, 0, "CLIENT TRACKING foo", "-ERR syntax error");
    assert_run(state, 0, "CLIENT TRACKING ON REDIRECT", "-ERR syntax error");
    assert_run(state, 0, "CLIENT TRACKING ON REDIRECT x",
               "-ERR value is not an integer or out of range");
    assert_run(state, 0, "CLIENT TRACKING ON REDIRECT 0",
               "-ERR The client ID you want redirect to does not exist");
    assert_run(state, 0, "CLIENT TRACKING ON REDIRECT 1 REDIRECT x",
               "-ERR A client can only redirect to a single other client");
    assert_run(state, 0, "CLIENT TRACKING ON PREFIX a",
               "-ERR PREFIX option requires BCAST mode to be enabled");
    assert_run(state, 0, "CLIENT TRACKING ON BCAST OPTIN OPTOUT",
               "-ERR OPTIN and OPTOUT are not compatible with BCAST");
    assert_run(state, 0, "CLIENT TRACKING ON OPTIN OPTOUT",
               "-ERR You can't specify both OPTIN mode and OPTOUT mode");
    assert_int_equal(counts(state)->clients, 0);
    run_quietly(state, 0, "CLIENT TRACKING ON OPTIN");
    assert_run(state, 0, "CLIENT TRACKING ON OPTOUT", switch_choice);
    assert_run(state, 0, "CLIENT TRACKING ON BCAST", switch_broadcast);
    assert_run(state, 0, "CLIENT TRACKING OFF BCAST PREFIX a", "OK");
    run_quietly(state, 0, "CLIENT TRACKING ON BCAST");
    assert_run(state, 0, "CLIENT TRACKING ON", switch_broadcast);
}

#define OVERLAP(prefix, of, other)                                                                 \
    "-ERR Prefix '" prefix "' overlaps with " of " prefix '" other                                 \
    "'. Prefixes for a single client must not overlap."

static void prefixes_of_a_session_do_not_overlap(void **state) {
    const char *provided =
        "CLIENT TRACKING ON BCAST PREFIX x PREFIX ab PREFIX b PREFIX a PREFIX ac";
    assert_run(state, 0, provided, OVERLAP("ab", "another provided", "a"));
    assert_run(state, 0, "CLIENT TRACKING ON BCAST PREFIX x PREFIX x",
               OVERLAP("x", "another provided", "x"));
    assert_run(state, 0, "CLIENT TRACKING ON BCAST PREFIX aa PREFIX abb PREFIX ''",
               OVERLAP("aa", "another provided", ""));
    assert_int_equal(counts(state)->clients, 0);
    run_quietly(state, 0, "CLIENT TRACKING ON BCAST PREFIX b PREFIX d PREFIX aa");
    assert_run(state, 0, "CLIENT TRACKING ON BCAST PREFIX c PREFIX bb",
               OVERLAP("bb", "an existing", "b"));
    assert_run(state, 0, "CLIENT TRACKING ON BCAST PREFIX a", OVERLAP("a", "an existing", "aa"));
    assert_run(state, 0, "CLIENT TRACKING ON BCAST PREFIX d", OVERLAP("d", "an existing", "d"));
    assert_run(state, 0, "CLIENT TRACKING ON BCAST PREFIX ab PREFIX e PREFIX c", "OK");
    assert_run(state, 0, "CLIENT TRACKINGINFO",
               "{\"flags\": {\"on\", \"bcast\"}, \"redirect\": 0, \"prefixes\": [\"aa\", \"ab\", "
               "\"b\", \"c\", \"d\", \"e\"]}");
    assert_run(state, 0, "CLIENT TRACKING ON BCAST", "OK");
    assert_run(state, 0, "CLIENT TRACKING ON BCAST", "OK");
    assert_run(state, 0, "CLIENT TRACKING ON BCAST PREFIX z", OVERLAP("z", "an existing", ""));
    assert_int_equal(counts(state)->prefixes, 7);
}

static void a_session_is_told_how_it_tracks(void **state) {
    assert_run(state, 0, "CLIENT GETREDIR", "-1");
    assert_run(state, 0, "CLIENT TRACKINGINFO",
               "{\"flags\": {\"off\"}, \"redirect\": -1, \"prefixes\": []}");
    run_quietly(state, 0, "CLIENT TRACKING ON OPTIN NOLOOP");
    run_quietly(state, 0, "CLIENT CACHING YES");
    assert_run(state, 0, "CLIENT TRACKINGINFO",
               "{\"flags\": {\"on\", \"optin\", \"caching-yes\", \"noloop\"}, \"redirect\": 0, "
               "\"prefixes\": []}");
    assert_run(state, 0, "CLIENT CACHING NO",
               "-ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
    assert_run(state, 0, "CLIENT CACHING x", "-ERR syntax error");
    run_quietly(state, 0, "CLIENT TRACKING OFF");
    assert_run(state, 0, "CLIENT CACHING YES",
               "-ERR CLIENT CACHING can be called only when the client is in tracking mode with "
               "OPTIN or OPTOUT mode enabled");
}

#define SCENE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        SCENE_TEST(a_key_that_was_read_is_told_of_once),
        SCENE_TEST(only_commands_that_read_are_remembered),
        SCENE_TEST(many_keys_of_one_command_are_remembered),
        SCENE_TEST(keys_are_known_by_name_whatever_their_database),
        SCENE_TEST(what_is_no_change_is_not_told),
        SCENE_TEST(expiry_is_told),
        SCENE_TEST(a_reader_who_finds_the_key_expired_is_told_too),
        SCENE_TEST(own_changes_are_told_behind_the_reply),
        SCENE_TEST(with_noloop_own_changes_are_not_told_and_end_the_memory),
        SCENE_TEST(a_flush_is_told_to_all_once),
        SCENE_TEST(a_session_in_resp2_without_redirection_is_told_nothing),
        SCENE_TEST(who_has_ended_is_told_nothing),
        SCENE_TEST(off_and_on_again_keeps_what_was_read_while_others_track),
        SCENE_TEST(ids_left_behind_are_swept),
        SCENE_TEST(nothing_is_listened_to_while_nobody_tracks),
        SCENE_TEST(over_the_limit_keys_are_dropped_and_told),
        SCENE_TEST(a_lowered_limit_holds_without_a_command),
        SCENE_TEST(with_optin_a_command_behind_caching_yes_is_remembered),
        SCENE_TEST(caching_yes_covers_the_whole_next_transaction),
        SCENE_TEST(with_optout_a_command_behind_caching_no_is_not_remembered),
        SCENE_TEST(a_redirected_invalidation_goes_to_the_other_session),
        SCENE_TEST(in_resp2_it_is_a_message_to_who_subscribes),
        SCENE_TEST(a_broken_redirection_is_told_each_time),
        SCENE_TEST(broadcasts_are_gathered_for_a_round),
        SCENE_TEST(with_noloop_a_broadcast_leaves_own_changes_out),
        SCENE_TEST(a_broadcast_reaches_who_is_there_when_the_round_ends),
        SCENE_TEST(one_message_serves_all_trackers_of_a_prefix),
        SCENE_TEST(requests_are_refused_as_a_whole),
        SCENE_TEST(prefixes_of_a_session_do_not_overlap),
        SCENE_TEST(a_session_is_told_how_it_tracks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
