/* The writer from within, for aof_writer.c (the main thread's side) and aof_writer_thread.c only.
 *
 * What was handed over goes through three lists:
 *
 *      queue (shared)  --take-->  work  --write-->  unsynced  --sync--> freed
 *                                  ^-------- a sync that fails --+
 *
 * Only the queue, the ended tasks and the status are shared, under the mutex. */
#ifndef SERVICES_PERSISTENCE_AOF_WRITER_PRIVATE_H
#define SERVICES_PERSISTENCE_AOF_WRITER_PRIVATE_H

#include "foundation/mem.h"
#include "services/persistence/aof_writer.h"

#include <pthread.h>

/* Bytes or a task. */
struct aof_item {
    struct aof_item *next;
    struct aof_task *task;
    struct buffer bytes;
    uint64_t position; /* where they end */
    int64_t since_us;
};

struct aof_items {
    struct aof_item *first;
    struct aof_item *last;
};

struct aof_writer {
    /* The thread's own. */
    struct aof_target target;
    struct aof_items work;
    struct aof_items unsynced;
    uint64_t written;
    uint64_t confirmed; /* durable, were the log not damaged */
    uint64_t unsynced_bytes;
    char error[PERSISTENCE_ERROR_MAX];
    int error_number;
    int64_t longest_write_us; /* since they were published */
    int64_t longest_sync_us;
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
    struct aof_items queue;
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

static inline void aof_items_append(struct aof_items *list, struct aof_item *item) {
    item->next = NULL;
    if (list->last != NULL)
        list->last->next = item;
    else
        list->first = item;
    list->last = item;
}

static inline struct aof_item *aof_items_take(struct aof_items *list) {
    struct aof_item *item = list->first;
    list->first = item->next;
    if (list->first == NULL) list->last = NULL;
    return item;
}

static inline void aof_item_free(struct aof_item *item) {
    buffer_destroy(&item->bytes);
    mem_free(item);
}

/* The thread; the argument is the writer. */
void *aof_writer_run_thread(void *argument);

#endif
