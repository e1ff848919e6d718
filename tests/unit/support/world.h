/* A whole server in process, without sockets: all features, started as the program starts them, in
 * the folder that the process is in. One at a time: settings are the process's.
 *
 * Replies are raw bytes of RESP2, valid until the next command. */
#ifndef UNIT_SUPPORT_WORLD_H
#define UNIT_SUPPORT_WORLD_H

#include "engine/engine.h"
#include "engine/session.h"
#include "foundation/buffer.h"
#include "foundation/directive.h"
#include "io/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The moment at which every world begins. */
#define WORLD_START_MS ((int64_t)1700000000000)

struct world {
    struct clock clock;
    struct directives *directives;
    struct engine *engine;
    struct session session;
    struct output_batch output;
};

/* With appendonly, appendfsync always and no save points, where `settings` (name, value, …, NULL;
 * or NULL) do not say otherwise. NULL when it does not start: world_error() tells why. */
struct world *world_try_start(const char *const *settings);
/* The test fails when it does not start. */
struct world *world_start(const char *const *settings);
const char *world_error(void);
/* Ends it as the program ends once it may: nothing is saved, the log is written out. */
void world_stop(struct world *world);

/* False when the value is refused. */
bool world_try_set(struct world *world, const char *name, const char *value);
void world_set(struct world *world, const char *name, const char *value);

struct bytes world_run_args(struct world *world, const struct bytes *args, uint32_t argc);
/* A line quoted as in redis-cli. */
struct bytes world_run(struct world *world, const char *line);
/* True when the reply is no error. */
bool world_try_run(struct world *world, const char *line);
/* The test fails when the reply is an error. */
void world_run_ok(struct world *world, const char *line);
void world_check_reply(struct world *world, const char *line, const char *expected,
                       const char *file, int at_line);
#define assert_world_reply(world, line, expected)                                                  \
    world_check_reply((world), (line), (expected), __FILE__, __LINE__)

/* All that it holds, as text (unit/support/data_dump.h), which mem_free frees. */
char *world_dump(const struct world *world);
/* Dumps; where they differ is told. */
void world_assert_same(const char *there, const char *expected);

#endif
