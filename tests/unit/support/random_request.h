/* Random requests, written from the syntax of the commands' rows: every command on data there is,
 * one added later included.
 *
 * They are meant to meet each other: a few keys for each group of commands, mostly of the type that
 * the command wants, few members, times of milliseconds to seconds from now. Some requests are wrong
 * all the same. Nothing but the generator's own seed decides what comes. */
#ifndef UNIT_SUPPORT_RANDOM_REQUEST_H
#define UNIT_SUPPORT_RANDOM_REQUEST_H

#include "engine/feature.h"
#include "foundation/buffer.h"

#include <stdbool.h>
#include <stdint.h>

enum { RANDOM_REQUEST_MAX_ARGS = 64 };

struct random_request {
    struct buffer text; /* the arguments, one behind the other */
    size_t ends[RANDOM_REQUEST_MAX_ARGS];
    struct bytes args[RANDOM_REQUEST_MAX_ARGS]; /* views into the text */
    uint32_t argc;
};

/* Collects the commands that read and write keys; NULL-terminated features. */
void random_request_start(const struct feature *const *features);
void random_request_stop(void);

void random_request_seed(uint64_t seed);
/* A number below `below`, drawn like everything else. */
uint64_t random_request_draw(uint64_t below);
/* Fills a zeroed or used request. `now_ms` is what moments are given relative to. */
void random_request_make(struct random_request *request, int64_t now_ms);
/* Clears it and adds arguments by hand; `finish` before the arguments are read. */
void random_request_clear(struct random_request *request);
void random_request_add(struct random_request *request, struct bytes arg);
void random_request_finish(struct random_request *request);
void random_request_destroy(struct random_request *request);
/* One of the keys that requests name. */
struct bytes random_request_key(void);

#endif
