/* Sliding window log: the moment of every unit that was let in, so that a window never holds more
 * than the limit. A unit taken at t counts while t <= now < t + window.
 *
 * Units of one moment are a run. The newest run lies in the state, where it can still grow; the
 * older ones are coded, oldest first, in a chain of blocks:
 *
 *      head                               tail
 *      | base_us, run run run ... | -> | base_us, run run ... |     newest_us, newest_units
 *
 *      run     (us to the next run) << 1 | has units     units, when not 1      both varints
 *
 * base_us is the moment of the first run that is left in its block, so a block needs no other to be
 * read, and a block that has left the window as a whole is dropped unread. Blocks grow with the
 * log, up to LOG_BLOCK_MAX. A log that fits in one block moves within it and allocates nothing.
 *
 * What has left the window is dropped by the next take that is let in. A shorter window leaves out
 * what is too old for it, a longer one counts again what has not been dropped yet, until the moment
 * at which the window before it has left all behind.
 *
 * remaining: limit less the units in the window. UPTO takes that, DRAIN adds it as units of now.
 * GIVE takes away the newest units.
 *
 * Invariants: 1. runs strictly ascend in time and none is later than latest_us; 2. `units` is the
 * sum of all runs, and a block's of its own; 3. without units there are no runs; 4. of blocks only
 * the tail may be empty (start == end, units 0, base_us unset). */
#include "data/types/ratelimit/algorithm_private.h"
#include "data/types/ratelimit/varint.h"
#include "foundation/mem.h"

#include <string.h>

enum {
#ifdef SKUA_TEST
    LOG_BLOCK_MAX = 160, /* so that small tests have chains */
#else
    LOG_BLOCK_MAX = 4096,
#endif
    LOG_BLOCK_MIN = 64,
    LOG_RUN_MAX = VARINT_MAX_BYTES + 4, /* a run holds less than 2^28 units */
    LOG_COSTLY_BLOCKS = 64,
};

#define NEVER (~(u128)0)

struct log_block {
    struct log_block *next;
    int64_t base_us;
    uint32_t units;
    uint16_t start, end, cap; /* in bytes[] */
    uint8_t bytes[];
};

struct log_state {
    int64_t latest_us;
    int64_t newest_us;
    uint32_t newest_units;
    uint32_t units;
    struct log_block *head, *tail; /* both NULL, or neither */
    size_t outside_bytes;
};

struct run {
    int64_t us;
    uint32_t units;
};

/* --- runs in a block --- */

static bool is_empty_block(const struct log_block *block) {
    return block->start == block->end;
}

/* A walk over the runs of a block. `run` is the one reached; the next one's moment is known as
 * well, be it in another block. */
struct run_walk {
    const uint8_t *at, *end;
    struct run run;
    int64_t next_us;
};

static struct run_walk walk_block(const struct log_block *block) {
    return (struct run_walk){
        .at = block->bytes + block->start,
        .end = block->bytes + block->end,
        .next_us = block->base_us,
    };
}

static bool walk_run(struct run_walk *walk) {
    if (walk->at == walk->end) return false;
    uint64_t word = varint_get(&walk->at);
    walk->run.us = walk->next_us;
    walk->run.units = (word & 1) != 0 ? (uint32_t)varint_get(&walk->at) : 1;
    walk->next_us += (int64_t)(word >> 1);
    return true;
}

static size_t code_run(uint8_t *at, uint32_t units, int64_t until_next_us) {
    uint64_t word = (uint64_t)until_next_us << 1;
    if (units == 1) return varint_put(at, word);
    size_t len = varint_put(at, word | 1);
    return len + varint_put(at + len, units);
}

/* --- the chain of blocks --- */

static size_t choose_block_size(const struct log_state *state) {
    size_t size = state->outside_bytes / 2;
    if (size < LOG_BLOCK_MIN) size = LOG_BLOCK_MIN;
    return mem_good_size(size > LOG_BLOCK_MAX ? LOG_BLOCK_MAX : size);
}

static void append_block(struct log_state *state) {
    size_t size = choose_block_size(state);
    struct log_block *block = mem_alloc(size);
    *block = (struct log_block){.cap = (uint16_t)(size - offsetof(struct log_block, bytes))};
    if (state->tail == NULL)
        state->head = block;
    else
        state->tail->next = block;
    state->tail = block;
    state->outside_bytes += mem_usable_size(block);
}

static void free_block(struct log_state *state, struct log_block *block) {
    state->outside_bytes -= mem_usable_size(block);
    mem_free(block);
}

