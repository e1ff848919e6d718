/* Loading. The keys go to a keyspace of their own, which takes the place of the engine's when the
 * whole file was found right, so that nobody ever sees half of one.
 *
 * Keys that were read wait in a short queue while the cache lines of the table that they belong in
 * are fetched. */
#include "data/database.h"
#include "data/keyspace_join.h"
#include "data/rdb/rdb_walk.h"
#include "engine/dispatch.h"
#include "engine/engine.h"
#include "engine/fence.h"
#include "foundation/log.h"
#include "foundation/mem.h"
#include "io/file.h"
#include "protocol/resp_reader.h"
#include "services/persistence/rdb_file.h"
#include "services/persistence/snapshot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    QUEUE_LEN = 32,
    ITEMS_PER_LOOK = 256, /* between two looks at the clock */
    KEY_MIN_BYTES = 3,    /* of an empty key with an empty string */
};

/* A key that was read. */
struct arrival {
    struct entry *entry;
    struct database *db;
    uint64_t hash;
    uint64_t offset; /* where it was read */
    struct rdb_key_facts facts;
};

struct rdb_loader {
    struct loader base; /* first */
    struct engine *engine;
    unsigned flags; /* enum rdb_load_flag */
    char *path;
    int fd;
    int read_error; /* errno */
    struct keyspace *keyspace;
    struct database *db; /* in which keys are read */
    struct rdb_walk walk;
    int64_t now_ms;
    struct arrival queue[QUEUE_LEN];
    size_t queued;
    uint64_t skipped[RDB_SKIPPED_COUNT];
    int64_t fence; /* 0: none told */
    struct buffer commands;
};

static struct rdb_loader *loader_of(struct loader *base) {
    return (struct rdb_loader *)(void *)base;
}

/* --- the source --- */

static size_t refill(void *context, char *to, size_t max) {
    struct rdb_loader *loader = context;
    ssize_t got = file_read(loader->fd, to, max);
    if (got != -1) return (size_t)got;
    loader->read_error = errno;
    return 0;
}

/* --- keys --- */

static bool is_expired(const struct rdb_loader *loader, int64_t due_ms) {
    return due_ms != 0 && due_ms <= loader->now_ms && (loader->flags & RDB_LOAD_KEEPS_EXPIRED) == 0;
}

static void set_access(const struct rdb_loader *loader, struct entry *entry,
                       const struct rdb_key_facts *facts) {
    bool is_lfu = loader->keyspace->access.is_lfu;
    if (is_lfu && facts->frequency >= 0)
        access_set_frequency(entry, (uint8_t)facts->frequency, loader->now_ms);
    if (!is_lfu && facts->idle_seconds >= 0)
        access_set_idle_seconds(entry, (uint64_t)facts->idle_seconds, loader->now_ms);
}

static void add_arrival(struct rdb_loader *loader, const struct arrival *arrival) {
    struct key key = {.name = entry_key(arrival->entry), .hash = arrival->hash};
    if (UNLIKELY(database_glance(arrival->db, key) != NULL)) {
        rdb_fail(&loader->walk.reader, arrival->offset, "a new key", "\"%.*s\" once more",
                 (int)(key.name.len < 64 ? key.name.len : 64), key.name.data);
        database_discard(arrival->db, arrival->entry, false);
        return;
    }
    struct found found = database_add(arrival->db, key, arrival->entry);
    if (arrival->facts.due_ms != 0)
        database_set_due(arrival->db, key, &found, arrival->facts.due_ms);
    set_access(loader, found.entry, &arrival->facts);
    loader->base.loaded_keys++;
}

static void settle_queue(struct rdb_loader *loader) {
    for (size_t i = 0; i < loader->queued; i++) add_arrival(loader, &loader->queue[i]);
    loader->queued = 0;
}

static void queue_arrival(struct rdb_loader *loader, const struct arrival *arrival) {
    struct key key = {.hash = arrival->hash};
    database_prefetch_bucket(arrival->db, key);
    loader->queue[loader->queued++] = *arrival;
    if (loader->queued == QUEUE_LEN) settle_queue(loader);
}

static COLD void delay_key(int64_t us) {
    struct timespec delay = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    (void)nanosleep(&delay, NULL);
}

static void keep_key(struct rdb_loader *loader, struct entry *entry) {
    const struct rdb_walk *walk = &loader->walk;
    if (UNLIKELY(is_expired(loader, walk->facts.due_ms))) {
        database_discard(loader->db, entry, false);
        loader->base.expired_keys++;
        return;
    }
    struct arrival arrival = {
        .entry = entry,
        .db = loader->db,
        .hash = hash_bytes(entry_key(entry)),
        .offset = walk->item_offset,
        .facts = walk->facts,
    };
    queue_arrival(loader, &arrival);
}

