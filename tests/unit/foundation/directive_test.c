/* Error texts are those of redis-server 7.0. */
#include "foundation/directive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "directive_sample.h"

#include <stdio.h>

#include <cmocka.h>

/* Sets name, value, name, value …; the error text, or "" when all was set. */
static const char *config_set(const char *const *texts) {
    static char text[512];
    struct bytes words[16];
    size_t count = 0;
    struct buffer error = {0};
    for (; texts[count] != NULL; count++) words[count] = bytes_of_str(texts[count]);
    bool is_set = directives_set(directives, words, count / 2, false, &error);
    assert_int_equal(is_set, error.len == 0);
    (void)snprintf(text, sizeof(text), "%s", buffer_c_str(&error));
    buffer_destroy(&error);
    return text;
}

static void add_pair(void *context, struct bytes name, struct bytes value) {
    struct buffer *out = context;
    buffer_append_bytes(out, name);
    buffer_append_char(out, '=');
    buffer_append_bytes(out, value);
    buffer_append_char(out, ';');
}

static const char *config_get(const char *const *texts) {
    static char text[1024];
    struct bytes patterns[8];
    size_t count = 0;
    struct buffer out = {0};
    for (; texts[count] != NULL; count++) patterns[count] = bytes_of_str(texts[count]);
    size_t shown = directives_get(directives, patterns, count, add_pair, &out);
    assert_int_equal(directives_get(directives, patterns, count, NULL, NULL), shown);
    (void)snprintf(text, sizeof(text), "%s", buffer_c_str(&out));
    buffer_destroy(&out);
    return text;
}

#define SET(...) config_set((const char *const[]){__VA_ARGS__, NULL})
#define GET(...) config_get((const char *const[]){__VA_ARGS__, NULL})

#define FAILED(name, reason)                                                                       \
    "ERR CONFIG SET failed (possibly related to argument '" name "') - " reason

static void defaults_are_set_and_shown(void **state) {
    (void)state;
    assert_int_equal(settings.databases, 16);
    assert_string_equal(settings.password, "");
    assert_int_equal(settings.bind.count, 1);
    assert_string_equal(
        GET("*"),
        "appendonly=no;timeout=0;maxmemory=0;maxmemory-clients=0;unixsocketperm=0;"
        "maxmemory-policy=noeviction;shutdown-on-sigint=default;databases=16;requirepass=;dir=.;"
        "bind=127.0.0.1;listen=127.0.0.1;pairs=;");
}

static void every_kind_is_set_from_text(void **state) {
    (void)state;
    assert_string_equal(SET("appendonly", "YES", "timeout", "5", "maxmemory", "1gb",
                            "maxmemory-clients", "5%", "unixsocketperm", "755", "maxmemory-policy",
                            "LRU", "requirepass", "a b"),
                        "");
    assert_true(settings.appendonly);
    assert_int_equal(settings.timeout_s, 5);
    assert_int_equal(settings.maxmemory, 1073741824);
    assert_int_equal(settings.clients_memory, -5);
    assert_int_equal(settings.perm, 0755);
    assert_int_equal(settings.policy, POLICY_LRU);
    assert_string_equal(settings.password, "a b");
    assert_string_equal(GET("maxmemory-clients", "unixsocketperm", "requirepass"),
                        "maxmemory-clients=5%;unixsocketperm=755;requirepass=a b;");
    assert_string_equal(SET("shutdown-on-sigint", "now  force", "bind", " a b  c"), "");
    assert_int_equal(settings.stop, STOP_NOW | STOP_FORCE);
    assert_string_equal(GET("bind", "shutdown*"), "shutdown-on-sigint=now force;bind=a b c;");
    assert_string_equal(SET("bind", "", "pairs", "60 1 30 2"), "");
    assert_int_equal(settings.bind.count, 0);
    assert_string_equal(settings.pairs, "60 1 30 2");
    assert_string_equal(SET("maxmemory", ""), "");
    assert_int_equal(settings.maxmemory, 0);
}

