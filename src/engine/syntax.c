/* Reading syntax strings by recursive descent: one function for each line of the grammar in the
 * header. The first mistake clears `is_valid`; what was built until then stays well formed, so that
 * it can be freed. */
#include "engine/syntax.h"

#include "foundation/bytes.h"
#include "foundation/check.h"
#include "foundation/mem.h"

#include <stdlib.h>

enum { SYNTAX_MAX_DEPTH = 16 };

struct parser {
    const char *at;
    int key_count; /* arguments of kind key so far */
    int depth;
    bool is_valid;
};

static const char *const kind_names[] = {
    [SYNTAX_STRING] = "string",         [SYNTAX_INTEGER] = "integer",
    [SYNTAX_DOUBLE] = "double",         [SYNTAX_KEY] = "key",
    [SYNTAX_PATTERN] = "pattern",       [SYNTAX_UNIX_TIME] = "unix-time",
    [SYNTAX_PURE_TOKEN] = "pure-token", [SYNTAX_ONEOF] = "oneof",
    [SYNTAX_BLOCK] = "block",
};

/* What an argument's name says about its type; every other name is a string's. */
static const struct {
    enum syntax_kind kind;
    const char *names;
} kinds_of_names[] = {
    {SYNTAX_KEY, "key newkey destkey sourcekey source destination key1 key2 storekey"},
    {SYNTAX_INTEGER, "seconds milliseconds offset count start stop end increment decrement index "
                     "index1 index2 numkeys ttl timeout db destination-db cursor client-id bit "
                     "port rank numreplicas numlocal frequency protover version limit threshold "
                     "maxage"},
    {SYNTAX_PATTERN, "pattern by-pattern get-pattern"},
    {SYNTAX_UNIX_TIME, "unix-time-seconds unix-time-milliseconds"},
};

const char *syntax_kind_name(enum syntax_kind kind) {
    return kind_names[kind];
}

static enum syntax_kind find_kind_of_name(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(kinds_of_names); i++) {
        struct bytes rest = bytes_of_str(kinds_of_names[i].names);
        struct bytes word;
        while (bytes_next_word(&rest, ' ', &word)) {
            if (bytes_equal(word, bytes_of_str(name))) return kinds_of_names[i].kind;
        }
    }
    return SYNTAX_STRING;
}

static bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}

