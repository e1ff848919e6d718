#include "commands/ratelimit/request.h"

#include "data/types/ratelimit/concurrent.h"
#include "engine/arguments.h"
#include "engine/engine.h"
#include "engine/reply.h"

#include <inttypes.h>
#include <stddef.h>

/* --- errors --- */

enum { QUOTED_MAX = 64 };

static int quoted_len(struct bytes text) {
    size_t len = bytes_index(text, '\0');
    return (int)(len < QUOTED_MAX ? len : QUOTED_MAX);
}

/* `format` takes the argument as "%.*s". */
static COLD bool reject_word(struct call *call, uint32_t index, const char *before,
                             const char *after) {
    struct bytes word = call->args[index];
    reply_error_printf(call, "ERR %s%s'%.*s'%s", before, before[0] == 0 ? "" : " ",
                       quoted_len(word), word.data, after);
    return false;
}

static COLD bool reject_number(struct call *call, const char *what, int64_t min, int64_t max) {
    reply_error_printf(call, "ERR %s is not an integer from %" PRId64 " to %" PRId64, what, min,
                       max);
    return false;
}

bool take_parse_number(struct call *call, uint32_t index, const char *what, int64_t min,
                       int64_t max, int64_t *value) {
    if (LIKELY(number_parse_i64(call->args[index], value) && *value >= min && *value <= max))
        return true;
    return reject_number(call, what, min, max);
}

bool take_parse_token(struct call *call, uint32_t index, struct bytes *token) {
    *token = call->args[index];
    if (token->len >= 1 && token->len <= RATE_TOKEN_MAX) return true;
    reply_error_printf(call, "ERR TOKEN is not of 1 to %d bytes", RATE_TOKEN_MAX);
    return false;
}

/* --- policies --- */

struct parameter {
    const char *name;
    size_t offset; /* in struct rate_policy */
    int64_t max;
};

/* The words behind an algorithm's, and how it is to be written. */
struct form {
    const char *usage;
    uint32_t count;
    struct parameter parameters[3];
};

#define LIMIT(word)                                                                                \
    { word, offsetof(struct rate_policy, limit), RATE_LIMIT_MAX }
#define RECORDS(word)                                                                              \
    { word, offsetof(struct rate_policy, limit), RATE_LOG_LIMIT_MAX }
#define REFILL(word)                                                                               \
    { word, offsetof(struct rate_policy, refill), RATE_LIMIT_MAX }
#define PERIOD(word)                                                                               \
    { word, offsetof(struct rate_policy, period_ms), RATE_PERIOD_MAX_MS }

static const struct form forms[RATE_ALGORITHMS] = {
    [RATE_BUCKET] = {"BUCKET capacity refill period_ms",
                     3,
                     {LIMIT("capacity"), REFILL("refill"), PERIOD("period_ms")}},
    [RATE_GCRA] = {"GCRA burst count period_ms",
                   3,
                   {LIMIT("burst"), REFILL("count"), PERIOD("period_ms")}},
    [RATE_LEAKY] = {"LEAKY capacity leak period_ms",
                    3,
                    {LIMIT("capacity"), REFILL("leak"), PERIOD("period_ms")}},
    [RATE_FIXED] = {"FIXED limit window_ms [ALIGNED]", 2, {LIMIT("limit"), PERIOD("window_ms")}},
    [RATE_SLIDING] = {"SLIDING limit window_ms [BUCKETS b]",
                      2,
                      {LIMIT("limit"), PERIOD("window_ms")}},
    [RATE_LOG] = {"LOG limit window_ms", 2, {RECORDS("limit"), PERIOD("window_ms")}},
    [RATE_CONCURRENT] = {"CONCURRENT limit lease_ms", 2, {RECORDS("limit"), PERIOD("lease_ms")}},
};

/* `lower` is of small letters, `len` of them, all known when compiling. */
static ALWAYS_INLINE bool is_letters(struct bytes word, const char *lower, size_t len) {
    if (word.len != len) return false;
    unsigned differing = 0;
    for (size_t i = 0; i < len; i++)
        differing |= (unsigned)((unsigned char)word.data[i] | 0x20) ^ (unsigned char)lower[i];
    return differing == 0;
}