static void bad_values_are_refused_in_redis_words(void **state) {
    (void)state;
    static const struct {
        const char *name, *value, *error;
    } cases[] = {
        {"maxmemory", "abc", FAILED("maxmemory", "argument must be a memory value")},
        {"MaxMemory", "-1", FAILED("MaxMemory", "argument must be a memory value")},
        {"timeout", "1kb", FAILED("timeout", "argument couldn't be parsed into an integer")},
        {"timeout", "", FAILED("timeout", "argument couldn't be parsed into an integer")},
        {"timeout", "-1", FAILED("timeout", "argument must be between 0 and 2147483647 inclusive")},
        {"unixsocketperm", "99",
         FAILED("unixsocketperm", "argument couldn't be parsed as an octal number")},
        {"unixsocketperm", "1000",
         FAILED("unixsocketperm", "argument must be between 0 and 777 inclusive")},
        {"appendonly", "1", FAILED("appendonly", "argument must be 'yes' or 'no'")},
        {"maxmemory-policy", "x",
         FAILED("maxmemory-policy",
                "argument(s) must be one of the following: noeviction, lru, lfu")},
        {"maxmemory-clients", "101%",
         FAILED("maxmemory-clients", "percentage argument must be less or equal to 100")},
        {"maxmemory-clients", "-5%",
         FAILED("maxmemory-clients", "argument must be a memory or percent value")},
        {"maxmemory-clients", "%",
         FAILED("maxmemory-clients", "argument must be a memory or percent value")},
        {"databases", "4", FAILED("databases", "can't set immutable config")},
        {"dir", "/tmp", FAILED("dir", "can't set protected config")},
        {"pairs", "1 2 3", FAILED("pairs", "Invalid pairs")},
        {"foo", "1", "ERR Unknown option or number of arguments for CONFIG SET - 'foo'"},
        {"rename-command", "1",
         "ERR Unknown option or number of arguments for CONFIG SET - 'rename-command'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_string_equal(SET(cases[i].name, cases[i].value), cases[i].error);
    }
}

static void a_zero_byte_in_a_string_is_refused(void **state) {
    (void)state;
    struct bytes words[] = {BYTES("requirepass"), BYTES("a\0b")};
    struct buffer error = {0};
    assert_false(directives_set(directives, words, 1, false, &error));
    assert_string_equal(settings.password, "");
    buffer_destroy(&error);
}

static void one_bad_value_leaves_all_as_they_were(void **state) {
    (void)state;
    assert_string_equal(SET("bind", "x", "pairs", "1 2", "requirepass", "p"), "");
    int calls = apply_calls;
    assert_string_equal(SET("timeout", "5", "requirepass", "q", "bind", "y z", "pairs", "3 4",
                            "maxmemory-clients", "7%", "maxmemory", "abc"),
                        FAILED("maxmemory", "argument must be a memory value"));
    assert_int_equal(settings.timeout_s, 0);
    assert_string_equal(settings.password, "p");
    assert_string_equal(settings.pairs, "1 2");
    assert_int_equal(settings.bind.count, 1);
    assert_string_equal(settings.bind.items[0], "x");
    assert_int_equal(settings.clients_memory, 0);
    assert_int_equal(apply_calls, calls);
}

static void names_are_checked_before_anything_is_set(void **state) {
    (void)state;
    assert_string_equal(SET("timeout", "5", "foo", "1"),
                        "ERR Unknown option or number of arguments for CONFIG SET - 'foo'");
    assert_string_equal(SET("timeout", "x", "databases", "1"),
                        FAILED("databases", "can't set immutable config"));
    assert_string_equal(SET("timeout", "5", "Timeout", "6"),
                        FAILED("Timeout", "duplicate parameter"));
    assert_int_equal(settings.timeout_s, 0);
}

static void a_failed_apply_rolls_everything_back(void **state) {
    (void)state;
    must_fail_apply = true;
    assert_string_equal(SET("timeout", "5", "bind", "a b"),
                        FAILED("bind", "Failed to bind to specified addresses."));
    assert_int_equal(settings.timeout_s, 0);
    assert_string_equal(settings.bind.items[0], "127.0.0.1");
    assert_int_equal(apply_calls, 2); /* to set, and again for the old value */
}

static void a_shared_hook_runs_once_and_only_on_change(void **state) {
    (void)state;
    assert_string_equal(SET("bind", "a", "bind-again", "3"), "");
    assert_int_equal(apply_calls, 1);
    assert_string_equal(SET("bind", "a"), "");
    assert_int_equal(apply_calls, 1);
}

static void an_old_value_that_no_longer_validates_comes_back(void **state) {
    (void)state;
    struct bytes words[] = {BYTES("dir"), BYTES("good"), BYTES("timeout"), BYTES("x")};
    struct buffer error = {0};
    mem_free(settings.dir);
    settings.dir = mem_dup_str("bad");
    assert_false(directives_set(directives, words, 2, true, &error));
    assert_string_equal(settings.dir, "bad");
    buffer_destroy(&error);
}

static void a_protected_directive_is_set_where_allowed(void **state) {
    (void)state;
    struct bytes words[] = {BYTES("dir"), BYTES("/tmp")};
    struct buffer error = {0};
    assert_true(directives_set(directives, words, 1, true, &error));
    assert_string_equal(settings.dir, "/tmp");
    words[1] = BYTES("bad");
    assert_false(directives_set(directives, words, 1, true, &error));
    assert_string_equal(buffer_c_str(&error), FAILED("dir", "No such file or directory"));
    assert_string_equal(settings.dir, "/tmp");
    buffer_destroy(&error);
}

static void getting_takes_patterns_and_shows_each_name_once(void **state) {
    (void)state;
    assert_string_equal(GET("MAXmemory", "maxmemory*", "nope"),
                        "MAXmemory=0;maxmemory-clients=0;maxmemory-policy=noeviction;");
    assert_string_equal(GET("LIST*"), "listen=127.0.0.1;");
    assert_string_equal(GET("bind*"), "bind=127.0.0.1;");
    assert_string_equal(GET("bind-again"), "bind-again=0;");
    assert_string_equal(GET("rename-command"), "");
}

static void an_alias_sets_its_directive(void **state) {
    (void)state;
    assert_string_equal(SET("listen", "::1"), "");
    assert_string_equal(settings.bind.items[0], "::1");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults_are_set_and_shown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_kind_is_set_from_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_values_are_refused_in_redis_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_zero_byte_in_a_string_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_bad_value_leaves_all_as_they_were, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_are_checked_before_anything_is_set, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_failed_apply_rolls_everything_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_shared_hook_runs_once_and_only_on_change, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_old_value_that_no_longer_validates_comes_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_protected_directive_is_set_where_allowed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(getting_takes_patterns_and_shows_each_name_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_alias_sets_its_directive, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
