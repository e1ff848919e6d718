/* Sliding window counter. The window is cut into b buckets; what was let in is counted in the
 * bucket of its moment, and of the oldest bucket so much counts as still lies in the window:
 *
 *      count   b      b-1        1       0
 *            [------|------|------|------|------]      each window / b long
 *            anchor    |<---- window --->|
 *                                       now           phase: how far now is in bucket 0
 *
 *      used = count 0 + ... + count b-1 + count b * (1 - phase)
 *
 * With b = 1 that is previous * (1 - elapsed) + current. `used` falls in straight pieces as time
 * passes, one piece a bucket, and never jumps, so the moment at which it has fallen to a given
 * number is found piece by piece. All is exact: times within the grid are multiples of 1/b us, kept
 * as whole numbers of those ("steps"; a bucket is `window` steps long), and the answer `used` is
 * rounded up, which changes no decision because costs are whole.
 *
 * The grid begins at the first take of a fresh limiter. `anchor` moves by whole windows, which are
 * whole us, and `index` says which bucket behind it is bucket 0.
 *
 * Another window or number of buckets counts from the last take on (when the counts were made):
 * - a shorter window speeds time up. The grid shrinks around that take with its counts: all that
 *   counted counts as before and then leaves sooner, and no take is denied that would have been let
 *   in;
 * - a longer window, or other buckets, begin a new grid. Bucket 0 keeps its count, and the count
 *   of an older one goes where its end lies, the latest that its units can be. The part of count b
 *   that has left stays away, unless the window is longer: then it is back in it.
 *
 * remaining: limit - used. UPTO takes that, DRAIN adds it to count 0. GIVE undoes the newest
 * counts.
 *
 * Invariants: 1. latest lies in bucket 0; 2. counts are 0 to COUNT_MAX; 3. when all are 0, the grid
 * means nothing; 4. previous is STATE_HAS_BLOCK exactly when there are more buckets than one. */
#include "data/types/ratelimit/algorithm_private.h"
#include "data/types/ratelimit/varint.h"
#include "foundation/mem.h"

#include <string.h>

enum { STATE_HAS_BLOCK = -1, COUNTS_MAX = RATE_BUCKETS_MAX + 1 };

/* Charges that a longer window calls back may add up to more than the limit; here that ends. */
#define COUNT_MAX ((int64_t)1 << 56)

#define NEVER (~(u128)0)

struct sliding_block {
    uint32_t buckets, index;
    int64_t counts[];
};

struct sliding_state {
    int64_t anchor_us;
    int64_t latest_us;
    int64_t previous; /* count 1 of one bucket, or STATE_HAS_BLOCK */
    union {
        int64_t current; /* count 0 of one bucket */
        struct sliding_block *block;
    };
};

/* A state taken out to work on. */
struct grid {
    int64_t anchor_us, now_us;
    uint64_t window_us;
    uint32_t buckets, index;
    int64_t counts[COUNTS_MAX];
};

/* --- state and grid --- */

static bool has_block(const struct sliding_state *state) {
    return state->previous == STATE_HAS_BLOCK;
}

static size_t size_of_block(uint32_t buckets) {
    return sizeof(struct sliding_block) + (buckets + 1) * sizeof(int64_t);
}

static void load_grid(const struct sliding_state *state, uint64_t window_us, struct grid *grid) {
    grid->anchor_us = state->anchor_us;
    grid->now_us = state->latest_us;
    grid->window_us = window_us;
    if (!has_block(state)) {
        grid->buckets = 1;
        grid->index = 0;
        grid->counts[0] = state->current;
        grid->counts[1] = state->previous;
        return;
    }
    grid->buckets = state->block->buckets;
    grid->index = state->block->index;
    memcpy(grid->counts, state->block->counts, (grid->buckets + 1) * sizeof(int64_t));
}

static void destroy_sliding(void *state) {
    struct sliding_state *sliding = state;
    if (has_block(sliding)) mem_free(sliding->block);
}

static void make_block(struct sliding_state *state, uint32_t buckets) {
    if (has_block(state) && state->block->buckets == buckets) return;
    destroy_sliding(state);
    state->previous = STATE_HAS_BLOCK;
    state->block = mem_alloc(size_of_block(buckets));
    state->block->buckets = buckets;
}

