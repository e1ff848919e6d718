#include "foundation/words.h"

#include "foundation/mem.h"

/* Where the splitting stands: input behind `at`, output behind `out`. */
struct splitter {
    const char *at;
    const char *end;
    char *out;
};

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static char unescape(char c) {
    switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return c;
    }
}

/* Takes one byte, escaped or not, from between double quotes. */
static void take_double_quoted(struct splitter *s) {
    ptrdiff_t left = s->end - s->at;
    if (*s->at != '\\' || left < 2) {
        *s->out++ = *s->at++;
    } else if (left >= 4 && s->at[1] == 'x' && hex_value(s->at[2]) >= 0 &&
               hex_value(s->at[3]) >= 0) {
        *s->out++ = (char)(hex_value(s->at[2]) * 16 + hex_value(s->at[3]));
        s->at += 4;
    } else {
        *s->out++ = unescape(s->at[1]);
        s->at += 2;
    }
}

static void take_single_quoted(struct splitter *s) {
    if (s->end - s->at >= 2 && s->at[0] == '\\' && s->at[1] == '\'') s->at++;
    *s->out++ = *s->at++;
}

/* Takes a quoted part with both its quotes; it must be the last of its word. */
static bool take_quoted(struct splitter *s) {
    char quote = *s->at++;
    while (s->at < s->end && *s->at != quote) {
        if (quote == '"') {
            take_double_quoted(s);
        } else {
            take_single_quoted(s);
        }
    }
    if (s->at == s->end) return false;
    s->at++;
    return s->at == s->end || is_space(*s->at);
}

/* Redis ends a bare word only at these, though it skips more kinds of space between words. */
static bool ends_bare_word(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool take_word(struct splitter *s) {
    while (s->at < s->end && !ends_bare_word(*s->at)) {
        if (*s->at == '"' || *s->at == '\'') return take_quoted(s);
        *s->out++ = *s->at++;
    }
    return true;
}

static bool skip_space(struct splitter *s) {
    while (s->at < s->end && is_space(*s->at)) {
        s->at++;
    }
    return s->at < s->end;
}

static void add_word(struct words *words, size_t *cap, struct bytes word) {
    if (words->count == *cap) {
        *cap = *cap == 0 ? 8 : *cap * 2;
        words->items = mem_realloc(words->items, *cap * sizeof(*words->items));
    }
    words->items[words->count++] = word;
}

/* All words lie in one block. A word's quotes or the space behind it leave room for its NUL, so the
 * line's length and one more byte suffice. */
bool words_split(struct bytes line, struct words *words) {
    if (line.len == 0) line.data = "";
    line.len = bytes_index(line, '\0');
    char *block = mem_alloc(line.len + 1);
    struct splitter s = {.at = line.data, .end = line.data + line.len, .out = block};
    size_t cap = 0;
    *words = (struct words){0};
    while (skip_space(&s)) {
        char *start = s.out;
        if (!take_word(&s)) {
            mem_free(block);
            mem_free(words->items);
            *words = (struct words){0};
            return false;
        }
        add_word(words, &cap, bytes_of(start, (size_t)(s.out - start)));
        *s.out++ = '\0';
    }
    if (words->count == 0) mem_free(block);
    words->storage = words->count == 0 ? NULL : block;
    return true;
}

void words_destroy(struct words *words) {
    mem_free(words->storage);
    mem_free(words->items);
    *words = (struct words){0};
}
