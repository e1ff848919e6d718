/* Whole command streams: an engine with every feature, and sessions that are sent whatever the
 * input says. The first byte chooses how the rest is read, the second the cuts and the clock:
 *
 *      even   the rest is the bytes of the stream, cut into pieces
 *      odd    the rest is a program (support/program.h) of requests and steps: the clock goes on,
 *             another peer speaks, a peer vanishes
 *
 * The clock stands still but for those steps, and random numbers are the same each time. Of the
 * peers the first never waits for keys: it is who speaks when another one waits. What must hold:
 * replies are whole RESP elements, one a request; who has waited gets one reply; tables, values and
 * counts are consistent; FLUSHALL leaves nothing, nor does the end leave anybody waiting. */
#include "fuzz/support/program.h"
#include "fuzz/support/reply_check.h"

#include "data/database.h"
#include "data/types/hash/hash.h"
#include "data/types/list/list.h"
#include "data/types/string/string.h"
#include "data/types/zset/zset.h"
#include "data/value_type.h"
#include "engine/arguments.h"
#include "engine/batch.h"
#include "engine/blocking.h"
#include "engine/engine.h"
#include "engine/network_settings.h"
#include "engine/rate_policies.h"
#include "engine/reply.h"
#include "foundation/hash.h"
#include "foundation/mem.h"
#include "foundation/number.h"
#include "foundation/random.h"
#include "io/file_faults.h"
#include "server/features.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    DB_COUNT = 16,
    PEER_COUNT = 3,
    HEAD_LEN = 2,
    MAX_STEPS = 256,
    MAX_POPULATION = 1000,
    MAX_LCS_BYTES = 32 * 1024,
    MAX_PAUSES = 8, /* waited out in a row before the stream is given up */
};

#define START_MS ((int64_t)1700000000000)

static struct clock fake_clock;
static struct directives *directives;
static struct engine *engine;

struct peer {
    struct session session;
    struct output_batch output; /* lent to the session as long as it lives */
    struct resp_reader reader;
};

struct stream {
    struct peer peers[PEER_COUNT];
    struct peer *speaker;
    enum resp_version version; /* that peers begin with */
    struct batch batch;
    struct buffer replies; /* of the last batch */
};

/* --- commands that would end or stall the process --- */

static bool refuses_debug(const struct call *call) {
    int64_t count;
    if (argument_is(call, 1, "segfault") || argument_is(call, 1, "sleep")) return true;
    if (!argument_is(call, 1, "populate") || call->argc < 3) return false;
    bool is_small = number_parse_i64(call->args[2], &count) && count <= MAX_POPULATION;
    return call->argc > 4 || !is_small;
}

/* The process may not leave its folder, nor strings grow without bounds, nor the log chatter. */
static bool refuses_config_set(const struct call *call) {
    for (uint32_t i = 0; i < call->argc; i++) {
        if (argument_is(call, i, "dir") || argument_is(call, i, "proto-max-bulk-len") ||
            argument_is(call, i, "loglevel"))
            return true;
    }
    return false;
}

/* Its time is the product of both lengths. */
static bool refuses_lcs(const struct call *call) {
    for (uint32_t i = 1; i <= 2; i++) {
        const struct entry *entry = database_find(call->db, key_of(call->args[i])).entry;
        if (entry != NULL && entry->type == VALUE_STRING && string_len(entry) > MAX_LCS_BYTES)
            return true;
    }
    return false;
}

/* It takes long and depends on nothing: once is enough. */
static bool refuses_pfselftest(const struct call *call) {
    static bool has_run;
    (void)call;
    bool is_again = has_run;
    has_run = true;
    return is_again;
}

struct guard {
    struct command_row row; /* the command's own but for the handler; first, to be found by it */
    command_handler *handler;
    const char *name;
    bool (*refuses)(const struct call *call);
};

static struct guard guards[] = {
    {.name = "debug", .refuses = refuses_debug},
    {.name = "config|set", .refuses = refuses_config_set},
    {.name = "lcs", .refuses = refuses_lcs},
    {.name = "pfselftest", .refuses = refuses_pfselftest},
};

static void run_guarded(struct call *call) {
    const struct guard *guard = (const void *)call->command->row;
    if (guard->refuses(call))
        reply_error(call, "ERR refused here");
    else
        guard->handler(call);
}

