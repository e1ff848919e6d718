/* Reads a file of the log of writes command by command, in big pieces: for whoever loads or checks
 * one. Runs nothing.
 *
 *      #TS:1700000000 | *2 $6 SELECT $1 0 | *1 $5 MULTI | … | *1 $4 EXEC | …
 *      ^ passed over                       ^ safe_offset until EXEC has been read
 *
 * Held to what servers write: requests as arrays of bulk strings with every line end in place, and
 * lines that begin with '#'. What is not so is malformed; a file that ends within a request or a
 * transaction is torn. Memory follows what is in the file, not what it says. */
#ifndef SERVICES_PERSISTENCE_AOF_READER_H
#define SERVICES_PERSISTENCE_AOF_READER_H

#include "foundation/bytes.h"
#include "foundation/check.h"
#include "protocol/resp_reader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum aof_read {
    AOF_READ_COMMAND,   /* args, argc (at least 1); MULTI and EXEC too */
    AOF_READ_END,       /* of the file, behind a whole command, outside of a transaction */
    AOF_READ_TORN,      /* error; the file ends within a command or transaction */
    AOF_READ_MALFORMED, /* error */
    AOF_READ_FAILED,    /* error; the disk, or no memory for a request that is in the file */
};

enum { AOF_READER_ERROR_MAX = 240, AOF_READER_AHEAD = 64 };

struct aof_reader {
    uint64_t offset;      /* of what is read next; after a failure of what could not be read */
    uint64_t safe_offset; /* up to here whole commands and transactions were read */
    bool is_in_transaction;
    const struct bytes *args; /* views, valid until the next call */
    size_t argc;
    char error[AOF_READER_ERROR_MAX]; /* "offset 12: expected …, found …" */
    /* For the functions below only. */
    int fd;
    uint64_t left_bytes; /* of the file that are not in the buffer */
    char *buffer;
    size_t start, end, cap; /* what is unread of it */
    struct resp_reader resp;
    struct resp_arguments arguments;
    /* The commands at hand: `next` of `read` were given out. */
    struct resp_request requests[AOF_READER_AHEAD];
    size_t next, read;
};

/* Reads the open file, which stays the caller's, from the offset on; false with errno. */
NODISCARD bool aof_reader_init(struct aof_reader *reader, int fd, uint64_t offset);
void aof_reader_destroy(struct aof_reader *reader);
enum aof_read aof_reader_next(struct aof_reader *reader);

/* When no command is at hand reads some, up to AOF_READER_AHEAD that lie in the buffer: then those
 * before `read` from `next` on are the ones that aof_reader_next will give, and their views in
 * `arguments` stay valid until it has given the last and is called again. AOF_READ_COMMAND, or what
 * aof_reader_next would answer. */
enum aof_read aof_reader_look_ahead(struct aof_reader *reader);

#endif
