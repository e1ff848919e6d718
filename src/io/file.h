/* The calls by which files are written and read: all that can fail on a disk in one place, each false
 * (or -1) with errno. In test builds each can be made to fail (io/file_faults.h). Any thread may
 * call them. */
#ifndef IO_FILE_H
#define IO_FILE_H

#include "foundation/bytes.h"
#include "foundation/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum file_mode {
    FILE_READ,
    FILE_CREATE, /* empty, to be written; one that is there is emptied */
    FILE_APPEND, /* made when missing; every write goes to its end */
    FILE_UPDATE, /* written in place; must be there */
};

/* A descriptor, closed by file_close; -1 with errno. */
NODISCARD int file_open(const char *path, enum file_mode mode);
/* Closes; -1 is ignored. What failed before is not told here: file_sync tells. */
void file_close(int fd);

/* Writes all the bytes. On failure some of them may have been written: the file's end is unknown. */
NODISCARD bool file_write(int fd, struct bytes bytes);
/* Up to `max` bytes from where the last read ended; 0 at the end, -1 with errno. */
NODISCARD ssize_t file_read(int fd, char *to, size_t max);
/* The next read begins at the offset. */
NODISCARD bool file_seek(int fd, uint64_t offset);
/* Waits until the content (not times and the like) is on disk. After a failure the content may be
 * lost even when a later call succeeds: write anew. */
NODISCARD bool file_sync(int fd);
/* Begins to write out what was written from the offset on, without waiting: a hint. */
void file_start_sync(int fd, uint64_t offset, uint64_t len);
/* The pages of that part of a file are not needed in memory any more: a hint. */
void file_forget_cached(int fd, uint64_t offset, uint64_t len);
NODISCARD bool file_truncate(int fd, uint64_t len);
NODISCARD bool file_size(int fd, uint64_t *len);

/* The new name takes the place of what bore it. Safe over a loss of power only after
 * file_sync_folder. */
NODISCARD bool file_rename(const char *from, const char *to);
NODISCARD bool file_remove(const char *path);
/* Makes what was created, renamed and removed in the folder in which `path` lies (or would lie)
 * permanent. */
NODISCARD bool file_sync_folder(const char *path);
/* Makes a folder; one that is there will do. */
NODISCARD bool file_make_folder(const char *path);

/* fork(), here because it fails for want of memory as files do for want of space. */
NODISCARD pid_t file_fork(void);

#endif