#define IS_WORD(word, lower) is_letters((word), (lower), sizeof(lower) - 1)

static char first_letter(struct bytes word) {
    return (char)(word.len == 0 ? 0 : word.data[0] | 0x20);
}

static enum rate_algorithm find_algorithm(struct bytes word) {
    switch (first_letter(word)) {
    case 'b': return IS_WORD(word, "bucket") ? RATE_BUCKET : RATE_NONE;
    case 'g': return IS_WORD(word, "gcra") ? RATE_GCRA : RATE_NONE;
    case 'f': return IS_WORD(word, "fixed") ? RATE_FIXED : RATE_NONE;
    case 's': return IS_WORD(word, "sliding") ? RATE_SLIDING : RATE_NONE;
    case 'c': return IS_WORD(word, "concurrent") ? RATE_CONCURRENT : RATE_NONE;
    case 'l':
        if (IS_WORD(word, "log")) return RATE_LOG;
        return IS_WORD(word, "leaky") ? RATE_LEAKY : RATE_NONE;
    default: return RATE_NONE;
    }
}

static bool is_use(struct bytes word) {
    return IS_WORD(word, "use");
}

static bool parse_parameter(struct call *call, uint32_t index, const struct parameter *parameter,
                            bool is_burst, struct rate_policy *policy) {
    int64_t value;
    if (!take_parse_number(call, index, parameter->name, is_burst ? 0 : 1,
                           is_burst ? parameter->max - 1 : parameter->max, &value))
        return false;
    value += is_burst;
    memcpy((char *)policy + parameter->offset, &value, sizeof(value));
    return true;
}

/* A short text whole: its length and its first and last bytes, which may overlap. */
struct short_text {
    size_t len; /* at most SHORT_TEXT_MAX */
    uint64_t first, last;
};

enum { SHORT_TEXT_MAX = 2 * sizeof(uint64_t) };

static uint32_t load_u32(const char *at) {
    uint32_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

static ALWAYS_INLINE struct short_text short_text_of(struct bytes text) {
    const char *data = text.data;
    size_t len = text.len;
    if (len >= sizeof(uint64_t))
        return (struct short_text){len, bytes_load_u64(data),
                                   bytes_load_u64(data + len - sizeof(uint64_t))};
    if (len >= sizeof(uint32_t))
        return (struct short_text){len, load_u32(data), load_u32(data + len - sizeof(uint32_t))};
    if (len == 0) return (struct short_text){0};
    const unsigned char *bytes = (const unsigned char *)data;
    return (struct short_text){len, bytes[0] | (uint64_t)bytes[len / 2] << 8, bytes[len - 1]};
}

/* The policy parsed last with its words as they were written, since most calls bring one that
 * others have brought before. Words that are not short are not kept. */
enum { MEMO_WORDS = 4 };

static struct {
    struct rate_policy policy;
    uint32_t count; /* 0: nothing is kept */
    struct short_text words[MEMO_WORDS];
} memo;

static ALWAYS_INLINE bool is_remembered(const struct call *call, uint32_t index) {
    if (memo.count == 0 || index + memo.count > call->argc) return false;
    const struct bytes *texts = call->args + index;
    for (size_t i = 0; i < memo.count; i++) {
        const struct short_text *kept = &memo.words[i];
        if (texts[i].len != kept->len) return false;
        struct short_text word = short_text_of(texts[i]);
        if (word.first != kept->first || word.last != kept->last) return false;
    }
    return true;
}

static void remember(const struct bytes *words, uint32_t count, const struct rate_policy *policy) {
    memo.count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (words[i].len > SHORT_TEXT_MAX) return;
        memo.words[i] = short_text_of(words[i]);
    }
    memo.count = count;
    memo.policy = *policy;
}

