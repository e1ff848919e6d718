/* The text of a single directive: reading it into a value, setting that, and writing it again.
 * For directive.c and the configuration file; modules use directive.h. */
#ifndef FOUNDATION_DIRECTIVE_VALUE_H
#define FOUNDATION_DIRECTIVE_VALUE_H

#include "foundation/directive.h"

/* Reads the arguments as the row's kind and validates; not for DIRECTIVE_SPECIAL. The value borrows
 * from the arguments. False with one line in `error`. */
NODISCARD bool directive_parse(const struct directive *row, const struct directive_args *args,
                               struct directive_value *value, struct buffer *error);
/* Reads and sets, for every kind; nothing changes on false. */
NODISCARD bool directive_assign(const struct directive *row, const struct directive_args *args,
                                struct buffer *error);
/* Writes the field as CONFIG GET shows it. */
void directive_format(const struct directive *row, struct buffer *out);
/* Writes a value that was read, in the same form. */
void directive_format_value(const struct directive *row, const struct directive_value *value,
                            struct buffer *out);
/* Frees what the field owns and clears it. */
void directive_release(const struct directive *row);

#endif
