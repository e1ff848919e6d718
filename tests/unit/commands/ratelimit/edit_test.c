/* RL.GIVE, leases, RL.BLOCK, RL.RESET, RL.INFO, and limiters as keys like any other. */
#include "unit/commands/ratelimit/ratelimit_fixture.h"

static void a_refund_is_there_to_be_taken(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "RL.TAKE k BUCKET 10 1 1000 COST 6");
    assert_reply(f, "RL.GIVE k 2", "1");
    assert_events(f, "0:rl.give:k");
    assert_holds(f, "RL.PEEK k BUCKET 10 1 1000", "[1, 10, 5,");
    assert_reply(f, "PTTL k", "4000");
}

static void a_full_refund_takes_the_key_away(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "RL.TAKE k BUCKET 10 1 1000 COST 6");
    assert_reply(f, "RL.GIVE k 100", "1");
    assert_events(f, "0:rl.give:k 0:del:k");
    assert_reply(f, "EXISTS k", "0");
    assert_refused(f, "RL.GIVE k 1", "0");
}

static void refunds_have_bounds(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "RL.TAKE k BUCKET 10 1 1000");
    assert_refused(f, "RL.GIVE k 0", "-ERR n is not an integer from 1 to 2147483648");
    assert_refused(f, "RL.GIVE k -1", "-ERR n is not an integer from 1 to 2147483648");
    assert_refused(f, "RL.GIVE k 2147483649", "-ERR n is not an integer from 1 to 2147483648");
    assert_refused(f, "RL.GIVE k x", "-ERR n is not an integer from 1 to 2147483648");
    run_quietly(f, "RL.TAKE c CONCURRENT 1 1000 TOKEN t");
    assert_refused(f, "RL.GIVE c 1",
                   "-ERR the key holds a CONCURRENT limiter: its leases end by RL.RELEASE");
}

static void leases_end_by_release_and_by_time(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "RL.TAKE c CONCURRENT 2 1000 TOKEN a");
    run_quietly(f, "RL.TAKE c CONCURRENT 2 1000 TOKEN b");
    assert_refused(f, "RL.RELEASE c x", "0");
    assert_reply(f, "RL.RELEASE c a", "1");
    assert_events(f, "0:rl.release:c");
    assert_refused(f, "RL.RELEASE c a", "0");
    assert_reply(f, "RL.RENEW c b 5000", "1");
    assert_events(f, "0:rl.renew:c");
    assert_refused(f, "RL.RENEW c a 5000", "0");
    assert_reply(f, "PTTL c", "5000");
    assert_reply(f, "RL.RELEASE c b", "1");
    assert_events(f, "0:rl.release:c 0:del:c");
    run_quietly(f, "RL.TAKE c CONCURRENT 2 1000 TOKEN a");
    fixture_advance_ms(f, 1000);
    assert_reply(f, "RL.RENEW c a 5000", "0");
    assert_refused(f, "RL.RELEASE absent a", "0");
}

static void leases_have_bounds(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "RL.TAKE c CONCURRENT 2 1000 TOKEN a");
    run_quietly(f, "RL.TAKE k FIXED 1 1000");
    assert_refused(f, "RL.RENEW c a 0",
                   "-ERR lease_ms is not an integer from 1 to 9007199254740992");
    assert_refused(f, "RL.RENEW c a 9007199254740993",
                   "-ERR lease_ms is not an integer from 1 to 9007199254740992");
    assert_refused(f, "RL.RENEW c '' 1000", "-ERR TOKEN is not of 1 to 255 bytes");
    assert_refused(f, "RL.RELEASE c ''", "-ERR TOKEN is not of 1 to 255 bytes");
    assert_refused(f, "RL.RELEASE k a", "-ERR the key holds a FIXED limiter, not CONCURRENT");
    assert_refused(f, "RL.RENEW k a 1000", "-ERR the key holds a FIXED limiter, not CONCURRENT");
}

