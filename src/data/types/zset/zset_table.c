/* The large form: the table of members finds a member by name, the skip list by its place in the
 * order, and both hold the same allocations.
 *
 * Invariants: 1. the list holds every member of the table and no other, under the key of its score;
 * 2. whoever moves or frees a member tells the list in the same step. */
#include "data/types/zset/zset_private.h"

#include "foundation/mem.h"

/* --- a member's score --- */

struct score zset_table_score(const struct zset_table *table, const void *member) {
    struct score score = {.kind = table->kind};
    memcpy(&score.cell, member_fixed(table->members, member), sizeof(score.cell));
    return score;
}

static void write_score(const struct zset_table *table, void *member, struct score score) {
    memcpy(member_fixed(table->members, member), &score.cell, sizeof(score.cell));
}

static uint64_t key_of_member(const struct zset_table *table, const void *member) {
    return score_key(zset_table_score(table, member));
}

/* --- life --- */

static int compare_members(const void *member, const void *other, const void *members) {
    return bytes_compare(member_name(members, member), member_name(members, other));
}

struct zset_table *zset_table_of_members(enum score_kind kind, struct members *members) {
    struct zset_table *table = mem_alloc(sizeof(*table));
    *table = (struct zset_table){
        .members = members,
        .list = skiplist_new(compare_members, members),
        .kind = kind,
    };
    return table;
}

struct zset_table *zset_table_new(enum score_kind kind, size_t expected_count) {
    struct members *members = members_new(false, sizeof(union score_cell));
    members_reserve(members, expected_count);
    return zset_table_of_members(kind, members);
}

void zset_table_free(struct zset_table *table) {
    skiplist_free(table->list);
    if (table->scores != NULL) skiplist_free(table->scores);
    members_free(table->members);
    mem_free(table);
}

size_t zset_table_used_bytes(const struct zset_table *table, size_t samples) {
    size_t scores_bytes = table->scores == NULL ? 0 : skiplist_used_bytes(table->scores);
    return mem_usable_size(table) + skiplist_used_bytes(table->list) + scores_bytes +
           members_used_bytes(table->members, samples);
}

/* --- groups, whose cache misses overlap --- */

struct group {
    struct bytes names[ZSET_GROUP];
    uint64_t hashes[ZSET_GROUP];
};

static void fetch_group(const struct members *members, struct group *group, size_t count) {
    for (size_t i = 0; i < count; i++) {
        group->hashes[i] = members_hash(group->names[i]);
        members_prefetch_bucket(members, group->hashes[i]);
    }
    for (size_t i = 0; i < count; i++) members_prefetch_member(members, group->hashes[i]);
}

static size_t group_len(size_t left) {
    return left < ZSET_GROUP ? left : ZSET_GROUP;
}

void zset_table_prefetch(const struct zset_table *table, const struct bytes *names, size_t count) {
    struct group group;
    for (size_t done = 0, len; done < count; done += len) {
        len = group_len(count - done);
        memcpy(group.names, names + done, len * sizeof(*names));
        fetch_group(table->members, &group, len);
    }
}

/* --- walking --- */

static void step(struct skiplist_position *at, bool is_reverse) {
    if (is_reverse)
        skiplist_previous(at);
    else
        skiplist_next(at);
}

/* A walk over members that fetches those that come next. */
enum { AHEAD = 8 };

struct walk {
    struct skiplist_position at, ahead;
    uint64_t left;
    bool is_reverse;
};

static void look_ahead(struct walk *walk) {
    if (!skiplist_is_inside(walk->ahead)) return;
    mem_prefetch(skiplist_member(walk->ahead));
    step(&walk->ahead, walk->is_reverse);
}

static struct walk start_walk(const struct zset_table *table, struct zset_ranks ranks,
                              bool is_reverse) {
    struct walk walk = {.left = ranks.end - ranks.start, .is_reverse = is_reverse};
    if (walk.left == 0) return walk;
    walk.at = skiplist_at(table->list, is_reverse ? ranks.end - 1 : ranks.start);
    walk.ahead = walk.at;
    for (uint64_t i = 0; i < AHEAD && i < walk.left; i++) look_ahead(&walk);
    return walk;
}

/* NULL at the end. */
static void *next_member(struct walk *walk) {
    if (walk->left == 0) return NULL;
    CHECK(skiplist_is_inside(walk->at));
    if (walk->left > AHEAD) look_ahead(walk);
    void *member = skiplist_member(walk->at);
    walk->left--;
    step(&walk->at, walk->is_reverse);
    return member;
}

void zset_table_visit(const struct zset_table *table, struct zset_ranks ranks, bool is_reverse,
                      zset_visit_function *visit, void *context) {
    struct walk walk = start_walk(table, ranks, is_reverse);
    for (const void *member; (member = next_member(&walk)) != NULL;) {
        struct bytes name = member_name(table->members, member);
        if (!visit(context, name, zset_table_score(table, member))) return;
    }
}

/* Takes the names of the next members; 0 at the end. */
static size_t gather_names(const struct zset_table *table, struct walk *walk, struct group *group) {
    size_t count = 0;
    while (count < ZSET_GROUP) {
        const void *member = next_member(walk);
        if (member == NULL) break;
        group->names[count++] = member_name(table->members, member);
    }
    return count;
}

static void append_copies(const struct zset_table *copy, const struct group *group, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct table_place place;
        void *member = members_find(copy->members, group->names[i], group->hashes[i], &place);
        skiplist_append(copy->list, key_of_member(copy, member), member);
    }
}

