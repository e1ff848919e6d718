/* Transaction: what a session has queued since MULTI, to be run as one by EXEC.
 *
 * Queued commands lie one behind the other in a buffer, as numbers and bytes; they are looked up again
 * when they run:
 *
 *      | argc | len | bytes of the name | len | bytes of an argument | ... | argc | len | ...
 *
 * A refused command aborts the transaction: what was queued is given back at once, and EXEC says so. */
#ifndef ENGINE_TRANSACTION_H
#define ENGINE_TRANSACTION_H

#include "engine/call.h"
#include "foundation/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct transaction;

/* Begins one; the session has none. */
void transaction_begin(struct session *session);
/* Ends it, if there is one, without running anything, and forgets the watched keys. */
void transaction_discard(struct session *session);
/* Makes EXEC refuse to run. */
void transaction_abort(struct transaction *transaction);
bool transaction_is_aborted(const struct transaction *transaction);
/* Queues a copy of the call, unless EXEC is already known not to run. False when the queue would outgrow
 * client-query-buffer-limit. */
NODISCARD bool transaction_queue(struct transaction *transaction, const struct call *call);
/* Flags (enum command_flag) of all queued commands together. */
uint32_t transaction_flags(const struct transaction *transaction);
/* Runs what is queued as part of the call, EXEC: replies an array with the reply of each. Errors among
 * them do not stop the rest. The transaction is over, and no key is watched. */
void transaction_run(struct call *call);

/* Commands queued in the session; -1 outside of MULTI. */
long long transaction_count(const struct session *session);
/* Memory of the session's queue and watched keys. */
size_t transaction_used_bytes(const struct session *session);
/* That of the queue alone, at once. */
size_t transaction_queued_bytes(const struct session *session);

#endif
