/* Limiters as a value type, and as bytes.
 *
 *      | algorithm | flags | buckets | limit | refill | period_ms | [blocked_until_ms] | state |
 *
 * Numbers are varints; the state is what its algorithm writes. */
#include "data/types/ratelimit/ratelimit_private.h"
#include "data/types/ratelimit/ratelimit_rdb.h"
#include "data/types/ratelimit/varint.h"
#include "data/value_digest.h"
#include "foundation/mem.h"

/* --- bytes --- */

enum { ENCODED_IS_ALIGNED = 1, ENCODED_HAS_BLOCK = 2, ENCODED_FLAGS = 3 };

void limiter_encode(const struct entry *entry, struct buffer *out) {
    struct limiter limiter;
    limiter_load(&limiter, entry);
    const struct rate_policy *policy = &limiter.policy;
    bool has_block = limiter.blocked_until_ms != 0;
    varint_append(out, policy->algorithm);
    varint_append(out, (policy->is_aligned ? ENCODED_IS_ALIGNED : 0U) |
                           (has_block ? ENCODED_HAS_BLOCK : 0U));
    varint_append(out, policy->buckets);
    varint_append(out, (uint64_t)policy->limit);
    varint_append(out, (uint64_t)policy->refill);
    varint_append(out, (uint64_t)policy->period_ms);
    if (has_block) varint_append(out, (uint64_t)limiter.blocked_until_ms);
    const struct rate_methods *methods = limiter_methods(policy);
    if (methods != NULL) methods->encode(limiter.state, out);
}

static bool take_number(struct bytes *bytes, int64_t *number) {
    uint64_t value;
    if (!varint_take(bytes, INT64_MAX, &value)) return false;
    *number = (int64_t)value;
    return true;
}

static bool take_policy(struct bytes *bytes, uint64_t *flags, struct rate_policy *policy) {
    uint64_t algorithm, buckets;
    if (!varint_take(bytes, RATE_ALGORITHMS - 1, &algorithm) ||
        !varint_take(bytes, ENCODED_FLAGS, flags) ||
        !varint_take(bytes, RATE_BUCKETS_MAX, &buckets) || !take_number(bytes, &policy->limit) ||
        !take_number(bytes, &policy->refill) || !take_number(bytes, &policy->period_ms))
        return false;
    policy->algorithm = (enum rate_algorithm)algorithm;
    policy->is_aligned = (*flags & ENCODED_IS_ALIGNED) != 0;
    policy->buckets = (uint32_t)buckets;
    return rate_policy_is_valid(policy);
}

/* The limiter is in no entry, as after limiter_start. */
static bool decode_limiter(struct limiter *limiter, struct bytes bytes) {
    uint64_t flags;
    limiter->blocked_until_ms = 0;
    limiter->block = NULL;
    limiter->state = limiter->room;
    if (!take_policy(&bytes, &flags, &limiter->policy)) return false;
    bool has_block = (flags & ENCODED_HAS_BLOCK) != 0;
    if (has_block &&
        (!take_number(&bytes, &limiter->blocked_until_ms) || limiter->blocked_until_ms == 0))
        return false;
    const struct rate_methods *methods = limiter_methods(&limiter->policy);
    if (methods == NULL) return has_block && bytes.len == 0;
    return methods->decode(limiter->state, &limiter->policy, bytes);
}

struct entry *limiter_decode(struct bytes key, struct bytes encoded, int64_t *due_ms) {
    struct limiter limiter;
    if (!decode_limiter(&limiter, encoded)) return NULL;
    struct entry *entry = limiter_new_entry(key, &limiter);
    *due_ms = limiter_due_ms(&limiter, 0);
    return entry;
}

bool limiter_store(struct database *db, struct key key, struct found *found, struct bytes encoded,
                   int64_t now_us) {
    int64_t due_ms;
    struct entry *entry = limiter_decode(key.name, encoded, &due_ms);
    if (entry == NULL) return false;
    if (due_ms > now_us / 1000) {
        database_store(db, key, found, entry);
        database_set_due(db, key, found, due_ms);
        return true;
    }
    database_discard(db, entry, true);
    if (found->entry != NULL) database_delete(db, key, *found);
    found->entry = NULL;
    return true;
}

/* --- the vtable --- */

static const struct rate_methods *methods_of(const struct limiter_block *block) {
    return rate_methods_of(block->policy.algorithm);
}

static void free_limiter(struct entry *entry) {
    struct limiter_block *block = entry_pointer(entry);
    methods_of(block)->destroy(block->state);
    mem_free(block);
}

static void copy_limiter(const struct entry *source, struct entry *target) {
    if (source->encoding == LIMITER_INLINE) {
        memcpy(entry_tail(target), entry_tail(source), source->tail_len);
        return;
    }
    const struct limiter_block *block = entry_pointer(source);
    struct limiter_block *copy = mem_alloc(sizeof(*copy) + methods_of(block)->state_bytes);
    copy->policy = block->policy;
    copy->blocked_until_ms = block->blocked_until_ms;
    methods_of(block)->copy(block->state, copy->state);
    entry_set_pointer(target, copy);
}

static bool is_limiter_costly(const struct entry *entry) {
    if (entry->encoding == LIMITER_INLINE) return false;
    const struct limiter_block *block = entry_pointer(entry);
    return methods_of(block)->is_costly_to_free(block->state);
}

static size_t count_outside_bytes(const struct entry *entry, size_t samples) {
    (void)samples;
    if (entry->encoding == LIMITER_INLINE) return 0;
    const struct limiter_block *block = entry_pointer(entry);
    return mem_usable_size(block) + methods_of(block)->outside_bytes(block->state);
}

static void digest_limiter(const struct entry *entry, unsigned char digest[VALUE_DIGEST_BYTES]) {
    struct buffer encoded = {0};
    limiter_encode(entry, &encoded);
    value_digest_mix(digest, buffer_bytes(&encoded));
    buffer_destroy(&encoded);
}

static const char *name_encoding(const struct entry *entry) {
    struct rate_policy policy = limiter_policy(entry);
    const struct rate_methods *methods = limiter_methods(&policy);
    return methods == NULL ? "none" : methods->word;
}

static size_t measure_serialized(const struct entry *entry) {
    struct buffer encoded = {0};
    limiter_encode(entry, &encoded);
    size_t len = encoded.len;
    buffer_destroy(&encoded);
    return len;
}

static bool prefetch_limiter(const struct entry *entry, unsigned step) {
    enum { LINE = 64 };
    const struct limiter_block *block = entry_pointer(entry);
    if (step != 0) return methods_of(block)->prefetch(block->state, step - 1);
    mem_prefetch(block);
    mem_prefetch((const char *)block + LINE);
    return true;
}

const struct value_type ratelimit_value_type = {
    .name = "ratelimit",
    .free_value = free_limiter,
    .copy_value = copy_limiter,
    .is_costly_to_free = is_limiter_costly,
    .outside_bytes = count_outside_bytes,
    .digest = digest_limiter,
    .encoding_name = name_encoding,
    .serialized_len = measure_serialized,
    .rdb_type = ratelimit_rdb_type,
    .save = ratelimit_save,
    .load = ratelimit_load,
    .prefetch = prefetch_limiter,
    .has_own_due = true,
};
