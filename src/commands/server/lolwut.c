/* LOLWUT: a picture of the sea, drawn anew each time, and the version. */
#include "commands/server/server_commands.h"
#include "engine/arguments.h"
#include "engine/reply.h"
#include "engine/version.h"
#include "foundation/random.h"

#include <math.h>

enum {
    DEFAULT_COLUMNS = 64,
    DEFAULT_ROWS = 10,
    MAX_COLUMNS = 160,
    MAX_ROWS = 60,
    SWELLS = 3,
};

/* The surface is a sum of sine waves; above it fly birds, below it is water. */
struct sea {
    double pace[SWELLS];
    double shift[SWELLS];
    int columns;
    int rows;
};

static struct sea make_sea(int columns, int rows) {
    struct sea sea = {.columns = columns, .rows = rows};
    for (int i = 0; i < SWELLS; i++) {
        sea.pace[i] = 0.08 + 0.25 * random_unit();
        sea.shift[i] = 6.3 * random_unit();
    }
    return sea;
}

static double surface_at(const struct sea *sea, int column) {
    double height = 0;
    for (int i = 0; i < SWELLS; i++) height += sin(sea->pace[i] * column + sea->shift[i]);
    return sea->rows * (0.6 + 0.1 * height);
}

static char glyph_at(const struct sea *sea, int row, int column) {
    double depth = row - surface_at(sea, column);
    if (depth >= 1) return random_below(6) == 0 ? '~' : ' ';
    if (depth >= 0) return '~';
    return depth < -2 && random_below(40) == 0 ? 'v' : ' ';
}

static void draw(const struct sea *sea, struct buffer *out) {
    for (int row = 0; row < sea->rows; row++) {
        for (int column = 0; column < sea->columns; column++)
            buffer_append_char(out, glyph_at(sea, row, column));
        buffer_append_char(out, '\n');
    }
}

static int clamp(int64_t value, int max) {
    return value < 1 ? 1 : value > max ? max : (int)value;
}

/* Behind VERSION stand the version of the picture, of which there is one, and its size. */
static void lolwut_command(struct call *call) {
    int64_t version, columns = DEFAULT_COLUMNS, lines = DEFAULT_ROWS;
    if (call->argc > 2 && argument_is(call, 1, "version")) {
        if (!argument_i64(call, 2, &version)) return;
        if (call->argc > 3 && !argument_i64(call, 3, &columns)) return;
        if (call->argc > 4 && !argument_i64(call, 4, &lines)) return;
    }
    struct sea sea = make_sea(clamp(columns, MAX_COLUMNS), clamp(lines, MAX_ROWS));
    struct buffer out = {0};
    draw(&sea, &out);
    buffer_append_str(&out, "\nRedis ver. " REDIS_VERSION " (Skua " SKUA_VERSION ")\n");
    reply_verbatim(call, "txt", buffer_bytes(&out));
    buffer_destroy(&out);
}

static const struct command_row rows[] = {
    {
        .name = "lolwut",
        .handler = lolwut_command,
        .arity = -1,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .summary = "Draws a picture and tells the version.",
        .syntax = "[VERSION version]",
        .since = "5.0.0",
        .group = "server",
    },
};

const struct command_list server_lolwut_commands = COMMAND_LIST(rows);
