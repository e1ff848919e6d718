/* RDB files: round trips of random data, what redis-server wrote, and files and disks that are
 * broken. */
#include "services/persistence/rdb_file.h"

#include "data/database.h"
#include "data/value_digest.h"
#include "engine/engine.h"
#include "engine/fence.h"
#include "engine/rate_policies.h"
#include "engine/reply.h"
#include "foundation/digest.h"
#include "foundation/mem.h"
#include "io/file_faults.h"
#include "services/persistence/persistence.h"
#include "unit/data/rdb/random_values.h"
#include "unit/support/command_fixture.h"
#include "unit/support/data_dump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ROUNDS = 25,
    KEYS_PER_ROUND = 80,
    DATABASES = 3,
    FILE_MAX = 1 << 20,
    FLIPS = 4000,
    NAME_MAX_CHARS = 32
};

static char folder[] = "/tmp/skua-rdb-XXXXXX";
static char path[64];

/* --- a command that is told what was kept --- */

static struct buffer told_commands;

static void note_command(struct call *call) {
    for (uint32_t i = 0; i < call->argc; i++) {
        if (i != 0) buffer_append_char(&told_commands, ' ');
        buffer_append_bytes(&told_commands, call->args[i]);
    }
    buffer_append_char(&told_commands, '\n');
    reply_ok(call);
}

static const struct command_row rows[] = {
    {.name = "rl.policy",
     .handler = note_command,
     .arity = -1,
     .flags = COMMAND_ADMIN,
     .summary = "Notes its arguments.",
     .complexity = "O(1)",
     .since = "1.0.0",
     .group = "ratelimit"},
};
static const struct command_list list = COMMAND_LIST(rows);
static const struct command_list *const lists[] = {&list, NULL};
static const struct feature noting_feature = {.name = "noting", .commands = lists};

/* --- set-up --- */

static struct command_fixture *new_fixture(void) {
    static const struct feature *const features[] = {&persistence_feature, &noting_feature, NULL};
    list_set_limits(-2);
    set_set_limits(512, 128, 64);
    zset_set_limits(128, 64);
    hash_set_limits(512, 64);
    return fixture_new_of_features(features);
}

static int set_up(void **state) {
    *state = new_fixture();
    return 0;
}

static int tear_down_fixture(void **state) {
    file_faults_set("");
    fixture_free(*state);
    (void)unlink(path);
    buffer_destroy(&told_commands);
    return 0;
}

