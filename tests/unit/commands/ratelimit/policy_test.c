/* RL.POLICY: policies under a name. */
#include "engine/rate_policies.h"
#include "unit/commands/ratelimit/ratelimit_fixture.h"

#include <stdlib.h>

static void a_stored_policy_is_used(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "RL.POLICY SET api BUCKET 3 1 1000", "OK");
    assert_reply(f, "RL.TAKE k USE api", "[1, 3, 2, 0, 1000, 1, 0, \"ok\"]");
    assert_reply(f, "RL.TAKE k use api COST 2", "[1, 3, 0, 0, 3000, 2, 0, \"ok\"]");
    assert_holds(f, "RL.TAKE k USE api HEADERS",
                 "\"\\\"api\\\";q=3;w=3\", \"\\\"api\\\";r=0;t=3\", \"1\"]");
    assert_reply(f, "RL.POLICY SET api BUCKET 6 1 1000", "OK");
    assert_holds(f, "RL.PEEK k USE api", "[0, 6, 0,");
    assert_refused(f, "RL.TAKE k USE API", "-ERR no policy is stored as 'API'");
    assert_refused(f, "RL.TAKE k USE", "-ERR wrong number of arguments for 'rl.take' command");
}

static void policies_are_read_listed_and_forgotten(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "RL.POLICY LIST", "[]");
    assert_reply(f, "RL.POLICY GET b", "nil");
    assert_reply(f, "RL.POLICY SET b sliding 10 1000 buckets 8", "OK");
    assert_reply(f, "RL.POLICY SET a fixed 5 1000 aligned", "OK");
    assert_reply(f, "RL.POLICY SET c gcra 4 1 1000", "OK");
    assert_reply(f, "RL.POLICY SET d CONCURRENT 5 60000", "OK");
    assert_reply(f, "RL.POLICY GET b", "\"SLIDING 10 1000 BUCKETS 8\"");
    assert_reply(f, "RL.POLICY LIST",
                 "[\"a\", \"FIXED 5 1000 ALIGNED\", \"b\", \"SLIDING 10 1000 BUCKETS 8\", \"c\", "
                 "\"GCRA 4 1 1000\", \"d\", \"CONCURRENT 5 60000\"]");
    assert_reply(f, "RL.TAKE j USE d TOKEN t", "[1, 5, 4, 0, 60000, 1, 0, \"ok\"]");
    assert_refused(f, "RL.TAKE j USE d",
                   "-ERR TOKEN is missing: CONCURRENT names the lease that it takes");
    assert_refused(f, "RL.TAKE j USE a TOKEN t", "-ERR 'TOKEN' goes with CONCURRENT only");
    assert_refused(f, "RL.TAKE j USE a ALIGNED", "-ERR 'ALIGNED' goes with FIXED only");
    assert_reply(f, "RL.POLICY DEL a none b a", "2");
    assert_refused(f, "RL.POLICY DEL a", "0");
    assert_reply(f, "RL.POLICY GET a", "nil");
    f->session.version = RESP3;
    assert_reply(f, "RL.POLICY LIST", "{\"c\": \"GCRA 4 1 1000\", \"d\": \"CONCURRENT 5 60000\"}");
}

static void a_limiter_outlives_its_policy(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "RL.POLICY SET p FIXED 5 1000");
    run_quietly(f, "RL.TAKE k USE p");
    run_quietly(f, "RL.POLICY DEL p");
    assert_holds(f, "RL.INFO k", "\"FIXED 5 1000\"");
    assert_reply(f, "RL.GIVE k 1", "1");
}

static void flushes_leave_policies(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "RL.POLICY SET p FIXED 5 1000");
    run_quietly(f, "FLUSHALL");
    assert_reply(f, "RL.POLICY GET p", "\"FIXED 5 1000\"");
}

