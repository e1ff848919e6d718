/* What the commands on several fields share: the FIELDS argument, and values as replies. */
#ifndef COMMANDS_HASH_FIELDS_H
#define COMMANDS_HASH_FIELDS_H

#include "data/types/hash/hash.h"
#include "engine/call.h"
#include "engine/member_due_options.h"

/* Reads a FIELDS argument that begins at `index` and ends the command. False after an error
 * reply. */
NODISCARD bool fields_parse_last(struct call *call, uint32_t index, struct member_list *fields);

/* Replies the value of a field, or null where there is none; `entry` may be NULL. */
void fields_reply_value(struct call *call, const struct entry *entry, struct bytes name);
/* An array of the values of `count` fields. */
void fields_reply_values(struct call *call, const struct entry *entry, const struct bytes *names,
                         uint32_t count);

#endif
