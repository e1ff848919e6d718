/* How limiters lie in entries. */
#include "data/types/ratelimit/ratelimit_private.h"
#include "foundation/mem.h"

enum {
    FORM_ALGORITHM = 0x0f,
    FORM_IS_ALIGNED = 0x10,
    FORM_IS_WIDE = 0x20,
    FORM_HAS_BLOCK = 0x40,
    HEAD_BYTES = 2,
};

/* --- the tail's head --- */

static bool is_wide(const struct rate_policy *policy) {
    return (uint64_t)(policy->limit | policy->refill | policy->period_ms) > UINT32_MAX;
}

static unsigned form_of(const struct limiter *limiter) {
    unsigned form = limiter->policy.algorithm;
    if (limiter->policy.is_aligned) form |= FORM_IS_ALIGNED;
    if (is_wide(&limiter->policy)) form |= FORM_IS_WIDE;
    if (limiter->blocked_until_ms != 0) form |= FORM_HAS_BLOCK;
    return form;
}

/* Bytes before the state. */
static size_t head_len(unsigned form) {
    size_t len = HEAD_BYTES + ((form & FORM_HAS_BLOCK) != 0 ? sizeof(int64_t) : 0);
    if ((form & FORM_ALGORITHM) == RATE_NONE) return len;
    return len + 3 * ((form & FORM_IS_WIDE) != 0 ? sizeof(uint64_t) : sizeof(uint32_t));
}

static char *read_numbers(char *at, struct rate_policy *policy, bool is_of_64_bits) {
    if (UNLIKELY(is_of_64_bits)) {
        int64_t numbers[3];
        memcpy(numbers, at, sizeof(numbers));
        policy->limit = numbers[0], policy->refill = numbers[1], policy->period_ms = numbers[2];
        return at + sizeof(numbers);
    }
    uint32_t numbers[3];
    memcpy(numbers, at, sizeof(numbers));
    policy->limit = numbers[0], policy->refill = numbers[1], policy->period_ms = numbers[2];
    return at + sizeof(numbers);
}

static char *write_numbers(char *at, const struct rate_policy *policy, bool is_of_64_bits) {
    if (UNLIKELY(is_of_64_bits)) {
        int64_t numbers[3] = {policy->limit, policy->refill, policy->period_ms};
        memcpy(at, numbers, sizeof(numbers));
        return at + sizeof(numbers);
    }
    uint32_t numbers[3] = {(uint32_t)policy->limit, (uint32_t)policy->refill,
                           (uint32_t)policy->period_ms};
    memcpy(at, numbers, sizeof(numbers));
    return at + sizeof(numbers);
}

/* Returns where the state begins. */
static char *read_head(struct limiter *limiter, char *at) {
    unsigned form = (unsigned char)at[0];
    limiter->policy = (struct rate_policy){
        .algorithm = form & FORM_ALGORITHM,
        .is_aligned = (form & FORM_IS_ALIGNED) != 0,
        .buckets = (unsigned char)at[1],
    };
    at += HEAD_BYTES;
    limiter->blocked_until_ms = 0;
    if (UNLIKELY((form & FORM_HAS_BLOCK) != 0)) {
        memcpy(&limiter->blocked_until_ms, at, sizeof(int64_t));
        at += sizeof(int64_t);
    }
    if (UNLIKELY(limiter->policy.algorithm == RATE_NONE)) return at;
    return read_numbers(at, &limiter->policy, (form & FORM_IS_WIDE) != 0);
}

static char *write_head(const struct limiter *limiter, char *at) {
    unsigned form = form_of(limiter);
    *at++ = (char)form;
    *at++ = (char)limiter->policy.buckets;
    if ((form & FORM_HAS_BLOCK) != 0) {
        memcpy(at, &limiter->blocked_until_ms, sizeof(int64_t));
        at += sizeof(int64_t);
    }
    if (limiter->policy.algorithm == RATE_NONE) return at;
    return write_numbers(at, &limiter->policy, (form & FORM_IS_WIDE) != 0);
}

/* --- the state --- */

/* Word by word, as states are read and written: a wider load would have to wait until the words just
 * written have left the processor's store buffer. */
static ALWAYS_INLINE void copy_state(void *to, const void *from, size_t bytes) {
    for (size_t at = 0; at < bytes; at += sizeof(uint64_t))
        memcpy((char *)to + at, (const char *)from + at, sizeof(uint64_t));
}

static size_t used_bytes(const struct limiter *limiter) {
    const struct rate_methods *methods = limiter_methods(&limiter->policy);
    if (methods == NULL) return 0;
    if (methods->used_bytes == NULL) return methods->state_bytes;
    return methods->used_bytes(limiter->state, &limiter->policy);
}

/* --- the inline form --- */

/* A state that need not be outside stays there once it is. */
static bool wants_block(const struct limiter *limiter) {
    if (limiter->block != NULL) return true;
    const struct rate_methods *methods = limiter_methods(&limiter->policy);
    if (methods == NULL || !methods->is_outside) return false;
    return methods->is_inline == NULL || !methods->is_inline(&limiter->policy);
}