static void store_grid(struct sliding_state *state, const struct grid *grid) {
    state->anchor_us = grid->anchor_us;
    state->latest_us = grid->now_us;
    if (grid->buckets == 1) {
        destroy_sliding(state);
        state->current = grid->counts[0];
        state->previous = grid->counts[1];
        return;
    }
    make_block(state, grid->buckets);
    state->block->index = grid->index;
    memcpy(state->block->counts, grid->counts, (grid->buckets + 1) * sizeof(int64_t));
}

/* --- time --- */

/* Steps from the anchor to now. */
static u128 steps_of_now(const struct grid *grid) {
    return (u128)(uint64_t)(grid->now_us - grid->anchor_us) * grid->buckets;
}

static u128 steps_of_bucket(const struct grid *grid, uint32_t number) {
    return (u128)grid->window_us * number;
}

static uint64_t find_phase(const struct grid *grid) {
    return (uint64_t)(steps_of_now(grid) - steps_of_bucket(grid, grid->index));
}

/* The first us that is not before so many steps. */
static u128 moment_of_steps(const struct grid *grid, u128 steps) {
    return (u128)grid->anchor_us + rate_divide_up(steps, grid->buckets);
}

static bool is_empty(const struct grid *grid) {
    for (uint32_t i = 0; i <= grid->buckets; i++) {
        if (grid->counts[i] != 0) return false;
    }
    return true;
}

static void begin_grid_now(struct grid *grid) {
    grid->anchor_us = grid->now_us;
    grid->index = 0;
}

static void clear_grid(struct grid *grid) {
    memset(grid->counts, 0, sizeof(grid->counts));
    begin_grid_now(grid);
}

static void shift_counts(struct grid *grid, uint64_t by) {
    size_t count = grid->buckets + 1, dropped = by < count ? by : count;
    memmove(grid->counts + dropped, grid->counts, (count - dropped) * sizeof(int64_t));
    memset(grid->counts, 0, dropped * sizeof(int64_t));
}

/* Lets time pass, never back. */
static void roll_grid(struct grid *grid, int64_t now_us) {
    if (now_us > grid->now_us) grid->now_us = now_us;
    u128 steps = steps_of_now(grid);
    if (steps >= steps_of_bucket(grid, grid->index + 1)) {
        CHECK(grid->window_us != 0);
        uint64_t number = (uint64_t)(steps / grid->window_us);
        shift_counts(grid, number - grid->index);
        grid->anchor_us += (int64_t)(number / grid->buckets * grid->window_us);
        grid->index = (uint32_t)(number % grid->buckets);
    }
    if (is_empty(grid)) begin_grid_now(grid);
}

/* --- counting --- */

/* `count` * part / whole, rounded up; `part` is at most `whole`. */
static int64_t share_of(int64_t count, uint64_t part, uint64_t whole) {
    if (count == 0) return 0;
    return (int64_t)rate_divide_up((u128)(uint64_t)count * part, whole);
}

/* What of count b still lies in the window. */
static int64_t share_of_oldest(const struct grid *grid) {
    uint64_t window = grid->window_us;
    return share_of(grid->counts[grid->buckets], window - find_phase(grid), window);
}

static int64_t sum_newer(const struct grid *grid) {
    int64_t sum = 0;
    for (uint32_t i = 0; i < grid->buckets; i++) sum += grid->counts[i];
    return sum;
}

static int64_t count_used(const struct grid *grid) {
    return sum_newer(grid) + share_of_oldest(grid);
}

/* The moment at which `used`, now above `target`, has fallen to it: found in the first piece that
 * ends no higher. */
static u128 find_fall(const struct grid *grid, int64_t target) {
    uint32_t ahead = 0;
    int64_t end = sum_newer(grid);
    for (; end > target && ahead < grid->buckets; ahead++)
        end -= grid->counts[grid->buckets - 1 - ahead];
    int64_t oldest = grid->counts[grid->buckets - ahead], kept = target - end;
    u128 fall = (u128)(uint64_t)(oldest - kept) * grid->window_us;
    u128 steps = steps_of_bucket(grid, grid->index + ahead);
    steps += rate_divide_up(fall, (uint64_t)oldest);
    return moment_of_steps(grid, steps);
}

/* The moment at which nothing is left of what is not empty. */
static u128 find_end(const struct grid *grid) {
    uint32_t newest = 0;
    while (grid->counts[newest] == 0) newest++;
    uint32_t end = grid->index + 1 + grid->buckets - newest;
    return moment_of_steps(grid, steps_of_bucket(grid, end));
}

