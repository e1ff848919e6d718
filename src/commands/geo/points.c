#include "commands/geo/points.h"

#include "data/types/zset/zset.h"
#include "engine/arguments.h"
#include "engine/reply.h"
#include "foundation/geo/geo_text.h"

bool points_read(struct call *call, uint32_t index, struct geo_point *point) {
    if (!argument_double(call, index, &point->longitude) ||
        !argument_double(call, index + 1, &point->latitude))
        return false;
    if (geo_point_is_valid(*point)) return true;
    reply_error_printf(call, "ERR invalid longitude,latitude pair %f,%f", point->longitude,
                       point->latitude);
    return false;
}

bool points_read_unit(struct call *call, uint32_t index, double *unit_m) {
    static const struct {
        const char *word;
        double metres;
    } units[] = {{"m", 1}, {"km", 1000}, {"ft", 0.3048}, {"mi", 1609.34}};
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (!argument_is(call, index, units[i].word)) continue;
        *unit_m = units[i].metres;
        return true;
    }
    reply_error(call, "ERR unsupported unit provided. please use M, KM, FT, MI");
    return false;
}

bool points_find(const struct entry *entry, struct bytes member, struct geo_point *point) {
    struct score score;
    if (!zset_score(entry, member, &score)) return false;
    *point = geohash_decode(geohash_of_score(score_to_double(score)));
    return true;
}

/* A double of RESP3, but with more digits than reply_double() would give. */
static void reply_degrees(struct call *call, double degrees) {
    char text[GEO_TEXT_MAX + 3] = ",";
    size_t len = geo_format_degrees(text + 1, degrees);
    if (call->session->version == RESP2) {
        reply_bulk(call, bytes_of(text + 1, len));
        return;
    }
    memcpy(text + 1 + len, "\r\n", 2);
    reply_raw(call, bytes_of(text, len + 3));
}

void points_reply(struct call *call, struct geo_point point) {
    reply_array(call, 2);
    reply_degrees(call, point.longitude);
    reply_degrees(call, point.latitude);
}

void points_reply_distance(struct call *call, double distance) {
    char text[GEO_TEXT_MAX];
    reply_bulk(call, bytes_of(text, geo_format_distance(text, distance)));
}
