/* Sample directives of every kind, over static settings of their own: what the tests of directives
 * and configuration files and their fuzzer set. */
#ifndef UNIT_FOUNDATION_DIRECTIVE_SAMPLE_H
#define UNIT_FOUNDATION_DIRECTIVE_SAMPLE_H

#include "foundation/config_text.h"
#include "foundation/directive.h"

#include <string.h>

enum { POLICY_NONE, POLICY_LRU, POLICY_LFU };
enum { STOP_SAVE = 1, STOP_NOW = 2, STOP_FORCE = 4 };

static struct {
    bool appendonly;
    int64_t timeout_s;
    int64_t maxmemory;
    int64_t clients_memory;
    int64_t perm;
    int policy;
    int stop;
    int64_t databases;
    char *password;
    char *dir;
    struct directive_list bind;
    int64_t hidden;
    char pairs[64]; /* what the special directive holds */
} settings;

static int apply_calls;
static bool must_fail_apply;

static bool apply_bind(struct buffer *error) {
    apply_calls++;
    if (must_fail_apply && settings.bind.count > 1) {
        buffer_append_str(error, "Failed to bind to specified addresses.");
        return false;
    }
    return true;
}

static bool validate_dir(const struct directive_value *value, struct buffer *error) {
    if (!bytes_equal(value->items[0], BYTES("bad"))) return true;
    buffer_append_str(error, "No such file or directory");
    return false;
}

/* Takes words in pairs, without blanks or NULs; lines of a file add up. */
static bool parse_pairs(const struct directive_args *args, struct buffer *error) {
    bool is_empty = args->count == 1 && args->items[0].len == 0;
    bool is_good = args->count % 2 == 0;
    struct buffer text = {0};
    for (size_t i = 0; i < args->count; i++) {
        struct bytes word = args->items[i];
        is_good = is_good && word.len > 0 && bytes_index(word, ' ') == word.len &&
                  bytes_index(word, '\0') == word.len;
    }
    if (!is_empty && !is_good) {
        buffer_append_str(error, "Invalid pairs");
        return false;
    }
    if (args->source == DIRECTIVE_FROM_FILE) buffer_append_str(&text, settings.pairs);
    for (size_t i = 0; i < args->count && !is_empty; i++) {
        if (text.len > 0) buffer_append_char(&text, ' ');
        buffer_append_bytes(&text, args->items[i]);
    }
    buffer_c_str(&text);
    if (text.len >= sizeof(settings.pairs)) {
        buffer_append_str(error, "Too many pairs");
        buffer_destroy(&text);
        return false;
    }
    memcpy(settings.pairs, text.data, text.len + 1);
    buffer_destroy(&text);
    return true;
}

static bool parse_rename(const struct directive_args *args, struct buffer *error) {
    if (args->count == 2) return true;
    buffer_append_str(error, "wrong number of arguments");
    return false;
}

static void format_pairs(struct buffer *out) {
    buffer_append_str(out, settings.pairs);
}

static void write_pairs(struct buffer *out) {
    struct bytes rest = bytes_of_str(settings.pairs);
    struct bytes first;
    struct bytes second;
    if (rest.len == 0) buffer_append_str(out, "pairs \"\"\n");
    while (bytes_next_word(&rest, ' ', &first) && bytes_next_word(&rest, ' ', &second)) {
        buffer_append_str(out, "pairs ");
        config_text_append_word(out, first);
        buffer_append_char(out, ' ');
        config_text_append_word(out, second);
        buffer_append_char(out, '\n');
    }
}

static const struct directive_choice policies[] = {
    {"noeviction", POLICY_NONE}, {"lru", POLICY_LRU}, {"lfu", POLICY_LFU}, {NULL, 0}};
static const struct directive_choice stops[] = {
    {"default", 0}, {"save", STOP_SAVE}, {"now", STOP_NOW}, {"force", STOP_FORCE}, {NULL, 0}};

static const struct directive rows[] = {
    {.name = "appendonly",
     .kind = DIRECTIVE_BOOL,
     .field = &settings.appendonly,
     .default_text = "no"},
    {.name = "timeout",
     .kind = DIRECTIVE_INT,
     .field = &settings.timeout_s,
     .max = INT32_MAX,
     .default_text = "0"},
    {.name = "maxmemory",
     .kind = DIRECTIVE_SIZE,
     .field = &settings.maxmemory,
     .default_text = "0"},
    {.name = "maxmemory-clients",
     .kind = DIRECTIVE_SIZE_OR_PERCENT,
     .field = &settings.clients_memory,
     .default_text = "0"},
    {.name = "unixsocketperm",
     .kind = DIRECTIVE_OCTAL,
     .field = &settings.perm,
     .max = 0777,
     .default_text = "0"},
    {.name = "maxmemory-policy",
     .kind = DIRECTIVE_ENUM,
     .field = &settings.policy,
     .choices = policies,
     .default_text = "noeviction"},
    {.name = "shutdown-on-sigint",
     .kind = DIRECTIVE_ENUM,
     .flags = DIRECTIVE_MULTI_ARG,
     .field = &settings.stop,
     .choices = stops,
     .default_text = "default"},
    {.name = "databases",
     .kind = DIRECTIVE_INT,
     .flags = DIRECTIVE_IMMUTABLE,
     .field = &settings.databases,
     .min = 1,
     .max = INT32_MAX,
     .default_text = "16"},
    {.name = "requirepass",
     .kind = DIRECTIVE_STRING,
     .flags = DIRECTIVE_SENSITIVE,
     .field = &settings.password,
     .default_text = ""},
    {.name = "dir",
     .kind = DIRECTIVE_STRING,
     .flags = DIRECTIVE_PROTECTED,
     .field = &settings.dir,
     .validate = validate_dir,
     .default_text = "."},
    {.name = "bind",
     .alias = "listen",
     .kind = DIRECTIVE_LIST,
     .flags = DIRECTIVE_MULTI_ARG,
     .field = &settings.bind,
     .apply = apply_bind,
     .default_text = "127.0.0.1"},
    {.name = "bind-again",
     .kind = DIRECTIVE_INT,
     .flags = DIRECTIVE_HIDDEN,
     .field = &settings.hidden,
     .apply = apply_bind,
     .default_text = "0"},
    {.name = "pairs",
     .kind = DIRECTIVE_SPECIAL,
     .flags = DIRECTIVE_MULTI_ARG,
     .parse = parse_pairs,
     .format = format_pairs,
     .write_lines = write_pairs,
     .default_text = ""},
    {.name = "rename-command",
     .kind = DIRECTIVE_SPECIAL,
     .flags = DIRECTIVE_FILE_ONLY,
     .parse = parse_rename},
};

static struct directives *directives;

static UNUSED int set_up(void **state) {
    (void)state;
    memset(&settings, 0, sizeof(settings));
    apply_calls = 0;
    must_fail_apply = false;
    directives = directives_new();
    directives_add(directives, rows, 1);
    directives_add(directives, rows + 1, ARRAY_LEN(rows) - 1);
    directives_apply_defaults(directives);
    return 0;
}

static UNUSED int tear_down(void **state) {
    (void)state;
    directives_free(directives);
    return 0;
}

#endif