static bool parse_policy(struct call *call, uint32_t *index, enum rate_algorithm algorithm,
                         struct rate_policy *policy) {
    const struct form *form = &forms[algorithm];
    if (call->argc - *index <= form->count) {
        reply_error_printf(call, "ERR arguments are missing: %s", form->usage);
        return false;
    }
    uint32_t first = *index;
    *index = first + 1 + form->count;
    *policy = (struct rate_policy){.algorithm = algorithm, .buckets = algorithm == RATE_SLIDING};
    for (uint32_t i = 0; i < form->count; i++) {
        bool is_burst = algorithm == RATE_GCRA && i == 0;
        if (!parse_parameter(call, first + 1 + i, &form->parameters[i], is_burst, policy))
            return false;
    }
    remember(call->args + first, 1 + form->count, policy);
    return true;
}

static bool parse_use(struct call *call, uint32_t *index, struct take *take) {
    if (!argument_has_next(call, *index)) {
        reply_error(call, "ERR arguments are missing: USE name");
        return false;
    }
    take->stored = rate_policies_find(call->engine, call->args[*index + 1]);
    if (take->stored == NULL) return reject_word(call, *index + 1, "no policy is stored as", "");
    take->policy = take->stored->policy;
    *index += 2;
    return true;
}

/* --- options --- */

enum option { NO_OPTION, ALIGNED, BUCKETS, TOKEN, COST, MODE, HEADERS };

static enum option find_option(struct bytes word) {
    switch (first_letter(word)) {
    case 'c': return IS_WORD(word, "cost") ? COST : NO_OPTION;
    case 'm': return IS_WORD(word, "mode") ? MODE : NO_OPTION;
    case 'h': return IS_WORD(word, "headers") ? HEADERS : NO_OPTION;
    case 't': return IS_WORD(word, "token") ? TOKEN : NO_OPTION;
    case 'b': return IS_WORD(word, "buckets") ? BUCKETS : NO_OPTION;
    case 'a': return IS_WORD(word, "aligned") ? ALIGNED : NO_OPTION;
    default: return NO_OPTION;
    }
}

static bool has_operand(enum option option) {
    return option != ALIGNED && option != HEADERS;
}

/* Which options of the call's own an option needs; those of algorithms need none. */
static unsigned required_of(enum option option) {
    switch (option) {
    case TOKEN: return TAKE_MAY_HAVE_TOKEN;
    case COST: return TAKE_MAY_HAVE_COST;
    case MODE: return TAKE_MAY_HAVE_MODE;
    case HEADERS: return TAKE_MAY_HAVE_HEADERS;
    default: return 0;
    }
}

/* Where a take reads an option. */
struct place {
    struct call *call;
    uint32_t index; /* of the option's word */
    unsigned seen;  /* 1 << option of those before */
};

static COLD bool reject_owner(const struct place *place, const char *owner) {
    return reject_word(place->call, place->index, "", owner);
}

static bool parse_aligned(const struct place *place, struct take *take) {
    if (take->policy.algorithm != RATE_FIXED || take->stored != NULL)
        return reject_owner(place, " goes with FIXED only");
    take->policy.is_aligned = true;
    return true;
}

static bool parse_buckets(const struct place *place, struct take *take) {
    int64_t buckets;
    if (take->policy.algorithm != RATE_SLIDING || take->stored != NULL)
        return reject_owner(place, " goes with SLIDING only");
    if (!take_parse_number(place->call, place->index + 1, "BUCKETS", 1, RATE_BUCKETS_MAX, &buckets))
        return false;
    take->policy.buckets = (uint32_t)buckets;
    return true;
}

static bool parse_token(const struct place *place, struct take *take) {
    if (take->policy.algorithm != RATE_CONCURRENT)
        return reject_owner(place, " goes with CONCURRENT only");
    return take_parse_token(place->call, place->index + 1, &take->request.token);
}

static bool parse_mode(const struct place *place, struct take *take) {
    static const char *const words[] = {
        [RATE_MODE_ALL] = "all", [RATE_MODE_UPTO] = "upto", [RATE_MODE_DRAIN] = "drain"};
    for (unsigned mode = 0; mode < ARRAY_LEN(words); mode++) {
        if (!bytes_is_word(place->call->args[place->index + 1], words[mode])) continue;
        take->request.mode = (enum rate_mode)mode;
        return true;
    }
    return reject_word(place->call, place->index + 1, "MODE is not ALL, UPTO or DRAIN:", "");
}

