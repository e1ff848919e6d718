/* One row an option: its letter, its names, and how its value is read. --help is written by hand,
 * grouped by what one looks for. */
#include "benchmark/options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "benchmark/fail.h"
#include "benchmark/modes.h"

static const char help_text[] =
    "Usage: skua-benchmark [options] COMMAND [ARGUMENT ...]\n"
    "       skua-benchmark --mode growth|expiry|idle|memory [options]\n"
    "\n"
    "Sends one command again and again over many connections and prints requests per\n"
    "second, latency, and the CPU time the server spent per request.\n"
    "\n"
    "Example: skua-benchmark -P 16 SET 'key:{rand:1000000:12}' '{data:16}'\n"
    "\n"
    "Server\n"
    "  -h, --host HOST        default 127.0.0.1\n"
    "  -p, --port PORT        default 6379\n"
    "  -s, --socket PATH      a Unix socket instead\n"
    "  -a, --password TEXT    AUTH\n"
    "      --user NAME        AUTH as this user\n"
    "      --db N             SELECT\n"
    "  -3, --resp3            HELLO 3\n"
    "      --server-pid PID   for CPU time and resident memory; default: INFO process_id\n"
    "\n"
    "Load\n"
    "  -c, --clients N        connections, default 50\n"
    "  -P, --pipeline N       requests sent before waiting for replies, default 1\n"
    "      --threads N        client threads, default 1\n"
    "  -n, --requests N       stop after so many requests\n"
    "      --seconds S        or after so long, default 5\n"
    "      --warmup S         run so long before measuring, default 0\n"
    "      --seed N           of the random numbers, default 1\n"
    "      --theta X          exponent of {zipf}, default 0.99\n"
    "\n"
    "Placeholders in the command, all of fixed width (one quoted word may hold it all):\n"
    "  {rand:N:W}             a number below N, W digits with leading zeros\n"
    "  {zipf:N:W}             the same, Zipf-distributed, 0 the most frequent\n"
    "  {seq:N:W}              0, 1, 2 ... N-1, 0 ...; each request takes the next number\n"
    "  {int:W}                a random number of exactly W digits\n"
    "  {dec:A:B:W}            a random decimal from A to B with six fraction digits\n"
    "  {at:A:B}               a Unix time in ms, A to B ms from now\n"
    "  {due:T:S:N}            T + S * i / N for request number i\n"
    "  {data:L}               L letters\n"
    "  {same:W}               the number before again, in W digits\n"
    "  {;}                    as a word: a second command of the same request begins\n"
    "  {{                     a plain brace\n"
    "\n"
    "Modes (--mode, default load)\n"
    "  growth                 0 to --keys (10 million) SETs, one at a time, then DELs: the\n"
    "                         worst single command, memory on the way and after\n"
    "  expiry                 --keys (1 million) that expire evenly over --span: how late\n"
    "                         they go, and the latency of GETs meanwhile\n"
    "  idle                   --clients (10000) idle connections: memory for each\n"
    "  memory                 memory per key at counts from --keys (1 million) to twice that;\n"
    "                         COMMAND must make one new key per request, default\n"
    "                         SET key:{seq:1000000000:12} {data:16}\n"
    "      --keys N\n"
    "      --span MS          default 60000\n"
    "      --lead MS          time to load before the first key is due, default 15000\n"
    "      --settle MS        idle: pause before the second measurement, default 6000\n"
    "      --flush            growth, expiry, memory: FLUSHALL first\n"
    "\n"
    "Output\n"
    "      --csv              with a line of headings\n"
    "      --json             one object a line\n"
    "      --help\n";

/* Options without a letter. */
enum {
    OPTION_USER = 256,
    OPTION_DB,
    OPTION_SERVER_PID,
    OPTION_THREADS,
    OPTION_SECONDS,
    OPTION_WARMUP,
    OPTION_SEED,
    OPTION_THETA,
    OPTION_MODE,
    OPTION_KEYS,
    OPTION_SPAN,
    OPTION_LEAD,
    OPTION_SETTLE,
    OPTION_FLUSH,
    OPTION_CSV,
    OPTION_JSON,
    OPTION_HELP,
};

