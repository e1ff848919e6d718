/* Whole files: those of a real redis-server (tests/golden), and what becomes of them when they are
 * cut or bits in them flip. */
#include "data/rdb/rdb_walk.h"
#include "data/value_digest.h"
#include "foundation/buffer.h"
#include "foundation/crc64.h"
#include "foundation/digest.h"
#include "foundation/hash.h"
#include "foundation/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NOW_MS = 1000, FILE_MAX_BYTES = 64 * 1024 };

#define DUE_2100_MS INT64_C(4102444800000)

/* --- help --- */

struct file {
    char data[FILE_MAX_BYTES];
    size_t len;
};

static void read_file(const char *path, struct file *file) {
    FILE *stream = fopen(path, "r");
    if (stream == NULL) fail_msg("%s is missing", path);
    file->len = fread(file->data, 1, sizeof(file->data), stream);
    assert_true(file->len != 0 && file->len < sizeof(file->data));
    fclose(stream);
}

static size_t give(void *context, char *to, size_t max) {
    struct bytes *rest = context;
    size_t len = max < rest->len ? max : rest->len;
    if (len != 0) memcpy(to, rest->data, len);
    *rest = bytes_of(rest->data + len, rest->len - len);
    return len;
}

/* What is in a file, whatever the order of its keys. */
struct content {
    bool has_failed;
    unsigned version;
    size_t keys, aux_fields, databases, skipped[RDB_SKIPPED_COUNT];
    uint64_t good_offset;
    uint64_t digest;
    int64_t latest_due_ms;
    char error[RDB_ERROR_MAX];
    char place[32]; /* the key whose value failed */
};

static void free_entry(struct entry *entry) {
    if (entry_has(entry, ENTRY_HAS_WORD)) value_type_of(entry)->free_value(entry);
    entry_free(entry);
}

static void note_key(struct content *content, struct rdb_walk *walk) {
    unsigned char digest[VALUE_DIGEST_BYTES] = {0};
    struct buffer line = {0};
    struct entry *entry = rdb_walk_load(walk, NOW_MS);
    if (entry == NULL) return;
    value_digest_add(digest, entry);
    buffer_append_bytes(&line, walk->key);
    buffer_printf(&line, " %llu %lld %lld %d ", (unsigned long long)walk->database_number,
                  (long long)walk->facts.due_ms, (long long)walk->facts.idle_seconds,
                  walk->facts.frequency);
    buffer_append(&line, digest, sizeof(digest));
    content->digest += hash_digest(buffer_bytes(&line));
    content->keys++;
    if (walk->facts.due_ms > content->latest_due_ms) content->latest_due_ms = walk->facts.due_ms;
    buffer_destroy(&line);
    free_entry(entry);
}

static bool note_item(struct content *content, struct rdb_walk *walk) {
    switch (rdb_walk_next(walk)) {
    case RDB_ITEM_AUX: content->aux_fields++; return true;
    case RDB_ITEM_DATABASE: content->databases++; return true;
    case RDB_ITEM_SIZES: return true;
    case RDB_ITEM_KEY: note_key(content, walk); return true;
    case RDB_ITEM_SKIPPED: content->skipped[walk->skipped]++; return true;
    case RDB_ITEM_FAILED: content->has_failed = true; return false;
    case RDB_ITEM_END: return false;
    }
    return false;
}

static struct content walk_through(struct bytes bytes, unsigned flags) {
    struct content content = {0};
    struct rdb_walk walk;
    const struct rdb_source source = {.refill = give, .context = &bytes, .total_bytes = bytes.len};
    rdb_walk_init(&walk, &source, flags);
    while (note_item(&content, &walk)) {}
    assert_int_equal(content.has_failed, rdb_has_failed(&walk.reader));
    content.version = walk.version;
    content.good_offset = walk.good_offset;
    (void)snprintf(content.error, sizeof(content.error), "%s", rdb_reader_error(&walk.reader));
    if (walk.is_in_value)
        (void)snprintf(content.place, sizeof(content.place), "%.*s", (int)walk.key.len,
                       walk.key.data);
    if (content.has_failed) assert_int_equal(rdb_walk_next(&walk), RDB_ITEM_FAILED);
    rdb_walk_destroy(&walk);
    return content;
}

