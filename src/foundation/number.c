/* Doubles are written by one of three ways to find the shortest digits, quickest first:
 *   1. integers below 2^53 and decimals of up to 15 digits: scale by a power of ten, round, and see
 *      whether the exact division gives the double back;
 *   2. from 1e-4 up to 2^53: exact arithmetic in 128 bits on the interval of all decimals that
 *      read back as the double, where only 16 or 17 digits are left to decide;
 *   3. anything else: the C library at growing precision. */
#include "foundation/number.h"

#include "foundation/mem.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

__extension__ typedef unsigned __int128 uint128;

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "digits are taken as words");

/* The `digits` of a decimal fraction: value = digits × 10^exponent10. */
struct decimal {
    uint64_t digits;
    int exponent10;
};

static const double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                       1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                       1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
enum { EXACT_POWER_MAX = 22, SHORT_DIGITS = 15, FIXED_EXPONENT_MAX = 17, FIXED_EXPONENT_MIN = -4 };

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Integers. */

/* Eight digits in a word, the first of them in its lowest byte: pairs are summed, then fours, then
 * all. */
static uint64_t sum_eight_digits(uint64_t word) {
    word = (word & 0x0f0f0f0f0f0f0f0f) * 2561 >> 8;
    word = (word & 0x00ff00ff00ff00ff) * 6553601 >> 16;
    return (word & 0x0000ffff0000ffff) * 42949672960001 >> 32;
}

/* No byte is below '0', nor above '9' (which a carry of 6 shows). */
static bool are_digits(uint64_t word) {
    return ((word & (word + 0x0606060606060606)) & 0xf0f0f0f0f0f0f0f0) == 0x3030303030303030;
}

static uint32_t load_u32(const char *at) {
    uint32_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

/* The same word for 4 to 8 digits, filled up with zeros in front. */
static uint64_t load_digits(struct bytes text) {
    if (text.len == sizeof(uint64_t)) return bytes_load_u64(text.data);
    unsigned missing_bits = 8 * (unsigned)(sizeof(uint64_t) - text.len);
    uint64_t last = load_u32(text.data + text.len - sizeof(uint32_t));
    uint32_t first = (uint32_t)((uint64_t)load_u32(text.data) << missing_bits);
    return last << 32 | first | (0x3030303030303030 & ((UINT64_C(1) << missing_bits) - 1));
}

/* Up to 8 digits; false when there are others. */
static bool parse_eight(struct bytes text, uint64_t *value) {
    if (text.len >= sizeof(uint32_t)) {
        uint64_t word = load_digits(text);
        *value = sum_eight_digits(word);
        return are_digits(word);
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.data[i])) return false;
        sum = sum * 10 + (uint64_t)(text.data[i] - '0');
    }
    *value = sum;
    return true;
}

/* The last eight digits, which `text` has, are cut off. */
static bool parse_last_eight(struct bytes *text, uint64_t *value) {
    text->len -= sizeof(uint64_t);
    return parse_eight(bytes_of(text->data + text->len, sizeof(uint64_t)), value);
}

/* More than 16 digits have up to 4 before those. */
static bool parse_long(struct bytes text, uint64_t *value) {
    const uint64_t eight_digits = 100000000;
    uint64_t low, middle, high = 0;
    if (!parse_last_eight(&text, &low)) return false;
    if (text.len > sizeof(uint64_t)) {
        if (!parse_last_eight(&text, &middle) || !parse_eight(text, &high)) return false;
    } else if (!parse_eight(text, &middle)) {
        return false;
    }
    return !__builtin_mul_overflow(high, eight_digits * eight_digits, &high) &&
           !__builtin_add_overflow(high, middle * eight_digits + low, value);
}

bool number_parse_u64(struct bytes text, uint64_t *value) {
    if (text.len == 0 || text.len > NUMBER_I64_MAX_CHARS) return false;
    if (text.data[0] == '0' && text.len > 1) return false;
    uint64_t sum;
    if (!(LIKELY(text.len <= sizeof(uint64_t)) ? parse_eight(text, &sum) : parse_long(text, &sum)))
        return false;
    *value = sum;
    return true;
}

