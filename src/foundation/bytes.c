#include "foundation/bytes.h"

static unsigned char to_lower(char c) {
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool bytes_equal_long(const char *a, const char *b, size_t len) {
    return len == 0 || memcmp(a, b, len) == 0;
}

int bytes_compare(struct bytes a, struct bytes b) {
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    if (order != 0) return order;
    return (a.len > b.len) - (a.len < b.len);
}

bool bytes_equal_nocase(struct bytes a, struct bytes b) {
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len; i++) {
        if (to_lower(a.data[i]) != to_lower(b.data[i])) return false;
    }
    return true;
}

bool bytes_is_word(struct bytes a, const char *word) {
    for (size_t i = 0; i < a.len; i++) {
        if (word[i] == '\0' || to_lower(a.data[i]) != to_lower(word[i])) return false;
    }
    return word[a.len] == '\0';
}

bool bytes_starts_with(struct bytes a, struct bytes prefix) {
    return a.len >= prefix.len && bytes_equal(bytes_of(a.data, prefix.len), prefix);
}

size_t bytes_index(struct bytes a, char byte) {
    const char *found = a.len == 0 ? NULL : memchr(a.data, byte, a.len);
    return found == NULL ? a.len : (size_t)(found - a.data);
}

struct bytes bytes_trim(struct bytes a) {
    while (a.len > 0 && is_space(a.data[a.len - 1])) {
        a.len--;
    }
    while (a.len > 0 && is_space(a.data[0])) {
        a.data++;
        a.len--;
    }
    return a;
}

bool bytes_next_word(struct bytes *rest, char separator, struct bytes *word) {
    while (rest->len > 0 && rest->data[0] == separator) {
        rest->data++;
        rest->len--;
    }
    if (rest->len == 0) return false;
    size_t len = bytes_index(*rest, separator);
    *word = bytes_of(rest->data, len);
    rest->data += len;
    rest->len -= len;
    return true;
}
