/* With `always` a sync costs about the same however much it syncs. Those who are answered by one
 * sync write again at once, while those who wrote meanwhile wait for the next: were that begun at
 * once, two groups would take turns and everybody would wait for two. So the thread waits, for a
 * fraction of what a sync takes, until about as much is there as was under way when the last one
 * ended. A client that writes alone does not wait. */
#include "foundation/clock.h"
#include "io/file.h"
#include "services/persistence/aof_writer_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    US_PER_SECOND = 1000 * 1000,
    NS_PER_US = 1000,
    SYNC_EVERY_US = US_PER_SECOND,
    GATHER_US = 2000,     /* between two writes that nobody waits for */
    GROUP_MAX_US = 5000,  /* what a group waits for its members, */
    GROUP_SYNC_PART = 2,  /* and this part of a sync */
    SYNC_TIME_WEIGHT = 8, /* of what was measured before the last one */
    SPARE_MAX_BYTES = 1024 * 1024,
#ifdef SKUA_TEST
    RETRY_US = 5 * 1000,
    SYNC_EARLY_BYTES = 4096,
#else
    RETRY_US = 100 * 1000,
    SYNC_EARLY_BYTES = 32 * 1024 * 1024, /* so much is kept in memory, then it is synced */
#endif
};

/* --- lists --- */

/* Puts the items of `front` before those of `list`. */
static void prepend_all(struct aof_items *list, struct aof_items *front) {
    if (front->first == NULL) return;
    front->last->next = list->first;
    if (list->last == NULL) list->last = front->last;
    list->first = front->first;
    *front = (struct aof_items){0};
}

static void append_all(struct aof_items *list, struct aof_items *more) {
    if (more->first == NULL) return;
    if (list->last == NULL)
        list->first = more->first;
    else
        list->last->next = more->first;
    list->last = more->last;
    *more = (struct aof_items){0};
}

/* --- the disk --- */

static COLD bool fail(struct aof_writer *writer, const char *what) {
    writer->error_number = errno;
    (void)snprintf(writer->error, sizeof(writer->error), "%s: %s", what, strerror(errno));
    return false;
}

static bool mend_end(struct aof_writer *writer) {
    struct aof_target *target = &writer->target;
    if (!target->is_torn) return true;
    if (!file_truncate(target->fd, target->len)) return fail(writer, "truncate");
    target->is_torn = false;
    return true;
}

static void raise_to(int64_t *longest_us, int64_t us) {
    if (us > *longest_us) *longest_us = us;
}

static bool write_timed(struct aof_writer *writer, struct bytes bytes) {
    int64_t start_us = clock_monotonic_us();
    bool is_written = file_write(writer->target.fd, bytes);
    int error_number = errno;
    raise_to(&writer->longest_write_us, clock_monotonic_us() - start_us);
    errno = error_number;
    return is_written;
}

/* The end is cut off at once when that can be done, so that a process that is killed now leaves a
 * whole file. */
static bool write_item(struct aof_writer *writer, const struct aof_item *item) {
    struct aof_target *target = &writer->target;
    if (!mend_end(writer)) return false;
    if (write_timed(writer, buffer_bytes(&item->bytes))) {
        target->len += item->bytes.len;
        writer->written = item->position;
        return true;
    }
    (void)fail(writer, "write");
    target->is_torn = !file_truncate(target->fd, target->len);
    return false;
}

static void free_unsynced(struct aof_writer *writer) {
    struct buffer spare = {0};
    while (writer->unsynced.first != NULL) {
        struct aof_item *item = aof_items_take(&writer->unsynced);
        if (spare.data == NULL && item->bytes.cap <= SPARE_MAX_BYTES) {
            spare = item->bytes;
            item->bytes = (struct buffer){0};
        }
        aof_item_free(item);
    }
    writer->unsynced_bytes = 0;
    buffer_clear(&spare);
    pthread_mutex_lock(&writer->mutex);
    struct buffer surplus = spare;
    if (writer->spare.data == NULL) {
        writer->spare = spare;
        surplus = (struct buffer){0};
    }
    pthread_mutex_unlock(&writer->mutex);
    buffer_destroy(&surplus);
}

/* Everything behind the last confirmed byte is to be written again. */
static bool take_back_unsynced(struct aof_writer *writer) {
    struct aof_target *target = &writer->target;
    prepend_all(&writer->work, &writer->unsynced);
    writer->unsynced_bytes = 0;
    writer->written = writer->confirmed;
    target->len = target->synced;
    target->is_torn = true;
    return false;
}

/* What was not kept cannot be written again: the log goes on, and is not relied on. */
static bool note_damage(struct aof_writer *writer) {
    writer->target.is_damaged = true;
    writer->target.has_unkept_bytes = false;
    writer->target.synced = writer->target.len;
    writer->confirmed = writer->written;
    free_unsynced(writer);
    return true;
}

