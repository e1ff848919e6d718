/* Pipelines of takes: what a batch fetches ahead, wherever a limiter keeps its state, changes no
 * answer. */
#include "ratelimit_fixture.h"

#include "engine/batch.h"
#include "foundation/random.h"

#include <stdio.h>

enum { ROUNDS = 400, MAX_REQUESTS = 80, KEYS = 3, LINE_ROOM = 128 };

/* --- requests --- */

static const char *const policies[] = {
    "BUCKET 50 10 1000", "GCRA 30 5 200",           "LEAKY 40 7 900",
    "FIXED 60 500",      "SLIDING 60 400",          "SLIDING 80 400 BUCKETS 8",
    "LOG 200 700",       "CONCURRENT 90 600 TOKEN",
};

/* A key has limiters of one algorithm; SLIDING is found with one bucket and with more. */
static void write_take(char line[LINE_ROOM]) {
    size_t kind = random_below(ARRAY_LEN(policies));
    const char *policy = policies[kind], *command = random_below(5) == 0 ? "RL.PEEK" : "RL.TAKE";
    int key = (int)random_below(KEYS), cost = 1 + (int)random_below(3);
    int len = snprintf(line, LINE_ROOM, "%s %.3s:%d %s", command, policy, key, policy);
    if (policy[0] == 'C')
        len += snprintf(line + len, LINE_ROOM - (size_t)len, " token:%d", (int)random_below(40));
    snprintf(line + len, LINE_ROOM - (size_t)len, " COST %d", cost);
}

static void write_request(char line[LINE_ROOM]) {
    switch (random_below(20)) {
    case 0: snprintf(line, LINE_ROOM, "DEL LOG:%d", (int)random_below(KEYS)); break;
    case 1: snprintf(line, LINE_ROOM, "SET BUC:%d text", (int)random_below(KEYS)); break;
    case 2: snprintf(line, LINE_ROOM, "DEL BUC:%d SLI:1", (int)random_below(KEYS)); break;
    case 3: snprintf(line, LINE_ROOM, "RL.PEEK"); break;
    default: write_take(line);
    }
}

static void append_request(struct buffer *stream, const char *line) {
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

/* --- running --- */

/* Appends the raw replies. */
static void run_stream(struct command_fixture *fixture, struct batch *batch, struct bytes stream,
                       struct buffer *replies) {
    struct resp_reader reader = {0};
    struct resp_limits limits = resp_limits_default();
    struct output *output = &fixture->session.output;
    while (stream.len != 0) {
        size_t consumed, wanted_bytes = 0;
        output_lend(output, &fixture->batch);
        (void)batch_run(batch, &fixture->session, &reader, &limits, stream, &consumed,
                        &wanted_bytes);
        buffer_append_bytes(replies, buffer_bytes(&fixture->batch.bytes));
        output_destroy(output);
        stream = bytes_of(stream.data + consumed, stream.len - consumed);
    }
    resp_reader_destroy(&reader);
}

/* One by one: a batch of one fetches nothing ahead. */
static void run_lines(struct command_fixture *fixture, struct batch *batch, char lines[][LINE_ROOM],
                      size_t count, struct buffer *replies) {
    for (size_t i = 0; i < count; i++) {
        struct buffer request = {0};
        append_request(&request, lines[i]);
        run_stream(fixture, batch, buffer_bytes(&request), replies);
        buffer_destroy(&request);
    }
}

static void run_round(struct command_fixture *piped, struct command_fixture *single,
                      struct batch *batch) {
    char lines[MAX_REQUESTS][LINE_ROOM];
    size_t count = 1 + random_below(MAX_REQUESTS);
    struct buffer stream = {0}, got = {0}, expected = {0};
    for (size_t i = 0; i < count; i++) {
        write_request(lines[i]);
        append_request(&stream, lines[i]);
    }
    run_stream(piped, batch, buffer_bytes(&stream), &got);
    run_lines(single, batch, lines, count, &expected);
    assert_string_equal(buffer_c_str(&got), buffer_c_str(&expected));
    buffer_destroy(&stream);
    buffer_destroy(&got);
    buffer_destroy(&expected);
}

static void takes_in_a_pipeline_answer_as_one_by_one(void **state) {
    (void)state;
    static struct batch batch;
    struct command_fixture *piped = new_ratelimit_fixture(), *single = new_ratelimit_fixture();
    for (uint64_t round = 0; round < ROUNDS; round++) {
        random_set_seed(round);
        int64_t ms = (int64_t)random_below(100);
        fixture_advance_ms(piped, ms);
        fixture_advance_ms(single, ms);
        run_round(piped, single, &batch);
    }
    batch_destroy(&batch);
    fixture_free(piped);
    fixture_free(single);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_in_a_pipeline_answer_as_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
