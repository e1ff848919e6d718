/* The geo family against an engine in process: replies and errors as a real redis-server gives
 * them, and searches against a naive model that looks at every member. */
#include "commands/geo/geo_commands.h"

#include "commands/keys/key_commands.h"
#include "commands/string/string_commands.h"
#include "commands/zset/zset_commands.h"
#include "foundation/geo/shape.h"
#include "foundation/mem.h"
#include "foundation/random.h"
#include "unit/support/command_fixture.h"
#include "unit/support/error_texts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BAD_UNIT "-ERR unsupported unit provided. please use M, KM, FT, MI"
#define BAD_VERTICES "-ERR GEOSEARCH BYPOLYGON must have at least 3 vertices"

static const struct command_list *const lists[] = {
    &geo_add_commands,    &geo_read_commands,   &geo_radius_commands,
    &geo_search_commands, &key_exist_commands,  &key_object_commands,
    &key_expire_commands, &string_set_commands, NULL,
};
static const struct feature plain_feature = {.name = "plain", .commands = lists};
static const struct feature *const features[] = {&plain_feature, &zset_commands_feature, NULL};

static int set_up(void **state) {
    *state = fixture_new_of_features(features);
    return 0;
}

static int tear_down(void **state) {
    fixture_free(*state);
    return 0;
}

static void add_sicily(struct command_fixture *f) {
    fixture_run(f, "GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania");
    fixture_run(f, "GEOADD s 13.588412 37.311348 Agrigento 14.733333 36.933333 Ragusa");
    (void)fixture_events(f);
}

/* --- adding and reading --- */

static void places_are_members_with_geohashes_for_scores(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", "2");
    assert_events(f, "0:zadd:s");
    assert_reply(f, "ZRANGE s 0 -1 WITHSCORES",
                 "[\"Palermo\", \"3479099956230698\", \"Catania\", \"3479447370796909\"]");
    assert_reply(f, "TYPE s", "zset");
    assert_reply(f, "OBJECT ENCODING s", "\"listpack\"");
}

static void adding_again_moves(void **state) {
    struct command_fixture *f = *state;
    add_sicily(f);
    assert_reply(f, "GEOADD s 13.361389 38.115556 Palermo", "0");
    assert_events(f, "");
    assert_reply(f, "GEOADD s 13 38 Palermo", "0");
    assert_events(f, "0:zadd:s");
    assert_reply(f, "GEOADD s CH 13.5 38 Palermo 14 38 New", "2");
    assert_reply(f, "GEOADD s NX CH 1 1 Palermo 1 1 Newer", "1");
    assert_reply(f, "GEOADD s XX CH 1 1 Palermo 1 1 Newest", "1");
    assert_reply(f, "ZSCORE s Newest", "nil");
    assert_reply(f, "GEOADD absent XX 1 1 a", "0");
    assert_reply(f, "EXISTS absent", "0");
}

static void a_refused_geoadd_adds_nothing(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "GEOADD k 0 0 a 500 0 b",
                 "-ERR invalid longitude,latitude pair 500.000000,0.000000");
    assert_reply(f, "GEOADD k 0 0 a 0 85.06 b",
                 "-ERR invalid longitude,latitude pair 0.000000,85.060000");
    assert_reply(f, "GEOADD k 0 0 a x 0 b", NOT_FLOAT);
    assert_reply(f, "GEOADD k NX XX 0 0 a", SYNTAX);
    assert_reply(f, "GEOADD k 0 0 a 1", SYNTAX);
    assert_reply(f, "EXISTS k", "0");
    fixture_run(f, "SET str v");
    assert_reply(f, "GEOADD str 1 2 3", WRONG_TYPE);
    assert_reply(f, "GEOADD str 1 222 3",
                 "-ERR invalid longitude,latitude pair 1.000000,222.000000");
    assert_events(f, "0:set:str");
}