static void read_key(struct rdb_loader *loader) {
    struct entry *entry = rdb_walk_load(&loader->walk, loader->now_ms);
    if (entry == NULL) return;
    keep_key(loader, entry);
    if (UNLIKELY(snapshot_key_load_delay_us() != 0)) delay_key(snapshot_key_load_delay_us());
}

/* --- what stands between keys --- */

static void take_aux(struct rdb_loader *loader) {
    struct rdb_walk *walk = &loader->walk;
    if (bytes_equal(walk->key, BYTES("skua-fence"))) {
        if (!number_parse_i64(walk->aux, &loader->fence) || loader->fence <= 0 ||
            loader->fence > FENCE_MAX)
            rdb_fail(&walk->reader, walk->aux_offset, "a fencing token", "\"%.*s\"",
                     (int)(walk->aux.len < 32 ? walk->aux.len : 32), walk->aux.data);
    } else if (bytes_equal(walk->key, BYTES("skua-command"))) {
        buffer_append_bytes(&loader->commands, walk->aux);
    } else if (bytes_equal(walk->key, BYTES("used-mem"))) {
        if (!number_parse_u64(walk->aux, &loader->base.used_bytes)) loader->base.used_bytes = 0;
    }
}

static void select_database(struct rdb_loader *loader) {
    const struct rdb_walk *walk = &loader->walk;
    if (walk->database_number >= loader->keyspace->db_count)
        rdb_fail(&loader->walk.reader, walk->item_offset, "a database that `databases` allows",
                 "%" PRIu64, walk->database_number);
    else
        loader->db = loader->keyspace->dbs[walk->database_number];
}

/* A hint; no file of so many bytes can hold more keys. */
static void reserve_keys(struct rdb_loader *loader) {
    uint64_t count = loader->walk.key_count;
    uint64_t most = rdb_reader_left(&loader->walk.reader) / KEY_MIN_BYTES;
    settle_queue(loader);
    table_reserve(&loader->db->keys, count < most ? count : most);
}

/* --- taking over --- */

static COLD void warn_of_command(const struct bytes *args, uint32_t argc) {
    struct buffer line = {0};
    for (uint32_t i = 0; i < argc; i++) {
        if (i != 0) buffer_append_char(&line, ' ');
        buffer_append_bytes(&line, args[i]);
    }
    LOG_WARNING("The RDB file's command failed: %s", buffer_c_str(&line));
    buffer_destroy(&line);
}

static void run_command(struct session *session, const struct bytes *args, uint32_t argc) {
    struct call call;
    dispatch_prepare(&call, session, args, argc, NULL);
    if (dispatch_run(&call) != DISPATCH_DONE || call.has_failed) warn_of_command(args, argc);
}

/* What is kept beside the keyspace. */
static void run_commands(struct rdb_loader *loader) {
    struct session *session = mem_alloc_zeroed(sizeof(*session));
    session_init(session, loader->engine);
    session->is_internal = true;
    session->reply_mode = SESSION_REPLY_OFF;
    struct resp_reader reader = {0};
    struct resp_arguments arguments = {0};
    const struct resp_limits limits = resp_limits_default();
    struct bytes rest = buffer_bytes(&loader->commands);
    while (rest.len != 0) {
        struct resp_request request;
        if (resp_read(&reader, rest.data, rest.len, &limits, &arguments, &request) != RESP_DONE) {
            LOG_WARNING("The RDB file holds a command that cannot be read");
            break;
        }
        if (request.argc != 0)
            run_command(session, resp_arguments_of(&arguments, &request), (uint32_t)request.argc);
        resp_arguments_reset(&arguments);
        rest = bytes_of(rest.data + request.consumed, rest.len - request.consumed);
    }
    resp_reader_destroy(&reader);
    resp_arguments_destroy(&arguments);
    session_destroy(session);
    mem_free(session);
}

static void tell_skipped(const uint64_t skipped[RDB_SKIPPED_COUNT]) {
    uint64_t sum = 0;
    for (size_t i = 0; i < RDB_SKIPPED_COUNT; i++) sum += skipped[i];
    if (sum == 0) return;
    LOG_WARNING("Not loaded, because there is no place for them: values of modules: %" PRIu64
                ", other data of modules: %" PRIu64 ", libraries of functions: %" PRIu64,
                skipped[RDB_SKIPPED_MODULE_VALUE], skipped[RDB_SKIPPED_MODULE_AUX],
                skipped[RDB_SKIPPED_FUNCTION]);
}

static bool take_over(struct rdb_loader *loader) {
    struct keyspace *keyspace = loader->engine->keyspace;
    if ((loader->flags & RDB_LOAD_ADDS) == 0) {
        keyspace_exchange(keyspace, loader->keyspace);
    } else if ((loader->flags & RDB_LOAD_REPLACES) != 0 ||
               !keyspace_has_common_key(keyspace, loader->keyspace)) {
        keyspace_move_all(keyspace, loader->keyspace);
    } else {
        (void)snprintf(loader->base.error, PERSISTENCE_ERROR_MAX,
                       "%s: expected new keys, found one that is there already", loader->path);
        return false;
    }
    if (loader->fence != 0) CHECK(fence_raise(loader->engine, loader->fence));
    run_commands(loader);
    tell_skipped(loader->skipped);
    return true;
}

