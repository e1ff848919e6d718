/* Blocking: who is served by what, in which order, at what cost, and how waiting ends.
 *
 * The engine knows no command that waits, so the test brings its own: a key holds letters, PUSH
 * appends some and BPOP takes the first one. They report their changes as lists do. */
#include "engine/blocking.h"

#include "data/types/string/string.h"
#include "engine/arguments.h"
#include "engine/dispatch.h"
#include "engine/reply.h"
#include "engine/transaction.h"
#include "foundation/mem.h"
#include "foundation/random.h"
#include "foundation/words.h"
#include "io/connection.h"
#include "io/event_loop.h"
#include "unit/support/command_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- commands on letters --- */

static uint64_t handler_runs;  /* of those that wait */
static int64_t timed_start_ms; /* what BTIMED counts from */

static struct bytes letters_of(struct call *call, struct key key, char *scratch) {
    const struct entry *entry = database_find(call->db, key).entry;
    return entry == NULL ? BYTES("") : string_view(entry, scratch);
}

static void store_letters(struct call *call, struct key key, struct bytes letters) {
    struct found found = database_find(call->db, key);
    if (letters.len != 0)
        string_store(call->db, key, &found, letters, STRING_KEEP_DUE);
    else if (found.entry != NULL)
        database_delete(call->db, key, found);
}

static void push_letters(struct call *call, struct key key, struct bytes letters) {
    char scratch[STRING_SCRATCH];
    struct buffer all = {0};
    buffer_append_bytes(&all, letters_of(call, key, scratch));
    buffer_append_bytes(&all, letters);
    store_letters(call, key, buffer_bytes(&all));
    buffer_destroy(&all);
    call_notify(call, KEY_EVENT_LIST, key.name, "push");
}

/* Takes the first `count` letters; false when there are fewer. */
static bool take_letters(struct call *call, struct key key, size_t count, char *taken) {
    char scratch[STRING_SCRATCH];
    struct bytes letters = letters_of(call, key, scratch);
    if (letters.len < count) return false;
    struct buffer rest = {0};
    memcpy(taken, letters.data, count);
    taken[count] = '\0';
    buffer_append(&rest, letters.data + count, letters.len - count);
    store_letters(call, key, buffer_bytes(&rest));
    buffer_destroy(&rest);
    call_notify(call, KEY_EVENT_LIST, key.name, "pop");
    return true;
}

static void push_command(struct call *call) {
    push_letters(call, call_key(call, 1), call->args[2]);
    reply_ok(call);
}

static void reply_taken(struct call *call, struct bytes key, const char *letters) {
    reply_bulk_printf(call, "%.*s=%s", (int)key.len, key.data, letters);
}

/* BPOP key [key ...] timeout */
static void bpop_command(struct call *call) {
    struct blocking_request request = {
        .first_key = 1, .key_count = call->argc - 2, .type = VALUE_STRING};
    char taken[2];
    handler_runs++;
    if (!blocking_timeout(call, call->argc - 1, &request.timeout_ms)) return;
    for (uint32_t i = 1; i <= request.key_count; i++) {
        if (!take_letters(call, call_key(call, i), 1, taken)) continue;
        reply_taken(call, call->args[i], taken);
        return;
    }
    blocking_wait(call, &request);
}

/* BTAKE key count timeout: so many letters or none. */
static void btake_command(struct call *call) {
    struct blocking_request request = {.first_key = 1, .key_count = 1, .type = VALUE_STRING};
    char taken[32];
    int64_t count;
    handler_runs++;
    if (!argument_i64(call, 2, &count) || !blocking_timeout(call, 3, &request.timeout_ms)) return;
    if (take_letters(call, call_key(call, 1), (size_t)count, taken))
        reply_taken(call, call->args[1], taken);
    else
        blocking_wait(call, &request);
}

/* BMOVE source destination timeout: nothing may be moved to "closed". */
static void bmove_command(struct call *call) {
    struct blocking_request request = {.first_key = 1, .key_count = 1, .type = VALUE_STRING};
    char scratch[STRING_SCRATCH];
    char taken[2];
    handler_runs++;
    if (!blocking_timeout(call, 3, &request.timeout_ms)) return;
    if (letters_of(call, call_key(call, 1), scratch).len == 0) {
        blocking_wait(call, &request);
    } else if (bytes_equal(call->args[2], BYTES("closed"))) {
        reply_error(call, "ERR it is closed");
    } else if (take_letters(call, call_key(call, 1), 1, taken)) {
        push_letters(call, key_of(call->args[2]), bytes_of_str(taken));
        reply_bulk_str(call, taken);
    }
}

/* BOTHER key: waits for a key of a type that no key of this test has. */
static void bother_command(struct call *call) {
    handler_runs++;
    blocking_wait(call,
                  &(struct blocking_request){.first_key = 1, .key_count = 1, .type = VALUE_LIST});
}

/* BTIMED key moment timeout: takes a letter, but not before that many ms after the start. */
static void btimed_command(struct call *call) {
    struct blocking_request request = {.first_key = 1, .key_count = 1, .type = VALUE_STRING};
    int64_t moment_ms;
    char taken[2];
    handler_runs++;
    if (!argument_i64(call, 2, &moment_ms) || !blocking_timeout(call, 3, &request.timeout_ms))
        return;
    moment_ms += timed_start_ms;
    if (moment_ms <= call->engine->clock->unix_ms &&
        take_letters(call, call_key(call, 1), 1, taken)) {
        reply_taken(call, call->args[1], taken);
        return;
    }
    if (moment_ms > call->engine->clock->unix_ms) request.wake_ms = moment_ms;
    blocking_wait(call, &request);
}

