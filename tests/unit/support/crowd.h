/* More clients of a fixture's engine, which may wait. Of their replies the tests see the length,
 * and what they did to the keys. */
#ifndef UNIT_SUPPORT_CROWD_H
#define UNIT_SUPPORT_CROWD_H

#include "unit/support/command_fixture.h"

enum { CROWD_SIZE = 3 };

struct crowd {
    struct session sessions[CROWD_SIZE];
    struct output_batch batch;
};

void crowd_gather(struct crowd *crowd, struct command_fixture *fixture);
void crowd_dismiss(struct crowd *crowd);

/* Runs a command line as one of them. */
void crowd_run(struct crowd *crowd, size_t who, const char *line);
/* Runs it as the fixture's own session and serves who waits, as the engine does. */
void crowd_serve_after(struct command_fixture *fixture, const char *line);

/* It waits and has got no reply. */
void crowd_assert_waits(const struct crowd *crowd, size_t who);
/* It does not wait and has got as many bytes as there are in `reply`, which is raw. */
void crowd_assert_served(const struct crowd *crowd, size_t who, const char *reply);

#endif
