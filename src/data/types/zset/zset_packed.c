/* The listpack form: pairs of a member and its score, in order, byte for byte as Redis holds them.
 * A score that is an integer up to 2^62 is held as one (so minus zero becomes zero), any other as
 * its text. */
#include "data/types/zset/zset_private.h"

static struct {
    size_t max_entries;
    size_t max_member_len;
} limits = {.max_entries = 128, .max_member_len = 64};

void zset_set_limits(int64_t max_entries, int64_t max_member_len) {
    limits.max_entries = (size_t)max_entries;
    limits.max_member_len = (size_t)max_member_len;
}

bool zset_packed_takes(size_t count, size_t longest, size_t total_len) {
    enum { PAIR_OVERHEAD_MAX = 2 * PACKED_ENTRY_OVERHEAD_MAX + SCORE_TEXT_MAX };
    return count <= limits.max_entries && longest <= limits.max_member_len &&
           total_len + count * PAIR_OVERHEAD_MAX < LISTPACK_BYTES_MAX - LISTPACK_HEADER;
}

/* --- reading --- */

char *zset_packed_next(const char *listpack, const char *at) {
    return listpack_next(listpack, listpack_next(listpack, at));
}

char *zset_packed_previous(const char *listpack, const char *at) {
    const char *score_at = listpack_previous(listpack, at);
    return score_at == NULL ? NULL : listpack_previous(listpack, score_at);
}

double zset_packed_score(const char *listpack, const char *at) {
    struct packed_value value = packed_read(listpack_next(listpack, at));
    if (value.data == NULL) return (double)value.integer;
    double score;
    CHECK(number_parse_double(bytes_of(value.data, value.len), &score));
    return score;
}

static uint64_t read_key(const char *listpack, const char *at) {
    return skiplist_key_of_double(zset_packed_score(listpack, at));
}

static struct bytes read_member(const char *at, char scratch[PACKED_SCRATCH]) {
    struct packed_value value = packed_read(at);
    return packed_text(&value, scratch);
}

void zset_packed_read(const char *listpack, const char *at, struct zset_pair *pair) {
    pair->member = read_member(at, pair->scratch);
    pair->score = zset_packed_score(listpack, at);
}

char *zset_packed_find(const char *listpack, struct bytes member) {
    struct packed_item item = packed_item_of(member);
    return listpack_find(listpack, listpack_first(listpack), &item, 2);
}

/* --- ranks --- */

uint64_t zset_packed_rank(const char *listpack, const char *at) {
    uint64_t rank = 0;
    const char *before = listpack_first(listpack);
    for (; before != at; before = zset_packed_next(listpack, before)) rank++;
    return rank;
}

uint64_t zset_packed_seek(const char *listpack, uint64_t key) {
    uint64_t rank = 0;
    const char *at = listpack_first(listpack);
    for (; at != NULL && read_key(listpack, at) < key; rank++) at = zset_packed_next(listpack, at);
    return rank;
}

uint64_t zset_packed_seek_lex(const char *listpack, const struct zset_lex_place *place) {
    uint64_t rank = 0;
    char scratch[PACKED_SCRATCH];
    const char *at = listpack_first(listpack);
    for (; at != NULL && zset_is_before(read_member(at, scratch), place); rank++)
        at = zset_packed_next(listpack, at);
    return rank;
}

static char *position_of_rank(const char *listpack, uint64_t rank) {
    return listpack_at(listpack, (int64_t)(2 * rank));
}

void zset_packed_visit(const char *listpack, struct zset_ranks ranks, bool is_reverse,
                       zset_visit_function *visit, void *context) {
    uint64_t left = ranks.end - ranks.start;
    if (left == 0) return;
    const char *at = position_of_rank(listpack, is_reverse ? ranks.end - 1 : ranks.start);
    for (; left != 0; left--) {
        struct zset_pair pair;
        zset_packed_read(listpack, at, &pair);
        if (!visit(context, pair.member, score_of_double(pair.score))) return;
        at = is_reverse ? zset_packed_previous(listpack, at) : zset_packed_next(listpack, at);
    }
}

/* --- changing --- */

static bool is_held_as_integer(double score) {
    const double max = 0x1p62;
    return score >= -max && score <= max && (double)(int64_t)score == score;
}

static struct packed_item make_score_item(double score, char text[SCORE_TEXT_MAX]) {
    if (is_held_as_integer(score)) return packed_item_of_integer((int64_t)score);
    return packed_item_of(bytes_of(text, number_format_double(text, score)));
}

/* Puts a pair before the one at `at` (NULL: at the end). */
static char *insert_pair(char *listpack, char *at, struct bytes member, double score) {
    char text[SCORE_TEXT_MAX];
    struct packed_item items[] = {packed_item_of(member), make_score_item(score, text)};
    return listpack_insert(listpack, &at, items, ARRAY_LEN(items));
}

char *zset_packed_append(char *listpack, struct bytes member, double score) {
    return insert_pair(listpack, NULL, member, score);
}

/* True when the pair at `at` stands behind one of that member and score. */
static bool is_behind(const char *listpack, const char *at, struct bytes member, double score) {
    double other = zset_packed_score(listpack, at);
    char scratch[PACKED_SCRATCH];
    if (other != score) return other > score;
    return bytes_compare(read_member(at, scratch), member) > 0;
}

/* The first pair that stands behind it; NULL: none. */
static char *find_place(const char *listpack, struct bytes member, double score) {
    const char *end = listpack + listpack_bytes(listpack) - 1;
    const char *last = zset_packed_previous(listpack, end);
    if (last == NULL || !is_behind(listpack, last, member, score)) return NULL;
    char *at = listpack_first(listpack);
    while (!is_behind(listpack, at, member, score)) at = zset_packed_next(listpack, at);
    return at;
}

char *zset_packed_add(char *listpack, struct bytes member, double score) {
    return insert_pair(listpack, find_place(listpack, member, score), member, score);
}

/* True when the pair at `at` may have that score and stay where it is. */
static bool stays_in_order(const char *listpack, const char *at, struct bytes member,
                           double score) {
    const char *previous = zset_packed_previous(listpack, at);
    const char *next = zset_packed_next(listpack, at);
    return (previous == NULL || !is_behind(listpack, previous, member, score)) &&
           (next == NULL || is_behind(listpack, next, member, score));
}

char *zset_packed_update(char *listpack, char *at, struct bytes member, double score) {
    if (zset_packed_score(listpack, at) == score) return listpack;
    if (!stays_in_order(listpack, at, member, score))
        return zset_packed_add(listpack_remove(listpack, &at, 2), member, score);
    char text[SCORE_TEXT_MAX];
    struct packed_item item = make_score_item(score, text);
    char *score_at = listpack_next(listpack, at);
    return listpack_replace(listpack, &score_at, &item);
}

char *zset_packed_remove(char *listpack, struct zset_ranks ranks) {
    char *at = position_of_rank(listpack, ranks.start);
    return listpack_remove(listpack, &at, 2 * (ranks.end - ranks.start));
}
