/* Faults of disks, for tests: which calls of io/file.h fail. In test builds only (SKUA_TEST); in
 * others nothing ever fails by them and the functions are not there.
 *
 * Lines of a text say so:
 *
 *      write 5 ENOSPC              the fifth write from now fails, once
 *      sync * EIO                  every sync fails
 *      write 5* ENOSPC             the fifth and every later one
 *      write * ENOSPC appendonly   of files whose path holds that word
 *      sync 1 DELAY1500            takes 1500 ms, then is done
 *      rename 2 KILL               the process is killed instead
 *      alloc 900 KILL              when it allocates for the 900th time: foundation/mem.h
 *
 * The calls are open, write, read, sync, truncate, rename, remove, folder (the sync of one), make (a
 * folder) and fork. A write that fails has written half of its bytes. A text replaces the one
 * before, and its counts begin anew; a forked child goes on with a copy of the counts. */
#ifndef IO_FILE_FAULTS_H
#define IO_FILE_FAULTS_H

#ifdef SKUA_TEST
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum file_call {
    FILE_CALL_OPEN,
    FILE_CALL_WRITE,
    FILE_CALL_READ,
    FILE_CALL_SYNC,
    FILE_CALL_TRUNCATE,
    FILE_CALL_RENAME,
    FILE_CALL_REMOVE,
    FILE_CALL_FOLDER,
    FILE_CALL_MAKE,
    FILE_CALL_FORK,
    FILE_CALL_COUNT,
};

/* Puts a text in force in this process; "" is none. */
void file_faults_set(const char *text);
/* How many calls have failed or killed since the text was put in force, those of children forked
 * since then included. */
uint64_t file_faults_struck(void);
/* How many calls of that kind there were since then, while the text was not empty. */
uint64_t file_faults_seen(enum file_call call);
/* The path of the last one that failed or killed; "": none, or a fork. */
const char *file_faults_struck_path(void);
/* For io/file.c: true, with errno set, when this call is to fail. `fd` -1: `path` tells the file.
 * The environment variable SKUA_FAULTS names a file that holds a text: it is read at each call,
 * and put in force when it has changed. */
bool file_faults_strike(enum file_call call, int fd, const char *path);
/* fork() at a moment when no thread is within these functions: the child may call them. */
pid_t file_faults_fork(void);
#endif

#endif
