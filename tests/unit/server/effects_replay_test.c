/* Effects run again give the same data.
 *
 *      random requests ──> engine A ──effects──> log ──> engine B ──effects──> log ──> engine C
 *      a clock that moves                              clock at zero                 clock at zero
 *
 * A is used by several clients: transactions, some that wait, keys and members that come due when
 * they are looked at or by the calendar, keys evicted. B has other seeds for hashing and chance. In
 * the end all three hold the same, due times included, and still do when their clocks run on. What B
 * tells is as good a log as A's. SKUA_MODEL_STEPS=n runs n requests in all. */
#include "data/eviction.h"
#include "data/rdb/rdb_payload.h"
#include "engine/blocking.h"
#include "engine/dispatch.h"
#include "engine/effects.h"
#include "engine/fence.h"
#include "foundation/directive.h"
#include "foundation/hash.h"
#include "foundation/random.h"
#include "fuzz/support/reply_check.h"
#include "io/file_faults.h"
#include "server/features.h"
#include "unit/support/data_dump.h"
#include "unit/support/random_request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum {
    DB_COUNT = 4,
    PEERS = 4,
    MOMENTS = 3,
    LONG_ROUND = 8000,
    SHORT_ROUND = 400,
    USUAL_STEPS = 300000
};

#define START_MS ((int64_t)1700000000000)

/* How much the clocks run on before each look at what is left. */
static const int64_t moments_ms[MOMENTS] = {0, 1500, 86400000};

/* Effects, one behind the other: | db | argc | len | bytes | len | bytes | … */
struct log {
    struct effect_listener listener; /* first, to be found by it */
    struct buffer bytes;
    uint64_t count, groups;
    bool is_grouped;
};

struct peer {
    struct session session;
    struct output_batch output;
};

struct world {
    struct clock clock;
    struct directives *directives;
    struct engine *engine;
    struct peer peers[PEERS]; /* the first never waits */
    struct log log;
    struct random_request request;
};

/* --- the log --- */

static void append_number(struct buffer *out, size_t number) {
    buffer_append(out, &number, sizeof(number));
}

static void note_write(struct effect_listener *listener, uint32_t db_number,
                       const struct bytes *args, uint32_t argc) {
    struct log *log = (struct log *)listener;
    append_number(&log->bytes, db_number);
    append_number(&log->bytes, argc);
    for (uint32_t i = 0; i < argc; i++) {
        append_number(&log->bytes, args[i].len);
        buffer_append_bytes(&log->bytes, args[i]);
    }
    log->count++;
}

static void note_begin(struct effect_listener *listener) {
    struct log *log = (struct log *)listener;
    assert_false(log->is_grouped);
    log->is_grouped = true;
    log->groups++;
}

static void note_end(struct effect_listener *listener) {
    struct log *log = (struct log *)listener;
    assert_true(log->is_grouped);
    log->is_grouped = false;
}

static size_t take_number(const char **at) {
    size_t number;
    memcpy(&number, *at, sizeof(number));
    *at += sizeof(number);
    return number;
}

/* --- worlds --- */

/* Small limits, for values to become tables early. */
static void set_directive(struct world *world, const char *name, const char *value) {
    const struct bytes pair[] = {bytes_of_str(name), bytes_of_str(value)};
    struct buffer error = {0};
    assert_true(directives_set(world->directives, pair, 1, true, &error));
    buffer_destroy(&error);
}

static void add_directives(struct world *world) {
    world->directives = directives_new();
    for (const struct feature *const *feature = features_all(); *feature != NULL; feature++)
        directives_add(world->directives, (*feature)->directives, (*feature)->directive_count);
    directives_apply_defaults(world->directives);
    set_directive(world, "hash-max-listpack-entries", "8");
    set_directive(world, "set-max-listpack-entries", "8");
    set_directive(world, "set-max-intset-entries", "4");
    set_directive(world, "zset-max-listpack-entries", "8");
    set_directive(world, "list-max-listpack-size", "4");
}

static void start_peer(struct world *world, int number) {
    struct peer *peer = &world->peers[number];
    session_init(&peer->session, world->engine);
    output_lend(&peer->session.output, &peer->output);
    peer->session.can_block = number != 0;
}

