/* The log of writes as a whole: what was written is loaded again, whatever it was; files that are
 * torn, broken or old; disks that fail. */
#include "services/persistence/aof.h"

#include "engine/dispatch.h"
#include "engine/engine.h"
#include "foundation/directive.h"
#include "foundation/hash.h"
#include "foundation/log.h"
#include "foundation/random.h"
#include "foundation/words.h"
#include "io/file_faults.h"
#include "server/features.h"
#include "services/persistence/aof_load.h"
#include "services/persistence/child.h"
#include "unit/support/data_dump.h"
#include "unit/support/random_request.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROUNDS = 12, REQUESTS = 1500, TEXT_MAX = 4096 };

#define START_MS ((int64_t)1700000000000)
#define FOLDER "appendonlydir/"
#define INCREMENT FOLDER "appendonly.aof.1.incr.aof"
#define BASE FOLDER "appendonly.aof.1.base.rdb"
#define MANIFEST FOLDER "appendonly.aof.manifest"

static char folder[] = "/tmp/skua-aof-XXXXXX";
static char error[FEATURE_ERROR_MAX];

/* --- worlds --- */

struct world {
    struct clock clock;
    struct directives *directives;
    struct engine *engine;
    struct session session;
    struct output_batch output;
};

static void set_directive(struct world *world, const char *name, const char *value) {
    const struct bytes pair[] = {bytes_of_str(name), bytes_of_str(value)};
    struct buffer wrong = {0};
    if (!directives_set(world->directives, pair, 1, true, &wrong))
        fail_msg("%s", buffer_c_str(&wrong));
    buffer_destroy(&wrong);
}

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

/* With appendonly, and appendfsync always, when `settings` (name, value, …, NULL) do not say
 * otherwise. NULL with `error` when it does not start. */
static struct world *try_start(const char *const *settings) {
    struct world *world = mem_alloc_zeroed(sizeof(*world));
    static uint64_t seed;
    hash_set_seed(++seed);
    random_set_seed(seed);
    clock_set_unix_us(&world->clock, START_MS * 1000);
    world->directives = directives_new();
    for (const struct feature *const *feature = features_all(); *feature != NULL; feature++)
        directives_add(world->directives, (*feature)->directives, (*feature)->directive_count);
    directives_apply_defaults(world->directives);
    set_directive(world, "appendonly", "yes");
    set_directive(world, "appendfsync", "always");
    for (; settings != NULL && *settings != NULL; settings += 2)
        set_directive(world, settings[0], settings[1]);
    world->engine = engine_new(&(struct engine_settings){
        .clock = &world->clock, .features = features_all(), .db_count = 4});
    world->engine->directives = world->directives;
    session_init(&world->session, world->engine);
    output_lend(&world->session.output, &world->output);
    if (start_features(world->engine)) return world;
    free_world(world);
    return NULL;
}

static struct world *start(void) {
    struct world *world = try_start(NULL);
    if (world == NULL) fail_msg("%s", error);
    return world;
}

static void stop(struct world *world) {
    const struct feature *const *end = features_all();
    while (*end != NULL) end++;
    session_destroy(&world->session);
    session_init(&world->session, world->engine);
    stop_features(world->engine, end);
    free_world(world);
}

static void assert_refused(const char *wanted) {
    struct world *world = try_start(NULL);
    if (world != NULL) fail_msg("it starts, but was to fail: %s", wanted);
    if (strstr(error, wanted) == NULL) fail_msg("'%s' is missing in '%s'", wanted, error);
}

/* --- running --- */

static struct bytes run_args(struct world *world, const struct bytes *args, uint32_t argc) {
    struct output *output = &world->session.output;
    output_destroy(output);
    output_lend(output, &world->output);
    assert_int_equal(dispatch(&world->session, args, argc), DISPATCH_DONE);
    return buffer_bytes(&world->output.bytes);
}

static struct bytes run_line(struct world *world, const char *line) {
    struct words words;
    assert_true(words_split(bytes_of_str(line), &words));
    struct bytes reply = run_args(world, words.items, (uint32_t)words.count);
    words_destroy(&words);
    return reply;
}

static void run(struct world *world, const char *line) {
    struct bytes reply = run_line(world, line);
    if (reply.len == 0 || reply.data[0] == '-')
        fail_msg("%s: %.*s", line, (int)reply.len, reply.data);
}

