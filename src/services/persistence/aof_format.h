/* Effects as bytes of the log: requests in RESP, with a SELECT where the database changes, what
 * belongs together between MULTI and EXEC, and, if wanted, lines that tell the time:
 *
 *      #TS:1700000000
 *      *2 $6 SELECT $1 3   *1 $5 MULTI   *3 $3 SET …   *2 $3 DEL …   *1 $4 EXEC       */
#ifndef SERVICES_PERSISTENCE_AOF_FORMAT_H
#define SERVICES_PERSISTENCE_AOF_FORMAT_H

#include "foundation/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the file tells so far; the zeroed struct is for an empty one. */
struct aof_format {
    uint32_t db_number; /* selected, if */
    bool has_db;
    bool has_times; /* lines that tell the time are wanted */
    bool is_group;
    uint32_t group_count; /* effects in it */
    size_t group_start;   /* of its MULTI in the buffer */
    int64_t told_s;       /* unix time of the last such line */
};

/* The next byte is the first of a file. */
void aof_format_start_file(struct aof_format *format);
/* One effect, at the unix time now_s. */
void aof_format_write(struct aof_format *format, struct buffer *out, uint32_t db_number,
                      const struct bytes *args, uint32_t argc, int64_t now_s);
/* The same, but for the arguments, which the caller appends as bulk strings. */
void aof_format_open_request(struct aof_format *format, struct buffer *out, uint32_t db_number,
                             uint32_t argc, int64_t now_s);
/* Around effects that are to be loaded together or not at all; the buffer only grows between. An
 * end without a beginning is ignored. */
void aof_format_begin(struct aof_format *format);
void aof_format_end(struct aof_format *format, struct buffer *out);

#endif
