#include "commands/geo/answer.h"

#include "commands/geo/cursor.h"
#include "commands/geo/points.h"
#include "engine/reply.h"

enum { PAGE = 10 /* members, where CURSOR has no COUNT */ };

/* --- replying --- */

static void reply_member(struct call *call, const struct query *query, const struct hit *hit) {
    char scratch[PACKED_SCRATCH];
    reply_bulk(call, zset_place_member(query->entry, hit->place, scratch));
}

static void reply_hit(struct call *call, const struct query *query, const struct hit *hit,
                      size_t part_count) {
    if (part_count > 1) reply_array(call, part_count);
    reply_member(call, query, hit);
    if (query->has_distance) points_reply_distance(call, hit->distance_m / query->unit_m);
    if (query->has_hash) reply_integer(call, (int64_t)geohash_of_score(hit->score));
    if (query->has_coordinates) points_reply(call, geohash_decode(geohash_of_score(hit->score)));
}

static void reply_hits(struct call *call, const struct query *query, const struct hit *hits,
                       size_t count) {
    size_t part_count = (size_t)1 + query->has_distance + query->has_hash + query->has_coordinates;
    reply_array(call, count);
    for (size_t i = 0; i < count; i++) zset_prefetch_place(hits[i].place);
    for (size_t i = 0; i < count; i++) reply_hit(call, query, &hits[i], part_count);
}

/* --- storing --- */

static void build(const struct query *query, const struct hits *hits,
                  struct zset_builder *builder) {
    for (size_t i = 0; i < hits->count; i++) {
        const struct hit *hit = &hits->items[i];
        char scratch[PACKED_SCRATCH];
        bool is_new;
        struct bytes member = zset_place_member(query->entry, hit->place, scratch);
        union score_cell *score = zset_builder_member(builder, member, &is_new);
        score->number = query->stores_distances ? hit->distance_m / query->unit_m : hit->score;
    }
}

static void store_hits(struct call *call, const struct query *query, const struct hits *hits,
                       const char *event) {
    struct key destination = call_key(call, query->store_index);
    struct zset_builder *builder = zset_builder_new(SCORE_DOUBLE, hits->count);
    build(query, hits, builder);
    struct found found = database_find(call->db, destination);
    bool was_there = found.entry != NULL;
    zset_builder_store(builder, call->db, destination, &found);
    if (hits->count != 0)
        call_notify(call, KEY_EVENT_ZSET, destination.name, event);
    else if (was_there)
        call_notify(call, KEY_EVENT_GENERIC, destination.name, "del");
    reply_integer(call, (int64_t)hits->count);
}

/* --- pages --- */

static size_t limit_of(const struct query *query) {
    return query->count == 0 ? SIZE_MAX : (size_t)query->count;
}

/* One more than the page holds is looked for, to know whether another follows. */
static void reply_page(struct call *call, const struct query *query, struct search *search) {
    size_t page = query->count == 0 ? PAGE : limit_of(query);
    search->limit = page + 1;
    struct hits hits = {.items = NULL};
    if (query->entry != NULL) search_run(search, &hits);
    size_t count = hits.count < page ? hits.count : page;
    reply_array(call, 2);
    if (hits.count > page)
        cursor_reply(call, search, &hits.items[page - 1]);
    else
        reply_bulk(call, BYTES("0"));
    reply_hits(call, query, hits.items, count);
    hits_destroy(&hits);
}

static void answer_page(struct call *call, const struct query *query, const struct search *search) {
    struct search_mark mark;
    struct search page = *search;
    bool is_start;
    if (!cursor_parse(call->args[query->cursor_index], query->order, &mark, &is_start)) {
        reply_error(call, "ERR invalid cursor");
        return;
    }
    if (!is_start) page.after = &mark;
    reply_page(call, query, &page);
}

void answer_query(struct call *call, const struct query *query, const char *store_event) {
    struct search search = {.entry = query->entry,
                            .shape = &query->shape,
                            .order = query->order,
                            .limit = limit_of(query),
                            .is_any = query->is_any,
                            .has_distances = query->has_distance || query->stores_distances};
    if (query->cursor_index != 0) {
        answer_page(call, query, &search);
        return;
    }
    struct hits hits = {.items = NULL};
    if (query->entry != NULL) search_run(&search, &hits);
    if (query->store_index != 0)
        store_hits(call, query, &hits, store_event);
    else
        reply_hits(call, query, hits.items, hits.count);
    hits_destroy(&hits);
}
