/* Setting scores: ZADD ZINCRBY. */
#include "commands/zset/add_options.h"
#include "commands/zset/listing.h"
#include "commands/zset/zset_commands.h"
#include "engine/collection_access.h"
#include "foundation/mem.h"

enum {
    FEW_PAIRS = 8, /* whose scores lie on the stack */
    CHUNK = 16,    /* members fetched ahead together */
};

/* A ZADD under way. */
struct addition {
    struct call *call;
    const struct add_options *options;
    struct key key;
    struct found found;
    uint64_t added, changed;
    bool has_score; /* the options let the last member have its score */
    struct score score;
};

/* --- scores --- */

static bool read_scores(struct call *call, const struct add_options *options, enum score_kind kind,
                        struct score *scores) {
    for (uint32_t i = 0; i < options->pair_count; i++) {
        if (!listing_read_score(call, options->first_pair + 2 * i, kind, &scores[i])) return false;
    }
    return true;
}

/* INT64: of the two kinds of sets only the one of integers will do. */
static COLD bool prepare_exact(struct addition *addition, struct score *scores) {
    struct call *call = addition->call;
    if (!read_scores(call, addition->options, SCORE_INT64, scores) ||
        !collection_find(call, addition->key, VALUE_ZSET, &addition->found))
        return false;
    const struct entry *entry = addition->found.entry;
    if (entry == NULL || zset_score_kind(entry) == SCORE_INT64) return true;
    reply_error(call,
                "ERR INT64 is not for this sorted set: its scores are floating-point numbers");
    return false;
}

/* Finds the set and reads the scores as it wants them. Doubles are checked before the key is looked
 * at, as in Redis. */
static bool prepare(struct addition *addition, struct score *scores) {
    struct call *call = addition->call;
    if (UNLIKELY(addition->options->is_exact)) return prepare_exact(addition, scores);
    if (!read_scores(call, addition->options, SCORE_DOUBLE, scores) ||
        !collection_find(call, addition->key, VALUE_ZSET, &addition->found))
        return false;
    const struct entry *entry = addition->found.entry;
    return LIKELY(entry == NULL || zset_score_kind(entry) == SCORE_DOUBLE) ||
           read_scores(call, addition->options, SCORE_INT64, scores);
}

/* --- one member --- */

static bool is_refused(const struct add_options *options, struct score old, struct score score) {
    if (options->is_greater_only) return score_compare(score, old) <= 0;
    return options->is_less_only && score_compare(score, old) >= 0;
}

static void add_new(struct addition *addition, struct bytes member, struct score score) {
    if (addition->options->is_old_only) return;
    (void)zset_put(addition->call->db, addition->key, &addition->found, member, score, false);
    addition->added++;
    addition->has_score = true;
    addition->score = score;
}

static void reply_no_sum(struct call *call, enum score_kind kind) {
    reply_error(call, kind == SCORE_DOUBLE ? "ERR resulting score is not a number (NaN)"
                                           : "ERR increment or decrement would overflow");
}

/* False after an error reply, which only an increment can meet. */
static bool change_old(struct addition *addition, struct bytes member, struct score old,
                       struct score score) {
    const struct add_options *options = addition->options;
    if (options->is_new_only) return true;
    if (options->is_increment && !score_add(old, score, &score)) {
        reply_no_sum(addition->call, old.kind);
        return false;
    }
    if (is_refused(options, old, score)) return true;
    addition->has_score = true;
    addition->score = score;
    if (score_compare(old, score) == 0) return true;
    (void)zset_put(addition->call->db, addition->key, &addition->found, member, score, false);
    addition->changed++;
    return true;
}

static bool add_one(struct addition *addition, struct bytes member, struct score score) {
    struct score old;
    const struct entry *entry = addition->found.entry;
    if (entry != NULL && zset_score(entry, member, &old))
        return change_old(addition, member, old, score);
    add_new(addition, member, score);
    return true;
}

/* --- all members --- */

static void prefetch_members(const struct addition *addition, uint32_t first_pair) {
    const struct call *call = addition->call;
    struct bytes members[CHUNK];
    uint32_t count = 0;
    for (uint32_t i = addition->options->first_pair + 2 * first_pair; i < call->argc; i += 2) {
        if (count == CHUNK) break;
        members[count++] = call->args[i + 1];
    }
    zset_prefetch(addition->found.entry, members, count);
}

