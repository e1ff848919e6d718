#include "engine/syntax.h"

#include "foundation/buffer.h"
#include "foundation/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* Writes nodes as "name:kind" with what they have besides, groups in parentheses. */
static void describe_nodes(struct buffer *out, const struct syntax_node *nodes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct syntax_node *node = &nodes[i];
        if (i > 0) buffer_append_char(out, ' ');
        buffer_printf(out, "%s:%s", node->name, syntax_kind_name(node->kind));
        if (node->token) buffer_printf(out, ",token=%s", node->token);
        if (node->display) buffer_printf(out, ",display=%s", node->display);
        if (node->since) buffer_printf(out, ",since=%s", node->since);
        if (node->deprecated_since) buffer_printf(out, ",until=%s", node->deprecated_since);
        if (node->key_spec != SYNTAX_NO_KEY_SPEC) buffer_printf(out, ",spec=%d", node->key_spec);
        if (node->is_optional) buffer_append_str(out, ",optional");
        if (node->is_multiple) buffer_append_str(out, ",multiple");
        if (node->is_multiple_token) buffer_append_str(out, ",multiple_token");
        if (node->child_count == 0) continue;
        buffer_append_char(out, '(');
        describe_nodes(out, node->children, node->child_count);
        buffer_append_char(out, ')');
    }
}

static void assert_tree(const char *syntax, const char *expected) {
    size_t count;
    struct syntax_node *nodes = syntax_parse(syntax, &count);
    struct buffer text = {0};
    describe_nodes(&text, nodes, count);
    assert_string_equal(buffer_c_str(&text), expected);
    buffer_destroy(&text);
    syntax_free(nodes, count);
}

static void no_string_is_no_arguments(void **state UNUSED) {
    size_t count = 1;
    assert_null(syntax_parse(NULL, &count));
    assert_int_equal(count, 0);
    syntax_free(NULL, 0);
}

static void a_type_follows_from_the_name_or_its_mark(void **state UNUSED) {
    assert_tree("key value seconds", "key:key,spec=0 value:string seconds:integer");
    assert_tree("unix-time-seconds pattern", "unix-time-seconds:unix-time pattern:pattern");
    assert_tree("increment:double end:string", "increment:double end:string");
}

static void a_word_in_capitals_is_a_token(void **state UNUSED) {
    assert_tree("[GET]", "get:pure-token,token=GET,optional");
    assert_tree("[EX seconds]", "seconds:integer,token=EX,optional");
    assert_tree("[ALPHA=sorting]", "sorting:pure-token,token=ALPHA,optional");
    assert_tree("FORCE=force id", "force:pure-token,token=FORCE id:string");
    assert_tree("NO ONE", "no:pure-token,token=NO one:pure-token,token=ONE");
    assert_tree("['='=equal]", "equal:pure-token,token==,optional");
    assert_tree("NO-TOUCH", "no-touch:pure-token,token=NO-TOUCH");
}

static void bars_make_a_oneof_and_their_lack_a_block(void **state UNUSED) {
    assert_tree("mode(ON | OFF)", "mode:oneof(on:pure-token,token=ON off:pure-token,token=OFF)");
    assert_tree("data(key value)...", "data:block,multiple(key:key,spec=0 value:string)");
    assert_tree("a([X] | [Y])",
                "a:oneof(x:pure-token,token=X,optional y:pure-token,token=Y,optional)");
    assert_tree("LIMIT limit(offset count)",
                "limit:block,token=LIMIT(offset:integer count:integer)");
}

static void marks_stand_in_any_order(void **state UNUSED) {
    assert_tree("[ADDR addr@'ip:port'/6.2.0]",
                "addr:string,token=ADDR,display=ip:port,since=6.2.0,optional");
    assert_tree("old@x~2.8.12", "old:string,display=x,until=2.8.12");
    assert_tree("client-id/6.2.0...", "client-id:integer,since=6.2.0,multiple");
    assert_tree("[GET get-pattern@pattern#1+...]",
                "get-pattern:pattern,token=GET,display=pattern,spec=1,optional,multiple,"
                "multiple_token");
}

static void keys_are_numbered_as_they_come(void **state UNUSED) {
    assert_tree("source destination", "source:key,spec=0 destination:key,spec=1");
    assert_tree("key1 key2#0", "key1:key,spec=0 key2:key,spec=0");
}

static void a_string_that_breaks_the_notation_is_not_valid(void **state UNUSED) {
    static const char *const broken[] = {
        "",      "[key",      "key]",           "a(b",   "a()",      "a(b |)", "a(b | c d)",
        "(a b)", "key:wrong", "a(b):key",       "key#x", "key...x)", "'open",  "a | b",
        "[]",    "[a b]",     "key:pure-token", "a@",    "a b)",     "a..",
    };
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        if (syntax_is_valid(broken[i])) fail_msg("taken as valid: %s", broken[i]);
    }
    assert_true(syntax_is_valid("key [a(B c | d)]"));
}

static void nesting_without_end_is_not_valid(void **state UNUSED) {
    struct buffer text = {0};
    for (int i = 0; i < 1000; i++) buffer_append_str(&text, "a(");
    assert_false(syntax_is_valid(buffer_c_str(&text)));
    buffer_destroy(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_string_is_no_arguments),
        cmocka_unit_test(a_type_follows_from_the_name_or_its_mark),
        cmocka_unit_test(a_word_in_capitals_is_a_token),
        cmocka_unit_test(bars_make_a_oneof_and_their_lack_a_block),
        cmocka_unit_test(marks_stand_in_any_order),
        cmocka_unit_test(keys_are_numbered_as_they_come),
        cmocka_unit_test(a_string_that_breaks_the_notation_is_not_valid),
        cmocka_unit_test(nesting_without_end_is_not_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
