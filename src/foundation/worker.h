/* Worker: one thread beside the main one that does jobs in the order they came: freeing what is too
 * big to free between two commands. */
#ifndef FOUNDATION_WORKER_H
#define FOUNDATION_WORKER_H

#include <stddef.h>

typedef void worker_job_function(void *argument);

struct worker;

/* Starts the thread, under this name (at most 15 characters). NULL with errno when there can be none. */
struct worker *worker_start(const char *name);
/* Waits for every job to be done, ends the thread, frees the worker. NULL is ignored. */
void worker_stop(struct worker *worker);
/* Hands a job over; `argument` is the worker's from then on. */
void worker_submit(struct worker *worker, worker_job_function *job, void *argument);
/* Jobs not yet done. */
size_t worker_pending(struct worker *worker);
/* Waits until every job handed over so far is done. */
void worker_drain(struct worker *worker);

#endif
