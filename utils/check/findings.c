/* An RDB file is walked through with rdb_walk, each value loaded as the server loads it and then
 * freed; a log is read with aof_reader, and nothing run. */
#include "check/findings.h"

#include "check/key_set.h"
#include "foundation/clock.h"
#include "io/file.h"
#include "services/persistence/aof_reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NAME_MAX_SHOWN = 256 };

struct source {
    int fd;
    int error; /* errno of a read that failed */
};

static size_t refill(void *context, char *to, size_t max) {
    struct source *source = context;
    ssize_t got = file_read(source->fd, to, max);
    if (got != -1) return (size_t)got;
    source->error = errno;
    return 0;
}

static void fail_file(struct findings *findings, const char *what, int error) {
    findings->verdict = VERDICT_FAILED;
    (void)snprintf(findings->error, FINDINGS_ERROR_MAX, "%s failed: %s", what, strerror(error));
}

/* --- RDB --- */

static void append_shown(struct buffer *out, struct bytes text) {
    bool is_long = text.len > NAME_MAX_SHOWN;
    buffer_append_quoted(out, bytes_of(text.data, is_long ? NAME_MAX_SHOWN : text.len));
    if (is_long) buffer_printf(out, "... (%zu bytes)", text.len);
}

static void free_entry(struct entry *entry) {
    if (entry_has(entry, ENTRY_HAS_WORD)) value_type_of(entry)->free_value(entry);
    entry_free(entry);
}

static COLD void fail_repeated(struct findings *findings, struct rdb_walk *walk,
                               const struct key_set *seen) {
    rdb_fail(&walk->reader, seen->repeated_offset, "a new key", "one that was there before");
    walk->good_offset = seen->repeated_offset;
    findings->statistics.keys = seen->count;
}

static void check_key(struct findings *findings, struct rdb_walk *walk, struct key_set *seen) {
    struct entry *entry = rdb_walk_load(walk, findings->statistics.now_ms);
    if (entry == NULL) return;
    statistics_add(&findings->statistics, entry, walk);
    if (!key_set_add(seen, walk->database_number, walk->key, walk->good_offset))
        fail_repeated(findings, walk, seen);
    free_entry(entry);
}

/* A hint; no file of so many bytes can hold more keys. */
static void reserve_keys(const struct rdb_walk *walk, struct key_set *seen) {
    enum { KEY_MIN_BYTES = 3 };
    uint64_t most = rdb_reader_left(&walk->reader) / KEY_MIN_BYTES;
    key_set_reserve(seen, walk->key_count < most ? walk->key_count : most);
}

static void note_aux(struct findings *findings, const struct rdb_walk *walk) {
    append_shown(&findings->aux, walk->key);
    buffer_append_str(&findings->aux, ": ");
    append_shown(&findings->aux, walk->aux);
    buffer_append_char(&findings->aux, '\n');
}

static void check_database(struct rdb_walk *walk) {
    if (walk->database_number >= DATABASES_MAX)
        rdb_fail(&walk->reader, walk->item_offset, "the number of a database", "%" PRIu64,
                 walk->database_number);
}

/* True at the end or when it has failed. */
static bool check_item(struct findings *findings, struct rdb_walk *walk, struct key_set *seen) {
    switch (rdb_walk_next(walk)) {
    case RDB_ITEM_AUX: note_aux(findings, walk); return false;
    case RDB_ITEM_DATABASE: check_database(walk); return false;
    case RDB_ITEM_KEY: check_key(findings, walk, seen); return false;
    case RDB_ITEM_SKIPPED: findings->statistics.skipped[walk->skipped]++; return false;
    case RDB_ITEM_SIZES: reserve_keys(walk, seen); return false;
    case RDB_ITEM_FAILED:
    case RDB_ITEM_END: break;
    }
    return true;
}

static void note_failure(struct findings *findings, const struct rdb_walk *walk) {
    findings->verdict = VERDICT_BROKEN;
    findings->is_in_rdb = true;
    findings->is_repairable = walk->version != 0;
    findings->good_bytes = walk->good_offset;
    (void)snprintf(findings->error, FINDINGS_ERROR_MAX, "%s", rdb_reader_error(&walk->reader));
    if (!walk->is_in_value) return;
    bool is_loaded = rdb_type_kind(walk->type) == RDB_TYPE_LOADED;
    append_shown(&findings->place, walk->key);
    buffer_printf(&findings->place, ", %s of RDB type %u, in database %" PRIu64,
                  is_loaded ? value_type_by_id(rdb_type_value(walk->type))->name : "a value",
                  walk->type, walk->database_number);
}

