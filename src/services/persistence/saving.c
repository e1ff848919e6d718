#include "services/persistence/saving.h"

#include "foundation/mem.h"
#include "io/file.h"
#include "services/persistence/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum {
    SYNC_BYTES = 4 * 1024 * 1024, /* handed to the disk at a time, so that the last sync is short */
    KEYS_PER_REPORT = 4096,       /* a power of two */
};

bool saving_fail(const struct saving *saving, const char *verb) {
    (void)snprintf(saving->error, PERSISTENCE_ERROR_MAX, "%s %s: %s", verb, saving->path,
                   strerror(errno));
    return false;
}

/* --- the file --- */

bool saving_begin(struct saving *saving, const char *path, struct rdb_save *save, char *error) {
    *saving = (struct saving){.save = save, .path = path, .error = error};
    save->keys = 0;
    error[0] = '\0';
    saving->fd = file_open(path, FILE_CREATE);
    return saving->fd != -1 || saving_fail(saving, "open");
}

static void start_sync(struct saving *saving) {
    uint64_t fresh = saving->written_bytes - saving->started_bytes;
    if (!saving->save->is_synced_piecewise || fresh < SYNC_BYTES) return;
    file_start_sync(saving->fd, saving->started_bytes, fresh);
    saving->started_bytes = saving->written_bytes;
}

bool saving_write(void *context, struct bytes bytes) {
    struct saving *saving = context;
    if (!file_write(saving->fd, bytes)) {
        saving->is_stopped = true;
        return saving_fail(saving, "write to");
    }
    saving->written_bytes += bytes.len;
    start_sync(saving);
    return true;
}

static bool settle(struct saving *saving, bool is_whole) {
    if (saving->is_stopped && saving->error[0] == '\0')
        (void)snprintf(saving->error, PERSISTENCE_ERROR_MAX, "stopped");
    if (saving->is_stopped || !is_whole) return false;
    return file_sync(saving->fd) || saving_fail(saving, "sync");
}

bool saving_end(struct saving *saving, bool is_whole) {
    bool is_there = settle(saving, is_whole);
    file_close(saving->fd);
    if (!is_there) (void)unlink(saving->path);
    return is_there;
}

/* --- the walk --- */

static COLD void report(struct saving *saving) {
    struct rdb_save *save = saving->save;
    if (save->progress != NULL && !save->progress(save->context, save->keys))
        saving->is_stopped = true;
}

static COLD void delay_key(struct saving *saving) {
    int64_t us = snapshot_key_delay_us();
    struct timespec delay = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    (void)nanosleep(&delay, NULL);
    report(saving);
}

static void visit_entry(struct saving *saving, const struct entry *entry) {
    if (entry == NULL || saving->is_stopped) return;
    saving->visit(saving->context, entry);
    if ((++saving->save->keys & (KEYS_PER_REPORT - 1)) == 0) report(saving);
    if (UNLIKELY(snapshot_key_delay_us() != 0)) delay_key(saving);
}

static const struct entry *push_entry(struct saving *saving, const struct entry *fresh) {
    const struct entry *oldest = saving->ring[saving->at];
    saving->ring[saving->at] = fresh;
    saving->at = (saving->at + 1) % SAVING_AHEAD;
    return oldest;
}

static void meet_entry(void *element, void *context) {
    struct saving *saving = context;
    mem_prefetch(element);
    visit_entry(saving, push_entry(saving, element));
}

void saving_walk(struct saving *saving, const struct database *db, saving_visit_function *visit,
                 void *context) {
    saving->visit = visit;
    saving->context = context;
    table_for_each(&db->keys, meet_entry, saving);
    for (uint32_t i = 0; i < SAVING_AHEAD; i++) visit_entry(saving, push_entry(saving, NULL));
}
