/* Runs commands in process: an engine with the commands of a family, one session, a clock that the
 * test sets, and replies as text to compare with. No sockets, no sleeping.
 *
 * Replies are read from their RESP form and written on one line:
 *
 *      simple   OK                 integer  42         array  [1, "a", nil]
 *      bulk     "text"             double   1.5        set    {"a", "b"}
 *      error    -ERR no such key   boolean  #t         map    {"a": 1}
 *      null     nil (RESP3) or nil bulk; a null array is nil-array in RESP2
 *      verbatim =txt"text"         big number (123     push   >["a", 1]    attribute |{"a": 1}
 *
 * In strings, bytes that do not print stand as \xHH, \n and so on. */
#ifndef UNIT_SUPPORT_COMMAND_FIXTURE_H
#define UNIT_SUPPORT_COMMAND_FIXTURE_H

#include "engine/engine.h"
#include "engine/session.h"
#include "foundation/buffer.h"
#include "io/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The moment at which every fixture begins. */
#define FIXTURE_START_MS ((int64_t)1700000000000)

enum { FIXTURE_MAX_FEATURES = 8 };

struct command_fixture {
    struct clock clock;
    struct engine *engine;
    struct session session; /* set its `version` for RESP3 replies */
    struct directives *directives;
    struct feature family;
    const struct feature *features[FIXTURE_MAX_FEATURES + 1];
    struct output_batch batch;
    struct buffer reply;  /* raw, of the last command */
    struct buffer text;   /* what fixture_run returned last */
    struct buffer events; /* since fixture_events was last asked */
};

/* An engine with 16 databases, the directives of the engine at their defaults, and the commands of
 * the NULL-terminated list. Hash and random numbers are the same in every run. */
struct command_fixture *fixture_new(const struct command_list *const *commands);
/* The same with whole features (NULL-terminated) and their directives; they are not started. */
struct command_fixture *fixture_new_of_features(const struct feature *const *features);
void fixture_free(struct command_fixture *fixture);

/* Sets a directive, which takes the value. */
void fixture_set_directive(struct command_fixture *fixture, const char *name, const char *value);

/* Runs a command line, whose words are parted and quoted as in redis-cli, and returns the reply as
 * text, valid until the next run. */
const char *fixture_run(struct command_fixture *fixture, const char *line);
/* The same with the arguments given; they may hold any byte. */
const char *fixture_run_args(struct command_fixture *fixture, const struct bytes *args,
                             size_t count);
/* Runs a command line of another session of the fixture's engine. */
const char *fixture_run_as(struct command_fixture *fixture, struct session *session,
                           const char *line);
/* The bytes of the last reply as they would be sent. */
struct bytes fixture_raw_reply(const struct command_fixture *fixture);

/* Raw replies in the same form, valid until the next run. */
const char *fixture_text_of(struct command_fixture *fixture, struct bytes raw);

/* Moves the clock; keys that come due are not looked for. */
void fixture_advance_ms(struct command_fixture *fixture, int64_t ms);
/* Removes every key that is due, as the event loop would. */
void fixture_expire_due(struct command_fixture *fixture);

/* The key events since this was last called, in order, as "0:set:key 0:expire:key": database, event,
 * key. "new", "keymiss", "overwritten" and "type_changed" are left out unless
 * fixture_want_all_events was called. */
const char *fixture_events(struct command_fixture *fixture);
void fixture_want_all_events(struct command_fixture *fixture);

/* Runs the line and compares the reply. */
#define assert_reply(fixture, line, expected)                                                      \
    assert_string_equal(fixture_run((fixture), (line)), (expected))
/* Compares the events since the last look. */
#define assert_events(fixture, expected) assert_string_equal(fixture_events(fixture), (expected))

#endif
