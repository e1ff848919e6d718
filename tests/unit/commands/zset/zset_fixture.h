/* What the tests of the sorted set family share: a fixture with its commands and those of keys,
 * sets and strings, the limits between the encodings, and sets of exact scores. */
#ifndef UNIT_COMMANDS_ZSET_ZSET_FIXTURE_H
#define UNIT_COMMANDS_ZSET_ZSET_FIXTURE_H

#include "commands/keys/key_commands.h"
#include "commands/set/set_commands.h"
#include "commands/string/string_commands.h"
#include "commands/zset/zset_commands.h"
#include "data/types/zset/zset.h"
#include "engine/session.h"
#include "unit/support/command_fixture.h"
#include "unit/support/error_texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct command_list *const zset_fixture_lists[] = {
    &key_exist_commands,
    &key_expire_commands,
    &key_object_commands,
    &set_member_commands,
    &string_set_commands,
    &string_get_commands,
    NULL,
};
static const struct feature zset_fixture_others = {.name = "others",
                                                   .commands = zset_fixture_lists};
static const struct feature *const zset_fixture_features[] = {
    &zset_fixture_others,
    &zset_commands_feature,
    NULL,
};

static inline void use_limits(struct command_fixture *f, const char *max_entries) {
    fixture_set_directive(f, "zset-max-listpack-entries", max_entries);
    fixture_set_directive(f, "zset-max-listpack-value", "64");
}

static inline int set_up_packed(void **state) {
    *state = fixture_new_of_features(zset_fixture_features);
    use_limits(*state, "128");
    return 0;
}

static inline int set_up_tables(void **state) {
    *state = fixture_new_of_features(zset_fixture_features);
    use_limits(*state, "0");
    return 0;
}

static inline int tear_down_zsets(void **state) {
    use_limits(*state, "128");
    fixture_free(*state);
    return 0;
}

/* Puts a member with an exact score into a key. */
static inline void put_exact(struct command_fixture *f, const char *name, const char *member,
                             int64_t score) {
    struct key key = key_of(bytes_of_str(name));
    struct database *db = f->engine->keyspace->dbs[0];
    struct found found = database_find(db, key);
    struct score exact = {.kind = SCORE_INT64, .integer = score};
    (void)zset_put(db, key, &found, bytes_of_str(member), exact, false);
}

/* The test with packed sets and again with tables. */
#define TEST_BOTH(name)                                                                            \
    {#name " (packed)", name, set_up_packed, tear_down_zsets, NULL}, {                             \
#name " (tables)", name, set_up_tables, tear_down_zsets, NULL                              \
    }

#endif