static int make_folder(void **state) {
    (void)state;
    if (mkdtemp(folder) == NULL) return -1;
    (void)snprintf(path, sizeof(path), "%s/dump.rdb", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    return rmdir(folder); /* fails when anything was left in it */
}

/* --- data --- */

static void add_random_key(struct command_fixture *fixture, uint32_t db_number, struct bytes name,
                           unsigned type) {
    struct database *db = fixture->engine->keyspace->dbs[db_number];
    struct fixture maker = {.clock = fixture->clock, .keyspace = db->keyspace, .db = db};
    int64_t due_ms;
    makers[type](&maker);
    struct found found = find_the_key(&maker);
    assert_non_null(found.entry);
    struct entry *entry = database_take(db, the_key(), found, &due_ms);
    struct key key = key_of(name);
    found = database_find(db, key);
    if (found.entry != NULL) database_delete(db, key, found);
    found = database_add(db, key, entry_reshape(entry, name, due_ms != 0));
    bool is_mortal = due_ms == 0 && type != VALUE_RATELIMIT && random_below(3) == 0;
    if (is_mortal) due_ms = random_due(&maker);
    if (due_ms != 0) database_set_due(db, key, &found, due_ms);
}

static struct bytes draw_name(char *text, int number) {
    if (random_below(10) == 0) return random_text();
    return bytes_of(text, (size_t)snprintf(text, NAME_MAX_CHARS, "key:%d", number));
}

static void fill(struct command_fixture *fixture, int count) {
    for (int i = 0; i < count; i++) {
        char text[NAME_MAX_CHARS];
        add_random_key(fixture, (uint32_t)random_below(DATABASES), draw_name(text, i),
                       (unsigned)i % VALUE_TYPE_COUNT);
    }
}

static struct buffer dump(const struct command_fixture *fixture) {
    struct buffer out = {0};
    data_dump(fixture->engine->keyspace, &out);
    (void)buffer_c_str(&out);
    return out;
}

static void assert_dump(const struct command_fixture *fixture, const struct buffer *expected) {
    struct buffer found = dump(fixture);
    assert_string_equal(found.data, expected->data);
    buffer_destroy(&found);
}

static void save(struct command_fixture *fixture) {
    char error[PERSISTENCE_ERROR_MAX];
    struct rdb_save settings = {0};
    if (!rdb_file_save(fixture->engine, path, &settings, error)) fail_msg("%s", error);
}

/* True when it was loaded; else `error` (PERSISTENCE_ERROR_MAX) tells why. */
static bool try_load(struct command_fixture *fixture, const char *from, unsigned flags,
                     char *error) {
    struct loader *loader = rdb_loader_new(fixture->engine, from, flags, error);
    if (loader == NULL) return false;
    enum load_status status;
    do {
        status = loader->step(loader, 0); /* as little as may be */
    } while (status == LOAD_MORE);
    memcpy(error, loader->error, PERSISTENCE_ERROR_MAX);
    loader_free(loader);
    return status == LOAD_DONE;
}

static void load(struct command_fixture *fixture, const char *from, unsigned flags) {
    char error[PERSISTENCE_ERROR_MAX];
    if (!try_load(fixture, from, flags, error)) fail_msg("%s", error);
}

static size_t read_file(char *bytes) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t len = read(fd, bytes, FILE_MAX);
    assert_in_range(len, 1, FILE_MAX - 1);
    close(fd);
    return (size_t)len;
}

/* A new one: the system syncs a file that is emptied and written anew. */
static void write_file(const char *bytes, size_t len) {
    (void)unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    close(fd);
}

static struct entry *find(struct command_fixture *fixture, uint32_t db_number, const char *name) {
    struct database *db = fixture->engine->keyspace->dbs[db_number];
    return database_find(db, key_of(bytes_of_str(name))).entry;
}

static void set_string(struct command_fixture *fixture, const char *name, const char *value) {
    struct database *db = fixture->engine->keyspace->dbs[0];
    struct key key = key_of(bytes_of_str(name));
    struct found found = database_find(db, key);
    string_store(db, key, &found, bytes_of_str(value), 0);
}

/* --- round trips --- */

static void random_data_of_every_type_come_back(void **state) {
    struct command_fixture *fixture = *state;
    for (int round = 0; round < ROUNDS; round++) {
        fill(fixture, KEYS_PER_ROUND);
        save(fixture);
        struct buffer expected = dump(fixture);
        struct command_fixture *other = new_fixture();
        set_string(other, "in the way", "x");
        load(other, path, 0);
        assert_dump(other, &expected);
        fixture_free(other);
        buffer_destroy(&expected);
        random_set_seed((uint64_t)round);
    }
}

static void an_empty_keyspace_comes_back(void **state) {
    struct command_fixture *fixture = *state;
    save(fixture);
    set_string(fixture, "in the way", "x");
    load(fixture, path, 0);
    assert_int_equal(keyspace_key_count(fixture->engine->keyspace), 0);
}

