/* Numbers to text and back, exactly and without the locale. */
#ifndef FOUNDATION_NUMBER_H
#define FOUNDATION_NUMBER_H

#include "foundation/bytes.h"
#include "foundation/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NUMBER_I64_MAX_CHARS = 20,    /* -9223372036854775808 */
    NUMBER_DOUBLE_MAX_CHARS = 32, /* shortest form of any double, with sign and exponent */
    NUMBER_LONG_DOUBLE_MAX_CHARS = 5 * 1024,
};

/* Reads a whole signed 64-bit integer in its one canonical form: optional '-', no '+', no leading
 * zeros, no spaces. That makes text → integer → text the identity, which lets a string value be
 * kept as an integer. False when the text is anything else or overflows. */
NODISCARD bool number_parse_i64(struct bytes text, int64_t *value);
NODISCARD bool number_parse_u64(struct bytes text, uint64_t *value);
/* Reads a whole double as strtod does (decimal, hex, inf, infinity, with sign); refuses NaN, leading
 * spaces, trailing bytes, the empty text, and what overflows or becomes zero by being too small. */
NODISCARD bool number_parse_double(struct bytes text, double *value);
/* The same in long double, for INCRBYFLOAT. */
NODISCARD bool number_parse_long_double(struct bytes text, long double *value);
/* A size with an optional unit: k=1000 kb=1024 m mb g gb b, any case. False on a negative number,
 * an unknown unit or overflow. */
NODISCARD bool number_parse_size(struct bytes text, uint64_t *bytes);

/* Writes the decimal form and returns its length; no NUL. `out` has NUMBER_I64_MAX_CHARS. */
size_t number_format_i64(char *out, int64_t value);
size_t number_format_u64(char *out, uint64_t value);
/* Characters that number_format_i64 would write. */
size_t number_i64_len(int64_t value);
/* The shortest decimal that reads back as the same double, and of those the nearest to it; inf, -inf
 * and nan as those words. Notation as "%.17g": an exponent from 1e17 up and below 1e-4, written with
 * its sign and at least two digits. Whole numbers below 1e17 have all their digits. Minus zero is
 * "-0". `out` has NUMBER_DOUBLE_MAX_CHARS.
 * Cost: about 10 ns for integers, 20 to 60 from 1e-4 to 2^53, up to 2 us beyond. */
size_t number_format_double(char *out, double value);
/* Fixed notation with up to 17 decimals, trailing zeros dropped, minus zero as "0": what INCRBYFLOAT
 * answers. `out` has NUMBER_LONG_DOUBLE_MAX_CHARS. */
size_t number_format_long_double(char *out, long double value);

/* Integer arithmetic that says when it overflows: false leaves `*sum` untouched. */
static inline bool number_add_i64(int64_t a, int64_t b, int64_t *sum) {
    int64_t result;
    if (__builtin_add_overflow(a, b, &result)) return false;
    *sum = result;
    return true;
}

static inline bool number_mul_i64(int64_t a, int64_t b, int64_t *product) {
    int64_t result;
    if (__builtin_mul_overflow(a, b, &result)) return false;
    *product = result;
    return true;
}

#endif