static const struct option long_options[] = {
    {"host", required_argument, NULL, 'h'},
    {"port", required_argument, NULL, 'p'},
    {"socket", required_argument, NULL, 's'},
    {"password", required_argument, NULL, 'a'},
    {"user", required_argument, NULL, OPTION_USER},
    {"db", required_argument, NULL, OPTION_DB},
    {"resp3", no_argument, NULL, '3'},
    {"server-pid", required_argument, NULL, OPTION_SERVER_PID},
    {"clients", required_argument, NULL, 'c'},
    {"pipeline", required_argument, NULL, 'P'},
    {"threads", required_argument, NULL, OPTION_THREADS},
    {"requests", required_argument, NULL, 'n'},
    {"seconds", required_argument, NULL, OPTION_SECONDS},
    {"warmup", required_argument, NULL, OPTION_WARMUP},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"theta", required_argument, NULL, OPTION_THETA},
    {"mode", required_argument, NULL, OPTION_MODE},
    {"keys", required_argument, NULL, OPTION_KEYS},
    {"span", required_argument, NULL, OPTION_SPAN},
    {"lead", required_argument, NULL, OPTION_LEAD},
    {"settle", required_argument, NULL, OPTION_SETTLE},
    {"flush", no_argument, NULL, OPTION_FLUSH},
    {"csv", no_argument, NULL, OPTION_CSV},
    {"json", no_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static uint64_t read_whole(const char *name, uint64_t least, uint64_t most) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(optarg, &end, 10);
    if (*optarg < '0' || *optarg > '9' || *end != '\0' || errno != 0 || value < least ||
        value > most) {
        fail("--%s must be a number from %llu to %llu, not \"%s\"", name, (unsigned long long)least,
             (unsigned long long)most, optarg);
    }
    return value;
}

static double read_decimal(const char *name, double least, double most) {
    char *end;
    double value = strtod(optarg, &end);
    if (end == optarg || *end != '\0' || !(value >= least && value <= most)) {
        fail("--%s must be a number from %g to %g, not \"%s\"", name, least, most, optarg);
    }
    return value;
}

static bool read_server_option(struct options *options, int option) {
    struct target *target = &options->target;
    switch (option) {
    case 'h': target->host = optarg; return true;
    case 'p': target->port = optarg; return true;
    case 's': target->socket_path = optarg; return true;
    case 'a': target->password = optarg; return true;
    case OPTION_USER: target->user = optarg; return true;
    case OPTION_DB: target->database = optarg; return true;
    case '3': target->is_resp3 = true; return true;
    case OPTION_SERVER_PID:
        options->server_pid = (long)read_whole("server-pid", 1, 1u << 30);
        return true;
    default: return false;
    }
}

static bool read_load_option(struct options *options, int option) {
    switch (option) {
    case 'c': options->clients = read_whole("clients", 1, 1000000); return true;
    case 'P': options->pipeline = read_whole("pipeline", 1, 1000000); return true;
    case 'n': options->requests = read_whole("requests", 1, UINT64_C(1) << 50); return true;
    case OPTION_THREADS: options->threads = read_whole("threads", 1, 1024); return true;
    case OPTION_SECONDS: options->seconds = read_decimal("seconds", 0.001, 1e6); return true;
    case OPTION_WARMUP: options->warmup_seconds = read_decimal("warmup", 0, 1e6); return true;
    case OPTION_SEED: options->seed = read_whole("seed", 0, UINT64_MAX); return true;
    case OPTION_THETA: options->theta = read_decimal("theta", 0.001, 10); return true;
    default: return false;
    }
}

static void read_mode_option(struct options *options, int option) {
    switch (option) {
    case OPTION_MODE:
        options->mode = modes_find(optarg);
        if (options->mode == NULL) {
            fail("--mode is load, growth, expiry, idle or memory, not \"%s\"", optarg);
        }
        break;
    case OPTION_KEYS: options->keys = read_whole("keys", 1, 1000000000); break;
    case OPTION_SPAN: options->span_ms = read_whole("span", 1, 86400000); break;
    case OPTION_LEAD: options->lead_ms = read_whole("lead", 1, 86400000); break;
    case OPTION_SETTLE: options->settle_ms = read_whole("settle", 0, 86400000); break;
    case OPTION_FLUSH: options->is_flush_allowed = true; break;
    case OPTION_CSV: options->format = REPORT_CSV; break;
    case OPTION_JSON: options->format = REPORT_JSON; break;
    case OPTION_HELP: fputs(help_text, stdout); exit(0);
    default: exit(1); /* getopt has said why */
    }
}

void options_read(struct options *options, int argc, char **argv) {
    *options = (struct options){
        .target = {.host = "127.0.0.1", .port = "6379"},
        .mode = modes_find("load"),
        .threads = 1,
        .seconds = 5,
        .theta = 0.99,
        .seed = 1,
        .span_ms = 60000,
        .lead_ms = 15000,
        .settle_ms = 6000,
    };
    /* "+": options end at the command, whose own words may begin with a dash. */
    int option;
    while ((option = getopt_long(argc, argv, "+h:p:s:a:3c:P:n:", long_options, NULL)) != -1) {
        if (!read_server_option(options, option) && !read_load_option(options, option)) {
            read_mode_option(options, option);
        }
    }
    options->words = (const char *const *)(argv + optind);
    options->word_count = (size_t)(argc - optind);
}