static struct world *start_world(int64_t now_ms, uint64_t seed) {
    struct world *world = mem_alloc_zeroed(sizeof(*world));
    char error[FEATURE_ERROR_MAX];
    file_faults_set("open * ENOENT\nmake * EACCES"); /* no files are found or left */
    hash_set_seed(seed);
    random_set_seed(seed);
    clock_set_unix_us(&world->clock, now_ms * 1000);
    add_directives(world);
    world->engine = engine_new(&(struct engine_settings){
        .clock = &world->clock, .features = features_all(), .db_count = DB_COUNT});
    world->engine->directives = world->directives;
    for (const struct feature *const *feature = features_all(); *feature != NULL; feature++)
        assert_true((*feature)->start == NULL || (*feature)->start(world->engine, error));
    for (int i = 0; i < PEERS; i++) start_peer(world, i);
    world->log.listener =
        (struct effect_listener){.write = note_write, .begin = note_begin, .end = note_end};
    effects_listen(world->engine, &world->log.listener);
    return world;
}

static void stop_world(struct world *world) {
    effects_ignore(world->engine, &world->log.listener);
    for (int i = 0; i < PEERS; i++) {
        session_destroy(&world->peers[i].session);
        output_batch_destroy(&world->peers[i].output);
    }
    const struct feature *const *feature = features_all();
    while (*feature != NULL) feature++;
    while (feature-- != features_all())
        if ((*feature)->stop != NULL) (*feature)->stop(world->engine);
    engine_free(world->engine);
    directives_free(world->directives);
    buffer_destroy(&world->log.bytes);
    random_request_destroy(&world->request);
    mem_free(world);
}

/* --- running requests --- */

static void drop_replies(struct peer *peer) {
    struct output *output = &peer->session.output;
    output_destroy(output);
    output_lend(output, &peer->output);
}

static void run(struct world *world, struct peer *peer, const struct bytes *args, uint32_t argc) {
    assert_int_equal(dispatch(&peer->session, args, argc), DISPATCH_DONE);
    for (int i = 0; i < PEERS; i++) drop_replies(&world->peers[i]);
}

static void run_line(struct world *world, struct peer *peer, const char *name, const char *arg) {
    const struct bytes args[] = {bytes_of_str(name), bytes_of_str(arg == NULL ? "" : arg)};
    run(world, peer, args, arg == NULL ? 1 : 2);
}

static void run_made(struct world *world, struct peer *peer) {
    run(world, peer, world->request.args, world->request.argc);
}

static void run_random(struct world *world, struct peer *peer) {
    random_request_make(&world->request, world->clock.unix_ms);
    run_made(world, peer);
}

static struct peer *draw_peer(struct world *world) {
    struct peer *peer = &world->peers[random_request_draw(PEERS)];
    return blocking_is_blocked(&peer->session) ? &world->peers[0] : peer;
}

static void run_transaction(struct world *world) {
    struct peer *peer = draw_peer(world);
    run_line(world, peer, "multi", NULL);
    for (uint64_t left = random_request_draw(6); left > 0; left--) run_random(world, peer);
    run_line(world, peer, "exec", NULL);
}

/* What a key holds, under another key. */
static void run_restore(struct world *world) {
    struct peer *peer = draw_peer(world);
    struct database *db = world->engine->keyspace->dbs[peer->session.db_number];
    struct entry *entry = database_random(db);
    if (entry == NULL) return;
    struct rdb_writer writer;
    rdb_writer_init(&writer, &(struct rdb_writer_settings){.is_checksumming = true});
    rdb_payload_write(&writer, entry);
    struct random_request *request = &world->request;
    random_request_clear(request);
    random_request_add(request, BYTES("restore"));
    random_request_add(request, random_request_key());
    random_request_add(request, random_request_draw(2) == 0 ? BYTES("0") : BYTES("700"));
    random_request_add(request, rdb_writer_bytes(&writer));
    random_request_add(request, BYTES("REPLACE"));
    if (random_request_draw(4) == 0) random_request_add(request, BYTES("ABSTTL"));
    random_request_finish(request);
    run_made(world, peer);
    rdb_writer_destroy(&writer);
}

/* --- what happens by itself --- */

