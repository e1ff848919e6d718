/* The colder writers; the hot ones are inline in the header. */
#include "protocol/resp_writer.h"

enum { VERBATIM_PREFIX_LEN = 4 };

char *resp_put_long_number_line(char *out, char mark, int64_t value) {
    *out++ = mark;
    out += number_format_i64(out, value);
    return resp_put_line_end(out);
}

char *resp_put_bulk_integer(char *out, int64_t value) {
    char digits[NUMBER_I64_MAX_CHARS];
    return resp_put_bulk(out, bytes_of(digits, number_format_i64(digits, value)));
}

char *resp_put_error(char *out, struct bytes text) {
    *out++ = '-';
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        *out++ = c == '\r' || c == '\n' ? ' ' : c;
    }
    return resp_put_line_end(out);
}

/* "<mark><text>\r\n" in RESP3, a bulk string in RESP2. */
static char *put_line_or_bulk(char *out, enum resp_version version, char mark, struct bytes text) {
    if (version == RESP2) return resp_put_bulk(out, text);
    *out++ = mark;
    return resp_put_line_end(resp_put_raw(out, text));
}

char *resp_put_double(char *out, enum resp_version version, double value) {
    char digits[NUMBER_DOUBLE_MAX_CHARS];
    struct bytes text = bytes_of(digits, number_format_double(digits, value));
    return put_line_or_bulk(out, version, ',', text);
}

char *resp_put_big_number(char *out, enum resp_version version, struct bytes digits) {
    return put_line_or_bulk(out, version, '(', digits);
}

char *resp_put_verbatim(char *out, enum resp_version version, const char *format,
                        struct bytes text) {
    if (version == RESP2) return resp_put_bulk(out, text);
    out = resp_put_number_line(out, '=', (int64_t)(text.len + VERBATIM_PREFIX_LEN));
    memcpy(out, format, VERBATIM_PREFIX_LEN - 1);
    out[VERBATIM_PREFIX_LEN - 1] = ':';
    return resp_put_line_end(resp_put_raw(out + VERBATIM_PREFIX_LEN, text));
}
