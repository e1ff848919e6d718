/* Running a query and replying or storing what it found. */
#ifndef COMMANDS_GEO_ANSWER_H
#define COMMANDS_GEO_ANSWER_H

#include "commands/geo/query.h"

/* `store_event` is reported when the result is stored. */
void answer_query(struct call *call, const struct query *query, const char *store_event);

#endif
