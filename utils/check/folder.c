#include "check/folder.h"

#include "check/findings.h"
#include "check/repair.h"
#include "check/report.h"
#include "foundation/buffer.h"
#include "foundation/mem.h"
#include "io/file.h"
#include "services/persistence/aof_manifest.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define MANIFEST_ENDING ".manifest"
#define TEMPORARY_START "temp-"

enum { MANIFEST_MAX_BYTES = 16 * 1024 * 1024 };

bool folder_is_one(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static enum verdict check_file(const char *path, enum file_role role, bool may_repair,
                               const struct options *options) {
    struct findings findings;
    findings_read(&findings, path, role, options);
    report_findings(&findings, options);
    enum verdict verdict = findings.verdict;
    if (verdict == VERDICT_BROKEN && options->wants_repair) {
        if (may_repair)
            verdict = repair_offer(&findings, options);
        else
            (void)fprintf(stderr, "%s: not repaired: of a log only the last file may be cut\n",
                          path);
    }
    findings_destroy(&findings);
    return verdict;
}

enum verdict folder_check_file(const char *path, const struct options *options) {
    return check_file(path, ROLE_ANY, true, options);
}

/* --- the manifest --- */

static enum verdict fail(const char *path, enum verdict verdict, const char *error,
                         const struct options *options) {
    report_failure(path, verdict, error, options);
    return verdict;
}

static bool is_manifest(const char *name) {
    size_t len = strlen(name), ending = strlen(MANIFEST_ENDING);
    return len > ending && strcmp(name + len - ending, MANIFEST_ENDING) == 0 &&
           strncmp(name, TEMPORARY_START, strlen(TEMPORARY_START)) != 0;
}

/* The paths of the folder's manifests; how many. The last one stays in *path. */
static size_t find_manifests(DIR *folder, const char *folder_path, struct buffer *path) {
    size_t count = 0;
    const struct dirent *file;
    while ((file = readdir(folder)) != NULL) {
        if (!is_manifest(file->d_name)) continue;
        buffer_clear(path);
        buffer_printf(path, "%s/%s", folder_path, file->d_name);
        count++;
    }
    return count;
}

/* False with errno. */
static bool read_text(const char *path, struct buffer *text) {
    int fd = file_open(path, FILE_READ);
    if (fd == -1) return false;
    ssize_t got;
    do {
        got = file_read(fd, buffer_room(text, 4096), 4096);
        if (got > 0) buffer_commit(text, (size_t)got);
    } while (got > 0 && text->len < MANIFEST_MAX_BYTES);
    int error = errno;
    file_close(fd);
    errno = error;
    return got != -1;
}

static enum verdict read_manifest(const char *path, struct aof_manifest *manifest,
                                  const struct options *options) {
    struct buffer text = {0};
    char error[AOF_MANIFEST_ERROR_MAX];
    enum verdict verdict = VERDICT_FINE;
    if (!read_text(path, &text))
        verdict = fail(path, VERDICT_FAILED, strerror(errno), options);
    else if (!aof_manifest_parse(manifest, buffer_bytes(&text), error))
        verdict = fail(path, VERDICT_BROKEN, error, options);
    buffer_destroy(&text);
    return verdict;
}

/* --- its files --- */

static enum verdict worse(enum verdict a, enum verdict b) {
    return a > b ? a : b;
}

static enum verdict check_named(const char *folder_path, const struct aof_file *file, bool is_last,
                                const struct options *options) {
    struct buffer path = {0};
    enum file_role role = file->type == AOF_FILE_BASE ? ROLE_BASE : ROLE_INCREMENT;
    buffer_printf(&path, "%s/%s", folder_path, file->name);
    enum verdict verdict = check_file(buffer_c_str(&path), role, is_last, options);
    buffer_destroy(&path);
    return verdict;
}

static enum verdict check_files(const char *folder_path, const struct aof_manifest *manifest,
                                const struct options *options) {
    const struct aof_file *base = aof_manifest_base(manifest);
    const struct aof_file *last = aof_manifest_last_increment(manifest);
    enum verdict verdict = VERDICT_FINE;
    if (base != NULL) verdict = check_named(folder_path, base, false, options);
    for (size_t i = 0; i < manifest->count; i++) {
        const struct aof_file *file = &manifest->files[i];
        if (file->type != AOF_FILE_INCREMENT) continue;
        verdict = worse(verdict, check_named(folder_path, file, file == last, options));
    }
    return verdict;
}

enum verdict folder_check(const char *path, const struct options *options) {
    DIR *folder = opendir(path);
    if (folder == NULL) return fail(path, VERDICT_FAILED, strerror(errno), options);
    struct buffer manifest_path = {0};
    struct aof_manifest manifest = {0};
    enum verdict verdict;
    size_t count = find_manifests(folder, path, &manifest_path);
    (void)closedir(folder);
    if (count == 1)
        verdict = read_manifest(buffer_c_str(&manifest_path), &manifest, options);
    else
        verdict = fail(path, VERDICT_BROKEN,
                       count == 0 ? "expected a manifest, found none"
                                  : "expected one manifest, found several",
                       options);
    if (verdict == VERDICT_FINE) verdict = check_files(path, &manifest, options);
    aof_manifest_destroy(&manifest);
    buffer_destroy(&manifest_path);
    return verdict;
}
