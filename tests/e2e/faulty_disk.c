#include "e2e/faulty_disk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

void faulty_disk_set(const struct faulty_disk *disk, const char *faults) {
    char fresh[E2E_PATH_MAX + 8];
    (void)snprintf(fresh, sizeof(fresh), "%s.new", disk->control);
    e2e_write_file(fresh, faults);
    assert_int_equal(rename(fresh, disk->control), 0);
}

void faulty_disk_start(struct faulty_disk *disk, const char *const *arguments) {
    e2e_make_folder(disk->folder);
    (void)snprintf(disk->control, sizeof(disk->control), "%.200s/faults", disk->folder);
    assert_int_equal(setenv("SKUA_FAULTS", disk->control, 1), 0);
    disk->server = e2e_server_start(arguments);
    assert_int_equal(unsetenv("SKUA_FAULTS"), 0);
}

void faulty_disk_start_again(struct faulty_disk *disk, const char *const *arguments) {
    assert_int_equal(setenv("SKUA_FAULTS", disk->control, 1), 0);
    e2e_server_start_again(disk->server, arguments);
    e2e_server_await(disk->server, "PING", "PONG");
    assert_int_equal(unsetenv("SKUA_FAULTS"), 0);
}

bool faulty_disk_is_possible(const struct faulty_disk *disk) {
    faulty_disk_set(disk, "open * EIO");
    bool is_possible = strcmp(e2e_server_run(disk->server, "SAVE"), "OK") != 0;
    faulty_disk_set(disk, "");
    return is_possible;
}

void faulty_disk_stop(const struct faulty_disk *disk) {
    e2e_server_stop(disk->server);
    e2e_remove_folder(disk->folder);
}