static struct content walk_file(const char *path) {
    static struct file file;
    read_file(path, &file);
    return walk_through(bytes_of(file.data, file.len), RDB_WALK_CHECKS_SUM);
}

/* --- files of servers --- */

static void a_dump_of_redis_server_is_walked_through(void **state) {
    (void)state;
    struct content content = walk_file("tests/golden/dump.rdb");
    assert_string_equal(content.error, "");
    assert_int_equal(content.version, 10);
    assert_int_equal(content.aux_fields, 5);
    assert_int_equal(content.databases, 1);
    assert_int_equal(content.keys, 43);
    assert_true(content.latest_due_ms == DUE_2100_MS);
}

static void what_has_no_place_is_told_and_databases_are_kept_apart(void **state) {
    (void)state;
    struct content content = walk_file("tests/golden/small.rdb");
    assert_string_equal(content.error, "");
    assert_int_equal(content.databases, 2);
    assert_int_equal(content.keys, 10);
    assert_int_equal(content.skipped[RDB_SKIPPED_FUNCTION], 1);
    assert_true(content.latest_due_ms == DUE_2100_MS);
}

static void a_file_of_redis_2_without_a_sum_is_walked_through(void **state) {
    (void)state;
    struct content content = walk_file("tests/golden/old.rdb");
    assert_string_equal(content.error, "");
    assert_int_equal(content.version, 3);
    assert_int_equal(content.keys, 7);
    assert_true(content.latest_due_ms == INT64_C(2147483000) * 1000);
}

static void streams_of_all_versions_are_values(void **state) {
    (void)state;
    struct content content = walk_file("tests/golden/streams.rdb");
    assert_string_equal(content.error, "");
    assert_int_equal(content.version, 11);
    assert_int_equal(content.keys, 3);
}

/* --- broken files --- */

static void try_flipping_bits(const char *path) {
    static struct file file;
    read_file(path, &file);
    struct bytes bytes = bytes_of(file.data, file.len);
    struct content whole = walk_through(bytes, RDB_WALK_CHECKS_SUM);
    size_t refused = 0;
    for (size_t bit = 0; bit < 8 * file.len; bit++) {
        file.data[bit / 8] = (char)(file.data[bit / 8] ^ 1 << bit % 8);
        struct content content = walk_through(bytes, RDB_WALK_CHECKS_SUM);
        if (content.has_failed)
            refused++;
        else
            assert_true(content.digest == whole.digest && content.keys == whole.keys);
        assert_true(content.good_offset <= file.len);
        file.data[bit / 8] = (char)(file.data[bit / 8] ^ 1 << bit % 8);
    }
    assert_int_equal(refused, 8 * file.len);
}

static void any_flipped_bit_is_found_or_changes_nothing(void **state) {
    (void)state;
    try_flipping_bits("tests/golden/small.rdb");
    try_flipping_bits("tests/golden/streams.rdb");
}

/* Puts an end behind what is good: what skua-check --fix does. */
static struct content mend(const struct file *file, struct content broken) {
    static char mended[FILE_MAX_BYTES];
    size_t len = (size_t)broken.good_offset;
    memcpy(mended, file->data, len);
    mended[len++] = (char)RDB_OPCODE_EOF;
    uint64_t sum = crc64_add(0, bytes_of(mended, len));
    memcpy(mended + len, &sum, sizeof(sum));
    return walk_through(bytes_of(mended, len + sizeof(sum)), RDB_WALK_CHECKS_SUM);
}

static void a_file_cut_anywhere_can_be_ended_behind_what_is_good(void **state) {
    (void)state;
    static struct file file;
    enum { HEAD_BYTES = 9 };
    read_file("tests/golden/small.rdb", &file);
    size_t last_keys = 0;
    for (size_t len = 0; len < file.len; len++) {
        struct content cut = walk_through(bytes_of(file.data, len), RDB_WALK_CHECKS_SUM);
        assert_true(cut.has_failed && cut.good_offset <= len);
        assert_true(cut.keys >= last_keys && cut.keys <= last_keys + 1);
        last_keys = cut.keys;
        if (len < HEAD_BYTES) continue;
        struct content mended = mend(&file, cut);
        assert_string_equal(mended.error, "");
        assert_int_equal(mended.keys, cut.keys);
        assert_true(mended.digest == cut.digest);
    }
    assert_int_equal(last_keys, walk_through(bytes_of(file.data, file.len), 0).keys);
}

