/* Holds replies to the protocol: what a session sends must read as whole RESP elements. */
#ifndef FUZZ_SUPPORT_REPLY_CHECK_H
#define FUZZ_SUPPORT_REPLY_CHECK_H

#include "foundation/bytes.h"
#include "io/output.h"

/* The bytes of a lent batch in the order they would be sent, added to `out`. */
void reply_collect(const struct output_batch *batch, struct buffer *out);
/* Ends the process unless `replies` is a sequence of whole elements. Returns how many replies they
 * are: pushes and attributes are none. */
size_t reply_check(struct bytes replies);

#endif