static enum sum_state judge_sum(const struct rdb_walk *walk) {
    if (!walk->has_sum) return rdb_has_failed(&walk->reader) ? SUM_UNREAD : SUM_NONE;
    return walk->told_sum == walk->sum ? SUM_RIGHT : SUM_WRONG;
}

/* *end is where the RDB part ends. */
static void check_rdb(struct findings *findings, int fd, bool is_preamble, uint64_t *end) {
    struct rdb_walk walk;
    struct key_set seen = {0};
    struct source source = {.fd = fd};
    const struct rdb_source rdb_source = {
        .refill = refill, .context = &source, .total_bytes = findings->file_bytes};
    rdb_walk_init(&walk, &rdb_source,
                  RDB_WALK_CHECKS_SUM | (is_preamble ? (unsigned)RDB_WALK_IS_PREAMBLE : 0));
    while (!check_item(findings, &walk, &seen)) {}
    if (!rdb_has_failed(&walk.reader) && !key_set_settle(&seen))
        fail_repeated(findings, &walk, &seen);
    findings->has_rdb = walk.version != 0;
    findings->rdb_version = walk.version;
    findings->sum = judge_sum(&walk);
    *end = rdb_reader_offset(&walk.reader);
    if (source.error != 0)
        fail_file(findings, "read", source.error);
    else if (rdb_has_failed(&walk.reader))
        note_failure(findings, &walk);
    rdb_walk_destroy(&walk);
    key_set_destroy(&seen);
}

/* --- logs --- */

static void judge_log(struct findings *findings, const struct aof_reader *reader,
                      enum aof_read how) {
    findings->good_bytes = reader->safe_offset;
    if (how == AOF_READ_END) return;
    findings->verdict = how == AOF_READ_FAILED ? VERDICT_FAILED : VERDICT_BROKEN;
    findings->is_repairable = findings->verdict == VERDICT_BROKEN;
    (void)snprintf(findings->error, FINDINGS_ERROR_MAX, "%s", reader->error);
    if (reader->is_in_transaction)
        buffer_printf(&findings->place, "a transaction that began at offset %" PRIu64,
                      reader->safe_offset);
}

static void check_log(struct findings *findings, int fd, uint64_t offset) {
    struct aof_reader reader;
    enum aof_read how;
    if (!aof_reader_init(&reader, fd, offset)) {
        fail_file(findings, "read", errno);
        return;
    }
    findings->has_log = true;
    while ((how = aof_reader_next(&reader)) == AOF_READ_COMMAND) {
        findings->commands++;
        findings->transactions += bytes_is_word(reader.args[0], "EXEC");
    }
    judge_log(findings, &reader, how);
    aof_reader_destroy(&reader);
}

/* --- files --- */

static bool ends_in(const char *path, const char *ending) {
    size_t len = strlen(path), ending_len = strlen(ending);
    return len >= ending_len && strcmp(path + len - ending_len, ending) == 0;
}

static void check_open_file(struct findings *findings, int fd, enum file_role role) {
    char head[5] = "";
    ssize_t got = file_read(fd, head, sizeof(head));
    if (got == -1 || !file_seek(fd, 0) || !file_size(fd, &findings->file_bytes)) {
        fail_file(findings, "read", errno);
        return;
    }
    uint64_t offset = 0;
    bool has_rdb = role != ROLE_INCREMENT && memcmp(head, "REDIS", sizeof(head)) == 0;
    bool is_log =
        role != ROLE_ANY || ends_in(findings->path, ".aof") || head[0] == '*' || head[0] == '#';
    if (has_rdb || !is_log) check_rdb(findings, fd, is_log, &offset);
    if (is_log && findings->verdict == VERDICT_FINE) check_log(findings, fd, offset);
}

void findings_read(struct findings *findings, const char *path, enum file_role role,
                   const struct options *options) {
    struct clock clock;
    clock_update(&clock);
    *findings = (struct findings){.path = path};
    statistics_init(&findings->statistics, clock.unix_ms, options->has_statistics, options->top);
    int fd = file_open(path, FILE_READ);
    if (fd == -1) {
        fail_file(findings, "open", errno);
        return;
    }
    check_open_file(findings, fd, role);
    file_close(fd);
}

void findings_destroy(struct findings *findings) {
    statistics_destroy(&findings->statistics);
    buffer_destroy(&findings->place);
    buffer_destroy(&findings->aux);
}
