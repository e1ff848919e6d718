#include "data/keyspace.h"
#include "engine/engine.h"
#include "foundation/number.h"
#include "services/persistence/snapshot.h"

#include <string.h>

enum { SAVE_POINTS_MAX = 64, WORDS_PER_POINT = 2, DELAY_MAX_US = INT32_MAX };

static struct {
    struct save_point points[SAVE_POINTS_MAX];
    size_t point_count;
    bool has_lines; /* points were given in a file or on the command line: more add to them */
    char *path;
    bool is_compressed;
    bool has_checksum;
    bool stops_writes;
    bool is_synced_piecewise, removes_sync_files;
    int64_t key_delay_us, key_load_delay_us;
} settings;

const struct save_point *snapshot_save_points(size_t *count) {
    *count = settings.point_count;
    return settings.points;
}

const char *snapshot_path(void) {
    return settings.path;
}

bool snapshot_has_checksum(void) {
    return settings.has_checksum;
}

bool snapshot_is_synced_piecewise(void) {
    return settings.is_synced_piecewise;
}

bool snapshot_stops_writes(void) {
    return settings.stops_writes;
}

int64_t snapshot_key_delay_us(void) {
    return settings.key_delay_us;
}

int64_t snapshot_key_load_delay_us(void) {
    return settings.key_load_delay_us;
}

/* --- save --- */

static bool parse_point(const struct bytes *words, struct save_point *point) {
    return number_parse_i64(words[0], &point->seconds) && point->seconds >= 1 &&
           point->seconds <= INT32_MAX && number_parse_i64(words[1], &point->changes) &&
           point->changes >= 0 && point->changes <= INT32_MAX;
}

static bool is_nothing(const struct directive_args *args) {
    return args->count == 0 || (args->count == 1 && args->items[0].len == 0);
}

/* Lines of a file add up; the first of them takes the place of the default, and "" of all before. */
static bool parse_save(const struct directive_args *args, struct buffer *error) {
    bool is_line = args->source == DIRECTIVE_FROM_FILE;
    struct save_point points[SAVE_POINTS_MAX];
    size_t count = is_line && settings.has_lines ? settings.point_count : 0;
    memcpy(points, settings.points, count * sizeof(*points));
    if (is_nothing(args)) {
        count = 0;
    } else {
        bool is_valid = args->count % WORDS_PER_POINT == 0 &&
                        count + args->count / WORDS_PER_POINT <= SAVE_POINTS_MAX;
        for (size_t i = 0; is_valid && i < args->count; i += WORDS_PER_POINT)
            is_valid = parse_point(&args->items[i], &points[count++]);
        if (!is_valid) {
            buffer_append_str(error, "Invalid save parameters");
            return false;
        }
    }
    memcpy(settings.points, points, count * sizeof(*points));
    settings.point_count = count;
    settings.has_lines = is_line;
    return true;
}

static void format_save(struct buffer *out) {
    for (size_t i = 0; i < settings.point_count; i++) {
        if (i != 0) buffer_append_char(out, ' ');
        buffer_printf(out, "%lld %lld", (long long)settings.points[i].seconds,
                      (long long)settings.points[i].changes);
    }
}

/* --- the others --- */

static struct engine *governed;

static bool apply_compression(struct buffer *error) {
    (void)error;
    if (governed != NULL) governed->keyspace->is_rdb_compressed = settings.is_compressed;
    return true;
}

void snapshot_govern(struct engine *engine) {
    governed = engine;
    if (engine != NULL) engine->keyspace->is_rdb_compressed = settings.is_compressed;
}

static bool is_file_name(const struct directive_value *value, struct buffer *error) {
    struct bytes name = value->items[0];
    if (name.len == 0)
        buffer_append_str(error, "dbfilename can't be empty");
    else if (memchr(name.data, '/', name.len) != NULL)
        buffer_append_str(error, "dbfilename can't be a path, just a filename");
    return error->len == 0;
}

const struct directive snapshot_directives[SNAPSHOT_DIRECTIVE_COUNT] = {
    {.name = "save",
     .kind = DIRECTIVE_SPECIAL,
     .flags = DIRECTIVE_MULTI_ARG,
     .parse = parse_save,
     .format = format_save,
     .default_text = "3600 1 300 100 60 10000"},
    {.name = "dbfilename",
     .kind = DIRECTIVE_STRING,
     .flags = DIRECTIVE_PROTECTED,
     .field = &settings.path,
     .validate = is_file_name,
     .default_text = "dump.rdb"},
    {.name = "rdbcompression",
     .kind = DIRECTIVE_BOOL,
     .field = &settings.is_compressed,
     .apply = apply_compression,
     .default_text = "yes"},
    {.name = "rdbchecksum",
     .kind = DIRECTIVE_BOOL,
     .flags = DIRECTIVE_IMMUTABLE,
     .field = &settings.has_checksum,
     .default_text = "yes"},
    {.name = "stop-writes-on-bgsave-error",
     .kind = DIRECTIVE_BOOL,
     .field = &settings.stops_writes,
     .default_text = "yes"},
    {.name = "rdb-save-incremental-fsync",
     .kind = DIRECTIVE_BOOL,
     .field = &settings.is_synced_piecewise,
     .default_text = "yes"},
    {.name = "rdb-del-sync-files",
     .kind = DIRECTIVE_BOOL,
     .field = &settings.removes_sync_files,
     .default_text = "no"},
    {.name = "rdb-key-save-delay",
     .kind = DIRECTIVE_INT,
     .flags = DIRECTIVE_HIDDEN,
     .field = &settings.key_delay_us,
     .max = DELAY_MAX_US,
     .default_text = "0"},
    {.name = "key-load-delay",
     .kind = DIRECTIVE_INT,
     .flags = DIRECTIVE_HIDDEN,
     .field = &settings.key_load_delay_us,
     .max = DELAY_MAX_US,
     .default_text = "0"},
};
