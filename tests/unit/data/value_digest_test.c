/* Digests, compared with what redis-server 7.0.15 answered for the same data. */
#include "data/value_digest.h"

#include "data/types/string/string.h"
#include "foundation/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define START_MS ((int64_t)1700000000000)

static struct clock now;

static struct keyspace *start(void) {
    clock_set_unix_us(&now, START_MS * 1000);
    return keyspace_new(16, &now);
}

static void set(struct database *db, struct bytes name, struct bytes value, int64_t due_ms) {
    struct key key = key_of(name);
    struct found found = database_find(db, key);
    string_store(db, key, &found, value, 0);
    database_set_due(db, key, &found, due_ms);
}

static const char *to_hex(const unsigned char digest[VALUE_DIGEST_BYTES]) {
    static char text[2 * VALUE_DIGEST_BYTES + 1];
    for (int i = 0; i < VALUE_DIGEST_BYTES; i++) snprintf(text + 2 * i, 3, "%02x", digest[i]);
    return text;
}

static const char *digest_of(const struct keyspace *keyspace) {
    unsigned char digest[VALUE_DIGEST_BYTES];
    value_digest_keyspace(keyspace, digest);
    return to_hex(digest);
}

static const char *digest_of_key(struct database *db, struct bytes name) {
    unsigned char digest[VALUE_DIGEST_BYTES] = {0};
    value_digest_add(digest, database_find(db, key_of(name)).entry);
    return to_hex(digest);
}

static void data_sets_have_the_digests_that_redis_gives_them(void **state) {
    (void)state;
    struct keyspace *keyspace = start();
    assert_string_equal(digest_of(keyspace), "0000000000000000000000000000000000000000");
    set(keyspace->dbs[0], BYTES("a"), BYTES("1"), 0);
    set(keyspace->dbs[0], BYTES("b"), BYTES("hello"), START_MS + 1000000);
    assert_string_equal(digest_of(keyspace), "669dc7955c0119edb82e7cfeb40ea4a28f89f902");
    set(keyspace->dbs[3], BYTES("zz"), BYTES("yy"), 0);
    assert_string_equal(digest_of(keyspace), "e509c1967b81d26ac57465365055847bb06163c6");
    keyspace_free(keyspace);
}

static void values_have_the_digests_that_redis_gives_them(void **state) {
    (void)state;
    struct keyspace *keyspace = start();
    set(keyspace->dbs[0], BYTES("a"), BYTES("1"), 0);
    set(keyspace->dbs[0], BYTES("b"), BYTES("hello"), START_MS + 1000000);
    assert_string_equal(digest_of_key(keyspace->dbs[0], BYTES("a")),
                        "b4fc66738120fba0b5aa500ab5c2bf89cea1c5da");
    assert_string_equal(digest_of_key(keyspace->dbs[0], BYTES("b")),
                        "d037c4eb8a8b36b602fbced4000daeab0714c1e3");
    keyspace_free(keyspace);
}

static void encoding_and_order_of_insertion_do_not_show(void **state) {
    (void)state;
    struct keyspace *first = start(), *second = start();
    for (int i = 0; i < 100; i++) {
        char text[2][8];
        struct bytes up = bytes_of(text[0], (size_t)snprintf(text[0], 8, "%d", i));
        struct bytes down = bytes_of(text[1], (size_t)snprintf(text[1], 8, "%d", 99 - i));
        set(first->dbs[0], up, up, 0);
        struct key key = key_of(down);
        struct found found = {0};
        string_store(second->dbs[0], key, &found, down, STRING_STORE_RAW);
    }
    char digest[2 * VALUE_DIGEST_BYTES + 1];
    snprintf(digest, sizeof(digest), "%s", digest_of(first));
    assert_string_equal(digest_of(second), digest);
    set(second->dbs[0], BYTES("7"), BYTES("8"), 0);
    assert_string_not_equal(digest_of(second), digest);
    keyspace_free(first);
    keyspace_free(second);
}

int main(void) {
    mem_start();
    hash_set_seed(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_sets_have_the_digests_that_redis_gives_them),
        cmocka_unit_test(values_have_the_digests_that_redis_gives_them),
        cmocka_unit_test(encoding_and_order_of_insertion_do_not_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
