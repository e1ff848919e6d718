/* Disks that fail or are slow under a real server (src/io/file_faults.h): in test builds only, others
 * take no notice. */
#ifndef E2E_FAULTY_DISK_H
#define E2E_FAULTY_DISK_H

#include "e2e/support.h"

struct faulty_disk {
    struct e2e_server *server;
    char folder[E2E_PATH_MAX];
    char control[E2E_PATH_MAX]; /* the file that tells the faults */
};

/* Starts a server on a disk that is well. */
void faulty_disk_start(struct faulty_disk *disk, const char *const *arguments);
/* Starts one that has ended again. */
void faulty_disk_start_again(struct faulty_disk *disk, const char *const *arguments);
/* False for a server that takes no notice. It must not hold data that are saved. */
bool faulty_disk_is_possible(const struct faulty_disk *disk);
void faulty_disk_set(const struct faulty_disk *disk, const char *faults);
void faulty_disk_stop(const struct faulty_disk *disk);

#endif
