#include "commands/ratelimit/limiters.h"

#include "data/types/ratelimit/policy_words.h"
#include "engine/effects.h"
#include "engine/engine.h"
#include "engine/reply.h"

/* --- finding --- */

static bool check_type(struct call *call, const struct entry *entry) {
    if (LIKELY(entry == NULL || entry->type == VALUE_RATELIMIT)) return true;
    reply_error_wrong_type(call);
    return false;
}

static COLD bool reject_algorithm(struct call *call, enum rate_algorithm held,
                                  enum rate_algorithm asked) {
    reply_error_printf(call, "ERR the key holds a %s limiter, not %s", rate_methods_of(held)->word,
                       rate_methods_of(asked)->word);
    return false;
}

static bool check_limiter(struct call *call, const struct entry *entry,
                          enum rate_algorithm algorithm) {
    if (!check_type(call, entry)) return false;
    if (entry == NULL) return true;
    enum rate_algorithm held = limiter_algorithm(entry);
    if (LIKELY(held == algorithm) || held == RATE_NONE) return true;
    return reject_algorithm(call, held, algorithm);
}

bool limiters_find(struct call *call, struct key key, struct found *found) {
    *found = database_use(call->db, key);
    return check_type(call, found->entry);
}

bool limiters_find_of(struct call *call, struct key key, enum rate_algorithm algorithm,
                      struct found *found) {
    *found = database_use(call->db, key);
    return check_limiter(call, found->entry, algorithm);
}

bool limiters_read_of(struct call *call, struct key key, enum rate_algorithm algorithm,
                      struct found *found) {
    *found = (struct found){.entry = database_read(call->db, key)};
    return check_limiter(call, found->entry, algorithm);
}

/* --- effects --- */

static const char *const deed_words[] = {
    [DEED_TAKE] = "TAKE",   [DEED_GIVE] = "GIVE",   [DEED_RELEASE] = "RELEASE",
    [DEED_RENEW] = "RENEW", [DEED_BLOCK] = "BLOCK",
};

static void add_take(struct call *call, const struct take *take) {
    static const char *const modes[] = {
        [RATE_MODE_ALL] = "ALL", [RATE_MODE_UPTO] = "UPTO", [RATE_MODE_DRAIN] = "DRAIN"};
    struct rate_policy_words words;
    rate_policy_put_words(&take->policy, &words);
    for (uint32_t i = 0; i < words.count; i++) call_effect_add(call, words.words[i]);
    call_effect_add(call, BYTES("COST"));
    call_effect_add_number(call, take->request.cost);
    call_effect_add(call, BYTES("MODE"));
    call_effect_add(call, bytes_of_str(modes[take->request.mode]));
    if (take->request.token.len == 0) return;
    call_effect_add(call, BYTES("TOKEN"));
    call_effect_add(call, take->request.token);
}

static void tell_deed(struct call *call, struct key key, const struct deed *deed) {
    call_effect_open(call, BYTES("RL.APPLY"), key.name);
    call_effect_add_number(call, deed->now_us);
    call_effect_add(call, bytes_of_str(deed_words[deed->kind]));
    if (deed->kind == DEED_TAKE) add_take(call, deed->take);
    if (deed->token.len != 0) call_effect_add(call, deed->token);
    if (deed->kind != DEED_TAKE && deed->kind != DEED_RELEASE)
        call_effect_add_number(call, deed->number);
    call_effect_close(call);
}

static void tell_state(struct call *call, struct key key, const struct entry *entry) {
    struct buffer state = {0};
    limiter_encode(entry, &state);
    CALL_EFFECT(call, BYTES("RL.SETSTATE"), key.name, buffer_bytes(&state));
    buffer_destroy(&state);
}

static COLD void tell(struct call *call, struct key key, const struct found *found,
                      const struct deed *deed) {
    if (found->entry == NULL) {
        CALL_EFFECT(call, BYTES("DEL"), key.name);
        return;
    }
    enum rate_algorithm algorithm = limiter_algorithm(found->entry);
    if (algorithm == RATE_LOG || algorithm == RATE_CONCURRENT)
        tell_deed(call, key, deed);
    else
        tell_state(call, key, found->entry);
}