static void get_command(struct call *call) {
    char scratch[STRING_SCRATCH];
    reply_bulk(call, letters_of(call, call_key(call, 1), scratch));
}

/* RENAME source destination; neither fires an event of the value's own. */
static void rename_command(struct call *call) {
    char scratch[STRING_SCRATCH];
    struct buffer letters = {0};
    struct key target = key_of(call->args[2]);
    buffer_append_bytes(&letters, letters_of(call, call_key(call, 1), scratch));
    store_letters(call, call_key(call, 1), BYTES(""));
    call_notify(call, KEY_EVENT_GENERIC, call->args[1], "rename_from");
    store_letters(call, target, buffer_bytes(&letters));
    call_notify(call, KEY_EVENT_GENERIC, target.name, "rename_to");
    buffer_destroy(&letters);
    reply_ok(call);
}

static void swap_command(struct call *call) {
    uint32_t first, second;
    if (!argument_db(call, 1, &first) || !argument_db(call, 2, &second)) return;
    keyspace_swap(call->engine->keyspace, first, second);
    reply_ok(call);
}

static void select_command(struct call *call) {
    if (argument_db(call, 1, &call->session->db_number)) reply_ok(call);
}

static void multi_command(struct call *call) {
    transaction_begin(call->session);
    reply_ok(call);
}

static void exec_command(struct call *call) {
    transaction_run(call);
}

static const struct command_row rows[] = {
    {.name = "push", .handler = push_command, .arity = 3, .keys = {KEY_AT(1, "RW insert")}},
    {.name = "bpop", .handler = bpop_command, .arity = -3, .keys = {KEYS_FROM(1, "RW delete")}},
    {.name = "btake", .handler = btake_command, .arity = 4, .keys = {KEY_AT(1, "RW delete")}},
    {.name = "bmove", .handler = bmove_command, .arity = 4, .keys = {KEY_AT(1, "RW delete")}},
    {.name = "btimed", .handler = btimed_command, .arity = 4, .keys = {KEY_AT(1, "RW delete")}},
    {.name = "bother", .handler = bother_command, .arity = 2, .keys = {KEY_AT(1, "RO access")}},
    {.name = "get", .handler = get_command, .arity = 2, .keys = {KEY_AT(1, "RO access")}},
    {.name = "rename", .handler = rename_command, .arity = 3, .keys = {KEY_AT(1, "RW delete")}},
    {.name = "swap", .handler = swap_command, .arity = 3},
    {.name = "select", .handler = select_command, .arity = 2},
    {.name = "multi", .handler = multi_command, .arity = 1, .flags = COMMAND_NOT_QUEUED},
    {.name = "exec",
     .handler = exec_command,
     .arity = 1,
     .flags = COMMAND_NOT_QUEUED | COMMAND_RUNS_QUEUE},
};

static const struct command_list list_of_rows = COMMAND_LIST(rows);
static const struct command_list *const letter_commands[] = {&list_of_rows, NULL};

/* --- several peers --- */

enum { PEERS = 6, REPLY_MAX = 4096 };

struct peers {
    struct command_fixture *fixture;
    struct engine *engine;
    struct session sessions[PEERS];
    struct event_loop *loop; /* of the connection that replies are read through */
    struct connection out;
    int in;
    uint32_t listeners;
    char text[REPLY_MAX];
};

static void open_pipe(struct peers *peers) {
    int fds[2];
    peers->loop = event_loop_new();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    assert_true(connection_init(&peers->out, peers->loop, fds[0], NULL));
    peers->in = fds[1];
}

static int start(void **state) {
    struct peers *peers = mem_alloc_zeroed(sizeof(*peers));
    peers->fixture = fixture_new(letter_commands);
    peers->engine = peers->fixture->engine;
    peers->listeners = peers->engine->keyspace->listeners.count;
    for (int i = 0; i < PEERS; i++) {
        session_init(&peers->sessions[i], peers->engine);
        peers->sessions[i].can_block = true;
    }
    open_pipe(peers);
    handler_runs = 0;
    timed_start_ms = FIXTURE_START_MS;
    *state = peers;
    return 0;
}

/* The session goes away, and another one comes in its place. */
static void replace_session(struct peers *peers, int index) {
    session_destroy(&peers->sessions[index]);
    peers->sessions[index] = (struct session){0};
    session_init(&peers->sessions[index], peers->engine);
}

/* Fails when something is left of the waiting. */
static int stop(void **state) {
    struct peers *peers = *state;
    for (int i = 0; i < PEERS; i++) session_destroy(&peers->sessions[i]);
    bool is_clean = peers->engine->blocking == NULL &&
                    peers->engine->keyspace->listeners.count == peers->listeners;
    connection_close(&peers->out);
    close(peers->in);
    event_loop_free(peers->loop);
    fixture_free(peers->fixture);
    mem_free(peers);
    return is_clean ? 0 : 1;
}

static void run_in(struct session *session, struct output_batch *batch, const char *line) {
    struct words words;
    assert_true(words_split(bytes_of_str(line), &words));
    output_lend(&session->output, batch);
    (void)dispatch(session, words.items, (uint32_t)words.count);
    output_keep(&session->output);
    words_destroy(&words);
}

