/* skua-benchmark: measures a RESP server's speed, latency and memory, and the CPU time it spends per
 * request. It knows nothing of the server but its protocol, INFO, and its process in /proc. */
#include "benchmark/modes.h"

int main(int argc, char **argv) {
    struct options options;
    options_read(&options, argc, argv);
    struct bench bench = {.options = &options, .report.format = options.format};
    server_open(&bench.server, &options.target, options.server_pid);
    options.mode->run(&bench);
    server_close(&bench.server);
    return 0;
}
