#include "foundation/worker.h"

#include "foundation/mem.h"

#include <string.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>

struct job {
    struct job *next;
    worker_job_function *function;
    void *argument;
};

struct worker {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t has_job;
    pthread_cond_t is_idle;
    struct job *first;
    struct job **last_link;
    size_t pending;
    bool is_stopping;
    char name[16];
};

static struct job *take_job(struct worker *worker) {
    pthread_mutex_lock(&worker->mutex);
    while (worker->first == NULL && !worker->is_stopping)
        pthread_cond_wait(&worker->has_job, &worker->mutex);
    struct job *job = worker->first;
    if (job != NULL) {
        worker->first = job->next;
        if (worker->first == NULL) worker->last_link = &worker->first;
    }
    pthread_mutex_unlock(&worker->mutex);
    return job;
}

static void finish_job(struct worker *worker, struct job *job) {
    mem_free(job);
    pthread_mutex_lock(&worker->mutex);
    worker->pending--;
    if (worker->pending == 0) pthread_cond_broadcast(&worker->is_idle);
    pthread_mutex_unlock(&worker->mutex);
}

static void *run_worker(void *argument) {
    struct worker *worker = argument;
    pthread_setname_np(pthread_self(), worker->name);
    mem_thread_enter();
    for (struct job *job = take_job(worker); job != NULL; job = take_job(worker)) {
        job->function(job->argument);
        finish_job(worker, job);
    }
    mem_thread_leave();
    return NULL;
}

/* Signals are the main thread's business. */
static int create_thread(struct worker *worker) {
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = pthread_create(&worker->thread, NULL, run_worker, worker);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return error;
}

struct worker *worker_start(const char *name) {
    struct worker *worker = mem_alloc_zeroed(sizeof(*worker));
    strncpy(worker->name, name, sizeof(worker->name) - 1);
    pthread_mutex_init(&worker->mutex, NULL);
    pthread_cond_init(&worker->has_job, NULL);
    pthread_cond_init(&worker->is_idle, NULL);
    worker->last_link = &worker->first;
    int error = create_thread(worker);
    if (error == 0) return worker;
    mem_free(worker);
    errno = error;
    return NULL;
}

void worker_stop(struct worker *worker) {
    if (worker == NULL) return;
    pthread_mutex_lock(&worker->mutex);
    worker->is_stopping = true;
    pthread_cond_signal(&worker->has_job);
    pthread_mutex_unlock(&worker->mutex);
    pthread_join(worker->thread, NULL);
    pthread_cond_destroy(&worker->has_job);
    pthread_cond_destroy(&worker->is_idle);
    pthread_mutex_destroy(&worker->mutex);
    mem_free(worker);
}

void worker_submit(struct worker *worker, worker_job_function *job, void *argument) {
    struct job *fresh = mem_alloc(sizeof(*fresh));
    *fresh = (struct job){.function = job, .argument = argument};
    pthread_mutex_lock(&worker->mutex);
    *worker->last_link = fresh;
    worker->last_link = &fresh->next;
    worker->pending++;
    pthread_cond_signal(&worker->has_job);
    pthread_mutex_unlock(&worker->mutex);
}

size_t worker_pending(struct worker *worker) {
    pthread_mutex_lock(&worker->mutex);
    size_t pending = worker->pending;
    pthread_mutex_unlock(&worker->mutex);
    return pending;
}

void worker_drain(struct worker *worker) {
    pthread_mutex_lock(&worker->mutex);
    while (worker->pending != 0) pthread_cond_wait(&worker->is_idle, &worker->mutex);
    pthread_mutex_unlock(&worker->mutex);
}
