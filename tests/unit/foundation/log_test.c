#include "foundation/log.h"

#include <errno.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/skua-log-test-XXXXXX";

static void configure(enum log_level level) {
    struct log_settings settings = {.level = level, .path = path};
    assert_true(log_configure(&settings));
    assert_int_equal(truncate(path, 0), 0);
}

/* Reads what the log holds; `text` has room for 8 KiB. */
static void read_log(char *text) {
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t len = fread(text, 1, 8191, file);
    text[len] = '\0';
    fclose(file);
}

static void a_line_has_pid_role_date_mark_and_message(void **state) {
    (void)state;
    char text[8192];
    char wanted[128];
    configure(LOG_LEVEL_NOTICE);
    log_set_role('S');
    log_line(LOG_LEVEL_WARNING, "port %d is busy", 6379);
    log_set_role('M');
    read_log(text);
    snprintf(wanted, sizeof wanted,
             "^%d:S [0-9]{2} [A-Z][a-z]{2} [0-9]{4} ([0-9]{2}:){2}[0-9]{2}[.][0-9]{3} # "
             "port 6379 is busy\n$",
             (int)getpid());
    regex_t pattern;
    assert_int_equal(regcomp(&pattern, wanted, REG_EXTENDED | REG_NOSUB), 0);
    assert_int_equal(regexec(&pattern, text, 0, NULL, 0), 0);
    regfree(&pattern);
}

static void each_level_has_its_mark(void **state) {
    (void)state;
    char text[8192];
    configure(LOG_LEVEL_DEBUG);
    LOG_DEBUGGING("a%d", 1);
    LOG_VERBOSE("b");
    LOG_NOTICE("c");
    LOG_WARNING("d");
    read_log(text);
    assert_non_null(strstr(text, " . a1\n"));
    assert_non_null(strstr(text, " - b\n"));
    assert_non_null(strstr(text, " * c\n"));
    assert_non_null(strstr(text, " # d\n"));
}

static void lines_below_the_level_are_left_out(void **state) {
    (void)state;
    char text[8192];
    configure(LOG_LEVEL_WARNING);
    LOG_DEBUGGING("no");
    LOG_NOTICE("no");
    read_log(text);
    assert_string_equal(text, "");
    configure(LOG_LEVEL_NOTHING);
    LOG_WARNING("no");
    read_log(text);
    assert_string_equal(text, "");
}

static void a_long_message_is_cut_at_the_line(void **state) {
    (void)state;
    char text[8192];
    char message[6000];
    memset(message, 'x', sizeof(message) - 1);
    message[sizeof(message) - 1] = '\0';
    configure(LOG_LEVEL_NOTICE);
    log_line(LOG_LEVEL_NOTICE, "%s", message);
    read_log(text);
    assert_int_equal(strlen(text), 4096);
    assert_int_equal(text[4095], '\n');
}

static void raw_text_goes_out_as_it_is(void **state) {
    (void)state;
    char text[8192];
    configure(LOG_LEVEL_NOTICE);
    log_raw_from_signal("=== crash\n", 10);
    read_log(text);
    assert_string_equal(text, "=== crash\n");
}

static void a_path_that_cannot_be_opened_changes_nothing(void **state) {
    (void)state;
    char text[8192];
    configure(LOG_LEVEL_NOTICE);
    struct log_settings bad = {.level = LOG_LEVEL_DEBUG, .path = "/nonexistent/x.log"};
    assert_false(log_configure(&bad));
    assert_int_equal(errno, ENOENT);
    assert_int_equal(log_current_level(), LOG_LEVEL_NOTICE);
    LOG_NOTICE("still here");
    read_log(text);
    assert_non_null(strstr(text, "still here"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_pid_role_date_mark_and_message),
        cmocka_unit_test(each_level_has_its_mark),
        cmocka_unit_test(lines_below_the_level_are_left_out),
        cmocka_unit_test(a_long_message_is_cut_at_the_line),
        cmocka_unit_test(raw_text_goes_out_as_it_is),
        cmocka_unit_test(a_path_that_cannot_be_opened_changes_nothing),
    };
    int fd = mkstemp(path);
    if (fd == -1) return 1;
    close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