#define HEAD "REDIS0010"

static void assert_error(struct bytes bytes, const char *error, uint64_t good_offset,
                         const char *place) {
    struct content content = walk_through(bytes, RDB_WALK_CHECKS_SUM);
    assert_string_equal(content.error, error);
    assert_string_equal(content.place, place);
    assert_true(content.good_offset == good_offset);
}

static void failures_tell_offset_expectation_and_key(void **state) {
    (void)state;
    assert_error(BYTES(""), "offset 0: expected REDIS and a version of up to 12, found the end", 0,
                 "");
    assert_error(BYTES("REDIS0013"),
                 "offset 0: expected REDIS and a version of up to 12, found \"REDIS0013\"", 0, "");
    assert_error(BYTES(HEAD), "offset 9: expected a type or opcode, found the end", 9, "");
    assert_error(BYTES(HEAD "\xfe\x00\xc8"), "offset 12: expected a key, found the end", 11, "");
    assert_error(BYTES(HEAD "\xfe\x00\xc7"), "offset 11: expected a type of value, found 199", 11,
                 "");
    assert_error(BYTES(HEAD "\x00\x01k\x05val"),
                 "offset 13: expected a string, found 3 of its 5 bytes", 9, "k");
    assert_error(BYTES(HEAD "\xfc\xff\xff\xff\xff\xff\xff\xff\xff"),
                 "offset 10: expected a time of expiry, found -1", 9, "");
    assert_error(BYTES(HEAD "\xf8\x05\xfe\x00"), "offset 11: expected a key, found the opcode 254",
                 9, "");
}

static void only_a_preamble_may_be_followed_by_more(void **state) {
    (void)state;
    struct bytes bytes = BYTES(HEAD "\xff\0\0\0\0\0\0\0\0*1");
    assert_error(bytes, "offset 18: expected the end, found more", 9, "");
    assert_false(walk_through(bytes, RDB_WALK_IS_PREAMBLE).has_failed);
}

static void facts_hold_for_one_key(void **state) {
    (void)state;
    struct bytes bytes = BYTES(HEAD "\xfd\x01\0\0\0\xf8\x07\xf9\x08\x00\x01"
                                    "a\x01x\x00\x01"
                                    "b\x01y\xff\0\0\0\0\0\0\0\0");
    const struct rdb_source source = {.refill = give, .context = &bytes, .total_bytes = bytes.len};
    struct rdb_walk walk;
    rdb_walk_init(&walk, &source, 0);
    assert_int_equal(rdb_walk_next(&walk), RDB_ITEM_KEY);
    assert_true(walk.facts.due_ms == 1000 && walk.facts.idle_seconds == 7);
    assert_int_equal(walk.facts.frequency, 8);
    struct entry *entry = rdb_walk_load(&walk, NOW_MS);
    assert_true(entry_has(entry, ENTRY_HAS_DUE));
    free_entry(entry);
    assert_int_equal(rdb_walk_next(&walk), RDB_ITEM_KEY);
    assert_true(walk.facts.due_ms == 0 && walk.facts.idle_seconds == -1);
    assert_int_equal(walk.facts.frequency, -1);
    entry = rdb_walk_load(&walk, NOW_MS);
    assert_false(entry_has(entry, ENTRY_HAS_DUE));
    free_entry(entry);
    assert_int_equal(rdb_walk_next(&walk), RDB_ITEM_END);
    assert_false(walk.has_sum);
    rdb_walk_destroy(&walk);
}

int main(void) {
    mem_start();
    hash_set_seed(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dump_of_redis_server_is_walked_through),
        cmocka_unit_test(what_has_no_place_is_told_and_databases_are_kept_apart),
        cmocka_unit_test(a_file_of_redis_2_without_a_sum_is_walked_through),
        cmocka_unit_test(streams_of_all_versions_are_values),
        cmocka_unit_test(any_flipped_bit_is_found_or_changes_nothing),
        cmocka_unit_test(a_file_cut_anywhere_can_be_ended_behind_what_is_good),
        cmocka_unit_test(failures_tell_offset_expectation_and_key),
        cmocka_unit_test(only_a_preamble_may_be_followed_by_more),
        cmocka_unit_test(facts_hold_for_one_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
