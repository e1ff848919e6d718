/* What the tests of the string commands share: an engine with them and the commands on keys. */
#ifndef UNIT_COMMANDS_STRING_FIXTURE_H
#define UNIT_COMMANDS_STRING_FIXTURE_H

#include "commands/keys/key_commands.h"
#include "commands/string/string_commands.h"
#include "data/database.h"
#include "data/value_type.h"
#include "unit/support/command_fixture.h"
#include "unit/support/error_texts.h"

#include <stdio.h>
#include <stdlib.h>

static inline int set_up(void **state) {
    static const struct command_list *const lists[] = {
        &string_get_commands,  &string_set_commands,     &string_compare_commands,
        &string_edit_commands, &string_counter_commands, &string_increx_commands,
        &string_lcs_commands,  &string_multi_commands,   &key_exist_commands,
        &key_expire_commands,  &key_object_commands,     NULL,
    };
    *state = fixture_new(lists);
    return 0;
}

static inline int tear_down(void **state) {
    fixture_free(*state);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* Runs a command that only prepares. */
static inline void run(struct command_fixture *f, const char *line) {
    assert_int_not_equal(fixture_run(f, line)[0], '-');
}

/* Runs a command that only prepares, and forgets its events. */
static inline void run_quietly(struct command_fixture *f, const char *line) {
    run(f, line);
    (void)fixture_events(f);
}

static inline void assert_encoding(struct command_fixture *f, const char *key,
                                   const char *expected) {
    char line[400], reply[32];
    snprintf(line, sizeof(line), "OBJECT ENCODING %s", key);
    snprintf(reply, sizeof(reply), "\"%s\"", expected);
    assert_reply(f, line, reply);
}

/* Runs the line while the key passes for one of a type that strings know nothing of. */
static inline void assert_wrong_type(struct command_fixture *f, const char *key, const char *line) {
    struct database *db = f->engine->keyspace->dbs[0];
    struct entry *entry = database_find(db, key_of(bytes_of_str(key))).entry;
    assert_non_null(entry);
    entry->type = 15;
    const char *reply = fixture_run(f, line);
    entry->type = VALUE_STRING;
    assert_string_equal(reply, WRONG_TYPE);
}

#endif
