/* Rate limits under many connections at once. Every take comes in a transaction with TIME, which
 * sees the same moment: so each decision is known to the microsecond, and what was granted must be,
 * moment by moment, what a model grants. A second is of 100 ms here. */
#include "e2e/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum {
    CLIENTS = 50,
    TAKES_A_ROUND = 8,
    LIMIT = 100,
    WINDOW_US = 100 * 1000,
    SPAN_US = 2000 * 1000
};

/* What was asked and granted at one moment. */
struct moment {
    int64_t us;
    int64_t asked;
    int64_t granted;
};

struct moments {
    struct moment *array;
    size_t count;
    size_t cap;
};

static int start(void **state) {
    *state = e2e_server_start(NULL);
    return 0;
}

static int stop(void **state) {
    e2e_server_stop(*state);
    return 0;
}

/* --- hammering --- */

static void note_decision(struct moments *moments, int64_t us, bool is_granted) {
    if (moments->count == moments->cap) {
        moments->cap = moments->cap * 2 + 1024;
        moments->array = realloc(moments->array, moments->cap * sizeof(struct moment));
        assert_non_null(moments->array);
    }
    moments->array[moments->count++] = (struct moment){.us = us, .asked = 1, .granted = is_granted};
}

/* The next reply, which is as long as said when it is an array. */
static redisReply *read_reply(redisContext *context, int type, size_t elements) {
    void *reply = NULL;
    assert_int_equal(redisGetReply(context, &reply), REDIS_OK);
    redisReply *given = reply;
    assert_int_equal(given->type, type);
    if (type == REDIS_REPLY_ARRAY) assert_true(given->elements >= elements);
    return given;
}

static void send_takes(redisContext *context, const char *take) {
    for (int i = 0; i < TAKES_A_ROUND; i++) {
        assert_int_equal(redisAppendCommand(context, "MULTI"), REDIS_OK);
        assert_int_equal(redisAppendCommand(context, "TIME"), REDIS_OK);
        assert_int_equal(redisAppendCommand(context, take), REDIS_OK);
        assert_int_equal(redisAppendCommand(context, "EXEC"), REDIS_OK);
    }
    int is_sent = 0;
    while (!is_sent) assert_int_equal(redisBufferWrite(context, &is_sent), REDIS_OK);
}

static int64_t read_takes(redisContext *context, struct moments *moments) {
    int64_t us = 0;
    for (int i = 0; i < TAKES_A_ROUND; i++) {
        for (int k = 0; k < 3; k++) freeReplyObject(read_reply(context, REDIS_REPLY_STATUS, 0));
        redisReply *reply = read_reply(context, REDIS_REPLY_ARRAY, 2);
        const redisReply *time = reply->element[0], *answer = reply->element[1];
        assert_int_equal(time->elements, 2);
        assert_int_equal(answer->type, REDIS_REPLY_ARRAY);
        us = strtoll(time->element[0]->str, NULL, 10) * 1000000 +
             strtoll(time->element[1]->str, NULL, 10);
        note_decision(moments, us, answer->element[0]->integer == 1);
        freeReplyObject(reply);
    }
    return us;
}

static int compare_moments(const void *a, const void *b) {
    int64_t a_us = ((const struct moment *)a)->us, b_us = ((const struct moment *)b)->us;
    return (a_us > b_us) - (a_us < b_us);
}

/* In order, each moment once. */
static void merge_moments(struct moments *moments) {
    size_t kept = 0;
    qsort(moments->array, moments->count, sizeof(struct moment), compare_moments);
    for (size_t i = 1; i < moments->count; i++) {
        struct moment *last = &moments->array[kept], *next = &moments->array[i];
        if (last->us != next->us) {
            moments->array[++kept] = *next;
            continue;
        }
        last->asked += next->asked;
        last->granted += next->granted;
    }
    moments->count = kept + 1;
}

/* All clients send the line again and again, for so long by the server's clock. */
static struct moments hammer(struct e2e_server *server, const char *take, int64_t span_us) {
    struct moments moments = {0};
    redisContext *contexts[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) contexts[i] = e2e_connect(server);
    int64_t first_us = 0, last_us = 0;
    while (last_us - first_us < span_us) {
        for (int i = 0; i < CLIENTS; i++) send_takes(contexts[i], take);
        for (int i = 0; i < CLIENTS; i++) last_us = read_takes(contexts[i], &moments);
        if (first_us == 0) first_us = moments.array[0].us;
    }
    for (int i = 0; i < CLIENTS; i++) redisFree(contexts[i]);
    merge_moments(&moments);
    return moments;
}

/* --- models: how many units are free at a moment, those granted before being known --- */

static int64_t count_granted(const struct moments *moments, size_t from, size_t to) {
    int64_t sum = 0;
    for (size_t i = from; i < to; i++) sum += moments->array[i].granted;
    return sum;
}

static int64_t room_of_log(const struct moments *moments, size_t now) {
    size_t from = now;
    while (from > 0 && moments->array[from - 1].us > moments->array[now].us - WINDOW_US) from--;
    return LIMIT - count_granted(moments, from, now);
}

/* The window begins with the first take of a moment that finds none. */
static int64_t room_of_fixed(const struct moments *moments, size_t now) {
    size_t begin = 0;
    for (size_t i = 1; i <= now; i++)
        if (moments->array[i].us >= moments->array[begin].us + WINDOW_US) begin = i;
    return LIMIT - count_granted(moments, begin, now);
}