static void names_and_numbers_have_bounds(void **state) {
    struct command_fixture *f = *state;
    static const char bad_name[] = "-ERR name is not of 1 to 128 printable characters without "
                                   "space, \" and \\";
    assert_refused(f, "RL.POLICY SET '' FIXED 5 1000", bad_name);
    assert_refused(f, "RL.POLICY SET 'a b' FIXED 5 1000", bad_name);
    assert_refused(f, "RL.POLICY SET 'a\"' FIXED 5 1000", bad_name);
    assert_refused(f, "RL.POLICY SET \"a\\\\\" FIXED 5 1000", bad_name);
    assert_refused(f, "RL.POLICY SET \"a\\x80\" FIXED 5 1000", bad_name);
    assert_refused(f, "RL.POLICY SET \"a\\n\" FIXED 5 1000", bad_name);
    char name[129];
    memset(name, 'n', sizeof(name));
    struct bytes args[] = {BYTES("RL.POLICY"), BYTES("SET"), bytes_of(name, 129),
                           BYTES("FIXED"),     BYTES("1"),   BYTES("1000")};
    assert_string_equal(fixture_run_args(f, args, ARRAY_LEN(args)), bad_name);
    args[2].len = 128;
    assert_string_equal(fixture_run_args(f, args, ARRAY_LEN(args)), "OK");
    fixture_set_directive(f, "ratelimit-max-policies", "2");
    assert_reply(f, "RL.POLICY SET two FIXED 5 1000", "OK");
    assert_refused(f, "RL.POLICY SET three FIXED 5 1000",
                   "-ERR 2 policies are stored, ratelimit-max-policies allows no more");
    assert_reply(f, "RL.POLICY SET two FIXED 6 1000", "OK");
    fixture_set_directive(f, "ratelimit-max-policies", "10000");
}

static void bad_policies_are_refused(void **state) {
    struct command_fixture *f = *state;
    assert_refused(f, "RL.POLICY SET p USE q",
                   "-ERR unknown policy 'USE', it is one of BUCKET GCRA LEAKY FIXED SLIDING LOG "
                   "CONCURRENT");
    assert_refused(f, "RL.POLICY SET p FIXED 5 1000 COST 2", "-ERR unknown option 'COST'");
    assert_refused(f, "RL.POLICY SET p CONCURRENT 5 1000 TOKEN t", "-ERR unknown option 'TOKEN'");
    assert_refused(f, "RL.POLICY SET p FIXED 0 1000",
                   "-ERR limit is not an integer from 1 to 9007199254740992");
    assert_refused(f, "RL.POLICY SET p FIXED",
                   "-ERR arguments are missing: FIXED limit window_ms [ALIGNED]");
    assert_reply(f, "RL.POLICY GET p", "nil");
    assert_reply(f, "RL.POLICY NOPE", "-ERR unknown subcommand 'NOPE'. Try RL.POLICY HELP.");
    assert_holds(f, "RL.POLICY HELP", "SET <name> <policy>");
}

struct retelling {
    struct command_fixture *copy;
};

static void retell(void *context, const struct bytes *args, uint32_t argc) {
    struct retelling *retelling = context;
    assert_string_equal(fixture_run_args(retelling->copy, args, argc), "OK");
}

static void all_are_told_as_commands(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "RL.POLICY SET a FIXED 5 1000 ALIGNED");
    run_quietly(f, "RL.POLICY SET b SLIDING 5 1000 BUCKETS 64");
    run_quietly(f, "RL.POLICY SET c GCRA 0 9007199254740992 9007199254740992");
    run_quietly(f, "RL.POLICY SET d BUCKET 9007199254740992 9007199254740992 9007199254740992");
    run_quietly(f, "RL.POLICY SET e LOG 7 8");
    run_quietly(f, "RL.POLICY SET f CONCURRENT 7 8");
    run_quietly(f, "RL.POLICY SET g LEAKY 7 8 9");
    struct retelling retelling = {.copy = new_ratelimit_fixture()};
    rate_policies_tell(f->engine, retell, &retelling);
    char *list = strdup(fixture_run(f, "RL.POLICY LIST"));
    assert_reply(retelling.copy, "RL.POLICY LIST", list);
    free(list);
    fixture_free(retelling.copy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_stored_policy_is_used, start, stop),
        cmocka_unit_test_setup_teardown(policies_are_read_listed_and_forgotten, start, stop),
        cmocka_unit_test_setup_teardown(a_limiter_outlives_its_policy, start, stop),
        cmocka_unit_test_setup_teardown(flushes_leave_policies, start, stop),
        cmocka_unit_test_setup_teardown(names_and_numbers_have_bounds, start, stop),
        cmocka_unit_test_setup_teardown(bad_policies_are_refused, start, stop),
        cmocka_unit_test_setup_teardown(all_are_told_as_commands, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
