/* Rate-limit commands beside those on keys, strings and transactions. */
#ifndef UNIT_COMMANDS_RATELIMIT_RATELIMIT_FIXTURE_H
#define UNIT_COMMANDS_RATELIMIT_RATELIMIT_FIXTURE_H

#include "commands/keys/key_commands.h"
#include "commands/ratelimit/ratelimit_commands.h"
#include "commands/server/server_commands.h"
#include "commands/string/string_commands.h"
#include "commands/transactions/transaction_commands.h"
#include "unit/support/command_fixture.h"

#include <stdlib.h>
#include <string.h>

static const struct command_list *const helper_lists[] = {
    &key_exist_commands,
    &key_expire_commands,
    &key_dump_commands,
    &key_move_commands,
    &key_walk_commands,
    &key_object_commands,
    &key_database_commands,
    &string_get_commands,
    &string_set_commands,
    &transaction_commands,
    NULL,
};

static const struct feature helper_feature = {.name = "helpers", .commands = helper_lists};

static inline struct command_fixture *new_ratelimit_fixture(void) {
    static const struct feature *const features[] = {
        &ratelimit_commands_feature, &server_commands_feature, &helper_feature, NULL};
    return fixture_new_of_features(features);
}

static inline int start(void **state) {
    *state = new_ratelimit_fixture();
    return 0;
}

static inline int stop(void **state) {
    fixture_free(*state);
    return 0;
}

/* A reply that does not matter, and its events. */
static inline void run_quietly(struct command_fixture *fixture, const char *line) {
    assert_null(strstr(fixture_run(fixture, line), "-ERR"));
    (void)fixture_events(fixture);
}

/* The line is refused with this error, and changes and tells nothing. */
static inline void assert_refused(struct command_fixture *fixture, const char *line,
                                  const char *expected) {
    uint64_t changes = fixture->engine->keyspace->changes;
    (void)fixture_events(fixture);
    assert_reply(fixture, line, expected);
    assert_events(fixture, "");
    assert_int_equal(fixture->engine->keyspace->changes, changes);
}

/* The reply of a command holds this. */
static inline void assert_holds(struct command_fixture *fixture, const char *line,
                                const char *expected) {
    const char *reply = fixture_run(fixture, line);
    if (strstr(reply, expected) != NULL) return;
    print_error("%s: %s\n", line, reply);
    fail();
}

static inline void assert_lacks(struct command_fixture *fixture, const char *line,
                                const char *unexpected) {
    assert_null(strstr(fixture_run(fixture, line), unexpected));
}

#endif