static void free_chain(struct log_state *state, struct log_block *block) {
    while (block != NULL) {
        struct log_block *next = block->next;
        free_block(state, block);
        block = next;
    }
}

static void clear_block(struct log_block *block) {
    block->start = block->end = 0;
    block->units = 0;
}

/* Keeps one block for what comes next. */
static void clear_log(struct log_state *state) {
    state->units = state->newest_units = 0;
    if (state->head == NULL) return;
    free_chain(state, state->head->next);
    state->head->next = NULL;
    state->tail = state->head;
    clear_block(state->head);
}

/* Moves the runs to the block's front when that is worth it. */
static void close_gap(struct log_block *block) {
    size_t len = (size_t)(block->end - block->start);
    if (block->start < len) return;
    memmove(block->bytes, block->bytes + block->start, len);
    block->start = 0;
    block->end = (uint16_t)len;
}

static bool has_room(const struct log_block *block, size_t len) {
    return (size_t)(block->cap - block->end) >= len;
}

/* Codes the newest run behind the others, now that the moment of the next one is known. */
static void push_newest(struct log_state *state, int64_t next_us) {
    uint8_t coded[LOG_RUN_MAX];
    size_t len = code_run(coded, state->newest_units, next_us - state->newest_us);
    if (state->tail == NULL) append_block(state);
    if (!has_room(state->tail, len)) close_gap(state->tail);
    if (!has_room(state->tail, len)) append_block(state);
    struct log_block *tail = state->tail;
    if (is_empty_block(tail)) tail->base_us = state->newest_us;
    memcpy(tail->bytes + tail->end, coded, len);
    tail->end = (uint16_t)(tail->end + len);
    tail->units += state->newest_units;
}

/* --- the log --- */

static void add_units(struct log_state *state, int64_t now_us, uint32_t units) {
    if (state->units != 0 && state->newest_us == now_us) {
        state->newest_units += units;
    } else {
        if (state->units != 0) push_newest(state, now_us);
        state->newest_us = now_us;
        state->newest_units = units;
    }
    state->units += units;
}

/* The moment of the first run behind those of a block. */
static int64_t moment_behind(const struct log_state *state, const struct log_block *block) {
    const struct log_block *next = block->next;
    return next == NULL || is_empty_block(next) ? state->newest_us : next->base_us;
}

/* The units of moments up to `last_us`. */
static uint32_t count_until(const struct log_state *state, int64_t last_us) {
    if (state->units == 0 || state->newest_us <= last_us) return state->units;
    uint32_t units = 0;
    const struct log_block *block = state->head;
    for (; block != NULL && moment_behind(state, block) <= last_us; block = block->next)
        units += block->units;
    if (block == NULL || is_empty_block(block)) return units;
    struct run_walk walk = walk_block(block);
    while (walk.next_us <= last_us && walk_run(&walk)) units += walk.run.units;
    return units;
}

/* Drops the same. */
static void drop_until(struct log_state *state, int64_t last_us) {
    if (state->units == 0) return;
    if (state->newest_us <= last_us) {
        clear_log(state);
        return;
    }
    while (state->head != state->tail && moment_behind(state, state->head) <= last_us) {
        struct log_block *block = state->head;
        state->units -= block->units;
        state->head = block->next;
        free_block(state, block);
    }
    struct log_block *head = state->head;
    if (head == NULL || is_empty_block(head)) return;
    struct run_walk walk = walk_block(head);
    uint32_t units = 0;
    while (walk.next_us <= last_us && walk_run(&walk)) units += walk.run.units;
    state->units -= units;
    head->units -= units;
    head->base_us = walk.next_us;
    head->start = (uint16_t)(walk.at - head->bytes);
    if (!is_empty_block(head)) return;
    clear_block(head);
    if (head == state->tail) return;
    state->head = head->next;
    free_block(state, head);
}

/* The run that holds the `nth` unit (1 is the oldest), and where: `*block` is NULL for the newest
 * run, else *at is where the run begins in it, and *before how many units lie before the run. */
static struct run find_unit(const struct log_state *state, uint32_t nth, struct log_block **found,
                            uint16_t *at, uint32_t *before) {
    struct log_block *block = state->head;
    *before = 0;
    for (; block != NULL && nth - *before > block->units; block = block->next)
        *before += block->units;
    *found = block;
    if (block == NULL) return (struct run){state->newest_us, state->newest_units};
    struct run_walk walk = walk_block(block);
    for (;;) {
        *at = (uint16_t)(walk.at - block->bytes);
        CHECK(walk_run(&walk));
        if (nth - *before <= walk.run.units) return walk.run;
        *before += walk.run.units;
    }
}