static void expire_all(struct world *world) {
    while (engine_expire(world->engine) == 0) continue;
}

static void append_key(void *element, void *context) {
    struct bytes key = entry_key(element);
    append_number(context, key.len);
    buffer_append_bytes(context, key);
}

/* The calendar leaves a key some milliseconds; a look does not. */
static void look_at_every_key(struct world *world) {
    for (uint32_t i = 0; i < DB_COUNT; i++) {
        struct database *db = world->engine->keyspace->dbs[i];
        struct buffer keys = {0};
        table_for_each(&db->keys, append_key, &keys);
        for (const char *at = keys.data; at != keys.data + keys.len;) {
            size_t len = take_number(&at);
            (void)database_find(db, key_of(bytes_of(at, len)));
            at += len;
        }
        buffer_destroy(&keys);
    }
}

/* What has come due is left to those who look half of the time. */
static void move_clock(struct world *world) {
    static const int64_t steps_ms[] = {1, 8, 60, 400, 999, 2000};
    int64_t step_ms = steps_ms[random_request_draw(ARRAY_LEN(steps_ms))];
    clock_set_unix_us(&world->clock, world->clock.unix_us + step_ms * 1000);
    if (random_request_draw(2) == 0) expire_all(world);
    blocking_expire(world->engine, world->clock.unix_ms);
    for (int i = 0; i < PEERS; i++) drop_replies(&world->peers[i]);
}

static void evict_one(struct world *world) {
    struct database *db = world->engine->keyspace->dbs[random_request_draw(DB_COUNT)];
    struct entry *entry = database_random(db);
    if (entry != NULL) database_evict(db, entry);
}

static void run_short_of_memory(struct world *world) {
    set_directive(world, "maxmemory-policy", "allkeys-random");
    set_directive(world, "maxmemory", "1");
    run_line(world, draw_peer(world), "incr", "string:0");
    set_directive(world, "maxmemory", "0");
}

static void take_step(struct world *world) {
    uint64_t choice = random_request_draw(1000);
    if (choice < 15)
        move_clock(world);
    else if (choice < 16)
        evict_one(world);
    else if (choice == 16 && random_request_draw(10) == 0)
        run_short_of_memory(world);
    else if (choice < 50)
        run_transaction(world);
    else if (choice < 58)
        run_restore(world);
    else if (choice < 63)
        run_line(world, draw_peer(world), "select", random_request_draw(2) == 0 ? "0" : "1");
    else
        run_random(world, draw_peer(world));
}

/* --- comparing --- */

/* All that is left when the clock has come to a moment and what is due has gone. */
static struct buffer dump_at(struct world *world, int64_t moment_ms) {
    struct buffer dump = {0};
    clock_set_unix_us(&world->clock, moment_ms * 1000);
    expire_all(world);
    look_at_every_key(world);
    data_dump(world->engine->keyspace, &dump);
    return dump;
}

/* Shows the first line that differs. */
static void assert_same(struct buffer *expected, struct buffer *got) {
    const char *a = buffer_c_str(expected), *b = buffer_c_str(got);
    if (strcmp(a, b) == 0) return;
    size_t line = 0;
    for (size_t i = 0; a[i] != '\0' && a[i] == b[i]; i++)
        if (a[i] == '\n') line = i + 1;
    (void)fprintf(stderr, "expected: %.*s\ngot:      %.*s\n", (int)strcspn(a + line, "\n"),
                  a + line, (int)strcspn(b + line, "\n"), b + line);
    fail();
}

/* What a log is to lead to. */
struct outcome {
    int64_t end_ms;
    int64_t fence;
    struct buffer dumps[MOMENTS];
};

static struct outcome look_at_outcome(struct world *world) {
    struct outcome outcome = {.end_ms = world->clock.unix_ms, .fence = fence_last(world->engine)};
    for (int i = 0; i < MOMENTS; i++)
        outcome.dumps[i] = dump_at(world, outcome.end_ms + moments_ms[i]);
    return outcome;
}

static void free_outcome(struct outcome *outcome) {
    for (int i = 0; i < MOMENTS; i++) buffer_destroy(&outcome->dumps[i]);
}

/* --- the replay --- */