static void due_times_are_kept_on_time_after_loading(void **state) {
    struct command_fixture *fixture = *state;
    struct database *db = fixture->engine->keyspace->dbs[0];
    set_string(fixture, "soon", "x");
    struct found found = database_find(db, key_of(BYTES("soon")));
    database_set_due(db, key_of(BYTES("soon")), &found, FIXTURE_START_MS + 1000);
    save(fixture);
    load(fixture, path, 0);
    fixture_advance_ms(fixture, 2000);
    fixture_expire_due(fixture);
    assert_int_equal(db->keys.count, 0);
    load(fixture, path, RDB_LOAD_KEEPS_EXPIRED);
    assert_int_equal(db->keys.count, 1);
    load(fixture, path, 0);
    assert_int_equal(db->keys.count, 0);
}

static void idle_times_come_back_where_eviction_goes_by_them(void **state) {
    struct command_fixture *fixture = *state;
    struct keyspace *keyspace = fixture->engine->keyspace;
    set_string(fixture, "key", "x");
    access_set_idle_seconds(find(fixture, 0, "key"), 5000, FIXTURE_START_MS);
    save(fixture);
    load(fixture, path, 0);
    assert_int_equal(access_idle_seconds(find(fixture, 0, "key"), FIXTURE_START_MS), 0);
    access_set_idle_seconds(find(fixture, 0, "key"), 5000, FIXTURE_START_MS);
    keyspace->access.is_lru = true;
    save(fixture);
    load(fixture, path, 0);
    assert_int_equal(access_idle_seconds(find(fixture, 0, "key"), FIXTURE_START_MS), 5000);
}

static void frequencies_come_back_where_eviction_goes_by_them(void **state) {
    struct command_fixture *fixture = *state;
    struct keyspace *keyspace = fixture->engine->keyspace;
    keyspace->access.is_lfu = true;
    set_string(fixture, "key", "x");
    access_set_frequency(find(fixture, 0, "key"), 77, FIXTURE_START_MS);
    save(fixture);
    load(fixture, path, 0);
    assert_int_equal(access_frequency(find(fixture, 0, "key"), &keyspace->access, FIXTURE_START_MS),
                     77);
}

static void the_version_is_the_lowest_that_holds_the_data(void **state) {
    struct command_fixture *fixture = *state;
    static char bytes[FILE_MAX];
    set_string(fixture, "plain", "x");
    save(fixture);
    (void)read_file(bytes);
    assert_memory_equal(bytes, "REDIS0010", 9);
    add_random_key(fixture, 0, BYTES("limiter"), VALUE_RATELIMIT);
    save(fixture);
    (void)read_file(bytes);
    assert_memory_equal(bytes, "REDIS0012", 9);
}

static void what_is_kept_beside_the_keyspace_comes_back(void **state) {
    struct command_fixture *fixture = *state;
    struct rate_policy policy = {
        .algorithm = RATE_BUCKET, .limit = 10, .period_ms = 60000, .refill = 10};
    assert_true(rate_policies_set(fixture->engine, BYTES("api"), &policy, 10));
    int64_t token = fence_next(fixture->engine);
    save(fixture);
    struct command_fixture *other = new_fixture();
    load(other, path, 0);
    assert_true(fence_last(other->engine) >= token);
    assert_string_equal(buffer_c_str(&told_commands), "RL.POLICY SET api BUCKET 10 10 60000\n");
    fixture_free(other);
}

/* --- into data that are there --- */

static void loading_may_add_to_what_is_there(void **state) {
    struct command_fixture *fixture = *state;
    fill(fixture, KEYS_PER_ROUND);
    save(fixture);
    struct command_fixture *other = new_fixture();
    set_string(other, "own", "x");
    load(other, path, RDB_LOAD_ADDS);
    assert_non_null(find(other, 0, "own"));
    char error[PERSISTENCE_ERROR_MAX];
    struct buffer before = dump(other);
    assert_false(try_load(other, path, RDB_LOAD_ADDS, error));
    assert_non_null(strstr(error, "expected new keys, found one that is there already"));
    assert_dump(other, &before);
    load(other, path, RDB_LOAD_ADDS | RDB_LOAD_REPLACES);
    assert_dump(other, &before);
    set_string(fixture, "own", "x");
    struct buffer expected = dump(fixture);
    assert_dump(other, &expected);
    buffer_destroy(&before);
    buffer_destroy(&expected);
    fixture_free(other);
}

