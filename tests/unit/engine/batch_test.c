/* Batches: however a pipelined stream is cut, the replies and the data are the same. */
#include "engine/batch.h"

#include "unit/engine/sample_commands.h"
#include "unit/support/command_fixture.h"

#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* A peer: what it has sent and was not consumed, and all that it was answered. */
struct peer {
    struct command_fixture *fixture;
    struct batch batch;
    struct resp_reader reader;
    struct buffer input;
    struct buffer replies;
    enum batch_result result;
};

static void start_peer(struct peer *peer) {
    *peer = (struct peer){.fixture = fixture_new(sample_commands)};
}

static void stop_peer(struct peer *peer) {
    resp_reader_destroy(&peer->reader);
    batch_destroy(&peer->batch);
    buffer_destroy(&peer->input);
    buffer_destroy(&peer->replies);
    fixture_free(peer->fixture);
}

static void take_replies(struct peer *peer) {
    struct output_batch *batch = &peer->fixture->batch;
    assert_int_equal(batch->block_count, 0);
    buffer_append_bytes(&peer->replies, buffer_bytes(&batch->bytes));
    output_destroy(&peer->fixture->session.output);
}

/* Runs what has come as the network does. The bytes are run at an address of their own size, so that
 * a read past them is seen. */
static void run_input(struct peer *peer) {
    struct session *session = &peer->fixture->session;
    struct resp_limits limits = resp_limits_default();
    peer->result = BATCH_FULL;
    while (peer->result == BATCH_FULL && peer->input.len != 0) {
        size_t consumed, wanted_bytes = 0;
        char *copy = mem_dup(peer->input.data, peer->input.len);
        output_lend(&session->output, &peer->fixture->batch);
        peer->result = batch_run(&peer->batch, session, &peer->reader, &limits,
                                 bytes_of(copy, peer->input.len), &consumed, &wanted_bytes);
        take_replies(peer);
        assert_true(peer->result != BATCH_NEED_MORE || wanted_bytes >= 1);
        assert_true(peer->result != BATCH_EMPTY || consumed == peer->input.len);
        buffer_consume(&peer->input, consumed);
        mem_free(copy);
    }
}

static void send_bytes(struct peer *peer, struct bytes bytes) {
    if (bytes.len == 0 || peer->fixture->session.is_closing) return;
    buffer_append_bytes(&peer->input, bytes);
    run_input(peer);
}

static void send_str(struct peer *peer, const char *text) {
    send_bytes(peer, bytes_of_str(text));
}

#define assert_replies(peer, expected)                                                             \
    do {                                                                                           \
        assert_string_equal(buffer_c_str(&(peer)->replies), (expected));                           \
        buffer_clear(&(peer)->replies);                                                            \
    } while (0)

/* --- any cut --- */

static void add_request(struct buffer *stream, const char *line) {
    if (random_below(4) == 0) {
        buffer_printf(stream, "%s\r\n", line);
        return;
    }
    int count = 1;
    for (const char *c = line; *c != '\0'; c++) count += *c == ' ';
    buffer_printf(stream, "*%d\r\n", count);
    struct bytes rest = bytes_of_str(line), word;
    while (bytes_next_word(&rest, ' ', &word)) {
        buffer_printf(stream, "$%zu\r\n", word.len);
        buffer_append_bytes(stream, word);
        buffer_append_str(stream, "\r\n");
    }
}

static void add_random_request(struct buffer *stream) {
    char line[100];
    unsigned key = (unsigned)random_below(20), value = (unsigned)random_u64();
    switch (random_below(24)) {
    case 0: snprintf(line, sizeof(line), "select %u", key); break;
    case 1: snprintf(line, sizeof(line), "nosuch k%u x", key); break;
    case 2: snprintf(line, sizeof(line), "get"); break;
    case 3: snprintf(line, sizeof(line), "mute skip"); break;
    case 4: snprintf(line, sizeof(line), "list a %u b", value); break;
    case 5: snprintf(line, sizeof(line), random_below(4) == 0 ? "mute off" : "mute on"); break;
    case 6: snprintf(line, sizeof(line), "box put %u", value); break;
    case 7: buffer_append_str(stream, "*0\r\n\r\n"); return;
    case 8:
    case 9:
    case 10:
    case 11: snprintf(line, sizeof(line), "set k%u v%u", key, value); break;
    case 12:
    case 13:
    case 14: snprintf(line, sizeof(line), "incr n%u", key); break;
    default: snprintf(line, sizeof(line), "get %c%u", value % 2 == 0 ? 'k' : 'n', key);
    }
    add_request(stream, line);
}

