/* Replies: what handlers answer with. Each function writes one element in the caller's protocol;
 * a map or array header is followed by as many elements as it announced. */
#ifndef ENGINE_REPLY_H
#define ENGINE_REPLY_H

#include "engine/call.h"
#include "foundation/check.h"
#include "protocol/resp_writer.h"

struct string_block;

static inline void reply_integer(struct call *call, int64_t value) {
    char *out = output_room(call->output, RESP_HEADER_MAX);
    output_commit(call->output, (size_t)(resp_put_integer(out, value) - out));
}

/* An array of integers. */
void reply_integers(struct call *call, const int64_t *values, size_t count);
/* Fields in their order: `count` integers and a word, whose name is the last one; `more` fields follow.
 * In RESP2 the values alone, in RESP3 a map. Names and word are of RESP_HEADER_MAX bytes at most. */
void reply_fields(struct call *call, const struct bytes *names, const int64_t *values, size_t count,
                  struct bytes word, size_t more);

static inline void reply_bulk(struct call *call, struct bytes value) {
    char *out = output_room(call->output, value.len + RESP_HEADER_MAX);
    output_commit(call->output, (size_t)(resp_put_bulk(out, value) - out));
}

static inline void reply_null(struct call *call) {
    char *out = output_room(call->output, RESP_HEADER_MAX);
    output_commit(call->output, (size_t)(resp_put_null(out, call->session->version) - out));
}

static inline void reply_array(struct call *call, size_t count) {
    char *out = output_room(call->output, RESP_HEADER_MAX);
    output_commit(call->output, (size_t)(resp_put_array(out, count) - out));
}

/* "+OK" and other one-line words without line ends. */
void reply_ok(struct call *call);
void reply_simple(struct call *call, const char *text);
void reply_bulk_str(struct call *call, const char *text);
void reply_bulk_integer(struct call *call, int64_t value);
void reply_bulk_printf(struct call *call, const char *format, ...) PRINTF_LIKE(2, 3);
void reply_null_array(struct call *call);
/* For sets whose count is known only after their elements: reply_mark remembers the place,
 * and the header is put there later. Cost: a memmove of what was replied since. */
static inline size_t reply_mark(const struct call *call) {
    return output_mark(call->output);
}
void reply_insert_set(struct call *call, size_t mark, size_t count);
/* `count` pairs follow. */
void reply_map(struct call *call, size_t count);
void reply_set(struct call *call, size_t count);
void reply_bool(struct call *call, bool value);
void reply_double(struct call *call, double value);
/* `format` is "txt" or "mkd". */
void reply_verbatim(struct call *call, const char *format, struct bytes text);
/* Bytes that are already in the caller's protocol. */
void reply_raw(struct call *call, struct bytes raw);

/* A string value: small ones are copied, big ones sent from where they lie. */
void reply_string_value(struct call *call, const struct entry *entry);

/* An error; `text` begins with its code ("ERR …", "WRONGTYPE …"). Line ends in it become spaces. The
 * call counts as failed, the code goes to INFO errorstats. */
void reply_error(struct call *call, const char *text);
void reply_error_printf(struct call *call, const char *format, ...) PRINTF_LIKE(2, 3);
/* The errors that many commands share. */
void reply_error_syntax(struct call *call);
void reply_error_wrong_type(struct call *call);
void reply_error_not_integer(struct call *call);
void reply_error_not_float(struct call *call);
void reply_error_no_key(struct call *call);
/* "wrong number of arguments for 'x' command", with the call's full name. */
void reply_error_arity(struct call *call);
/* "unknown subcommand or wrong number of arguments for 'sub'. Try X HELP." */
void reply_error_subcommand(struct call *call);
/* The lines of a HELP subcommand, ended by NULL: the container's title and the HELP entry itself are added. */
void reply_help(struct call *call, const char *const *lines);

#endif
