#include "services/persistence/aof_writer.h"

#include "foundation/clock.h"
#include "foundation/mem.h"
#include "io/file.h"
#include "services/persistence/aof_writer_private.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

enum {
    US_PER_SECOND = 1000 * 1000,
    NS_PER_US = 1000,
#ifdef SKUA_TEST
    MERGE_MAX_BYTES = 64,
#else
    MERGE_MAX_BYTES = 256 * 1024, /* pieces are put together up to here */
#endif
};

/* --- life --- */

static int create_thread(struct aof_writer *writer) {
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = pthread_create(&writer->thread, NULL, aof_writer_run_thread, writer);
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

static void drop(struct aof_items *list) {
    while (list->first != NULL) {
        struct aof_item *item = aof_items_take(list);
        if (item->task != NULL) item->task->end(item->task, false);
        aof_item_free(item);
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
    struct aof_item *last = writer->queue.last;
    if (last == NULL || last->task != NULL || last->bytes.len + bytes->len > MERGE_MAX_BYTES)
        return false;
    buffer_append(&last->bytes, bytes->data, bytes->len);
    last->position = position;
    return true;
}

static void enqueue(struct aof_writer *writer, struct buffer *bytes, uint64_t position) {
    struct aof_item *item = mem_alloc(sizeof(*item));
    *item =
        (struct aof_item){.bytes = *bytes, .position = position, .since_us = clock_monotonic_us()};
    aof_items_append(&writer->queue, item);
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
    struct aof_item *item = mem_alloc_zeroed(sizeof(*item));
    item->task = task;
    item->since_us = clock_monotonic_us();
    pthread_mutex_lock(&writer->mutex);
    aof_items_append(&writer->queue, item);
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
    status->kept_bytes += status->unwritten_bytes;
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
    writer->status.longest_write_us = writer->status.longest_sync_us = 0;
    struct aof_task *ended = writer->ended;
    writer->ended = NULL;
    writer->last_ended = &writer->ended;
    writer->is_notified = false;
    pthread_mutex_unlock(&writer->mutex);
    end_tasks(ended, true);
}