bool number_parse_i64(struct bytes text, int64_t *value) {
    bool is_negative = text.len > 0 && text.data[0] == '-';
    if (is_negative) text = bytes_of(text.data + 1, text.len - 1);
    uint64_t magnitude;
    if (!number_parse_u64(text, &magnitude)) return false;
    if (is_negative ? magnitude == 0 || magnitude > (uint64_t)INT64_MAX + 1
                    : magnitude > INT64_MAX) {
        return false;
    }
    *value = is_negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}

static size_t count_digits(uint64_t value) {
    size_t count = 1;
    while (value >= 10000) {
        value /= 10000;
        count += 4;
    }
    return count + (value >= 10) + (value >= 100) + (value >= 1000);
}

/* Writes the last `count` digits so that they end before `end`. */
static void write_digits(char *end, uint64_t value, size_t count) {
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    while (count >= 2) {
        end -= 2;
        memcpy(end, pairs + value % 100 * 2, 2);
        value /= 100;
        count -= 2;
    }
    if (count == 1) end[-1] = (char)('0' + value % 10);
}

/* The eight digits of a number below 10^8 as bytes of a word, the first in the lowest one: halves
 * of four digits, of two, of one. Multiplying and shifting is dividing, exact for numbers so small.
 * */
static uint64_t split_digits(uint32_t value) {
    uint64_t word = value / 10000 | (uint64_t)(value % 10000) << 32;
    uint64_t tens = (word * 10486 >> 20) & 0x0000007f0000007f;
    word = tens | (word - tens * 100) << 16;
    tens = (word * 103 >> 10) & 0x000f000f000f000f;
    return tens | (word - tens * 10) << 8;
}

static size_t format_short(char *out, uint32_t value) {
    uint64_t digits = split_digits(value);
    unsigned zeros = (unsigned)__builtin_ctzll(digits | UINT64_C(1) << 56) / 8;
    digits = (digits | 0x3030303030303030) >> (8 * zeros);
    memcpy(out, &digits, sizeof(digits)); /* there is room for any number */
    return sizeof(digits) - zeros;
}

/* All eight digits. */
static void put_eight(char *out, uint32_t value) {
    uint64_t digits = split_digits(value) | 0x3030303030303030;
    memcpy(out, &digits, sizeof(digits));
}

size_t number_format_u64(char *out, uint64_t value) {
    enum { SHORT_END = 100000000 };
    if (LIKELY(value < SHORT_END)) return format_short(out, (uint32_t)value);
    size_t len = number_format_u64(out, value / SHORT_END);
    put_eight(out + len, (uint32_t)(value % SHORT_END));
    return len + 8;
}

static uint64_t magnitude_of(int64_t value) {
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

size_t number_format_i64(char *out, int64_t value) {
    if (value >= 0) return number_format_u64(out, (uint64_t)value);
    *out = '-';
    return 1 + number_format_u64(out + 1, magnitude_of(value));
}

size_t number_i64_len(int64_t value) {
    return count_digits(magnitude_of(value)) + (value < 0);
}

/* Sizes. */

static bool find_unit(struct bytes unit, uint64_t *factor) {
    static const struct {
        const char *name;
        uint64_t factor;
    } units[] = {
        {"", 1},           {"b", 1},
        {"k", 1000},       {"kb", 1024},
        {"m", 1000000},    {"mb", 1024 * 1024},
        {"g", 1000000000}, {"gb", 1024 * 1024 * 1024},
    };
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (!bytes_is_word(unit, units[i].name)) continue;
        *factor = units[i].factor;
        return true;
    }
    return false;
}