static void positions_have_seventeen_decimals(void **state) {
    struct command_fixture *f = *state;
    add_sicily(f);
    assert_reply(f, "GEOPOS s Palermo nope",
                 "[[\"13.36138933897018433\", \"38.11555639549629859\"], nil-array]");
    assert_reply(f, "GEOPOS absent a", "[nil-array]");
    assert_reply(f, "GEOPOS s", "[]");
    f->session.version = RESP3;
    fixture_run(f, "GEOPOS s Palermo");
    struct bytes raw = fixture_raw_reply(f);
    const char expected[] = "*1\r\n*2\r\n,13.36138933897018433\r\n,38.11555639549629859\r\n";
    assert_int_equal(raw.len, sizeof(expected) - 1);
    assert_memory_equal(raw.data, expected, raw.len);
    assert_reply(f, "GEOPOS s nope", "[nil]");
}

static void hashes_are_texts(void **state) {
    struct command_fixture *f = *state;
    add_sicily(f);
    assert_reply(f, "GEOHASH s Palermo Catania nope", "[\"sqc8b49rny0\", \"sqdtr74hyu0\", nil]");
    assert_reply(f, "GEOHASH absent a", "[nil]");
}

static void distances_have_four_decimals_in_any_unit(void **state) {
    struct command_fixture *f = *state;
    add_sicily(f);
    assert_reply(f, "GEODIST s Palermo Catania", "\"166274.1516\"");
    assert_reply(f, "GEODIST s Palermo Catania KM", "\"166.2742\"");
    assert_reply(f, "GEODIST s Palermo Catania mi", "\"103.3182\"");
    assert_reply(f, "GEODIST s Palermo Catania ft", "\"545518.8700\"");
    assert_reply(f, "GEODIST s Palermo Palermo", "\"0.0000\"");
    assert_reply(f, "GEODIST s Palermo nope", "nil");
    assert_reply(f, "GEODIST absent a b", "nil");
    assert_reply(f, "GEODIST absent a b xx", BAD_UNIT);
    assert_reply(f, "GEODIST s a b km more", SYNTAX);
}

static void any_score_has_some_position(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "ZADD z -1 a 1e300 b -inf c");
    assert_reply(f, "GEOPOS z a", "[[\"180\", \"85.0511287799999991\"]]");
    assert_reply(f, "GEOPOS z b", "[[\"-179.99999731779098511\", \"-85.05112751263942528\"]]");
    assert_reply(f, "GEOPOS z c", "[[\"180\", \"-85.05112751263942528\"]]");
}

static void sets_of_exact_scores_take_places(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "ZADD z INT64 1 a");
    assert_reply(f, "GEOADD z 13.361389 38.115556 Palermo", "1");
    assert_reply(f, "ZSCORE z Palermo", "\"3479099956230698\"");
    assert_reply(f, "GEOSEARCH z FROMLONLAT 13 38 BYRADIUS 100 km", "[\"Palermo\"]");
}

/* --- searching --- */

static void results_carry_what_was_asked_for(void **state) {
    struct command_fixture *f = *state;
    add_sicily(f);
    assert_reply(f,
                 "GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 200 km ASC COUNT 1 WITHCOORD WITHDIST "
                 "WITHHASH",
                 "[[\"Ragusa\", \"24.8312\", 3476478491720624, [\"14.73333388566970825\", "
                 "\"36.93333203012669941\"]]]");
    assert_reply(f, "GEOSEARCH s FROMMEMBER Palermo BYRADIUS 100 km WITHDIST",
                 "[[\"Agrigento\", \"91.6523\"], [\"Palermo\", \"0.0000\"]]");
    assert_reply(f, "GEOSEARCH s FROMLONLAT 15 37 BYBOX 400 400 km DESC",
                 "[\"Palermo\", \"Agrigento\", \"Catania\", \"Ragusa\"]");
    assert_reply(f, "GEORADIUS s 15 37 200 km ASC COUNT 2", "[\"Ragusa\", \"Catania\"]");
    assert_reply(f, "GEORADIUSBYMEMBER s Catania 90 mi DESC",
                 "[\"Agrigento\", \"Ragusa\", "
                 "\"Catania\"]");
    assert_reply(f, "GEOSEARCH absent FROMMEMBER x BYRADIUS 1 m", "[]");
}