static bool sync_file(struct aof_writer *writer) {
    int64_t start_us = clock_monotonic_us();
    pthread_mutex_lock(&writer->mutex);
    writer->status.is_syncing = true;
    pthread_mutex_unlock(&writer->mutex);
    bool is_done = file_sync(writer->target.fd);
    int error_number = errno;
    int64_t took_us = clock_monotonic_us() - start_us;
    raise_to(&writer->longest_sync_us, took_us);
    writer->sync_us += (took_us - writer->sync_us) / SYNC_TIME_WEIGHT;
    pthread_mutex_lock(&writer->mutex);
    writer->status.is_syncing = false;
    writer->status.syncs++;
    if (took_us > US_PER_SECOND) writer->status.slow_syncs++;
    pthread_mutex_unlock(&writer->mutex);
    errno = error_number;
    return is_done;
}

static bool sync_target(struct aof_writer *writer) {
    struct aof_target *target = &writer->target;
    if (target->synced == target->len) return true;
    if (sync_file(writer)) {
        target->synced = target->len;
        target->has_unkept_bytes = false;
        writer->group_bytes = writer->written - writer->confirmed;
        writer->confirmed = writer->written;
        free_unsynced(writer);
        return true;
    }
    (void)fail(writer, "sync");
    return target->has_unkept_bytes ? note_damage(writer) : take_back_unsynced(writer);
}

/* --- the order of things --- */

/* The wishes of the main thread as they were when the work was taken. */
struct wishes {
    enum aof_sync_policy policy;
    uint64_t sync_until;
};

static int64_t oldest_since(const struct aof_writer *writer) {
    const struct aof_item *item = writer->unsynced.first;
    if (item == NULL) item = writer->work.first;
    return item == NULL ? 0 : item->since_us;
}

static bool is_sync_due(const struct aof_writer *writer, const struct wishes *wishes) {
    if (writer->target.synced == writer->target.len) return false;
    if (wishes->policy == AOF_SYNC_ALWAYS || wishes->sync_until > writer->confirmed) return true;
    if (wishes->policy == AOF_SYNC_NO) return false;
    return writer->unsynced_bytes >= SYNC_EARLY_BYTES || writer->unsynced.first == NULL ||
           clock_monotonic_us() - writer->unsynced.first->since_us >= SYNC_EVERY_US;
}

static bool run_task(struct aof_writer *writer, struct aof_item *item) {
    char error[PERSISTENCE_ERROR_MAX];
    if (!mend_end(writer) || !sync_target(writer)) return false;
    if (!item->task->run(item->task, &writer->target, error)) {
        writer->error_number = errno;
        memcpy(writer->error, error, sizeof(error));
        return false;
    }
    pthread_mutex_lock(&writer->mutex);
    item->task->next = NULL;
    *writer->last_ended = item->task;
    writer->last_ended = &item->task->next;
    writer->task_count--;
    pthread_mutex_unlock(&writer->mutex);
    return true;
}

static void keep(struct aof_writer *writer, struct aof_item *item, const struct wishes *wishes) {
    if (wishes->policy == AOF_SYNC_NO) {
        writer->target.has_unkept_bytes = true;
        aof_item_free(item);
        return;
    }
    writer->unsynced_bytes += item->bytes.len;
    aof_items_append(&writer->unsynced, item);
}

static bool do_first(struct aof_writer *writer, const struct wishes *wishes) {
    struct aof_item *item = writer->work.first;
    if (item->task != NULL) {
        if (!run_task(writer, item)) return false;
        aof_item_free(aof_items_take(&writer->work));
        return true;
    }
    if (!write_item(writer, item)) return false;
    keep(writer, aof_items_take(&writer->work), wishes);
    return true;
}

/* False when something fails: the rest is for later. */
static bool do_work(struct aof_writer *writer, const struct wishes *wishes) {
    writer->error_number = 0;
    while (writer->work.first != NULL) {
        if (!do_first(writer, wishes)) return false;
    }
    if (!is_sync_due(writer, wishes)) return true;
    return mend_end(writer) && sync_target(writer);
}

/* --- waiting --- */

static void wait_until(struct aof_writer *writer, int64_t until_us) {
    struct timespec until = {.tv_sec = until_us / US_PER_SECOND,
                             .tv_nsec = until_us % US_PER_SECOND * NS_PER_US};
    if (until_us == INT64_MAX)
        pthread_cond_wait(&writer->has_work, &writer->mutex);
    else
        (void)pthread_cond_timedwait(&writer->has_work, &writer->mutex, &until);
}

/* Monotonic time at which there is something to do even if nothing is handed over. */
static int64_t next_due_us(const struct aof_writer *writer) {
    bool is_unsynced = writer->target.synced != writer->target.len;
    if (!is_unsynced || writer->policy == AOF_SYNC_NO) return INT64_MAX;
    if (writer->policy == AOF_SYNC_ALWAYS || writer->unsynced.first == NULL) return 0;
    return writer->unsynced.first->since_us + SYNC_EVERY_US;
}

