/* What is told of limiters makes a copy the same: every command in random order, replayed into
 * another engine whose clock stands at zero. */
#include "engine/effects.h"
#include "unit/commands/ratelimit/ratelimit_fixture.h"

#include <stdio.h>
#include <stdlib.h>

struct replay {
    struct effect_listener listener;
    struct command_fixture *source, *copy;
    char last[64]; /* the name of the last effect */
    int count;
};

static void replay_write(struct effect_listener *listener, uint32_t db_number,
                         const struct bytes *args, uint32_t argc) {
    struct replay *replay = (struct replay *)listener;
    assert_int_equal(db_number, 0);
    snprintf(replay->last, sizeof(replay->last), "%.*s", (int)args[0].len, args[0].data);
    replay->count++;
    const char *reply = fixture_run_args(replay->copy, args, argc);
    if (reply[0] == '-') fail_msg("%s: %s", replay->last, reply);
}

static void ignore(struct effect_listener *listener) {
    (void)listener;
}

static int start_replay(void **state) {
    struct replay *replay = calloc(1, sizeof(*replay));
    assert_non_null(replay);
    replay->listener =
        (struct effect_listener){.write = replay_write, .begin = ignore, .end = ignore};
    replay->source = new_ratelimit_fixture();
    replay->copy = new_ratelimit_fixture();
    clock_set_unix_us(&replay->copy->clock, 0);
    effects_listen(replay->source->engine, &replay->listener);
    *state = replay;
    return 0;
}

static int stop_replay(void **state) {
    struct replay *replay = *state;
    effects_ignore(replay->source->engine, &replay->listener);
    fixture_free(replay->source);
    fixture_free(replay->copy);
    free(replay);
    return 0;
}

/* Runs the line and looks at which effect it has; NULL: none. */
static void assert_effect(struct replay *replay, const char *line, const char *name) {
    replay->count = 0;
    run_quietly(replay->source, line);
    assert_int_equal(replay->count, name != NULL);
    if (name != NULL) assert_string_equal(replay->last, name);
}

static void small_states_are_told_whole(void **state) {
    struct replay *r = *state;
    assert_effect(r, "RL.TAKE k BUCKET 3 1 1000 COST 2", "RL.SETSTATE");
    assert_effect(r, "RL.TAKE k BUCKET 3 1 1000 COST 2", NULL);
    assert_effect(r, "RL.TAKE k BUCKET 3 1 1000 COST 2 MODE DRAIN", "RL.SETSTATE");
    assert_effect(r, "RL.GIVE k 1", "RL.SETSTATE");
    assert_effect(r, "RL.BLOCK k 1000", "RL.SETSTATE");
    assert_effect(r, "RL.TAKE k BUCKET 3 1 1000 MODE DRAIN", NULL);
    assert_effect(r, "RL.BLOCK k 0", "RL.SETSTATE");
    assert_effect(r, "RL.BLOCK k 0", NULL);
    assert_effect(r, "RL.GIVE k 3", "DEL");
    assert_effect(r, "CL.THROTTLE g 3 1 1", "RL.SETSTATE");
    assert_effect(r, "RL.PEEK g GCRA 3 1 1000", NULL);
    assert_effect(r, "RL.RESET g", "RL.RESET");
    assert_effect(r, "RL.RESET g", NULL);
    assert_effect(r, "RL.BLOCK unused 1000", "RL.SETSTATE");
}

static void large_states_are_told_as_deeds(void **state) {
    struct replay *r = *state;
    assert_effect(r, "RL.TAKE l LOG 3 1000 COST 2", "RL.APPLY");
    assert_effect(r, "RL.TAKE l LOG 3 1000 COST 2", NULL);
    assert_effect(r, "RL.GIVE l 1", "RL.APPLY");
    assert_effect(r, "RL.BLOCK l 10000", "RL.APPLY");
    assert_effect(r, "RL.TAKE c CONCURRENT 3 1000 TOKEN t COST 2", "RL.APPLY");
    assert_effect(r, "RL.RENEW c t 2000", "RL.APPLY");
    assert_effect(r, "RL.RELEASE c x", NULL);
    assert_effect(r, "RL.RELEASE c t", "DEL");
}

static void stored_policies_are_told_as_sent(void **state) {
    struct replay *r = *state;
    assert_effect(r, "RL.POLICY SET p FIXED 3 1000", "RL.POLICY");
    assert_reply(r->copy, "RL.POLICY GET p", "\"FIXED 3 1000\"");
    assert_effect(r, "RL.POLICY DEL p", "RL.POLICY");
    assert_effect(r, "RL.POLICY DEL p", NULL);
    assert_reply(r->copy, "RL.POLICY LIST", "[]");
}

static uint32_t draw(uint32_t *seed, uint32_t below) {
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 8) % below;
}