static bool add_all(struct addition *addition, const struct score *scores) {
    const struct add_options *options = addition->options;
    const struct bytes *pairs = addition->call->args + options->first_pair;
    if (LIKELY(options->pair_count == 1)) return add_one(addition, pairs[1], scores[0]);
    for (uint32_t i = 0; i < options->pair_count; i++) {
        bool is_chunk_start = i % CHUNK == 0;
        if (is_chunk_start && addition->found.entry != NULL) prefetch_members(addition, i);
        if (!add_one(addition, pairs[2 * i + 1], scores[i])) return false;
    }
    return true;
}

static void reply_addition(const struct addition *addition) {
    const struct add_options *options = addition->options;
    uint64_t count = addition->added + (options->counts_changes ? addition->changed : 0);
    if (!options->is_increment)
        reply_integer(addition->call, (int64_t)count);
    else if (addition->has_score)
        listing_reply_score(addition->call, addition->score);
    else
        reply_null(addition->call);
}

/* MAXLEN: cuts the board, whatever was added to it. */
static COLD void cut(struct addition *addition) {
    const struct add_options *options = addition->options;
    struct found *found = &addition->found;
    uint64_t len = found->entry == NULL ? 0 : zset_len(found->entry);
    if (len <= options->max_len) return;
    struct zset_ranks excess = {0, len - options->max_len};
    if (options->keeps_lowest) excess = (struct zset_ranks){options->max_len, len};
    zset_remove_ranks(addition->call->db, addition->key, found, excess, false, NULL, NULL);
    collection_notify(addition->call, KEY_EVENT_ZSET, addition->key, "zremrangebyrank", found);
}

static void run_addition(struct addition *addition, struct score *scores) {
    if (!prepare(addition, scores) || !add_all(addition, scores)) return;
    reply_addition(addition);
    if (addition->added + addition->changed != 0)
        call_notify(addition->call, KEY_EVENT_ZSET, addition->key.name,
                    addition->options->is_increment ? "zincr" : "zadd");
    if (UNLIKELY(addition->options->max_len != 0)) cut(addition);
}

static void add(struct call *call, struct add_options *options) {
    if (!add_options_read(call, options)) return;
    struct addition addition = {.call = call, .options = options, .key = call_key(call, 1)};
    if (LIKELY(options->pair_count <= FEW_PAIRS)) {
        struct score few[FEW_PAIRS];
        run_addition(&addition, few);
        return;
    }
    struct score *scores = mem_alloc_array(options->pair_count, sizeof(*scores));
    run_addition(&addition, scores);
    mem_free(scores);
}

static void zadd_command(struct call *call) {
    add(call, &(struct add_options){0});
}

/* A word of ZADD's in the place of the increment is taken for that, as in Redis, and the rest is a
 * syntax error. */
static void zincrby_command(struct call *call) {
    add(call, &(struct add_options){.is_increment = true});
}

static const struct command_row rows[] = {
    {
        .name = "zadd",
        .handler = zadd_command,
        .arity = -4,
        .member_index = 3,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Adds members to a sorted set, or gives those it has other scores.",
        .syntax = "key [condition(NX | XX)/3.0.2] [comparison(GT | LT)/6.2.0] [CH=change/3.0.2] "
                  "[INCR=increment/3.0.2] [cap(MAXLEN max-len:integer [KEEP side(HIGHEST | "
                  "LOWEST)])/8.0.0] [INT64/8.0.0] score_member(score:double member)...",
        .complexity = "O(log(N)) for each member, and for each that MAXLEN removes",
        .since = "1.2.0",
        .group = "sorted-set",
    },
    {
        .name = "zincrby",
        .handler = zincrby_command,
        .arity = 4,
        .member_index = 3,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_SORTEDSET,
        .keys = {KEY_AT(1, "RW access update")},
        .summary = "Adds to the score of a member.",
        .syntax = "key increment member",
        .complexity = "O(log(N))",
        .since = "1.2.0",
        .group = "sorted-set",
    },
};

const struct command_list zset_add_commands = COMMAND_LIST(rows);