static void write_tail(const struct limiter *limiter, char *tail, size_t len) {
    char *at = write_head(limiter, tail);
    copy_state(at, limiter->room, len - (size_t)(at - tail));
}

static bool fits_in_place(const struct entry *entry, const struct limiter *limiter) {
    if (limiter->tail == NULL) return false;
    unsigned form = form_of(limiter), there = (unsigned char)limiter->tail[0];
    if (((form ^ there) & ~(unsigned)FORM_IS_ALIGNED) != 0) return false;
    return head_len(form) + used_bytes(limiter) <= entry->tail_len;
}

/* --- entries --- */

static struct entry *new_inline_entry(struct bytes key, const struct limiter *limiter) {
    size_t len = head_len(form_of(limiter)) + used_bytes(limiter);
    struct entry *entry = entry_new(key, (struct entry_shape){.has_due = true, .tail_len = len});
    entry->type = VALUE_RATELIMIT;
    entry->encoding = LIMITER_INLINE;
    write_tail(limiter, entry_tail(entry), len);
    return entry;
}

static void write_block(struct limiter *limiter) {
    limiter->block->policy = limiter->policy;
    limiter->block->blocked_until_ms = limiter->blocked_until_ms;
}

static struct entry *new_outside_entry(struct bytes key, struct limiter *limiter) {
    struct entry *entry = entry_new(key, (struct entry_shape){.has_due = true, .has_word = true});
    size_t state_bytes = limiter_methods(&limiter->policy)->state_bytes;
    limiter->block = mem_alloc(sizeof(*limiter->block) + state_bytes);
    limiter->state = memcpy(limiter->block->state, limiter->room, state_bytes);
    write_block(limiter);
    entry->type = VALUE_RATELIMIT;
    entry->encoding = LIMITER_OUTSIDE;
    entry_set_pointer(entry, limiter->block);
    return entry;
}

struct entry *limiter_new_entry(struct bytes key, struct limiter *limiter) {
    return wants_block(limiter) ? new_outside_entry(key, limiter) : new_inline_entry(key, limiter);
}

static COLD void rebuild_entry(struct found *found, struct limiter *limiter) {
    struct entry *old = found->entry;
    struct entry *fresh = limiter_new_entry(entry_key(old), limiter);
    fresh->access = old->access;
    entry_set_due_word(fresh, entry_due_word(old));
    database_replace(found, fresh);
    entry_free(old);
}

bool limiter_save_state(const struct limiter *limiter) {
    if (limiter->block != NULL) return true;
    if (limiter->tail == NULL || used_bytes(limiter) > limiter->tail_state_len) return false;
    copy_state(limiter->tail_state, limiter->room, limiter->tail_state_len);
    return true;
}

void limiter_save(struct found *found, struct limiter *limiter) {
    if (limiter->block != NULL)
        write_block(limiter);
    else if (LIKELY(!wants_block(limiter) && fits_in_place(found->entry, limiter)))
        write_tail(limiter, limiter->tail, found->entry->tail_len);
    else
        rebuild_entry(found, limiter);
}

enum rate_algorithm limiter_algorithm(const struct entry *entry) {
    if (entry->encoding == LIMITER_INLINE) return entry_tail(entry)[0] & FORM_ALGORITHM;
    return ((const struct limiter_block *)entry_pointer(entry))->policy.algorithm;
}

static void load_block(struct limiter *limiter, struct limiter_block *block) {
    limiter->block = block;
    limiter->tail = NULL;
    limiter->policy = block->policy;
    limiter->blocked_until_ms = block->blocked_until_ms;
    limiter->state = block->state;
}

void limiter_load(struct limiter *limiter, const struct entry *entry) {
    if (entry->encoding == LIMITER_OUTSIDE) {
        load_block(limiter, entry_pointer(entry));
        return;
    }
    limiter->block = NULL;
    limiter->state = limiter->room;
    limiter->tail = entry_tail(entry);
    limiter->tail_state = read_head(limiter, limiter->tail);
    limiter->tail_state_len = entry->tail_len - (size_t)(limiter->tail_state - limiter->tail);
    const struct rate_methods *methods = limiter_methods(&limiter->policy);
    if (methods == NULL) return;
    size_t len = limiter->tail_state_len;
    copy_state(limiter->room, limiter->tail_state, len);
    for (; len < methods->state_bytes; len += sizeof(uint64_t))
        memset(limiter->room + len, 0, sizeof(uint64_t));
}

void limiter_start(struct limiter *limiter, const struct rate_policy *policy, int64_t now_us) {
    const struct rate_methods *methods = rate_methods_of(policy->algorithm);
    CHECK(methods->state_bytes <= LIMITER_STATE_MAX);
    limiter->policy = *policy;
    limiter->blocked_until_ms = 0;
    limiter->block = NULL;
    limiter->tail = NULL;
    limiter->state = limiter->room;
    methods->start(limiter->state, policy, now_us);
}

void limiter_drop(struct limiter *limiter) {
    const struct rate_methods *methods = limiter_methods(&limiter->policy);
    if (methods != NULL && methods->is_outside) methods->destroy(limiter->state);
}
