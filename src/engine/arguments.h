/* Reading arguments: each function takes one by its index and, when it is not what is wanted,
 * answers the error users expect and returns false; the handler then returns at once. */
#ifndef ENGINE_ARGUMENTS_H
#define ENGINE_ARGUMENTS_H

#include "engine/call.h"
#include "foundation/check.h"

/* Any signed 64-bit integer: "value is not an integer or out of range". */
NODISCARD bool argument_i64(struct call *call, uint32_t index, int64_t *value);
/* The same with an error of one's own ("ERR …"). */
NODISCARD bool argument_i64_or(struct call *call, uint32_t index, int64_t *value,
                               const char *error);
/* One in [min, max]: "value is out of range…". `error` NULL stands for the standard text. */
NODISCARD bool argument_i64_in(struct call *call, uint32_t index, int64_t min, int64_t max,
                               int64_t *value, const char *error);
/* "value is not a valid float". */
NODISCARD bool argument_double(struct call *call, uint32_t index, double *value);
NODISCARD bool argument_long_double(struct call *call, uint32_t index, long double *value);
/* A database number: "value is not an integer…" and "DB index is out of range". */
NODISCARD bool argument_db(struct call *call, uint32_t index, uint32_t *number);
/* True when the argument is that word, any case; answers nothing. */
static inline bool argument_is(const struct call *call, uint32_t index, const char *word) {
    return bytes_is_word(call->args[index], word);
}
static inline bool argument_has_next(const struct call *call, uint32_t index) {
    return index + 1 < call->argc;
}

/* The units in which commands take due times: seconds or ms, from now or from 1970. */
enum due_unit { DUE_SECONDS, DUE_MS, DUE_UNIX_SECONDS, DUE_UNIX_MS };
/* A due time in unix ms, at least 1, from an argument in that unit; "invalid expire time in 'x' command" when it is
 * not positive (unless `may_be_past`, for EXPIRE's family, where it is at least 1 too but may lie in the past) or overflows. */
NODISCARD bool argument_due(struct call *call, uint32_t index, enum due_unit unit, bool may_be_past,
                            int64_t *due_ms);

/* True when the argument is EX, PX, EXAT or PXAT; answers nothing. */
bool argument_is_due_unit(const struct call *call, uint32_t index, enum due_unit *unit);

#endif