/* --- what redis-server wrote --- */

static void a_file_of_redis_server_is_read(void **state) {
    struct command_fixture *fixture = *state;
    load(fixture, "tests/golden/small.rdb", 0);
    const struct keyspace *keyspace = fixture->engine->keyspace;
    assert_int_equal(database_key_count(keyspace->dbs[0]), 9);
    assert_int_equal(database_key_count(keyspace->dbs[3]), 1);
    char scratch[STRING_SCRATCH];
    struct bytes value = string_view(find(fixture, 3, "other"), scratch);
    assert_true(bytes_equal(value, BYTES("database")));
    assert_true(entry_due_ms(find(fixture, 0, "due")) > FIXTURE_START_MS);
    assert_int_equal(stream_len(find(fixture, 0, "stream")), 1);
}

static void a_file_of_a_very_old_server_is_read(void **state) {
    struct command_fixture *fixture = *state;
    load(fixture, "tests/golden/old.rdb", 0);
    assert_int_equal(entry_due_ms(find(fixture, 0, "due")), 2147483000LL * 1000);
    assert_non_null(find(fixture, 3, "other"));
}

/* payloads.txt tells the digests that redis-server has of its keys. */
static void every_value_of_redis_server_has_the_digest_that_it_tells(void **state) {
    struct command_fixture *fixture = *state;
    load(fixture, "tests/golden/dump.rdb", 0);
    FILE *file = fopen("tests/golden/payloads.txt", "re");
    assert_non_null(file);
    char name[64], kind[16], digest[64];
    int compared = 0;
    while (fscanf(file, "%63s %15s %63s %*s", name, kind, digest) == 3) {
        unsigned char sum[VALUE_DIGEST_BYTES] = {0};
        char hex[2 * VALUE_DIGEST_BYTES + 1] = {0};
        const struct entry *entry = find(fixture, 0, name);
        bool is_newer = strcmp(name, "stream-of-redis-7.2") == 0; /* than the server */
        assert_int_equal(entry == NULL, is_newer);
        if (is_newer || entry_due_ms(entry) != 0) continue; /* a due time is in the digest */
        value_digest_add(sum, entry);
        digest_to_hex(sum, VALUE_DIGEST_BYTES, hex);
        assert_string_equal(hex, digest);
        compared++;
    }
    (void)fclose(file);
    assert_true(compared > 30);
}

/* --- broken files --- */

static void assert_refused(struct command_fixture *fixture, const struct buffer *before) {
    char error[PERSISTENCE_ERROR_MAX];
    if (try_load(fixture, path, 0, error)) fail_msg("a broken file was loaded");
    assert_non_null(strstr(error, "offset "));
    assert_non_null(strstr(error, "expected "));
    assert_dump(fixture, before);
}

static void a_file_cut_anywhere_is_refused_and_changes_nothing(void **state) {
    struct command_fixture *fixture = *state;
    static char bytes[FILE_MAX];
    for (unsigned type = 0; type < VALUE_TYPE_COUNT; type++) {
        char name[16];
        size_t len = (size_t)snprintf(name, sizeof(name), "key:%u", type);
        random_set_seed(5);
        add_random_key(fixture, type % 2, bytes_of(name, len), type);
    }
    save(fixture);
    size_t len = read_file(bytes);
    struct command_fixture *other = new_fixture();
    set_string(other, "old", "value");
    struct buffer before = dump(other);
    size_t stride = len / 3000 + 1;
    for (size_t cut = 0; cut < len; cut += cut + 64 < len ? stride : 1) {
        write_file(bytes, cut);
        assert_refused(other, &before);
    }
    write_file(bytes, len);
    bytes[len] = 'x';
    write_file(bytes, len + 1);
    assert_refused(other, &before);
    buffer_destroy(&before);
    fixture_free(other);
}

