/* DUMP and RESTORE against an engine in process. */
#include "commands/keys/key_commands.h"
#include "commands/set/set_commands.h"
#include "commands/string/string_commands.h"
#include "data/database.h"
#include "data/rdb/rdb_writer.h"
#include "unit/support/command_fixture.h"

#include <stdio.h>
#include <stdlib.h>

static const struct command_list *const lists[] = {
    &key_exist_commands,  &key_expire_commands, &key_object_commands, &key_dump_commands,
    &string_get_commands, &string_set_commands, &set_member_commands, NULL,
};

static int set_up(void **state) {
    *state = fixture_new(lists);
    return 0;
}

static int tear_down(void **state) {
    fixture_free(*state);
    return 0;
}

/* "$5\r\nhello\r\n" without what is around the bytes; the caller frees them. */
static struct bytes dump(struct command_fixture *f, const char *line) {
    fixture_run(f, line);
    struct bytes raw = fixture_raw_reply(f);
    size_t head = bytes_index(raw, '\n') + 1;
    assert_int_equal(raw.data[0], '$');
    size_t len = raw.len - head - 2;
    return bytes_of(mem_dup(raw.data + head, len), len);
}

static void release(struct bytes payload) {
    mem_free((void *)(uintptr_t)payload.data);
}

static const char *restore(struct command_fixture *f, const char *key, const char *ttl,
                           struct bytes payload, const char *option) {
    struct bytes args[6] = {BYTES("RESTORE"), bytes_of_str(key), bytes_of_str(ttl), payload};
    size_t count = 4;
    struct bytes rest = bytes_of_str(option);
    while (bytes_next_word(&rest, ' ', &args[count])) count++;
    return fixture_run_args(f, args, count);
}

static void dump_of_an_absent_key_is_nil(void **state) {
    assert_reply(*state, "DUMP absent", "nil");
}

static void a_value_comes_back_under_another_key_with_events(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET k text EX 100");
    struct bytes payload = dump(f, "DUMP k");
    (void)fixture_events(f);
    assert_string_equal(restore(f, "n", "0", payload, ""), "OK");
    assert_events(f, "0:restore:n");
    assert_reply(f, "GET n", "\"text\"");
    assert_reply(f, "TTL n", "-1");
    release(payload);
}

static void an_existing_key_is_replaced_only_when_asked(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET k text");
    struct bytes payload = dump(f, "DUMP k");
    fixture_run(f, "SADD n a");
    assert_string_equal(restore(f, "n", "0", payload, ""),
                        "-BUSYKEY Target key name already exists.");
    assert_reply(f, "TYPE n", "set");
    (void)fixture_events(f);
    assert_string_equal(restore(f, "n", "0", payload, "REPLACE"), "OK");
    assert_events(f, "0:restore:n");
    assert_reply(f, "GET n", "\"text\"");
    release(payload);
}

static void times_are_spans_or_moments(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET k text");
    struct bytes payload = dump(f, "DUMP k");
    restore(f, "span", "1500", payload, "");
    assert_reply(f, "PTTL span", "1500");
    restore(f, "moment", "1700000001000", payload, "ABSTTL");
    assert_reply(f, "PTTL moment", "1000");
    fixture_advance_ms(f, 1200);
    assert_reply(f, "EXISTS span moment", "1");
    release(payload);
}

static void a_moment_that_has_passed_leaves_no_key(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET k text");
    struct bytes payload = dump(f, "DUMP k");
    (void)fixture_events(f);
    assert_string_equal(restore(f, "n", "5", payload, "ABSTTL"), "OK");
    assert_events(f, "");
    assert_reply(f, "EXISTS n", "0");
    assert_string_equal(restore(f, "k", "5", payload, "ABSTTL REPLACE"), "OK");
    assert_events(f, "0:del:k");
    assert_reply(f, "EXISTS k", "0");
    release(payload);
}

static void a_time_beyond_the_clock_is_refused(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET k text");
    struct bytes payload = dump(f, "DUMP k");
    assert_string_equal(restore(f, "n", "9223372036854775807", payload, ""),
                        "-ERR invalid expire time in 'restore' command");
    assert_string_equal(restore(f, "n", "-1", payload, ""), "-ERR Invalid TTL value, must be >= 0");
    release(payload);
}

