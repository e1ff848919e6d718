/* Saving. Entries are written in the order of the tables; each is fetched into the cache while those
 * before it are written: a ring of entries lies between the walk and the writer. */
#include "data/database.h"
#include "data/rdb/rdb_format.h"
#include "data/rdb/rdb_value.h"
#include "data/rdb/rdb_writer.h"
#include "engine/engine.h"
#include "engine/fence.h"
#include "engine/rate_policies.h"
#include "engine/version.h"
#include "foundation/mem.h"
#include "io/file.h"
#include "services/persistence/rdb_file.h"
#include "services/persistence/snapshot.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum {
    AHEAD = 32, /* entries being fetched */
    FLUSH_BYTES = 256 * 1024,
    SYNC_BYTES =
        16 * 1024 * 1024,   /* handed to the disk at a time, so that the last sync is short */
    KEYS_PER_REPORT = 4096, /* a power of two */
};

struct saver {
    struct engine *engine;
    struct rdb_save *save;
    struct rdb_writer writer;
    int fd;
    const char *path; /* for the error */
    char *error;
    uint64_t written_bytes, started_bytes; /* to the file; of them handed to the disk */
    int64_t now_ms;
    bool has_idle, has_frequency;
    bool is_stopped;
    const struct entry *ring[AHEAD];
    uint32_t at; /* the oldest in the ring */
};

static COLD bool fail(const struct saver *saver, const char *verb) {
    (void)snprintf(saver->error, PERSISTENCE_ERROR_MAX, "%s %s: %s", verb, saver->path,
                   strerror(errno));
    return false;
}

/* --- the file --- */

static bool flush_to_file(void *context, struct bytes bytes) {
    struct saver *saver = context;
    if (!file_write(saver->fd, bytes)) return fail(saver, "write to");
    saver->written_bytes += bytes.len;
    uint64_t fresh = saver->written_bytes - saver->started_bytes;
    if (fresh >= SYNC_BYTES) {
        file_start_sync(saver->fd, saver->started_bytes, fresh);
        saver->started_bytes = saver->written_bytes;
    }
    return true;
}

/* --- the head --- */

struct version_search {
    unsigned version;
};

static void raise_version(void *element, void *context) {
    struct version_search *search = context;
    unsigned version = rdb_type_version(rdb_type_of(element));
    if (version > search->version) search->version = version;
}

static bool has_only_strings(const struct database *db) {
    return db->type_counts[VALUE_STRING] == database_key_count(db);
}

/* The lowest version that can hold the data. */
static unsigned find_version(const struct keyspace *keyspace) {
    struct version_search search = {.version = RDB_VERSION_WRITTEN};
    for (uint32_t i = 0; i < keyspace->db_count; i++) {
        const struct database *db = keyspace->dbs[i];
        if (!has_only_strings(db)) table_for_each(&db->keys, raise_version, &search);
    }
    return search.version;
}

static void write_aux(struct rdb_writer *writer, const char *name, struct bytes value) {
    rdb_write_byte(writer, RDB_OPCODE_AUX);
    rdb_write_string(writer, bytes_of_str(name));
    rdb_write_string(writer, value);
}

static void write_aux_number(struct rdb_writer *writer, const char *name, int64_t value) {
    char text[NUMBER_I64_MAX_CHARS];
    write_aux(writer, name, bytes_of(text, number_format_i64(text, value)));
}

/* In RESP, as a client would send it. */
static void write_command(void *context, const struct bytes *args, uint32_t argc) {
    struct rdb_writer *writer = context;
    struct buffer text = {0};
    buffer_printf(&text, "*%u\r\n", argc);
    for (uint32_t i = 0; i < argc; i++) {
        buffer_printf(&text, "$%zu\r\n", args[i].len);
        buffer_append_bytes(&text, args[i]);
        buffer_append_str(&text, "\r\n");
    }
    write_aux(writer, "skua-command", buffer_bytes(&text));
    buffer_destroy(&text);
}

static void write_head(struct saver *saver) {
    struct rdb_writer *writer = &saver->writer;
    const struct engine *engine = saver->engine;
    char magic[sizeof("REDIS0000")];
    (void)snprintf(magic, sizeof(magic), "REDIS%04u", find_version(engine->keyspace) % 10000);
    rdb_write_raw(writer, bytes_of_str(magic));
    write_aux(writer, "redis-ver", BYTES(REDIS_VERSION));
    write_aux_number(writer, "redis-bits", sizeof(void *) * CHAR_BIT);
    write_aux_number(writer, "ctime", engine->clock->unix_ms / 1000);
    write_aux_number(writer, "used-mem", (int64_t)mem_used_bytes());
    write_aux_number(writer, "aof-base", saver->save->is_aof_base);
    write_aux(writer, "skua-ver", BYTES(SKUA_VERSION));
    if (fence_last(engine) != 0) write_aux_number(writer, "skua-fence", fence_last(engine));
    rate_policies_tell(engine, write_command, writer);
}

/* --- the keys --- */

static COLD void report(struct saver *saver) {
    struct rdb_save *save = saver->save;
    if (save->progress != NULL && !save->progress(save->context, save->keys))
        saver->is_stopped = true;
}

static COLD void delay_key(int64_t us) {
    struct timespec delay = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    (void)nanosleep(&delay, NULL);
}

