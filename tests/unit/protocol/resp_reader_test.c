#include "protocol/resp_reader.h"

#include "foundation/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* A message and what it must be read as: the words parted by '|', requests by a line end. */
struct example {
    struct bytes stream;
    const char *requests;
};

static const struct example examples[] = {
    {BYTES("*1\r\n$4\r\nPING\r\n"), "PING\n"},
    {BYTES("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhallo\r\n"), "SET|k|hallo\n"},
    {BYTES("*2\r\n$3\r\nGET\r\n$0\r\n\r\n"), "GET|\n"},
    {BYTES("*2\r\n$3\r\nGET\r\n$11\r\na\r\n$3\r\nxy\r\n\r\n"), "GET|a\r\n$3\r\nxy\r\n\n"},
    {BYTES("*0\r\n*-1\r\n*-5\r\n\r\n\n  \r\n*1\r\n$1\r\nx\r\n"), "x\n"},
    {BYTES("*1\rX$4\rYPINGZZ*1\r\n$1\r\na\r\n"), "PING\na\n"},
    {BYTES("PING\r\nSET k \"a b\"\n*1\r\n$1\r\nx\r\nECHO '\\''\r\n"),
     "PING\nSET|k|a b\nx\nECHO|'\n"},
    {BYTES("*12\r\n$1\r\n0\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n$1\r\n5\r\n$1\r\n6\r\n$"
           "1\r\n7"
           "\r\n$1\r\n8\r\n$1\r\n9\r\n$1\r\na\r\n$1\r\nb\r\n"),
     "0|1|2|3|4|5|6|7|8|9|a|b\n"},
    {BYTES("PING\r\r\n"), "PING\n"},
};

static struct resp_limits limits;
static struct resp_reader reader;
static struct resp_arguments arguments;

static int set_up(void **state) {
    (void)state;
    limits = resp_limits_default();
    reader = (struct resp_reader){0};
    arguments = (struct resp_arguments){0};
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    resp_reader_destroy(&reader);
    resp_arguments_destroy(&arguments);
    return 0;
}

static size_t describe(char *out, const struct resp_request *request) {
    size_t len = 0;
    for (size_t i = 0; i < request->argc; i++) {
        struct bytes argument = resp_arguments_of(&arguments, request)[i];
        if (i > 0) out[len++] = '|';
        if (argument.len > 0) memcpy(out + len, argument.data, argument.len);
        len += argument.len;
    }
    if (request->argc > 0) out[len++] = '\n';
    return len;
}

/* Reads what the first `len` bytes from `*at` on hold; each reading sees a copy of its own, so that
 * nothing may depend on the address. */
static size_t read_requests(const char *stream, size_t len, size_t *at, char *out) {
    size_t written = 0;
    while (*at < len) {
        size_t rest = len - *at;
        char *copy = malloc(rest);
        memcpy(copy, stream + *at, rest);
        struct resp_request request;
        enum resp_status status = resp_read(&reader, copy, rest, &limits, &arguments, &request);
        assert_int_not_equal(status, RESP_MALFORMED);
        if (status == RESP_DONE) written += describe(out + written, &request);
        if (status == RESP_NEED_MORE) assert_true(request.wanted_bytes >= 1);
        resp_arguments_reset(&arguments);
        free(copy);
        if (status == RESP_NEED_MORE) break;
        assert_true(request.consumed >= 1 && request.consumed <= rest);
        *at += request.consumed;
    }
    return written;
}

static void assert_read_in_steps(const struct example *example, const size_t *ends, size_t count) {
    char out[512];
    size_t written = 0;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        written += read_requests(example->stream.data, ends[i], &at, out + written);
    }
    assert_int_equal(at, example->stream.len);
    assert_int_equal(written, strlen(example->requests));
    assert_memory_equal(out, example->requests, written);
    assert_null(reader.progress);
}

static void every_message_is_read_whole_and_byte_by_byte(void **state) {
    (void)state;
    for (size_t e = 0; e < ARRAY_LEN(examples); e++) {
        size_t ends[256];
        size_t len = examples[e].stream.len;
        for (size_t i = 0; i < len; i++) ends[i] = i + 1;
        assert_read_in_steps(&examples[e], ends, len);
        assert_read_in_steps(&examples[e], &len, 1);
    }
}

static void every_message_is_read_at_every_two_splits(void **state) {
    (void)state;
    for (size_t e = 0; e < ARRAY_LEN(examples); e++) {
        size_t len = examples[e].stream.len;
        for (size_t i = 1; i < len; i++) {
            for (size_t j = i; j < len; j++) {
                size_t ends[] = {i, j, len};
                assert_read_in_steps(&examples[e], ends, 3);
            }
        }
    }
}

