#include "services/persistence/aof_reader.h"

#include "foundation/buffer.h"
#include "io/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define SET "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"
#define MULTI "*1\r\n$5\r\nMULTI\r\n"
#define EXEC "*1\r\n$4\r\nEXEC\r\n"

enum { SET_LEN = sizeof(SET) - 1, MULTI_LEN = sizeof(MULTI) - 1, EXEC_LEN = sizeof(EXEC) - 1 };

/* A file in memory that holds the bytes. */
static int make_file(struct bytes bytes) {
    int fd = memfd_create("log", MFD_CLOEXEC);
    assert_true(fd != -1 && file_write(fd, bytes));
    return fd;
}

struct reading {
    enum aof_read how;
    size_t commands;
    uint64_t safe_offset;
    char error[AOF_READER_ERROR_MAX];
};

static struct reading read_all(struct bytes bytes, uint64_t offset) {
    struct reading reading = {0};
    struct aof_reader reader;
    int fd = make_file(bytes);
    assert_true(aof_reader_init(&reader, fd, offset));
    while ((reading.how = aof_reader_next(&reader)) == AOF_READ_COMMAND) {
        assert_true(reader.argc >= 1);
        reading.commands++;
    }
    reading.safe_offset = reader.safe_offset;
    if (reading.how != AOF_READ_END)
        (void)snprintf(reading.error, sizeof(reading.error), "%s", reader.error);
    aof_reader_destroy(&reader);
    file_close(fd);
    return reading;
}

static void assert_reading(struct bytes bytes, enum aof_read how, uint64_t safe_offset,
                           const char *error) {
    struct reading reading = read_all(bytes, 0);
    assert_string_equal(reading.error, error);
    assert_int_equal(reading.how, how);
    assert_true(reading.safe_offset == safe_offset);
}

static void commands_come_with_their_arguments(void **state) {
    (void)state;
    struct aof_reader reader;
    int fd = make_file(BYTES("skipped" SET "#TS:1700000000\r\n*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n"));
    assert_true(aof_reader_init(&reader, fd, 7));
    assert_int_equal(aof_reader_next(&reader), AOF_READ_COMMAND);
    assert_int_equal(reader.argc, 3);
    assert_true(bytes_equal(reader.args[0], BYTES("SET")));
    assert_true(reader.offset == 7 + SET_LEN && reader.safe_offset == reader.offset);
    assert_int_equal(aof_reader_next(&reader), AOF_READ_COMMAND);
    assert_int_equal(reader.argc, 2);
    assert_true(bytes_equal(reader.args[1], BYTES("k")));
    assert_int_equal(aof_reader_next(&reader), AOF_READ_END);
    assert_int_equal(aof_reader_next(&reader), AOF_READ_END);
    aof_reader_destroy(&reader);
    file_close(fd);
}

static void a_transaction_is_safe_when_its_exec_is_there(void **state) {
    (void)state;
    assert_reading(BYTES(""), AOF_READ_END, 0, "");
    assert_reading(BYTES(SET MULTI SET EXEC), AOF_READ_END, 2 * SET_LEN + MULTI_LEN + EXEC_LEN, "");
    assert_reading(BYTES(SET MULTI SET), AOF_READ_TORN, SET_LEN,
                   "offset 69: expected the EXEC of a transaction, found the end of the file after "
                   "0 bytes");
    assert_reading(BYTES(SET MULTI SET "*1\r\n$4\r\nEX"), AOF_READ_TORN, SET_LEN,
                   "offset 69: expected a whole command, found the end of the file after 10 bytes");
    assert_reading(BYTES(SET "#TS"), AOF_READ_TORN, SET_LEN,
                   "offset 27: expected a line that begins with '#', found the end of the file "
                   "after 3 bytes");
}