/* What the session has been sent since it was last asked, line ends as spaces. */
static const char *replies_of(struct peers *peers, struct session *session) {
    (void)!output_flush(&session->output, &peers->out);
    ssize_t len = recv(peers->in, peers->text, sizeof(peers->text) - 1, 0);
    size_t kept = 0;
    for (ssize_t i = 0; i < len; i++) {
        if (peers->text[i] == '\r') peers->text[i] = ' ';
        if (peers->text[i] != '\n') peers->text[kept++] = peers->text[i];
    }
    peers->text[kept] = '\0';
    return peers->text;
}

static const char *run(struct peers *peers, int peer, const char *line) {
    run_in(&peers->sessions[peer], &peers->fixture->batch, line);
    return replies_of(peers, &peers->sessions[peer]);
}

#define assert_run(peer, line, expected) assert_string_equal(run(peers, (peer), (line)), (expected))
#define assert_waits(peer, line)                                                                   \
    do {                                                                                           \
        assert_run((peer), (line), "");                                                            \
        assert_true(blocking_is_blocked(&peers->sessions[(peer)]));                                \
    } while (0)
#define assert_got(peer, expected)                                                                 \
    do {                                                                                           \
        assert_string_equal(replies_of(peers, &peers->sessions[(peer)]), (expected));              \
        assert_false(blocking_is_blocked(&peers->sessions[(peer)]));                               \
    } while (0)
#define assert_still_waits(peer)                                                                   \
    do {                                                                                           \
        assert_string_equal(replies_of(peers, &peers->sessions[(peer)]), "");                      \
        assert_true(blocking_is_blocked(&peers->sessions[(peer)]));                                \
    } while (0)

/* --- who is served --- */

static void who_came_first_is_served_first(void **state) {
    struct peers *peers = *state;
    assert_waits(2, "bpop a 0");
    assert_waits(0, "bpop a 0");
    assert_waits(1, "bpop a 0");
    assert_run(3, "push a xy", "+OK ");
    assert_got(2, "$3 a=x ");
    assert_got(0, "$3 a=y ");
    assert_still_waits(1);
    assert_run(3, "push a z", "+OK ");
    assert_got(1, "$3 a=z ");
    assert_run(3, "push a z", "+OK ");
    assert_run(3, "get a", "$1 z ");
}

static void what_is_there_is_taken_without_waiting(void **state) {
    struct peers *peers = *state;
    assert_run(0, "push b x", "+OK ");
    assert_run(0, "bpop a b c 0", "$3 b=x ");
    assert_int_equal(blocking_session_count(peers->engine), 0);
}

static void any_of_several_keys_serves(void **state) {
    struct peers *peers = *state;
    assert_waits(0, "bpop a b c 0");
    assert_int_equal(blocking_key_count(peers->engine), 3);
    assert_run(3, "push c x", "+OK ");
    assert_got(0, "$3 c=x ");
    assert_int_equal(blocking_key_count(peers->engine), 0);
    assert_run(3, "push a y", "+OK ");
    assert_run(3, "get a", "$1 y ");
}

static void of_several_ready_keys_the_first_named_is_taken(void **state) {
    struct peers *peers = *state;
    assert_waits(0, "bpop a b 0");
    run(peers, 3, "multi");
    run(peers, 3, "push b x");
    run(peers, 3, "push a y");
    assert_run(3, "exec", "*2 +OK +OK ");
    assert_got(0, "$3 a=y ");
    assert_run(3, "get b", "$1 x ");
}

static void a_key_named_twice_is_waited_for_once(void **state) {
    struct peers *peers = *state;
    assert_waits(0, "bpop a a b a 0");
    assert_waits(1, "bpop b a 0");
    assert_int_equal(blocking_key_count(peers->engine), 2);
    assert_run(3, "push a xyz", "+OK ");
    assert_got(0, "$3 a=x ");
    assert_got(1, "$3 a=y ");
    assert_run(3, "get a", "$1 z ");
}

static void keys_of_other_databases_serve_nobody(void **state) {
    struct peers *peers = *state;
    assert_waits(0, "bpop a 0");
    run(peers, 1, "select 1");
    assert_waits(1, "bpop a 0");
    run(peers, 3, "select 1");
    assert_run(3, "push a x", "+OK ");
    assert_still_waits(0);
    assert_got(1, "$3 a=x ");
}

static void a_transaction_serves_at_its_end(void **state) {
    struct peers *peers = *state;
    assert_waits(0, "bpop a 0");
    assert_waits(1, "bpop b 0");
    handler_runs = 0;
    run(peers, 3, "multi");
    run(peers, 3, "push a x");
    run(peers, 3, "bpop a 0");
    run(peers, 3, "push a y");
    run(peers, 3, "push b z");
    assert_run(3, "exec", "*4 +OK $3 a=x +OK +OK ");
    assert_got(0, "$3 a=y ");
    assert_got(1, "$3 b=z ");
    assert_int_equal(handler_runs, 3);
}

static void a_key_that_comes_and_goes_within_a_transaction_serves_nobody(void **state) {
    struct peers *peers = *state;
    assert_waits(0, "bpop a 0");
    handler_runs = 0;
    run(peers, 3, "multi");
    run(peers, 3, "push a x");
    run(peers, 3, "bpop a 0");
    run(peers, 3, "exec");
    assert_still_waits(0);
    assert_int_equal(handler_runs, 1);
}

static void a_renamed_key_serves(void **state) {
    struct peers *peers = *state;
    assert_waits(0, "bpop a 0");
    assert_run(3, "push b x", "+OK ");
    assert_run(3, "rename b a", "+OK ");
    assert_got(0, "$3 a=x ");
}