/* Reads requests until one is malformed and compares its text. */
static void assert_refused(struct bytes stream, const char *text) {
    char out[RESP_ERROR_TEXT_MAX];
    struct resp_request request;
    size_t at = 0;
    enum resp_status status = RESP_DONE;
    while (status == RESP_DONE && at < stream.len) {
        status =
            resp_read(&reader, stream.data + at, stream.len - at, &limits, &arguments, &request);
        at += request.consumed;
    }
    assert_int_equal(status, RESP_MALFORMED);
    assert_null(reader.progress);
    size_t len = resp_error_format(&request, out);
    assert_int_equal(len, strlen(text));
    assert_string_equal(out, text);
}

static void assert_unfinished(struct bytes stream, size_t wanted_bytes) {
    struct resp_request request;
    assert_int_equal(resp_read(&reader, stream.data, stream.len, &limits, &arguments, &request),
                     RESP_NEED_MORE);
    assert_int_equal(request.wanted_bytes, wanted_bytes);
    assert_int_equal(arguments.count, 0);
    resp_reader_destroy(&reader);
}

static void wrong_counts_are_refused_with_redis_texts(void **state) {
    (void)state;
    static const char *const wrong[] = {"*\r\n",           "*+1\r\n",  "*01\r\n",
                                        "*-0\r\n",         "*abc\r\n", "* 1\r\n",
                                        "*2147483648\r\n", "*1\n\r\n", "*99999999999999999999\r\n"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_refused(bytes_of_str(wrong[i]), "Protocol error: invalid multibulk length");
    }
    static const char *const wrong_bulks[] = {"$-1", "$a", "$", "$01", "$536870913", "$ 1", "$1x"};
    for (size_t i = 0; i < ARRAY_LEN(wrong_bulks); i++) {
        char stream[64];
        int len = snprintf(stream, sizeof stream, "*1\r\n%s\r\n", wrong_bulks[i]);
        assert_refused(bytes_of(stream, (size_t)len), "Protocol error: invalid bulk length");
    }
}

static void anything_but_a_bulk_is_refused_with_the_byte_found(void **state) {
    (void)state;
    assert_refused(BYTES("*1\r\n:1\r\n"), "Protocol error: expected '$', got ':'");
    assert_refused(BYTES("*1\r\n\r\n"), "Protocol error: expected '$', got ' '");
    assert_refused(BYTES("*1\r\n\n\r\n"), "Protocol error: expected '$', got ' '");
    assert_refused(BYTES("*1\r\n\xff\r\n"), "Protocol error: expected '$', got '\xff'");
    assert_unfinished(BYTES("*1\r\nx"), 1);
}

static void unbalanced_quotes_are_refused(void **state) {
    (void)state;
    static const char *const lines[] = {"ping \"\n", "ping 'a\r\n", "ping \"a\"b\n"};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        assert_refused(bytes_of_str(lines[i]), "Protocol error: unbalanced quotes in request");
    }
}

static void lines_longer_than_the_limit_are_refused(void **state) {
    (void)state;
    size_t max = RESP_MAX_INLINE_BYTES;
    char *line = malloc(max + 16);
    memset(line, '1', max + 16);
    assert_unfinished(bytes_of(line, max), 1);
    assert_refused(bytes_of(line, max + 1), "Protocol error: too big inline request");
    line[0] = '*';
    assert_unfinished(bytes_of(line, max), 1);
    assert_refused(bytes_of(line, max + 1), "Protocol error: too big mbulk count string");
    memcpy(line, "*1\r\n$", 5);
    assert_unfinished(bytes_of(line, max + 4), 1);
    assert_refused(bytes_of(line, max + 5), "Protocol error: too big bulk count string");
    free(line);
}

static void a_restricted_peer_gets_few_and_short_arguments(void **state) {
    (void)state;
    limits.is_restricted = true;
    assert_refused(BYTES("*11\r\n"), "Protocol error: unauthenticated multibulk length");
    assert_refused(BYTES("*1\r\n$16385\r\n"), "Protocol error: unauthenticated bulk length");
    assert_refused(BYTES("*1\r\n$99999999999\r\n"), "Protocol error: invalid bulk length");
    assert_unfinished(BYTES("*10\r\n"), 1);
    assert_unfinished(BYTES("*1\r\n$16384\r\n"), 16386);
    struct resp_request request;
    struct bytes ping = BYTES("*1\r\n$4\r\nPING\r\n");
    assert_int_equal(resp_read(&reader, ping.data, ping.len, &limits, &arguments, &request),
                     RESP_DONE);
    assert_int_equal(request.argc, 1);
}

static void limits_of_the_caller_are_kept(void **state) {
    (void)state;
    limits.max_bulk_bytes = 3;
    limits.max_arguments = 2;
    assert_refused(BYTES("*1\r\n$4\r\nPING\r\n"), "Protocol error: invalid bulk length");
    assert_refused(BYTES("*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n"),
                   "Protocol error: invalid multibulk length");
}

