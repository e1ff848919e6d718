/* EXEC's conditions on keys, all of which must hold for the transaction to run:
 *
 *      IFEQ key value      the key is a string with that value
 *      IFNE key value      the key is absent or a string with another value
 *      XX key              the key exists
 *      NX key              it does not
 */
#ifndef COMMANDS_TRANSACTIONS_CONDITIONS_H
#define COMMANDS_TRANSACTIONS_CONDITIONS_H

#include "engine/call.h"

enum conditions_result {
    CONDITIONS_HOLD,
    CONDITIONS_FAIL,
    CONDITIONS_WRONG_TYPE, /* IFEQ or IFNE on a key that is no string */
};

/* True when the arguments of EXEC, the name included, are whole conditions. */
bool conditions_are_valid(const struct bytes *args, uint32_t argc);
/* Tries the conditions of a call of EXEC, which are valid, from the left until one fails. */
enum conditions_result conditions_try(struct call *call);
/* The finder of EXEC's row. */
int64_t conditions_find_keys(const struct bytes *args, uint32_t argc,
                             struct key_position *positions, size_t max);

#endif
