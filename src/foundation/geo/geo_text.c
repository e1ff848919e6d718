/* Fixed notation in exact arithmetic: a double is mantissa * 2^-shift; its fraction times
 * 10^decimals fits in 128 bits, so that the decimals and what is to be rounded off are a shift and
 * a mask. */
#include "foundation/geo/geo_text.h"

#include "foundation/check.h"
#include "foundation/number.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

enum { DEGREE_DECIMALS = 17, DISTANCE_DECIMALS = 4, MANTISSA_BITS = 53, PRODUCT_BITS = 110 };

static uint64_t power_of_ten(unsigned exponent) {
    uint64_t power = 1;
    while (exponent-- > 0) power *= 10;
    return power;
}

/* fraction * scale, rounded to the nearest integer, ties to even; the fraction is below 1. */
static uint64_t scale_fraction(double fraction, uint64_t scale) {
    int exponent;
    double mantissa = frexp(fraction, &exponent);
    unsigned shift = (unsigned)(MANTISSA_BITS - exponent);
    if (mantissa == 0 || shift > PRODUCT_BITS) return 0;
    unsigned __int128 product = (unsigned __int128)(uint64_t)ldexp(mantissa, MANTISSA_BITS) * scale;
    uint64_t whole = (uint64_t)(product >> shift);
    unsigned __int128 rest = product & (((unsigned __int128)1 << shift) - 1);
    unsigned __int128 half = (unsigned __int128)1 << (shift - 1);
    return whole + (rest > half || (rest == half && (whole & 1) != 0));
}

/* For 0 <= value < 2^53. */
static size_t write_fixed(char *out, double value, unsigned decimals) {
    uint64_t scale = power_of_ten(decimals);
    uint64_t whole = (uint64_t)value;
    uint64_t fraction = scale_fraction(value - (double)whole, scale);
    if (fraction == scale) {
        whole++;
        fraction = 0;
    }
    size_t len = number_format_u64(out, whole);
    out[len++] = '.';
    for (size_t i = decimals; i > 0; i--) {
        out[len + i - 1] = (char)('0' + fraction % 10);
        fraction /= 10;
    }
    return len + decimals;
}

size_t geo_format_degrees(char out[GEO_TEXT_MAX], double value) {
    CHECK(fabs(value) < 0x1p53);
    size_t sign = value < 0;
    out[0] = '-';
    char *digits = out + sign;
    size_t len = write_fixed(digits, fabs(value), DEGREE_DECIMALS);
    while (digits[len - 1] == '0') len--;
    if (digits[len - 1] == '.') len--;
    bool is_zero = len == 1 && digits[0] == '0';
    if (!is_zero) return sign + len;
    out[0] = '0';
    return 1;
}

size_t geo_format_distance(char out[GEO_TEXT_MAX], double value) {
    if (value >= 0 && value < 0x1p53) return write_fixed(out, value, DISTANCE_DECIMALS);
    int len = snprintf(out, GEO_TEXT_MAX, "%.*f", DISTANCE_DECIMALS, value);
    CHECK(len > 0 && len < GEO_TEXT_MAX);
    return (size_t)len;
}