static void add_random_ending(struct buffer *stream) {
    switch (random_below(6)) {
    case 0: add_request(stream, "quit"); break;
    case 1: buffer_append_str(stream, "*1\r\n@4\r\nPING\r\n"); break;
    case 2: buffer_append_str(stream, "*2\r\n$3\r\nGET\r\n$1"); return;
    default: break;
    }
    for (int i = 0; i < 3; i++) add_random_request(stream);
}

static void send_in_pieces(struct peer *peer, struct bytes stream, size_t max_piece) {
    size_t sent = 0;
    while (sent < stream.len) {
        size_t len = 1 + random_below(max_piece);
        if (len > stream.len - sent) len = stream.len - sent;
        send_bytes(peer, bytes_of(stream.data + sent, len));
        sent += len;
    }
}

static void any_cut_of_a_stream_gives_the_same_replies(void **state) {
    (void)state;
    static const size_t piece_sizes[] = {1, 7, 40, 300, 3000};
    for (uint64_t seed = 0; seed < 150; seed++) {
        struct peer whole, cut;
        start_peer(&whole);
        start_peer(&cut);
        random_set_seed(seed);
        struct buffer stream = {0};
        size_t count = random_below(300);
        for (size_t i = 0; i < count; i++) add_random_request(&stream);
        add_random_ending(&stream);
        send_bytes(&whole, buffer_bytes(&stream));
        send_in_pieces(&cut, buffer_bytes(&stream), piece_sizes[seed % ARRAY_LEN(piece_sizes)]);
        assert_string_equal(buffer_c_str(&cut.replies), buffer_c_str(&whole.replies));
        const struct session *a = &whole.fixture->session, *b = &cut.fixture->session;
        assert_int_equal(b->command_count, a->command_count);
        assert_int_equal(b->is_closing, a->is_closing);
        assert_int_equal(b->db_number, a->db_number);
        assert_int_equal(cut.result, whole.result);
        if (!a->is_closing) assert_int_equal(cut.input.len, whole.input.len);
        buffer_destroy(&stream);
        stop_peer(&whole);
        stop_peer(&cut);
    }
}

/* --- single things --- */

static void replies_keep_the_order_of_requests(void **state) {
    (void)state;
    struct peer peer;
    start_peer(&peer);
    struct buffer stream = {0}, expected = {0};
    for (int i = 0; i < 3 * BATCH_MAX_CALLS + 5; i++) {
        buffer_printf(&stream, "ping %d\r\n", i);
        buffer_printf(&expected, "$%d\r\n%d\r\n", i < 10 ? 1 : i < 100 ? 2 : 3, i);
    }
    send_bytes(&peer, buffer_bytes(&stream));
    assert_replies(&peer, buffer_c_str(&expected));
    assert_int_equal(peer.result, BATCH_EMPTY);
    buffer_destroy(&stream);
    buffer_destroy(&expected);
    stop_peer(&peer);
}

static void a_selected_database_holds_for_what_stands_behind_it(void **state) {
    (void)state;
    struct peer peer;
    start_peer(&peer);
    send_str(&peer, "set k a\r\nselect 1\r\nget k\r\nset k b\r\nselect 0\r\nget k\r\n");
    assert_replies(&peer, "+OK\r\n+OK\r\n$-1\r\n+OK\r\n+OK\r\n$1\r\na\r\n");
    stop_peer(&peer);
}

static void a_password_in_the_stream_lifts_the_limits_on_what_follows(void **state) {
    (void)state;
    struct peer peer;
    start_peer(&peer);
    sample_set_password(peer.fixture->engine, BYTES("secret"));
    session_reset(&peer.fixture->session);
    send_str(&peer, "ping\r\nauth secret\r\n*12\r\n$4\r\nlist\r\n"
                    "$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n$1\r\n5\r\n$1\r\n6\r\n"
                    "$1\r\n7\r\n$1\r\n8\r\n$1\r\n9\r\n$1\r\na\r\n$1\r\nb\r\nping\r\n");
    assert_replies(&peer, "-NOAUTH Authentication required.\r\n+OK\r\n*11\r\n"
                          "$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n$1\r\n5\r\n$1\r\n6\r\n"
                          "$1\r\n7\r\n$1\r\n8\r\n$1\r\n9\r\n$1\r\na\r\n$1\r\nb\r\n+PONG\r\n");
    stop_peer(&peer);
}

