/* Access clocks: 24 bits in every entry that say when (LRU) or how often (LFU) it was used, for
 * eviction and OBJECT IDLETIME / FREQ. Which of the two they hold is the keyspace's choice
 * (`maxmemory-policy`).
 *
 * LRU: seconds of wall time modulo 2^24 (194 days).
 * LFU: 16 bits of minutes and an 8-bit logarithmic counter that decays by one per `decay_minutes`
 * and grows with probability 1 / ((counter - 5) * log_factor + 1). */
#ifndef DATA_ACCESS_H
#define DATA_ACCESS_H

#include "data/entry.h"

struct access_policy {
    bool is_lfu;
    bool is_lru; /* eviction goes by it: files keep it */
    int lfu_log_factor;
    int lfu_decay_minutes;
};

/* The value for a key that is made at `unix_ms`. */
uint32_t access_initial(const struct access_policy *policy, int64_t unix_ms);
/* Notes one use. */
void access_touch(struct entry *entry, const struct access_policy *policy, int64_t unix_ms);
/* Seconds since the last use. */
uint64_t access_idle_seconds(const struct entry *entry, int64_t unix_ms);
/* The decayed counter, 0 to 255. */
uint8_t access_frequency(const struct entry *entry, const struct access_policy *policy,
                         int64_t unix_ms);
/* Set by hand, for RESTORE and DEBUG. */
void access_set_idle_seconds(struct entry *entry, uint64_t idle_seconds, int64_t unix_ms);
void access_set_frequency(struct entry *entry, uint8_t frequency, int64_t unix_ms);

#endif
