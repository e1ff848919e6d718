/* What a real redis-server wrote (tests/golden), and what is read past because Skua has no type for
 * it. */
#include "data/rdb/rdb_payload.h"
#include "data/types/hash/hash.h"
#include "data/types/list/list.h"
#include "data/types/zset/zset.h"
#include "data/value_digest.h"
#include "foundation/digest.h"
#include "foundation/mem.h"
#include "unit/data/types/type_fixture.h"

#include <stdio.h>

static const struct rdb_writer_settings payload_settings = {.is_compressing = true,
                                                            .is_checksumming = true};

static int set_up(void **state) {
    return start_database(state);
}

static void verify(const struct entry *entry) {
    switch ((enum value_type_id)entry->type) {
    case VALUE_LIST: list_verify(entry); break;
    case VALUE_ZSET: zset_verify(entry); break;
    case VALUE_HASH: hash_verify(entry); break;
    default: break;
    }
}

/* --- what is read past --- */

static void assert_skipped(struct bytes bytes) {
    struct rdb_reader reader;
    rdb_reader_init(&reader, bytes);
    uint8_t type = rdb_read_byte(&reader, "a type");
    assert_int_equal(rdb_type_kind(type), RDB_TYPE_SKIPPED);
    rdb_skip_value(&reader, type);
    assert_string_equal(rdb_reader_error(&reader), "");
    assert_true(rdb_reader_is_at_end(&reader));
    rdb_reader_destroy(&reader);
    for (size_t len = 1; len < bytes.len; len++) {
        rdb_reader_init(&reader, bytes_of(bytes.data, len));
        rdb_skip_value(&reader, rdb_read_byte(&reader, "a type"));
        assert_true(rdb_has_failed(&reader));
        rdb_reader_destroy(&reader);
    }
}

static void values_of_modules_are_read_past(void **state) {
    (void)state;
    /* An id, then pairs of a kind and a number, a float, a double, a string; 0 ends. */
    assert_skipped(BYTES("\x07\x81xxxxxxxx\x01\x05\x02\x06\x03"
                         "ffff\x04"
                         "dddddddd\x05\x03"
                         "abc\x00"));
    struct rdb_reader reader;
    rdb_reader_init(&reader, BYTES("\x01\x06\x00"));
    rdb_skip_value(&reader, RDB_MODULE_2);
    assert_string_equal(rdb_reader_error(&reader),
                        "offset 1: expected a module's data, found the kind 6");
    rdb_reader_destroy(&reader);
}

/* --- what a real redis-server wrote --- */

enum { LINE_MAX_BYTES = 1 << 16 };

struct golden {
    char name[64], kind[16], digest[41];
    struct bytes payload;
};

static int hex_digit(char c) {
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* A line is a name, a type, a digest and the payload in hexadecimal, which is read in place. */
static bool read_golden(FILE *file, char line[LINE_MAX_BYTES], struct golden *golden) {
    int hex_at = 0;
    if (fgets(line, LINE_MAX_BYTES, file) == NULL) return false;
    assert_int_equal(
        sscanf(line, "%63s %15s %40s %n", golden->name, golden->kind, golden->digest, &hex_at), 3);
    size_t len = 0;
    for (const char *at = line + hex_at; at[0] > ' '; at += 2)
        line[len++] = (char)(hex_digit(at[0]) << 4 | hex_digit(at[1]));
    golden->payload = bytes_of(line, len);
    return true;
}

static void assert_golden_digest(const struct entry *entry, const struct golden *golden) {
    unsigned char digest[VALUE_DIGEST_BYTES] = {0};
    char hex[2 * VALUE_DIGEST_BYTES + 1] = "";
    value_digest_add(digest, entry);
    digest_to_hex(digest, sizeof(digest), hex);
    assert_string_equal(hex, golden->digest);
}

/* What is written for it again: the same bytes where the forms are Redis 7's and have an order. */
static bool comes_back_the_same(const struct entry *entry, const struct golden *golden) {
    struct rdb_writer writer;
    rdb_writer_init(&writer, &payload_settings);
    rdb_payload_write(&writer, entry);
    struct bytes again = rdb_writer_bytes(&writer), value;
    bool is_same = bytes_equal(again, golden->payload);
    assert_true(rdb_payload_open(again, true, &value));
    rdb_writer_destroy(&writer);
    return is_same;
}

static bool has_an_order(const struct golden *golden) {
    static const char *const unordered[] = {"hash-table", "hash-many", "hash-long", "set-text"};
    if (strncmp(golden->name, "old-", 4) == 0) return false;
    for (size_t i = 0; i < ARRAY_LEN(unordered); i++)
        if (strcmp(golden->name, unordered[i]) == 0) return false;
    return true;
}

static void try_golden(struct fixture *fixture, const struct golden *golden) {
    struct bytes value;
    struct key key = key_of(BYTES("loaded"));
    assert_true(rdb_payload_open(golden->payload, true, &value));
    struct rdb_target target = {.key = key.name, .now_ms = fixture->clock.unix_ms};
    struct entry *entry = rdb_payload_load(value, &target);
    assert_non_null(entry);
    struct found found = database_add(fixture->db, key, entry);
    verify(entry);
    assert_string_equal(value_type_of(entry)->name, golden->kind);
    assert_golden_digest(entry, golden);
    if (!comes_back_the_same(entry, golden)) {
        assert_string_not_equal(golden->kind, "stream");
        if (has_an_order(golden)) printf("DIFFERS %s\n", golden->name);
    }
    database_delete(fixture->db, key, found);
}

static void payloads_of_redis_server_are_read_and_written(void **state) {
    static char line[LINE_MAX_BYTES];
    struct golden golden;
    size_t count = 0;
    FILE *file = fopen("tests/golden/payloads.txt", "r");
    assert_non_null(file);
    for (; read_golden(file, line, &golden); count++) try_golden(*state, &golden);
    fclose(file);
    assert_true(count >= 30);
}

int main(void) {
    mem_start();
    hash_set_seed(1);
    const struct CMUnitTest tests[] = {
        TEST(values_of_modules_are_read_past),
        TEST(payloads_of_redis_server_are_read_and_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
