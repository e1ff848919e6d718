#include "foundation/config_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "directive_sample.h"
#include <cmocka.h>

/* Applies the text; the report, or "" when all went well. */
static const char *apply(const char *text) {
    static char report[1024];
    struct config_text config = {
        .text = bytes_of_str(text), .file = "x.conf", .has_includes = true};
    struct buffer error = {0};
    bool is_good = config_text_apply(directives, &config, &error);
    assert_int_equal(is_good, error.len == 0);
    snprintf(report, sizeof(report), "%s", buffer_c_str(&error));
    buffer_destroy(&error);
    return report;
}

#define REPORT(line, text, reason)                                                                 \
    "Fatal error, config file 'x.conf' line " line ", '" text "': " reason

static void a_file_sets_its_directives(void **state) {
    (void)state;
    assert_string_equal(apply("# comment\n\n  TimeOut 5 \r\nmaxmemory 1mb\n"
                              "requirepass \"a \\x41\"\nbind 1.1.1.1 ::1\npairs 1 2\npairs 3 4\n"
                              "rename-command GET x\ndatabases 4\nappendonly 'yes'"),
                        "");
    assert_int_equal(settings.timeout_s, 5);
    assert_int_equal(settings.maxmemory, 1048576);
    assert_string_equal(settings.password, "a A");
    assert_int_equal(settings.bind.count, 2);
    assert_string_equal(settings.pairs, "1 2 3 4");
    assert_int_equal(settings.databases, 4);
    assert_true(settings.appendonly);
    assert_int_equal(apply_calls, 0);
}

static void no_words_are_one_empty_word_where_any_number_is_taken(void **state) {
    (void)state;
    assert_string_equal(apply("bind ::1\nbind\n"), "");
    assert_int_equal(settings.bind.count, 0);
}

static void a_bad_line_is_reported_with_its_number(void **state) {
    (void)state;
    assert_string_equal(apply("timeout 0\n\nfoo bar\n"),
                        REPORT("3", "foo bar", "unknown directive"));
    assert_string_equal(apply("maxmemory abc"),
                        REPORT("1", "maxmemory abc", "argument must be a memory value"));
    assert_string_equal(apply("maxmemory"), REPORT("1", "maxmemory", "wrong number of arguments"));
    assert_string_equal(apply("maxmemory 1 2"),
                        REPORT("1", "maxmemory 1 2", "wrong number of arguments"));
    assert_string_equal(apply(" timeout \"1\"x\n"),
                        REPORT("1", "timeout \"1\"x", "Unbalanced quotes in configuration line"));
    assert_string_equal(apply("rename-command GET"),
                        REPORT("1", "rename-command GET", "wrong number of arguments"));
    assert_string_equal(apply("dir bad"), REPORT("1", "dir bad", "No such file or directory"));
}

static void a_secret_is_kept_out_of_the_report(void **state) {
    (void)state;
    assert_string_equal(apply("requirepass\thush hush"),
                        REPORT("1", "requirepass", "wrong number of arguments"));
}

static void assert_options(int count, const char *const *words, const char *want) {
    struct buffer text = {0};
    config_text_append_options(&text, count, words);
    assert_string_equal(buffer_c_str(&text), want);
    buffer_destroy(&text);
}

static void the_command_line_becomes_a_file(void **state) {
    (void)state;
    assert_options(5, (const char *[]){"--port", "0", "--bind", "a b", "c"},
                   "\nport \"0\" \nbind \"a b\" \"c\" \n");
    assert_options(3, (const char *[]){"--foo", "--port", "1"}, "\nfoo \"--port\" \"1\" \n");
    assert_options(2, (const char *[]){"--port 1", "--timeout"}, "\nport 1 \ntimeout \n");
    assert_options(3, (const char *[]){"--save", "--timeout", "2"},
                   "\nsave \"\"\ntimeout \"2\" \n");
    assert_options(1, (const char *[]){"--save"}, "\nsave \"\"\n");
    assert_options(2, (const char *[]){"--requirepass", "a\"\n"}, "\nrequirepass \"a\\\"\\n\" \n");
}

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void included_files_are_read_in_place(void **state) {
    (void)state;
    char folder[] = "/tmp/skua-config-test-XXXXXX";
    char first[64];
    char second[64];
    char text[256];
    char want[256];
    assert_non_null(mkdtemp(folder));
    snprintf(first, sizeof(first), "%s/a.conf", folder);
    snprintf(second, sizeof(second), "%s/b.conf", folder);
    write_file(first, "timeout 7\nmaxmemory 3");
    write_file(second, "databases 5\n");
    snprintf(text, sizeof(text), "timeout 1\ninclude %s/*.conf\nmaxmemory 4\ninclude %s/*.none\n",
             folder, folder);
    assert_string_equal(apply(text), "");
    assert_int_equal(settings.timeout_s, 7);
    assert_int_equal(settings.maxmemory, 4);
    assert_int_equal(settings.databases, 5);

    write_file(second, "\nfoo\n");
    snprintf(want, sizeof(want),
             "Fatal error, config file '%s' line 2, 'foo': "
             "unknown directive",
             second);
    assert_string_equal(apply(text), want);
    write_file(second, "include ");
    FILE *file = fopen(second, "a");
    fputs(second, file);
    fclose(file);
    assert_non_null(strstr(apply(text), "nested too deep"));
    unlink(first);
    unlink(second);
    rmdir(folder);
}

static void a_missing_file_is_named(void **state) {
    (void)state;
    assert_string_equal(apply("include /nonexistent.conf"),
                        REPORT("1", "include /nonexistent.conf",
                               "Fatal error, can't open config file '/nonexistent.conf': No such "
                               "file or directory"));
    struct buffer text = {0};
    struct buffer error = {0};
    assert_false(config_text_read("/", &text, &error));
    assert_string_equal(buffer_c_str(&error),
                        "Fatal error, can't read config file '/': Is a directory");
    buffer_destroy(&text);
    buffer_destroy(&error);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_sets_its_directives, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_words_are_one_empty_word_where_any_number_is_taken,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_bad_line_is_reported_with_its_number, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_secret_is_kept_out_of_the_report, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_command_line_becomes_a_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(included_files_are_read_in_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_missing_file_is_named, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