/* --- another policy --- */

static void add_count(struct grid *grid, uint32_t i, int64_t count) {
    int64_t sum = grid->counts[i] + count;
    grid->counts[i] = sum < COUNT_MAX ? sum : COUNT_MAX;
}

/* Rounding makes ages longer, so that `used` does not grow. */
static void shorten_window(struct grid *grid, uint64_t window_us) {
    u128 product = (u128)(uint64_t)(grid->now_us - grid->anchor_us) * window_us;
    grid->anchor_us = grid->now_us - (int64_t)rate_divide_up(product, grid->window_us);
    grid->window_us = window_us;
    roll_grid(grid, grid->now_us);
}

/* The bucket of a new grid beginning now in which bucket i of the old one ends. */
static uint32_t find_new_place(const struct grid *old, const struct grid *grid, uint32_t i) {
    if (i == 0) return 0;
    u128 age = steps_of_bucket(old, i - 1) + find_phase(old); /* b-ths of a us */
    return (uint32_t)(age * grid->buckets / ((u128)grid->window_us * old->buckets)) + 1;
}

static void begin_new_grid(struct grid *grid, uint64_t window_us, uint32_t buckets) {
    struct grid old = *grid;
    if (window_us == old.window_us) old.counts[old.buckets] = share_of_oldest(&old);
    *grid = (struct grid){
        .anchor_us = old.now_us, .now_us = old.now_us, .window_us = window_us, .buckets = buckets};
    for (uint32_t i = 0; i <= old.buckets; i++)
        add_count(grid, find_new_place(&old, grid, i), old.counts[i]);
}

/* Makes the grid one of this policy. Returns the moment at which all is forgotten whatever this
 * policy says, because it is what the key's due time was made of. */
static u128 fit_grid(struct grid *grid, const struct rate_policy *policy) {
    uint64_t window_us = rate_period_us(policy);
    if (LIKELY(window_us == grid->window_us && policy->buckets == grid->buckets)) return NEVER;
    u128 end_us = is_empty(grid) ? NEVER : find_end(grid);
    if (window_us < grid->window_us) shorten_window(grid, window_us);
    if (window_us != grid->window_us || policy->buckets != grid->buckets)
        begin_new_grid(grid, window_us, policy->buckets);
    return end_us;
}

/* --- methods --- */

static void start_sliding(void *state, const struct rate_policy *policy, int64_t now_us) {
    struct sliding_state *sliding = state;
    *sliding = (struct sliding_state){.anchor_us = now_us, .latest_us = now_us};
    if (policy->buckets == 1) return;
    make_block(sliding, policy->buckets);
    memset(sliding->block->counts, 0, (policy->buckets + 1) * sizeof(int64_t));
    sliding->block->index = 0;
}

static u128 earlier_of(u128 a, u128 b) {
    return a < b ? a : b;
}

static void take_sliding(void *state, const struct rate_policy *was,
                         const struct rate_policy *policy, const struct rate_request *request,
                         struct rate_answer *answer) {
    struct grid grid;
    load_grid(state, rate_period_us(was), &grid);
    u128 gone_us = fit_grid(&grid, policy);
    roll_grid(&grid, request->now_us);
    if ((u128)grid.now_us >= gone_us) clear_grid(&grid);
    int64_t used = count_used(&grid), room = used < policy->limit ? policy->limit - used : 0;
    bool is_allowed = rate_decide(policy, request, room, answer);
    bool is_drained = !is_allowed && request->mode == RATE_MODE_DRAIN;
    bool is_stored = is_allowed || is_drained;
    grid.counts[0] += is_drained ? room : answer->granted;
    if (is_stored) gone_us = NEVER;
    if (answer->reason == RATE_REASON_LIMITED) {
        u128 fall_us = find_fall(&grid, policy->limit - rate_least_cost(request));
        answer->retry_after_ms = rate_ms_until(earlier_of(fall_us, gone_us), request->now_us);
    }
    if (!is_empty(&grid)) {
        u128 end_us = earlier_of(find_end(&grid), gone_us);
        answer->reset_after_ms = rate_ms_until(end_us, request->now_us);
        answer->fresh_at_us = rate_saturate(end_us);
    }
    if (is_stored && !request->is_peek) store_grid(state, &grid);
}

