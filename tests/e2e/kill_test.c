/* kill -9 at random moments, again and again, while several connections write, also while the log
 * is rewritten and a snapshot saved. After each restart every acknowledged write must be there
 * (appendfsync always), or every one acknowledged more than a second earlier (everysec); what was
 * sent in one transaction is there wholly or not at all.
 *
 * Each connection writes numbered units 1, 2, 3 …; every fourth is a transaction:
 *
 *      SET key:<c>:<n mod 256> n     RPUSH list:<c> n     RL.TAKE limit:<c> FIXED …
 *
 * so the list tells how far a connection came, and the rest must agree with it. SKUA_KILL_ROUNDS
 * sets the number of rounds (200), SKUA_KILL_SEED the random numbers. */
#include "e2e/support.h"

#include "foundation/buffer.h"
#include "foundation/check.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <cmocka.h>

enum {
    WRITERS = 4,
    DEPTH = 8, /* units under way on a connection */
    SLOTS = 256,
    CHECKED_SLOTS = 200, /* of the last units, whose slots no later one has taken */
    TIMES = 1 << 17,
    LIMIT = 1000000000,
    DEFAULT_ROUNDS = 200,
    EVERYSEC_ROUNDS = 5,
    LOST_MAX_MS = 1000,
    LOOP_MS = 200, /* until a busy machine has handed over what was acknowledged */
};

struct writer {
    pthread_t thread;
    int number;
    int port;
    uint64_t sent; /* units */
    uint64_t acked;
    uint64_t verified; /* by the last check */
    long long taken;   /* from the limiter, by the last check */
    int64_t acked_at_ms[TIMES];
    bool has_refused; /* a reply was an error */
};

static struct writer writers[WRITERS];
static uint64_t seed;

static uint64_t draw(uint64_t bound) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % bound;
}

/* --- writing --- */

static bool is_transaction(uint64_t n) {
    return n % 4 == 0;
}

static int send_unit(redisContext *context, const struct writer *writer, uint64_t n) {
    unsigned long long number = n;
    int replies = is_transaction(n) ? 5 : 3;
    if (is_transaction(n)) redisAppendCommand(context, "MULTI");
    redisAppendCommand(context, "SET key:%d:%llu %llu", writer->number, number % SLOTS, number);
    redisAppendCommand(context, "RPUSH list:%d %llu", writer->number, number);
    redisAppendCommand(context, "RL.TAKE limit:%d FIXED %d 2592000000", writer->number, LIMIT);
    if (is_transaction(n)) redisAppendCommand(context, "EXEC");
    return replies;
}

/* False when the connection has ended. */
static bool receive_unit(redisContext *context, struct writer *writer, uint64_t n) {
    bool is_refused = false;
    for (int i = 0; i < (is_transaction(n) ? 5 : 3); i++) {
        redisReply *reply = NULL;
        if (redisGetReply(context, (void **)&reply) != REDIS_OK) return false;
        is_refused |= reply->type == REDIS_REPLY_ERROR;
        freeReplyObject(reply);
    }
    if (is_refused) {
        writer->has_refused = true;
        return false;
    }
    writer->acked_at_ms[n % TIMES] = e2e_now_ms();
    writer->acked = n;
    return true;
}

static void *run_writer(void *argument) {
    struct writer *writer = argument;
    redisContext *context = redisConnect("127.0.0.1", writer->port);
    uint64_t n = writer->verified;
    bool is_open = context != NULL && context->err == 0;
    while (is_open) {
        while (writer->sent < n + DEPTH) (void)send_unit(context, writer, ++writer->sent);
        is_open = receive_unit(context, writer, n + 1);
        if (is_open) n++;
    }
    redisFree(context);
    return NULL;
}

static void start_writers(const struct e2e_server *server) {
    for (int i = 0; i < WRITERS; i++) {
        writers[i].number = i;
        writers[i].port = server->port;
        writers[i].sent = writers[i].acked = writers[i].verified;
        assert_int_equal(pthread_create(&writers[i].thread, NULL, run_writer, &writers[i]), 0);
    }
}

static void await_writers(void) {
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(writers[i].thread, NULL);
        assert_false(writers[i].has_refused);
    }
}

/* --- checking --- */

static redisReply *ask(redisContext *context, const char *format, ...) {
    va_list values;
    va_start(values, format);
    redisReply *reply = redisvCommand(context, format, values);
    va_end(values);
    assert_non_null(reply);
    if (reply->type == REDIS_REPLY_ERROR) fail_msg("%s: %s", format, reply->str);
    return reply;
}

/* The last unit in the list, which holds all before it in order. */
static uint64_t check_list(redisContext *context, const struct writer *writer) {
    uint64_t n = writer->verified;
    redisReply *reply =
        ask(context, "LRANGE list:%d %llu -1", writer->number, (unsigned long long)n);
    for (size_t i = 0; i < reply->elements; i++) {
        n++;
        if (strtoull(reply->element[i]->str, NULL, 10) != n)
            fail_msg("list %d holds %s at place %llu", writer->number, reply->element[i]->str,
                     (unsigned long long)n);
    }
    freeReplyObject(reply);
    return n;
}

static uint64_t read_slot(redisContext *context, const struct writer *writer, uint64_t n) {
    redisReply *reply =
        ask(context, "GET key:%d:%llu", writer->number, (unsigned long long)(n % SLOTS));
    uint64_t value = reply->str == NULL ? 0 : strtoull(reply->str, NULL, 10);
    freeReplyObject(reply);
    return value;
}

