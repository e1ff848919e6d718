#include "services/persistence/disposal.h"

#include "foundation/worker.h"
#include "io/file.h"

#include <errno.h>
#include <stdint.h>

static void close_removed(void *argument) {
    file_close((int)(intptr_t)argument);
}

bool dispose_of_file(struct worker *worker, const char *path) {
    int fd = worker == NULL ? -1 : file_open(path, FILE_READ);
    bool is_removed = file_remove(path);
    int error = errno;
    if (fd != -1) worker_submit(worker, close_removed, (void *)(intptr_t)fd);
    errno = error;
    return is_removed;
}
