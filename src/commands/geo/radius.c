/* Searching within a radius: GEORADIUS GEORADIUSBYMEMBER and their read-only forms. */
#include "commands/geo/answer.h"
#include "commands/geo/geo_commands.h"
#include "commands/geo/points.h"
#include "engine/collection_access.h"

enum { POINT_OPTIONS = 6, MEMBER_OPTIONS = 5 /* indexes of the first option */ };

static bool read_around_point(struct call *call, struct query *query) {
    return points_read(call, 2, &query->shape.center) &&
           query_read_circle(call, query, POINT_OPTIONS - 2) &&
           query_read_options(call, query, POINT_OPTIONS);
}

/* Without a key only the options are checked. */
static bool read_around_member(struct call *call, struct query *query) {
    if (query->entry != NULL &&
        (!query_read_member(call, query, 2) || !query_read_circle(call, query, MEMBER_OPTIONS - 2)))
        return false;
    return query_read_options(call, query, MEMBER_OPTIONS);
}

static void search_radius(struct call *call, enum query_kind kind,
                          bool (*read)(struct call *call, struct query *query)) {
    struct query query = {.kind = kind};
    if (!collection_read(call, call_key(call, 1), VALUE_ZSET, &query.entry)) return;
    if (read(call, &query)) answer_query(call, &query, "georadiusstore");
    query_destroy(&query);
}

static void georadius_command(struct call *call) {
    search_radius(call, QUERY_RADIUS, read_around_point);
}

static void georadius_ro_command(struct call *call) {
    search_radius(call, QUERY_RADIUS_RO, read_around_point);
}

static void georadiusbymember_command(struct call *call) {
    search_radius(call, QUERY_RADIUS, read_around_member);
}

static void georadiusbymember_ro_command(struct call *call) {
    search_radius(call, QUERY_RADIUS_RO, read_around_member);
}

/* --- keys --- */

/* As the specs say; but a keyword that no key follows names none. */
static int64_t find_keys_behind(const struct bytes *args, uint32_t argc, uint32_t first_option,
                                struct key_position *positions, size_t max) {
    static const char *const words[] = {"store", "storedist"};
    struct key_position found[1 + ARRAY_LEN(words)] = {{.index = 1, .flags = "RO access"}};
    size_t count = 1;
    for (size_t word = 0; word < ARRAY_LEN(words); word++) {
        uint32_t i = first_option;
        while (i < argc && !bytes_is_word(args[i], words[word])) i++;
        if (i + 1 < argc)
            found[count++] = (struct key_position){.index = i + 1, .flags = "OW update"};
    }
    for (size_t i = 0; i < count && i < max; i++) positions[i] = found[i];
    return (int64_t)count;
}

static int64_t find_point_keys(const struct bytes *args, uint32_t argc,
                               struct key_position *positions, size_t max) {
    return find_keys_behind(args, argc, POINT_OPTIONS, positions, max);
}

static int64_t find_member_keys(const struct bytes *args, uint32_t argc,
                                struct key_position *positions, size_t max) {
    return find_keys_behind(args, argc, MEMBER_OPTIONS, positions, max);
}

#define KEY_BEHIND(word, option)                                                                   \
    { .flags = "OW update", .keyword = (word), .index = (option), .step = 1 }
#define POINT_SYNTAX                                                                               \
    "key longitude:double latitude:double radius:double unit(M | KM | FT | MI) [WITHCOORD] "       \
    "[WITHDIST] [WITHHASH] [count(COUNT count:integer [ANY/6.2.0])] [order(ASC | DESC)]"
#define MEMBER_SYNTAX                                                                              \
    "key member radius:double unit(M | KM | FT | MI) [WITHCOORD] [WITHDIST] [WITHHASH] "           \
    "[count(COUNT count:integer [ANY])] [order(ASC | DESC)]"
#define STORE_SYNTAX " [STORE key:key#1] [STOREDIST key:key#2]"
#define COMPLEXITY                                                                                 \
    "O(N+log(M)) for N results and those near the edge, of M members; with COUNT and an order "    \
    "only "                                                                                        \
    "the best and their neighbours are looked at"

static const struct command_row rows[] = {
    {
        .name = "georadius",
        .handler = georadius_command,
        .arity = -6,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_GEO,
        .keys = {KEY_AT(1, "RO access"), KEY_BEHIND("STORE", POINT_OPTIONS),
                 KEY_BEHIND("STOREDIST", POINT_OPTIONS)},
        .find_keys = find_point_keys,
        .summary = "Returns or stores the members within a distance of a point.",
        .syntax = POINT_SYNTAX STORE_SYNTAX,
        .complexity = COMPLEXITY,
        .since = "3.2.0",
        .group = "geo",
        .deprecated_since = "6.2.0",
        .replaced_by = "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
    },
    {
        .name = "georadius_ro",
        .handler = georadius_ro_command,
        .arity = -6,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_GEO,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns the members within a distance of a point.",
        .syntax = POINT_SYNTAX,
        .complexity = COMPLEXITY,
        .since = "3.2.10",
        .group = "geo",
        .deprecated_since = "6.2.0",
        .replaced_by = "`GEOSEARCH` with the `BYRADIUS` argument",
    },
    {
        .name = "georadiusbymember",
        .handler = georadiusbymember_command,
        .arity = -5,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_GEO,
        .keys = {KEY_AT(1, "RO access"), KEY_BEHIND("STORE", MEMBER_OPTIONS),
                 KEY_BEHIND("STOREDIST", MEMBER_OPTIONS)},
        .find_keys = find_member_keys,
        .summary = "Returns or stores the members within a distance of a member.",
        .syntax = MEMBER_SYNTAX STORE_SYNTAX,
        .complexity = COMPLEXITY,
        .since = "3.2.0",
        .group = "geo",
        .deprecated_since = "6.2.0",
        .replaced_by =
            "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
    },
    {
        .name = "georadiusbymember_ro",
        .handler = georadiusbymember_ro_command,
        .arity = -5,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_GEO,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns the members within a distance of a member.",
        .syntax = MEMBER_SYNTAX,
        .complexity = COMPLEXITY,
        .since = "3.2.10",
        .group = "geo",
        .deprecated_since = "6.2.0",
        .replaced_by = "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments",
    },
};

const struct command_list geo_radius_commands = COMMAND_LIST(rows);
