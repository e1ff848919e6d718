/* CONFIG REWRITE: brings a configuration file up to the present values and leaves everything else
 * in it as its writer left it: comments, order, spelling, lines whose value still holds. */
#ifndef FOUNDATION_CONFIG_REWRITE_H
#define FOUNDATION_CONFIG_REWRITE_H

#include "foundation/buffer.h"
#include "foundation/directive.h"

/* Appends the new text to `out`. A changed value replaces the line that set it; values that differ
 * from their default and have no line come at the end under a comment. */
void config_rewrite_text(const struct directives *directives, struct bytes old_text,
                         struct buffer *out);

/* Rewrites the file in place of the old one at once: a crash leaves the one or the other, whole
 * and on disk. The file's mode is kept. False with one line in `error`, the file untouched. */
NODISCARD bool config_rewrite_file(const struct directives *directives, const char *path,
                                   struct buffer *error);

#endif