static void what_no_server_writes_is_malformed(void **state) {
    (void)state;
    assert_reading(BYTES(SET "\0\0\0\0"), AOF_READ_MALFORMED, SET_LEN,
                   "offset 27: expected '*', a command, found the byte 0x00");
    assert_reading(BYTES("SET k v\r\n"), AOF_READ_MALFORMED, 0,
                   "offset 0: expected '*', a command, found the byte 0x53");
    assert_reading(BYTES("*0\r\n"), AOF_READ_MALFORMED, 0,
                   "offset 0: expected a command, found one without a name");
    assert_reading(BYTES("*1\r\n$4\r\nPING\r\r"), AOF_READ_MALFORMED, 0,
                   "offset 0: expected a command, found one with a fault: line ends that are not "
                   "in place");
    assert_reading(BYTES("*1\r\n:4\r\n"), AOF_READ_MALFORMED, 0,
                   "offset 0: expected a command, found one with a fault: Protocol error: "
                   "expected '$', got ':'");
}

static void arguments_longer_than_the_buffer_are_read(void **state) {
    (void)state;
    enum { LONG_LEN = 100 * 1000 };
    struct buffer log = {0};
    buffer_printf(&log, SET "*2\r\n$4\r\nECHO\r\n$%d\r\n", LONG_LEN);
    memset(buffer_room(&log, LONG_LEN), 'x', LONG_LEN);
    buffer_commit(&log, LONG_LEN);
    buffer_append_str(&log, "\r\n" SET);
    struct reading reading = read_all(buffer_bytes(&log), 0);
    assert_string_equal(reading.error, "");
    assert_int_equal(reading.commands, 3);
    buffer_destroy(&log);
}

/* --- a log of a real redis-server --- */

enum { LOG_MAX_BYTES = 4096 };

static size_t read_golden(char log[LOG_MAX_BYTES]) {
    FILE *file = fopen("tests/golden/appendonlydir/appendonly.aof.1.incr.aof", "r");
    assert_non_null(file);
    size_t len = fread(log, 1, LOG_MAX_BYTES, file);
    fclose(file);
    assert_true(len > 0 && len < LOG_MAX_BYTES);
    return len;
}

/* Marks the offsets behind which a file may end, as lines tell: a rule of its own. */
static void mark_ends(const char *log, size_t len, bool ends[LOG_MAX_BYTES + 1]) {
    bool is_in_transaction = false;
    size_t lines_left = 0;
    ends[0] = true;
    for (size_t at = 0; at < len;) {
        size_t next = at + bytes_index(bytes_of(log + at, len - at), '\n') + 1;
        if (log[at] == '*' && lines_left == 0)
            lines_left = 2 * strtoul(log + at + 1, NULL, 10);
        else if (lines_left > 0)
            lines_left--;
        if (lines_left > 0 && log[at] == '$') {
            size_t bulk_len = strtoul(log + at + 1, NULL, 10);
            if (strncmp(log + next, "MULTI\r", 6) == 0) is_in_transaction = true;
            if (strncmp(log + next, "EXEC\r", 5) == 0) is_in_transaction = false;
            next += bulk_len + 2;
            lines_left--;
        }
        at = next;
        ends[at] = lines_left == 0 && !is_in_transaction;
    }
}

static void a_log_torn_anywhere_is_safe_up_to_the_last_whole_command(void **state) {
    (void)state;
    static char log[LOG_MAX_BYTES];
    static bool ends[LOG_MAX_BYTES + 1];
    size_t len = read_golden(log);
    uint64_t longest = 0;
    mark_ends(log, len, ends);
    for (size_t cut = 0; cut <= len; cut++) {
        if (ends[cut]) longest = cut;
        struct reading reading = read_all(bytes_of(log, cut), 0);
        assert_true(reading.safe_offset == longest);
        assert_int_equal(reading.how, ends[cut] ? AOF_READ_END : AOF_READ_TORN);
    }
    assert_true(longest == len);
    assert_int_equal(read_all(bytes_of(log, len), 0).commands, 16);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_come_with_their_arguments),
        cmocka_unit_test(a_transaction_is_safe_when_its_exec_is_there),
        cmocka_unit_test(what_no_server_writes_is_malformed),
        cmocka_unit_test(arguments_longer_than_the_buffer_are_read),
        cmocka_unit_test(a_log_torn_anywhere_is_safe_up_to_the_last_whole_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
