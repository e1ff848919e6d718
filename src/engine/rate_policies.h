/* Rate policies stored under a name (RL.POLICY), which takes refer to (USE), with what they have
 * decided. They belong to the engine and not to a database: FLUSHALL leaves them. Whoever keeps the
 * data over a restart keeps them too, as the commands that store them. */
#ifndef ENGINE_RATE_POLICIES_H
#define ENGINE_RATE_POLICIES_H

#include "data/types/ratelimit/policy.h"
#include "foundation/bytes.h"
#include "foundation/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;

enum { RATE_POLICY_NAME_MAX = 128 };

/* Every decision is a take; those that said no are a denial, or blocked by RL.BLOCK. */
struct rate_counts {
    uint64_t takes;
    uint64_t denials;
    uint64_t blocked;
};

struct stored_rate_policy {
    struct rate_policy policy;
    struct rate_counts counts;
    uint32_t name_len;
    char name[];
};

static inline struct bytes stored_rate_policy_name(const struct stored_rate_policy *stored) {
    return bytes_of(stored->name, stored->name_len);
}

/* True for 1 to RATE_POLICY_NAME_MAX printable characters of ASCII without space, '"' and '\', so
 * that a name needs no quoting in an HTTP header. */
bool rate_policy_name_is_valid(struct bytes name);

/* NULL when none has that name. Valid until it is removed. */
struct stored_rate_policy *rate_policies_find(const struct engine *engine, struct bytes name);
/* Stores a valid policy under a valid name; one that is there is replaced, and its counts stay.
 * False, with nothing changed, when that would make more than `max`. */
NODISCARD bool rate_policies_set(struct engine *engine, struct bytes name,
                                 const struct rate_policy *policy, size_t max);
NODISCARD bool rate_policies_remove(struct engine *engine, struct bytes name);
size_t rate_policies_count(const struct engine *engine);
void rate_policies_reset_counts(struct engine *engine);

/* All of them, by name; the caller frees the array. */
struct stored_rate_policy **rate_policies_sorted(const struct engine *engine, size_t *count);
/* Each as the command that stores it, by name: RL.POLICY SET name word word … */
typedef void rate_policies_command_function(void *context, const struct bytes *args, uint32_t argc);
void rate_policies_tell(const struct engine *engine, rate_policies_command_function *tell,
                        void *context);

/* For the engine's end. */
void rate_policies_free(struct engine *engine);

#endif
