/* A command template, of one command or several that make one request: RESP bytes encoded once, with places of fixed width that are written anew for
 * each request. Since no width ever changes, a buffer can hold many copies of the command and a new
 * request costs only the digits that differ.
 *
 *   SET key:{rand:1000000:12} {data:4}
 *   *3\r\n$3\r\nSET\r\n$16\r\nkey:............\r\n$4\r\nabcd\r\n
 *                                 ^ place: offset, width, kind, range
 *
 * Placeholders (N: how many values, W: width in bytes; numbers are padded with zeros):
 *   {rand:N:W}     uniform in [0, N)
 *   {zipf:N:W}     Zipf-distributed in [0, N), 0 the most frequent
 *   {seq:N:W}      0, 1, 2 … N-1, 0 …: the request's number; the same everywhere in one command
 *   {int:W}        a random number of exactly W digits, without leading zeros
 *   {dec:A:B:W}    a random decimal in [A, B) with six fraction digits
 *   {at:A:B}       a Unix time in ms, from A to B ms after now
 *   {due:T:S:N}    the Unix time in ms T + S * i / N for the request's number i
 *   {data:L}       L random letters, the same in every request
 *   {same:W}       the value of the placeholder before it again (but for {data})
 *   {;}            as a word of its own: the next command of the request begins
 *   {{             a plain brace
 */
#ifndef BENCHMARK_TEMPLATE_H
#define BENCHMARK_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "benchmark/random.h"
#include "benchmark/zipf.h"

enum { TEMPLATE_PLACES_MAX = 64, TEMPLATE_ERROR_MAX = 200 };

enum template_kind {
    TEMPLATE_UNIFORM,
    TEMPLATE_ZIPF,
    TEMPLATE_SEQUENCE,
    TEMPLATE_DECIMAL,
    TEMPLATE_CLOCK,
    TEMPLATE_DUE,
    TEMPLATE_SAME,
};

struct template_place {
    enum template_kind kind;
    uint32_t width;
    size_t offset;
    uint64_t range; /* how many values there are; > 0 */
    int64_t low;    /* the least one */
    uint64_t span_ms;
    struct zipf zipf;
};

struct template {
    char *bytes; /* the encoded commands of one request */
    size_t length;
    size_t command_count;
    size_t place_count;
    struct template_place places[TEMPLATE_PLACES_MAX];
    char error[TEMPLATE_ERROR_MAX]; /* why template_compile failed */
};

/* Encodes a request. One `words` entry is split at blanks ("…" and '…' keep blanks together);
 * several are taken as one argument each. `theta` is the Zipf exponent. False with ->error set when
 * the template is malformed. Release it with template_destroy in either case. */
bool template_compile(struct template *template, const char *const *words, size_t word_count,
                      double theta);

void template_destroy(struct template *template);

/* Writes request number `sequence` over `bytes`, a copy of template->bytes. */
void template_patch(const struct template *template, char *bytes, struct random *random,
                    uint64_t sequence);

#endif
