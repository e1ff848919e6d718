#include "services/persistence/aof_files.h"

#include "foundation/log.h"
#include "foundation/mem.h"
#include "io/file.h"
#include "services/persistence/disposal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEMP_PREFIX "temp-"

enum { MANIFEST_MAX_BYTES = 16 * 1024 * 1024 };

/* --- names --- */

void aof_files_path(const struct aof_files *files, const char *name, char *path) {
    (void)snprintf(path, PATH_MAX, "%s/%s", files->folder, name);
}

void aof_files_temp_path(const struct aof_files *files, pid_t pid, char *path) {
    (void)snprintf(path, PATH_MAX, "%s/" TEMP_PREFIX "rewriteaof-bg-%d.aof", files->folder,
                   (int)pid);
}

static void manifest_path(const struct aof_files *files, const char *prefix, char *path) {
    (void)snprintf(path, PATH_MAX, "%s/%s%s.manifest", files->folder, prefix, files->log_name);
}

/* Keeps errno. */
static COLD bool fail(char *error, const char *what, const char *path) {
    int number = errno;
    (void)snprintf(error, PERSISTENCE_ERROR_MAX, "%s %.300s: %s", what, path, strerror(number));
    errno = number;
    return false;
}

/* --- writing the manifest --- */

static bool write_file(const char *path, struct bytes content, char *error) {
    int fd = file_open(path, FILE_CREATE);
    if (fd == -1) return fail(error, "can't create", path);
    bool is_done = file_write(fd, content) && file_sync(fd);
    if (!is_done) (void)fail(error, "can't write", path);
    int number = errno;
    file_close(fd);
    errno = number;
    return is_done;
}

static bool write_manifest(const struct aof_files *files, const struct aof_manifest *manifest,
                           char *error) {
    char path[PATH_MAX], temp_path[PATH_MAX];
    struct buffer text = {0};
    manifest_path(files, "", path);
    manifest_path(files, TEMP_PREFIX, temp_path);
    aof_manifest_format(manifest, &text);
    bool is_written = write_file(temp_path, buffer_bytes(&text), error);
    buffer_destroy(&text);
    if (!is_written) return false;
    if (!file_rename(temp_path, path)) return fail(error, "can't rename a file to", path);
    return file_sync_folder(path) || fail(error, "can't sync the folder of", path);
}

/* Makes `manifest` the one on disk, or frees it. */
static bool replace_manifest(struct aof_files *files, struct aof_manifest *manifest, char *error) {
    if (!write_manifest(files, manifest, error)) {
        int number = errno;
        aof_manifest_destroy(manifest);
        errno = number;
        return false;
    }
    aof_manifest_destroy(&files->manifest);
    files->manifest = *manifest;
    return true;
}

/* --- reading --- */

static bool read_all(int fd, struct buffer *text) {
    enum { PIECE_BYTES = 4096 };
    for (;;) {
        ssize_t got = file_read(fd, buffer_room(text, PIECE_BYTES), PIECE_BYTES);
        if (got <= 0) return got == 0;
        buffer_commit(text, (size_t)got);
        errno = EFBIG;
        if (text->len > MANIFEST_MAX_BYTES) return false;
    }
}

static enum aof_files_found parse_manifest(struct aof_files *files, const char *path, int fd,
                                           char *error) {
    struct buffer text = {0};
    char wrong[AOF_MANIFEST_ERROR_MAX];
    bool is_read = read_all(fd, &text);
    if (!is_read) (void)fail(error, "can't read", path);
    bool is_parsed = is_read && aof_manifest_parse(&files->manifest, buffer_bytes(&text), wrong);
    if (is_read && !is_parsed)
        (void)snprintf(error, PERSISTENCE_ERROR_MAX, "%.300s: %s", path, wrong);
    buffer_destroy(&text);
    return is_parsed ? AOF_FILES_FOUND : AOF_FILES_BROKEN;
}

