#include "data/access.h"

#include "foundation/random.h"

enum {
    LRU_MASK = (1 << ENTRY_ACCESS_BITS) - 1,
    LFU_MINUTES_MASK = 0xffff,
    LFU_INITIAL = 5,
};

static uint32_t lru_seconds(int64_t unix_ms) {
    return (uint32_t)(unix_ms / 1000) & LRU_MASK;
}

static uint32_t lfu_minutes(int64_t unix_ms) {
    return (uint32_t)(unix_ms / 60000) & LFU_MINUTES_MASK;
}

static uint32_t pack_lfu(int64_t unix_ms, uint8_t counter) {
    return lfu_minutes(unix_ms) << 8 | counter;
}

uint32_t access_initial(const struct access_policy *policy, int64_t unix_ms) {
    return policy->is_lfu ? pack_lfu(unix_ms, LFU_INITIAL) : lru_seconds(unix_ms);
}

uint8_t access_frequency(const struct entry *entry, const struct access_policy *policy,
                         int64_t unix_ms) {
    uint32_t counter = entry->access & 0xff;
    uint32_t elapsed = (lfu_minutes(unix_ms) - (entry->access >> 8)) & LFU_MINUTES_MASK;
    uint32_t decay =
        policy->lfu_decay_minutes == 0 ? 0 : elapsed / (uint32_t)policy->lfu_decay_minutes;
    return (uint8_t)(decay > counter ? 0 : counter - decay);
}

static uint8_t grow_frequency(uint8_t counter, int log_factor) {
    if (counter == UINT8_MAX) return counter;
    double above = counter > LFU_INITIAL ? counter - LFU_INITIAL : 0;
    return random_unit() < 1.0 / (above * log_factor + 1) ? counter + 1 : counter;
}

void access_touch(struct entry *entry, const struct access_policy *policy, int64_t unix_ms) {
    if (LIKELY(!policy->is_lfu)) {
        entry->access = lru_seconds(unix_ms) & LRU_MASK;
        return;
    }
    uint8_t counter = access_frequency(entry, policy, unix_ms);
    entry->access = pack_lfu(unix_ms, grow_frequency(counter, policy->lfu_log_factor)) & LRU_MASK;
}

uint64_t access_idle_seconds(const struct entry *entry, int64_t unix_ms) {
    return (lru_seconds(unix_ms) - entry->access) & LRU_MASK;
}

void access_set_idle_seconds(struct entry *entry, uint64_t idle_seconds, int64_t unix_ms) {
    uint64_t idle = idle_seconds < LRU_MASK ? idle_seconds : LRU_MASK;
    entry->access = (lru_seconds(unix_ms) - (uint32_t)idle) & LRU_MASK;
}

void access_set_frequency(struct entry *entry, uint8_t frequency, int64_t unix_ms) {
    entry->access = pack_lfu(unix_ms, frequency) & LRU_MASK;
}
