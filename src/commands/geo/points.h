/* Points, units and distances as arguments and replies. */
#ifndef COMMANDS_GEO_POINTS_H
#define COMMANDS_GEO_POINTS_H

#include "engine/call.h"
#include "foundation/check.h"
#include "foundation/geo/geohash.h"

/* A longitude and, behind it, a latitude. False after an error reply. */
NODISCARD bool points_read(struct call *call, uint32_t index, struct geo_point *point);
/* The metres of a unit: m km ft mi, any case. */
NODISCARD bool points_read_unit(struct call *call, uint32_t index, double *unit_m);
/* Where a member of a sorted set is; answers nothing when there is no such member. */
NODISCARD bool points_find(const struct entry *entry, struct bytes member, struct geo_point *point);

/* [longitude, latitude] */
void points_reply(struct call *call, struct geo_point point);
/* Four decimals. */
void points_reply_distance(struct call *call, double distance);

#endif
