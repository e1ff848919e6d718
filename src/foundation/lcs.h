/* The longest common subsequence of two byte strings: its length, its text, and the runs in which
 * it matches both, chosen and ordered as Redis's LCS command does (last run first).
 *
 * The dynamic-programming table is never built in numbers. Along a row the length of the common
 * subsequence grows by 0 or 1 per column, and that one bit, computed for 64 columns at once
 * (H. Hyyrö, "Bit-parallel LCS-length computation revisited", 2004), is all that walking back
 * needs: n·m/8 bytes instead of 4·n·m. */
#ifndef FOUNDATION_LCS_H
#define FOUNDATION_LCS_H

#include "foundation/bytes.h"
#include "foundation/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that lcs_length would allocate: about 32 times the shorter length at worst. */
size_t lcs_length_memory_bytes(size_t a_len, size_t b_len);
/* Bytes that lcs_open would allocate: about a_len · b_len / 8. SIZE_MAX when more than fits. */
size_t lcs_memory_bytes(size_t a_len, size_t b_len);

/* The length alone. False when there is no memory. Cost: a.len · b.len / 64 steps. */
NODISCARD bool lcs_length(struct bytes a, struct bytes b, size_t *length);

/* A run of the subsequence: a[a_first … a_last] equals b[b_first … b_last]. */
struct lcs_match {
    size_t a_first;
    size_t a_last;
    size_t b_first;
    size_t b_last;
};

/* A computed table and the place of the walk back through it. The strings are borrowed. */
struct lcs {
    struct bytes a;
    struct bytes b;
    size_t length;
    uint64_t *rows;
    size_t row_words;
    size_t a_left;
    size_t b_left;
};

/* False when there is no memory; nothing is to be closed then. Cost as lcs_length. */
NODISCARD bool lcs_open(struct lcs *lcs, struct bytes a, struct bytes b);
void lcs_close(struct lcs *lcs);
/* The next run of at least `min_len` bytes, from the end of the strings to their start; false when
 * there are no more. */
NODISCARD bool lcs_next_match(struct lcs *lcs, size_t min_len, struct lcs_match *match);
/* Writes the subsequence, lcs->length bytes, and ends the walk. */
void lcs_write_text(struct lcs *lcs, char *out);

#endif
