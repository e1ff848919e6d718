#include "io/output.h"

#include "foundation/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct event_loop *loop;
static struct connection connection;
static struct output_batch batch;
static struct output output;
static struct buffer expected;
static struct buffer received;
static int peer_fd;
static int released;
static char large[300 * 1000];

static void flush_when_ready(struct event_source *source, uint32_t events) {
    if ((events & EVENT_WRITABLE) == 0) return;
    enum io_result result = output_flush(&output, connection_of_source(source));
    assert_true(result == IO_OK || result == IO_AGAIN);
}

static int set_up(void **state) {
    (void)state;
    int fds[2];
    int small = 1;
    loop = event_loop_new();
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0) return -1;
    setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    peer_fd = fds[1];
    released = 0;
    for (size_t i = 0; i < sizeof large; i++) large[i] = (char)(i * 31 % 251);
    return connection_init(&connection, loop, fds[0], flush_when_ready) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    output_destroy(&output);
    output_batch_destroy(&batch);
    buffer_destroy(&expected);
    buffer_destroy(&received);
    connection_close(&connection);
    if (peer_fd >= 0) close(peer_fd);
    event_loop_free(loop);
    return 0;
}

static void append(const void *data, size_t len) {
    output_append(&output, data, len);
    buffer_append(&expected, data, len);
}

static void count_release(void *owner) {
    (*(int *)owner)++;
}

static void append_block(const void *data, size_t len) {
    output_append_block(
        &output, (struct output_block){
                     .data = data, .len = len, .release = count_release, .owner = &released});
    buffer_append(&expected, data, len);
}

static void receive_some(void) {
    ssize_t count = read(peer_fd, buffer_room(&received, 65536), 65536);
    if (count > 0) buffer_commit(&received, (size_t)count);
    if (count < 0) assert_int_equal(errno, EAGAIN);
}

static void assert_all_arrives(void) {
    receive_some();
    for (int i = 0; i < 100000 && received.len < expected.len; i++) {
        event_loop_run_once(loop, 0);
        receive_some();
    }
    assert_int_equal(received.len, expected.len);
    assert_memory_equal(received.data, expected.data, expected.len);
    event_loop_run_once(loop, 0);
    assert_int_equal(output_pending_bytes(&output), 0);
    assert_int_equal(output_used_bytes(&output), 0);
    assert_int_equal(output.node_count, 0);
    assert_int_equal(connection.source.interest, EVENT_READABLE);
}

static void a_settled_batch_arrives_and_leaves_the_connection_without_memory(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        output_lend(&output, &batch);
        append("+OK\r\n", 5);
        assert_int_equal(output_pending_bytes(&output), 5);
        assert_int_equal(output_settle(&output, &connection), IO_OK);
        assert_int_equal(output_pending_bytes(&output), 0);
        assert_int_equal(output_used_bytes(&output), 0);
    }
    assert_all_arrives();
    output_lend(&output, &batch);
    assert_int_equal(output_settle(&output, &connection), IO_OK);
}

static void what_the_socket_does_not_take_follows_in_order(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        output_lend(&output, &batch);
        append(large, sizeof large);
        append(&i, sizeof i);
        assert_int_equal(output_settle(&output, &connection), IO_AGAIN);
        assert_int_equal(connection.source.interest, EVENT_READABLE | EVENT_WRITABLE);
    }
    assert_true(output_pending_bytes(&output) > 0);
    assert_all_arrives();
}

static void blocks_go_between_the_bytes_and_are_released_once_sent(void **state) {
    (void)state;
    output_lend(&output, &batch);
    for (int i = 0; i < 100; i++) {
        append("$3\r\n", 4);
        append_block(large + i, 2000 + (size_t)i);
        append("\r\n", 2);
    }
    append_block(large, sizeof large);
    assert_int_equal(output_pending_bytes(&output), expected.len);
    assert_int_equal(output_settle(&output, &connection), IO_AGAIN);
    assert_true(released < 101);
    assert_all_arrives();
    assert_int_equal(released, 101);
}

static void bytes_and_blocks_written_without_a_batch_arrive_too(void **state) {
    (void)state;
    append("a", 1);
    assert_int_equal(output_used_bytes(&output), OUTPUT_FIRST_CHUNK_BYTES);
    append_block(large, 40000);
    append(large, 5000);
    append("", 0);
    char *room = output_room(&output, 20000);
    memcpy(room, large, 20000);
    output_commit(&output, 19999);
    buffer_append(&expected, large, 19999);
    assert_int_equal(output_pending_bytes(&output), expected.len);
    enum io_result result = output_flush(&output, &connection);
    assert_true(result == IO_OK || result == IO_AGAIN);
    assert_all_arrives();
    assert_int_equal(released, 1);
}

