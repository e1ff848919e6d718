/* RL.TAKEALL: several limits at once, all or none. Every limit is asked first; only when all allow
 * are they charged. The command sees one moment, so what was allowed then is granted. */
#include "commands/ratelimit/answer.h"
#include "commands/ratelimit/limiters.h"
#include "commands/ratelimit/ratelimit_commands.h"
#include "engine/reply.h"

enum { MAX_LIMITS = 64 };

struct limit {
    struct key key;
    struct take take;
    struct rate_answer answer;
};

/* --- reading --- */

/* A key that stands twice would be asked twice about the same state. */
static bool check_new(struct call *call, const struct limit *limits, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (limits[i].key.hash != limits[count].key.hash ||
            !bytes_equal(limits[i].key.name, limits[count].key.name))
            continue;
        reply_error_printf(call, "ERR key %u is the same as key %u", count + 1, i + 1);
        return false;
    }
    return true;
}

static bool parse_limits(struct call *call, struct limit *limits, uint32_t count) {
    const unsigned options = TAKE_MAY_HAVE_USE | TAKE_MAY_HAVE_TOKEN | TAKE_MAY_HAVE_COST;
    uint32_t index = 2;
    for (uint32_t i = 0; i < count; i++) {
        if (index == call->argc) {
            reply_error_printf(call, "ERR numkeys says %u keys, %u have a policy", count, i);
            return false;
        }
        limits[i].key = key_of(call->args[index++]);
        if (!take_parse(call, &index, options, &limits[i].take)) return false;
        if (!check_new(call, limits, i)) return false;
    }
    if (index == call->argc) return true;
    reply_error_printf(call, "ERR numkeys says %u keys, but more arguments follow their policies",
                       count);
    return false;
}

/* --- asking and taking --- */

static bool ask(struct call *call, struct limit *limits, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) database_prefetch_bucket(call->db, limits[i].key);
    for (uint32_t i = 0; i < count; i++) database_prefetch_entry(call->db, limits[i].key);
    for (uint32_t i = 0; i < count; i++) {
        struct limit *limit = &limits[i];
        struct found found;
        if (!limiters_find_of(call, limit->key, limit->take.policy.algorithm, &found)) return false;
        struct rate_request peek = limit->take.request;
        peek.is_peek = true;
        limiter_take(call->db, limit->key, &found, &limit->take.policy, &peek, &limit->answer);
    }
    return true;
}

static bool are_allowed(const struct limit *limits, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (!limits[i].answer.is_allowed) return false;
    return true;
}

static void charge(struct call *call, struct limit *limits, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        struct found found = database_find(call->db, limits[i].key);
        limiters_take(call, limits[i].key, &found, &limits[i].take, &limits[i].answer);
        limiters_count(call, &limits[i].take, &limits[i].answer);
    }
}

/* Another limit denies: those that would allow tell how they are, uncharged. */
static void leave(struct call *call, struct limit *limits, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        struct limit *limit = &limits[i];
        limiters_count(call, &limit->take, &limit->answer);
        if (!limit->answer.is_allowed) continue;
        struct found found = database_find(call->db, limit->key);
        limiters_look(call, limit->key, &found, &limit->take, &limit->answer);
        limit->answer.is_allowed = true;
        limit->answer.reason = RATE_REASON_OK;
        limit->answer.retry_after_ms = 0;
    }
}

/* --- answering --- */

/* When denied the one that denies longest, above all for good; else the one with the least left. */
static bool is_tighter(const struct rate_answer *a, const struct rate_answer *b) {
    if (a->is_allowed != b->is_allowed) return !a->is_allowed;
    if (a->is_allowed) return a->remaining < b->remaining;
    return (uint64_t)a->retry_after_ms > (uint64_t)b->retry_after_ms; /* -1 is the most */
}

static uint32_t find_binding(const struct limit *limits, uint32_t count) {
    uint32_t binding = 0;
    for (uint32_t i = 1; i < count; i++)
        if (is_tighter(&limits[i].answer, &limits[binding].answer)) binding = i;
    return binding;
}

/* Who has to wait for several queues waits for the slowest. */
static int64_t find_longest_delay(const struct limit *limits, uint32_t count) {
    int64_t longest_ms = 0;
    for (uint32_t i = 0; i < count; i++)
        if (limits[i].answer.delay_ms > longest_ms) longest_ms = limits[i].answer.delay_ms;
    return longest_ms;
}

static void reply_limits(struct call *call, const struct limit *limits, uint32_t count) {
    enum { INDEX_AND_LIMITS = 2 };
    uint32_t binding = find_binding(limits, count);
    struct rate_answer summary = limits[binding].answer;
    summary.delay_ms = find_longest_delay(limits, count);
    answer_fields(call, &summary, INDEX_AND_LIMITS);
    answer_name(call, "index");
    reply_integer(call, binding);
    answer_name(call, "limits");
    reply_array(call, count);
    for (uint32_t i = 0; i < count; i++) answer_fields(call, &limits[i].answer, 0);
}

static void rl_takeall_command(struct call *call) {
    int64_t count;
    if (!take_parse_number(call, 1, "numkeys", 1, MAX_LIMITS, &count)) return;
    struct limit limits[MAX_LIMITS];
    if (!parse_limits(call, limits, (uint32_t)count) || !ask(call, limits, (uint32_t)count)) return;
    if (are_allowed(limits, (uint32_t)count))
        charge(call, limits, (uint32_t)count);
    else
        leave(call, limits, (uint32_t)count);
    reply_limits(call, limits, (uint32_t)count);
}

static int64_t find_keys(const struct bytes *args, uint32_t argc, struct key_position *positions,
                         size_t max) {
    int64_t count;
    if (!number_parse_i64(args[1], &count) || count < 1 || count > MAX_LIMITS)
        return COMMAND_KEYS_INVALID;
    uint32_t index = 2;
    for (int64_t i = 0; i < count; i++) {
        uint32_t end = index < argc ? take_find_end(args, argc, index + 1) : 0;
        if (end == 0) return COMMAND_KEYS_INVALID;
        if ((size_t)i < max)
            positions[i] = (struct key_position){.index = index, .flags = "RW access update"};
        index = end;
    }
    return index == argc ? count : COMMAND_KEYS_INVALID;
}

static const struct command_row rows[] = {
    {
        .name = "rl.takeall",
        .handler = rl_takeall_command,
        .arity = -5,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_RATELIMIT,
        .keys = {KEYS_UNKNOWN("RW access update")},
        .find_keys = find_keys,
        .summary = "Takes from several rate limiters, from all or from none.",
        .syntax = "numkeys limits(key " POLICY_SYNTAX " [COST cost:integer])...",
        .complexity = "O(N) with N the number of limiters",
        .since = "8.0.0",
        .group = "ratelimit",
    },
};

const struct command_list ratelimit_take_all_commands = COMMAND_LIST(rows);
