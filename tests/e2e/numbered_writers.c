#include "e2e/numbered_writers.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum {
    WRITERS = 4,
    DEPTH = 8, /* units under way on a connection */
    SLOTS = 256,
    CHECKED_SLOTS = 200, /* of the last units, whose slots no later one has taken */
    TIMES = 1 << 17,
    LIMIT = 1000000000,
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

void numbered_writers_reset(void) {
    memset(writers, 0, sizeof(writers));
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

void numbered_writers_start(const struct e2e_server *server) {
    for (int i = 0; i < WRITERS; i++) {
        writers[i].number = i;
        writers[i].port = server->port;
        writers[i].sent = writers[i].acked = writers[i].verified;
        assert_int_equal(pthread_create(&writers[i].thread, NULL, run_writer, &writers[i]), 0);
    }
}

void numbered_writers_await(void) {
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

uint64_t numbered_writers_check(redisContext *context, int64_t before_ms) {
    uint64_t units = 0;
    for (int i = 0; i < WRITERS; i++) {
        units += writers[i].acked - writers[i].verified;
        check_writer(context, &writers[i], before_ms);
    }
    return units;
}
