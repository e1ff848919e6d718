/* Programs: a few bytes that are read as a sequence of requests.
 *
 * A request is written from its command's syntax string: each byte of the input decides the next
 * choice on the way (which command, which alternative, is an option given, which value), so that a
 * short input already reaches deep into a handler, and changing a byte changes one choice. Keys and
 * values come from small pools, for commands to meet each other's results. Now and then a request is
 * bent: an argument too many, too few, or a value of another kind. */
#ifndef FUZZ_SUPPORT_PROGRAM_H
#define FUZZ_SUPPORT_PROGRAM_H

#include "engine/feature.h"
#include "foundation/buffer.h"

#include <stdbool.h>
#include <stdint.h>

/* What is left of an input. Behind its end there are zeros. */
struct program {
    struct bytes rest;
    int64_t now_ms; /* what moments in time are given relative to */
};

/* Collects the commands of the features; once, before anything else. */
void program_start(const struct feature *const *features);

uint8_t program_take(struct program *program);
/* Appends the next request as a RESP array of bulk strings. */
void program_write_request(struct program *program, struct buffer *out);

#endif
