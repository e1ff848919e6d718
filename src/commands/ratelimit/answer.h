/* How takes answer: the fields of an answer in their order, flat in RESP2 and a map in RESP3; and
 * HTTP header fields. */
#ifndef COMMANDS_RATELIMIT_ANSWER_H
#define COMMANDS_RATELIMIT_ANSWER_H

#include "commands/ratelimit/request.h"
#include "engine/call.h"

/* The array or map of an answer: its fields, and room for `more` others that follow. */
void answer_fields(struct call *call, const struct rate_answer *answer, uint32_t more);
/* One more field's name, in RESP3. */
void answer_name(struct call *call, const char *name);

/* The whole answer to one take, with header fields where they were asked for. */
void answer_take(struct call *call, const struct take *take, const struct rate_answer *answer);

#endif
