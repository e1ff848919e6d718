#include "services/persistence/aof_load.h"

#include "data/keyspace.h"
#include "engine/batch.h"
#include "engine/call_listener.h"
#include "engine/dispatch.h"
#include "engine/engine.h"
#include "foundation/log.h"
#include "foundation/mem.h"
#include "io/event_loop.h"
#include "io/file.h"
#include "services/persistence/aof_files.h"
#include "services/persistence/aof_reader.h"
#include "services/persistence/aof_settings.h"
#include "services/persistence/rdb_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define RDB_MAGIC "REDIS"

enum { MAGIC_LEN = sizeof(RDB_MAGIC) - 1, QUOTED_MAX = 200 };

_Static_assert((int)AOF_READER_AHEAD <= (int)BATCH_MAX_CALLS, "what is read makes one batch");

struct aof_loader {
    struct loader base;
    struct engine *engine;
    struct aof_files files;
    size_t next;         /* of the manifest's files */
    bool is_base_done;   /* the base was found, or there is none */
    const char *name;    /* of the file under way */
    bool is_last;        /* none comes behind it */
    uint64_t done_bytes; /* of the files before it */
    struct loader *rdb;  /* reads its beginning; NULL: no */
    int fd;              /* of its commands; -1: none is open */
    struct aof_reader reader;
    struct session session;
    struct output_batch replies;
    struct call_listener listener;
    bool has_failed;           /* a command did */
    struct batch batch;        /* of what the reader has at hand; the arguments are its */
    struct clock standing;     /* shows zero */
    const struct clock *clock; /* the keyspace's own, while that one is in its place */
};

static struct aof_loader *own(struct loader *loader) {
    return (struct aof_loader *)(void *)loader;
}

/* --- failing --- */

static COLD enum load_status fail(struct aof_loader *loader, const char *what) {
    (void)snprintf(loader->base.error, PERSISTENCE_ERROR_MAX, "%s/%.100s: %.300s",
                   loader->files.folder, loader->name, what);
    return LOAD_FAILED;
}

static COLD enum load_status fail_with_errno(struct aof_loader *loader, const char *what) {
    char text[QUOTED_MAX];
    (void)snprintf(text, sizeof(text), "%s: %s", what, strerror(errno));
    return fail(loader, text);
}

/* The error among the replies: the last line that begins with '-'. */
static struct bytes find_error(const struct aof_loader *loader) {
    struct bytes replies = buffer_bytes(&loader->replies.bytes);
    struct bytes error = BYTES("");
    while (replies.len != 0) {
        size_t len = bytes_index(replies, '\n');
        if (replies.data[0] == '-') error = bytes_trim(bytes_of(replies.data + 1, len - 1));
        if (len == replies.len) break;
        replies = bytes_of(replies.data + len + 1, replies.len - len - 1);
    }
    return error;
}

static COLD enum load_status fail_command(struct aof_loader *loader, uint64_t offset) {
    struct bytes error = find_error(loader);
    char text[PERSISTENCE_ERROR_MAX];
    (void)snprintf(text, sizeof(text), "offset %llu: the command failed: %.*s",
                   (unsigned long long)offset,
                   (int)(error.len < QUOTED_MAX ? error.len : QUOTED_MAX), error.data);
    return fail(loader, text);
}

/* --- commands --- */

/* Of a transaction nothing but the listener hears which of its commands fail. */
static void note_failure(struct call_listener *listener, const struct call *call) {
    struct aof_loader *loader = EVENT_OWNER(listener, struct aof_loader, listener);
    if (call->session == &loader->session && call->has_failed) loader->has_failed = true;
}

static void prepare_batch(struct aof_loader *loader) {
    const struct aof_reader *reader = &loader->reader;
    struct batch *batch = &loader->batch;
    batch->arguments = reader->arguments;
    batch->count = reader->read - reader->next;
    memcpy(batch->requests, reader->requests + reader->next,
           batch->count * sizeof(*batch->requests));
    batch_prepare(batch, &loader->session);
}

static bool run_call(struct aof_loader *loader, struct call *call) {
    struct session *session = &loader->session;
    output_lend(&session->output, &loader->replies);
    call->db = loader->engine->keyspace->dbs[session->db_number];
    (void)dispatch_run(call);
    return !call->has_failed && !loader->has_failed && !session->is_closing;
}

/* --- what is not whole --- */

