#include "data/eviction.h"

#include "data/database.h"
#include "data/value_type.h"
#include "foundation/random.h"

/* The best candidate so far; a higher rank goes first. */
struct candidate {
    struct database *db;
    struct entry *entry; /* NULL: none yet */
    uint64_t rank;
};

/* To evict a rate limiter is to forgive, so one goes only where nothing else is found. */
struct choice {
    const struct eviction_policy *policy;
    const struct keyspace *keyspace;
    struct database *db; /* that is being looked at */
    struct candidate best, best_limiter;
};

static uint64_t rank_of(const struct choice *choice, const struct entry *entry) {
    int64_t now_ms = choice->keyspace->clock->unix_ms;
    switch (choice->policy->order) {
    case EVICTION_LEAST_RECENT: return access_idle_seconds(entry, now_ms);
    case EVICTION_LEAST_FREQUENT:
        return UINT8_MAX - (uint64_t)access_frequency(entry, &choice->keyspace->access, now_ms);
    case EVICTION_SOONEST_DUE: return UINT64_MAX - (uint64_t)entry_due_ms(entry);
    case EVICTION_RANDOM:
    case EVICTION_NONE: break;
    }
    return random_u64();
}

static void consider(void *element, void *context) {
    struct choice *choice = context;
    struct entry *entry = element;
    if (choice->policy->is_volatile && entry_due_word(entry) == 0) return;
    uint64_t rank = rank_of(choice, entry);
    struct candidate *best =
        UNLIKELY(entry->type == VALUE_RATELIMIT) ? &choice->best_limiter : &choice->best;
    if (best->entry != NULL && rank <= best->rank) return;
    *best = (struct candidate){.db = choice->db, .entry = entry, .rank = rank};
}

static uint64_t candidate_count(const struct database *db, const struct eviction_policy *policy) {
    return policy->is_volatile ? db->due_count : database_key_count(db);
}

/* The number of a database; false when none has a candidate. */
static bool draw_database(const struct keyspace *keyspace, const struct eviction_policy *policy,
                          uint32_t *number) {
    uint64_t total = 0;
    for (uint32_t i = 0; i < keyspace->db_count; i++)
        total += candidate_count(keyspace->dbs[i], policy);
    if (total == 0) return false;
    uint64_t drawn = random_below(total);
    uint32_t i = 0;
    while (drawn >= candidate_count(keyspace->dbs[i], policy))
        drawn -= candidate_count(keyspace->dbs[i++], policy);
    *number = i;
    return true;
}

static void sample(struct database *db, struct choice *choice) {
    void *elements[EVICTION_MAX_SAMPLES];
    size_t count = table_sample(&db->keys, elements, choice->policy->samples);
    for (size_t i = 0; i < count; i++) consider(elements[i], choice);
}

/* For keys that random samples miss: the table in order, from a cursor that the database keeps. The
 * database has at least one candidate, so the walk ends; for what is more than a limiter it looks
 * only so far. */
static void walk(struct database *db, struct choice *choice) {
    enum { STEPS_PAST_LIMITERS = 16 };
    for (int step = 0; choice->best.entry == NULL; step++) {
        if (choice->best_limiter.entry != NULL && step >= STEPS_PAST_LIMITERS) return;
        db->eviction_cursor = table_scan(&db->keys, db->eviction_cursor, consider, choice);
    }
}

static void search(struct database *db, struct choice *choice) {
    enum { SAMPLE_TRIES = 4 };
    if (candidate_count(db, choice->policy) == 0) return;
    choice->db = db;
    for (int i = 0; i < SAMPLE_TRIES && choice->best.entry == NULL; i++) sample(db, choice);
    if (choice->best.entry == NULL) walk(db, choice);
}

bool eviction_remove_one(struct keyspace *keyspace, const struct eviction_policy *policy) {
    if (policy->order == EVICTION_NONE) return false;
    uint32_t number;
    if (!draw_database(keyspace, policy, &number)) return false;
    struct choice choice = {.policy = policy, .keyspace = keyspace};
    for (uint32_t i = 0; i < keyspace->db_count && choice.best.entry == NULL; i++)
        search(keyspace->dbs[(number + i) % keyspace->db_count], &choice);
    const struct candidate *victim =
        choice.best.entry != NULL ? &choice.best : &choice.best_limiter;
    database_evict(victim->db, victim->entry);
    return true;
}