static int64_t room_of_aligned(const struct moments *moments, size_t now) {
    size_t from = now;
    int64_t window = moments->array[now].us / WINDOW_US;
    while (from > 0 && moments->array[from - 1].us / WINDOW_US == window) from--;
    return LIMIT - count_granted(moments, from, now);
}

/* Counted in 1/WINDOW_US of a token, LIMIT of which come back every microsecond. */
static int64_t room_of_bucket(const struct moments *moments, size_t now) {
    const int64_t full = (int64_t)LIMIT * WINDOW_US;
    int64_t level = full;
    for (size_t i = 0; i < now; i++) {
        const struct moment *moment = &moments->array[i];
        level += (moment[1].us - moment->us) * LIMIT - moment->granted * WINDOW_US;
        if (level > full) level = full;
    }
    return level / WINDOW_US;
}

typedef int64_t room_finder(const struct moments *moments, size_t now);

/* Returns how many were granted. */
static int64_t check_decisions(const struct moments *moments, room_finder *find_room) {
    bool has_denied = false;
    for (size_t i = 0; i < moments->count; i++) {
        const struct moment *moment = &moments->array[i];
        int64_t room = find_room(moments, i);
        assert_int_equal(moment->granted, room < moment->asked ? room : moment->asked);
        has_denied |= moment->granted < moment->asked;
    }
    assert_true(has_denied);
    return count_granted(moments, 0, moments->count);
}

/* --- tests --- */

struct subject {
    const char *take;
    room_finder *find_room;
};

static void fifty_connections_are_granted_exactly_the_limit_in_every_window(void **state) {
    static const struct subject subjects[] = {
        {"RL.TAKE log LOG 100 100", room_of_log},
        {"RL.TAKE fixed FIXED 100 100", room_of_fixed},
        {"RL.TAKE aligned FIXED 100 100 ALIGNED", room_of_aligned},
        {"RL.TAKE bucket BUCKET 100 100 100", room_of_bucket},
        {"RL.TAKE gcra GCRA 99 100 100", room_of_bucket},
    };
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        struct moments moments = hammer(*state, subjects[i].take, SPAN_US / 4);
        check_decisions(&moments, subjects[i].find_room);
        free(moments.array);
    }
}

static void over_a_minute_they_are_granted_the_minutes_limit_and_each_seconds(void **state) {
    enum { MINUTE_LIMIT = 500 };
    struct moments moments =
        hammer(*state, "RL.TAKEALL 2 second FIXED 100 100 ALIGNED minute FIXED 500 6000", SPAN_US);
    int64_t granted = 0;
    for (size_t i = 0; i < moments.count; i++) {
        const struct moment *moment = &moments.array[i];
        int64_t room = room_of_aligned(&moments, i);
        if (room > MINUTE_LIMIT - granted) room = MINUTE_LIMIT - granted;
        assert_int_equal(moment->granted, room < moment->asked ? room : moment->asked);
        granted += moment->granted;
    }
    assert_int_equal(granted, MINUTE_LIMIT);
    free(moments.array);
}

static void assert_begins(redisContext *context, const char *line, const char *expected) {
    char *text = e2e_run(context, line);
    text[strnlen(expected, strlen(text))] = '\0';
    assert_string_equal(text, expected);
    free(text);
}

/* Each client has a token of its own, and half of those who hold a lease end it. */
static void of_fifty_connections_as_many_hold_a_lease_as_may(void **state) {
    enum { LEASES = 20, RELEASED = 10 };
    redisContext *contexts[CLIENTS];
    int held[CLIENTS], count = 0;
    for (int i = 0; i < CLIENTS; i++) {
        contexts[i] = e2e_connect(*state);
        assert_int_equal(
            redisAppendCommand(contexts[i], "RL.TAKE jobs CONCURRENT 20 60000 TOKEN %d", i),
            REDIS_OK);
        int is_sent = 0;
        while (!is_sent) assert_int_equal(redisBufferWrite(contexts[i], &is_sent), REDIS_OK);
    }
    for (int i = 0; i < CLIENTS; i++) {
        redisReply *reply = read_reply(contexts[i], REDIS_REPLY_ARRAY, 1);
        if (reply->element[0]->integer == 1) held[count++] = i;
        freeReplyObject(reply);
    }
    assert_int_equal(count, LEASES);
    for (int i = 0; i < RELEASED; i++) {
        char line[64];
        snprintf(line, sizeof(line), "RL.RELEASE jobs %d", held[i]);
        assert_run(contexts[held[i]], line, "1");
        assert_run(contexts[held[i]], line, "0");
    }
    assert_begins(contexts[0], "RL.TAKE jobs CONCURRENT 20 60000 TOKEN a COST 11", "[0, 20, 10, ");
    assert_begins(contexts[0], "RL.TAKE jobs CONCURRENT 20 60000 TOKEN a COST 10", "[1, 20, 0, ");
    for (int i = 0; i < CLIENTS; i++) redisFree(contexts[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            fifty_connections_are_granted_exactly_the_limit_in_every_window, start, stop),
        cmocka_unit_test_setup_teardown(
            over_a_minute_they_are_granted_the_minutes_limit_and_each_seconds, start, stop),
        cmocka_unit_test_setup_teardown(of_fifty_connections_as_many_hold_a_lease_as_may, start,
                                        stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
