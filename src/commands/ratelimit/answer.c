/* The header fields follow draft-ietf-httpapi-ratelimit-headers: RateLimit-Policy and RateLimit are
 * lists of strings with parameters (RFC 9651), Retry-After is a number of seconds. Times are
 * rounded up. */
#include "commands/ratelimit/answer.h"

#include "engine/reply.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

/* --- the fields --- */

enum { ANSWER_FIELDS = 8 };

#define WORD(text)                                                                                 \
    { text, sizeof(text) - 1 }

static const struct bytes field_names[ANSWER_FIELDS] = {
    WORD("allowed"),        WORD("limit"),   WORD("remaining"), WORD("retry_after_ms"),
    WORD("reset_after_ms"), WORD("granted"), WORD("delay_ms"),  WORD("reason"),
};

static const struct bytes reasons[] = {
    [RATE_REASON_OK] = WORD("ok"),
    [RATE_REASON_LIMITED] = WORD("limited"),
    [RATE_REASON_TOO_BIG] = WORD("too_big"),
    [RATE_REASON_BLOCKED] = WORD("blocked"),
};

void answer_name(struct call *call, const char *name) {
    if (call->session->version == RESP3) reply_bulk_str(call, name);
}

void answer_fields(struct call *call, const struct rate_answer *answer, uint32_t more) {
    const int64_t numbers[ANSWER_FIELDS - 1] = {
        answer->is_allowed,     answer->limit,   answer->remaining, answer->retry_after_ms,
        answer->reset_after_ms, answer->granted, answer->delay_ms,
    };
    reply_fields(call, field_names, numbers, ARRAY_LEN(numbers), reasons[answer->reason], more);
}

/* --- header fields --- */

enum { NAME_ROOM = RATE_POLICY_NAME_MAX + 1, HEADER_ROOM = 256 };

/* The largest integer that a structured field may hold. */
#define HEADER_INTEGER_MAX INT64_C(999999999999999)

static int64_t clip(int64_t value) {
    return value < HEADER_INTEGER_MAX ? value : HEADER_INTEGER_MAX;
}

static int64_t to_seconds(int64_t ms) {
    return ms / 1000 + (ms % 1000 != 0);
}

/* The stored policy's name, or the algorithm's word in lower case. */
static void put_name(const struct take *take, char name[NAME_ROOM]) {
    if (take->stored != NULL) {
        struct bytes stored = stored_rate_policy_name(take->stored);
        memcpy(name, stored.data, stored.len);
        name[stored.len] = '\0';
        return;
    }
    const char *word = rate_methods_of(take->policy.algorithm)->word;
    size_t len = 0;
    for (; word[len] != '\0'; len++) name[len] = (char)tolower((unsigned char)word[len]);
    name[len] = '\0';
}

/* The time in which all of the limit comes back, in ms. */
static int64_t window_ms(const struct rate_policy *policy) {
    if (policy->refill == 0) return policy->period_ms;
    unsigned __int128 whole = (unsigned __int128)policy->limit * (uint64_t)policy->period_ms;
    unsigned __int128 window = (whole + (uint64_t)policy->refill - 1) / (uint64_t)policy->refill;
    return window > INT64_MAX ? INT64_MAX : (int64_t)window;
}

static void reply_policy_header(struct call *call, const struct rate_policy *policy,
                                const char *name) {
    char text[HEADER_ROOM];
    int len = snprintf(text, sizeof(text), "\"%s\";q=%" PRId64, name, clip(policy->limit));
    size_t room = sizeof(text) - (size_t)len;
    if (policy->algorithm == RATE_CONCURRENT)
        len += snprintf(text + len, room, ";qu=\"concurrent-requests\"");
    else
        len += snprintf(text + len, room, ";w=%" PRId64, clip(to_seconds(window_ms(policy))));
    reply_bulk(call, bytes_of(text, (size_t)len));
}

static void reply_limit_header(struct call *call, const struct rate_answer *answer,
                               const char *name) {
    char text[HEADER_ROOM];
    int len = snprintf(text, sizeof(text), "\"%s\";r=%" PRId64 ";t=%" PRId64, name,
                       clip(answer->remaining), clip(to_seconds(answer->reset_after_ms)));
    reply_bulk(call, bytes_of(text, (size_t)len));
}

/* Null where there is no such field to be sent: a take that was allowed, or never will be. */
static void reply_retry_header(struct call *call, const struct rate_answer *answer) {
    if (answer->is_allowed || answer->retry_after_ms < 0)
        reply_null(call);
    else
        reply_bulk_integer(call, to_seconds(answer->retry_after_ms));
}

static COLD void reply_headers(struct call *call, const struct take *take,
                               const struct rate_answer *answer) {
    char name[NAME_ROOM];
    put_name(take, name);
    answer_name(call, "RateLimit-Policy");
    reply_policy_header(call, &take->policy, name);
    answer_name(call, "RateLimit");
    reply_limit_header(call, answer, name);
    answer_name(call, "Retry-After");
    reply_retry_header(call, answer);
}

void answer_take(struct call *call, const struct take *take, const struct rate_answer *answer) {
    enum { HEADERS = 3 };
    answer_fields(call, answer, take->has_headers ? HEADERS : 0);
    if (UNLIKELY(take->has_headers)) reply_headers(call, take, answer);
}