static void a_block_denies_until_its_end(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "RL.TAKE k FIXED 5 1000");
    assert_reply(f, "RL.BLOCK k 5000", "1");
    assert_events(f, "0:rl.block:k");
    assert_refused(f, "RL.TAKE k FIXED 5 1000", "[0, 5, 0, 5000, 5000, 0, 0, \"blocked\"]");
    assert_refused(f, "RL.TAKE k FIXED 5 1000 MODE DRAIN",
                   "[0, 5, 0, 5000, 5000, 0, 0, \"blocked\"]");
    assert_refused(f, "RL.PEEK k FIXED 5 1000", "[0, 5, 0, 5000, 5000, 0, 0, \"blocked\"]");
    assert_reply(f, "PTTL k", "5000");
    fixture_advance_ms(f, 4999);
    assert_refused(f, "RL.TAKE k FIXED 5 1000", "[0, 5, 0, 1, 1, 0, 0, \"blocked\"]");
    fixture_advance_ms(f, 1);
    assert_reply(f, "RL.TAKE k FIXED 5 1000", "[1, 5, 4, 0, 1000, 1, 0, \"ok\"]");
}

static void a_block_may_come_first_and_be_lifted(void **state) {
    struct command_fixture *f = *state;
    assert_refused(f, "RL.BLOCK k 0", "0");
    assert_reply(f, "RL.BLOCK k 5000", "1");
    assert_reply(f, "RL.INFO k",
                 "[\"algorithm\", \"NONE\", \"policy\", \"\", \"limit\", 0, "
                 "\"remaining\", 0, \"reset_after_ms\", 5000, \"blocked_ms\", "
                 "5000]");
    assert_refused(f, "RL.GIVE k 1", "0");
    (void)fixture_events(f);
    assert_reply(f, "RL.BLOCK k 0", "1");
    assert_events(f, "0:rl.block:k 0:del:k");
    assert_refused(f, "RL.BLOCK k -1", "-ERR ms is not an integer from 0 to 9007199254740992");
    assert_refused(f, "RL.BLOCK k 9007199254740993",
                   "-ERR ms is not an integer from 0 to 9007199254740992");
    assert_reply(f, "RL.BLOCK k 9007199254740992", "1");
    assert_reply(f, "RL.BLOCK k 1000", "1");
    assert_reply(f, "PTTL k", "1000");
}

static void reset_forgets_all_or_none(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "RL.TAKE a FIXED 1 1000");
    run_quietly(f, "RL.TAKE b LOG 1 1000");
    run_quietly(f, "SET s v");
    assert_refused(f, "RL.RESET a s b",
                   "-WRONGTYPE Operation against a key holding the wrong kind of value");
    assert_reply(f, "RL.RESET a absent b a", "2");
    assert_events(f, "0:del:a 0:del:b");
    assert_reply(f, "EXISTS a b", "0");
}

static void info_tells_policy_and_state(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "RL.INFO k", "nil");
    run_quietly(f, "RL.TAKE k GCRA 4 1 1000 COST 2");
    assert_reply(f, "RL.INFO k",
                 "[\"algorithm\", \"GCRA\", \"policy\", \"GCRA 4 1 1000\", "
                 "\"limit\", 5, \"remaining\", 3, \"reset_after_ms\", 2000, "
                 "\"blocked_ms\", 0]");
    run_quietly(f, "RL.TAKE c CONCURRENT 4 1000 TOKEN t COST 3");
    assert_holds(f, "RL.INFO c", "\"CONCURRENT 4 1000\", \"limit\", 4, \"remaining\", 1,");
    run_quietly(f, "RL.TAKE l LOG 4 1000 COST 3");
    assert_holds(f, "RL.INFO l", "\"LOG 4 1000\", \"limit\", 4, \"remaining\", 1,");
}

static void limiters_are_keys_like_any_other(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "RL.TAKE k LOG 3 1000");
    run_quietly(f, "RL.TAKE l BUCKET 3 1 1000");
    run_quietly(f, "SET s v");
    assert_reply(f, "TYPE k", "ratelimit");
    assert_true(strtol(fixture_run(f, "MEMORY USAGE k"), NULL, 10) > 40);
    assert_reply(f, "OBJECT ENCODING k", "\"LOG\"");
    assert_reply(f, "SCAN 0 COUNT 100 TYPE ratelimit MATCH k", "[\"0\", [\"k\"]]");
    assert_reply(f, "COPY k copy", "1");
    assert_reply(f, "PTTL copy", "1000");
    assert_holds(f, "RL.TAKE copy LOG 3 1000", "[1, 3, 1,");
    assert_holds(f, "RL.PEEK k LOG 3 1000", "[1, 3, 1,");
    assert_reply(f, "RENAME k moved", "OK");
    assert_holds(f, "RL.PEEK moved LOG 3 1000", "[1, 3, 1,");
    assert_reply(f, "TTL moved", "1");
    assert_reply(f, "SET moved string", "OK");
    assert_reply(f, "TYPE moved", "string");
    assert_reply(f, "PTTL moved", "-1");
    assert_reply(f, "DEL l copy", "2");
    assert_reply(f, "DUMP absent", "nil");
}