static enum aof_files_found read_manifest(struct aof_files *files, char *error) {
    char path[PATH_MAX];
    manifest_path(files, "", path);
    int fd = file_open(path, FILE_READ);
    if (fd == -1 && errno == ENOENT) return AOF_FILES_NONE;
    if (fd == -1) {
        (void)fail(error, "can't open", path);
        return AOF_FILES_BROKEN;
    }
    enum aof_files_found found = parse_manifest(files, path, fd, error);
    file_close(fd);
    return found;
}

static bool measure(const char *path, uint64_t *bytes, char *error) {
    int fd = file_open(path, FILE_READ);
    bool is_measured = fd != -1 && file_size(fd, bytes);
    if (!is_measured) (void)fail(error, "can't open", path);
    file_close(fd);
    return is_measured;
}

static bool measure_files(struct aof_files *files, char *error) {
    char path[PATH_MAX];
    for (size_t i = 0; i < files->manifest.count; i++) {
        struct aof_file *file = &files->manifest.files[i];
        aof_files_path(files, file->name, path);
        if (file->type != AOF_FILE_HISTORY && !measure(path, &file->bytes, error)) return false;
    }
    return true;
}

/* --- the single file of old versions --- */

/* It was named in a new manifest and not yet moved. */
static bool is_only_base(const struct aof_files *files) {
    const struct aof_file *base = aof_manifest_base(&files->manifest);
    return files->manifest.count == 1 && base != NULL && strcmp(base->name, files->log_name) == 0;
}

static bool exists(const char *path) {
    return access(path, F_OK) == 0;
}

static bool move_single(struct aof_files *files, char *error) {
    char path[PATH_MAX];
    aof_files_path(files, files->log_name, path);
    if (!file_rename(files->log_name, path)) return fail(error, "can't move the log to", path);
    if (!file_sync_folder(path) || !file_sync_folder(files->log_name))
        return fail(error, "can't sync the folder of", path);
    LOG_NOTICE("Took %s over into the folder %s", files->log_name, files->folder);
    return true;
}

/* Found is what the manifest is after it. */
static enum aof_files_found adopt_single(struct aof_files *files, enum aof_files_found found,
                                         char *error) {
    char path[PATH_MAX];
    if (found == AOF_FILES_NONE) {
        if (!exists(files->log_name)) return found;
        struct aof_manifest manifest = {0};
        aof_manifest_adopt_base(&manifest, files->log_name);
        if (!file_make_folder(files->folder)) {
            aof_manifest_destroy(&manifest);
            (void)fail(error, "can't make the folder", files->folder);
            return AOF_FILES_BROKEN;
        }
        if (!replace_manifest(files, &manifest, error)) return AOF_FILES_BROKEN;
    }
    if (!is_only_base(files)) return AOF_FILES_FOUND;
    aof_files_path(files, files->log_name, path);
    if (exists(path) || !exists(files->log_name)) return AOF_FILES_FOUND;
    return move_single(files, error) ? AOF_FILES_FOUND : AOF_FILES_BROKEN;
}

enum aof_files_found aof_files_read(struct aof_files *files, const char *folder,
                                    const char *log_name, char *error) {
    *files = (struct aof_files){.folder = folder, .log_name = log_name};
    enum aof_files_found found = read_manifest(files, error);
    if (found != AOF_FILES_BROKEN) found = adopt_single(files, found, error);
    if (found == AOF_FILES_FOUND && !measure_files(files, error)) found = AOF_FILES_BROKEN;
    if (found != AOF_FILES_FOUND) aof_manifest_destroy(&files->manifest);
    return found;
}

void aof_files_destroy(struct aof_files *files) {
    aof_manifest_destroy(&files->manifest);
}

/* --- removing --- */