static void swapped_databases_serve_on_both_sides(void **state) {
    struct peers *peers = *state;
    assert_waits(0, "bpop a 0");
    assert_waits(2, "bpop absent 0");
    run(peers, 3, "select 1");
    assert_run(3, "push a x", "+OK ");
    run(peers, 1, "select 1");
    assert_waits(1, "bpop b 0");
    run(peers, 4, "push b y");
    assert_run(3, "swap 0 1", "+OK ");
    assert_got(0, "$3 a=x ");
    assert_got(1, "$3 b=y ");
    assert_still_waits(2);
}

static void a_flush_leaves_everybody_waiting(void **state) {
    struct peers *peers = *state;
    assert_run(3, "push a x", "+OK ");
    assert_waits(0, "btake a 2 0");
    assert_waits(1, "bpop b 0");
    database_clear(peers->engine->keyspace->dbs[0], false);
    blocking_serve_ready(peers->engine);
    assert_still_waits(0);
    assert_still_waits(1);
    assert_run(3, "push a xy", "+OK ");
    assert_got(0, "$4 a=xy ");
}

static void what_serving_makes_ready_is_served_too(void **state) {
    struct peers *peers = *state;
    assert_waits(0, "bmove c d 0");
    assert_waits(1, "bmove b c 0");
    assert_waits(2, "bmove a b 0");
    assert_run(3, "push a x", "+OK ");
    assert_got(0, "$1 x ");
    assert_got(1, "$1 x ");
    assert_got(2, "$1 x ");
    assert_run(3, "get d", "$1 x ");
}

static void a_key_moved_onto_itself_serves_everybody_once(void **state) {
    struct peers *peers = *state;
    for (int i = 0; i < 3; i++) assert_waits(i, "bmove a a 0");
    assert_run(3, "push a xy", "+OK ");
    assert_got(0, "$1 x ");
    assert_got(1, "$1 y ");
    assert_got(2, "$1 x ");
    assert_run(3, "get a", "$2 yx ");
}

static void an_error_of_the_second_run_ends_the_waiting(void **state) {
    struct peers *peers = *state;
    assert_waits(0, "bmove a closed 0");
    assert_waits(1, "bpop a 0");
    assert_run(3, "push a x", "+OK ");
    assert_got(0, "-ERR it is closed ");
    assert_got(1, "$3 a=x ");
}

static void who_takes_nothing_keeps_its_place_and_the_next_is_asked(void **state) {
    struct peers *peers = *state;
    assert_waits(0, "btake a 3 0");
    assert_waits(1, "btake a 1 0");
    assert_waits(2, "btake a 3 0");
    assert_run(3, "push a xy", "+OK ");
    assert_still_waits(0);
    assert_got(1, "$3 a=x ");
    assert_run(3, "push a 12345", "+OK ");
    assert_got(0, "$5 a=y12 ");
    assert_got(2, "$5 a=345 ");
}

/* --- what is refused --- */

static void a_key_of_another_type_is_left_alone(void **state) {
    struct peers *peers = *state;
    assert_waits(0, "bother a");
    assert_waits(1, "bpop a 0");
    assert_int_equal(blocking_key_count(peers->engine), 2);
    handler_runs = 0;
    assert_run(3, "push a xy", "+OK ");
    assert_got(1, "$3 a=x ");
    assert_still_waits(0);
    assert_int_equal(handler_runs, 1);
}

static void transactions_do_not_wait(void **state) {
    struct peers *peers = *state;
    run(peers, 0, "multi");
    run(peers, 0, "bpop a 0");
    run(peers, 0, "bmove a b 0");
    assert_run(0, "exec", "*2 *-1 *-1 ");
    assert_null(peers->engine->blocking);
}

static void sessions_without_a_peer_do_not_wait(void **state) {
    struct peers *peers = *state;
    peers->sessions[0].can_block = false;
    assert_run(0, "bpop a 0", "*-1 ");
    peers->sessions[0].version = RESP3;
    assert_run(0, "bpop a 0", "_ ");
}

static void without_memory_for_the_request_nobody_waits(void **state) {
    struct peers *peers = *state;
    (void)mem_fail_nth_try(1);
    assert_run(0, "bpop a 0", "-OOM not enough memory to wait with so large a request ");
    assert_int_equal(mem_fail_nth_try(0), 0);
    assert_null(peers->engine->blocking);
}

static void timeouts_are_checked(void **state) {
    static const struct {
        const char *timeout;
        const char *reply;
    } cases[] = {
        {"x", "-ERR timeout is not a float or out of range "},
        {"nan", "-ERR timeout is not a float or out of range "},
        {"\"\"", "-ERR timeout is not a float or out of range "},
        {"\" 1\"", "-ERR timeout is not a float or out of range "},
        {"\"1 \"", "-ERR timeout is not a float or out of range "},
        {"-1", "-ERR timeout is negative "},
        {"-0.01", "-ERR timeout is negative "},
        {"-inf", "-ERR timeout is negative "},
        {"inf", "-ERR timeout is out of range "},
        {"1e20", "-ERR timeout is out of range "},
        {"1e400", "-ERR timeout is out of range "},
        {"9223372036854775.807", "-ERR timeout is out of range "},
    };
    struct peers *peers = *state;
    char line[64];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        snprintf(line, sizeof(line), "bpop a %s", cases[i].timeout);
        assert_run(0, line, cases[i].reply);
    }
}

