/* What the tests of the set family share: a fixture with its commands and those of keys and
 * strings, and replies whose order does not matter. */
#ifndef UNIT_COMMANDS_SET_SET_FIXTURE_H
#define UNIT_COMMANDS_SET_SET_FIXTURE_H

#include "commands/keys/key_commands.h"
#include "commands/set/set_commands.h"
#include "commands/string/string_commands.h"
#include "engine/session.h"
#include "unit/support/command_fixture.h"
#include "unit/support/error_texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct command_list *const set_fixture_lists[] = {
    &key_exist_commands,  &key_expire_commands, &key_object_commands,
    &string_set_commands, &string_get_commands, NULL,
};
static const struct feature set_fixture_others = {.name = "others", .commands = set_fixture_lists};
static const struct feature *const set_fixture_features[] = {
    &set_fixture_others,
    &set_commands_feature,
    NULL,
};

/* Limits so small that sets change their encoding at once. */
static inline void use_small_limits(struct command_fixture *f) {
    fixture_set_directive(f, "set-max-intset-entries", "4");
    fixture_set_directive(f, "set-max-listpack-entries", "4");
    fixture_set_directive(f, "set-max-listpack-value", "8");
}

static inline void use_default_limits(struct command_fixture *f) {
    fixture_set_directive(f, "set-max-intset-entries", "512");
    fixture_set_directive(f, "set-max-listpack-entries", "128");
    fixture_set_directive(f, "set-max-listpack-value", "64");
}

static inline int set_up_sets(void **state) {
    *state = fixture_new_of_features(set_fixture_features);
    use_default_limits(*state);
    return 0;
}

static inline int tear_down_sets(void **state) {
    use_default_limits(*state);
    fixture_free(*state);
    return 0;
}

static inline int compare_texts(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The reply with its elements in byte order; they hold no ", ". Valid until the next call. */
static inline const char *run_sorted(struct command_fixture *f, const char *line) {
    enum { ELEMENTS_MAX = 4096 };
    static char text[1 << 16], sorted[1 << 16];
    char *elements[ELEMENTS_MAX] = {0};
    const char *reply = fixture_run(f, line);
    size_t len = strlen(reply), count = 0;
    assert_true(len >= 2 && len < sizeof(text));
    memcpy(text, reply + 1, len - 2);
    text[len - 2] = '\0';
    char *rest = text;
    for (char *end; *rest != '\0'; rest = end + 2) {
        elements[count++] = rest;
        assert_true(count < ELEMENTS_MAX);
        end = strstr(rest, ", ");
        if (end == NULL) break;
        *end = '\0';
    }
    qsort(elements, count, sizeof(*elements), compare_texts);
    size_t at = (size_t)snprintf(sorted, sizeof(sorted), "%c", reply[0]);
    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(sorted + at, sizeof(sorted) - at, "%s%s", i == 0 ? "" : ", ",
                               elements[i]);
    snprintf(sorted + at, sizeof(sorted) - at, "%c", reply[len - 1]);
    return sorted;
}

#define assert_sorted(fixture, line, expected)                                                     \
    assert_string_equal(run_sorted((fixture), (line)), (expected))

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_sets, tear_down_sets)

#endif