static void count_alone_means_the_nearest(void **state) {
    struct command_fixture *f = *state;
    add_sicily(f);
    assert_reply(f, "GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1", "[\"Ragusa\"]");
    fixture_run(f, "GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 200 km COUNT 2 ANY");
    assert_reply(f, "GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 200 km ANY",
                 "-ERR the ANY argument requires COUNT argument");
    assert_reply(f, "GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 200 km COUNT 0",
                 "-ERR COUNT must be > 0");
}

static void a_polygon_needs_no_centre(void **state) {
    struct command_fixture *f = *state;
    add_sicily(f);
    assert_reply(f, "GEOSEARCH s BYPOLYGON 3 13 37 14 37 13.5 39 WITHDIST",
                 "[[\"Agrigento\", \"40357.8846\"], [\"Palermo\", \"51315.9299\"]]");
    assert_reply(f, "GEOSEARCH s BYPOLYGON 4 13 37 16 37 16 38 13 38 COUNT 1 ASC", "[\"Catania\"]");
    assert_reply(f, "GEOSEARCH s BYPOLYGON 2 13 37 14 37 15", BAD_VERTICES);
    assert_reply(f, "GEOSEARCH s BYPOLYGON 4 13 37 14 37 13.5 39", BAD_VERTICES);
    assert_reply(f, "GEOSEARCH s BYPOLYGON x 13 37 14 37 13.5 39",
                 "-ERR invalid number of vertices");
    assert_reply(f, "GEOSEARCH s BYPOLYGON 3 13 37 14 37 13.5 99",
                 "-ERR invalid longitude,latitude pair 13.500000,99.000000");
    assert_reply(f, "GEOSEARCH s BYPOLYGON 3 1 1 2 2 3 3 FROMMEMBER Palermo", SYNTAX);
    assert_reply(f, "GEOSEARCH s FROMMEMBER Palermo BYPOLYGON 3 1 1 2 2 3 3", SYNTAX);
    assert_reply(f, "GEOSEARCH s BYPOLYGON 3 1 1 2 2 3 3 BYRADIUS 1 km", SYNTAX);
    assert_reply(f, "GEOSEARCH s BYPOLYGON 3 1 1 2 2 3 3 BYPOLYGON 3 1 1 2 2 3 3", SYNTAX);
    assert_reply(f, "GEOSEARCHSTORE d s BYPOLYGON 3 13 37 14 37 13.5 39", "2");
}

static void options_are_refused_as_in_redis(void **state) {
    struct command_fixture *f = *state;
    add_sicily(f);
    fixture_run(f, "SET str v");
    assert_reply(f, "GEOSEARCH s BYRADIUS 200 km ASC DESC",
                 "-ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GEOSEARCH");
    assert_reply(f, "gEoSearch s FROMMEMBER Palermo ASC DESC WITHDIST",
                 "-ERR exactly one of BYRADIUS, BYBOX and BYPOLYGON can be specified for "
                 "gEoSearch");
    assert_reply(f, "GEOSEARCH s FROMMEMBER nope BYRADIUS 1 km",
                 "-ERR could not decode requested zset member");
    assert_reply(f, "GEOSEARCH s FROMMEMBER Palermo BYRADIUS 1 km FROMLONLAT 1 2", SYNTAX);
    assert_reply(f, "GEOSEARCH s FROMLONLAT 1 2 BYRADIUS 1 km BYBOX 1 1 km", SYNTAX);
    assert_reply(f, "GEOSEARCH s FROMLONLAT 1 2 BYRADIUS 1 km STOREDIST", SYNTAX);
    assert_reply(f, "GEOSEARCH s FROMLONLAT 1 2 BYRADIUS -1 km", "-ERR radius cannot be negative");
    assert_reply(f, "GEOSEARCH s FROMLONLAT 1 2 BYRADIUS x km", "-ERR need numeric radius");
    assert_reply(f, "GEOSEARCH s FROMLONLAT 1 2 BYBOX x 1 km", "-ERR need numeric width");
    assert_reply(f, "GEOSEARCH s FROMLONLAT 1 2 BYBOX 1 x km", "-ERR need numeric height");
    assert_reply(f, "GEOSEARCH s FROMLONLAT 1 2 BYBOX 1 -1 kk",
                 "-ERR height or width cannot be negative");
    assert_reply(f, "GEOSEARCH s FROMLONLAT 1 2 BYBOX 1 1 kk", BAD_UNIT);
    assert_reply(f, "GEOSEARCH str FROMLONLAT 500 2 BYRADIUS 1 km", WRONG_TYPE);
    assert_reply(f, "GEORADIUS_RO s 15 37 200 km STORE d", SYNTAX);
    assert_reply(f, "GEORADIUS s 15 37 200 km STORE", SYNTAX);
    assert_reply(f, "GEORADIUS s 15 37 200 km STORE d WITHDIST",
                 "-ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and "
                 "WITHCOORD options");
    assert_reply(f, "GEOSEARCHSTORE d s FROMLONLAT 15 37 BYRADIUS 1 km WITHHASH",
                 "-ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD "
                 "options");
    assert_reply(f, "GEORADIUSBYMEMBER absent m x km", "[]");
    assert_reply(f, "GEORADIUSBYMEMBER absent m x km nonsense", SYNTAX);
}