static void assert_reply(struct world *world, const char *line, const char *expected) {
    struct bytes reply = run_line(world, line);
    char text[TEXT_MAX];
    (void)snprintf(text, sizeof(text), "%.*s", (int)reply.len, reply.data);
    assert_string_equal(text, expected);
}

static void flush(struct world *world) {
    engine_finish_round(world->engine);
    if (!aof_flush(world->engine, error)) fail_msg("%s", error);
}

static void rewrite(struct world *world) {
    engine_finish_round(world->engine);
    run(world, "BGREWRITEAOF");
    child_wait(world->engine);
    flush(world);
}

static char *dump(const struct world *world) {
    struct buffer text = {0};
    data_dump(world->engine->keyspace, &text);
    char *copy = mem_dup_str(buffer_c_str(&text));
    buffer_destroy(&text);
    return copy;
}

static void assert_same(const char *there, const char *expected) {
    if (strcmp(there, expected) == 0) return;
    size_t i = 0;
    while (there[i] == expected[i]) i++;
    while (i > 0 && there[i - 1] != '\n') i--;
    fail_msg("there is\n%.300s\nexpected\n%.300s", there + i, expected + i);
}

/* The world ends; another one loads what it has left, and holds the same. */
static struct world *restart(struct world *world) {
    flush(world);
    char *before = dump(world);
    stop(world);
    world = start();
    char *after = dump(world);
    assert_same(after, before);
    mem_free(before);
    mem_free(after);
    return world;
}

/* --- files --- */

static struct buffer read_file(const char *path) {
    struct buffer text = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1) fail_msg("%s is missing", path);
    for (ssize_t got; (got = read(fd, buffer_room(&text, TEXT_MAX), TEXT_MAX)) > 0;)
        buffer_commit(&text, (size_t)got);
    (void)close(fd);
    return text;
}

static void write_file(const char *path, struct bytes content) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    if (content.len != 0)
        assert_int_equal(write(fd, content.data, content.len), (ssize_t)content.len);
    assert_int_equal(close(fd), 0);
}

static void write_text(const char *path, const char *text) {
    write_file(path, bytes_of_str(text));
}

static bool exists(const char *path) {
    return access(path, F_OK) == 0;
}

static void assert_manifest(const char *expected) {
    struct buffer text = read_file(MANIFEST);
    assert_string_equal(buffer_c_str(&text), expected);
    buffer_destroy(&text);
}

static void empty_folder(const char *path) {
    char name[TEXT_MAX];
    DIR *dir = opendir(path);
    if (dir == NULL) return;
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        (void)snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && unlink(name) != 0) {
            empty_folder(name);
            (void)rmdir(name);
        }
    }
    (void)closedir(dir);
}

static int set_up(void **state) {
    (void)state;
    file_faults_set("");
    empty_folder(folder);
    return 0;
}

/* --- what was written is there --- */

static void every_write_is_there_after_a_restart(void **state) {
    (void)state;
    struct world *world = start();
    run(world, "SET a 1");
    run(world, "SET b 2 EX 100");
    run(world, "RPUSH l x y z");
    run(world, "SELECT 3");
    run(world, "HSET h f v");
    run(world, "MULTI");
    run(world, "SET in-transaction 1");
    run(world, "LPOP l");
    run(world, "EXEC");
    world = restart(world);
    assert_reply(world, "GET b", "$1\r\n2\r\n");
    assert_reply(world, "PTTL b", ":100000\r\n");
    run(world, "DEL a");
    world = restart(world);
    assert_reply(world, "EXISTS a b l", ":2\r\n");
    stop(world);
}

