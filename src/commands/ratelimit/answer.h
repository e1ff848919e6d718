/* How takes answer: the fields of an answer in their order, flat in RESP2 and a map in RESP3; and HTTP
 * header fields. */
#ifndef COMMANDS_RATELIMIT_ANSWER_H
#define COMMANDS_RATELIMIT_ANSWER_H

#include "commands/ratelimit/request.h"
#include "engine/call.h"

enum { ANSWER_FIELDS = 8 };

/* The header of the array or map: the fields and `more` others. */
void answer_begin(struct call *call, uint32_t more);
/* The fields, in RESP3 with their names. */
void answer_fields(struct call *call, const struct rate_answer *answer);
/* One more field's name, in RESP3. */
void answer_name(struct call *call, const char *name);

/* The whole answer to one take, with header fields where they were asked for. */
void answer_take(struct call *call, const struct take *take, const struct rate_answer *answer);

#endif
