/* Three states: at the start of a line (type == 0), inside a line (type != 0), inside a bulk body
 * (body_left > 0, its closing CRLF counted in). A line or body that ends an element lowers
 * `pending`; an aggregate's line raises it by the number of its children. */
#include "benchmark/resp_skip.h"

#include <string.h>

/* No honest server sends more elements or bytes in one reply. */
static const int64_t number_max = INT64_C(1) << 40;

void resp_skip_init(struct resp_skip *skip) {
    memset(skip, 0, sizeof(*skip));
}

static bool is_text_type(char type) {
    return type == '+' || type == '-' || type == ':' || type == ',' || type == '#' || type == '(' ||
           type == '_';
}

static void keep_error_text(struct resp_skip *skip, const char *bytes, size_t length) {
    if (skip->errors != 0) return;
    size_t room = RESP_SKIP_ERROR_TEXT_MAX - skip->error_length;
    if (length > room) length = room;
    memcpy(skip->first_error + skip->error_length, bytes, length);
    skip->error_length += length;
}

static void end_error(struct resp_skip *skip) {
    if (skip->errors++ != 0) return;
    size_t length = skip->error_length;
    while (length > 0 &&
           (skip->first_error[length - 1] == '\r' || skip->first_error[length - 1] == '\n')) {
        length--;
    }
    skip->first_error[length] = '\0';
}

static inline void end_element(struct resp_skip *skip) {
    if (--skip->pending != 0) return;
    if (!skip->is_push) skip->replies++;
    skip->is_push = false;
}

/* Acts on a whole header line of a bulk or an aggregate. */
static bool end_length_line(struct resp_skip *skip, char type, int64_t number, bool is_negative) {
    if (number > number_max || (is_negative && number != 1)) return false;
    uint64_t count = is_negative ? 0 : (uint64_t)number;
    switch (type) {
    case '$':
    case '=':
    case '!':
        if (is_negative) {
            end_element(skip);
            return true;
        }
        skip->body_left = count + 2;
        skip->is_error_body = type == '!';
        return true;
    case '%': skip->pending += 2 * count; break;
    case '|': /* an attribute precedes the element it belongs to, which is still to come */
        skip->pending += 2 * count;
        return true;
    case '>':
        skip->is_push = true;
        skip->pending += count;
        break;
    case '*':
    case '~': skip->pending += count; break;
    default: return false;
    }
    end_element(skip);
    return true;
}

static const char *skip_body(struct resp_skip *skip, const char *at, const char *end) {
    uint64_t here = (uint64_t)(end - at);
    uint64_t taken = skip->body_left < here ? skip->body_left : here;
    if (skip->is_error_body) keep_error_text(skip, at, (size_t)taken);
    skip->body_left -= taken;
    if (skip->body_left == 0) {
        if (skip->is_error_body) end_error(skip);
        skip->is_error_body = false;
        end_element(skip);
    }
    return at + taken;
}

/* Steps over a line whose text carries no length. */
static const char *skip_text(struct resp_skip *skip, const char *at, const char *end) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    const char *stop = newline ? newline + 1 : end;
    if (skip->type == '-') keep_error_text(skip, at, (size_t)(stop - at));
    if (newline == NULL) return stop;
    if (skip->type == '-') end_error(skip);
    skip->type = 0;
    end_element(skip);
    return stop;
}

/* Reads a length line; NULL when it is malformed. */
static const char *read_length(struct resp_skip *skip, const char *at, const char *end) {
    int64_t number = skip->number;
    while (at < end) {
        char byte = *at++;
        unsigned digit = (unsigned)(unsigned char)byte - '0';
        if (digit <= 9) {
            number = number * 10 + (int64_t)digit;
            if (number > number_max) return NULL;
        } else if (byte == '\n') {
            char type = skip->type;
            skip->type = 0;
            return end_length_line(skip, type, number, skip->is_negative) ? at : NULL;
        } else if (byte == '-') {
            skip->is_negative = true;
        } else if (byte != '\r') {
            return NULL;
        }
    }
    skip->number = number;
    return at;
}

static void start_element(struct resp_skip *skip, char type) {
    if (skip->pending == 0) skip->pending = 1;
    skip->type = type;
    skip->number = 0;
    skip->is_negative = false;
}

bool resp_skip_feed(struct resp_skip *skip, const char *bytes, size_t length) {
    const char *at = bytes;
    const char *end = bytes + length;
    while (at < end) {
        if (skip->body_left > 0) {
            at = skip_body(skip, at, end);
            continue;
        }
        if (skip->type == 0) {
            start_element(skip, *at++);
            if (at == end) return true;
        }
        if (is_text_type(skip->type)) {
            at = skip_text(skip, at, end);
        } else {
            at = read_length(skip, at, end);
            if (at == NULL) return false;
        }
    }
    return true;
}
