/* Typed configuration directives.
 *
 * A directive is one row that stands beside the field it sets: a module has a static table of rows
 * over its static settings and adds it to the server's `struct directives`. From there the row
 * serves the configuration file, the command line, CONFIG GET, SET and REWRITE alike.
 *
 *     static struct directive rows[] = {
 *         {.name = "timeout", .kind = DIRECTIVE_INT, .field = &settings.timeout_s,
 *          .max = INT32_MAX, .default_text = "0"},
 *     };
 *
 * Invariant: after directives_apply_defaults every field holds a value that its row accepts. A
 * setting that fails leaves every field as it was. */
#ifndef FOUNDATION_DIRECTIVE_H
#define FOUNDATION_DIRECTIVE_H

#include "foundation/buffer.h"
#include "foundation/bytes.h"
#include "foundation/check.h"

#include <stdbool.h>
#include <stdint.h>

/* What the text looks like, and the type of the field. */
enum directive_kind {
    DIRECTIVE_BOOL,            /* yes or no: bool */
    DIRECTIVE_INT,             /* decimal from min to max: int64_t */
    DIRECTIVE_SIZE,            /* the same with a unit, k kb m mb g gb: int64_t */
    DIRECTIVE_SIZE_OR_PERCENT, /* a size, or 5%, which is kept as -5: int64_t */
    DIRECTIVE_OCTAL,           /* octal from min to max: int64_t */
    DIRECTIVE_ENUM,            /* a name out of `choices`: int. With DIRECTIVE_MULTI_ARG several
                                  names, whose values are or-ed together */
    DIRECTIVE_STRING,          /* char *, owned, NUL-terminated, never NULL */
    DIRECTIVE_LIST,            /* words: struct directive_list */
    DIRECTIVE_SPECIAL,         /* whatever `parse` and `format` make of it */
};

enum directive_flag {
    DIRECTIVE_IMMUTABLE = 1 << 0,    /* only at start */
    DIRECTIVE_MULTI_ARG = 1 << 1,    /* takes any number of words; CONFIG SET splits at spaces */
    DIRECTIVE_HIDDEN = 1 << 2,       /* CONFIG GET shows it only when named in full */
    DIRECTIVE_SENSITIVE = 1 << 3,    /* its value is kept out of logs and of error texts */
    DIRECTIVE_PROTECTED = 1 << 4,    /* CONFIG SET needs enable-protected-configs */
    DIRECTIVE_ALWAYS_APPLY = 1 << 5, /* `apply` runs even when the value did not change */
    DIRECTIVE_FILE_ONLY = 1 << 6,    /* no CONFIG GET or SET; may stand in the file many times */
};

/* Where new arguments come from: a special directive may replace at run time what it adds up over
 * the lines of a file. An old value that comes back is neither validated nor held to bounds. */
enum directive_source {
    DIRECTIVE_FROM_DEFAULT,
    DIRECTIVE_FROM_FILE,
    DIRECTIVE_FROM_COMMAND,
    DIRECTIVE_FROM_OLD_VALUE,
};

struct directive_args {
    const struct bytes *items;
    size_t count;
    enum directive_source source;
};

struct directive_choice {
    const char *name; /* NULL ends the choices */
    int value;
};

struct directive_list {
    char **items; /* owned, as is each of them */
    size_t count;
};

/* A value that has been read but not yet set. */
struct directive_value {
    int64_t number;            /* bool, numbers and enums */
    const struct bytes *items; /* strings (one) and lists; borrowed from the arguments */
    size_t count;
};

struct directive {
    const char *name;
    const char *alias; /* an older name, or NULL; CONFIG GET shows both */
    enum directive_kind kind;
    unsigned flags;
    void *field;
    const char *default_text; /* NULL for a file-only row, which then has no default */
    int64_t min;
    int64_t max; /* 0 with min 0: no bounds beyond those of int64_t, and not below 0 */
    const struct directive_choice *choices;
    /* Refuses a value of the right form for a reason of its own, written to `error`. */
    bool (*validate)(const struct directive_value *value, struct buffer *error);
    /* Makes a value set by CONFIG SET take effect; on false everything is set back. Rows that name
     * the same function have it called once. Not called at start. */
    bool (*apply)(struct buffer *error);
    /* For DIRECTIVE_SPECIAL: reads and sets, or changes nothing and writes why to `error`; what
     * `format` wrote, split at spaces, must be accepted. */
    bool (*parse)(const struct directive_args *args, struct buffer *error);
    void (*format)(struct buffer *out);
    /* The whole lines of a configuration file that set the present value, where that is not one
     * line "name value"; each ends with a newline. */
    void (*write_lines)(struct buffer *out);
};

struct directives;

struct directives *directives_new(void);
/* Frees the strings and lists behind the fields too, and clears those fields. */
void directives_free(struct directives *directives);
/* Rows must outlive `directives`; a name used twice is a bug. */
void directives_add(struct directives *directives, const struct directive *rows, size_t count);
/* Sets every field to its default. Strings and lists must be NULL or set by a directive before. */
void directives_apply_defaults(struct directives *directives);
/* The row of a name or alias in any case; NULL for none. */
const struct directive *directives_find(const struct directives *directives, struct bytes name);

/* Sets one directive at start from the words behind its name. False with one line in `error`. */
NODISCARD bool directives_set_at_start(struct directives *directives, struct bytes name,
                                       const struct bytes *args, size_t count,
                                       struct buffer *error);

/* CONFIG SET: `pairs` holds name, value, name, value … All are set and applied, or none: then
 * `error` gets the whole reply text, "ERR …". */
NODISCARD bool directives_set(struct directives *directives, const struct bytes *pairs,
                              size_t pair_count, bool may_set_protected, struct buffer *error);

typedef void directive_visitor(void *context, struct bytes name, struct bytes value);
/* CONFIG GET: visits every directive whose name or alias matches one of the patterns, once a name,
 * and returns how many there are. `visit` may be NULL, to count only. A name given in full is
 * visited as it was typed. */
size_t directives_get(const struct directives *directives, const struct bytes *patterns,
                      size_t pattern_count, directive_visitor *visit, void *context);

/* Calls `visit` for each row in the order they were added; `default_value` is NULL for a row
 * without one, else the default as CONFIG GET would show it. */
void directives_each(const struct directives *directives,
                     void (*visit)(void *context, const struct directive *row,
                                   const char *default_value),
                     void *context);

#endif
