/* What is known of single places: GEODIST GEOHASH GEOPOS. */
#include "commands/geo/geo_commands.h"
#include "commands/geo/points.h"
#include "data/types/zset/zset.h"
#include "engine/collection_access.h"
#include "foundation/geo/shape.h"

static bool read_places(struct call *call, const struct entry **entry) {
    return collection_read(call, call_key(call, 1), VALUE_ZSET, entry);
}

static void geodist_command(struct call *call) {
    const struct entry *entry;
    double unit_m = 1;
    if (call->argc > 5) {
        reply_error_syntax(call);
        return;
    }
    if (call->argc == 5 && !points_read_unit(call, 4, &unit_m)) return;
    if (!read_places(call, &entry)) return;
    struct geo_point a, b;
    if (entry != NULL && points_find(entry, call->args[2], &a) &&
        points_find(entry, call->args[3], &b))
        points_reply_distance(call, geo_distance_m(a, b) / unit_m);
    else
        reply_null(call);
}

static void geohash_command(struct call *call) {
    const struct entry *entry;
    if (!read_places(call, &entry)) return;
    reply_array(call, call->argc - 2);
    for (uint32_t i = 2; i < call->argc; i++) {
        struct score score;
        char text[GEOHASH_TEXT_LEN];
        if (entry == NULL || !zset_score(entry, call->args[i], &score)) {
            reply_null(call);
            continue;
        }
        geohash_format(geohash_of_score(score_to_double(score)), text);
        reply_bulk(call, bytes_of(text, sizeof(text)));
    }
}

static void geopos_command(struct call *call) {
    const struct entry *entry;
    if (!read_places(call, &entry)) return;
    reply_array(call, call->argc - 2);
    for (uint32_t i = 2; i < call->argc; i++) {
        struct geo_point point;
        if (entry != NULL && points_find(entry, call->args[i], &point))
            points_reply(call, point);
        else
            reply_null_array(call);
    }
}

static const struct command_row rows[] = {
    {
        .name = "geodist",
        .handler = geodist_command,
        .arity = -4,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_GEO,
        .keys = {KEY_AT(1, "RO access")},
        .member_index = 2,
        .summary = "Returns the distance between two places.",
        .syntax = "key member1 member2 [unit(M | KM | FT | MI)]",
        .complexity = "O(1)",
        .since = "3.2.0",
        .group = "geo",
    },
    {
        .name = "geohash",
        .handler = geohash_command,
        .arity = -2,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_GEO,
        .keys = {KEY_AT(1, "RO access")},
        .member_index = 2,
        .summary = "Returns places as geohash texts of 11 characters.",
        .syntax = "key member...",
        .complexity = "O(1) for each place",
        .since = "3.2.0",
        .group = "geo",
    },
    {
        .name = "geopos",
        .handler = geopos_command,
        .arity = -2,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_GEO,
        .keys = {KEY_AT(1, "RO access")},
        .member_index = 2,
        .summary = "Returns the longitudes and latitudes of places.",
        .syntax = "key member...",
        .complexity = "O(1) for each place",
        .since = "3.2.0",
        .group = "geo",
    },
};

const struct command_list geo_read_commands = COMMAND_LIST(rows);