bool number_parse_size(struct bytes text, uint64_t *bytes) {
    uint64_t count = 0;
    size_t digits = 0;
    while (digits < text.len && is_digit(text.data[digits])) {
        if (__builtin_mul_overflow(count, 10U, &count)) return false;
        if (__builtin_add_overflow(count, (uint64_t)(text.data[digits] - '0'), &count)) {
            return false;
        }
        digits++;
    }
    uint64_t factor;
    if (digits == 0) return false;
    if (!find_unit(bytes_of(text.data + digits, text.len - digits), &factor)) return false;
    return !__builtin_mul_overflow(count, factor, bytes);
}

/* Text to floating point. */

/* Takes plain decimals of few digits, which one exact division settles. */
static bool parse_short_decimal(struct bytes text, double *value) {
    size_t at = text.len > 0 && text.data[0] == '-';
    if (text.len - at == 0 || text.len - at > SHORT_DIGITS + 1) return false;
    uint64_t digits = 0;
    size_t decimals = 0;
    bool has_point = false;
    size_t digit_count = 0;
    for (size_t i = at; i < text.len; i++) {
        char c = text.data[i];
        if (c == '.' && !has_point) {
            has_point = true;
            continue;
        }
        if (!is_digit(c)) return false;
        digits = digits * 10 + (uint64_t)(c - '0');
        decimals += has_point;
        digit_count++;
    }
    if (digit_count == 0 || digit_count > SHORT_DIGITS) return false;
    double magnitude = (double)digits / powers_of_ten[decimals];
    *value = at == 1 ? -magnitude : magnitude;
    return true;
}

/* A NUL-terminated copy for the C library's parsers; on the heap when it is long. */
struct c_copy {
    char *text;
    char near[256];
};

static bool open_c_copy(struct c_copy *copy, struct bytes text) {
    if (text.len == 0 || (text.data[0] >= '\t' && text.data[0] <= '\r') || text.data[0] == ' ') {
        return false;
    }
    copy->text = text.len < sizeof(copy->near) ? copy->near : mem_try_alloc(text.len + 1);
    if (copy->text == NULL) return false;
    memcpy(copy->text, text.data, text.len);
    copy->text[text.len] = '\0';
    return true;
}

static void close_c_copy(struct c_copy *copy) {
    if (copy->text != copy->near) mem_free(copy->text);
}

bool number_parse_double(struct bytes text, double *value) {
    if (parse_short_decimal(text, value)) return true;
    struct c_copy copy;
    if (!open_c_copy(&copy, text)) return false;
    char *end;
    errno = 0;
    double read = strtod(copy.text, &end);
    bool is_whole = end == copy.text + text.len;
    bool is_out_of_range = errno == ERANGE && (isinf(read) || read == 0);
    close_c_copy(&copy);
    if (!is_whole || is_out_of_range || isnan(read)) return false;
    *value = read;
    return true;
}

bool number_parse_long_double(struct bytes text, long double *value) {
    struct c_copy copy;
    if (!open_c_copy(&copy, text)) return false;
    char *end;
    errno = 0;
    long double read = strtold(copy.text, &end);
    bool is_whole = end == copy.text + text.len;
    bool is_out_of_range = errno == ERANGE && (isinf(read) || read == 0);
    close_c_copy(&copy);
    if (!is_whole || is_out_of_range || isnan(read)) return false;
    *value = read;
    return true;
}

/* Floating point to text. */

static struct decimal drop_trailing_zeros(struct decimal decimal) {
    while (decimal.digits % 10 == 0) {
        decimal.digits /= 10;
        decimal.exponent10++;
    }
    return decimal;
}

/* The number of digits before the point of a value in [1e-5, 1e17); 0 and below for fractions. */
static int count_integer_digits(double value) {
    static const double fractions[] = {1e-4, 1e-3, 1e-2, 1e-1};
    int count = value >= 1 ? 1 : -4;
    while (count < 0 && value >= fractions[count + 4]) {
        count++;
    }
    while (count > 0 && value >= powers_of_ten[count]) {
        count++;
    }
    return count;
}

/* Way 1. The product's error is below half a unit, so that rounding finds the decimal if there is
 * one; the division is of exact numbers and so rounds as reading the text would. */
