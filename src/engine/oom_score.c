#include "engine/oom_score.h"

#include "foundation/log.h"
#include "foundation/number.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char path[] = "/proc/self/oom_score_adj"; /* proc(5) */

enum { SCORE_MAX = 1000, VALUE_MAX = 2000 };

enum way { WAY_NONE, WAY_RELATIVE, WAY_ABSOLUTE };

/* Whose value stands where in oom-score-adj-values. */
enum role { ROLE_SERVER, ROLE_REPLICA, ROLE_CHILD, ROLE_COUNT };

static struct {
    int way; /* enum way */
    int64_t values[ROLE_COUNT];
} settings;

/* The score that was found when it was first changed, to be restored. */
static struct {
    bool is_kept;
    int64_t score;
} before;

static bool read_score(int64_t *score) {
    char text[32];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1) return false;
    ssize_t len = read(fd, text, sizeof(text));
    close(fd);
    if (len > 0 && text[len - 1] == '\n') len--;
    return len > 0 && number_parse_i64(bytes_of(text, (size_t)len), score);
}

static bool write_score(int64_t score) {
    char digits[NUMBER_I64_MAX_CHARS];
    size_t len = number_format_i64(digits, score);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd == -1) return false;
    bool is_written = write(fd, digits, len) == (ssize_t)len;
    int why = errno;
    close(fd);
    errno = why;
    return is_written;
}

static bool take_score(enum role role) {
    int64_t score = settings.values[role];
    if (settings.way == WAY_RELATIVE) score += before.score;
    if (score > SCORE_MAX) score = SCORE_MAX;
    if (score < -SCORE_MAX) score = -SCORE_MAX;
    return write_score(score);
}

void oom_score_enter_child(void) {
    if (settings.way != WAY_NONE) (void)take_score(ROLE_CHILD);
}

static bool restore_score(void) {
    bool is_kept = before.is_kept;
    before.is_kept = false;
    return !is_kept || write_score(before.score);
}

static bool keep_score(void) {
    if (!before.is_kept) before.is_kept = read_score(&before.score);
    return before.is_kept;
}

static bool apply(struct buffer *error) {
    bool is_done =
        settings.way == WAY_NONE ? restore_score() : keep_score() && take_score(ROLE_SERVER);
    if (!is_done) buffer_printf(error, "Failed to set %s: %s", path, strerror(errno));
    return is_done;
}

/* Without the right to it the server runs all the same. */
static bool start(struct engine *engine UNUSED, char *error UNUSED) {
    struct buffer reason = {0};
    if (settings.way != WAY_NONE && !apply(&reason)) LOG_WARNING("%s", buffer_c_str(&reason));
    buffer_destroy(&reason);
    return true;
}

/* --- directives --- */

static const struct directive_choice ways[] = {
    {"no", WAY_NONE}, {"yes", WAY_RELATIVE}, {"relative", WAY_RELATIVE}, {"absolute", WAY_ABSOLUTE},
    {NULL, 0},
};

static bool parse_values(const struct directive_args *args, struct buffer *error) {
    int64_t values[ROLE_COUNT];
    if (args->count != ROLE_COUNT) {
        buffer_append_str(error, "wrong number of arguments");
        return false;
    }
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        if (number_parse_i64(args->items[i], &values[i]) && llabs(values[i]) <= VALUE_MAX) continue;
        buffer_append_str(error, "Invalid oom-score-adj-values, elements must be between -2000 and "
                                 "2000.");
        return false;
    }
    memcpy(settings.values, values, sizeof(values));
    return true;
}

static void format_values(struct buffer *out) {
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        if (i != 0) buffer_append_char(out, ' ');
        buffer_append_i64(out, settings.values[i]);
    }
}

static const struct directive directives[] = {
    {.name = "oom-score-adj",
     .kind = DIRECTIVE_ENUM,
     .field = &settings.way,
     .choices = ways,
     .apply = apply,
     .default_text = "no"},
    {.name = "oom-score-adj-values",
     .kind = DIRECTIVE_SPECIAL,
     .flags = DIRECTIVE_MULTI_ARG,
     .parse = parse_values,
     .format = format_values,
     .apply = apply,
     .default_text = "0 200 800"},
};

const struct feature oom_score_feature = {
    .name = "oom score",
    .directives = directives,
    .directive_count = ARRAY_LEN(directives),
    .start = start,
};