static void put_guards(void) {
    for (size_t i = 0; i < ARRAY_LEN(guards); i++) {
        struct guard *guard = &guards[i];
        struct command *command =
            command_table_find_full(engine->commands, bytes_of_str(guard->name));
        CHECK(command != NULL);
        guard->row = *command->row;
        guard->handler = guard->row.handler;
        guard->row.handler = run_guarded;
        command->row = &guard->row;
    }
}

/* --- life --- */

static void add_directives(void) {
    directives = directives_new();
    for (const struct feature *const *feature = features_all(); *feature != NULL; feature++)
        directives_add(directives, (*feature)->directives, (*feature)->directive_count);
}

/* Made once: the command table takes longer to build than most inputs to run. */
static void add_engine(void) {
    clock_set_unix_us(&fake_clock, START_MS * 1000);
    struct engine_settings settings = {
        .clock = &fake_clock,
        .features = features_all(),
        .db_count = DB_COUNT,
    };
    engine = engine_new(&settings);
    engine->directives = directives;
    put_guards();
}

int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED) {
    mem_start();
    clock_ticks_start();
    hash_set_seed(1);
    file_faults_set(
        "open * ENOENT\nfork * EAGAIN\nmake * EACCES"); /* no input finds or leaves files */
    program_start(features_all());
    add_directives();
    add_engine();
    return 0;
}

static void set_directive(struct bytes name, struct bytes value) {
    struct buffer error = {0};
    CHECK(directives_set_at_start(directives, name, &value, 1, &error));
    buffer_destroy(&error);
}

/* Everything that an input may have changed is as at the start, so that inputs do not depend on
 * each other. */
static void renew_engine(void) {
    random_set_seed(1);
    fake_clock = (struct clock){0};
    clock_set_unix_us(&fake_clock, START_MS * 1000);
    directives_apply_defaults(directives);
    set_directive(BYTES("loglevel"), BYTES("nothing"));
    set_directive(BYTES("proto-max-bulk-len"), BYTES("1mb"));
    keyspace_free(engine->keyspace);
    engine->keyspace = keyspace_new(DB_COUNT, &fake_clock);
    engine->stats = (struct engine_stats){0};
    engine->pause = (struct pause){0};
    engine->next_session_id = engine->tick_count = 0;
    engine->is_tick_off = engine->is_stopping = false;
    error_stats_reset(&engine->errors);
    command_table_reset_stats(engine->commands);
}

static void start_peer(struct stream *stream, struct peer *peer) {
    session_init(&peer->session, engine);
    output_lend(&peer->session.output, &peer->output);
    peer->session.version = stream->version;
    peer->session.can_block = peer != &stream->peers[0];
}

static void stop_peer(struct peer *peer) {
    resp_reader_destroy(&peer->reader);
    session_destroy(&peer->session);
    output_batch_destroy(&peer->output);
    *peer = (struct peer){0};
}

static struct stream *start(enum resp_version version) {
    char error[FEATURE_ERROR_MAX];
    renew_engine();
    for (const struct feature *const *feature = features_all(); *feature != NULL; feature++)
        CHECK((*feature)->start == NULL || (*feature)->start(engine, error));
    struct stream *stream = mem_alloc_zeroed(sizeof(*stream));
    stream->version = version;
    stream->speaker = &stream->peers[0];
    for (int i = 0; i < PEER_COUNT; i++) start_peer(stream, &stream->peers[i]);
    return stream;
}

/* Backwards, as the server does: the later ones stand on the earlier. */
static void stop_features(void) {
    const struct feature *const *feature = features_all();
    while (*feature != NULL) feature++;
    while (feature != features_all()) {
        feature--;
        if ((*feature)->stop != NULL) (*feature)->stop(engine);
    }
}

static void stop(struct stream *stream) {
    for (int i = 0; i < PEER_COUNT; i++) stop_peer(&stream->peers[i]);
    CHECK(engine->blocking == NULL);
    stop_features();
    batch_destroy(&stream->batch);
    buffer_destroy(&stream->replies);
    mem_free(stream);
}

/* --- time --- */

static void advance_ms(int64_t ms) {
    clock_set_unix_us(&fake_clock, fake_clock.unix_us + ms * 1000);
    while (engine_expire(engine) == 0 && !engine->keyspace->is_calendar_off) continue;
    blocking_expire(engine, fake_clock.unix_ms);
    engine_tick(engine);
}

