/* The syntax strings of command rows and the argument trees made from them.
 *
 *      string  = item { item }
 *      item    = "[" item "]" | [ TOKEN ] name [ group ] { mark } | TOKEN [ "=" name ] { mark }
 *      group   = "(" item { "|" item } ")" | "(" item { item } ")"
 *      mark    = "..." | "+..." | ":" type | "@" text | "#" number | "/" version | "~" version
 *
 * Brackets make an argument optional. A word in capitals is a token: before a name it is that
 * argument's token, else an argument of its own (a pure token), called as it is in lower case or
 * as "=" says. What is no word in capitals becomes a token by single quotes ('=' or '*'). Items in
 * parentheses are a oneof when "|" parts them and a block when not.
 *
 * Marks: "..." may repeat; "+..." repeats with its token each time; ":" the type, where it does not
 * follow from the name (see the table in syntax.c): string integer double key pattern unix-time;
 * "@" the text to display where it is not the name; "#" the key spec it belongs to, where keys are
 * not numbered as they come; "/" the version that brought it and "~" the one that deprecated it.
 * Text with other characters than letters, digits, "-", "_" and "." stands in single quotes.
 * Example:
 *
 *      key value [condition(NX | XX)/2.6.12] [GET] [expiration(EX seconds | KEEPTTL)]
 */
#ifndef ENGINE_SYNTAX_H
#define ENGINE_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

enum syntax_kind {
    SYNTAX_STRING,
    SYNTAX_INTEGER,
    SYNTAX_DOUBLE,
    SYNTAX_KEY,
    SYNTAX_PATTERN,
    SYNTAX_UNIX_TIME,
    SYNTAX_PURE_TOKEN,
    SYNTAX_ONEOF,
    SYNTAX_BLOCK,
};

enum { SYNTAX_NO_KEY_SPEC = -1 };

struct syntax_node {
    enum syntax_kind kind;
    int key_spec;           /* index of the row's spec it belongs to, or SYNTAX_NO_KEY_SPEC */
    char *name;             /* lower case */
    char *display;          /* NULL: the name */
    char *token;            /* NULL: none */
    char *since;            /* NULL: as the command */
    char *deprecated_since; /* NULL: it is not */
    bool is_optional;
    bool is_multiple;
    bool is_multiple_token;
    struct syntax_node *children; /* of a oneof or block */
    size_t child_count;
};

/* The items of a syntax string; the caller gives them to syntax_free. NULL `text` gives none. A
 * malformed string is a bug of the row. */
struct syntax_node *syntax_parse(const char *text, size_t *count);
void syntax_free(struct syntax_node *nodes, size_t count);
/* True when the string follows the notation: what syntax_parse insists on. */
bool syntax_is_valid(const char *text);
/* What COMMAND DOCS calls the kind. */
const char *syntax_kind_name(enum syntax_kind kind);

#endif
