#include "foundation/config_text.h"

#include "foundation/mem.h"
#include "foundation/words.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <unistd.h>

enum { READ_CHUNK = 64 * 1024, INCLUDE_DEPTH_MAX = 16 };

/* Reading files. */

static bool read_all(int fd, struct buffer *text) {
    for (;;) {
        ssize_t got = read(fd, buffer_room(text, READ_CHUNK), READ_CHUNK);
        if (got == 0) return true;
        if (got < 0 && errno != EINTR) return false;
        if (got > 0) buffer_commit(text, (size_t)got);
    }
}

bool config_text_read(const char *path, struct buffer *text, struct buffer *error) {
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd != -1 && read_all(fd, text)) {
        if (!is_stdin) close(fd);
        return true;
    }
    buffer_printf(error, "Fatal error, can't %s config file '%s': %s", fd == -1 ? "open" : "read",
                  path, strerror(errno));
    if (fd != -1 && !is_stdin) close(fd);
    return false;
}

/* The command line. */

static bool is_option(const char *word) {
    return word[0] == '-' && word[1] == '-';
}

/* Writes the name, and the value when it came in the same word; true when it did. */
static bool append_option(struct buffer *text, const char *word) {
    struct words parts;
    size_t count = 0;
    buffer_append_char(text, '\n');
    buffer_append_str(text, word + 2);
    buffer_append_char(text, ' ');
    if (words_split(bytes_of_str(word), &parts)) {
        count = parts.count;
        words_destroy(&parts);
    }
    return count > 1;
}

void config_text_append_options(struct buffer *text, int word_count, const char *const *words) {
    bool awaits_value = false;
    for (int i = 0; i < word_count; i++) {
        if (awaits_value || !is_option(words[i])) {
            buffer_append_quoted(text, bytes_of_str(words[i]));
            buffer_append_char(text, ' ');
            awaits_value = false;
            continue;
        }
        awaits_value = !append_option(text, words[i]);
        bool is_last = i + 1 == word_count || is_option(words[i + 1]);
        if (awaits_value && is_last && bytes_is_word(bytes_of_str(words[i]), "--save")) {
            buffer_append_str(text, "\"\"");
            awaits_value = false;
        }
    }
    buffer_append_char(text, '\n');
}

void config_text_append_word(struct buffer *text, struct bytes word) {
    bool is_bare = word.len > 0 && word.data[0] != '#';
    for (size_t i = 0; i < word.len && is_bare; i++) {
        char c = word.data[i];
        is_bare = c > ' ' && c <= '~' && c != '"' && c != '\'' && c != '\\';
    }
    if (is_bare) {
        buffer_append_bytes(text, word);
    } else {
        buffer_append_quoted(text, word);
    }
}

/* Lines. */

bool config_text_next_line(struct bytes *rest, struct bytes *line) {
    if (rest->len == 0) return false;
    size_t len = bytes_index(*rest, '\n');
    *line = bytes_of(rest->data, len);
    size_t taken = len < rest->len ? len + 1 : len;
    *rest = bytes_of(rest->data + taken, rest->len - taken);
    return true;
}

/* What is being read, and how deep in includes. */
struct reading {
    struct directives *directives;
    const struct config_text *config;
    struct buffer *error;
    int depth;
};

static bool apply_text(const struct reading *reading);

static bool include_file(const struct reading *reading, const char *path, struct buffer *reason) {
    struct buffer text = {0};
    bool is_good = config_text_read(path, &text, reason);
    if (is_good) {
        struct config_text config = {
            .text = buffer_bytes(&text), .file = path, .has_includes = true};
        struct reading inner = *reading;
        inner.config = &config;
        inner.depth++;
        is_good = apply_text(&inner);
    }
    buffer_destroy(&text);
    return is_good;
}

/* A pattern that matches no file is fine, a plain name without its file is not. False leaves
 * `reason` empty when an included file has already been reported on. */
static bool include_files(const struct reading *reading, struct bytes pattern,
                          struct buffer *reason) {
    if (!reading->config->has_includes || reading->depth >= INCLUDE_DEPTH_MAX) {
        buffer_append_str(reason, "include is not possible here, or nested too deep");
        return false;
    }
    char *path = mem_dup(pattern.data, pattern.len);
    glob_t found = {0};
    bool is_good = true;
    if (glob(path, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc && is_good; i++) {
            is_good = include_file(reading, found.gl_pathv[i], reason);
        }
    } else if (strpbrk(path, "*?[") == NULL) {
        is_good = include_file(reading, path, reason);
    }
    globfree(&found);
    mem_free(path);
    return is_good;
}

static bool apply_words(const struct reading *reading, const struct words *words,
                        struct buffer *reason) {
    if (bytes_is_word(words->items[0], "include")) {
        if (words->count == 2) return include_files(reading, words->items[1], reason);
        buffer_append_str(reason, "wrong number of arguments");
        return false;
    }
    return directives_set_at_start(reading->directives, words->items[0], words->items + 1,
                                   words->count - 1, reason);
}

static bool apply_line(const struct reading *reading, struct bytes line, struct buffer *reason) {
    struct words words;
    if (line.len == 0 || line.data[0] == '#') return true;
    if (!words_split(line, &words)) {
        buffer_append_str(reason, "Unbalanced quotes in configuration line");
        return false;
    }
    bool is_good = words.count == 0 || apply_words(reading, &words, reason);
    words_destroy(&words);
    return is_good;
}

/* The part of the line that may be shown: without the value where that is secret. */
static struct bytes hide_secret(const struct reading *reading, struct bytes line) {
    struct bytes name = line;
    name.len = 0;
    while (name.len < line.len && line.data[name.len] != ' ' && line.data[name.len] != '\t') {
        name.len++;
    }
    const struct directive *row = directives_find(reading->directives, name);
    return row != NULL && (row->flags & DIRECTIVE_SENSITIVE) != 0 ? name : line;
}

static void report(const struct reading *reading, int line_number, struct bytes line,
                   struct bytes reason) {
    struct buffer *error = reading->error;
    buffer_append_str(error, "Fatal error, ");
    if (reading->config->file == NULL)
        buffer_append_str(error, "command line");
    else
        buffer_printf(error, "config file '%s' line %d", reading->config->file, line_number);
    buffer_append_str(error, ", '");
    buffer_append_bytes(error, hide_secret(reading, line));
    buffer_append_str(error, "': ");
    buffer_append_bytes(error, reason);
}

static bool apply_text(const struct reading *reading) {
    struct bytes rest = reading->config->text;
    struct bytes line;
    struct buffer reason = {0};
    bool is_good = true;
    for (int number = 1; is_good && config_text_next_line(&rest, &line); number++) {
        line = bytes_trim(line);
        is_good = apply_line(reading, line, &reason);
        if (!is_good && reason.len > 0) report(reading, number, line, buffer_bytes(&reason));
    }
    buffer_destroy(&reason);
    return is_good;
}

bool config_text_apply(struct directives *directives, const struct config_text *config,
                       struct buffer *error) {
    struct reading reading = {.directives = directives, .config = config, .error = error};
    return apply_text(&reading);
}