static bool may_mend(const struct aof_loader *loader, enum aof_read how, uint64_t lost_bytes) {
    const struct aof_settings *settings = aof_settings();
    if (!loader->is_last) return false;
    if (how == AOF_READ_TORN) return settings->mends_torn_end;
    return how == AOF_READ_MALFORMED && lost_bytes <= (uint64_t)settings->mended_corrupt_bytes;
}

static bool cut(const struct aof_loader *loader, uint64_t len) {
    char path[PATH_MAX];
    aof_files_path(&loader->files, loader->name, path);
    int fd = file_open(path, FILE_UPDATE);
    bool is_cut = fd != -1 && file_truncate(fd, len) && file_sync(fd);
    int error = errno;
    file_close(fd);
    errno = error;
    return is_cut;
}

static enum load_status mend(struct aof_loader *loader, enum aof_read how) {
    const struct aof_reader *reader = &loader->reader;
    uint64_t len;
    if (!file_size(loader->fd, &len)) return fail_with_errno(loader, "can't be measured");
    if (!may_mend(loader, how, len - reader->safe_offset)) return fail(loader, reader->error);
    LOG_WARNING("%s/%s: %s", loader->files.folder, loader->name, reader->error);
    if (!cut(loader, reader->safe_offset)) return fail_with_errno(loader, "can't be cut");
    LOG_WARNING("%s/%s was cut behind the last whole command, at offset %llu: %llu bytes were lost",
                loader->files.folder, loader->name, (unsigned long long)reader->safe_offset,
                (unsigned long long)(len - reader->safe_offset));
    loader->base.total_bytes -= len - reader->safe_offset;
    return LOAD_DONE;
}

/* --- one file --- */

static enum load_status run_commands(struct aof_loader *loader) {
    struct aof_reader *reader = &loader->reader;
    enum aof_read how = aof_reader_look_ahead(reader);
    if (how == AOF_READ_END) return LOAD_DONE;
    if (how != AOF_READ_COMMAND) return mend(loader, how);
    prepare_batch(loader);
    for (size_t i = 0; i < loader->batch.count; i++) {
        uint64_t offset = reader->offset;
        (void)aof_reader_next(reader);
        bool is_done = run_call(loader, &loader->batch.calls[i]);
        if (!is_done) return fail_command(loader, offset);
        output_destroy(&loader->session.output);
    }
    loader->base.loaded_bytes = loader->done_bytes + reader->offset;
    return LOAD_MORE;
}

/* From now on nothing comes due. */
static void stop_clock(struct aof_loader *loader) {
    struct keyspace *keyspace = loader->engine->keyspace;
    if (loader->clock != NULL) return;
    loader->clock = keyspace->clock;
    keyspace->clock = &loader->standing;
}

static void restart_clock(struct aof_loader *loader) {
    if (loader->clock != NULL) loader->engine->keyspace->clock = loader->clock;
    loader->clock = NULL;
}

static enum load_status open_commands(struct aof_loader *loader, uint64_t offset) {
    char path[PATH_MAX];
    aof_files_path(&loader->files, loader->name, path);
    loader->fd = file_open(path, FILE_READ);
    if (loader->fd == -1 || !aof_reader_init(&loader->reader, loader->fd, offset))
        return fail_with_errno(loader, "can't be opened");
    stop_clock(loader);
    return LOAD_MORE;
}

static void close_commands(struct aof_loader *loader) {
    if (loader->fd == -1) return;
    aof_reader_destroy(&loader->reader);
    file_close(loader->fd);
    loader->fd = -1;
}

static enum load_status step_rdb(struct aof_loader *loader, int64_t end_us) {
    struct loader *rdb = loader->rdb;
    enum load_status status = rdb->step(rdb, end_us);
    loader->base.loaded_bytes = loader->done_bytes + rdb->loaded_bytes;
    loader->base.loaded_keys = rdb->loaded_keys;
    loader->base.used_bytes = rdb->used_bytes;
    if (status == LOAD_MORE) return status;
    if (status == LOAD_FAILED) {
        memcpy(loader->base.error, rdb->error, PERSISTENCE_ERROR_MAX);
        return status;
    }
    uint64_t offset = rdb->loaded_bytes;
    loader_free(rdb);
    loader->rdb = NULL;
    return open_commands(loader, offset);
}

/* --- from file to file --- */

