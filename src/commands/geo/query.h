/* The arguments of a search: GEORADIUS and its kin, GEOSEARCH, GEOSEARCHSTORE. */
#ifndef COMMANDS_GEO_QUERY_H
#define COMMANDS_GEO_QUERY_H

#include "commands/geo/search.h"
#include "engine/call.h"

enum query_kind {
    QUERY_RADIUS,       /* STORE and STOREDIST name a key */
    QUERY_RADIUS_RO,    /* neither is known */
    QUERY_SEARCH,       /* centre and shape are options too */
    QUERY_SEARCH_STORE, /* and STOREDIST stands alone */
};

struct query {
    enum query_kind kind;
    const struct entry *entry; /* of the places; NULL: no such key */
    struct geo_shape shape;
    struct geo_point *vertices; /* the query's own; NULL: none */
    double unit_m;
    enum hits_order order;
    int64_t count; /* 0: no limit */
    bool is_any, has_distance, has_hash, has_coordinates;
    bool is_from_member, is_from_point, has_shape;
    uint32_t store_index; /* argument of the destination; 0: none */
    bool stores_distances;
    uint32_t cursor_index; /* 0: none */
};

/* Reads the options from argument `first` on into a query whose kind, entry and fixed arguments are
 * already there. False after an error reply. In either case query_destroy() follows. */
NODISCARD bool query_read_options(struct call *call, struct query *query, uint32_t first);
/* A radius and its unit, the shape's centre being there. */
NODISCARD bool query_read_circle(struct call *call, struct query *query, uint32_t index);
/* The place of a member as the centre. */
NODISCARD bool query_read_member(struct call *call, struct query *query, uint32_t index);
void query_destroy(struct query *query);

#endif