static void without_the_password_a_large_request_is_refused(void **state) {
    (void)state;
    struct peer peer;
    start_peer(&peer);
    sample_set_password(peer.fixture->engine, BYTES("secret"));
    session_reset(&peer.fixture->session);
    send_str(&peer, "*12\r\n$4\r\nlist\r\n");
    assert_replies(&peer, "-ERR Protocol error: unauthenticated multibulk length\r\n");
    assert_int_equal(peer.result, BATCH_MALFORMED);
    assert_true(peer.fixture->session.is_closing);
    stop_peer(&peer);
}

static void good_requests_before_a_malformed_one_are_answered(void **state) {
    (void)state;
    struct peer peer;
    start_peer(&peer);
    send_str(&peer, "ping\r\nset k v\r\n*1\r\n@x\r\nping\r\n");
    assert_replies(&peer, "+PONG\r\n+OK\r\n-ERR Protocol error: expected '$', got '@'\r\n");
    assert_int_equal(peer.result, BATCH_MALFORMED);
    assert_true(peer.fixture->session.is_closing);
    stop_peer(&peer);
}

static void a_silenced_session_hears_nothing_of_a_malformed_request(void **state) {
    (void)state;
    struct peer peer;
    start_peer(&peer);
    send_str(&peer, "mute off\r\nping\r\n*1\r\n@x\r\n");
    assert_replies(&peer, "");
    assert_int_equal(peer.result, BATCH_MALFORMED);
    stop_peer(&peer);
}

static void nothing_behind_quit_is_run(void **state) {
    (void)state;
    struct peer peer;
    start_peer(&peer);
    send_str(&peer, "incr n\r\nquit\r\nincr n\r\n*1\r\n@x\r\n");
    assert_replies(&peer, ":1\r\n+OK\r\n");
    assert_int_equal(peer.result, BATCH_STOPPED);
    assert_int_equal(peer.fixture->session.command_count, 2);
    stop_peer(&peer);
}

static void what_a_pause_holds_back_runs_when_it_ends(void **state) {
    (void)state;
    struct peer peer;
    start_peer(&peer);
    struct command_fixture *fixture = peer.fixture;
    pause_start(&fixture->engine->pause, PAUSE_WRITES, fixture->clock.unix_ms + 100,
                fixture->clock.unix_ms);
    send_str(&peer, "get n\r\nincr n\r\nget n\r\n*2\r\n$4\r\nincr\r\n$1\r\n");
    assert_replies(&peer, "$-1\r\n");
    assert_int_equal(peer.result, BATCH_STOPPED);
    run_input(&peer);
    assert_replies(&peer, "");
    fixture_advance_ms(fixture, 100);
    run_input(&peer);
    assert_replies(&peer, ":1\r\n$1\r\n1\r\n");
    assert_int_equal(peer.result, BATCH_NEED_MORE);
    send_str(&peer, "n\r\n");
    assert_replies(&peer, ":2\r\n");
    stop_peer(&peer);
}

static void a_key_that_comes_due_before_its_request_is_gone(void **state) {
    (void)state;
    struct peer peer;
    start_peer(&peer);
    send_str(&peer, "set k v\r\n");
    struct database *db = peer.fixture->engine->keyspace->dbs[0];
    struct found found = database_find(db, key_of(BYTES("k")));
    database_set_due(db, key_of(BYTES("k")), &found, peer.fixture->clock.unix_ms + 5);
    fixture_advance_ms(peer.fixture, 5);
    send_str(&peer, "get k\r\nset k w\r\nget k\r\n");
    assert_replies(&peer, "+OK\r\n$-1\r\n+OK\r\n$1\r\nw\r\n");
    stop_peer(&peer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_cut_of_a_stream_gives_the_same_replies),
        cmocka_unit_test(replies_keep_the_order_of_requests),
        cmocka_unit_test(a_selected_database_holds_for_what_stands_behind_it),
        cmocka_unit_test(a_password_in_the_stream_lifts_the_limits_on_what_follows),
        cmocka_unit_test(without_the_password_a_large_request_is_refused),
        cmocka_unit_test(good_requests_before_a_malformed_one_are_answered),
        cmocka_unit_test(a_silenced_session_hears_nothing_of_a_malformed_request),
        cmocka_unit_test(nothing_behind_quit_is_run),
        cmocka_unit_test(what_a_pause_holds_back_runs_when_it_ends),
        cmocka_unit_test(a_key_that_comes_due_before_its_request_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
