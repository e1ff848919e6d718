/* The syntax of configuration files and of the command line, which is turned into the same.
 *
 * A line is a directive's name and its words (see words.h); empty lines and lines that begin with
 * '#' are skipped. `include PATTERN` reads other files in its place. */
#ifndef FOUNDATION_CONFIG_TEXT_H
#define FOUNDATION_CONFIG_TEXT_H

#include "foundation/buffer.h"
#include "foundation/directive.h"

/* Appends the content of a file; "-" is standard input. False with one line in `error`. */
NODISCARD bool config_text_read(const char *path, struct buffer *text, struct buffer *error);

/* Appends what stands for the command line in configuration syntax: "--name" begins a directive
 * and the words behind it are its values, the first of them even if it begins with "--". A name
 * and its value may come as one word; "--save" may come without any. */
void config_text_append_options(struct buffer *text, int word_count, const char *const *words);

struct config_text {
    struct bytes text;
    const char *file;  /* as error texts name it; NULL: it is the command line */
    bool has_includes; /* false: `include` is refused, no file is opened */
};

/* Sets each directive of the text, at start. False with one line in `error`: where the bad line
 * stands, the line, and what is wrong with it. The lines before it have been set then, so that the
 * caller must not go on. */
NODISCARD bool config_text_apply(struct directives *directives, const struct config_text *config,
                                 struct buffer *error);

/* Takes the next line off the text, without its end of line. */
bool config_text_next_line(struct bytes *rest, struct bytes *line);
/* Appends a word so that words_split gives it back: bare where possible, else quoted. */
void config_text_append_word(struct buffer *text, struct bytes word);

#endif