struct zset_table *zset_table_copy(const struct zset_table *table) {
    struct zset_table *copy = zset_table_of_members(table->kind, members_copy(table->members));
    struct walk walk = start_walk(table, (struct zset_ranks){0, zset_table_len(table)}, false);
    struct group group;
    for (size_t count; (count = gather_names(table, &walk, &group)) != 0;) {
        fetch_group(copy->members, &group, count);
        append_copies(copy, &group, count);
    }
    return copy;
}

/* --- finding --- */

void *zset_table_find(const struct zset_table *table, struct bytes name) {
    struct table_place place;
    return members_find(table->members, name, members_hash(name), &place);
}

uint64_t zset_table_seek(const struct zset_table *table, uint64_t key) {
    uint64_t rank;
    (void)skiplist_seek(table->list, key, NULL, NULL, &rank);
    return rank;
}

static int compare_to_place(const void *member, const void *place, const void *members) {
    return zset_is_before(member_name(members, member), place) ? -1 : 1;
}

uint64_t zset_table_seek_lex(const struct zset_table *table, const struct zset_lex_place *place) {
    struct skiplist_position first = skiplist_at(table->list, 0);
    uint64_t rank;
    (void)skiplist_seek(table->list, skiplist_key(first), place, compare_to_place, &rank);
    return rank;
}

/* --- changing --- */

static void *add_member(struct zset_table *table, struct bytes name, uint64_t hash,
                        struct score score) {
    void *member = members_add(table->members, name, hash, BYTES(""));
    write_score(table, member, score);
    return member;
}

void zset_table_append(struct zset_table *table, struct bytes name, struct score score) {
    void *member = add_member(table, name, members_hash(name), score);
    skiplist_append(table->list, score_key(score), member);
}

bool zset_table_put(struct zset_table *table, struct bytes name, struct score score) {
    uint64_t hash = members_hash(name), key = score_key(score);
    struct table_place place;
    void *member = members_find(table->members, name, hash, &place);
    if (member == NULL) {
        skiplist_insert(table->list, key, add_member(table, name, hash, score));
        if (UNLIKELY(table->scores != NULL)) zset_scores_note_added(table, key);
        return true;
    }
    uint64_t old_key = key_of_member(table, member);
    /* Equal scores may be zeros of two signs: the old one stays, as in Redis. */
    if (key == old_key) return false;
    skiplist_move(table->list, old_key, key, member);
    if (UNLIKELY(table->scores != NULL)) {
        zset_scores_note_removed(table, old_key);
        zset_scores_note_added(table, key);
    }
    write_score(table, member, score);
    return false;
}

static void forget_in_list(void *member, void *context) {
    struct zset_table *table = context;
    uint64_t key = key_of_member(table, member);
    skiplist_remove(table->list, key, member);
    if (UNLIKELY(table->scores != NULL)) zset_scores_note_removed(table, key);
}

bool zset_table_remove(struct zset_table *table, struct bytes name) {
    uint64_t hash = members_hash(name);
    struct table_place place;
    void *member = members_find(table->members, name, hash, &place);
    if (member == NULL) return false;
    forget_in_list(member, table);
    members_remove(table->members, place, hash);
    return true;
}

/* Members that have left the list and are still in the table. */
struct removal {
    struct members *members;
    size_t count;
    struct group group;
};

static void finish_removal(struct removal *removal) {
    fetch_group(removal->members, &removal->group, removal->count);
    for (size_t i = 0; i < removal->count; i++) {
        uint64_t hash = removal->group.hashes[i];
        struct table_place place;
        CHECK(members_find(removal->members, removal->group.names[i], hash, &place) != NULL);
        members_remove(removal->members, place, hash);
    }
    removal->count = 0;
}

static void gather_removed(void *member, void *context) {
    struct removal *removal = context;
    removal->group.names[removal->count++] = member_name(removal->members, member);
    if (removal->count == ZSET_GROUP) finish_removal(removal);
}

void zset_table_remove_ranks(struct zset_table *table, struct zset_ranks ranks) {
    struct removal removal = {.members = table->members, .count = 0};
    bool has_scores = table->scores != NULL && ranks.start != ranks.end;
    uint64_t first = 0, last = 0;
    if (UNLIKELY(has_scores)) {
        first = skiplist_key(skiplist_at(table->list, ranks.start));
        last = skiplist_key(skiplist_at(table->list, ranks.end - 1));
    }
    skiplist_remove_range(table->list, ranks.start, ranks.end - ranks.start, gather_removed,
                          &removal);
    finish_removal(&removal);
    if (UNLIKELY(has_scores)) zset_scores_note_run_removed(table, first, last);
}

/* --- due times --- */

void zset_table_set_due(struct zset_table *table, struct bytes name, int64_t due_ms,
                        int64_t now_ms) {
    uint64_t hash = members_hash(name);
    struct table_place place;
    void *old = members_find(table->members, name, hash, &place);
    CHECK(old != NULL);
    uint64_t key = key_of_member(table, old);
    void *member = members_set_due(table->members, place, hash, due_ms, now_ms);
    if (member != old) skiplist_replace(table->list, key, old, member);
}

size_t zset_table_expire(struct zset_table *table, int64_t now_ms, size_t max) {
    return members_expire(table->members, now_ms, max, forget_in_list, table);
}
