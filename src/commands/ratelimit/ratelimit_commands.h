/* The rate-limit family: RL.TAKE and its kin, RL.POLICY, and the limiters of other servers under
 * their names: CL.THROTTLE, GCRA. */
#ifndef COMMANDS_RATELIMIT_RATELIMIT_COMMANDS_H
#define COMMANDS_RATELIMIT_RATELIMIT_COMMANDS_H

#include "engine/feature.h"

extern const struct feature ratelimit_commands_feature;

/* The lists that make it up, one a file. */
extern const struct command_list ratelimit_take_commands;
extern const struct command_list ratelimit_take_all_commands;
extern const struct command_list ratelimit_edit_commands;
extern const struct command_list ratelimit_info_commands;
extern const struct command_list ratelimit_policy_commands;
extern const struct command_list ratelimit_throttle_commands;
extern const struct command_list ratelimit_replay_commands;

/* ratelimit-max-policies. */
size_t ratelimit_max_policies(void);

/* The policies in the syntax of rows (engine/syntax.h); with those that name a lease. */
#define NUMBERED_POLICY_SYNTAX                                                                     \
    "BUCKET bucket(capacity:integer refill:integer period-ms:integer) | "                          \
    "GCRA gcra(burst:integer count period-ms:integer) | "                                          \
    "LEAKY leaky(capacity:integer leak:integer period-ms:integer) | "                              \
    "FIXED fixed(limit window-ms:integer [ALIGNED]) | "                                            \
    "SLIDING sliding(limit window-ms:integer [BUCKETS buckets:integer]) | "                        \
    "LOG log(limit window-ms:integer)"
#define POLICY_SYNTAX                                                                              \
    "policy(" NUMBERED_POLICY_SYNTAX " | CONCURRENT concurrent(limit lease-ms:integer TOKEN "      \
    "token) | USE use(name [TOKEN token]))"

#endif