static bool find_short_decimal(double value, int integer_digits, struct decimal *decimal) {
    int scale = SHORT_DIGITS - integer_digits;
    if (scale < 0 || scale > EXACT_POWER_MAX) return false;
    double scaled = nearbyint(value * powers_of_ten[scale]);
    if (scaled / powers_of_ten[scale] != value) return false;
    *decimal = (struct decimal){.digits = (uint64_t)scaled, .exponent10 = -scale};
    return true;
}

static uint128 power_of_ten(int exponent) {
    uint128 power = 1;
    for (int i = 0; i < exponent; i++) {
        power *= 10;
    }
    return power;
}

/* Way 2. With value = mantissa × 2^-shift, everything is kept multiplied by 4 × 2^shift × 10^scale:
 * the value, the half-way points to its neighbours (the lower one is nearer at a power of two),
 * and the candidates; `scale` makes a unit the 17th digit. 53 + 2 + 67 bits at most. */
static struct decimal find_exact_decimal(double value, int integer_digits) {
    int exponent2;
    uint64_t mantissa = (uint64_t)(frexp(value, &exponent2) * 0x1p53);
    int shift = 53 - exponent2 + 2;
    int scale = 17 - integer_digits;
    uint128 power = power_of_ten(scale);
    uint128 exact = 4 * mantissa * power;
    bool is_even = mantissa % 2 == 0;
    uint128 low = exact - (mantissa == 1ULL << 52 ? 1 : 2) * power + !is_even;
    uint128 high = exact + 2 * power - !is_even;

    uint64_t whole = (uint64_t)(exact >> shift);
    uint64_t below = whole / 10 * 10;
    uint128 to_below = exact - ((uint128)below << shift);
    uint128 to_above = ((uint128)(below + 10) << shift) - exact;
    bool is_below_good = exact - to_below >= low;
    bool is_above_good = exact + to_above <= high;
    bool is_below_nearer = to_below < to_above || (to_below == to_above && below % 20 == 0);
    if (is_below_good && (is_below_nearer || !is_above_good)) {
        return (struct decimal){.digits = below, .exponent10 = -scale};
    }
    if (is_above_good) return (struct decimal){.digits = below + 10, .exponent10 = -scale};

    uint128 rest = exact - ((uint128)whole << shift);
    uint128 half = (uint128)1 << (shift - 1);
    bool must_round_up = rest > half || (rest == half && whole % 2 == 1);
    return (struct decimal){.digits = whole + must_round_up, .exponent10 = -scale};
}

/* Reads "d.ddde±dd" as the C library prints it. */
static struct decimal read_scientific(const char *text) {
    struct decimal decimal = {0};
    int decimals = 0;
    bool has_point = false;
    for (; *text != 'e'; text++) {
        if (!is_digit(*text)) {
            has_point = true;
            continue;
        }
        decimal.digits = decimal.digits * 10 + (uint64_t)(*text - '0');
        decimals += has_point;
    }
    decimal.exponent10 = (int)strtol(text + 1, NULL, 10) - decimals;
    return decimal;
}

static bool reads_back(struct decimal decimal, double value) {
    char text[NUMBER_DOUBLE_MAX_CHARS + 16];
    snprintf(text, sizeof(text), "%llue%d", (unsigned long long)decimal.digits, decimal.exponent10);
    return strtod(text, NULL) == value;
}

/* Way 3. Beside a power of two the nearest decimal of a length may miss while its neighbour above
 * reads back, since the gap below is half as wide. Below DBL_MIN few digits may do. */
static struct decimal search_decimal(double value) {
    char text[NUMBER_DOUBLE_MAX_CHARS];
    struct decimal decimal = {0};
    int precision = value < DBL_MIN ? 1 : SHORT_DIGITS;
    for (; precision <= 17; precision++) {
        snprintf(text, sizeof(text), "%.*e", precision - 1, value);
        decimal = read_scientific(text);
        if (reads_back(decimal, value)) break;
        struct decimal above = {.digits = decimal.digits + 1, .exponent10 = decimal.exponent10};
        if (reads_back(above, value)) return above;
    }
    return decimal;
}