static void timeouts_are_milliseconds_rounded_up(void **state) {
    static const struct {
        const char *timeout;
        int64_t ms; /* 0: for ever */
    } cases[] = {
        {"1", 1000},       {"0.5", 500}, {"0.0001", 1},    {"1e-4000", 1}, {"0x10", 16000},
        {".5", 500},       {"+1", 1000}, {"2.0001", 2001}, {"0", 0},       {"-0", 0},
        {"-0.0000001", 0}, {"1e15", 0}, /* longer than this test waits */
    };
    enum { LONG_MS = 1000000 };
    struct peers *peers = *state;
    char line[64];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        snprintf(line, sizeof(line), "bpop a %s", cases[i].timeout);
        assert_waits(0, line);
        int64_t due_ms = cases[i].ms == 0 ? LONG_MS : cases[i].ms;
        blocking_expire(peers->engine, FIXTURE_START_MS + due_ms - 1);
        assert_still_waits(0);
        if (cases[i].ms == 0) {
            blocking_end(&peers->sessions[0], BLOCKING_TIMEOUT);
        } else {
            assert_int_equal(blocking_deadline_count(peers->engine), 1);
            blocking_expire(peers->engine, FIXTURE_START_MS + due_ms);
        }
        assert_got(0, "*-1 ");
    }
}

/* --- moments --- */

/* Moves the clock to so many ms after the start and does what is due. */
static void come_to(struct peers *peers, int64_t ms) {
    fixture_advance_ms(peers->fixture, FIXTURE_START_MS + ms - peers->engine->clock->unix_ms);
    blocking_expire(peers->engine, peers->engine->clock->unix_ms);
}

static void a_moment_serves_without_a_write(void **state) {
    struct peers *peers = *state;
    run(peers, 3, "push a x");
    assert_waits(0, "btimed a 500 0");
    come_to(peers, 499);
    assert_int_equal(handler_runs, 1);
    assert_still_waits(0);
    come_to(peers, 500);
    assert_got(0, "$3 a=x ");
    assert_int_equal(handler_runs, 2);
}

static void each_run_says_the_next_moment_anew(void **state) {
    struct peers *peers = *state;
    run(peers, 3, "push a x");
    assert_waits(0, "btimed a 500 0");
    assert_waits(1, "btimed a 900 0");
    come_to(peers, 500);
    assert_got(0, "$3 a=x ");
    assert_still_waits(1);
    run(peers, 3, "push a yz");
    handler_runs = 0;
    come_to(peers, 899);
    assert_int_equal(handler_runs, 0);
    come_to(peers, 900);
    assert_got(1, "$3 a=y ");
    assert_run(3, "get a", "$1 z ");
}

static void at_a_moment_who_came_first_is_served_first(void **state) {
    struct peers *peers = *state;
    run(peers, 3, "push a xy");
    for (int i = 2; i >= 0; i--) assert_waits(i, "btimed a 500 0");
    come_to(peers, 600);
    assert_got(2, "$3 a=x ");
    assert_got(1, "$3 a=y ");
    assert_still_waits(0);
}

static void of_the_same_requests_one_is_run_for_all(void **state) {
    struct peers *peers = *state;
    for (int i = 0; i < 4; i++) assert_waits(i, "btimed a 500 0");
    assert_waits(4, "btimed a 100 0");
    handler_runs = 0;
    run(peers, 5, "push a x");
    assert_int_equal(handler_runs, 2);
    come_to(peers, 100);
    assert_got(4, "$3 a=x ");
    run(peers, 5, "push a wxyz");
    handler_runs = 0;
    come_to(peers, 500);
    assert_got(0, "$3 a=w ");
    assert_got(1, "$3 a=x ");
    assert_got(2, "$3 a=y ");
    assert_got(3, "$3 a=z ");
    assert_int_equal(handler_runs, 4);
}

static void the_others_wake_when_the_one_that_ran_has_gone(void **state) {
    struct peers *peers = *state;
    run(peers, 3, "push a x");
    assert_waits(0, "btimed a 500 0");
    assert_waits(1, "btimed a 500 0");
    run(peers, 3, "push a y");
    replace_session(peers, 0);
    come_to(peers, 500);
    assert_got(1, "$3 a=x ");
}

static void a_moment_comes_before_the_deadline(void **state) {
    struct peers *peers = *state;
    run(peers, 3, "push a x");
    assert_waits(0, "btimed a 500 0.5");
    assert_waits(1, "btimed a 500 0.5");
    come_to(peers, 500);
    assert_got(0, "$3 a=x ");
    assert_got(1, "*-1 ");
}

static void a_moment_of_a_key_that_is_gone_serves_nobody(void **state) {
    struct peers *peers = *state;
    run(peers, 3, "push a x");
    assert_waits(0, "btimed a 500 0");
    run(peers, 3, "bpop a 0");
    handler_runs = 0;
    come_to(peers, 500);
    assert_still_waits(0);
    assert_int_equal(handler_runs, 0);
    run(peers, 3, "push a y");
    assert_got(0, "$3 a=y ");
}

static void with_an_event_loop_a_timer_wakes(void **state) {
    struct peers *peers = *state;
    const struct clock *clock = event_loop_clock(peers->loop);
    const struct clock *fixture_clock = peers->engine->clock;
    event_loop_run_once(peers->loop, 0);
    peers->engine->loop = peers->loop;
    peers->engine->clock = clock;
    timed_start_ms = clock->unix_ms;
    run(peers, 3, "push a x");
    assert_waits(0, "btimed a 20 0");
    assert_waits(1, "btimed a 20000 0");
    for (int rounds = 0; rounds < 1000 && blocking_is_blocked(&peers->sessions[0]); rounds++)
        event_loop_run_once(peers->loop, 1000);
    assert_got(0, "$3 a=x ");
    assert_true(clock->unix_ms >= timed_start_ms + 20);
    assert_still_waits(1);
    blocking_end(&peers->sessions[1], BLOCKING_TIMEOUT);
    peers->engine->loop = NULL;
    peers->engine->clock = fixture_clock;
}

