/* Saving. */
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
#include "services/persistence/saving.h"
#include "services/persistence/snapshot.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

struct saver {
    struct engine *engine;
    struct saving saving;
    struct rdb_writer writer;
    int64_t now_ms;
    bool has_idle, has_frequency;
};

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
    write_aux_number(writer, "aof-base", saver->saving.save->is_aof_base);
    write_aux(writer, "skua-ver", BYTES(SKUA_VERSION));
    if (fence_last(engine) != 0) write_aux_number(writer, "skua-fence", fence_last(engine));
    rate_policies_tell(engine, write_command, writer);
}

/* --- the keys --- */

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

static void write_entry(void *context, const struct entry *entry) {
    struct saver *saver = context;
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
}

static void write_database(struct saver *saver, const struct database *db) {
    struct rdb_writer *writer = &saver->writer;
    rdb_write_byte(writer, RDB_OPCODE_SELECTDB);
    rdb_write_length(writer, db->number);
    rdb_write_byte(writer, RDB_OPCODE_RESIZEDB);
    rdb_write_length(writer, database_key_count(db));
    rdb_write_length(writer, db->due_count);
    saving_walk(&saver->saving, db, write_entry, saver);
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
    return rdb_writer_flush(writer);
}

/* --- the whole --- */

static bool write_to_open_file(struct saver *saver) {
    const struct keyspace *keyspace = saver->engine->keyspace;
    const struct rdb_writer_settings settings = {
        .is_compressing = keyspace->is_rdb_compressed,
        .is_checksumming = snapshot_has_checksum(),
        .flush = saving_write,
        .context = &saver->saving,
        .flush_bytes = SAVING_FLUSH_BYTES,
    };
    saver->now_ms = saver->engine->clock->unix_ms;
    saver->has_idle = keyspace->access.is_lru;
    saver->has_frequency = keyspace->access.is_lfu;
    rdb_writer_init(&saver->writer, &settings);
    bool is_written = write_all(saver);
    rdb_writer_destroy(&saver->writer);
    return is_written;
}

bool rdb_file_write(struct engine *engine, const char *path, struct rdb_save *save, char *error) {
    struct saver saver = {.engine = engine};
    if (!saving_begin(&saver.saving, path, save, error)) return false;
    return saving_end(&saver.saving, write_to_open_file(&saver));
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
    const struct saving saving = {.path = path, .error = error};
    if (!file_rename(temp_path, path)) {
        bool is_saved = saving_fail(&saving, "rename to");
        (void)unlink(temp_path);
        return is_saved;
    }
    return file_sync_folder(path) || saving_fail(&saving, "sync the folder of");
}