static void a_rewrite_leaves_one_base_and_one_increment(void **state) {
    (void)state;
    struct world *world = start();
    assert_manifest("file appendonly.aof.1.base.rdb seq 1 type b\n"
                    "file appendonly.aof.1.incr.aof seq 1 type i\n");
    run(world, "SET a 1");
    rewrite(world);
    run(world, "SET b 2");
    assert_manifest("file appendonly.aof.2.base.rdb seq 2 type b\n"
                    "file appendonly.aof.2.incr.aof seq 2 type i\n");
    assert_false(exists(BASE) || exists(INCREMENT));
    world = restart(world);
    assert_reply(world, "MGET a b", "*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
    stop(world);
}

static void run_random(struct world *world, struct random_request *request, int64_t now_ms) {
    random_request_make(request, now_ms);
    (void)run_args(world, request->args, request->argc);
}

/* Every command on data that there is, in rounds of the loop, with rewrites in between. */
static void random_writes_are_there_after_a_restart(void **state) {
    (void)state;
    struct random_request request = {0};
    random_request_start(features_all());
    for (uint64_t round = 0; round < ROUNDS; round++) {
        (void)set_up(NULL);
        random_request_seed(round + 1);
        struct world *world = start();
        world->session.can_block = false;
        for (int i = 0; i < REQUESTS; i++) {
            run_random(world, &request, world->clock.unix_ms);
            clock_set_unix_us(&world->clock, world->clock.unix_us + 700);
            if (random_request_draw(10) == 0) engine_finish_round(world->engine);
            if (random_request_draw(500) == 0 && child_running(world->engine) == CHILD_NONE)
                (void)run_line(world, "BGREWRITEAOF");
            if (random_request_draw(50) == 0) engine_tick(world->engine);
        }
        (void)run_line(world, "DISCARD");
        child_wait(world->engine);
        int64_t now_us = world->clock.unix_us;
        flush(world);
        char *before = dump(world);
        stop(world);
        world = start();
        clock_set_unix_us(&world->clock, now_us);
        char *after = dump(world);
        assert_same(after, before);
        mem_free(before);
        mem_free(after);
        stop(world);
    }
    random_request_stop();
    random_request_destroy(&request);
}

static void nothing_comes_due_while_the_log_is_run(void **state) {
    (void)state;
    struct world *world = start();
    run(world, "SET kept 1 PX 50");
    run(world, "PERSIST kept");
    run(world, "SET gone 1 PX 50");
    flush(world);
    stop(world);
    world = start();
    clock_set_unix_us(&world->clock, (START_MS + 1000) * 1000);
    assert_reply(world, "EXISTS kept gone", ":1\r\n");
    stop(world);
}

static void loading_evicts_nothing_and_counts_as_a_use(void **state) {
    static const char *const small[] = {"maxmemory", "1", "maxmemory-policy", "allkeys-lru", NULL};
    (void)state;
    struct world *world = start();
    run(world, "SET a 1");
    flush(world);
    stop(world);
    world = try_start(small);
    assert_non_null(world);
    assert_reply(world, "OBJECT IDLETIME a", ":0\r\n");
    stop(world);
}

static void switched_on_while_running_it_begins_with_a_base(void **state) {
    static const char *const off[] = {"appendonly", "no", NULL};
    (void)state;
    struct world *world = try_start(off);
    assert_non_null(world);
    run(world, "SET before 1");
    assert_reply(
        world, "WAITAOF 1 0 0",
        "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.\r\n");
    set_directive(world, "appendonly", "yes");
    run(world, "SET meanwhile 2");
    engine_finish_round(world->engine);
    assert_false(exists(MANIFEST));
    child_wait(world->engine);
    for (int i = 0; i < 20000 && !exists(MANIFEST); i++) engine_tick(world->engine);
    while (world->engine->durable_until == UINT64_MAX) engine_tick(world->engine);
    run(world, "SET behind 3");
    world = restart(world);
    assert_reply(world, "EXISTS before meanwhile behind", ":3\r\n");
    set_directive(world, "appendonly", "no");
    run(world, "SET unlogged 4");
    stop(world);
    world = start();
    assert_reply(world, "EXISTS before unlogged", ":1\r\n");
    stop(world);
}

/* --- torn and broken files --- */

static const char *const torn_lines[] = {
    "SET a 1", "RPUSH l 1 2 3", "MULTI", "SET b 2", "INCR a", "EXEC", "SELECT 2", "SET c 3",
};

/* An increment of those lines; what is there after each whole command or transaction. */
static struct buffer make_increment(void) {
    struct world *world = start();
    for (size_t i = 0; i < ARRAY_LEN(torn_lines); i++) run(world, torn_lines[i]);
    flush(world);
    stop(world);
    return read_file(INCREMENT);
}

static bool may_end_at(struct bytes file, size_t offset) {
    bool is_inside = false;
    size_t at = 0;
    while (at < offset) {
        struct bytes rest = bytes_of(file.data + at, file.len - at);
        size_t lines = 1 + 2 * (size_t)(rest.data[1] - '0');
        for (size_t i = 0; i < lines; i++)
            at += bytes_index(bytes_of(file.data + at, file.len - at), '\n') + 1;
        struct bytes request = bytes_of(rest.data, at - (size_t)(rest.data - file.data));
        if (bytes_starts_with(request, BYTES("*1\r\n$5\r\nMULTI"))) is_inside = true;
        if (bytes_starts_with(request, BYTES("*1\r\n$4\r\nEXEC"))) is_inside = false;
    }
    return at == offset && !is_inside;
}

static void a_torn_end_is_cut_behind_the_last_whole_command(void **state) {
    static const char *const strict[] = {"aof-load-truncated", "no", NULL};
    (void)state;
    struct buffer whole = make_increment();
    size_t whole_len = 0;
    char *expected = mem_dup_str("");
    for (size_t len = 0; len <= whole.len; len++) {
        write_file(INCREMENT, bytes_of(whole.data, len));
        bool is_whole = may_end_at(buffer_bytes(&whole), len);
        if (is_whole) whole_len = len;
        struct world *world = try_start(strict);
        assert_int_equal(world != NULL, is_whole);
        if (world != NULL) stop(world);
        world = start();
        char *there = dump(world);
        stop(world);
        struct buffer left = read_file(INCREMENT);
        assert_int_equal(left.len, whole_len);
        buffer_destroy(&left);
        if (is_whole) {
            mem_free(expected);
            expected = mem_dup_str(there);
        }
        assert_same(there, expected);
        mem_free(there);
    }
    mem_free(expected);
    buffer_destroy(&whole);
}

static void after_a_cut_the_log_goes_on(void **state) {
    (void)state;
    struct buffer whole = make_increment();
    write_file(INCREMENT, bytes_of(whole.data, whole.len - 3));
    buffer_destroy(&whole);
    struct world *world = start();
    run(world, "SELECT 1");
    run(world, "SET d 4");
    world = restart(world);
    assert_reply(world, "EXISTS a b l", ":3\r\n");
    run(world, "SELECT 1");
    assert_reply(world, "GET d", "$1\r\n4\r\n");
    run(world, "SELECT 2");
    assert_reply(world, "DBSIZE", ":0\r\n");
    stop(world);
}

static void changed_bytes_never_crash_the_loader(void **state) {
    (void)state;
    struct buffer whole = make_increment();
    for (size_t i = 0; i < whole.len; i++) {
        char old = whole.data[i];
        whole.data[i] = (char)(old ^ (1 << (i % 8)));
        write_file(INCREMENT, buffer_bytes(&whole));
        struct world *world = try_start(NULL);
        if (world != NULL) stop(world);
        whole.data[i] = old;
    }
    buffer_destroy(&whole);
}

#define COMMAND_SET_A "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n"

static void assert_increment_refused(const char *text, const char *wanted) {
    write_text(INCREMENT, text);
    assert_refused(wanted);
    struct buffer left = read_file(INCREMENT);
    assert_string_equal(buffer_c_str(&left), text);
    buffer_destroy(&left);
}

static void what_cannot_be_run_is_refused_with_its_place(void **state) {
    (void)state;
    stop(start());
    assert_increment_refused(COMMAND_SET_A "*1\r\n$4\r\nNONE\r\n",
                             "appendonly.aof.1.incr.aof: offset 27: the command failed: ERR "
                             "unknown command 'NONE'");
    assert_increment_refused(COMMAND_SET_A "*2\r\n$4\r\nLPOP\r\n$1\r\na\r\n",
                             "offset 27: the command failed: WRONGTYPE");
    assert_increment_refused("*1\r\n$5\r\nMULTI\r\n" COMMAND_SET_A
                             "*2\r\n$4\r\nLPOP\r\n$1\r\na\r\n*1\r\n$4\r\nEXEC\r\n",
                             "the command failed: WRONGTYPE");
    assert_increment_refused(COMMAND_SET_A "nonsense", "offset 27: expected");
    assert_increment_refused("SET a 1\r\n", "offset 0: expected");
}

static void garbage_at_the_end_is_cut_when_that_is_allowed(void **state) {
    static const char *const lenient[] = {"aof-load-corrupt-tail-max-size", "8", NULL};
    (void)state;
    stop(start());
    write_text(INCREMENT, COMMAND_SET_A "nonsense!");
    assert_null(try_start(lenient));
    write_text(INCREMENT, COMMAND_SET_A "nonsense");
    struct world *world = try_start(lenient);
    assert_non_null(world);
    assert_reply(world, "GET a", "$1\r\n1\r\n");
    stop(world);
    struct buffer left = read_file(INCREMENT);
    assert_string_equal(buffer_c_str(&left), COMMAND_SET_A);
    buffer_destroy(&left);
}

static void only_the_last_file_may_be_torn(void **state) {
    (void)state;
    stop(start());
    write_text(INCREMENT, COMMAND_SET_A "*1\r\n$4\r\nPIN");
    write_text(FOLDER "x", COMMAND_SET_A);
    write_text(MANIFEST, "file appendonly.aof.1.base.rdb seq 1 type b\n"
                         "file appendonly.aof.1.incr.aof seq 1 type i\nfile x seq 2 type i\n");
    assert_refused("appendonly.aof.1.incr.aof: offset 27");
}

static void a_missing_file_and_a_broken_manifest_are_refused(void **state) {
    (void)state;
    stop(start());
    assert_int_equal(unlink(INCREMENT), 0);
    assert_refused("appendonly.aof.1.incr.aof: No such file");
    write_text(MANIFEST, "file a seq 1\n");
    assert_refused("appendonly.aof.manifest: line 1: pairs");
}

static void a_broken_base_is_refused(void **state) {
    (void)state;
    struct world *world = start();
    run(world, "SET a 1");
    rewrite(world);
    stop(world);
    struct buffer base = read_file(FOLDER "appendonly.aof.2.base.rdb");
    for (size_t len = 0; len < base.len; len++) {
        write_file(FOLDER "appendonly.aof.2.base.rdb", bytes_of(base.data, len));
        world = try_start(NULL);
        /* Without the mark of an RDB file it holds commands: none. */
        assert_int_equal(world != NULL, len == 0);
        if (world != NULL) stop(world);
    }
    buffer_destroy(&base);
}

/* --- other forms of logs --- */

static void the_single_file_of_old_versions_is_taken_over(void **state) {
    (void)state;
    write_text("appendonly.aof", COMMAND_SET_A "*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n2\r\n");
    struct world *world = start();
    assert_reply(world, "DBSIZE", ":2\r\n");
    assert_false(exists("appendonly.aof"));
    assert_manifest("file appendonly.aof seq 1 type b\n"
                    "file appendonly.aof.1.incr.aof seq 1 type i\n");
    run(world, "SET c 3");
    world = restart(world);
    rewrite(world);
    assert_manifest("file appendonly.aof.2.base.rdb seq 2 type b\n"
                    "file appendonly.aof.2.incr.aof seq 2 type i\n");
    world = restart(world);
    assert_reply(world, "DBSIZE", ":3\r\n");
    stop(world);
}

static void a_single_file_that_was_named_and_not_moved_is_moved(void **state) {
    (void)state;
    assert_int_equal(mkdir("appendonlydir", 0755), 0);
    write_text(MANIFEST, "file appendonly.aof seq 1 type b\n");
    write_text("appendonly.aof", COMMAND_SET_A);
    struct world *world = start();
    assert_reply(world, "DBSIZE", ":1\r\n");
    assert_true(exists(FOLDER "appendonly.aof"));
    stop(world);
}

static void an_rdb_file_with_commands_behind_it_is_loaded(void **state) {
    (void)state;
    struct world *world = start();
    run(world, "SET from-base 1");
    rewrite(world);
    stop(world);
    struct buffer file = read_file(FOLDER "appendonly.aof.2.base.rdb");
    buffer_append_str(&file, "#TS:1700000000\r\n" COMMAND_SET_A);
    empty_folder(folder);
    write_file("appendonly.aof", buffer_bytes(&file));
    buffer_destroy(&file);
    world = start();
    assert_reply(world, "EXISTS from-base a", ":2\r\n");
    stop(world);
}

static void without_a_log_the_snapshot_is_its_first_base(void **state) {
    static const char *const off[] = {"appendonly", "no", NULL};
    (void)state;
    struct world *world = try_start(off);
    assert_non_null(world);
    run(world, "SET a 1");
    run(world, "SAVE");
    stop(world);
    world = start();
    assert_reply(world, "GET a", "$1\r\n1\r\n");
    assert_int_equal(unlink("dump.rdb"), 0);
    world = restart(world);
    stop(world);
}

static void what_killed_processes_have_left_is_removed(void **state) {
    (void)state;
    stop(start());
    write_text(FOLDER "temp-rewriteaof-bg-1.aof", "half");
    write_text(FOLDER "appendonly.aof.9.base.rdb", "old");
    write_text(MANIFEST, "file appendonly.aof.1.base.rdb seq 1 type b\n"
                         "file appendonly.aof.9.base.rdb seq 9 type h\n"
                         "file appendonly.aof.1.incr.aof seq 1 type i\n");
    stop(start());
    assert_false(exists(FOLDER "temp-rewriteaof-bg-1.aof"));
    assert_false(exists(FOLDER "appendonly.aof.9.base.rdb"));
    assert_manifest("file appendonly.aof.1.base.rdb seq 1 type b\n"
                    "file appendonly.aof.1.incr.aof seq 1 type i\n");
}

/* --- disks that fail --- */

static void await_refusal(struct world *world, bool is_refused) {
    int64_t end_us = clock_monotonic_us() + 20 * 1000000;
    while ((world->engine->write_refusal != NULL) != is_refused) {
        engine_tick(world->engine);
        if (clock_monotonic_us() > end_us) fail_msg("the refusal does not change");
    }
}

static void replies_are_held_until_their_bytes_are_on_disk(void **state) {
    (void)state;
    struct world *world = start();
    file_faults_set("sync * EIO appendonlydir");
    run(world, "SET a 1");
    uint64_t held_until = world->session.held_until;
    assert_true(held_until > world->engine->durable_until);
    struct session reader = {0};
    session_init(&reader, world->engine);
    assert_int_equal(reader.held_until, 0);
    session_destroy(&reader);
    engine_finish_round(world->engine);
    await_refusal(world, true);
    assert_true(held_until > world->engine->durable_until);
    assert_reply(world, "SET b 2",
                 "-MISCONF Errors writing to the AOF file: Input/output error\r\n");
    assert_reply(world, "GET a", "$1\r\n1\r\n");
    assert_false(aof_flush(world->engine, error));
    file_faults_set("");
    await_refusal(world, false);
    assert_true(held_until <= world->engine->durable_until);
    run(world, "SET b 2");
    world = restart(world);
    stop(world);
}

static void writes_are_refused_while_too_much_waits(void **state) {
    (void)state;
    struct world *world = start();
    set_directive(world, "appendfsync", "everysec");
    set_directive(world, "aof-backlog-limit", "1024");
    file_faults_set("write 1 DELAY1000 appendonlydir");
    run(world, "SET a 1");
    for (int i = 0; i < 40; i++) {
        engine_finish_round(world->engine);
        struct bytes reply =
            run_line(world, "SET b 01234567890123456789012345678901234567890123456789");
        if (reply.data[0] == '-') break;
    }
    assert_reply(world, "SET c 1",
                 "-MISCONF The disk is too slow for the append only file: more than "
                 "aof-backlog-limit waits to be written. Writes are refused until it has caught "
                 "up.\r\n");
    await_refusal(world, false);
    run(world, "SET c 1");
    world = restart(world);
    stop(world);
}

static void a_failing_rewrite_leaves_the_log_whole(void **state) {
    static const char *const faults[] = {
        "write 1 ENOSPC temp-rewriteaof",
        "sync 1 EIO temp-rewriteaof",
        "rename 1 EIO base.rdb",
        "rename 2 EIO manifest",
        "folder 2 EIO",
        "remove 1 EIO",
        "open 1 EACCES incr.aof",
        "rename 1 EIO manifest",
        "folder 1 EIO",
        "write 1 ENOSPC manifest",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        (void)set_up(NULL);
        struct world *world = start();
        run(world, "SET a 1");
        flush(world);
        file_faults_set(faults[i]);
        run(world, "BGREWRITEAOF");
        run(world, "SET b 2");
        engine_finish_round(world->engine);
        child_wait(world->engine);
        await_refusal(world, false);
        while (!aof_flush(world->engine, error)) engine_tick(world->engine);
        file_faults_set("");
        await_refusal(world, false);
        run(world, "SET c 3");
        world = restart(world);
        rewrite(world);
        world = restart(world);
        assert_reply(world, "DBSIZE", ":3\r\n");
        stop(world);
    }
}

static void a_fork_that_fails_is_told(void **state) {
    (void)state;
    struct world *world = start();
    file_faults_set("fork 1 ENOMEM");
    assert_reply(world, "BGREWRITEAOF",
                 "-ERR Can't execute an AOF background rewriting. Please check the server logs for "
                 "more information.\r\n");
    assert_manifest("file appendonly.aof.1.base.rdb seq 1 type b\n"
                    "file appendonly.aof.1.incr.aof seq 1 type i\n");
    rewrite(world);
    world = restart(world);
    stop(world);
}

/* --- WAITAOF --- */

static void waitaof_checks_its_arguments_in_order(void **state) {
    (void)state;
    struct world *world = start();
    assert_reply(world, "WAITAOF 2 x x",
                 "-ERR value is out of range, value must between 0 and 1\r\n");
    assert_reply(world, "WAITAOF x -1 x", "-ERR value is not an integer or out of range\r\n");
    assert_reply(world, "WAITAOF 1 -1 x", "-ERR value is out of range, must be positive\r\n");
    assert_reply(world, "WAITAOF 1 0 x", "-ERR timeout is not an integer or out of range\r\n");
    assert_reply(world, "WAITAOF 1 0 -1", "-ERR timeout is negative\r\n");
    assert_reply(world, "WAITAOF 0 0 0", "*2\r\n:1\r\n:0\r\n");
    run(world, "SET a 1");
    assert_reply(world, "WAITAOF 1 0 0", "*2\r\n:0\r\n:0\r\n"); /* this session cannot wait */
    flush(world);
    assert_reply(world, "WAITAOF 1 0 0", "*2\r\n:1\r\n:0\r\n");
    assert_reply(world, "WAITAOF 1 1 0", "*2\r\n:1\r\n:0\r\n");
    stop(world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_write_is_there_after_a_restart, set_up),
        cmocka_unit_test_setup(a_rewrite_leaves_one_base_and_one_increment, set_up),
        cmocka_unit_test_setup(random_writes_are_there_after_a_restart, set_up),
        cmocka_unit_test_setup(nothing_comes_due_while_the_log_is_run, set_up),
        cmocka_unit_test_setup(loading_evicts_nothing_and_counts_as_a_use, set_up),
        cmocka_unit_test_setup(switched_on_while_running_it_begins_with_a_base, set_up),
        cmocka_unit_test_setup(a_torn_end_is_cut_behind_the_last_whole_command, set_up),
        cmocka_unit_test_setup(after_a_cut_the_log_goes_on, set_up),
        cmocka_unit_test_setup(changed_bytes_never_crash_the_loader, set_up),
        cmocka_unit_test_setup(what_cannot_be_run_is_refused_with_its_place, set_up),
        cmocka_unit_test_setup(garbage_at_the_end_is_cut_when_that_is_allowed, set_up),
        cmocka_unit_test_setup(only_the_last_file_may_be_torn, set_up),
        cmocka_unit_test_setup(a_missing_file_and_a_broken_manifest_are_refused, set_up),
        cmocka_unit_test_setup(a_broken_base_is_refused, set_up),
        cmocka_unit_test_setup(the_single_file_of_old_versions_is_taken_over, set_up),
        cmocka_unit_test_setup(a_single_file_that_was_named_and_not_moved_is_moved, set_up),
        cmocka_unit_test_setup(an_rdb_file_with_commands_behind_it_is_loaded, set_up),
        cmocka_unit_test_setup(without_a_log_the_snapshot_is_its_first_base, set_up),
        cmocka_unit_test_setup(what_killed_processes_have_left_is_removed, set_up),
        cmocka_unit_test_setup(replies_are_held_until_their_bytes_are_on_disk, set_up),
        cmocka_unit_test_setup(writes_are_refused_while_too_much_waits, set_up),
        cmocka_unit_test_setup(a_failing_rewrite_leaves_the_log_whole, set_up),
        cmocka_unit_test_setup(a_fork_that_fails_is_told, set_up),
        cmocka_unit_test_setup(waitaof_checks_its_arguments_in_order, set_up),
    };
    mem_start();
    clock_ticks_start();
    if (!log_configure(&(struct log_settings){.level = LOG_LEVEL_NOTHING})) return EXIT_FAILURE;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    empty_folder(folder);
    (void)rmdir(folder);
    return failed;
}