static bool is_word_char(char c) {
    return is_upper(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static void skip_blanks(struct parser *parser) {
    while (*parser->at == ' ') parser->at++;
}

static bool take_char(struct parser *parser, char c) {
    if (*parser->at != c) return false;
    parser->at++;
    return true;
}

static void expect_char(struct parser *parser, char c) {
    if (!take_char(parser, c)) parser->is_valid = false;
}

static char *fail_text(struct parser *parser) {
    parser->is_valid = false;
    return mem_dup_str("");
}

static char *take_quoted(struct parser *parser) {
    const char *start = ++parser->at;
    while (*parser->at != '\0' && *parser->at != '\'') parser->at++;
    char *text = mem_dup(start, (size_t)(parser->at - start));
    expect_char(parser, '\'');
    return text;
}

static char *take_word(struct parser *parser) {
    const char *start = parser->at;
    while (is_word_char(*parser->at)) parser->at++;
    if (parser->at == start) return fail_text(parser);
    return mem_dup(start, (size_t)(parser->at - start));
}

/* The text of a mark: a dot belongs to it only where a digit follows. */
static char *take_mark_text(struct parser *parser) {
    if (*parser->at == '\'') return take_quoted(parser);
    const char *start = parser->at;
    while (is_word_char(*parser->at) ||
           (*parser->at == '.' && parser->at[1] >= '0' && parser->at[1] <= '9')) {
        parser->at++;
    }
    if (parser->at == start) return fail_text(parser);
    return mem_dup(start, (size_t)(parser->at - start));
}

static void replace_text(char **field, char *text) {
    mem_free(*field);
    *field = text;
}

static void take_type(struct parser *parser, struct syntax_node *node) {
    char *word = take_mark_text(parser);
    enum syntax_kind kind = SYNTAX_STRING;
    while (kind < SYNTAX_PURE_TOKEN && strcmp(word, kind_names[kind]) != 0) kind++;
    if (kind == SYNTAX_PURE_TOKEN || node->kind >= SYNTAX_PURE_TOKEN) parser->is_valid = false;
    node->kind = kind;
    mem_free(word);
}

static void take_key_spec(struct parser *parser, struct syntax_node *node) {
    char *word = take_mark_text(parser);
    char *end;
    node->key_spec = (int)strtol(word, &end, 10);
    if (*end != '\0') parser->is_valid = false;
    mem_free(word);
}

static bool take_dots(struct parser *parser, struct syntax_node *node) {
    bool is_with_token = strncmp(parser->at, "+...", 4) == 0;
    if (!is_with_token && strncmp(parser->at, "...", 3) != 0) return false;
    parser->at += is_with_token ? 4 : 3;
    node->is_multiple = true;
    node->is_multiple_token = is_with_token;
    return true;
}

static bool take_mark(struct parser *parser, struct syntax_node *node) {
    if (take_dots(parser, node)) return true;
    if (take_char(parser, ':')) {
        take_type(parser, node);
    } else if (take_char(parser, '@')) {
        replace_text(&node->display, take_mark_text(parser));
    } else if (take_char(parser, '#')) {
        take_key_spec(parser, node);
    } else if (take_char(parser, '/')) {
        replace_text(&node->since, take_mark_text(parser));
    } else if (take_char(parser, '~')) {
        replace_text(&node->deprecated_since, take_mark_text(parser));
    } else {
        return false;
    }
    return true;
}

static void take_item(struct parser *parser, struct syntax_node *node);

/* Items up to `end`; `*has_bars` tells whether bars part them. */
static struct syntax_node *take_items(struct parser *parser, char end, size_t *count,
                                      bool *has_bars) {
    struct syntax_node *nodes = NULL;
    *count = 0;
    *has_bars = false;
    skip_blanks(parser);
    while (parser->is_valid && *parser->at != end && *parser->at != '\0') {
        if (*count > 0 && take_char(parser, '|')) {
            *has_bars = true;
        } else if (*has_bars) {
            parser->is_valid = false;
            break;
        }
        nodes = mem_realloc(nodes, (*count + 1) * sizeof *nodes);
        take_item(parser, &nodes[(*count)++]);
        skip_blanks(parser);
    }
    if (*parser->at != end || *count == 0) parser->is_valid = false;
    return nodes;
}

static void take_group(struct parser *parser, struct syntax_node *node) {
    bool has_bars;
    node->children = take_items(parser, ')', &node->child_count, &has_bars);
    node->kind = has_bars ? SYNTAX_ONEOF : SYNTAX_BLOCK;
    expect_char(parser, ')');
}

static void name_pure_token(struct parser *parser, struct syntax_node *node) {
    node->kind = SYNTAX_PURE_TOKEN;
    if (take_char(parser, '=')) {
        node->name = take_word(parser);
        return;
    }
    node->name = mem_dup_str(node->token);
    for (char *c = node->name; *c != '\0'; c++) {
        if (is_upper(*c)) *c = (char)(*c + ('a' - 'A'));
    }
}

static void take_named(struct parser *parser, struct syntax_node *node) {
    node->name = take_word(parser);
    node->kind = find_kind_of_name(node->name);
    if (take_char(parser, '(')) take_group(parser, node);
}

/* The argument without its brackets and marks. */
static void take_body(struct parser *parser, struct syntax_node *node) {
    if (*parser->at == '\'') {
        node->token = take_quoted(parser);
    } else if (is_upper(*parser->at)) {
        node->token = take_word(parser);
    }
    const char *behind_token = parser->at;
    skip_blanks(parser);
    if (is_word_char(*parser->at) && !is_upper(*parser->at)) {
        take_named(parser, node);
    } else if (node->token) {
        parser->at = behind_token;
        name_pure_token(parser, node);
    } else {
        node->name = fail_text(parser);
    }
}

static void number_key(struct parser *parser, struct syntax_node *node) {
    if (node->kind != SYNTAX_KEY) return;
    if (node->key_spec == SYNTAX_NO_KEY_SPEC) node->key_spec = parser->key_count;
    parser->key_count++;
}

static void take_item(struct parser *parser, struct syntax_node *node) {
    *node = (struct syntax_node){.key_spec = SYNTAX_NO_KEY_SPEC};
    if (++parser->depth > SYNTAX_MAX_DEPTH) parser->is_valid = false;
    skip_blanks(parser);
    bool is_optional = take_char(parser, '[');
    skip_blanks(parser);
    take_body(parser, node);
    while (parser->is_valid && take_mark(parser, node)) continue;
    number_key(parser, node);
    node->is_optional = is_optional;
    if (is_optional) {
        skip_blanks(parser);
        expect_char(parser, ']');
    }
    parser->depth--;
}

static struct syntax_node *parse_text(const char *text, size_t *count, bool *is_valid) {
    struct parser parser = {.at = text, .is_valid = true};
    bool has_bars;
    struct syntax_node *nodes = take_items(&parser, '\0', count, &has_bars);
    *is_valid = parser.is_valid && !has_bars;
    return nodes;
}

struct syntax_node *syntax_parse(const char *text, size_t *count) {
    *count = 0;
    if (!text) return NULL;
    bool is_valid;
    struct syntax_node *nodes = parse_text(text, count, &is_valid);
    CHECK(is_valid);
    return nodes;
}

bool syntax_is_valid(const char *text) {
    bool is_valid;
    size_t count;
    struct syntax_node *nodes = parse_text(text, &count, &is_valid);
    syntax_free(nodes, count);
    return is_valid;
}

void syntax_free(struct syntax_node *nodes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct syntax_node *node = &nodes[i];
        syntax_free(node->children, node->child_count);
        mem_free(node->name);
        mem_free(node->display);
        mem_free(node->token);
        mem_free(node->since);
        mem_free(node->deprecated_since);
    }
    mem_free(nodes);
}