static void results_can_be_stored(void **state) {
    struct command_fixture *f = *state;
    add_sicily(f);
    assert_reply(f, "GEOSEARCHSTORE d s FROMLONLAT 15 37 BYRADIUS 100 km", "2");
    assert_events(f, "0:geosearchstore:d");
    assert_reply(f, "ZSCORE d Catania", "\"3479447370796909\"");
    assert_reply(f, "GEOSEARCHSTORE d s FROMLONLAT 15 37 BYRADIUS 100 km COUNT 1 STOREDIST", "1");
    assert_reply(f, "ZRANGE d 0 -1", "[\"Ragusa\"]");
    assert_reply(f, "ZCOUNT d 24.8311 24.8312", "1");
    assert_reply(f, "GEORADIUS s 15 37 100 km STORE a STOREDIST b", "2");
    assert_reply(f, "EXISTS a b", "1");
    (void)fixture_events(f);
    assert_reply(f, "GEORADIUSBYMEMBER s Palermo 100 km STORE s", "2");
    assert_events(f, "0:georadiusstore:s");
    assert_reply(f, "ZCARD s", "2");
    assert_reply(f, "GEORADIUS s 15 0 1 km STORE b", "0");
    assert_events(f, "0:del:b");
    assert_reply(f, "GEOSEARCHSTORE d absent FROMLONLAT 15 37 BYRADIUS 1 km", "0");
    assert_events(f, "0:del:d");
    assert_reply(f, "GEOSEARCHSTORE d absent FROMLONLAT 15 37 BYRADIUS 1 km", "0");
    assert_events(f, "");
}

/* --- against a model --- */

enum { PLACES = 3000, LINE_MAX = 512 };

struct place {
    uint64_t hash;
    double distance_m;
    char name[16];
    bool is_there;
};

struct world {
    struct place places[PLACES];
    const struct place *found[PLACES];
    size_t found_count;
};

/* Clusters, an even spread, one crowded spot, the limits. */
static struct geo_point random_place(int i) {
    struct geo_point point = {.longitude = random_unit() * 360 - 180,
                              .latitude = (random_unit() * 2 - 1) * GEO_LATITUDE_MAX};
    if (i % 4 == 1) point = (struct geo_point){13 + random_unit(), 38 + random_unit()};
    if (i % 4 == 2 && i % 8 == 2) point = (struct geo_point){2.35, 48.85};
    if (i % 16 == 3) point.longitude = i % 32 == 3 ? 180 : -180;
    if (i % 16 == 7) point.latitude = i % 32 == 7 ? GEO_LATITUDE_MAX : -GEO_LATITUDE_MAX;
    return point;
}

static void add_place(struct command_fixture *f, struct place *place, int i) {
    char line[LINE_MAX];
    struct geo_point point = random_place(i);
    place->hash = (uint64_t)(double)geohash_encode(point);
    place->is_there = true;
    snprintf(place->name, sizeof(place->name), "m%05d", i);
    snprintf(line, sizeof(line), "GEOADD w %.17g %.17g %s", point.longitude, point.latitude,
             place->name);
    assert_string_equal(fixture_run(f, line), "1");
}