static void advance(uint8_t choice) {
    static const int64_t steps_ms[] = {1, 10, 250, 1000, 60000, 3600000, 86400000, 3000000000};
    advance_ms(steps_ms[choice % ARRAY_LEN(steps_ms)]);
}

/* --- running --- */

/* Adds what the peer has been sent to `replies`. */
static void collect_from(struct peer *peer, struct buffer *replies) {
    struct output *output = &peer->session.output;
    CHECK(output->batch == &peer->output && output->own_bytes == 0);
    reply_collect(&peer->output, replies);
    output_destroy(output);
    CHECK(output_pending_bytes(output) == 0);
    output_lend(output, &peer->output);
}

/* Lines of MONITOR and, in RESP2, messages of subscriptions look like replies. */
static bool hears_of_others(const struct session *session) {
    return session->is_monitor || session_is_subscribing(session);
}

/* Who has sent nothing has been sent nothing, or what it has waited for. */
static void check_woken(struct stream *stream) {
    struct buffer replies = {0};
    for (int i = 0; i < PEER_COUNT; i++) {
        struct peer *peer = &stream->peers[i];
        buffer_clear(&replies);
        collect_from(peer, &replies);
        CHECK(reply_check(buffer_bytes(&replies)) <= 1 || hears_of_others(&peer->session));
        CHECK(replies.len == 0 || !blocking_is_blocked(&peer->session));
    }
    buffer_destroy(&replies);
}

static enum batch_result run_batch(struct stream *stream, struct bytes data, size_t *consumed) {
    struct peer *peer = stream->speaker;
    struct resp_limits limits = resp_limits_default();
    limits.max_bulk_bytes = network_settings()->max_bulk_bytes;
    size_t wanted_bytes;
    enum batch_result result = batch_run(&stream->batch, &peer->session, &peer->reader, &limits,
                                         data, consumed, &wanted_bytes);
    collect_from(peer, &stream->replies);
    check_woken(stream);
    CHECK(output_pending_bytes(&engine->muted) == 0);
    CHECK(*consumed <= data.len);
    return result;
}

/* Runs what can be run of [*at, end), from a copy that is exactly as long. False when nothing that
 * follows is run either. */
static bool run_up_to(struct stream *stream, struct bytes data, size_t *at, size_t end) {
    const struct session *session = &stream->speaker->session;
    enum batch_result result = BATCH_FULL;
    buffer_clear(&stream->replies);
    for (int pauses = 0; result == BATCH_FULL || result == BATCH_STOPPED;) {
        size_t consumed;
        char *copy = malloc(end - *at + 1);
        memcpy(copy, data.data + *at, end - *at);
        result = run_batch(stream, bytes_of(copy, end - *at), &consumed);
        free(copy);
        *at += consumed;
        if (session->is_closing || blocking_is_blocked(session)) break;
        if (result != BATCH_STOPPED) continue;
        if (++pauses > MAX_PAUSES) return false;
        advance((uint8_t)pauses);
    }
    (void)reply_check(buffer_bytes(&stream->replies));
    return !session->is_closing;
}

/* Pieces of `step` bytes, each longer by `growth`. */
static bool run_in_pieces(struct stream *stream, struct bytes data, size_t step, size_t growth) {
    size_t at = 0;
    size_t end = 0;
    while (end < data.len) {
        end = data.len - end < step ? data.len : end + step;
        step += growth;
        if (!run_up_to(stream, data, &at, end)) return false;
    }
    return true;
}

static void run_bytes(struct stream *stream, struct bytes data, uint8_t cuts) {
    if (run_in_pieces(stream, data, cuts % 16u * 8 + 1, cuts / 16u)) advance(cuts);
}

/* Subscribing is answered by messages, one for each channel, and listeners are sent more of them. */
static bool is_listening(const struct session *session) {
    const struct command *last = session->last_command;
    return (last != NULL && (last->flags & COMMAND_PUBSUB) != 0) || hears_of_others(session);
}

static bool has_one_reply_each(const struct session *session) {
    return session->reply_mode == SESSION_REPLY_ON && !session->is_closing &&
           !blocking_is_blocked(session) && !is_listening(session);
}

static void show(const char *what, struct bytes text) {
    struct buffer quoted = {0};
    buffer_append_quoted(&quoted, text);
    (void)fprintf(stderr, "%s: %s\n", what, buffer_c_str(&quoted));
    buffer_destroy(&quoted);
}

/* Runs whole requests; a single one must bring one reply. What stands behind one that waits is
 * dropped. */