static void a_bit_flipped_anywhere_is_refused_and_changes_nothing(void **state) {
    struct command_fixture *fixture = *state;
    static char bytes[FILE_MAX];
    fill(fixture, VALUE_TYPE_COUNT * 2);
    save(fixture);
    size_t len = read_file(bytes);
    struct command_fixture *other = new_fixture();
    set_string(other, "old", "value");
    struct buffer before = dump(other);
    size_t stride = len * 8 / FLIPS + 1;
    for (size_t bit = 0; bit < len * 8; bit += stride) {
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        write_file(bytes, len);
        assert_refused(other, &before);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
    }
    buffer_destroy(&before);
    fixture_free(other);
}

/* What was flipped may make another value; it must not make a bad one. */
static void without_a_sum_a_flipped_bit_does_no_harm(void **state) {
    struct command_fixture *fixture = *state;
    static char bytes[FILE_MAX];
    struct bytes no = BYTES("no");
    struct buffer error_text = {0};
    assert_true(
        directives_set_at_start(fixture->directives, BYTES("rdbchecksum"), &no, 1, &error_text));
    fill(fixture, VALUE_TYPE_COUNT * 2);
    save(fixture);
    size_t len = read_file(bytes);
    size_t stride = len * 8 / FLIPS + 1;
    for (size_t bit = 0; bit < len * 8; bit += stride) {
        char error[PERSISTENCE_ERROR_MAX];
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        write_file(bytes, len);
        if (try_load(fixture, path, 0, error)) {
            struct buffer all = dump(fixture);
            buffer_destroy(&all);
        }
        bytes[bit / 8] ^= (char)(1 << bit % 8);
    }
}

static void a_key_that_comes_twice_is_refused(void **state) {
    static const char bytes[] = "REDIS0003\xfe\0\0\3key\1a\0\3key\1b\xff";
    struct command_fixture *fixture = *state;
    char error[PERSISTENCE_ERROR_MAX];
    write_file(bytes, sizeof(bytes) - 1);
    assert_false(try_load(fixture, path, 0, error));
    assert_non_null(strstr(error, "offset 19: expected a new key, found \"key\" once more"));
}

static void what_no_server_wrote_is_refused(void **state) {
    static const struct {
        struct bytes bytes;
        const char *error;
    } files[] = {
        {BYTES("HELLO0010\xff"), "offset 0: expected REDIS and a version of up to 12"},
        {BYTES("REDIS0013\xff"), "offset 0: expected REDIS and a version of up to 12"},
        {BYTES("REDIS00x1\xff"), "offset 0: expected REDIS and a version of up to 12"},
        {BYTES("REDIS0003\xfe\x20\xff"), "offset 10: expected a database that `databases`"},
        {BYTES("REDIS0003\x63\1k\xff"), "offset 9: expected a type of value, found 99"},
        {BYTES("REDIS0003\xfa\x0askua-fence\1x\xff"), "expected a fencing token"},
        {BYTES("REDIS0003\xff\xff"), "offset 10: expected the end, found more"},
        {BYTES("REDIS0003\xf6\1k\xff"), "offset 9: expected a type of value, found 246"},
    };
    struct command_fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char error[PERSISTENCE_ERROR_MAX];
        write_file(files[i].bytes.data, files[i].bytes.len);
        assert_false(try_load(fixture, path, 0, error));
        if (strstr(error, files[i].error) == NULL) fail_msg("%zu: %s", i, error);
    }
}

/* --- disks that fail --- */

static void assert_save_fails(struct command_fixture *fixture, const char *fault,
                              const char *expected) {
    char error[PERSISTENCE_ERROR_MAX];
    struct rdb_save settings = {0};
    file_faults_set(fault);
    assert_false(rdb_file_save(fixture->engine, path, &settings, error));
    file_faults_set("");
    if (strstr(error, expected) == NULL) fail_msg("%s: %s", fault, error);
}