static struct world *make_world(struct command_fixture *f, int count) {
    struct world *world = mem_alloc_zeroed(sizeof(*world));
    random_set_seed(21);
    for (int i = 0; i < count; i++) add_place(f, &world->places[i], i);
    return world;
}

static enum { BY_SCORE, NEAREST, FARTHEST } wanted_order;

static int compare_places(const void *left, const void *right) {
    const struct place *a = *(const struct place *const *)left;
    const struct place *b = *(const struct place *const *)right;
    if (wanted_order != BY_SCORE && a->distance_m != b->distance_m)
        return (a->distance_m < b->distance_m) == (wanted_order == NEAREST) ? -1 : 1;
    if (a->hash != b->hash) return a->hash < b->hash ? -1 : 1;
    return strcmp(a->name, b->name);
}

static void find_naively(struct world *world, const struct geo_shape *shape) {
    world->found_count = 0;
    for (size_t i = 0; i < PLACES; i++) {
        struct place *place = &world->places[i];
        if (place->is_there &&
            geo_shape_contains(shape, geohash_decode(place->hash), &place->distance_m))
            world->found[world->found_count++] = place;
    }
    if (world->found_count > 1)
        qsort(world->found, world->found_count, sizeof(world->found[0]), compare_places);
}

static const char *list_found(const struct world *world, size_t limit) {
    static char text[PLACES * 12 + 8];
    size_t len = (size_t)sprintf(text, "[");
    for (size_t i = 0; i < world->found_count && i < limit; i++)
        len += (size_t)sprintf(text + len, i == 0 ? "\"%s\"" : ", \"%s\"", world->found[i]->name);
    sprintf(text + len, "]");
    return text;
}

/* A random shape, and the arguments that say it. */
static size_t make_shape(struct geo_shape *shape, struct geo_point *vertices, char *out) {
    struct geo_point center = random_place((int)random_below(64));
    double size = pow(10, 1 + random_unit() * 6.4);
    *shape = (struct geo_shape){.kind = (enum geo_shape_kind)random_below(3), .center = center};
    if (shape->kind == GEO_CIRCLE) {
        shape->radius_m = size;
        return (size_t)sprintf(out, "FROMLONLAT %.17g %.17g BYRADIUS %.17g m", center.longitude,
                               center.latitude, size);
    }
    if (shape->kind == GEO_BOX) {
        shape->width_m = size;
        shape->height_m = size * (0.2 + 3 * random_unit());
        return (size_t)sprintf(out, "FROMLONLAT %.17g %.17g BYBOX %.17g %.17g m", center.longitude,
                               center.latitude, shape->width_m, shape->height_m);
    }
    size_t count = 3 + random_below(4), len = (size_t)sprintf(out, "BYPOLYGON %zu", count);
    for (size_t i = 0; i < count; i++) {
        double reach = size / 111000;
        vertices[i].longitude =
            fmin(180, fmax(-180, center.longitude + (random_unit() * 2 - 1) * reach));
        vertices[i].latitude =
            fmin(85, fmax(-85, center.latitude + (random_unit() * 2 - 1) * reach));
        len +=
            (size_t)sprintf(out + len, " %.17g %.17g", vertices[i].longitude, vertices[i].latitude);
    }
    shape->vertices = vertices;
    shape->vertex_count = count;
    shape->center = geo_polygon_center(vertices, count);
    return len;
}

static void check_random_search(struct command_fixture *f, struct world *world) {
    char line[2 * LINE_MAX] = "GEOSEARCH w ";
    struct geo_point vertices[8];
    struct geo_shape shape;
    size_t len = strlen(line), limit = PLACES;
    len += make_shape(&shape, vertices, line + len);
    wanted_order = BY_SCORE;
    uint64_t order = random_below(3);
    if (order != 0) {
        wanted_order = order == 1 ? NEAREST : FARTHEST;
        len += (size_t)sprintf(line + len, order == 1 ? " ASC" : " DESC");
    }
    if (random_below(2) == 0) {
        limit = 1 + random_below(random_below(2) == 0 ? 5 : 400);
        bool is_any = order == 0 && random_below(2) == 0;
        sprintf(line + len, " COUNT %zu%s", limit, is_any ? " ANY" : "");
        if (!is_any && order == 0) wanted_order = NEAREST;
    }
    find_naively(world, &shape);
    assert_reply(f, line, list_found(world, limit));
}