/* --- the loader --- */

static enum load_status fail_step(struct rdb_loader *loader) {
    if (loader->read_error != 0)
        (void)snprintf(loader->base.error, PERSISTENCE_ERROR_MAX, "%s: read failed: %s",
                       loader->path, strerror(loader->read_error));
    else
        (void)snprintf(loader->base.error, PERSISTENCE_ERROR_MAX, "%s: %s", loader->path,
                       rdb_reader_error(&loader->walk.reader));
    return LOAD_FAILED;
}

static enum load_status finish(struct rdb_loader *loader) {
    settle_queue(loader);
    loader->base.loaded_bytes = rdb_reader_offset(&loader->walk.reader);
    if (rdb_has_failed(&loader->walk.reader) || loader->read_error != 0) return fail_step(loader);
    return take_over(loader) ? LOAD_DONE : LOAD_FAILED;
}

/* True at the end, and when it has failed. */
static bool read_item(struct rdb_loader *loader) {
    switch (rdb_walk_next(&loader->walk)) {
    case RDB_ITEM_KEY: read_key(loader); return false;
    case RDB_ITEM_AUX: take_aux(loader); return false;
    case RDB_ITEM_DATABASE: select_database(loader); return false;
    case RDB_ITEM_SIZES: reserve_keys(loader); return false;
    case RDB_ITEM_SKIPPED: loader->skipped[loader->walk.skipped]++; return false;
    case RDB_ITEM_FAILED:
    case RDB_ITEM_END: break;
    }
    return true;
}

/* Reads some; true at the end, and when it has failed. */
static bool read_items(struct rdb_loader *loader) {
    for (int i = 0; i < ITEMS_PER_LOOK; i++) {
        if (read_item(loader)) return true;
        if (UNLIKELY(snapshot_key_load_delay_us() != 0)) break;
    }
    return false;
}

static enum load_status step(struct loader *base, int64_t end_us) {
    struct rdb_loader *loader = loader_of(base);
    do {
        if (read_items(loader)) return finish(loader);
    } while (clock_monotonic_us() < end_us);
    base->loaded_bytes = rdb_reader_offset(&loader->walk.reader);
    return LOAD_MORE;
}

static void free_loader(struct loader *base) {
    struct rdb_loader *loader = loader_of(base);
    for (size_t i = 0; i < loader->queued; i++)
        database_discard(loader->queue[i].db, loader->queue[i].entry, false);
    rdb_walk_destroy(&loader->walk);
    keyspace_free(loader->keyspace);
    buffer_destroy(&loader->commands);
    file_close(loader->fd);
    mem_free(loader->path);
    mem_free(loader);
}

/* --- starting --- */

static struct rdb_loader *new_loader(struct engine *engine, const char *path, unsigned flags,
                                     int fd) {
    struct rdb_loader *loader = mem_alloc_zeroed(sizeof(*loader));
    const struct keyspace *keyspace = engine->keyspace;
    loader->base.step = step;
    loader->base.free = free_loader;
    loader->engine = engine;
    loader->flags = flags;
    loader->path = mem_dup_str(path);
    loader->fd = fd;
    loader->keyspace = keyspace_new(keyspace->db_count, keyspace->clock);
    loader->keyspace->access = keyspace->access;
    loader->keyspace->worker = keyspace->worker;
    loader->db = loader->keyspace->dbs[0];
    loader->now_ms = engine->clock->unix_ms;
    return loader;
}

static unsigned choose_walk_flags(const struct engine *engine, unsigned flags) {
    bool checks_sum = snapshot_has_checksum() && !engine->keyspace->is_rdb_unchecked;
    unsigned walk_flags = checks_sum ? (unsigned)RDB_WALK_CHECKS_SUM : 0;
    if ((flags & RDB_LOAD_IS_PREAMBLE) != 0) walk_flags |= RDB_WALK_IS_PREAMBLE;
    return walk_flags;
}

struct loader *rdb_loader_new(struct engine *engine, const char *path, unsigned flags,
                              char *error) {
    uint64_t len = 0;
    int fd = file_open(path, FILE_READ);
    if (fd == -1 || !file_size(fd, &len)) {
        int open_error = errno;
        (void)snprintf(error, PERSISTENCE_ERROR_MAX, "open %s: %s", path, strerror(open_error));
        file_close(fd);
        errno = open_error;
        return NULL;
    }
    struct rdb_loader *loader = new_loader(engine, path, flags, fd);
    loader->base.total_bytes = len;
    const struct rdb_source source = {
        .refill = refill,
        .context = loader,
        .total_bytes = len,
    };
    rdb_walk_init(&loader->walk, &source, choose_walk_flags(engine, flags));
    return &loader->base;
}
