#include "server/options.h"

#include "engine/version.h"
#include "foundation/config_text.h"
#include "foundation/mem.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_word(const char *argument, const char *short_form, const char *long_form) {
    return strcmp(argument, short_form) == 0 || strcmp(argument, long_form) == 0;
}

struct options options_read(int argc, char **argv) {
    struct options options = {.first_option = 1};
    if (argc < 2) return options;
    if (is_word(argv[1], "-h", "--help")) options.wish = OPTIONS_HELP;
    if (is_word(argv[1], "-v", "--version")) options.wish = OPTIONS_VERSION;
    bool is_option = argv[1][0] == '-' && argv[1][1] == '-';
    if (options.wish == OPTIONS_RUN && !is_option) {
        options.config_path = argv[1];
        options.first_option = 2;
    }
    return options;
}

static bool apply_file(const char *path, struct directives *directives, struct buffer *error) {
    struct buffer text = {0};
    bool is_good = config_text_read(path, &text, error);
    if (is_good) {
        struct config_text config = {
            .text = buffer_bytes(&text), .file = path, .has_includes = true};
        is_good = config_text_apply(directives, &config, error);
    }
    buffer_destroy(&text);
    return is_good;
}

static bool apply_options(int count, const char *const *words, struct directives *directives,
                          struct buffer *error) {
    struct buffer text = {0};
    config_text_append_options(&text, count, words);
    struct config_text config = {.text = buffer_bytes(&text), .has_includes = true};
    bool is_good = config_text_apply(directives, &config, error);
    buffer_destroy(&text);
    return is_good;
}

bool options_apply(const struct options *options, int argc, char **argv,
                   struct directives *directives, struct buffer *error) {
    const char *path = options->config_path;
    return (path == NULL || apply_file(path, directives, error)) &&
           apply_options(argc - options->first_option,
                         (const char *const *)argv + options->first_option, directives, error);
}

char *options_absolute_path(const struct options *options) {
    if (options->config_path == NULL || strcmp(options->config_path, "-") == 0) return NULL;
    char path[PATH_MAX];
    return realpath(options->config_path, path) == NULL ? NULL : mem_dup_str(path);
}

void options_print_help(const char *program) {
    printf("Usage: %s [CONFIG-FILE | -] [--DIRECTIVE VALUE ...] ...\n"
           "       %s --version\n"
           "       %s --help\n"
           "\n"
           "Starts Skua, an in-memory data-structure server that speaks RESP.\n"
           "\n"
           "CONFIG-FILE holds a directive a line; \"-\" reads it from standard input. Every\n"
           "directive can be given on the command line as well, and overrides the file there.\n"
           "\n"
           "Examples:\n"
           "       %s                              the defaults, port 6379\n"
           "       %s server.conf\n"
           "       %s --port 7777 --maxmemory 1gb --maxmemory-policy allkeys-lru\n"
           "       %s server.conf --loglevel verbose\n"
           "       echo 'maxmemory 128mb' | %s -\n",
           program, program, program, program, program, program, program, program);
}

void options_print_version(void) {
    printf("Skua server v=%s redis=%s bits=%zu\n", SKUA_VERSION, REDIS_VERSION, sizeof(void *) * 8);
}