static void searches_find_what_a_look_at_every_member_finds(void **state) {
    struct command_fixture *f = *state;
    struct world *world = make_world(f, PLACES);
    assert_reply(f, "OBJECT ENCODING w", "\"skiplist\"");
    for (int i = 0; i < 3000; i++) check_random_search(f, world);
    mem_free(world);
}

static void so_do_searches_in_small_sets(void **state) {
    struct command_fixture *f = *state;
    struct world *world = make_world(f, 100);
    assert_reply(f, "OBJECT ENCODING w", "\"listpack\"");
    for (int i = 0; i < 1000; i++) check_random_search(f, world);
    mem_free(world);
}

/* --- pages --- */

static void a_cursor_says_where_the_page_ended(void **state) {
    struct command_fixture *f = *state;
    add_sicily(f);
    assert_reply(f, "GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 200 km CURSOR 0 COUNT 3",
                 "[\"3479099956230698:Palermo\", [\"Ragusa\", \"Agrigento\", \"Palermo\"]]");
    assert_reply(f, "GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 200 km CURSOR 3479099956230698:Palermo",
                 "[\"0\", [\"Catania\"]]");
    assert_reply(f, "GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 200 km CURSOR 0 COUNT 4",
                 "[\"0\", [\"Ragusa\", \"Agrigento\", \"Palermo\", \"Catania\"]]");
    assert_reply(f, "GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 200 km CURSOR 0 ASC COUNT 1 WITHDIST",
                 "[\"3476478491720624:24831.16718283189:Ragusa\", [[\"Ragusa\", \"24.8312\"]]]");
    assert_reply(f, "GEOSEARCH absent FROMLONLAT 15 37 BYRADIUS 1 km CURSOR 0", "[\"0\", []]");
    assert_reply(f, "GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 1 km CURSOR x", "-ERR invalid cursor");
    assert_reply(f, "GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 1 km ASC CURSOR 1:a",
                 "-ERR invalid cursor");
    assert_reply(f, "GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 1 km CURSOR nan:a",
                 "-ERR invalid cursor");
    assert_reply(f, "GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 1 km CURSOR 0 COUNT 1 ANY",
                 "-ERR the ANY argument is not compatible with CURSOR");
    assert_reply(f, "GEOSEARCHSTORE d s FROMLONLAT 15 37 BYRADIUS 1 km CURSOR 0", SYNTAX);
    assert_reply(f, "GEORADIUS s 15 37 1 km CURSOR 0", SYNTAX);
}

/* Half of the members stay; others come and go between the pages. */
static void disturb(struct command_fixture *f, struct world *world) {
    for (int i = 0; i < 20; i++) {
        int which = (int)random_below(PLACES / 2) * 2;
        struct place *place = &world->places[which];
        if (place->is_there) {
            char line[LINE_MAX];
            place->is_there = false;
            snprintf(line, sizeof(line), "ZREM w %s", place->name);
            assert_string_equal(fixture_run(f, line), "1");
        } else {
            add_place(f, place, which);
        }
    }
}

/* Takes the names of a page off a reply such as ["cursor", ["a", "b"]] and counts them. */
static void count_page(const char *reply, char *cursor, unsigned char *seen) {
    const char *end = strchr(reply + 2, '"');
    sprintf(cursor, "%.*s", (int)(end - reply - 2), reply + 2);
    for (const char *at = end; (at = strstr(at, "\"m")) != NULL; at += 2)
        seen[strtoul(at + 2, NULL, 10)]++;
}