static void write_access(struct saver *saver, const struct entry *entry) {
    struct rdb_writer *writer = &saver->writer;
    if (saver->has_idle) {
        rdb_write_byte(writer, RDB_OPCODE_IDLE);
        rdb_write_length(writer, access_idle_seconds(entry, saver->now_ms));
    } else if (saver->has_frequency) {
        const struct access_policy *policy = &saver->engine->keyspace->access;
        rdb_write_byte(writer, RDB_OPCODE_FREQ);
        rdb_write_byte(writer, access_frequency(entry, policy, saver->now_ms));
    }
}

static void write_entry(struct saver *saver, const struct entry *entry) {
    struct rdb_writer *writer = &saver->writer;
    int64_t due_ms = entry_due_ms(entry);
    if (due_ms != 0) {
        rdb_write_byte(writer, RDB_OPCODE_EXPIRETIME_MS);
        rdb_write_i64(writer, due_ms);
    }
    write_access(saver, entry);
    rdb_write_byte(writer, rdb_type_of(entry));
    rdb_write_string(writer, entry_key(entry));
    rdb_save_value(writer, entry);
    if ((++saver->save->keys & (KEYS_PER_REPORT - 1)) == 0) report(saver);
    if (UNLIKELY(snapshot_key_delay_us() != 0)) delay_key(snapshot_key_delay_us());
}

static const struct entry *push_entry(struct saver *saver, const struct entry *fresh) {
    const struct entry *oldest = saver->ring[saver->at];
    saver->ring[saver->at] = fresh;
    saver->at = (saver->at + 1) % AHEAD;
    return oldest;
}

static void save_entry(void *element, void *context) {
    struct saver *saver = context;
    mem_prefetch(element);
    const struct entry *entry = push_entry(saver, element);
    if (entry == NULL || saver->is_stopped || saver->writer.has_failed) return;
    write_entry(saver, entry);
}

static void drain_ring(struct saver *saver) {
    for (uint32_t i = 0; i < AHEAD; i++) {
        const struct entry *entry = push_entry(saver, NULL);
        if (entry != NULL && !saver->is_stopped) write_entry(saver, entry);
    }
}

static void write_database(struct saver *saver, const struct database *db) {
    struct rdb_writer *writer = &saver->writer;
    rdb_write_byte(writer, RDB_OPCODE_SELECTDB);
    rdb_write_length(writer, db->number);
    rdb_write_byte(writer, RDB_OPCODE_RESIZEDB);
    rdb_write_length(writer, database_key_count(db));
    rdb_write_length(writer, db->due_count);
    table_for_each(&db->keys, save_entry, saver);
    drain_ring(saver);
}

static bool write_all(struct saver *saver) {
    struct rdb_writer *writer = &saver->writer;
    const struct keyspace *keyspace = saver->engine->keyspace;
    write_head(saver);
    for (uint32_t i = 0; i < keyspace->db_count; i++)
        if (database_key_count(keyspace->dbs[i]) != 0) write_database(saver, keyspace->dbs[i]);
    rdb_write_byte(writer, RDB_OPCODE_EOF);
    uint64_t crc = rdb_writer_crc(writer);
    rdb_write_raw(writer, bytes_of(&crc, sizeof(crc)));
    bool is_flushed = rdb_writer_flush(writer);
    if (!saver->is_stopped) return is_flushed;
    (void)snprintf(saver->error, PERSISTENCE_ERROR_MAX, "stopped");
    return false;
}

/* --- the whole --- */

static bool write_to_open_file(struct saver *saver) {
    const struct keyspace *keyspace = saver->engine->keyspace;
    const struct rdb_writer_settings settings = {
        .is_compressing = keyspace->is_rdb_compressed,
        .is_checksumming = snapshot_has_checksum(),
        .flush = flush_to_file,
        .context = saver,
        .flush_bytes = FLUSH_BYTES,
    };
    saver->now_ms = saver->engine->clock->unix_ms;
    saver->has_idle = keyspace->access.is_lru;
    saver->has_frequency = keyspace->access.is_lfu;
    rdb_writer_init(&saver->writer, &settings);
    bool is_written = write_all(saver);
    rdb_writer_destroy(&saver->writer);
    if (!is_written) return false;
    return file_sync(saver->fd) || fail(saver, "sync");
}

bool rdb_file_write(struct engine *engine, const char *path, struct rdb_save *save, char *error) {
    struct saver saver = {.engine = engine, .save = save, .path = path, .error = error};
    save->keys = 0;
    error[0] = '\0';
    saver.fd = file_open(path, FILE_CREATE);
    if (saver.fd == -1) return fail(&saver, "open");
    bool is_written = write_to_open_file(&saver);
    file_close(saver.fd);
    if (!is_written) (void)unlink(path);
    return is_written;
}

void rdb_file_temp_path(char *temp_path, size_t cap, const char *path, pid_t pid) {
    const char *slash = strrchr(path, '/');
    int folder_len = slash == NULL ? 0 : (int)(slash - path) + 1;
    (void)snprintf(temp_path, cap, "%.*stemp-%d.rdb", folder_len, path, (int)pid);
}

bool rdb_file_save(struct engine *engine, const char *path, struct rdb_save *save, char *error) {
    char temp_path[PATH_MAX];
    rdb_file_temp_path(temp_path, sizeof(temp_path), path, getpid());
    if (!rdb_file_write(engine, temp_path, save, error)) return false;
    struct saver saver = {.path = path, .error = error};
    if (!file_rename(temp_path, path)) {
        bool is_saved = fail(&saver, "rename to");
        (void)unlink(temp_path);
        return is_saved;
    }
    return file_sync_folder(path) || fail(&saver, "sync the folder of");
}
