/* What was handed over goes through three lists:
 *
 *      queue (shared)  --take-->  work  --write-->  unsynced  --sync--> freed
 *                                  ^-------- a sync that fails --+
 *
 * Only the queue, the ended tasks and the status are shared, under the mutex.
 *
 * With `always` a sync costs about the same however much it syncs. Those who are answered by one sync
 * write again at once, while those who wrote meanwhile wait for the next: were that begun at once, two
 * groups would take turns and everybody would wait for two. So the thread waits, for a fraction of
 * what a sync takes, until about as much is there as was under way when the last one ended. A client
 * that writes alone does not wait. */
#include "services/persistence/aof_writer.h"

#include "foundation/clock.h"
#include "foundation/mem.h"
#include "io/file.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    US_PER_SECOND = 1000 * 1000,
    NS_PER_US = 1000,
    SYNC_EVERY_US = US_PER_SECOND,
    RETRY_US = 100 * 1000,
    GATHER_US = 2000,     /* between two writes that nobody waits for */
    GROUP_MAX_US = 5000,  /* what a group waits for its members, */
    GROUP_SYNC_PART = 2,  /* and this part of a sync */
    SYNC_TIME_WEIGHT = 8, /* of what was measured before the last one */
    SPARE_MAX_BYTES = 1024 * 1024,
#ifdef SKUA_TEST
    MERGE_MAX_BYTES = 64,
    SYNC_EARLY_BYTES = 4096,
#else
    MERGE_MAX_BYTES = 256 * 1024,        /* pieces are put together up to here */
    SYNC_EARLY_BYTES = 32 * 1024 * 1024, /* so much is kept in memory, then it is synced */
#endif
};

/* Bytes or a task. */
struct item {
    struct item *next;
    struct aof_task *task;
    struct buffer bytes;
    uint64_t position; /* where they end */
    int64_t since_us;
};

struct list {
    struct item *first;
    struct item *last;
};

struct aof_writer {
    /* The thread's own. */
    struct aof_target target;
    struct list work;
    struct list unsynced;
    uint64_t written;
    uint64_t confirmed; /* durable, were the log not damaged */
    uint64_t unsynced_bytes;
    char error[PERSISTENCE_ERROR_MAX];
    int error_number;
    int64_t sync_us;        /* what a sync takes, about */
    uint64_t group_bytes;   /* of the last sync */
    int64_t group_until_us; /* the next group waits so long for its members */

    pthread_t thread;
    void (*notify)(void *context);
    void *context;

    /* Shared. */
    pthread_mutex_t mutex;
    pthread_cond_t has_work;
    pthread_cond_t has_news;
    struct list queue;
    struct buffer spare;
    struct aof_task *ended; /* in order */
    struct aof_task **last_ended;
    uint64_t handed_over;
    uint64_t sync_until; /* without waiting for its time */
    uint64_t task_count; /* not yet run */
    uint64_t wake_at;    /* position that the waiting thread is woken for */
    enum aof_sync_policy policy;
    bool is_stopping;
    bool is_idle; /* the thread waits for work */
    bool is_notified;
    int64_t thread_oldest_us; /* in `work` and `unsynced`; 0: none */
    struct aof_writer_status status;
};

/* --- lists --- */

static void append(struct list *list, struct item *item) {
    item->next = NULL;
    if (list->last != NULL)
        list->last->next = item;
    else
        list->first = item;
    list->last = item;
}

static struct item *take_first(struct list *list) {
    struct item *item = list->first;
    list->first = item->next;
    if (list->first == NULL) list->last = NULL;
    return item;
}

/* Puts the items of `front` before those of `list`. */
static void prepend_all(struct list *list, struct list *front) {
    if (front->first == NULL) return;
    front->last->next = list->first;
    if (list->last == NULL) list->last = front->last;
    list->first = front->first;
    *front = (struct list){0};
}

static void append_all(struct list *list, struct list *more) {
    if (more->first == NULL) return;
    if (list->last == NULL)
        list->first = more->first;
    else
        list->last->next = more->first;
    list->last = more->last;
    *more = (struct list){0};
}

static void free_item(struct item *item) {
    buffer_destroy(&item->bytes);
    mem_free(item);
}

/* --- on the thread: the disk --- */

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

