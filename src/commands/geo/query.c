#include "commands/geo/query.h"

#include "commands/geo/points.h"
#include "engine/arguments.h"
#include "engine/reply.h"
#include "foundation/mem.h"

enum { MIN_VERTICES = 3 };

void query_destroy(struct query *query) {
    mem_free(query->vertices);
}

/* --- centre and shape --- */

static bool read_length(struct call *call, uint32_t index, const char *error, double *length) {
    if (number_parse_double(call->args[index], length)) return true;
    reply_error(call, error);
    return false;
}

bool query_read_circle(struct call *call, struct query *query, uint32_t index) {
    double radius;
    if (!read_length(call, index, "ERR need numeric radius", &radius)) return false;
    if (radius < 0) {
        reply_error(call, "ERR radius cannot be negative");
        return false;
    }
    if (!points_read_unit(call, index + 1, &query->unit_m)) return false;
    query->shape.kind = GEO_CIRCLE;
    query->shape.radius_m = radius * query->unit_m;
    query->has_shape = true;
    return true;
}

static bool read_box(struct call *call, struct query *query, uint32_t index) {
    double width, height;
    if (!read_length(call, index, "ERR need numeric width", &width) ||
        !read_length(call, index + 1, "ERR need numeric height", &height))
        return false;
    if (width < 0 || height < 0) {
        reply_error(call, "ERR height or width cannot be negative");
        return false;
    }
    if (!points_read_unit(call, index + 2, &query->unit_m)) return false;
    query->shape.kind = GEO_BOX;
    query->shape.width_m = width * query->unit_m;
    query->shape.height_m = height * query->unit_m;
    query->has_shape = true;
    return true;
}

static bool read_polygon(struct call *call, struct query *query, uint32_t index) {
    int64_t count;
    if (!argument_i64_in(call, index, INT32_MIN, INT32_MAX, &count,
                         "ERR invalid number of vertices"))
        return false;
    if (count < MIN_VERTICES || count > (call->argc - index - 1) / 2) {
        reply_error(call, "ERR GEOSEARCH BYPOLYGON must have at least 3 vertices");
        return false;
    }
    query->vertices = mem_alloc_array((size_t)count, sizeof(*query->vertices));
    for (uint32_t i = 0; i < count; i++)
        if (!points_read(call, index + 1 + 2 * i, &query->vertices[i])) return false;
    query->unit_m = 1;
    query->shape = (struct geo_shape){
        .kind = GEO_POLYGON,
        .center = geo_polygon_center(query->vertices, (size_t)count),
        .vertices = query->vertices,
        .vertex_count = (size_t)count,
    };
    query->has_shape = true;
    return true;
}

bool query_read_member(struct call *call, struct query *query, uint32_t index) {
    if (points_find(query->entry, call->args[index], &query->shape.center)) return true;
    reply_error(call, "ERR could not decode requested zset member");
    return false;
}

/* --- options --- */

enum option_result {
    OPTION_READ,
    OPTION_UNFIT,   /* a syntax error here */
    OPTION_REFUSED, /* the error has been replied */
};

/* `*index` is the option's own argument; it is moved to its last one. */
typedef enum option_result option_reader(struct call *call, struct query *query, uint32_t *index);

static bool is_search(const struct query *query) {
    return query->kind == QUERY_SEARCH || query->kind == QUERY_SEARCH_STORE;
}

static bool is_polygon(const struct query *query) {
    return query->vertices != NULL;
}

static enum option_result read_with_distance(struct call *call UNUSED, struct query *query,
                                             uint32_t *index UNUSED) {
    query->has_distance = true;
    return OPTION_READ;
}

static enum option_result read_with_hash(struct call *call UNUSED, struct query *query,
                                         uint32_t *index UNUSED) {
    query->has_hash = true;
    return OPTION_READ;
}

static enum option_result read_with_coordinates(struct call *call UNUSED, struct query *query,
                                                uint32_t *index UNUSED) {
    query->has_coordinates = true;
    return OPTION_READ;
}

static enum option_result read_any(struct call *call UNUSED, struct query *query,
                                   uint32_t *index UNUSED) {
    query->is_any = true;
    return OPTION_READ;
}

static enum option_result read_nearest(struct call *call UNUSED, struct query *query,
                                       uint32_t *index UNUSED) {
    query->order = HITS_NEAREST;
    return OPTION_READ;
}

static enum option_result read_farthest(struct call *call UNUSED, struct query *query,
                                        uint32_t *index UNUSED) {
    query->order = HITS_FARTHEST;
    return OPTION_READ;
}

static enum option_result read_count(struct call *call, struct query *query, uint32_t *index) {
    if (!argument_i64(call, ++*index, &query->count)) return OPTION_REFUSED;
    if (query->count > 0) return OPTION_READ;
    reply_error(call, "ERR COUNT must be > 0");
    return OPTION_REFUSED;
}

static enum option_result read_store_key(struct query *query, bool stores_distances,
                                         uint32_t *index) {
    if (query->kind != QUERY_RADIUS) return OPTION_UNFIT;
    query->store_index = ++*index;
    query->stores_distances = stores_distances;
    return OPTION_READ;
}

static enum option_result read_store(struct call *call UNUSED, struct query *query,
                                     uint32_t *index) {
    return read_store_key(query, false, index);
}

static enum option_result read_store_distances(struct call *call, struct query *query,
                                               uint32_t *index) {
    if (query->kind == QUERY_SEARCH_STORE) {
        query->stores_distances = true;
        return OPTION_READ;
    }
    if (!argument_has_next(call, *index)) return OPTION_UNFIT;
    return read_store_key(query, true, index);
}