static struct decimal shortest_decimal(double value) {
    struct decimal decimal;
    if (value < 1e-5 || value >= 1e17) return search_decimal(value);
    int integer_digits = count_integer_digits(value);
    if (find_short_decimal(value, integer_digits, &decimal)) return decimal;
    if (value >= 0x1p53 || value < 1e-4) return search_decimal(value);
    return find_exact_decimal(value, integer_digits);
}

static size_t write_exponent(char *out, int exponent) {
    char *at = out;
    *at++ = 'e';
    *at++ = exponent < 0 ? '-' : '+';
    uint64_t magnitude = (uint64_t)abs(exponent);
    size_t len = magnitude < 100 ? 2 : 3;
    write_digits(at + len, magnitude, len);
    return 2 + len;
}

static size_t write_scientific(char *out, uint64_t digits, size_t count, int exponent) {
    write_digits(out + 1 + count, digits, count);
    out[0] = out[1];
    if (count == 1) return 1 + write_exponent(out + 1, exponent);
    out[1] = '.';
    return 1 + count + write_exponent(out + 1 + count, exponent);
}

/* Fixed notation; `point` digits stand before the decimal point. */
static size_t write_fixed(char *out, uint64_t digits, size_t count, int point) {
    if (point <= 0) {
        size_t zeros = 2 + (size_t)-point;
        memset(out, '0', zeros);
        out[1] = '.';
        write_digits(out + zeros + count, digits, count);
        return zeros + count;
    }
    size_t before = (size_t)point;
    if (before >= count) {
        write_digits(out + count, digits, count);
        memset(out + count, '0', before - count);
        return before;
    }
    write_digits(out + 1 + count, digits, count);
    memmove(out, out + 1, before);
    out[before] = '.';
    return count + 1;
}

static size_t write_decimal(char *out, struct decimal decimal) {
    decimal = drop_trailing_zeros(decimal);
    size_t count = count_digits(decimal.digits);
    int exponent = (int)count - 1 + decimal.exponent10;
    if (exponent < FIXED_EXPONENT_MIN || exponent >= FIXED_EXPONENT_MAX) {
        return write_scientific(out, decimal.digits, count, exponent);
    }
    return write_fixed(out, decimal.digits, count, exponent + 1);
}

static size_t write_word(char *out, const char *word) {
    size_t len = strlen(word);
    memcpy(out, word, len);
    return len;
}

/* Whole numbers below have all their digits, also where fewer would do beyond 2^53. */
#define WHOLE_END 1e17

size_t number_format_double(char *out, double value) {
    if (isnan(value)) return write_word(out, "nan");
    if (isinf(value)) return write_word(out, value < 0 ? "-inf" : "inf");
    size_t sign = 0;
    if (signbit(value)) out[sign++] = '-';
    double magnitude = fabs(value);
    if (magnitude < WHOLE_END && magnitude == (double)(uint64_t)magnitude) {
        return sign + number_format_u64(out + sign, (uint64_t)magnitude);
    }
    return sign + write_decimal(out + sign, shortest_decimal(magnitude));
}

size_t number_format_long_double(char *out, long double value) {
    if (isnan(value)) return write_word(out, "nan");
    if (isinf(value)) return write_word(out, value < 0 ? "-inf" : "inf");
    int written = snprintf(out, NUMBER_LONG_DOUBLE_MAX_CHARS, "%.17Lf", value);
    CHECK(written > 0 && written < NUMBER_LONG_DOUBLE_MAX_CHARS);
    size_t len = (size_t)written;
    while (out[len - 1] == '0') {
        len--;
    }
    if (out[len - 1] == '.') len--;
    if (len == 2 && memcmp(out, "-0", 2) == 0) return write_word(out, "0");
    return len;
}