static void show(const struct bytes *args, uint32_t argc, struct bytes reply) {
    struct buffer text = {0};
    for (uint32_t i = 0; i < argc; i++) {
        buffer_append_quoted(&text, args[i]);
        buffer_append_char(&text, ' ');
    }
    buffer_append_bytes(&text, reply);
    (void)fprintf(stderr, "%s\n", buffer_c_str(&text));
    buffer_destroy(&text);
}

static void run_effect(struct world *world, uint32_t db_number, const struct bytes *args,
                       uint32_t argc) {
    struct peer *peer = &world->peers[0];
    uint64_t errors = world->engine->errors.total;
    peer->session.db_number = db_number;
    assert_int_equal(dispatch(&peer->session, args, argc), DISPATCH_DONE);
    if (world->engine->errors.total != errors) {
        struct buffer reply = {0};
        reply_collect(&peer->output, &reply);
        show(args, argc, buffer_bytes(&reply));
        fail();
    }
    drop_replies(peer);
}

static void replay(struct world *world, struct bytes log) {
    const char *at = log.data;
    struct bytes *args = NULL;
    world->peers[0].session.is_internal = true;
    while (at != log.data + log.len) {
        uint32_t db_number = (uint32_t)take_number(&at);
        uint32_t argc = (uint32_t)take_number(&at);
        args = mem_realloc(args, argc * sizeof(*args));
        for (uint32_t i = 0; i < argc; i++) {
            size_t len = take_number(&at);
            args[i] = bytes_of(at, len);
            at += len;
        }
        run_effect(world, db_number, args, argc);
    }
    mem_free(args);
}

/* Returns what is told meanwhile, the caller's. */
static struct buffer check_replay(struct bytes log, struct outcome *expected, uint64_t seed) {
    struct world *world = start_world(0, seed);
    struct buffer dump = {0};
    replay(world, log);
    data_dump(world->engine->keyspace, &dump);
    assert_same(&expected->dumps[0], &dump);
    buffer_destroy(&dump);
    assert_int_equal(fence_last(world->engine), expected->fence);
    struct buffer told = world->log.bytes;
    world->log.bytes = (struct buffer){0};
    for (int i = 0; i < MOMENTS; i++) {
        dump = dump_at(world, expected->end_ms + moments_ms[i]);
        assert_same(&expected->dumps[i], &dump);
        buffer_destroy(&dump);
    }
    stop_world(world);
    return told;
}

static uint64_t play_round(uint64_t round, uint64_t steps) {
    struct world *world = start_world(START_MS, round + 1);
    random_request_seed(round + 1);
    for (uint64_t i = 0; i < steps; i++) take_step(world);
    look_at_every_key(world);
    struct buffer log = world->log.bytes;
    uint64_t count = world->log.count;
    world->log.bytes = (struct buffer){0};
    struct outcome outcome = look_at_outcome(world);
    stop_world(world);
    struct buffer second = check_replay(buffer_bytes(&log), &outcome, 1000 + round);
    struct buffer third = check_replay(buffer_bytes(&second), &outcome, 2000 + round);
    free_outcome(&outcome);
    buffer_destroy(&log);
    buffer_destroy(&second);
    buffer_destroy(&third);
    return count;
}

static void effects_run_again_give_the_same_data(void **state) {
    (void)state;
    const char *text = getenv("SKUA_MODEL_STEPS");
    uint64_t steps = text == NULL ? USUAL_STEPS : strtoull(text, NULL, 10);
    uint64_t told = 0;
    /* Long rounds for large values; short ones, because an error lasts only until its key goes. */
    for (uint64_t round = 0, done = 0; done < steps; round++) {
        uint64_t count = round % 40 == 0 ? LONG_ROUND : SHORT_ROUND;
        told += play_round(round, count);
        done += count;
    }
    assert_true(told > steps / 4); /* else the requests are mostly wrong */
}

static int start(void **state) {
    (void)state;
    random_request_start(features_all());
    return 0;
}

static int stop(void **state) {
    (void)state;
    random_request_stop();
    return 0;
}

int main(void) {
    mem_start();
    clock_ticks_start();
    const struct CMUnitTest tests[] = {cmocka_unit_test(effects_run_again_give_the_same_data)};
    return cmocka_run_group_tests(tests, start, stop);
}
