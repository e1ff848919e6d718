/* Searching in circles, boxes and polygons: GEOSEARCH GEOSEARCHSTORE.
 *
 * GEOSEARCH … CURSOR cursor [COUNT n] [ASC | DESC] replies a page of the results, 10 without COUNT,
 * as [next cursor, [members …]]: see commands/geo/cursor.h. Without ASC or DESC pages come in the
 * order of scores, which costs least; COUNT does not sort then. */
#include "commands/geo/answer.h"
#include "commands/geo/geo_commands.h"
#include "engine/collection_access.h"

static void search(struct call *call, struct query *query, uint32_t source) {
    if (!collection_read(call, call_key(call, source), VALUE_ZSET, &query->entry)) return;
    if (query_read_options(call, query, source + 1)) answer_query(call, query, "geosearchstore");
    query_destroy(query);
}

static void geosearch_command(struct call *call) {
    struct query query = {.kind = QUERY_SEARCH};
    search(call, &query, 1);
}

static void geosearchstore_command(struct call *call) {
    struct query query = {.kind = QUERY_SEARCH_STORE, .store_index = 1};
    search(call, &query, 2);
}

#define SHAPE_SYNTAX                                                                               \
    "[from(FROMMEMBER member | FROMLONLAT longitude_latitude(longitude:double latitude:double))] " \
    "by(circle(BYRADIUS radius:double unit(M | KM | FT | MI)) | box(BYBOX width:double "           \
    "height:double unit(M | KM | FT | MI)) | polygon(BYPOLYGON num-vertices:integer "              \
    "longitude_latitude(longitude:double latitude:double)...)) [order(ASC | DESC)] "               \
    "[count(COUNT count:integer [ANY])]"
#define COMPLEXITY                                                                                 \
    "O(N+log(M)) for N results and those near the edge, of M members; with COUNT and an order "    \
    "only "                                                                                        \
    "the best and their neighbours are looked at"

static const struct command_row rows[] = {
    {
        .name = "geosearch",
        .handler = geosearch_command,
        .arity = -7,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_GEO,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns the members in a circle, box or polygon, all at once or page by page.",
        .syntax = "key " SHAPE_SYNTAX " [CURSOR cursor] [WITHCOORD] [WITHDIST] [WITHHASH]",
        .complexity = COMPLEXITY,
        .since = "6.2.0",
        .group = "geo",
    },
    {
        .name = "geosearchstore",
        .handler = geosearchstore_command,
        .arity = -8,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_GEO,
        .keys = {KEY_AT(1, "OW update"), KEY_AT(2, "RO access")},
        .summary = "Stores the members in a circle, box or polygon.",
        .syntax = "destination source:key " SHAPE_SYNTAX " [STOREDIST]",
        .complexity = COMPLEXITY,
        .since = "6.2.0",
        .group = "geo",
    },
};

const struct command_list geo_search_commands = COMMAND_LIST(rows);