/* --- how it ends --- */

static void the_reply_at_the_deadline_is_of_the_protocol(void **state) {
    struct peers *peers = *state;
    assert_waits(0, "bpop a 1");
    assert_waits(1, "bmove a b 1");
    peers->sessions[2].version = RESP3;
    assert_waits(2, "bpop a 2");
    blocking_expire(peers->engine, FIXTURE_START_MS + 1000);
    assert_got(0, "*-1 ");
    assert_got(1, "*-1 ");
    assert_still_waits(2);
    blocking_expire(peers->engine, FIXTURE_START_MS + 2000);
    assert_got(2, "_ ");
}

static void a_second_run_does_not_move_the_deadline(void **state) {
    struct peers *peers = *state;
    assert_waits(0, "btake a 3 1");
    fixture_advance_ms(peers->fixture, 900);
    assert_run(3, "push a x", "+OK ");
    assert_still_waits(0);
    blocking_expire(peers->engine, FIXTURE_START_MS + 999);
    assert_still_waits(0);
    blocking_expire(peers->engine, FIXTURE_START_MS + 1000);
    assert_got(0, "*-1 ");
}

static void waiting_is_ended_from_outside(void **state) {
    struct peers *peers = *state;
    assert_waits(0, "bpop a 0");
    assert_waits(1, "bpop a 0");
    assert_waits(2, "bpop a 0");
    blocking_end(&peers->sessions[0], BLOCKING_TIMEOUT);
    blocking_end(&peers->sessions[2], BLOCKING_ERROR);
    assert_got(0, "*-1 ");
    assert_got(2, "-UNBLOCKED client unblocked via CLIENT UNBLOCK ");
    assert_run(3, "push a x", "+OK ");
    assert_got(1, "$3 a=x ");
}

static void a_session_that_goes_away_is_passed_over(void **state) {
    struct peers *peers = *state;
    for (int i = 0; i < 3; i++) assert_waits(i, "bpop a b 1");
    replace_session(peers, 0);
    replace_session(peers, 1);
    assert_run(3, "push a xy", "+OK ");
    assert_got(2, "$3 a=x ");
    assert_run(3, "get a", "$1 y ");
}

static void sessions_may_go_while_their_key_is_ready(void **state) {
    struct peers *peers = *state;
    assert_waits(0, "bpop a 0");
    run(peers, 3, "select 1");
    run(peers, 3, "push a x");
    keyspace_swap(peers->engine->keyspace, 0, 1);
    assert_true(blocking_has_ready(peers->engine));
    replace_session(peers, 0);
    assert_false(blocking_has_ready(peers->engine));
    assert_null(peers->engine->blocking);
}

static void a_mute_session_takes_its_letter_in_silence(void **state) {
    struct peers *peers = *state;
    peers->sessions[0].reply_mode = SESSION_REPLY_OFF;
    assert_waits(0, "bpop a 0");
    peers->sessions[1].reply_mode = SESSION_REPLY_SKIP_NEXT;
    assert_waits(1, "bpop a 0");
    assert_run(3, "push a x", "+OK ");
    assert_got(0, "");
    peers->sessions[3].reply_mode = SESSION_REPLY_OFF;
    assert_run(3, "push a y", "");
    assert_got(1, "");
    assert_run(1, "get a", "$0  ");
}

static void a_call_is_counted_once_however_often_it_runs(void **state) {
    struct peers *peers = *state;
    const struct command *btake = command_table_find(peers->engine->commands, BYTES("btake"));
    const struct command *bmove = command_table_find(peers->engine->commands, BYTES("bmove"));
    assert_waits(0, "btake a 3 0");
    assert_waits(1, "bmove b closed 0");
    for (int i = 0; i < 3; i++) run(peers, 3, "push a x");
    assert_got(0, "$5 a=xxx ");
    run(peers, 3, "push b x");
    assert_got(1, "-ERR it is closed ");
    assert_int_equal(btake->stats.calls, 1);
    assert_int_equal(btake->stats.failed, 0);
    assert_int_equal(bmove->stats.calls, 1);
    assert_int_equal(bmove->stats.failed, 1);
    assert_waits(1, "bmove c closed 0");
    blocking_end(&peers->sessions[1], BLOCKING_ERROR);
    assert_got(1, "-UNBLOCKED client unblocked via CLIENT UNBLOCK ");
    assert_int_equal(bmove->stats.calls, 2);
    assert_int_equal(bmove->stats.failed, 2);
    assert_int_equal(peers->sessions[0].command_count, 1);
    assert_int_equal(peers->engine->stats.commands, 7);
}

static void memory_is_told_and_given_back(void **state) {
    struct peers *peers = *state;
    assert_int_equal(blocking_used_bytes(&peers->sessions[0]), 0);
    assert_waits(0, "bpop a 0");
    assert_waits(1, "bpop a b c d e f g h 0");
    assert_true(blocking_used_bytes(&peers->sessions[0]) > 0);
    assert_true(blocking_used_bytes(&peers->sessions[1]) >
                blocking_used_bytes(&peers->sessions[0]));
}

