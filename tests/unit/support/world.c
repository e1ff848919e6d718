#include "unit/support/world.h"

#include "engine/dispatch.h"
#include "foundation/hash.h"
#include "foundation/mem.h"
#include "foundation/random.h"
#include "foundation/words.h"
#include "server/features.h"
#include "unit/support/data_dump.h"

#include <stdio.h>
#include <string.h>

enum { DB_COUNT = 4, TEXT_MAX = 4096 };

static char error[FEATURE_ERROR_MAX];

const char *world_error(void) {
    return error;
}

/* --- settings --- */

static struct directives *new_directives(void) {
    struct directives *directives = directives_new();
    for (const struct feature *const *feature = features_all(); *feature != NULL; feature++)
        directives_add(directives, (*feature)->directives, (*feature)->directive_count);
    directives_apply_defaults(directives);
    return directives;
}

bool world_try_set(struct world *world, const char *name, const char *value) {
    const struct bytes pair[] = {bytes_of_str(name), bytes_of_str(value)};
    struct buffer wrong = {0};
    bool is_set = directives_set(world->directives, pair, 1, true, &wrong);
    if (!is_set) (void)snprintf(error, sizeof(error), "%.500s", buffer_c_str(&wrong));
    buffer_destroy(&wrong);
    return is_set;
}

void world_set(struct world *world, const char *name, const char *value) {
    if (!world_try_set(world, name, value)) fail_msg("%s", error);
}

/* --- life --- */

static void stop_features(struct engine *engine, const struct feature *const *end) {
    while (end != engine->features) {
        end--;
        if ((*end)->stop != NULL) (*end)->stop(engine);
    }
}

static bool start_features(struct engine *engine) {
    const struct feature *const *feature = engine->features;
    for (; *feature != NULL; feature++) {
        if ((*feature)->start == NULL || (*feature)->start(engine, error)) continue;
        stop_features(engine, feature);
        return false;
    }
    return true;
}

static void free_world(struct world *world) {
    session_destroy(&world->session);
    output_batch_destroy(&world->output);
    engine_free(world->engine);
    directives_free(world->directives);
    mem_free(world);
}

struct world *world_try_start(const char *const *settings) {
    struct world *world = mem_alloc_zeroed(sizeof(*world));
    static uint64_t seed;
    hash_set_seed(++seed);
    random_set_seed(seed);
    clock_set_unix_us(&world->clock, WORLD_START_MS * 1000);
    world->directives = new_directives();
    world_set(world, "save", "");
    world_set(world, "appendonly", "yes");
    world_set(world, "appendfsync", "always");
    for (; settings != NULL && *settings != NULL; settings += 2)
        world_set(world, settings[0], settings[1]);
    world->engine = engine_new(&(struct engine_settings){
        .clock = &world->clock, .features = features_all(), .db_count = DB_COUNT});
    world->engine->directives = world->directives;
    session_init(&world->session, world->engine);
    output_lend(&world->session.output, &world->output);
    error[0] = '\0';
    if (start_features(world->engine)) return world;
    free_world(world);
    return NULL;
}

struct world *world_start(const char *const *settings) {
    struct world *world = world_try_start(settings);
    if (world == NULL) fail_msg("%s", error);
    return world;
}

void world_stop(struct world *world) {
    const struct feature *const *end = features_all();
    while (*end != NULL) end++;
    session_destroy(&world->session);
    session_init(&world->session, world->engine);
    stop_features(world->engine, end);
    free_world(world);
}

/* --- running --- */

struct bytes world_run_args(struct world *world, const struct bytes *args, uint32_t argc) {
    struct output *output = &world->session.output;
    output_destroy(output);
    output_lend(output, &world->output);
    assert_int_equal(dispatch(&world->session, args, argc), DISPATCH_DONE);
    return buffer_bytes(&world->output.bytes);
}

struct bytes world_run(struct world *world, const char *line) {
    struct words words;
    assert_true(words_split(bytes_of_str(line), &words));
    struct bytes reply = world_run_args(world, words.items, (uint32_t)words.count);
    words_destroy(&words);
    return reply;
}

bool world_try_run(struct world *world, const char *line) {
    struct bytes reply = world_run(world, line);
    return reply.len != 0 && reply.data[0] != '-';
}

void world_run_ok(struct world *world, const char *line) {
    struct bytes reply = world_run(world, line);
    if (reply.len == 0 || reply.data[0] == '-')
        fail_msg("%s: %.*s", line, (int)reply.len, reply.data);
}

void world_check_reply(struct world *world, const char *line, const char *expected,
                       const char *file, int at_line) {
    struct bytes reply = world_run(world, line);
    char text[TEXT_MAX];
    (void)snprintf(text, sizeof(text), "%.*s", (int)reply.len, reply.data);
    _assert_string_equal(text, expected, file, at_line);
}

/* --- what it holds --- */

char *world_dump(const struct world *world) {
    struct buffer text = {0};
    data_dump(world->engine->keyspace, &text);
    char *copy = mem_dup_str(buffer_c_str(&text));
    buffer_destroy(&text);
    return copy;
}

void world_assert_same(const char *there, const char *expected) {
    if (strcmp(there, expected) == 0) return;
    size_t i = 0;
    while (there[i] == expected[i]) i++;
    while (i > 0 && there[i - 1] != '\n') i--;
    fail_msg("there is\n%.300s\nexpected\n%.300s", there + i, expected + i);
}
