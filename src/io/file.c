#include "io/file.h"

#include "io/file_faults.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MODE_BITS = 0644, FOLDER_MODE_BITS = 0755 };

#ifdef SKUA_TEST
#define IS_STRUCK(call, fd, path) file_faults_strike((call), (fd), (path))
#define FORK file_faults_fork
#else
#define IS_STRUCK(call, fd, path) false
#define FORK fork
#endif

/* --- descriptors --- */

int file_open(const char *path, enum file_mode mode) {
    static const int flags[] = {
        [FILE_READ] = O_RDONLY,
        [FILE_CREATE] = O_WRONLY | O_CREAT | O_TRUNC,
        [FILE_APPEND] = O_WRONLY | O_CREAT | O_APPEND,
        [FILE_UPDATE] = O_RDWR,
    };
    if (IS_STRUCK(FILE_CALL_OPEN, -1, path)) return -1;
    return open(path, flags[mode] | O_CLOEXEC, FILE_MODE_BITS);
}

void file_close(int fd) {
    if (fd != -1) (void)close(fd);
}

/* --- content --- */

static bool write_all(int fd, struct bytes bytes) {
    while (bytes.len != 0) {
        ssize_t written = write(fd, bytes.data, bytes.len);
        if (written == -1 && errno == EINTR) continue;
        if (written == -1) return false;
        bytes = bytes_of(bytes.data + written, bytes.len - (size_t)written);
    }
    return true;
}

#ifdef SKUA_TEST
/* A disk that runs full takes what still fits. */
static bool write_half(int fd, struct bytes bytes) {
    int error = errno;
    (void)write_all(fd, bytes_of(bytes.data, bytes.len / 2));
    errno = error;
    return false;
}
#endif

bool file_write(int fd, struct bytes bytes) {
#ifdef SKUA_TEST
    if (IS_STRUCK(FILE_CALL_WRITE, fd, NULL)) return write_half(fd, bytes);
#endif
    return write_all(fd, bytes);
}

ssize_t file_read(int fd, char *to, size_t max) {
    if (IS_STRUCK(FILE_CALL_READ, fd, NULL)) return -1;
    ssize_t got;
    do {
        got = read(fd, to, max);
    } while (got == -1 && errno == EINTR);
    return got;
}

bool file_seek(int fd, uint64_t offset) {
    return lseek(fd, (off_t)offset, SEEK_SET) != -1;
}

bool file_sync(int fd) {
    if (IS_STRUCK(FILE_CALL_SYNC, fd, NULL)) return false;
    return fdatasync(fd) == 0;
}

void file_start_sync(int fd, uint64_t offset, uint64_t len) {
    (void)sync_file_range(fd, (off_t)offset, (off_t)len, SYNC_FILE_RANGE_WRITE);
}

void file_forget_cached(int fd, uint64_t offset, uint64_t len) {
    (void)posix_fadvise(fd, (off_t)offset, (off_t)len, POSIX_FADV_DONTNEED);
}

bool file_truncate(int fd, uint64_t len) {
    if (IS_STRUCK(FILE_CALL_TRUNCATE, fd, NULL)) return false;
    return ftruncate(fd, (off_t)len) == 0;
}

bool file_size(int fd, uint64_t *len) {
    struct stat info;
    if (fstat(fd, &info) != 0) return false;
    *len = (uint64_t)info.st_size;
    return true;
}

/* --- names --- */

bool file_rename(const char *from, const char *to) {
    if (IS_STRUCK(FILE_CALL_RENAME, -1, to)) return false;
    return rename(from, to) == 0;
}

bool file_remove(const char *path) {
    if (IS_STRUCK(FILE_CALL_REMOVE, -1, path)) return false;
    return unlink(path) == 0;
}

/* False, with errno, when the path is too long. */
static bool find_folder(const char *path, char folder[PATH_MAX]) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        memcpy(folder, ".", 2);
        return true;
    }
    size_t len = slash == path ? 1 : (size_t)(slash - path);
    errno = ENAMETOOLONG;
    if (len >= PATH_MAX) return false;
    memcpy(folder, path, len);
    folder[len] = '\0';
    return true;
}

/* File systems that cannot sync a folder say EINVAL, and have nothing to sync then. */
static bool sync_folder(int fd) {
    return fsync(fd) == 0 || errno == EINVAL;
}

bool file_sync_folder(const char *path) {
    char folder[PATH_MAX];
    if (IS_STRUCK(FILE_CALL_FOLDER, -1, path) || !find_folder(path, folder)) return false;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd == -1) return false;
    bool is_synced = sync_folder(fd);
    int error = errno;
    (void)close(fd);
    errno = error;
    return is_synced;
}

bool file_make_folder(const char *path) {
    if (IS_STRUCK(FILE_CALL_MAKE, -1, path)) return false;
    return mkdir(path, FOLDER_MODE_BITS) == 0 || errno == EEXIST;
}

/* --- the process --- */

pid_t file_fork(void) {
    if (IS_STRUCK(FILE_CALL_FORK, -1, "")) return -1;
    return FORK();
}
