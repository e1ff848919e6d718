/* The matcher remembers only the last star: when the rest fails, the star takes one byte more.
 * An earlier star never needs to take more, since the later one can make up for it. That bounds
 * the work by pattern × text. */
#include "foundation/glob.h"

/* Where a match stands, and where to go on from when it fails. */
struct matcher {
    const char *pattern;
    const char *pattern_end;
    const char *text;
    const char *text_end;
    const char *star; /* the pattern behind the last star, or NULL */
    const char *star_text;
    bool is_nocase;
};

static unsigned char fold(char c, bool is_nocase) {
    return (unsigned char)(is_nocase && c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool is_same(char a, char b, bool is_nocase) {
    return fold(a, is_nocase) == fold(b, is_nocase);
}

static bool is_in_range(char c, char first, char last, bool is_nocase) {
    unsigned char low = fold(first, is_nocase);
    unsigned char high = fold(last, is_nocase);
    unsigned char byte = fold(c, is_nocase);
    return low <= high ? byte >= low && byte <= high : byte >= high && byte <= low;
}

/* Matches `c` against the class that begins at `*at`, behind its '[', and moves past it. A class
 * that never closes ends with the pattern. */
static bool match_class(const struct matcher *m, const char **at, char c) {
    const char *p = *at;
    bool is_negated = p < m->pattern_end && *p == '^';
    bool is_member = false;
    p += is_negated;
    while (p < m->pattern_end && *p != ']') {
        if (*p == '\\' && m->pattern_end - p >= 2) {
            is_member |= *++p == c;
        } else if (m->pattern_end - p >= 3 && p[1] == '-') {
            is_member |= is_in_range(c, p[0], p[2], m->is_nocase);
            p += 2;
        } else {
            is_member |= is_same(*p, c, m->is_nocase);
        }
        p++;
    }
    *at = p < m->pattern_end ? p + 1 : p;
    return is_member != is_negated;
}

/* Matches one byte of text against one element of the pattern that is not a star. */
static bool match_one(struct matcher *m) {
    const char *next = m->pattern + 1;
    bool is_match;
    switch (*m->pattern) {
    case '?': is_match = true; break;
    case '[': is_match = match_class(m, &next, *m->text); break;
    case '\\':
        if (next < m->pattern_end) {
            is_match = is_same(*next, *m->text, m->is_nocase);
            next++;
            break;
        }
        /* fall through */
    default: is_match = is_same(*m->pattern, *m->text, m->is_nocase);
    }
    if (!is_match) return false;
    m->pattern = next;
    m->text++;
    return true;
}

static void skip_stars(struct matcher *m) {
    while (m->pattern < m->pattern_end && *m->pattern == '*') {
        m->pattern++;
    }
}

/* Moves the text behind the last star to where the rest of the pattern may begin: at its first byte
 * when that stands for itself. False when that byte does not come any more. */
static bool seek_behind_star(struct matcher *m) {
    char first = *m->star;
    m->pattern = m->star;
    if (!m->is_nocase && first != '?' && first != '[' && first != '\\') {
        m->star_text = memchr(m->star_text, first, (size_t)(m->text_end - m->star_text));
        if (m->star_text == NULL) return false;
    }
    m->text = m->star_text;
    return true;
}

/* Lets the last star take one byte more; false when there is none. */
static bool retry_at_star(struct matcher *m) {
    if (m->star == NULL) return false;
    m->star_text++;
    return seek_behind_star(m);
}

static bool run_matcher(struct matcher *m) {
    while (m->text < m->text_end) {
        if (m->pattern == m->pattern_end) {
            if (!retry_at_star(m)) return false;
        } else if (*m->pattern == '*') {
            skip_stars(m);
            if (m->pattern == m->pattern_end) return true;
            m->star = m->pattern;
            m->star_text = m->text;
            if (!seek_behind_star(m)) return false;
        } else if (!match_one(m) && !retry_at_star(m)) {
            return false;
        }
    }
    skip_stars(m);
    return m->pattern == m->pattern_end;
}

static bool match(struct bytes pattern, struct bytes text, bool is_nocase) {
    if (text.len == 0 || pattern.len == 0) return text.len == pattern.len;
    struct matcher m = {
        .pattern = pattern.data,
        .pattern_end = pattern.data + pattern.len,
        .text = text.data,
        .text_end = text.data + text.len,
        .is_nocase = is_nocase,
    };
    return run_matcher(&m);
}

bool glob_match(struct bytes pattern, struct bytes text) {
    return match(pattern, text, false);
}

bool glob_match_nocase(struct bytes pattern, struct bytes text) {
    return match(pattern, text, true);
}

bool glob_is_literal(struct bytes pattern) {
    for (size_t i = 0; i < pattern.len; i++) {
        char c = pattern.data[i];
        if (c == '*' || c == '?' || c == '[' || c == '\\') return false;
    }
    return true;
}
