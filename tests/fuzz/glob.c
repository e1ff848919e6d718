/* Input: pattern, zero byte, text. The matcher must agree with a plain recursive one, which tries
 * every length for every star. */
#include "foundation/glob.h"

#include "foundation/check.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS_MAX = 20000 };

/* The class behind '[' at `*at`, which is moved past it. */
static bool is_in_class(struct bytes pattern, size_t *at, char c) {
    size_t i = *at;
    bool is_negated = i < pattern.len && pattern.data[i] == '^';
    bool is_member = false;
    for (i += is_negated; i < pattern.len && pattern.data[i] != ']'; i++) {
        size_t left = pattern.len - i;
        unsigned char low = (unsigned char)pattern.data[i];
        unsigned char high = low;
        if (low == '\\' && left >= 2) {
            low = high = (unsigned char)pattern.data[++i];
        } else if (left >= 3 && pattern.data[i + 1] == '-') {
            high = (unsigned char)pattern.data[i += 2];
        }
        unsigned char byte = (unsigned char)c;
        is_member |= (low <= byte && byte <= high) || (high <= byte && byte <= low);
    }
    *at = i < pattern.len ? i + 1 : i;
    return is_member != is_negated;
}

static bool match_plainly(struct bytes pattern, struct bytes text, int *steps) {
    size_t next = 1;
    if (++*steps > STEPS_MAX) return false;
    if (pattern.len == 0) return text.len == 0;
    if (pattern.data[0] == '*') {
        for (size_t taken = 0; taken <= text.len; taken++) {
            struct bytes rest = bytes_of(text.data + taken, text.len - taken);
            if (match_plainly(bytes_of(pattern.data + 1, pattern.len - 1), rest, steps))
                return true;
        }
        return false;
    }
    if (text.len == 0) return false;
    if (pattern.data[0] == '[') {
        if (!is_in_class(pattern, &next, text.data[0])) return false;
    } else if (pattern.data[0] == '\\' && pattern.len > 1) {
        if (pattern.data[next++] != text.data[0]) return false;
    } else if (pattern.data[0] != '?' && pattern.data[0] != text.data[0]) {
        return false;
    }
    return match_plainly(bytes_of(pattern.data + next, pattern.len - next),
                         bytes_of(text.data + 1, text.len - 1), steps);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes all = bytes_of(data, size);
    struct bytes pattern = bytes_of(all.data, bytes_index(all, '\0'));
    size_t used = pattern.len < size ? pattern.len + 1 : size;
    struct bytes text = bytes_of(all.data + used, size - used);
    bool is_match = glob_match(pattern, text);
    (void)glob_match_nocase(pattern, text);
    if (glob_is_literal(pattern)) CHECK(is_match == bytes_equal(pattern, text));
    int steps = 0;
    bool is_plain_match = text.len == 0 ? pattern.len == 0 : match_plainly(pattern, text, &steps);
    if (steps <= STEPS_MAX) CHECK(is_match == is_plain_match);
    return 0;
}