/* The next group is expected to be as big as the last one and what has come since that began. */
static void expect_group(struct aof_writer *writer) {
    enum { PARTS = 8, ENOUGH_PARTS = 7 };
    int64_t wait_us = writer->sync_us / GROUP_SYNC_PART;
    uint64_t waiting_bytes = writer->handed_over - writer->written;
    writer->wake_at = 0;
    if (writer->policy != AOF_SYNC_ALWAYS) return;
    writer->group_until_us =
        clock_monotonic_us() + (wait_us < GROUP_MAX_US ? wait_us : GROUP_MAX_US);
    writer->wake_at =
        writer->written + (writer->group_bytes + waiting_bytes) * ENOUGH_PARTS / PARTS;
}

static bool is_gathering(const struct aof_writer *writer, int64_t now_us) {
    return writer->handed_over < writer->wake_at && now_us < writer->group_until_us &&
           writer->task_count == 0 && writer->sync_until <= writer->confirmed;
}

static bool has_work(const struct aof_writer *writer, int64_t retry_us) {
    int64_t now_us = clock_monotonic_us();
    if (writer->is_stopping) return true;
    if (writer->error_number != 0) return now_us >= retry_us;
    if (writer->queue.first != NULL) return !is_gathering(writer, now_us);
    return now_us >= next_due_us(writer) ||
           (writer->sync_until > writer->confirmed && writer->target.synced != writer->target.len);
}

static int64_t next_look_us(const struct aof_writer *writer, int64_t retry_us) {
    int64_t due_us = next_due_us(writer);
    if (writer->error_number != 0) return retry_us;
    bool is_gathered = writer->wake_at == 0;
    return is_gathered || due_us < writer->group_until_us ? due_us : writer->group_until_us;
}

/* A group that is not complete when its time is up begins with the first bytes that come. */
static void await_something(struct aof_writer *writer, int64_t retry_us) {
    if (clock_monotonic_us() >= writer->group_until_us) writer->wake_at = 0;
    writer->is_idle = writer->error_number == 0;
    wait_until(writer, next_look_us(writer, retry_us));
}

/* False when the thread is to end. */
static bool await_work(struct aof_writer *writer, struct wishes *wishes) {
    int64_t retry_us = clock_monotonic_us() + RETRY_US;
    pthread_mutex_lock(&writer->mutex);
    expect_group(writer);
    while (!has_work(writer, retry_us)) await_something(writer, retry_us);
    writer->is_idle = false;
    append_all(&writer->work, &writer->queue);
    writer->thread_oldest_us = oldest_since(writer);
    *wishes = (struct wishes){.policy = writer->policy, .sync_until = writer->sync_until};
    bool goes_on = !writer->is_stopping;
    pthread_mutex_unlock(&writer->mutex);
    return goes_on;
}

static bool publish(struct aof_writer *writer) {
    struct aof_writer_status *status = &writer->status;
    uint64_t durable = writer->target.is_damaged ? status->durable : writer->confirmed;
    bool has_news = durable != status->durable || writer->ended != NULL ||
                    writer->error_number != status->error_number ||
                    writer->target.is_damaged != status->is_damaged;
    status->durable = durable;
    status->written = writer->written;
    status->kept_bytes = writer->unsynced_bytes;
    raise_to(&status->longest_write_us, writer->longest_write_us);
    raise_to(&status->longest_sync_us, writer->longest_sync_us);
    writer->longest_write_us = writer->longest_sync_us = 0;
    status->file_bytes = writer->target.len;
    status->is_damaged = writer->target.is_damaged;
    status->error_number = writer->error_number;
    memcpy(status->error, writer->error, sizeof(status->error));
    writer->thread_oldest_us = oldest_since(writer);
    pthread_cond_broadcast(&writer->has_news);
    if (!has_news || writer->is_notified) return false;
    writer->is_notified = true;
    return writer->notify != NULL;
}

static void tell(struct aof_writer *writer) {
    pthread_mutex_lock(&writer->mutex);
    bool notifies = publish(writer);
    pthread_mutex_unlock(&writer->mutex);
    if (notifies) writer->notify(writer->context);
}

/* Many rounds of the loop make one write. */
static void gather(void) {
    static const struct timespec pause = {.tv_nsec = GATHER_US * NS_PER_US};
    (void)nanosleep(&pause, NULL);
}

void *aof_writer_run_thread(void *argument) {
    struct aof_writer *writer = argument;
    struct wishes wishes;
    (void)pthread_setname_np(pthread_self(), "skua-log");
    mem_thread_enter();
    while (await_work(writer, &wishes)) {
        (void)do_work(writer, &wishes);
        tell(writer);
        if (wishes.policy != AOF_SYNC_ALWAYS && wishes.sync_until <= writer->confirmed) gather();
    }
    mem_thread_leave();
    return NULL;
}
