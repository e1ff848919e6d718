#include "data/eviction.h"

#include "data/database.h"
#include "foundation/random.h"

/* The best candidate so far; a higher rank goes first. */
struct choice {
    const struct eviction_policy *policy;
    const struct keyspace *keyspace;
    struct entry *entry;
    uint64_t rank;
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
    if (choice->entry != NULL && rank <= choice->rank) return;
    choice->entry = entry;
    choice->rank = rank;
}

static uint64_t candidate_count(const struct database *db, const struct eviction_policy *policy) {
    return policy->is_volatile ? db->due_count : database_key_count(db);
}

static struct database *draw_database(struct keyspace *keyspace,
                                      const struct eviction_policy *policy) {
    uint64_t total = 0;
    for (uint32_t i = 0; i < keyspace->db_count; i++)
        total += candidate_count(keyspace->dbs[i], policy);
    if (total == 0) return NULL;
    uint64_t drawn = random_below(total);
    uint32_t i = 0;
    while (drawn >= candidate_count(keyspace->dbs[i], policy))
        drawn -= candidate_count(keyspace->dbs[i++], policy);
    return keyspace->dbs[i];
}

static void sample(struct database *db, struct choice *choice) {
    void *elements[EVICTION_MAX_SAMPLES];
    size_t count = table_sample(&db->keys, elements, choice->policy->samples);
    for (size_t i = 0; i < count; i++) consider(elements[i], choice);
}

/* For keys that random samples miss: the table in order, from a cursor that the database keeps. The
 * database has at least one candidate, so the walk ends. */
static void walk(struct database *db, struct choice *choice) {
    while (choice->entry == NULL)
        db->eviction_cursor = table_scan(&db->keys, db->eviction_cursor, consider, choice);
}

enum { SAMPLE_TRIES = 4 };

bool eviction_remove_one(struct keyspace *keyspace, const struct eviction_policy *policy) {
    if (policy->order == EVICTION_NONE) return false;
    struct database *db = draw_database(keyspace, policy);
    if (db == NULL) return false;
    struct choice choice = {.policy = policy, .keyspace = keyspace};
    for (int i = 0; i < SAMPLE_TRIES && choice.entry == NULL; i++) sample(db, &choice);
    if (choice.entry == NULL) walk(db, &choice);
    database_evict(db, choice.entry);
    return true;
}
