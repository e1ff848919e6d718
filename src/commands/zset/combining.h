/* Unions, intersections and differences of sorted sets. */
#ifndef COMMANDS_ZSET_COMBINING_H
#define COMMANDS_ZSET_COMBINING_H

#include "commands/zset/operands.h"

/* Makes a sorted set of the operands, which may be reordered, with scores weighted and aggregated;
 * NULL when exact scores overflow. Sums depend on the order of the operands in their last bits, and
 * with infinities in more: they are added as Redis does, the smallest set first. A sum that is not
 * a number counts as 0. */
typedef struct zset_builder *combining_function(struct operands *operands);

combining_function combining_unite;
combining_function combining_intersect;
/* What is in the first operand and in no other, with the scores it has there. */
combining_function combining_subtract;

/* How many members are in all operands, counted no further than operands->limit. */
uint64_t combining_count_intersection(struct operands *operands);

/* "ERR resulting score is out of range": to NULL. */
void combining_reply_overflow(struct call *call);

#endif