static bool begins_with_rdb(const char *path) {
    char start[MAGIC_LEN];
    int fd = file_open(path, FILE_READ);
    bool is_rdb = fd != -1 && file_read(fd, start, MAGIC_LEN) == MAGIC_LEN &&
                  memcmp(start, RDB_MAGIC, MAGIC_LEN) == 0;
    file_close(fd);
    return is_rdb;
}

/* The base first, wherever it stands. */
static const struct aof_file *next_file(struct aof_loader *loader) {
    const struct aof_manifest *manifest = &loader->files.manifest;
    const struct aof_file *base = aof_manifest_base(manifest);
    if (!loader->is_base_done && base != NULL) {
        loader->is_base_done = true;
        return base;
    }
    while (loader->next < manifest->count) {
        const struct aof_file *file = &manifest->files[loader->next++];
        if (file->type == AOF_FILE_INCREMENT) return file;
    }
    return NULL;
}

static bool has_more_files(const struct aof_loader *loader) {
    const struct aof_manifest *manifest = &loader->files.manifest;
    for (size_t i = loader->next; i < manifest->count; i++) {
        if (manifest->files[i].type == AOF_FILE_INCREMENT) return true;
    }
    return false;
}

static enum load_status open_next(struct aof_loader *loader) {
    char path[PATH_MAX], error[PERSISTENCE_ERROR_MAX];
    const struct aof_file *file = next_file(loader);
    if (file == NULL) return LOAD_DONE;
    loader->name = file->name;
    loader->is_last = !has_more_files(loader);
    aof_files_path(&loader->files, file->name, path);
    if (file->type == AOF_FILE_INCREMENT || !begins_with_rdb(path)) return open_commands(loader, 0);
    loader->rdb =
        rdb_loader_new(loader->engine, path, RDB_LOAD_KEEPS_EXPIRED | RDB_LOAD_IS_PREAMBLE, error);
    return loader->rdb == NULL ? fail(loader, error) : LOAD_MORE;
}

static enum load_status step_commands(struct aof_loader *loader) {
    enum load_status status = run_commands(loader);
    if (status != LOAD_DONE) return status;
    loader->done_bytes += loader->reader.safe_offset;
    loader->base.loaded_bytes = loader->done_bytes;
    close_commands(loader);
    return LOAD_MORE;
}

static enum load_status step_once(struct aof_loader *loader, int64_t end_us) {
    if (loader->rdb != NULL) return step_rdb(loader, end_us);
    if (loader->fd != -1) return step_commands(loader);
    return open_next(loader);
}

static enum load_status step(struct loader *base, int64_t end_us) {
    struct aof_loader *loader = own(base);
    enum load_status status;
    do {
        status = step_once(loader, end_us);
    } while (status == LOAD_MORE && clock_monotonic_us() < end_us);
    if (status == LOAD_DONE) {
        restart_clock(loader);
        base->loaded_keys = keyspace_key_count(loader->engine->keyspace);
    }
    return status;
}

/* --- life --- */

static void free_loader(struct loader *base) {
    struct aof_loader *loader = own(base);
    restart_clock(loader);
    loader_free(loader->rdb);
    close_commands(loader);
    call_listener_remove(loader->engine, &loader->listener);
    output_destroy(&loader->session.output);
    session_destroy(&loader->session);
    output_batch_destroy(&loader->replies);
    aof_files_destroy(&loader->files);
    mem_free(loader);
}

static struct aof_loader *new_loader(struct engine *engine, const struct aof_files *files) {
    struct aof_loader *loader = mem_alloc_zeroed(sizeof(*loader));
    loader->base = (struct loader){
        .step = step, .free = free_loader, .total_bytes = aof_manifest_bytes(&files->manifest)};
    loader->engine = engine;
    loader->files = *files;
    loader->fd = -1;
    session_init(&loader->session, engine);
    loader->session.is_internal = true;
    loader->session.is_authenticated = true;
    loader->listener.after = note_failure;
    call_listener_add(engine, &loader->listener);
    return loader;
}

struct loader *aof_loader_new(struct engine *engine, char *error) {
    const struct aof_settings *settings = aof_settings();
    struct aof_files files;
    error[0] = '\0';
    if (aof_files_read(&files, settings->folder, settings->log_name, error) != AOF_FILES_FOUND)
        return NULL;
    return &new_loader(engine, &files)->base;
}