/* The end is cut off at once when that can be done, so that a process that is killed now leaves a
 * whole file. */
static bool write_item(struct aof_writer *writer, const struct item *item) {
    struct aof_target *target = &writer->target;
    if (!mend_end(writer)) return false;
    if (file_write(target->fd, buffer_bytes(&item->bytes))) {
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
        struct item *item = take_first(&writer->unsynced);
        if (spare.data == NULL && item->bytes.cap <= SPARE_MAX_BYTES) {
            spare = item->bytes;
            item->bytes = (struct buffer){0};
        }
        free_item(item);
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

/* --- on the thread: the order of things --- */

/* The wishes of the main thread as they were when the work was taken. */
struct wishes {
    enum aof_sync_policy policy;
    uint64_t sync_until;
};

static int64_t oldest_since(const struct aof_writer *writer) {
    const struct item *item = writer->unsynced.first;
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

static bool run_task(struct aof_writer *writer, struct item *item) {
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

static void keep(struct aof_writer *writer, struct item *item, const struct wishes *wishes) {
    if (wishes->policy == AOF_SYNC_NO) {
        writer->target.has_unkept_bytes = true;
        free_item(item);
        return;
    }
    writer->unsynced_bytes += item->bytes.len;
    append(&writer->unsynced, item);
}

static bool do_first(struct aof_writer *writer, const struct wishes *wishes) {
    struct item *item = writer->work.first;
    if (item->task != NULL) {
        if (!run_task(writer, item)) return false;
        free_item(take_first(&writer->work));
        return true;
    }
    if (!write_item(writer, item)) return false;
    keep(writer, take_first(&writer->work), wishes);
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

/* --- on the thread: waiting --- */

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

/* The next group is expected to be as big as the last one and what has come since that was begun. */
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

static void *run_thread(void *argument) {
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

/* --- life --- */

static int create_thread(struct aof_writer *writer) {
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = pthread_create(&writer->thread, NULL, run_thread, writer);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return error;
}

static void init_conditions(struct aof_writer *writer) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&writer->has_work, &attributes);
    pthread_cond_init(&writer->has_news, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&writer->mutex, NULL);
}

static void free_writer(struct aof_writer *writer) {
    pthread_cond_destroy(&writer->has_work);
    pthread_cond_destroy(&writer->has_news);
    pthread_mutex_destroy(&writer->mutex);
    buffer_destroy(&writer->spare);
    mem_free(writer);
}

struct aof_writer *aof_writer_start(const struct aof_writer_settings *settings) {
    struct aof_writer *writer = mem_alloc_zeroed(sizeof(*writer));
    writer->target = settings->target;
    writer->written = writer->confirmed = writer->handed_over = settings->position;
    writer->status.written = writer->status.durable = settings->position;
    writer->status.file_bytes = settings->target.len;
    writer->policy = settings->policy;
    writer->notify = settings->notify;
    writer->context = settings->context;
    writer->last_ended = &writer->ended;
    init_conditions(writer);
    int error = create_thread(writer);
    if (error == 0) return writer;
    free_writer(writer);
    errno = error;
    return NULL;
}

static void end_tasks(struct aof_task *task, bool was_run) {
    while (task != NULL) {
        struct aof_task *next = task->next;
        task->end(task, was_run);
        task = next;
    }
}

static void drop(struct list *list) {
    while (list->first != NULL) {
        struct item *item = take_first(list);
        if (item->task != NULL) item->task->end(item->task, false);
        free_item(item);
    }
}

void aof_writer_stop(struct aof_writer *writer) {
    pthread_mutex_lock(&writer->mutex);
    writer->is_stopping = true;
    pthread_cond_signal(&writer->has_work);
    pthread_mutex_unlock(&writer->mutex);
    pthread_join(writer->thread, NULL);
    end_tasks(writer->ended, true);
    drop(&writer->unsynced);
    drop(&writer->work);
    drop(&writer->queue);
    file_close(writer->target.fd);
    free_writer(writer);
}

/* --- on the main thread --- */

/* A piece that has not been taken yet grows by one that is small. */
static bool merge(struct aof_writer *writer, const struct buffer *bytes, uint64_t position) {
    struct item *last = writer->queue.last;
    if (last == NULL || last->task != NULL || last->bytes.len + bytes->len > MERGE_MAX_BYTES)
        return false;
    buffer_append(&last->bytes, bytes->data, bytes->len);
    last->position = position;
    return true;
}

static void enqueue(struct aof_writer *writer, struct buffer *bytes, uint64_t position) {
    struct item *item = mem_alloc(sizeof(*item));
    *item = (struct item){.bytes = *bytes, .position = position, .since_us = clock_monotonic_us()};
    append(&writer->queue, item);
    *bytes = writer->spare;
    writer->spare = (struct buffer){0};
}

void aof_writer_hand_over(struct aof_writer *writer, struct buffer *bytes, uint64_t position) {
    if (bytes->len == 0) return;
    pthread_mutex_lock(&writer->mutex);
    if (merge(writer, bytes, position))
        buffer_clear(bytes);
    else
        enqueue(writer, bytes, position);
    writer->handed_over = position;
    if (writer->is_idle && position >= writer->wake_at) pthread_cond_signal(&writer->has_work);
    pthread_mutex_unlock(&writer->mutex);
}

void aof_writer_run(struct aof_writer *writer, struct aof_task *task) {
    struct item *item = mem_alloc_zeroed(sizeof(*item));
    item->task = task;
    item->since_us = clock_monotonic_us();
    pthread_mutex_lock(&writer->mutex);
    append(&writer->queue, item);
    writer->task_count++;
    pthread_cond_signal(&writer->has_work);
    pthread_mutex_unlock(&writer->mutex);
}

void aof_writer_set_policy(struct aof_writer *writer, enum aof_sync_policy policy) {
    pthread_mutex_lock(&writer->mutex);
    writer->policy = policy;
    pthread_cond_signal(&writer->has_work);
    pthread_mutex_unlock(&writer->mutex);
}

void aof_writer_sync_soon(struct aof_writer *writer) {
    pthread_mutex_lock(&writer->mutex);
    writer->sync_until = writer->handed_over;
    pthread_cond_signal(&writer->has_work);
    pthread_mutex_unlock(&writer->mutex);
}

static bool is_drained(const struct aof_writer *writer) {
    return writer->status.durable >= writer->handed_over && writer->task_count == 0;
}

static bool is_stuck(const struct aof_writer *writer) {
    return writer->status.error_number != 0 || writer->status.is_damaged;
}

bool aof_writer_drain(struct aof_writer *writer, int64_t max_ms) {
    int64_t end_us = clock_monotonic_us() + max_ms * 1000;
    struct timespec end = {.tv_sec = end_us / US_PER_SECOND,
                           .tv_nsec = end_us % US_PER_SECOND * NS_PER_US};
    int waited = 0;
    pthread_mutex_lock(&writer->mutex);
    writer->sync_until = writer->handed_over;
    pthread_cond_signal(&writer->has_work);
    while (!is_drained(writer) && !is_stuck(writer) && waited == 0)
        waited = pthread_cond_timedwait(&writer->has_news, &writer->mutex, &end);
    bool is_done = is_drained(writer);
    pthread_mutex_unlock(&writer->mutex);
    return is_done;
}

/* The queue's first when the thread has nothing. */
static int64_t oldest_of_all(const struct aof_writer *writer) {
    if (writer->thread_oldest_us != 0) return writer->thread_oldest_us;
    return writer->queue.first == NULL ? 0 : writer->queue.first->since_us;
}

static void copy_status(struct aof_writer *writer, struct aof_writer_status *status) {
    *status = writer->status;
    status->unwritten_bytes = writer->handed_over - status->written;
    status->kept_bytes = writer->handed_over - status->durable;
    status->oldest_us = oldest_of_all(writer);
}

void aof_writer_read_status(struct aof_writer *writer, struct aof_writer_status *status) {
    pthread_mutex_lock(&writer->mutex);
    copy_status(writer, status);
    pthread_mutex_unlock(&writer->mutex);
}

void aof_writer_take_news(struct aof_writer *writer, struct aof_writer_status *status) {
    pthread_mutex_lock(&writer->mutex);
    copy_status(writer, status);
    struct aof_task *ended = writer->ended;
    writer->ended = NULL;
    writer->last_ended = &writer->ended;
    writer->is_notified = false;
    pthread_mutex_unlock(&writer->mutex);
    end_tasks(ended, true);
}