/* Without a key no member is looked for. */
static enum option_result read_from_member(struct call *call, struct query *query,
                                           uint32_t *index) {
    if (!is_search(query) || query->is_from_point || is_polygon(query)) return OPTION_UNFIT;
    ++*index;
    if (query->entry != NULL && !query_read_member(call, query, *index)) return OPTION_REFUSED;
    query->is_from_member = true;
    return OPTION_READ;
}

static enum option_result read_from_point(struct call *call, struct query *query, uint32_t *index) {
    if (!is_search(query) || query->is_from_member || is_polygon(query)) return OPTION_UNFIT;
    if (!points_read(call, *index + 1, &query->shape.center)) return OPTION_REFUSED;
    query->is_from_point = true;
    *index += 2;
    return OPTION_READ;
}

static enum option_result read_by_radius(struct call *call, struct query *query, uint32_t *index) {
    bool has_other = query->has_shape && query->shape.kind != GEO_CIRCLE;
    if (!is_search(query) || has_other) return OPTION_UNFIT;
    if (!query_read_circle(call, query, *index + 1)) return OPTION_REFUSED;
    *index += 2;
    return OPTION_READ;
}

static enum option_result read_by_box(struct call *call, struct query *query, uint32_t *index) {
    bool has_other = query->has_shape && query->shape.kind != GEO_BOX;
    if (!is_search(query) || has_other) return OPTION_UNFIT;
    if (!read_box(call, query, *index + 1)) return OPTION_REFUSED;
    *index += 3;
    return OPTION_READ;
}

static enum option_result read_by_polygon(struct call *call, struct query *query, uint32_t *index) {
    if (!is_search(query) || query->has_shape || query->is_from_member || query->is_from_point)
        return OPTION_UNFIT;
    if (!read_polygon(call, query, *index + 1)) return OPTION_REFUSED;
    *index += 1 + 2 * (uint32_t)query->shape.vertex_count;
    return OPTION_READ;
}

static enum option_result read_cursor(struct call *call UNUSED, struct query *query,
                                      uint32_t *index) {
    if (query->kind != QUERY_SEARCH) return OPTION_UNFIT;
    query->cursor_index = ++*index;
    return OPTION_READ;
}

static const struct option {
    const char *word;
    uint32_t least_values; /* arguments that must stand behind it */
    option_reader *read;
} options[] = {
    {"withdist", 0, read_with_distance},
    {"withhash", 0, read_with_hash},
    {"withcoord", 0, read_with_coordinates},
    {"any", 0, read_any},
    {"asc", 0, read_nearest},
    {"desc", 0, read_farthest},
    {"count", 1, read_count},
    {"store", 1, read_store},
    {"storedist", 0, read_store_distances},
    {"frommember", 1, read_from_member},
    {"fromlonlat", 2, read_from_point},
    {"byradius", 2, read_by_radius},
    {"bybox", 3, read_by_box},
    {"bypolygon", 2, read_by_polygon},
    {"cursor", 1, read_cursor},
};

static enum option_result read_option(struct call *call, struct query *query, uint32_t *index) {
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        if (!argument_is(call, *index, options[i].word)) continue;
        if (options[i].least_values >= call->argc - *index) return OPTION_UNFIT;
        return options[i].read(call, query, index);
    }
    return OPTION_UNFIT;
}

/* --- what does not go together --- */

static bool refuse(struct call *call, const char *text) {
    reply_error(call, text);
    return false;
}

/* Named as it was sent. */
static bool refuse_by_name(struct call *call, const char *text) {
    reply_error_printf(call, "%s can be specified for %.*s", text, (int)call->args[0].len,
                       call->args[0].data);
    return false;
}

static bool check_options(struct call *call, const struct query *query) {
    bool is_decorated = query->has_distance || query->has_hash || query->has_coordinates;
    if (query->store_index != 0 && is_decorated)
        return refuse(call, query->kind == QUERY_SEARCH_STORE
                                ? "ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH "
                                  "and WITHCOORD options"
                                : "ERR STORE option in GEORADIUS is not compatible with WITHDIST, "
                                  "WITHHASH and WITHCOORD options");
    bool has_center = query->is_from_member || query->is_from_point || is_polygon(query);
    if (is_search(query) && !has_center)
        return refuse_by_name(call, "ERR exactly one of FROMMEMBER or FROMLONLAT");
    if (is_search(query) && !query->has_shape)
        return refuse_by_name(call, "ERR exactly one of BYRADIUS, BYBOX and BYPOLYGON");
    if (query->is_any && query->count == 0)
        return refuse(call, "ERR the ANY argument requires COUNT argument");
    if (query->is_any && query->cursor_index != 0)
        return refuse(call, "ERR the ANY argument is not compatible with CURSOR");
    return true;
}

bool query_read_options(struct call *call, struct query *query, uint32_t first) {
    for (uint32_t i = first; i < call->argc; i++) {
        enum option_result result = read_option(call, query, &i);
        if (result == OPTION_UNFIT) reply_error_syntax(call);
        if (result != OPTION_READ) return false;
    }
    if (!check_options(call, query)) return false;
    /* The best of all are wanted, not just any. */
    bool needs_order = query->count != 0 && !query->is_any && query->cursor_index == 0;
    if (needs_order && query->order == HITS_UNSORTED) query->order = HITS_NEAREST;
    return true;
}