static void check_paging(struct command_fixture *f, struct world *world, const char *order) {
    unsigned char seen[PLACES] = {0};
    char cursor[LINE_MAX] = "0", shape_text[LINE_MAX], line[4 * LINE_MAX];
    struct geo_point vertices[8];
    struct geo_shape shape;
    make_shape(&shape, vertices, shape_text);
    uint64_t page = 1 + random_below(120);
    int pages = 0;
    do {
        snprintf(line, sizeof(line), "GEOSEARCH w %s %s CURSOR %s COUNT %d", shape_text, order,
                 cursor, (int)page);
        count_page(fixture_run(f, line), cursor, seen);
        disturb(f, world);
        assert_true(++pages <= 3 * PLACES);
    } while (strcmp(cursor, "0") != 0);
    for (size_t i = 0; i < PLACES; i++) {
        double distance_m;
        bool is_in = geo_shape_contains(&shape, geohash_decode(world->places[i].hash), &distance_m);
        if (i % 2 == 1) assert_int_equal(seen[i], is_in);
    }
}

static void pages_show_every_member_that_stays_exactly_once(void **state) {
    static const char *const orders[] = {"", "ASC", "DESC"};
    struct command_fixture *f = *state;
    struct world *world = make_world(f, PLACES);
    for (int i = 0; i < 90; i++) check_paging(f, world, orders[i % 3]);
    mem_free(world);
}

static void members_of_one_place_are_paged_by_name(void **state) {
    struct command_fixture *f = *state;
    for (int i = 0; i < 500; i++) {
        char line[LINE_MAX];
        snprintf(line, sizeof(line), "GEOADD k 2.35 48.85 m%03d", i);
        fixture_run(f, line);
    }
    assert_reply(f, "GEOSEARCH k FROMLONLAT 2.35 48.85 BYRADIUS 1 m COUNT 3",
                 "[\"m000\", \"m001\", \"m002\"]");
    assert_reply(f, "GEOSEARCH k FROMLONLAT 2.35 48.85 BYRADIUS 1 m DESC COUNT 2",
                 "[\"m000\", \"m001\"]");
    const char *page =
        fixture_run(f, "GEOSEARCH k FROMLONLAT 2.35 48.85 BYRADIUS 1 m ASC CURSOR 0 COUNT 1");
    char cursor[LINE_MAX], line[2 * LINE_MAX];
    sprintf(cursor, "%.*s", (int)(strchr(page + 2, '"') - page - 2), page + 2);
    snprintf(line, sizeof(line),
             "GEOSEARCH k FROMLONLAT 2.35 48.85 BYRADIUS 1 m ASC CURSOR %s COUNT 1000", cursor);
    unsigned char seen[500] = {0};
    count_page(fixture_run(f, line), cursor, seen);
    assert_int_equal(seen[0], 0);
    for (int i = 1; i < 500; i++) assert_int_equal(seen[i], 1);
}

static void binary_members_have_cursors(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "GEOADD k 1 1 \"a:\\x00b\" 1 1 \"a:\\x00c\"");
    assert_reply(f, "GEOSEARCH k FROMLONLAT 1 1 BYRADIUS 1 km CURSOR 0 COUNT 1",
                 "[\"3377822707026402:a:\\x00b\", [\"a:\\x00b\"]]");
    assert_reply(f, "GEOSEARCH k FROMLONLAT 1 1 BYRADIUS 1 km CURSOR \"3377822707026402:a:\\x00b\"",
                 "[\"0\", [\"a:\\x00c\"]]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(places_are_members_with_geohashes_for_scores, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(adding_again_moves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refused_geoadd_adds_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(positions_have_seventeen_decimals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hashes_are_texts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(distances_have_four_decimals_in_any_unit, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(any_score_has_some_position, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sets_of_exact_scores_take_places, set_up, tear_down),
        cmocka_unit_test_setup_teardown(results_carry_what_was_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(count_alone_means_the_nearest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_polygon_needs_no_centre, set_up, tear_down),
        cmocka_unit_test_setup_teardown(options_are_refused_as_in_redis, set_up, tear_down),
        cmocka_unit_test_setup_teardown(results_can_be_stored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(searches_find_what_a_look_at_every_member_finds, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(so_do_searches_in_small_sets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cursor_says_where_the_page_ended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pages_show_every_member_that_stays_exactly_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(members_of_one_place_are_paged_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(binary_members_have_cursors, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
