#include "check/options.h"

#include "check/verdict.h"
#include "engine/version.h"
#include "foundation/number.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char help_text[] =
    "Usage: skua-check [options] FILE|FOLDER ...\n"
    "\n"
    "Checks RDB files (dump.rdb), files of the append-only log, and folders of the log\n"
    "(appendonlydir, with a manifest) of Skua and of Redis up to 7.4. Nothing is changed\n"
    "without --fix.\n"
    "\n"
    "Example: skua-check --stats --top 20 dump.rdb\n"
    "\n"
    "      --stats      what is in a dump: keys by type and encoding, the biggest keys,\n"
    "                   expiries, the memory it will take\n"
    "      --top N      how many of the biggest keys, default 10\n"
    "      --fix        cuts a broken file behind what is good, after asking; what it was\n"
    "                   is kept beside it as FILE.broken. Of a log only the last file\n"
    "      --yes        does not ask\n"
    "      --json       one object a file, one a line\n"
    "      --version\n"
    "      --help\n"
    "\n"
    "A file is an RDB file when it begins with REDIS, and a log when it begins with a\n"
    "command or its name ends in .aof.\n"
    "\n"
    "Exit status: 0 all is well or was repaired, 1 something is broken, 2 wrong usage or a\n"
    "file that cannot be read or written.\n";

enum { OPTION_STATS = 256, OPTION_TOP, OPTION_FIX, OPTION_YES, OPTION_JSON, OPTION_VERSION };
enum { OPTION_HELP = 512, TOP_MAX = 10000 };

static const struct option long_options[] = {
    {"stats", no_argument, NULL, OPTION_STATS}, {"top", required_argument, NULL, OPTION_TOP},
    {"fix", no_argument, NULL, OPTION_FIX},     {"yes", no_argument, NULL, OPTION_YES},
    {"json", no_argument, NULL, OPTION_JSON},   {"version", no_argument, NULL, OPTION_VERSION},
    {"help", no_argument, NULL, OPTION_HELP},   {NULL, 0, NULL, 0},
};

static size_t read_top(void) {
    uint64_t top;
    if (number_parse_u64(bytes_of_str(optarg), &top) && top <= TOP_MAX) return (size_t)top;
    (void)fprintf(stderr, "skua-check: --top must be a number up to %d, not \"%s\"\n", TOP_MAX,
                  optarg);
    exit(VERDICT_FAILED);
}

static void read_option(struct options *options, int option) {
    switch (option) {
    case OPTION_STATS: options->has_statistics = true; return;
    case OPTION_TOP:
        options->top = read_top();
        options->has_statistics = true;
        return;
    case OPTION_FIX: options->wants_repair = true; return;
    case OPTION_YES: options->is_agreed = true; return;
    case OPTION_JSON: options->is_json = true; return;
    case OPTION_VERSION: puts("skua-check " SKUA_VERSION); exit(VERDICT_FINE);
    case OPTION_HELP: (void)fputs(help_text, stdout); exit(VERDICT_FINE);
    default: exit(VERDICT_FAILED); /* getopt has said why */
    }
}

void options_read(struct options *options, int argc, char **argv) {
    int option;
    *options = (struct options){.top = 10};
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
        read_option(options, option);
    options->paths = (const char *const *)(argv + optind);
    options->path_count = (size_t)(argc - optind);
    if (options->path_count != 0) return;
    (void)fputs("skua-check: which file? --help tells more\n", stderr);
    exit(VERDICT_FAILED);
}