/* What was taken last is given back first. */
static void give_sliding(void *state, const struct rate_policy *policy, int64_t now_us,
                         int64_t units) {
    struct grid grid;
    load_grid(state, rate_period_us(policy), &grid);
    roll_grid(&grid, now_us);
    for (uint32_t i = 0; i <= grid.buckets && units > 0; i++) {
        int64_t given = units < grid.counts[i] ? units : grid.counts[i];
        grid.counts[i] -= given;
        units -= given;
    }
    store_grid(state, &grid);
}

static int64_t find_fresh_moment(const void *state, const struct rate_policy *policy,
                                 int64_t now_us) {
    struct grid grid;
    load_grid(state, rate_period_us(policy), &grid);
    roll_grid(&grid, now_us);
    return is_empty(&grid) ? 0 : rate_saturate(find_end(&grid));
}

/* Buckets, index, anchor, how long ago, counts. */
static void encode_sliding(const void *state, struct buffer *out) {
    struct grid grid;
    load_grid(state, 0, &grid);
    varint_append(out, grid.buckets);
    varint_append(out, grid.index);
    varint_append(out, (uint64_t)grid.anchor_us);
    varint_append(out, (uint64_t)(grid.now_us - grid.anchor_us));
    for (uint32_t i = 0; i <= grid.buckets; i++) varint_append(out, (uint64_t)grid.counts[i]);
}

static bool take_counts(struct grid *grid, struct bytes *bytes) {
    for (uint32_t i = 0; i <= grid->buckets; i++) {
        uint64_t count;
        if (!varint_take(bytes, (uint64_t)COUNT_MAX, &count)) return false;
        grid->counts[i] = (int64_t)count;
    }
    return bytes->len == 0;
}

static bool is_in_bucket(const struct grid *grid) {
    u128 steps = steps_of_now(grid);
    return steps >= steps_of_bucket(grid, grid->index) &&
           steps < steps_of_bucket(grid, grid->index + 1);
}

static bool decode_sliding(void *state, const struct rate_policy *policy, struct bytes bytes) {
    uint64_t buckets, index, anchor, since;
    if (!varint_take(&bytes, RATE_BUCKETS_MAX, &buckets) || buckets != policy->buckets ||
        !varint_take(&bytes, buckets - 1, &index) || !varint_take(&bytes, INT64_MAX, &anchor) ||
        !varint_take(&bytes, INT64_MAX - anchor, &since))
        return false;
    struct grid grid = {
        .anchor_us = (int64_t)anchor,
        .now_us = (int64_t)(anchor + since),
        .window_us = rate_period_us(policy),
        .buckets = (uint32_t)buckets,
        .index = (uint32_t)index,
    };
    if (!take_counts(&grid, &bytes) || !is_in_bucket(&grid)) return false;
    struct sliding_state sliding = {0};
    store_grid(&sliding, &grid);
    memcpy(state, &sliding, sizeof(sliding));
    return true;
}

static void copy_sliding(const void *source, void *target) {
    const struct sliding_state *sliding = source;
    struct sliding_state copy = *sliding;
    if (has_block(sliding)) {
        size_t size = size_of_block(sliding->block->buckets);
        copy.block = mem_alloc(size);
        memcpy(copy.block, sliding->block, size);
    }
    memcpy(target, &copy, sizeof(copy));
}

static size_t count_outside_bytes(const void *state) {
    const struct sliding_state *sliding = state;
    return has_block(sliding) ? mem_usable_size(sliding->block) : 0;
}

static bool is_costly_to_free(const void *state) {
    (void)state;
    return false;
}

static bool prefetch_block(const void *state, unsigned step) {
    enum { LINE = 64 };
    (void)step;
    const struct sliding_state *sliding = state;
    if (!has_block(sliding)) return false;
    mem_prefetch(sliding->block);
    mem_prefetch((const char *)sliding->block + LINE);
    return false;
}

static bool is_inline(const struct rate_policy *policy) {
    return policy->buckets == 1;
}

const struct rate_methods rate_sliding_methods = {
    .word = "SLIDING",
    .state_bytes = sizeof(struct sliding_state),
    .is_outside = true,
    .is_inline = is_inline,
    .start = start_sliding,
    .take = take_sliding,
    .give = give_sliding,
    .fresh_at_us = find_fresh_moment,
    .encode = encode_sliding,
    .decode = decode_sliding,
    .destroy = destroy_sliding,
    .copy = copy_sliding,
    .outside_bytes = count_outside_bytes,
    .is_costly_to_free = is_costly_to_free,
    .prefetch = prefetch_block,
};