static void remove_left_behind(const struct aof_files *files) {
    char path[PATH_MAX];
    DIR *folder = opendir(files->folder);
    if (folder == NULL) return;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (strncmp(entry->d_name, TEMP_PREFIX, sizeof(TEMP_PREFIX) - 1) != 0) continue;
        aof_files_path(files, entry->d_name, path);
        if (!dispose_of_file(files->worker, path))
            LOG_WARNING("Can't remove %s: %s", path, strerror(errno));
    }
    closedir(folder);
}

static bool has_history(const struct aof_manifest *manifest) {
    for (size_t i = 0; i < manifest->count; i++) {
        if (manifest->files[i].type == AOF_FILE_HISTORY) return true;
    }
    return false;
}

/* Old files in the way of nobody: what cannot be removed now is removed with the next history. */
static void remove_history(struct aof_files *files) {
    char path[PATH_MAX], error[PERSISTENCE_ERROR_MAX];
    if (!has_history(&files->manifest)) return;
    for (size_t i = 0; i < files->manifest.count; i++) {
        if (files->manifest.files[i].type != AOF_FILE_HISTORY) continue;
        aof_files_path(files, files->manifest.files[i].name, path);
        if (dispose_of_file(files->worker, path) || errno == ENOENT) continue;
        LOG_WARNING("Can't remove %s: %s", path, strerror(errno));
        return;
    }
    struct aof_manifest manifest = {0};
    aof_manifest_copy(&manifest, &files->manifest);
    aof_manifest_drop_history(&manifest);
    if (!replace_manifest(files, &manifest, error)) LOG_WARNING("Log of writes: %s", error);
}

bool aof_files_prepare(struct aof_files *files, char *error) {
    if (!file_make_folder(files->folder))
        return fail(error, "can't make the folder", files->folder);
    if (!file_sync_folder(files->folder))
        return fail(error, "can't sync the folder of", files->folder);
    remove_left_behind(files);
    remove_history(files);
    return true;
}

/* --- increments and bases --- */

int aof_files_open_last(const struct aof_files *files, char *error) {
    char path[PATH_MAX];
    aof_files_path(files, aof_manifest_last_increment(&files->manifest)->name, path);
    int fd = file_open(path, FILE_APPEND);
    if (fd == -1) (void)fail(error, "can't open", path);
    return fd;
}

static int create(const char *path, char *error) {
    int fd = file_open(path, FILE_APPEND);
    if (fd == -1) {
        (void)fail(error, "can't create", path);
        return -1;
    }
    if (file_truncate(fd, 0)) return fd;
    (void)fail(error, "can't truncate", path);
    file_close(fd);
    return -1;
}

int aof_files_add_increment(struct aof_files *files, bool is_listed, char *error) {
    char path[PATH_MAX];
    struct aof_manifest manifest = {0};
    aof_manifest_copy(&manifest, &files->manifest);
    aof_files_path(files, aof_manifest_add_increment(&manifest, files->log_name)->name, path);
    int fd = create(path, error);
    if (fd == -1) {
        aof_manifest_destroy(&manifest);
        return -1;
    }
    if (!is_listed) {
        aof_manifest_destroy(&files->manifest);
        files->manifest = manifest;
    } else if (!replace_manifest(files, &manifest, error)) {
        file_close(fd);
        return -1;
    }
    return fd;
}

bool aof_files_rebase(struct aof_files *files, const char *path, enum aof_base_form form,
                      uint64_t first_kept, char *error) {
    char base_path[PATH_MAX];
    struct aof_manifest manifest = {0};
    uint64_t bytes;
    if (!measure(path, &bytes, error)) return false;
    aof_manifest_copy(&manifest, &files->manifest);
    struct aof_file *base = aof_manifest_rebase(&manifest, files->log_name, form, first_kept);
    base->bytes = bytes;
    aof_files_path(files, base->name, base_path);
    if (!file_rename(path, base_path)) {
        aof_manifest_destroy(&manifest);
        return fail(error, "can't rename a file to", base_path);
    }
    if (!replace_manifest(files, &manifest, error)) return false;
    remove_history(files);
    return true;
}
