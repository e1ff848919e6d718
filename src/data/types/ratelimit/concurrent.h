/* Leases: what CONCURRENT limiters can do beside the methods that all share. */
#ifndef DATA_TYPES_RATELIMIT_CONCURRENT_H
#define DATA_TYPES_RATELIMIT_CONCURRENT_H

#include "foundation/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum { RATE_TOKEN_MAX = 255 }; /* bytes of a token; at least 1 */

/* Ends a lease; false when it is not held (any more). */
bool rate_concurrent_release(void *state, int64_t now_us, struct bytes token);
/* Lets a held lease end `lease_ms` from now; false when it is not held. */
bool rate_concurrent_renew(void *state, int64_t now_us, struct bytes token, int64_t lease_ms);
/* Leases held at the moment. */
int64_t rate_concurrent_held(const void *state, int64_t now_us);

#endif
