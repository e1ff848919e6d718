#include "foundation/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
static void assert_sha1(struct bytes bytes, const char *want) {
    unsigned char digest[DIGEST_SHA1_BYTES];
    char hex[2 * DIGEST_SHA1_BYTES + 1] = "";
    digest_sha1(bytes, digest);
    digest_to_hex(digest, sizeof(digest), hex);
    assert_string_equal(hex, want);
}

static void assert_sha256(struct bytes bytes, const char *want) {
    unsigned char digest[DIGEST_SHA256_BYTES];
    char hex[2 * DIGEST_SHA256_BYTES + 1] = "";
    digest_sha256(bytes, digest);
    digest_to_hex(digest, sizeof(digest), hex);
    assert_string_equal(hex, want);
}

/* FIPS 180-4's examples. */
static void known_digests_come_out(void **state) {
    (void)state;
    assert_sha1(BYTES("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_sha256(BYTES("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_sha1(bytes_of(NULL, 0), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    assert_sha256(BYTES(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_sha1(BYTES("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_digests_come_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