static void an_announced_size_allocates_nothing(void **state) {
    (void)state;
    struct bytes stream = BYTES("*2147483647\r\n$536870912\r\nabc");
    struct resp_request request;
    assert_int_equal(resp_read(&reader, stream.data, stream.len, &limits, &arguments, &request),
                     RESP_NEED_MORE);
    assert_int_equal(request.wanted_bytes, 536870912 + 2 - 3);
    assert_true(resp_reader_used_bytes(&reader) < 1024);
    assert_true(arguments.cap <= 64);
}

static void only_exact_line_ends_make_a_request_plain(void **state) {
    (void)state;
    static const struct {
        const char *stream;
        bool is_plain;
    } cases[] = {
        {"*1\r\n$1\r\na\r\n", true},
        {"*1\r\n$1\r\na\rx", false},
        {"*1\rx$1\r\na\r\n", false},
        {"*1\r\n$1\rxa\r\n", false},
        {"a\r\n", false},
        {"*0\r\n", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (int is_restricted = 0; is_restricted < 2; is_restricted++) {
            limits.is_restricted = is_restricted;
            struct bytes stream = bytes_of_str(cases[i].stream);
            struct resp_request request;
            assert_int_equal(
                resp_read(&reader, stream.data, stream.len, &limits, &arguments, &request),
                RESP_DONE);
            assert_int_equal(request.is_plain, cases[i].is_plain);
            assert_int_equal(request.is_inline, stream.data[0] == 'a');
        }
    }
}

static void several_requests_stand_side_by_side(void **state) {
    (void)state;
    struct bytes stream = BYTES("*2\r\n$1\r\na\r\n$1\r\nb\r\nc d\r\n*1\r\n$1\r\ne\r\n");
    struct resp_request requests[3];
    size_t at = 0;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(resp_read(&reader, stream.data + at, stream.len - at, &limits, &arguments,
                                   &requests[i]),
                         RESP_DONE);
        at += requests[i].consumed;
    }
    static const char *const words[] = {"a", "b", "c", "d", "e"};
    assert_int_equal(arguments.count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_true(bytes_equal(arguments.items[i], bytes_of_str(words[i])));
    }
    assert_int_equal(requests[1].first, 2);
    assert_true(requests[1].is_inline);
    assert_int_equal(requests[2].first, 4);
}

/* What is understood is not read again: a million arguments that come one by one would otherwise
 * take the limit of the test run many times over. */
static void a_million_arguments_arrive_one_by_one(void **state) {
    (void)state;
    enum { COUNT = 1000 * 1000, ARGUMENT_LEN = 6 };
    char header[] = "*1000000\r\n";
    size_t header_len = sizeof header - 1;
    char *stream = malloc(header_len + (size_t)COUNT * ARGUMENT_LEN);
    memcpy(stream, header, header_len);
    struct resp_request request;
    size_t len = header_len;
    for (int i = 0; i < COUNT; i++) {
        enum resp_status status = resp_read(&reader, stream, len, &limits, &arguments, &request);
        assert_true(status == RESP_NEED_MORE);
        assert_true(resp_reader_argument_count(&reader) == (size_t)i);
        memcpy(stream + len, "$0\r\n\r\n", ARGUMENT_LEN);
        len += ARGUMENT_LEN;
    }
    assert_int_equal(resp_read(&reader, stream, len, &limits, &arguments, &request), RESP_DONE);
    assert_int_equal(request.argc, COUNT);
    assert_int_equal(request.consumed, len);
    assert_int_equal(resp_reader_used_bytes(&reader), 0);
    free(stream);
    resp_arguments_reset(&arguments);
    assert_int_equal(arguments.cap, 0); /* room for so many is not kept */
    struct bytes ping = BYTES("*1\r\n$4\r\nPING\r\n");
    assert_int_equal(resp_read(&reader, ping.data, ping.len, &limits, &arguments, &request),
                     RESP_DONE);
    size_t cap = arguments.cap;
    resp_arguments_reset(&arguments);
    assert_int_equal(arguments.cap, cap);
}

int main(void) {
    mem_start();
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_message_is_read_whole_and_byte_by_byte),
        TEST(every_message_is_read_at_every_two_splits),
        TEST(wrong_counts_are_refused_with_redis_texts),
        TEST(anything_but_a_bulk_is_refused_with_the_byte_found),
        TEST(unbalanced_quotes_are_refused),
        TEST(lines_longer_than_the_limit_are_refused),
        TEST(a_restricted_peer_gets_few_and_short_arguments),
        TEST(limits_of_the_caller_are_kept),
        TEST(an_announced_size_allocates_nothing),
        TEST(only_exact_line_ends_make_a_request_plain),
        TEST(several_requests_stand_side_by_side),
        TEST(a_million_arguments_arrive_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