/* --- doing --- */

/* Tells of a change to those who listen to key events, and of a key that is gone. */
static void notify(struct call *call, struct key key, bool had_entry, const struct found *found,
                   const char *event) {
    call_notify(call, KEY_EVENT_MODULE, key.name, event);
    if (UNLIKELY(had_entry && found->entry == NULL))
        call_notify(call, KEY_EVENT_GENERIC, key.name, "del");
}

static bool block(struct call *call, struct key key, struct found *found, const struct deed *deed) {
    bool was_blocked =
        found->entry != NULL && limiter_blocked_until_ms(found->entry) > deed->now_us / 1000;
    bool is_lifted = deed->number <= deed->now_us / 1000;
    if (is_lifted && !was_blocked) return false;
    limiter_block(call->db, key, found, deed->now_us, deed->number);
    return true;
}

static bool give(struct call *call, struct key key, struct found *found, const struct deed *deed) {
    if (found->entry == NULL || limiter_algorithm(found->entry) == RATE_NONE) return false;
    limiter_give(call->db, key, found, deed->now_us, deed->number);
    return true;
}

/* True when something was changed. */
static bool change(struct call *call, struct key key, struct found *found,
                   const struct deed *deed) {
    struct database *db = call->db;
    switch (deed->kind) {
    case DEED_BLOCK: return block(call, key, found, deed);
    case DEED_GIVE: return give(call, key, found, deed);
    case DEED_RELEASE: return limiter_release(db, key, found, deed->now_us, deed->token);
    case DEED_RENEW: return limiter_renew(db, key, found, deed->now_us, deed->token, deed->number);
    default: return false;
    }
}

bool limiters_do(struct call *call, struct key key, struct found *found, const struct deed *deed) {
    static const char *const events[] = {
        [DEED_GIVE] = "rl.give",
        [DEED_RELEASE] = "rl.release",
        [DEED_RENEW] = "rl.renew",
        [DEED_BLOCK] = "rl.block",
    };
    bool had_entry = found->entry != NULL;
    if (!change(call, key, found, deed)) return false;
    notify(call, key, had_entry, found, events[deed->kind]);
    if (UNLIKELY(effects_are_wanted(call))) tell(call, key, found, deed);
    return true;
}

static COLD void tell_take(struct call *call, struct key key, const struct found *found,
                           const struct take *take) {
    const struct deed deed = {.kind = DEED_TAKE, .now_us = take->request.now_us, .take = take};
    tell(call, key, found, &deed);
}

static bool changes_something(const struct take *take, const struct rate_answer *answer) {
    if (LIKELY(answer->is_allowed)) return true;
    return take->request.mode == RATE_MODE_DRAIN && answer->reason != RATE_REASON_BLOCKED;
}

bool limiters_take(struct call *call, struct key key, struct found *found, const struct take *take,
                   struct rate_answer *answer) {
    bool had_entry = found->entry != NULL;
    limiter_take(call->db, key, found, &take->policy, &take->request, answer);
    if (!changes_something(take, answer)) return false;
    notify(call, key, had_entry, found, "rl.take");
    if (UNLIKELY(effects_are_wanted(call))) tell_take(call, key, found, take);
    return true;
}

static void add_to(struct rate_counts *counts, const struct rate_answer *answer) {
    counts->takes++;
    if (LIKELY(answer->is_allowed)) return;
    if (answer->reason == RATE_REASON_BLOCKED)
        counts->blocked++;
    else
        counts->denials++;
}

void limiters_count(struct call *call, const struct take *take, const struct rate_answer *answer) {
    add_to(&call->engine->stats.rates, answer);
    if (take->stored != NULL) add_to(&take->stored->counts, answer);
}

void limiters_look(struct call *call, struct key key, struct found *found, const struct take *take,
                   struct rate_answer *answer) {
    struct rate_request request = take->request;
    request.mode = RATE_MODE_ALL;
    request.is_peek = true;
    request.cost = take->policy.limit + 1; /* never fits, so the state is told as it is */
    limiter_take(call->db, key, found, &take->policy, &request, answer);
}
