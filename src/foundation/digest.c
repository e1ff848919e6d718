#include "foundation/digest.h"

#include "foundation/check.h"

#include <openssl/evp.h>

/* One context a thread serves all its digests and looking the algorithm up costs more than a short
 * digest, so both are kept. A thread's context lives as long as the process. */
static void compute(const EVP_MD *algorithm, struct bytes bytes, unsigned char *out) {
    static _Thread_local EVP_MD_CTX *context;
    if (context == NULL) context = EVP_MD_CTX_new();
    CHECK(context != NULL && algorithm != NULL);
    CHECK(EVP_DigestInit_ex(context, algorithm, NULL) == 1);
    CHECK(EVP_DigestUpdate(context, bytes.data, bytes.len) == 1);
    CHECK(EVP_DigestFinal_ex(context, out, NULL) == 1);
}

void digest_sha1(struct bytes bytes, unsigned char out[DIGEST_SHA1_BYTES]) {
    static _Thread_local EVP_MD *algorithm;
    if (algorithm == NULL) algorithm = EVP_MD_fetch(NULL, "SHA1", NULL);
    compute(algorithm, bytes, out);
}

void digest_sha256(struct bytes bytes, unsigned char out[DIGEST_SHA256_BYTES]) {
    static _Thread_local EVP_MD *algorithm;
    if (algorithm == NULL) algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    compute(algorithm, bytes, out);
}

void digest_to_hex(const unsigned char *digest, size_t len, char *out) {
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = hex[digest[i] >> 4];
        out[2 * i + 1] = hex[digest[i] & 15];
    }
}
