/* Input: a text for every reader of numbers. What one accepts must survive being written and read
 * again; the first eight bytes also serve as the bits of a double. */
#include "foundation/number.h"

#include "foundation/check.h"

#include <math.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_integers(struct bytes text) {
    char out[NUMBER_I64_MAX_CHARS];
    int64_t value;
    uint64_t magnitude;
    if (number_parse_i64(text, &value)) {
        CHECK(bytes_equal(text, bytes_of(out, number_format_i64(out, value))));
        CHECK(number_i64_len(value) == text.len);
    }
    if (number_parse_u64(text, &magnitude)) {
        CHECK(bytes_equal(text, bytes_of(out, number_format_u64(out, magnitude))));
        CHECK(number_parse_size(text, &magnitude));
    }
    (void)!number_parse_size(text, &magnitude);
}

static void try_double(double value) {
    char out[NUMBER_DOUBLE_MAX_CHARS];
    double again;
    size_t len = number_format_double(out, value);
    CHECK(len <= sizeof(out));
    CHECK(number_parse_double(bytes_of(out, len), &again));
    CHECK(again == value);
}

static void try_long_double(long double value) {
    static char out[NUMBER_LONG_DOUBLE_MAX_CHARS];
    long double again;
    size_t len = number_format_long_double(out, value);
    CHECK(len <= sizeof(out));
    CHECK(number_parse_long_double(bytes_of(out, len), &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes text = bytes_of(data, size);
    double value;
    long double wide;
    try_integers(text);
    if (number_parse_double(text, &value)) try_double(value);
    if (number_parse_long_double(text, &wide)) try_long_double(wide);
    if (size >= sizeof(value)) {
        memcpy(&value, data, sizeof(value));
        if (!isnan(value)) try_double(value);
    }
    return 0;
}