static void check_slots(redisContext *context, const struct writer *writer, uint64_t last) {
    uint64_t first = last > CHECKED_SLOTS ? last - CHECKED_SLOTS + 1 : 1;
    for (uint64_t n = first; n <= last; n++) assert_int_equal(read_slot(context, writer, n), n);
    if (is_transaction(last + 1))
        assert_int_not_equal(read_slot(context, writer, last + 1), last + 1);
}

static void check_limiter(redisContext *context, struct writer *writer) {
    enum { REMAINING = 2 };
    redisReply *reply = ask(context, "RL.PEEK limit:%d FIXED %d 2592000000", writer->number, LIMIT);
    long long taken = LIMIT - reply->element[REMAINING]->integer;
    freeReplyObject(reply);
    long long acked = (long long)(writer->acked - writer->verified);
    if (taken - writer->taken < acked)
        fail_msg("limiter %d: %lld taken, %lld acknowledged", writer->number, taken - writer->taken,
                 acked);
    writer->taken = taken;
}

/* What was acknowledged before the moment must be there. */
static void check_writer(redisContext *context, struct writer *writer, int64_t before_ms) {
    uint64_t promised = writer->acked;
    while (promised > writer->verified && writer->acked_at_ms[promised % TIMES] > before_ms)
        promised--;
    uint64_t last = check_list(context, writer);
    if (last < promised)
        fail_msg("connection %d: unit %llu was acknowledged, the last one there is %llu",
                 writer->number, (unsigned long long)promised, (unsigned long long)last);
    assert_true(last <= writer->sent);
    check_slots(context, writer, last);
    if (writer->acked > last) writer->acked = last;
    check_limiter(context, writer);
    writer->verified = last;
}

/* --- rounds --- */

static void disturb(struct e2e_server *server) {
    static const char *const lines[] = {"PING", "BGREWRITEAOF", "BGSAVE", "BGREWRITEAOF"};
    const char *line = lines[draw(4)];
    (void)e2e_server_run(server, draw(2) == 0 ? "CONFIG SET rdb-key-save-delay 0"
                                              : "CONFIG SET rdb-key-save-delay 50");
    (void)e2e_server_run(server, line);
}

static int64_t kill_at_random(struct e2e_server *server, int min_ms, int max_ms) {
    int early_ms = (int)draw((uint64_t)min_ms);
    (void)poll(NULL, 0, early_ms);
    disturb(server);
    (void)poll(NULL, 0, min_ms - early_ms + (int)draw((uint64_t)(max_ms - min_ms)));
    int64_t now_ms = e2e_now_ms();
    assert_int_equal(kill(server->pid, SIGKILL), 0);
    return now_ms;
}

static void restart(struct e2e_server *server, const char *const *arguments) {
    int status = e2e_server_await_end(server);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    e2e_server_start_again(server, arguments);
    e2e_server_await(server, "PING", "PONG");
}

struct plan {
    const char *const *arguments;
    int rounds;
    int min_ms, max_ms; /* until the kill */
    int64_t lost_ms;    /* what was acknowledged so shortly before it may be lost */
};

static void run_plan(const struct plan *plan) {
    memset(writers, 0, sizeof(writers));
    struct e2e_server *server = e2e_server_start(plan->arguments);
    uint64_t units = 0;
    for (int round = 0; round < plan->rounds; round++) {
        start_writers(server);
        int64_t killed_ms = kill_at_random(server, plan->min_ms, plan->max_ms);
        await_writers();
        restart(server, plan->arguments);
        for (int i = 0; i < WRITERS; i++) {
            units += writers[i].acked - writers[i].verified;
            check_writer(server->control, &writers[i], killed_ms - plan->lost_ms);
        }
    }
    print_message("%d rounds, %llu units acknowledged\n", plan->rounds, (unsigned long long)units);
    e2e_server_stop(server);
}

static int read_rounds(void) {
    const char *text = getenv("SKUA_KILL_ROUNDS");
    return text == NULL ? DEFAULT_ROUNDS : (int)strtol(text, NULL, 10);
}

static void every_acknowledged_write_survives_a_kill(void **state) {
    static const char *const arguments[] = {"--appendonly",
                                            "yes",
                                            "--appendfsync",
                                            "always",
                                            "--save",
                                            "",
                                            "--auto-aof-rewrite-min-size",
                                            "256kb",
                                            NULL};
    (void)state;
    run_plan(&(struct plan){.arguments = arguments,
                            .rounds = read_rounds(),
                            .min_ms = 10,
                            .max_ms = 200,
                            .lost_ms = -LOST_MAX_MS});
}

static void at_most_a_second_is_lost_with_everysec(void **state) {
    static const char *const arguments[] = {"--appendonly",
                                            "yes",
                                            "--appendfsync",
                                            "everysec",
                                            "--save",
                                            "",
                                            "--auto-aof-rewrite-min-size",
                                            "256kb",
                                            NULL};
    (void)state;
    run_plan(&(struct plan){.arguments = arguments,
                            .rounds = read_rounds() < EVERYSEC_ROUNDS ? 1 : EVERYSEC_ROUNDS,
                            .min_ms = 1200,
                            .max_ms = 1800,
                            .lost_ms = LOST_MAX_MS + LOOP_MS});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_acknowledged_write_survives_a_kill),
        cmocka_unit_test(at_most_a_second_is_lost_with_everysec),
    };
    const char *text = getenv("SKUA_KILL_SEED");
    seed = text == NULL ? (uint64_t)e2e_now_ms() * 2654435761u + 1 : strtoull(text, NULL, 10);
    print_message("SKUA_KILL_SEED=%llu\n", (unsigned long long)seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
