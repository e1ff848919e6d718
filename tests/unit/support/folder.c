#include "unit/support/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { PIECE_BYTES = 4096 };

/* --- files --- */

bool folder_has(const char *path) {
    return access(path, F_OK) == 0;
}

struct buffer folder_read_file(const char *path) {
    struct buffer text = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1) fail_msg("%s is missing", path);
    for (ssize_t got; (got = read(fd, buffer_room(&text, PIECE_BYTES), PIECE_BYTES)) > 0;)
        buffer_commit(&text, (size_t)got);
    (void)close(fd);
    return text;
}

static void write_to(const char *path, int mode, struct bytes content) {
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | mode, 0644);
    assert_true(fd >= 0);
    if (content.len != 0)
        assert_int_equal(write(fd, content.data, content.len), (ssize_t)content.len);
    assert_int_equal(close(fd), 0);
}

void folder_write_file(const char *path, struct bytes content) {
    write_to(path, O_TRUNC, content);
}

void folder_append_file(const char *path, struct bytes content) {
    write_to(path, O_APPEND, content);
}

/* --- folders --- */

static void join(char *path, const char *folder, const char *name) {
    assert_in_range(snprintf(path, PATH_MAX, "%s/%s", folder, name), 1, PATH_MAX - 1);
}

void folder_empty(const char *path) {
    char name[PATH_MAX];
    DIR *dir = opendir(path);
    if (dir == NULL) return;
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (entry->d_name[0] == '.') continue;
        join(name, path, entry->d_name);
        if (unlink(name) == 0) continue;
        folder_empty(name);
        (void)rmdir(name);
    }
    (void)closedir(dir);
}

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static void copy_file(const char *from, const char *to) {
    struct buffer text = folder_read_file(from);
    folder_write_file(to, buffer_bytes(&text));
    buffer_destroy(&text);
}

void folder_copy(const char *from, const char *to) {
    char source[PATH_MAX], target[PATH_MAX];
    DIR *dir = opendir(from);
    assert_non_null(dir);
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (entry->d_name[0] == '.') continue;
        join(source, from, entry->d_name);
        join(target, to, entry->d_name);
        if (is_folder(source)) {
            assert_int_equal(mkdir(target, 0755), 0);
            folder_copy(source, target);
        } else {
            copy_file(source, target);
        }
    }
    (void)closedir(dir);
}