static void broken_payloads_change_nothing(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET k text");
    struct bytes payload = dump(f, "DUMP k");
    (void)fixture_events(f);
    assert_string_equal(restore(f, "k", "0", bytes_of(payload.data, payload.len - 1), "REPLACE"),
                        "-ERR DUMP payload version or checksum are wrong");
    assert_string_equal(restore(f, "k", "0", BYTES(""), "REPLACE"),
                        "-ERR DUMP payload version or checksum are wrong");
    assert_events(f, "");
    assert_reply(f, "GET k", "\"text\"");
    release(payload);
}

/* The bytes with the footer of a payload. */
static const char *restore_body(struct command_fixture *f, struct bytes body) {
    struct rdb_writer writer;
    rdb_writer_init(&writer, &(struct rdb_writer_settings){.is_checksumming = true});
    rdb_write_raw(&writer, body);
    rdb_write_raw(&writer, BYTES("\x0a\0"));
    rdb_write_i64(&writer, (int64_t)rdb_writer_crc(&writer));
    const char *reply = restore(f, "n", "0", rdb_writer_bytes(&writer), "");
    rdb_writer_destroy(&writer);
    return reply;
}

static void what_is_no_value_is_bad_data(void **state) {
    struct command_fixture *f = *state;
    assert_string_equal(restore_body(f, BYTES("\x00\x01x")), "OK");
    fixture_run(f, "DEL n");
    assert_string_equal(restore_body(f, BYTES("\x00\x01xy")), "-ERR Bad data format");
    assert_string_equal(restore_body(f, BYTES("")), "-ERR Bad data format");
    assert_string_equal(restore_body(f, BYTES("\x02\x01")), "-ERR Bad data format");
    assert_string_equal(restore_body(f, BYTES("\x0f\x00\x01\x00\x00\x00")), "-ERR Bad data format");
    assert_string_equal(restore_body(f, BYTES("\x07\x01\x00")), "-ERR Bad data format");
    assert_string_equal(restore_body(f, BYTES("\xfe\x00")), "-ERR Bad data format");
    assert_reply(f, "EXISTS n", "0");
}

static void idle_time_and_frequency_are_taken_under_their_policy(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET k text");
    struct bytes payload = dump(f, "DUMP k");
    restore(f, "i", "0", payload, "IDLETIME 100");
    assert_reply(f, "OBJECT IDLETIME i", "100");
    restore(f, "f", "0", payload, "FREQ 77");
    assert_reply(f, "OBJECT IDLETIME f", "0");
    f->engine->keyspace->access.is_lfu = true;
    restore(f, "g", "0", payload, "FREQ 77");
    assert_reply(f, "OBJECT FREQ g", "77");
    assert_string_equal(restore(f, "h", "0", payload, "FREQ 256"),
                        "-ERR Invalid FREQ value, must be >= 0 and <= 255");
    assert_string_equal(restore(f, "h", "0", payload, "IDLETIME"), "-ERR syntax error");
    release(payload);
}

static void compression_can_be_turned_off(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "SET k aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    struct bytes compressed = dump(f, "DUMP k");
    f->engine->keyspace->is_rdb_compressed = false;
    struct bytes plain = dump(f, "DUMP k");
    assert_true(compressed.len < plain.len);
    assert_string_equal(restore(f, "n", "0", plain, ""), "OK");
    release(compressed);
    compressed = dump(f, "DUMP n");
    assert_true(bytes_equal(plain, compressed));
    release(compressed);
    release(plain);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(dump_of_an_absent_key_is_nil),
        TEST(a_value_comes_back_under_another_key_with_events),
        TEST(an_existing_key_is_replaced_only_when_asked),
        TEST(times_are_spans_or_moments),
        TEST(a_moment_that_has_passed_leaves_no_key),
        TEST(a_time_beyond_the_clock_is_refused),
        TEST(broken_payloads_change_nothing),
        TEST(what_is_no_value_is_bad_data),
        TEST(idle_time_and_frequency_are_taken_under_their_policy),
        TEST(compression_can_be_turned_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
