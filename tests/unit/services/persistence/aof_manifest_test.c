/* The text of manifests: what is read, what is refused, what is written. */
#include "services/persistence/aof_manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *format(const struct aof_manifest *manifest) {
    static struct buffer text;
    buffer_clear(&text);
    aof_manifest_format(manifest, &text);
    return buffer_c_str(&text);
}

static void assert_reads_as(const char *text, const char *expected) {
    struct aof_manifest manifest = {0};
    char error[AOF_MANIFEST_ERROR_MAX] = "";
    if (!aof_manifest_parse(&manifest, bytes_of_str(text), error)) fail_msg("%s: %s", text, error);
    assert_string_equal(format(&manifest), expected);
    aof_manifest_destroy(&manifest);
}

static void assert_refused(struct bytes text, const char *expected) {
    struct aof_manifest manifest = {0};
    char error[AOF_MANIFEST_ERROR_MAX] = "";
    assert_false(aof_manifest_parse(&manifest, text, error));
    assert_string_equal(error, expected);
    assert_int_equal(manifest.count, 0);
    assert_null(manifest.files);
}

#define BASE "file a.aof.2.base.rdb seq 2 type b\n"
#define INCREMENT "file a.aof.5.incr.aof seq 5 type i\n"
#define HISTORY "file a.aof.1.base.rdb seq 1 type h\n"

static void what_redis_writes_is_read(void **state) {
    (void)state;
    assert_reads_as(BASE INCREMENT, BASE INCREMENT);
    assert_reads_as(INCREMENT, INCREMENT);
    assert_reads_as(INCREMENT HISTORY BASE, BASE HISTORY INCREMENT);
    assert_reads_as("# a comment\n" BASE "#\n" INCREMENT, BASE INCREMENT);
    assert_reads_as("file b seq 1 type b startoffset 0 endoffset 17\n", "file b seq 1 type b\n");
    assert_reads_as("type i seq 9 file x\n", "file x seq 9 type i\n");
    assert_reads_as("  file \"a\\x20\\\"b\" seq 1 type b\r\n", "file \"a \\\"b\" seq 1 type b\n");
}

static void what_is_wrong_is_refused_with_its_line(void **state) {
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", "line 0: the file is empty"},
        {BASE "file x seq 1 type i", "line 2: the line does not end"},
        {"\n", "line 1: pairs of keys and values were expected"},
        {"file x seq 1\n", "line 1: pairs of keys and values were expected"},
        {"file x seq 1 type i more\n", "line 1: pairs of keys and values were expected"},
        {"file \"x seq 1 type b\n", "line 1: a quote is not closed"},
        {"name x seq 1 type b\n", "line 1: the name of a file was expected"},
        {"file \"\" seq 1 type b\n", "line 1: the name of a file was expected"},
        {"file ../x seq 1 type b\n", "line 1: the name of a file was expected"},
        {"file .. seq 1 type b\n", "line 1: the name of a file was expected"},
        {"file x seq 0 type b\n", "line 1: a sequence number was expected"},
        {"file x seq -1 type b\n", "line 1: a sequence number was expected"},
        {"file x seq 99999999999999999999 type b\n", "line 1: a sequence number was expected"},
        {"file x number 1 type b\n", "line 1: a sequence number was expected"},
        {"file x seq 1 type q\n", "line 1: type b, h or i was expected"},
        {"file x seq 1 type base\n", "line 1: type b, h or i was expected"},
        {"file x seq 1 kind b\n", "line 1: type b, h or i was expected"},
        {BASE BASE, "line 2: there is a base already"},
        {INCREMENT INCREMENT, "line 2: sequence numbers do not grow"},
        {INCREMENT "file y seq 4 type i\n", "line 2: sequence numbers do not grow"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_refused(bytes_of_str(cases[i].text), cases[i].expected);
    assert_refused(BYTES("file a\0b seq 1 type b\n"), "line 1: text was expected");
}

static void a_line_that_is_too_long_is_refused(void **state) {
    (void)state;
    struct buffer text = {0};
    buffer_append_str(&text, "file ");
    for (int i = 0; i < 1024; i++) buffer_append_char(&text, 'x');
    buffer_append_str(&text, " seq 1 type b\n");
    assert_refused(buffer_bytes(&text), "line 1: the line is too long");
    buffer_destroy(&text);
}

static void every_name_survives_the_round_trip(void **state) {
    (void)state;
    char name[2] = {0};
    for (int byte = 1; byte < 256; byte++) {
        name[0] = (char)byte;
        if (byte == '/' || byte == '.') continue;
        struct aof_manifest manifest = {0}, again = {0};
        char error[AOF_MANIFEST_ERROR_MAX];
        aof_manifest_adopt_base(&manifest, name);
        assert_true(aof_manifest_parse(&again, bytes_of_str(format(&manifest)), error));
        assert_string_equal(aof_manifest_base(&again)->name, name);
        aof_manifest_destroy(&manifest);
        aof_manifest_destroy(&again);
    }
}

static void a_new_base_makes_what_it_holds_history(void **state) {
    (void)state;
    struct aof_manifest manifest = {0}, copy = {0};
    assert_string_equal(aof_manifest_add_increment(&manifest, "log")->name, "log.1.incr.aof");
    aof_manifest_rebase(&manifest, "log", AOF_BASE_RDB, 1)->bytes = 100;
    assert_string_equal(format(&manifest),
                        "file log.1.base.rdb seq 1 type b\nfile log.1.incr.aof seq 1 type i\n");
    aof_manifest_add_increment(&manifest, "log")->bytes = 7;
    aof_manifest_copy(&copy, &manifest);
    aof_manifest_rebase(&copy, "log", AOF_BASE_RDB, 2)->bytes = 50;
    assert_string_equal(format(&copy),
                        "file log.2.base.rdb seq 2 type b\nfile log.1.incr.aof seq 1 type h\n"
                        "file log.1.base.rdb seq 1 type h\nfile log.2.incr.aof seq 2 type i\n");
    assert_int_equal(aof_manifest_bytes(&copy), 57);
    assert_int_equal(aof_manifest_bytes(&manifest), 107);
    aof_manifest_drop_history(&copy);
    assert_string_equal(format(&copy),
                        "file log.2.base.rdb seq 2 type b\nfile log.2.incr.aof seq 2 type i\n");
    assert_string_equal(aof_manifest_last_increment(&copy)->name, "log.2.incr.aof");
    aof_manifest_destroy(&manifest);
    aof_manifest_destroy(&copy);
}

static void cut_and_changed_texts_never_break_the_reader(void **state) {
    static const char whole[] = BASE HISTORY INCREMENT;
    (void)state;
    char text[sizeof(whole)];
    for (size_t i = 0; i + 1 < sizeof(whole); i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct aof_manifest manifest = {0};
            char error[AOF_MANIFEST_ERROR_MAX];
            memcpy(text, whole, sizeof(whole));
            text[i] = (char)(text[i] ^ (1 << bit));
            if (aof_manifest_parse(&manifest, bytes_of(text, sizeof(whole) - 1), error))
                aof_manifest_destroy(&manifest);
            if (aof_manifest_parse(&manifest, bytes_of(text, i), error))
                aof_manifest_destroy(&manifest);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_redis_writes_is_read),
        cmocka_unit_test(what_is_wrong_is_refused_with_its_line),
        cmocka_unit_test(a_line_that_is_too_long_is_refused),
        cmocka_unit_test(every_name_survives_the_round_trip),
        cmocka_unit_test(a_new_base_makes_what_it_holds_history),
        cmocka_unit_test(cut_and_changed_texts_never_break_the_reader),
    };
    mem_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
