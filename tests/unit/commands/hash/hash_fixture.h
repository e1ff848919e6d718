/* What the tests of the hash commands share: an engine with them and the commands on keys. */
#ifndef UNIT_COMMANDS_HASH_HASH_FIXTURE_H
#define UNIT_COMMANDS_HASH_HASH_FIXTURE_H

#include "commands/hash/hash_commands.h"
#include "commands/keys/key_commands.h"
#include "commands/string/string_commands.h"
#include "data/types/hash/hash.h"
#include "unit/support/command_fixture.h"
#include "unit/support/error_texts.h"

#include <stdio.h>
#include <stdlib.h>

static inline int set_up(void **state) {
    static const struct command_list *const lists[] = {
        &string_set_commands, &key_exist_commands,  &key_move_commands,
        &key_expire_commands, &key_object_commands, NULL,
    };
    static const struct feature others = {.name = "others", .commands = lists};
    static const struct feature *const features[] = {&hash_commands_feature, &others, NULL};
    struct command_fixture *fixture = fixture_new_of_features(features);
    hash_set_limits(512, 64);
    *state = fixture;
    return 0;
}

static inline int tear_down(void **state) {
    fixture_free(*state);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* Runs a command that only prepares, and forgets its events. */
static inline void run(struct command_fixture *f, const char *line) {
    assert_int_not_equal(fixture_run(f, line)[0], '-');
    (void)fixture_events(f);
}

static inline void assert_encoding(struct command_fixture *f, const char *key,
                                   const char *expected) {
    char line[400], reply[32];
    snprintf(line, sizeof(line), "OBJECT ENCODING %s", key);
    snprintf(reply, sizeof(reply), "\"%s\"", expected);
    assert_reply(f, line, reply);
}

/* A hash f0 => v0, f1 => v1 … */
static inline void make_hash(struct command_fixture *f, const char *key, int fields) {
    char line[100];
    for (int i = 0; i < fields; i++) {
        snprintf(line, sizeof(line), "HSET %s f%d v%d", key, i, i);
        run(f, line);
    }
}

#endif
