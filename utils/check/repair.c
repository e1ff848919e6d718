#include "check/repair.h"

#include "data/rdb/rdb_format.h"
#include "foundation/crc64.h"
#include "foundation/mem.h"
#include "io/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PIECE_BYTES = 1024 * 1024, NAMES_MAX = 1000, FIRST_RDB_VERSION_WITH_SUM = 5 };

/* Copies that many bytes; their sum in *crc. False with errno. */
static bool copy_bytes(int from, int to, uint64_t len, uint64_t *crc) {
    char *piece = mem_alloc(PIECE_BYTES);
    bool is_copied = true;
    *crc = 0;
    while (is_copied && len != 0) {
        ssize_t got = file_read(from, piece, len < PIECE_BYTES ? (size_t)len : PIECE_BYTES);
        is_copied = got > 0 && file_write(to, bytes_of(piece, (size_t)got));
        if (got == 0) errno = EIO; /* it has become shorter meanwhile */
        if (!is_copied) break;
        *crc = crc64_add(*crc, bytes_of(piece, (size_t)got));
        len -= (uint64_t)got;
    }
    mem_free(piece);
    return is_copied;
}

static bool write_rdb_end(int fd, unsigned version, uint64_t crc) {
    const uint8_t end = RDB_OPCODE_EOF;
    crc = crc64_add(crc, bytes_of(&end, 1));
    if (!file_write(fd, bytes_of(&end, 1))) return false;
    return version < FIRST_RDB_VERSION_WITH_SUM || file_write(fd, bytes_of(&crc, sizeof(crc)));
}

static bool write_repaired(const struct findings *findings, int from, int to) {
    uint64_t crc;
    return copy_bytes(from, to, findings->good_bytes, &crc) &&
           (!findings->is_in_rdb || write_rdb_end(to, findings->rdb_version, crc)) && file_sync(to);
}

static bool make_repaired(const struct findings *findings, const char *new_path) {
    int from = file_open(findings->path, FILE_READ);
    int to = from == -1 ? -1 : file_open(new_path, FILE_CREATE);
    bool is_made = to != -1 && write_repaired(findings, from, to);
    int error = errno;
    file_close(from);
    file_close(to);
    errno = error;
    return is_made;
}

/* The old file under a name that is free, beside its own; false with errno. */
static bool keep_old(const char *path, struct buffer *kept) {
    for (int i = 1; i <= NAMES_MAX; i++) {
        buffer_clear(kept);
        buffer_printf(kept, "%s.broken", path);
        if (i > 1) buffer_printf(kept, ".%d", i);
        if (link(path, buffer_c_str(kept)) == 0) return true;
        if (errno == EEXIST) continue;
        /* A file system without links. */
        return access(kept->data, F_OK) == -1 && file_rename(path, kept->data);
    }
    return false;
}

static enum verdict repair(const struct findings *findings, const char *new_path,
                           struct buffer *kept) {
    if (make_repaired(findings, new_path) && keep_old(findings->path, kept) &&
        file_rename(new_path, findings->path) && file_sync_folder(findings->path)) {
        (void)fprintf(stderr, "%s: repaired; what it was is %s\n", findings->path,
                      buffer_c_str(kept));
        return VERDICT_FINE;
    }
    (void)fprintf(stderr, "%s: not repaired: %s\n", findings->path, strerror(errno));
    return VERDICT_FAILED;
}

static bool ask(const struct findings *findings) {
    char answer[16] = "";
    (void)fprintf(stderr, "%s: cut it at offset %" PRIu64 "? That loses the last %" PRIu64 " bytes",
                  findings->path, findings->good_bytes,
                  findings->file_bytes - findings->good_bytes);
    if (findings->sum == SUM_WRONG)
        (void)fputs("; the sum is wrong, so that any key may have changed", stderr);
    (void)fputs(". [y/N] ", stderr);
    if (fgets(answer, sizeof(answer), stdin) == NULL) return false;
    return answer[0] == 'y' || answer[0] == 'Y';
}

enum verdict repair_offer(const struct findings *findings, const struct options *options) {
    if (!findings->is_repairable) {
        (void)fprintf(stderr, "%s: nothing in it can be kept\n", findings->path);
        return findings->verdict;
    }
    if (!options->is_agreed && !ask(findings)) return findings->verdict;
    struct buffer new_path = {0}, kept = {0};
    buffer_printf(&new_path, "%s.repair-%d", findings->path, (int)getpid());
    enum verdict verdict = repair(findings, buffer_c_str(&new_path), &kept);
    if (verdict != VERDICT_FINE) (void)unlink(new_path.data);
    buffer_destroy(&new_path);
    buffer_destroy(&kept);
    return verdict;
}