/* --- many --- */

static struct session *start_waiters(struct peers *peers, size_t count, const char *format) {
    struct session *sessions = mem_alloc_array(count, sizeof(*sessions));
    char line[64];
    for (size_t i = 0; i < count; i++) {
        session_init(&sessions[i], peers->engine);
        sessions[i].can_block = true;
        snprintf(line, sizeof(line), "bpop %s%zu 0", format, i);
        if (strchr(format, ' ') != NULL) snprintf(line, sizeof(line), "bpop %s0", format);
        run_in(&sessions[i], &peers->fixture->batch, line);
        assert_true(blocking_is_blocked(&sessions[i]));
    }
    return sessions;
}

static void stop_waiters(struct session *sessions, size_t count) {
    for (size_t i = 0; i < count; i++) session_destroy(&sessions[i]);
    mem_free(sessions);
}

static void a_write_runs_only_those_whom_it_serves(void **state) {
    enum { ON_ONE_KEY = 1000, ON_OTHERS = 100000 };
    struct peers *peers = *state;
    struct session *others = start_waiters(peers, ON_OTHERS, "other:");
    struct session *waiters = start_waiters(peers, ON_ONE_KEY, "one ");
    assert_int_equal(blocking_session_count(peers->engine), ON_ONE_KEY + ON_OTHERS);
    assert_int_equal(blocking_key_count(peers->engine), 1 + ON_OTHERS);
    handler_runs = 0;
    assert_run(0, "push nobodys x", "+OK ");
    assert_int_equal(handler_runs, 0);
    for (int i = 0; i < ON_ONE_KEY; i++) {
        assert_run(0, "push one x", "+OK ");
        assert_int_equal(handler_runs, i + 1);
        assert_false(blocking_is_blocked(&waiters[i]));
        assert_string_equal(replies_of(peers, &waiters[i]), "$5 one=x ");
    }
    assert_run(0, "push other:77777 xyz", "+OK ");
    assert_int_equal(handler_runs, ON_ONE_KEY + 1);
    assert_false(blocking_is_blocked(&others[77777]));
    stop_waiters(waiters, ON_ONE_KEY);
    stop_waiters(others, ON_OTHERS);
}

static void a_key_of_another_type_costs_nothing_however_many_wait(void **state) {
    enum { COUNT = 1000 };
    struct peers *peers = *state;
    struct session *waiters = mem_alloc_array(COUNT, sizeof(*waiters));
    for (int i = 0; i < COUNT; i++) {
        session_init(&waiters[i], peers->engine);
        waiters[i].can_block = true;
        run_in(&waiters[i], &peers->fixture->batch, "bother a");
    }
    handler_runs = 0;
    for (int i = 0; i < COUNT; i++) assert_run(0, "push a x", "+OK ");
    assert_int_equal(handler_runs, 0);
    assert_int_equal(blocking_session_count(peers->engine), COUNT);
    stop_waiters(waiters, COUNT);
}

/* --- against a model --- */

enum { KEYS = 4, MODEL_STEPS = 300000, HELD_MAX = 64 };

/* Who waits, in the order of coming, and for what: one or two keys, or a move from the first to the
 * second. */
struct model {
    char held[KEYS][HELD_MAX];
    struct {
        int peer;
        int keys[2];
        bool is_move;
    } waiters[PEERS];
    int waiting;
    int ready[PEERS * 8];
    int ready_count;
    char expected[PEERS][64];
};

static void model_append(char *text, size_t cap, const char *more) {
    size_t len = strlen(text);
    snprintf(text + len, cap - len, "%s", more);
}

static char model_take(struct model *model, int key) {
    char first = model->held[key][0];
    memmove(model->held[key], model->held[key] + 1, strlen(model->held[key]));
    return first;
}

static void model_push(struct model *model, int key, char letter) {
    model_append(model->held[key], HELD_MAX, (char[]){letter, '\0'});
    model->ready[model->ready_count++] = key;
}

static void model_serve_waiter(struct model *model, int index) {
    int peer = model->waiters[index].peer;
    const int *keys = model->waiters[index].keys;
    char reply[32];
    if (model->waiters[index].is_move) {
        char letter = model_take(model, keys[0]);
        model_push(model, keys[1], letter);
        snprintf(reply, sizeof(reply), "$1 %c ", letter);
    } else {
        int key = model->held[keys[0]][0] != '\0' ? keys[0] : keys[1];
        snprintf(reply, sizeof(reply), "$3 %c=%c ", 'a' + key, model_take(model, key));
    }
    model_append(model->expected[peer], sizeof(model->expected[peer]), reply);
    model->waiting--;
    memmove(&model->waiters[index], &model->waiters[index + 1],
            (size_t)(model->waiting - index) * sizeof(model->waiters[0]));
}

static void model_serve(struct model *model) {
    for (int done = 0; done < model->ready_count; done++) {
        int key = model->ready[done];
        for (int i = 0; i < model->waiting && model->held[key][0] != '\0';) {
            bool wants = model->waiters[i].keys[0] == key ||
                         (!model->waiters[i].is_move && model->waiters[i].keys[1] == key);
            if (wants)
                model_serve_waiter(model, i);
            else
                i++;
        }
    }
    model->ready_count = 0;
}

static int model_find(const struct model *model, int peer) {
    for (int i = 0; i < model->waiting; i++) {
        if (model->waiters[i].peer == peer) return i;
    }
    return -1;
}