static int64_t moment_of_unit(const struct log_state *state, uint32_t nth) {
    struct log_block *block;
    uint16_t at;
    uint32_t before;
    return find_unit(state, nth, &block, &at, &before).us;
}

/* Keeps the `kept` oldest units, at least 1 and no more than there are. */
static void cut_newest(struct log_state *state, uint32_t kept) {
    struct log_block *block;
    uint16_t at;
    uint32_t before;
    struct run run = find_unit(state, kept, &block, &at, &before);
    state->newest_us = run.us;
    state->newest_units = kept - before;
    state->units = kept;
    if (block == NULL) return;
    uint32_t units = 0;
    struct run_walk walk = walk_block(block);
    block->end = at;
    walk.end = block->bytes + at;
    while (walk_run(&walk)) units += walk.run.units;
    block->units = units;
    free_chain(state, block->next);
    block->next = NULL;
    state->tail = block;
    if (is_empty_block(block)) clear_block(block);
}

/* --- methods --- */

static int64_t later_of(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static void start_log(void *state, const struct rate_policy *policy, int64_t now_us) {
    (void)policy;
    *(struct log_state *)state = (struct log_state){.latest_us = now_us};
}

/* The moment up to which units have left the window. */
static int64_t last_to_leave(const struct rate_policy *policy, int64_t now_us) {
    return now_us - (int64_t)rate_period_us(policy);
}

static u128 moment_of_leaving(const struct rate_policy *policy, int64_t us) {
    return (u128)us + rate_period_us(policy);
}

/* A log that the window before this one has left as a whole is gone: the key was due then. */
static bool is_gone(const struct log_state *log, const struct rate_policy *was, int64_t now_us) {
    return log->newest_us <= last_to_leave(was, now_us);
}

static void charge_log(struct log_state *log, int64_t last_us, int64_t now_us, int64_t units) {
    drop_until(log, last_us);
    if (units != 0) add_units(log, now_us, (uint32_t)units);
    log->latest_us = now_us;
}

/* The moment at which the request will be let in, when `charge` units more than those of the log
 * are in it. */
static u128 find_leaving(const struct log_state *log, const struct rate_policy *policy,
                         const struct rate_request *request, int64_t now_us, int64_t charge) {
    int64_t leaving = log->units + charge - (policy->limit - rate_least_cost(request));
    bool is_older = leaving <= log->units;
    return moment_of_leaving(policy, is_older ? moment_of_unit(log, (uint32_t)leaving) : now_us);
}

static u128 earlier_of(u128 a, u128 b) {
    return a < b ? a : b;
}

static void take_log(void *state, const struct rate_policy *was, const struct rate_policy *policy,
                     const struct rate_request *request, struct rate_answer *answer) {
    struct log_state *log = state;
    int64_t now_us = later_of(request->now_us, log->latest_us);
    int64_t last_us = is_gone(log, was, now_us) ? now_us : last_to_leave(policy, now_us);
    int64_t held = log->units - count_until(log, last_us);
    int64_t room = held < policy->limit ? policy->limit - held : 0;
    bool is_allowed = rate_decide(policy, request, room, answer);
    bool is_drained = !is_allowed && request->mode == RATE_MODE_DRAIN;
    bool is_stored = is_allowed || is_drained;
    int64_t charge = is_drained ? room : answer->granted;
    u128 gone_us = is_stored ? NEVER : moment_of_leaving(was, log->newest_us);
    if (answer->reason == RATE_REASON_LIMITED) {
        u128 leaving_us = find_leaving(log, policy, request, now_us, charge);
        answer->retry_after_ms = rate_ms_until(earlier_of(leaving_us, gone_us), request->now_us);
    }
    if (held + charge != 0) {
        u128 reset_us = moment_of_leaving(policy, charge != 0 ? now_us : log->newest_us);
        reset_us = earlier_of(reset_us, gone_us);
        answer->reset_after_ms = rate_ms_until(reset_us, request->now_us);
        answer->fresh_at_us = rate_saturate(reset_us);
    }
    if (is_stored && !request->is_peek) charge_log(log, last_us, now_us, charge);
}

/* What was taken last is given back first. */
static void give_log(void *state, const struct rate_policy *policy, int64_t now_us, int64_t units) {
    struct log_state *log = state;
    log->latest_us = later_of(now_us, log->latest_us);
    drop_until(log, last_to_leave(policy, log->latest_us));
    if (units >= log->units)
        clear_log(log);
    else if (units > 0)
        cut_newest(log, log->units - (uint32_t)units);
}

static int64_t find_fresh_moment(const void *state, const struct rate_policy *policy,
                                 int64_t now_us) {
    const struct log_state *log = state;
    now_us = later_of(now_us, log->latest_us);
    bool is_fresh = log->units == 0 || is_gone(log, policy, now_us);
    return is_fresh ? 0 : rate_saturate(moment_of_leaving(policy, log->newest_us));
}

/* Latest moment, units of the newest run, moment of the oldest run, all runs but the newest. */
static void encode_log(const void *state, struct buffer *out) {
    const struct log_state *log = state;
    varint_append(out, (uint64_t)log->latest_us);
    varint_append(out, log->newest_units);
    if (log->units == 0) return;
    bool is_one_run = log->units == log->newest_units;
    varint_append(out, (uint64_t)(is_one_run ? log->newest_us : log->head->base_us));
    for (const struct log_block *block = log->head; block != NULL; block = block->next)
        buffer_append(out, block->bytes + block->start, (size_t)(block->end - block->start));
}

/* Reads a run but for its moment. */
static bool take_run(struct bytes *bytes, uint64_t *until_next_us, uint64_t *units) {
    uint64_t word;
    if (!varint_take(bytes, UINT64_MAX, &word)) return false;
    *until_next_us = word >> 1;
    *units = 1;
    if ((word & 1) != 0 && (!varint_take(bytes, RATE_LOG_LIMIT_MAX, units) || *units < 2))
        return false;
    return *until_next_us != 0;
}

static bool take_runs(struct log_state *log, struct bytes bytes, int64_t us, uint64_t newest) {
    uint64_t until_next_us, units;
    while (bytes.len != 0) {
        if (!take_run(&bytes, &until_next_us, &units) ||
            until_next_us > (uint64_t)(log->latest_us - us) ||
            units + newest + log->units > (uint64_t)RATE_LOG_LIMIT_MAX)
            return false;
        add_units(log, us, (uint32_t)units);
        us += (int64_t)until_next_us;
    }
    add_units(log, us, (uint32_t)newest);
    return true;
}

static void destroy_log(void *state) {
    struct log_state *log = state;
    free_chain(log, log->head);
}

static bool decode_log(void *state, const struct rate_policy *policy, struct bytes bytes) {
    (void)policy;
    uint64_t latest, newest, oldest = 0;
    if (!varint_take(&bytes, INT64_MAX, &latest) ||
        !varint_take(&bytes, RATE_LOG_LIMIT_MAX, &newest))
        return false;
    struct log_state log = {.latest_us = (int64_t)latest};
    bool is_right = newest == 0 ? bytes.len == 0
                                : varint_take(&bytes, latest, &oldest) &&
                                      take_runs(&log, bytes, (int64_t)oldest, newest);
    if (is_right)
        memcpy(state, &log, sizeof(log));
    else
        destroy_log(&log);
    return is_right;
}

static struct log_block *copy_block(const struct log_block *block) {
    size_t size = offsetof(struct log_block, bytes) + block->cap;
    struct log_block *copy = mem_alloc(size);
    memcpy(copy, block, offsetof(struct log_block, bytes) + block->end);
    return copy;
}

static void copy_log(const void *source, void *target) {
    struct log_state copy = *(const struct log_state *)source;
    struct log_block **link = &copy.head;
    for (; *link != NULL; link = &(*link)->next) {
        *link = copy_block(*link);
        copy.tail = *link;
    }
    memcpy(target, &copy, sizeof(copy));
}

static size_t count_outside_bytes(const void *state) {
    return ((const struct log_state *)state)->outside_bytes;
}

static bool is_costly_to_free(const void *state) {
    return count_outside_bytes(state) > (size_t)LOG_COSTLY_BLOCKS * LOG_BLOCK_MAX;
}

/* The oldest runs, which may leave, and the place behind the newest. */
static bool prefetch_ends(const void *state, unsigned step) {
    const struct log_state *log = state;
    if (log->tail == NULL) return false;
    if (step == 0) {
        mem_prefetch(log->head);
        mem_prefetch(log->tail);
        return true;
    }
    mem_prefetch(log->head->bytes + log->head->start);
    mem_prefetch(log->tail->bytes + log->tail->end);
    return false;
}

const struct rate_methods rate_log_methods = {
    .word = "LOG",
    .state_bytes = sizeof(struct log_state),
    .is_outside = true,
    .start = start_log,
    .take = take_log,
    .give = give_log,
    .fresh_at_us = find_fresh_moment,
    .encode = encode_log,
    .decode = decode_log,
    .destroy = destroy_log,
    .copy = copy_log,
    .outside_bytes = count_outside_bytes,
    .is_costly_to_free = is_costly_to_free,
    .prefetch = prefetch_ends,
};