static void a_kept_batch_is_sent_by_a_later_flush(void **state) {
    (void)state;
    output_lend(&output, &batch);
    append("one", 3);
    append_block(large, 100);
    append("two", 3);
    output_keep(&output);
    receive_some();
    assert_int_equal(received.len, 0);
    output_lend(&output, &batch);
    append("three", 5);
    output_keep(&output);
    assert_int_equal(output_pending_bytes(&output), 111);
    assert_int_equal(output_flush(&output, &connection), IO_OK);
    assert_all_arrives();
}

static void a_flush_of_some_sends_the_first_bytes_and_no_more(void **state) {
    static const size_t steps[] = {1, 2, 100, 4};
    (void)state;
    output_lend(&output, &batch);
    append("one", 3);
    append_block(large, 100);
    append("five", 4);
    output_keep(&output);
    size_t sent = 0;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        assert_int_equal(output_flush_some(&output, &connection, steps[i]), IO_OK);
        assert_int_equal(connection.source.interest & EVENT_WRITABLE, 0);
        sent += steps[i];
        receive_some();
        assert_int_equal(received.len, sent);
        assert_int_equal(output_pending_bytes(&output), 107 - sent);
    }
    assert_all_arrives();
    assert_int_equal(released, 1);
}

static void a_header_is_inserted_at_its_mark_and_moves_what_follows(void **state) {
    (void)state;
    output_lend(&output, &batch);
    output_append(&output, "begin ", 6);
    size_t outer = output_mark(&output);
    output_append(&output, "x", 1);
    size_t inner = output_mark(&output);
    output_append_block(&output, (struct output_block){.data = "BLOCK", .len = 5});
    output_append(&output, "y", 1);
    output_insert(&output, inner, "<inner>", 7);
    output_insert(&output, outer, "<outer>", 7);
    buffer_append_str(&expected, "begin <outer>x<inner>BLOCKy");
    assert_int_equal(output_settle(&output, &connection), IO_OK);
    assert_all_arrives();
}

static void destroying_releases_every_block_once(void **state) {
    (void)state;
    append_block(large, 10);
    output_lend(&output, &batch);
    append_block(large, 10);
    append("x", 1);
    append_block(large, 0);
    assert_int_equal(released, 1);
    output_destroy(&output);
    assert_int_equal(released, 3);
    assert_int_equal(output_pending_bytes(&output), 0);
    assert_int_equal(batch.bytes.len, 0);
    assert_null(output.batch);
}

static void a_peer_that_is_gone_is_reported_and_blocks_are_released(void **state) {
    (void)state;
    close(peer_fd);
    peer_fd = -1;
    output_lend(&output, &batch);
    append_block(large, 10);
    append("x", 1);
    assert_int_equal(output_settle(&output, &connection), IO_CLOSED);
    assert_null(output.batch);
    output_destroy(&output);
    assert_int_equal(released, 1);
    append("x", 1);
    assert_int_equal(output_flush(&output, &connection), IO_CLOSED);
}

static void a_block_right_behind_the_one_before_it_becomes_one_with_it(void **state) {
    (void)state;
    for (size_t i = 0; i < 1000; i++) append_block(large + 100 * i, 100);
    assert_int_equal(output.node_count, 1);
    assert_int_equal(released, 999);
    append_block(large, 100); /* lies elsewhere */
    append("x", 1);
    append_block(large + 100, 100); /* not behind the last */
    assert_int_equal(output.node_count, 4);
    assert_int_equal(output_flush(&output, &connection), IO_AGAIN);
    append_block(large + 200, 300); /* the one before it may be under way */
    assert_all_arrives();
    assert_int_equal(released, 1003);
}

static void a_batch_that_grew_large_gives_its_memory_back(void **state) {
    (void)state;
    char *huge = calloc(1, 2 * OUTPUT_BATCH_KEPT_BYTES);
    output_lend(&output, &batch);
    append(huge, 2 * OUTPUT_BATCH_KEPT_BYTES);
    assert_int_equal(output_settle(&output, &connection), IO_AGAIN);
    assert_int_equal(batch.bytes.cap, 0);
    free(huge);
    assert_all_arrives();
}

int main(void) {
    mem_start();
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_settled_batch_arrives_and_leaves_the_connection_without_memory),
        TEST(what_the_socket_does_not_take_follows_in_order),
        TEST(blocks_go_between_the_bytes_and_are_released_once_sent),
        TEST(bytes_and_blocks_written_without_a_batch_arrive_too),
        TEST(a_kept_batch_is_sent_by_a_later_flush),
        TEST(a_flush_of_some_sends_the_first_bytes_and_no_more),
        TEST(a_header_is_inserted_at_its_mark_and_moves_what_follows),
        TEST(destroying_releases_every_block_once),
        TEST(a_peer_that_is_gone_is_reported_and_blocks_are_released),
        TEST(a_block_right_behind_the_one_before_it_becomes_one_with_it),
        TEST(a_batch_that_grew_large_gives_its_memory_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