static void write_random_line(uint32_t *seed, char *line, size_t cap) {
    static const char *const policies[][2] = {
        {"b BUCKET", "3 700"},
        {"g GCRA", "2 500"},
        {"q LEAKY", "3 300"},
        {"f FIXED", "900"},
        {"a FIXED", "900 ALIGNED"},
        {"s SLIDING", "800"},
        {"m SLIDING", "800 BUCKETS 6"},
        {"l LOG", "600"},
        {"c CONCURRENT", "400 TOKEN t"},
    };
    static const char keys[] = "bgqfasmlc";
    static const char *const modes[] = {"", " MODE UPTO", " MODE DRAIN"};
    char policy[64];
    uint32_t which = draw(seed, ARRAY_LEN(policies));
    snprintf(policy, sizeof(policy), "%s %u %s", policies[which][0], 4 + draw(seed, 3),
             policies[which][1]);
    uint32_t kind = draw(seed, 20);
    char key = keys[which];
    if (kind < 14)
        snprintf(line, cap, "RL.TAKE %s%s COST %u", policy, modes[draw(seed, 3)],
                 1 + draw(seed, 5));
    else if (kind == 14)
        snprintf(line, cap, "RL.BLOCK %c %u", key, draw(seed, 200));
    else if (kind == 15)
        snprintf(line, cap, "%s %c %s", key == 'c' ? "RL.RELEASE" : "RL.GIVE", key,
                 key == 'c' ? "t" : "1");
    else if (kind == 16)
        snprintf(line, cap, "%s %c %s", key == 'c' ? "RL.RENEW" : "RL.GIVE", key,
                 key == 'c' ? "t 300" : "2");
    else if (kind == 17)
        snprintf(line, cap, "DEL %c", key);
    else
        snprintf(line, cap, "RL.TAKEALL 2 x FIXED 9 500 %s COST 2", policy);
}

static void a_copy_is_the_same(void **state) {
    struct replay *r = *state;
    uint32_t seed = 7;
    int told = 0;
    for (int i = 0; i < 30000; i++) {
        char line[160];
        write_random_line(&seed, line, sizeof(line));
        r->count = 0;
        (void)fixture_run(r->source, line);
        told += r->count;
        fixture_advance_ms(r->source, draw(&seed, 60));
        if (i % 16 == 0) fixture_expire_due(r->source);
        if (i % 64 != 0) continue;
        for (const char *key = "bgqfasmlcx"; *key != '\0'; key++) {
            char dump[] = "DUMP ?";
            dump[5] = *key;
            char *expected = strdup(fixture_run(r->source, dump));
            assert_reply(r->copy, dump, expected);
            free(expected);
        }
    }
    assert_true(told > 10000);
}

static void foreign_states_are_refused(void **state) {
    struct replay *r = *state;
    struct command_fixture *f = r->copy;
    static const char *const cases[][2] = {
        {"RL.SETSTATE k ''", "state is not one that RL.SETSTATE was told with"},
        {"RL.SETSTATE k garbage", "state is not one that RL.SETSTATE was told with"},
        {"RL.SETSTATE k", "wrong number of arguments for 'rl.setstate' command"},
        {"RL.APPLY k x GIVE 1", "now_us is not an integer from 0 to 9007199254740992000"},
        {"RL.APPLY k -1 GIVE 1", "now_us is not an integer from 0 to 9007199254740992000"},
        {"RL.APPLY k 1 NOPE 1", "syntax error"},
        {"RL.APPLY k 1 GIVE 0", "n is not an integer from 1 to 2147483648"},
        {"RL.APPLY k 1 GIVE 1 2", "wrong number of arguments for 'rl.apply' command"},
        {"RL.APPLY k 1 RELEASE ''", "TOKEN is not of 1 to 255 bytes"},
        {"RL.APPLY k 1 RENEW t", "wrong number of arguments for 'rl.apply' command"},
        {"RL.APPLY k 1 RENEW t 0", "lease_ms is not an integer from 1 to 9007199254740992"},
        {"RL.APPLY k 1 BLOCK -1", "ms is not an integer from 0 to 18014398509481984"},
        {"RL.APPLY k 1 TAKE USE p",
         "unknown policy 'USE', it is one of BUCKET GCRA LEAKY FIXED SLIDING LOG CONCURRENT"},
        {"RL.APPLY k 1 TAKE LOG 0 1", "limit is not an integer from 1 to 16777216"},
        {"RL.APPLY k 1 TAKE LOG 1 1 HEADERS", "unknown option 'HEADERS'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char expected[256];
        snprintf(expected, sizeof(expected), "-ERR %s", cases[i][1]);
        assert_refused(f, cases[i][0], expected);
    }
    assert_reply(f, "EXISTS k", "0");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(small_states_are_told_whole, start_replay, stop_replay),
        cmocka_unit_test_setup_teardown(large_states_are_told_as_deeds, start_replay, stop_replay),
        cmocka_unit_test_setup_teardown(stored_policies_are_told_as_sent, start_replay,
                                        stop_replay),
        cmocka_unit_test_setup_teardown(a_copy_is_the_same, start_replay, stop_replay),
        cmocka_unit_test_setup_teardown(foreign_states_are_refused, start_replay, stop_replay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