static void step_wait(struct peers *peers, struct model *model, int peer) {
    int first = (int)random_below(KEYS), second = (int)random_below(KEYS);
    bool is_move = (int)random_below(3) == 0;
    char line[64];
    snprintf(line, sizeof(line), "%s %c %c 0", is_move ? "bmove" : "bpop", 'a' + first,
             'a' + second);
    model->waiters[model->waiting].peer = peer;
    model->waiters[model->waiting].keys[0] = first;
    model->waiters[model->waiting].keys[1] = second;
    model->waiters[model->waiting++].is_move = is_move;
    if (model->held[first][0] != '\0' || (!is_move && model->held[second][0] != '\0'))
        model_serve_waiter(model, model->waiting - 1);
    model_serve(model);
    run_in(&peers->sessions[peer], &peers->fixture->batch, line);
}

static void step_push(struct peers *peers, struct model *model, int peer) {
    int key = (int)random_below(KEYS);
    char letter = (char)('A' + (int)random_below(26));
    char line[64];
    if (strlen(model->held[key]) > HELD_MAX / 2) return;
    snprintf(line, sizeof(line), "push %c %c", 'a' + key, letter);
    model_push(model, key, letter);
    model_append(model->expected[peer], sizeof(model->expected[peer]), "+OK ");
    model_serve(model);
    run_in(&peers->sessions[peer], &peers->fixture->batch, line);
}

static void step_end(struct peers *peers, struct model *model, int peer) {
    int index = model_find(model, peer);
    model_append(model->expected[peer], sizeof(model->expected[peer]), "*-1 ");
    model->waiting--;
    memmove(&model->waiters[index], &model->waiters[index + 1],
            (size_t)(model->waiting - index) * sizeof(model->waiters[0]));
    blocking_end(&peers->sessions[peer], BLOCKING_TIMEOUT);
}

static void it_does_what_a_naive_model_does(void **state) {
    struct peers *peers = *state;
    struct model model = {0};
    random_set_seed(1);
    for (int step = 0; step < MODEL_STEPS; step++) {
        int peer = (int)random_below(PEERS);
        if (model_find(&model, peer) >= 0) {
            if ((int)random_below(8) == 0) step_end(peers, &model, peer);
        } else if ((int)random_below(2) == 0) {
            step_wait(peers, &model, peer);
        } else {
            step_push(peers, &model, peer);
        }
        assert_int_equal(blocking_session_count(peers->engine), model.waiting);
        for (int i = 0; i < PEERS; i++) {
            assert_string_equal(replies_of(peers, &peers->sessions[i]), model.expected[i]);
            model.expected[i][0] = '\0';
        }
    }
}

#define PEERS_TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        PEERS_TEST(who_came_first_is_served_first),
        PEERS_TEST(what_is_there_is_taken_without_waiting),
        PEERS_TEST(any_of_several_keys_serves),
        PEERS_TEST(of_several_ready_keys_the_first_named_is_taken),
        PEERS_TEST(a_key_named_twice_is_waited_for_once),
        PEERS_TEST(keys_of_other_databases_serve_nobody),
        PEERS_TEST(a_transaction_serves_at_its_end),
        PEERS_TEST(a_key_that_comes_and_goes_within_a_transaction_serves_nobody),
        PEERS_TEST(a_renamed_key_serves),
        PEERS_TEST(swapped_databases_serve_on_both_sides),
        PEERS_TEST(a_flush_leaves_everybody_waiting),
        PEERS_TEST(what_serving_makes_ready_is_served_too),
        PEERS_TEST(a_key_moved_onto_itself_serves_everybody_once),
        PEERS_TEST(an_error_of_the_second_run_ends_the_waiting),
        PEERS_TEST(who_takes_nothing_keeps_its_place_and_the_next_is_asked),
        PEERS_TEST(a_key_of_another_type_is_left_alone),
        PEERS_TEST(transactions_do_not_wait),
        PEERS_TEST(sessions_without_a_peer_do_not_wait),
        PEERS_TEST(without_memory_for_the_request_nobody_waits),
        PEERS_TEST(timeouts_are_checked),
        PEERS_TEST(timeouts_are_milliseconds_rounded_up),
        PEERS_TEST(a_moment_serves_without_a_write),
        PEERS_TEST(each_run_says_the_next_moment_anew),
        PEERS_TEST(at_a_moment_who_came_first_is_served_first),
        PEERS_TEST(of_the_same_requests_one_is_run_for_all),
        PEERS_TEST(the_others_wake_when_the_one_that_ran_has_gone),
        PEERS_TEST(a_moment_comes_before_the_deadline),
        PEERS_TEST(a_moment_of_a_key_that_is_gone_serves_nobody),
        PEERS_TEST(with_an_event_loop_a_timer_wakes),
        PEERS_TEST(the_reply_at_the_deadline_is_of_the_protocol),
        PEERS_TEST(a_second_run_does_not_move_the_deadline),
        PEERS_TEST(waiting_is_ended_from_outside),
        PEERS_TEST(a_session_that_goes_away_is_passed_over),
        PEERS_TEST(sessions_may_go_while_their_key_is_ready),
        PEERS_TEST(a_mute_session_takes_its_letter_in_silence),
        PEERS_TEST(a_call_is_counted_once_however_often_it_runs),
        PEERS_TEST(memory_is_told_and_given_back),
        PEERS_TEST(a_write_runs_only_those_whom_it_serves),
        PEERS_TEST(a_key_of_another_type_costs_nothing_however_many_wait),
        PEERS_TEST(it_does_what_a_naive_model_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
