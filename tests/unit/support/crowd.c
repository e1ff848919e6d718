#include "unit/support/crowd.h"

#include "engine/blocking.h"
#include "engine/dispatch.h"
#include "foundation/words.h"

#include <string.h>

void crowd_gather(struct crowd *crowd, struct command_fixture *fixture) {
    *crowd = (struct crowd){0};
    for (size_t i = 0; i < CROWD_SIZE; i++) {
        session_init(&crowd->sessions[i], fixture->engine);
        crowd->sessions[i].can_block = true;
    }
}

void crowd_dismiss(struct crowd *crowd) {
    for (size_t i = 0; i < CROWD_SIZE; i++) session_destroy(&crowd->sessions[i]);
    output_batch_destroy(&crowd->batch);
}

void crowd_run(struct crowd *crowd, size_t who, const char *line) {
    struct words words;
    struct session *session = &crowd->sessions[who];
    assert_true(words_split(bytes_of_str(line), &words));
    output_lend(&session->output, &crowd->batch);
    (void)dispatch(session, words.items, (uint32_t)words.count);
    output_keep(&session->output);
    words_destroy(&words);
}

void crowd_serve_after(struct command_fixture *fixture, const char *line) {
    fixture_run(fixture, line);
    if (blocking_has_ready(fixture->engine)) blocking_serve_ready(fixture->engine);
}

void crowd_assert_waits(const struct crowd *crowd, size_t who) {
    assert_true(blocking_is_blocked(&crowd->sessions[who]));
    assert_int_equal(output_pending_bytes(&crowd->sessions[who].output), 0);
}

void crowd_assert_served(const struct crowd *crowd, size_t who, const char *reply) {
    assert_false(blocking_is_blocked(&crowd->sessions[who]));
    assert_int_equal(output_pending_bytes(&crowd->sessions[who].output), strlen(reply));
}
