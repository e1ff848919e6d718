/* Cryptographic digests, by OpenSSL: SHA-1 (script names), SHA-256 (passwords). */
#ifndef FOUNDATION_DIGEST_H
#define FOUNDATION_DIGEST_H

#include "foundation/bytes.h"

enum { DIGEST_SHA1_BYTES = 20, DIGEST_SHA256_BYTES = 32 };

void digest_sha1(struct bytes bytes, unsigned char out[DIGEST_SHA1_BYTES]);
void digest_sha256(struct bytes bytes, unsigned char out[DIGEST_SHA256_BYTES]);
/* Writes two lower-case hexadecimal characters a byte; no NUL. */
void digest_to_hex(const unsigned char *digest, size_t len, char *out);

#endif