static void their_expiry_is_their_own(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "RL.TAKE k FIXED 3 1000");
    static const char own[] = "-ERR the expiry of a ratelimit key follows from its value";
    assert_refused(f, "EXPIRE k 100", own);
    assert_refused(f, "PEXPIRE k 1", own);
    assert_refused(f, "EXPIREAT k 99999999999", own);
    assert_refused(f, "PEXPIREAT k 1", own);
    assert_refused(f, "PERSIST k", own);
    assert_reply(f, "PTTL k", "1000");
}

static void the_figures_are_exact(void **state) {
    struct command_fixture *f = *state;
    run_quietly(f, "RL.POLICY SET api:v1 FIXED 1 1000");
    for (int i = 0; i < 3; i++) run_quietly(f, "RL.TAKE a USE api:v1");
    run_quietly(f, "RL.BLOCK a 1000");
    run_quietly(f, "RL.TAKE a USE api:v1");
    run_quietly(f, "RL.PEEK a USE api:v1");
    run_quietly(f, "RL.TAKEALL 2 b FIXED 1 1000 c FIXED 1 1000 COST 2");
    run_quietly(f, "CL.THROTTLE d 5 1 1");
    assert_holds(f, "INFO ratelimit",
                 "ratelimit_takes:7\\r\\nratelimit_denials:3\\r\\n"
                 "ratelimit_blocked:1\\r\\nratelimit_limiters:2\\r\\n"
                 "ratelimit_policies:1");
    assert_holds(f, "INFO policystats", "policy_api_v1:takes=4,denials=2,blocked=1");
    assert_lacks(f, "INFO", "policy_api");
    run_quietly(f, "SET a string");
    assert_holds(f, "INFO ratelimit", "ratelimit_limiters:1");
    run_quietly(f, "COPY d e");
    run_quietly(f, "RENAME e g");
    assert_holds(f, "INFO ratelimit", "ratelimit_limiters:2");
    run_quietly(f, "MOVE g 1");
    assert_holds(f, "INFO ratelimit", "ratelimit_limiters:2");
    fixture_advance_ms(f, 20000);
    fixture_expire_due(f);
    assert_holds(f, "INFO ratelimit", "ratelimit_limiters:0");
    run_quietly(f, "RL.TAKE a1 FIXED 1 1000");
    run_quietly(f, "FLUSHALL");
    assert_holds(f, "INFO ratelimit", "ratelimit_limiters:0");
    assert_reply(f, "CONFIG RESETSTAT", "OK");
    assert_holds(f, "INFO ratelimit", "ratelimit_takes:0");
    assert_holds(f, "INFO policystats", "policy_api_v1:takes=0,denials=0,blocked=0");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_refund_is_there_to_be_taken, start, stop),
        cmocka_unit_test_setup_teardown(a_full_refund_takes_the_key_away, start, stop),
        cmocka_unit_test_setup_teardown(refunds_have_bounds, start, stop),
        cmocka_unit_test_setup_teardown(leases_end_by_release_and_by_time, start, stop),
        cmocka_unit_test_setup_teardown(leases_have_bounds, start, stop),
        cmocka_unit_test_setup_teardown(a_block_denies_until_its_end, start, stop),
        cmocka_unit_test_setup_teardown(a_block_may_come_first_and_be_lifted, start, stop),
        cmocka_unit_test_setup_teardown(reset_forgets_all_or_none, start, stop),
        cmocka_unit_test_setup_teardown(info_tells_policy_and_state, start, stop),
        cmocka_unit_test_setup_teardown(limiters_are_keys_like_any_other, start, stop),
        cmocka_unit_test_setup_teardown(their_expiry_is_their_own, start, stop),
        cmocka_unit_test_setup_teardown(the_figures_are_exact, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