static bool parse_option(const struct place *place, enum option option, struct take *take) {
    switch (option) {
    case ALIGNED: return parse_aligned(place, take);
    case BUCKETS: return parse_buckets(place, take);
    case TOKEN: return parse_token(place, take);
    case MODE: return parse_mode(place, take);
    case COST:
        return take_parse_number(place->call, place->index + 1, "COST", 1, RATE_COST_MAX,
                                 &take->request.cost);
    default: take->has_headers = true; return true;
    }
}

static bool check_option(const struct place *place, enum option option) {
    if ((place->seen & 1U << option) != 0)
        return reject_word(place->call, place->index, "", " is given twice");
    if (has_operand(option) && !argument_has_next(place->call, place->index))
        return reject_word(place->call, place->index, "", " needs a value");
    return true;
}

static bool parse_options(struct call *call, uint32_t *index, unsigned options, struct take *take) {
    struct place place = {.call = call, .index = *index};
    while (place.index < call->argc) {
        enum option option = find_option(call->args[place.index]);
        unsigned required = required_of(option);
        if (option == NO_OPTION || (required & options) != required) break;
        if (!check_option(&place, option) || !parse_option(&place, option, take)) return false;
        place.seen |= 1U << option;
        place.index += 1 + has_operand(option);
    }
    *index = place.index;
    return true;
}

/* --- requests --- */

static COLD bool reject_policy(struct call *call, uint32_t index, unsigned options) {
    if (index < call->argc)
        return reject_word(call, index, "unknown policy",
                           (options & TAKE_MAY_HAVE_USE) != 0
                               ? ", it is one of BUCKET GCRA LEAKY FIXED SLIDING LOG CONCURRENT USE"
                               : ", it is one of BUCKET GCRA LEAKY FIXED SLIDING LOG CONCURRENT");
    reply_error(call, "ERR a policy is missing");
    return false;
}

static bool parse_limit(struct call *call, uint32_t *index, unsigned options, struct take *take) {
    struct bytes word = *index < call->argc ? call->args[*index] : BYTES("");
    enum rate_algorithm algorithm = find_algorithm(word);
    if (algorithm != RATE_NONE) return parse_policy(call, index, algorithm, &take->policy);
    if ((options & TAKE_MAY_HAVE_USE) != 0 && is_use(word)) return parse_use(call, index, take);
    return reject_policy(call, *index, options);
}

bool take_parse(struct call *call, uint32_t *index, unsigned options, struct take *take) {
    take->stored = NULL;
    take->has_headers = false;
    take->request = (struct rate_request){.now_us = call->db->keyspace->clock->unix_us, .cost = 1};
    if (LIKELY(is_remembered(call, *index))) {
        take->policy = memo.policy;
        *index += memo.count;
    } else if (!parse_limit(call, index, options, take)) {
        return false;
    }
    if (*index < call->argc && !parse_options(call, index, options, take)) return false;
    bool needs_token =
        take->policy.algorithm == RATE_CONCURRENT && (options & TAKE_MAY_HAVE_TOKEN) != 0;
    if (LIKELY(!needs_token || take->request.token.len != 0)) return true;
    reply_error(call, "ERR TOKEN is missing: CONCURRENT names the lease that it takes");
    return false;
}

bool take_parse_all(struct call *call, uint32_t index, unsigned options, struct take *take) {
    if (!take_parse(call, &index, options, take)) return false;
    return LIKELY(index == call->argc) || reject_word(call, index, "unknown option", "");
}

uint32_t take_find_end(const struct bytes *args, uint32_t argc, uint32_t index) {
    if (index >= argc) return 0;
    enum rate_algorithm algorithm = find_algorithm(args[index]);
    if (algorithm != RATE_NONE)
        index += 1 + forms[algorithm].count;
    else
        index += is_use(args[index]) ? 2 : argc;
    while (index < argc) {
        enum option option = find_option(args[index]);
        if (option == NO_OPTION || option == MODE || option == HEADERS) break;
        index += 1 + has_operand(option);
    }
    return index <= argc ? index : 0;
}
