/* skua-check: reads RDB files and logs of writes as the server does, tells what is wrong and where,
 * cuts what cannot be read, and counts what is in a dump. */
#include "check/folder.h"
#include "check/options.h"
#include "foundation/hash.h"
#include "foundation/mem.h"

int main(int argc, char **argv) {
    struct options options;
    enum verdict worst = VERDICT_FINE;
    mem_start();
    hash_start();
    options_read(&options, argc, argv);
    for (size_t i = 0; i < options.path_count; i++) {
        const char *path = options.paths[i];
        enum verdict verdict =
            folder_is_one(path) ? folder_check(path, &options) : folder_check_file(path, &options);
        if (verdict > worst) worst = verdict;
    }
    return (int)worst;
}