static void a_save_that_fails_leaves_the_old_file(void **state) {
    static const struct {
        const char *fault, *error;
    } faults[] = {
        {"open 1 EACCES", "open "},      {"write 1 ENOSPC", "write to "},
        {"write 2 ENOSPC", "write to "}, {"sync 1 EIO", "sync "},
        {"rename 1 EIO", "rename to "},
    };
    struct command_fixture *fixture = *state;
    set_string(fixture, "old", "value");
    save(fixture);
    struct buffer old = dump(fixture);
    struct buffer big = {0};
    memset(buffer_room(&big, 600000), 'x', 600000);
    buffer_commit(&big, 600000);
    fixture->engine->keyspace->is_rdb_compressed = false;
    set_string(fixture, "big", buffer_c_str(&big));
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        assert_save_fails(fixture, faults[i].fault, faults[i].error);
        struct command_fixture *other = new_fixture();
        load(other, path, 0);
        assert_dump(other, &old);
        fixture_free(other);
    }
    assert_save_fails(fixture, "folder 1 EIO", "sync the folder of ");
    buffer_destroy(&old);
    buffer_destroy(&big);
}

static void a_read_that_fails_is_told(void **state) {
    struct command_fixture *fixture = *state;
    char error[PERSISTENCE_ERROR_MAX];
    fill(fixture, VALUE_TYPE_COUNT);
    save(fixture);
    file_faults_set("read 3 EIO");
    assert_false(try_load(fixture, path, 0, error));
    assert_non_null(strstr(error, "read failed: Input/output error"));
    file_faults_set("open 1 EMFILE");
    assert_false(try_load(fixture, path, 0, error));
    assert_non_null(strstr(error, "open "));
}

static bool stop_at_once(void *context, uint64_t keys) {
    (void)context;
    (void)keys;
    return false;
}

static void a_save_may_be_stopped(void **state) {
    struct command_fixture *fixture = *state;
    char error[PERSISTENCE_ERROR_MAX];
    struct rdb_save settings = {.progress = stop_at_once};
    for (int i = 0; i < 5000; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "%d", i);
        set_string(fixture, name, "x");
    }
    assert_false(rdb_file_save(fixture->engine, path, &settings, error));
    assert_string_equal(error, "stopped");
    assert_int_equal(access(path, F_OK), -1);
}

#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down_fixture)

int main(void) {
    const struct CMUnitTest tests[] = {
        FILE_TEST(random_data_of_every_type_come_back),
        FILE_TEST(an_empty_keyspace_comes_back),
        FILE_TEST(due_times_are_kept_on_time_after_loading),
        FILE_TEST(idle_times_come_back_where_eviction_goes_by_them),
        FILE_TEST(frequencies_come_back_where_eviction_goes_by_them),
        FILE_TEST(the_version_is_the_lowest_that_holds_the_data),
        FILE_TEST(what_is_kept_beside_the_keyspace_comes_back),
        FILE_TEST(loading_may_add_to_what_is_there),
        FILE_TEST(a_file_of_redis_server_is_read),
        FILE_TEST(a_file_of_a_very_old_server_is_read),
        FILE_TEST(every_value_of_redis_server_has_the_digest_that_it_tells),
        FILE_TEST(a_file_cut_anywhere_is_refused_and_changes_nothing),
        FILE_TEST(a_bit_flipped_anywhere_is_refused_and_changes_nothing),
        FILE_TEST(without_a_sum_a_flipped_bit_does_no_harm),
        FILE_TEST(a_key_that_comes_twice_is_refused),
        FILE_TEST(what_no_server_wrote_is_refused),
        FILE_TEST(a_save_that_fails_leaves_the_old_file),
        FILE_TEST(a_read_that_fails_is_told),
        FILE_TEST(a_save_may_be_stopped),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
