/* Stored rate policies: names, bounds, order. */
#include "engine/rate_policies.h"

#include "foundation/mem.h"
#include "unit/engine/sample_commands.h"
#include "unit/support/command_fixture.h"

#include <stdio.h>

static const struct rate_policy fixed = {.algorithm = RATE_FIXED, .limit = 5, .period_ms = 1000};

static int start(void **state) {
    *state = fixture_new(sample_commands);
    return 0;
}

static int stop(void **state) {
    fixture_free(*state);
    return 0;
}

static void names_go_unquoted_into_headers(void **state) {
    (void)state;
    assert_true(rate_policy_name_is_valid(BYTES("api:v1/users-~!")));
    assert_false(rate_policy_name_is_valid(BYTES("")));
    for (int c = 0; c < 256; c++) {
        char byte = (char)c;
        bool is_plain = c > ' ' && c <= '~' && c != '"' && c != '\\';
        assert_int_equal(rate_policy_name_is_valid(bytes_of(&byte, 1)), is_plain);
    }
}

static void a_stored_policy_is_found_replaced_and_removed(void **state) {
    struct engine *engine = ((struct command_fixture *)*state)->engine;
    assert_null(rate_policies_find(engine, BYTES("a")));
    assert_false(rate_policies_remove(engine, BYTES("a")));
    assert_true(rate_policies_set(engine, BYTES("a"), &fixed, 1));
    rate_policies_find(engine, BYTES("a"))->counts.takes = 7;
    struct rate_policy other = fixed;
    other.limit = 6;
    assert_true(rate_policies_set(engine, BYTES("a"), &other, 1));
    const struct stored_rate_policy *stored = rate_policies_find(engine, BYTES("a"));
    assert_int_equal(stored->policy.limit, 6);
    assert_int_equal(stored->counts.takes, 7);
    rate_policies_reset_counts(engine);
    assert_int_equal(stored->counts.takes, 0);
    assert_false(rate_policies_set(engine, BYTES("b"), &fixed, 1));
    assert_true(rate_policies_remove(engine, BYTES("a")));
    assert_int_equal(rate_policies_count(engine), 0);
}

static void note_command(void *context, const struct bytes *args, uint32_t argc) {
    struct buffer *out = context;
    for (uint32_t i = 0; i < argc; i++) {
        buffer_append_bytes(out, args[i]);
        buffer_append_char(out, i + 1 < argc ? ' ' : '\n');
    }
}

static void they_are_told_by_name(void **state) {
    struct engine *engine = ((struct command_fixture *)*state)->engine;
    struct buffer told = {0};
    rate_policies_tell(engine, note_command, &told);
    assert_int_equal(told.len, 0);
    struct rate_policy gcra = {
        .algorithm = RATE_GCRA, .limit = 1, .refill = 2, .period_ms = RATE_PERIOD_MAX_MS};
    assert_true(rate_policies_set(engine, BYTES("b"), &gcra, 9));
    assert_true(rate_policies_set(engine, BYTES("a"), &fixed, 9));
    rate_policies_tell(engine, note_command, &told);
    assert_string_equal(buffer_c_str(&told), "RL.POLICY SET a FIXED 5 1000\n"
                                             "RL.POLICY SET b GCRA 0 2 9007199254740992\n");
    buffer_destroy(&told);
}

static void many_are_kept_in_order(void **state) {
    struct engine *engine = ((struct command_fixture *)*state)->engine;
    enum { MANY = 2000 };
    for (int i = MANY; i > 0; i--) {
        char name[16];
        size_t len = (size_t)snprintf(name, sizeof(name), "n%05d", i);
        assert_true(rate_policies_set(engine, bytes_of(name, len), &fixed, MANY));
    }
    size_t count;
    struct stored_rate_policy **all = rate_policies_sorted(engine, &count);
    assert_int_equal(count, MANY);
    for (size_t i = 1; i < count; i++)
        assert_true(bytes_compare(stored_rate_policy_name(all[i - 1]),
                                  stored_rate_policy_name(all[i])) < 0);
    mem_free(all);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_go_unquoted_into_headers),
        cmocka_unit_test_setup_teardown(a_stored_policy_is_found_replaced_and_removed, start, stop),
        cmocka_unit_test_setup_teardown(they_are_told_by_name, start, stop),
        cmocka_unit_test_setup_teardown(many_are_kept_in_order, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