static bool run_requests(struct stream *stream, struct bytes requests, size_t count) {
    if (blocking_is_blocked(&stream->speaker->session)) stream->speaker = &stream->peers[0];
    const struct session *session = &stream->speaker->session;
    bool was_counted = count == 1 && has_one_reply_each(session);
    size_t at = 0;
    if (!run_up_to(stream, requests, &at, requests.len)) return false;
    CHECK(at == requests.len || blocking_is_blocked(session));
    if (!was_counted || !has_one_reply_each(session)) return true;
    bool is_one = reply_check(buffer_bytes(&stream->replies)) == 1;
    if (!is_one) {
        show("request", requests);
        show("replies", buffer_bytes(&stream->replies));
    }
    CHECK(is_one);
    return true;
}

static void take_step(struct stream *stream, uint8_t choice) {
    struct peer *peer = &stream->peers[choice % PEER_COUNT];
    switch (choice / 8) {
    case 0: /* the rest of it chooses how far */
    case 1:
        advance(choice);
        check_woken(stream);
        break;
    case 2: stream->speaker = peer; break;
    default: stop_peer(peer); start_peer(stream, peer);
    }
}

/* Steps, and requests that are run at once or together with the next ones. */
static void run_program(struct stream *stream, struct program *program, uint8_t cuts) {
    struct buffer requests = {0};
    size_t count = 0;
    bool is_open = true;
    for (int i = 0; i < MAX_STEPS && program->rest.len != 0 && is_open; i++) {
        program->now_ms = fake_clock.unix_ms;
        uint8_t choice = program_take(program);
        if (choice % 8 == 0) {
            take_step(stream, choice / 8);
            continue;
        }
        program_write_request(program, &requests);
        count++;
        if (choice % 8 < 4) continue;
        is_open = run_requests(stream, buffer_bytes(&requests), count);
        buffer_clear(&requests);
        count = 0;
    }
    stream->speaker = &stream->peers[0];
    if (is_open) (void)run_in_pieces(stream, buffer_bytes(&requests), cuts + 1u, cuts % 8u);
    buffer_destroy(&requests);
}

/* --- what must hold --- */

struct tally {
    uint64_t keys;
    uint64_t due;
    uint64_t near;
};

static void verify_value(const struct entry *entry) {
    switch (entry->type) {
    case VALUE_LIST: list_verify(entry); break;
    case VALUE_HASH: hash_verify(entry); break;
    case VALUE_ZSET: zset_verify(entry); break;
    default: break;
    }
}

static void count_entry(void *element, void *context) {
    const struct entry *entry = element;
    verify_value(entry);
    struct tally *tally = context;
    uint64_t word = entry_due_word(entry);
    tally->keys++;
    tally->due += word != 0;
    tally->near += word != 0 && entry_due_word_is_near(word);
}

static void verify_database(const struct database *db) {
    struct tally tally = {0};
    table_verify(&db->keys);
    table_for_each(&db->keys, count_entry, &tally);
    CHECK(tally.keys == database_key_count(db));
    CHECK(tally.due == db->due_count);
    CHECK(calendar_record_count(db->calendar) >= tally.near);
}

static void verify(void) {
    const struct keyspace *keyspace = engine->keyspace;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < keyspace->db_count; i++) {
        verify_database(keyspace->dbs[i]);
        sum += database_key_count(keyspace->dbs[i]);
    }
    CHECK(sum == keyspace_key_count(keyspace));
}

static void verify_flushing(void) {
    struct session session = {.is_internal = true};
    struct output_batch output = {0};
    session_init(&session, engine);
    output_lend(&session.output, &output);
    CHECK(dispatch(&session, &BYTES("flushall"), 1) == DISPATCH_DONE);
    session_destroy(&session);
    output_batch_destroy(&output);
    CHECK(keyspace_key_count(engine->keyspace) == 0);
    verify();
    rate_policies_free(engine); /* they outlive FLUSHALL, and the next program begins without */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < HEAD_LEN) return 0;
    struct stream *stream = start((data[0] & 2) != 0 ? RESP3 : RESP2);
    struct bytes rest = bytes_of(data + HEAD_LEN, size - HEAD_LEN);
    if ((data[0] & 1) != 0)
        run_program(stream, &(struct program){.rest = rest}, data[1]);
    else
        run_bytes(stream, rest, data[1]);
    verify();
    verify_flushing();
    stop(stream);
    return 0;
}
