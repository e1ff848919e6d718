#include "data/keyspace.h"

#include "data/database.h"
#include "foundation/mem.h"

struct keyspace *keyspace_new(uint32_t db_count, const struct clock *clock) {
    struct keyspace *keyspace = mem_alloc_zeroed(sizeof(*keyspace));
    keyspace->clock = keyspace->access_clock = clock;
    keyspace->access = (struct access_policy){.lfu_log_factor = 10, .lfu_decay_minutes = 1};
    keyspace->is_rdb_compressed = true;
    keyspace->db_count = db_count;
    keyspace->dbs = mem_alloc_array(db_count, sizeof(*keyspace->dbs));
    for (uint32_t i = 0; i < db_count; i++) keyspace->dbs[i] = database_new(keyspace, i);
    return keyspace;
}

void keyspace_free(struct keyspace *keyspace) {
    for (uint32_t i = 0; i < keyspace->db_count; i++) database_free(keyspace->dbs[i]);
    mem_free(keyspace->dbs);
    mem_free(keyspace);
}

static void notify_swap(const struct keyspace *keyspace, uint32_t first, uint32_t second,
                        const char *name) {
    database_notify(keyspace->dbs[first], KEY_EVENT_ALL_KEYS, BYTES(""), name);
    database_notify(keyspace->dbs[second], KEY_EVENT_ALL_KEYS, BYTES(""), name);
}

void keyspace_swap(struct keyspace *keyspace, uint32_t first, uint32_t second) {
    notify_swap(keyspace, first, second, "swap");
    struct database *moved = keyspace->dbs[first];
    keyspace->dbs[first] = keyspace->dbs[second];
    keyspace->dbs[second] = moved;
    keyspace->dbs[first]->number = first;
    keyspace->dbs[second]->number = second;
    notify_swap(keyspace, first, second, KEY_EVENT_SWAPPED);
}

uint64_t keyspace_key_count(const struct keyspace *keyspace) {
    uint64_t count = 0;
    for (uint32_t i = 0; i < keyspace->db_count; i++) count += database_key_count(keyspace->dbs[i]);
    return count;
}

uint64_t keyspace_count_type(const struct keyspace *keyspace, unsigned type) {
    uint64_t count = 0;
    for (uint32_t i = 0; i < keyspace->db_count; i++) count += keyspace->dbs[i]->type_counts[type];
    return count;
}

static bool run_calendar(const struct keyspace *keyspace, struct calendar *calendar,
                         size_t max_records) {
    if (calendar_record_count(calendar) == 0) return true;
    return calendar_run(calendar, keyspace->clock->unix_ms, max_records);
}

bool keyspace_expire_due(struct keyspace *keyspace, size_t max_records) {
    if (keyspace->is_calendar_off) return true;
    bool is_done = true;
    for (uint32_t i = 0; i < keyspace->db_count; i++) {
        const struct database *db = keyspace->dbs[i];
        keyspace->member_slice = max_records;
        if (!run_calendar(keyspace, db->calendar, max_records)) is_done = false;
        if (!run_calendar(keyspace, db->member_calendar, max_records)) is_done = false;
    }
    return is_done;
}

static int64_t earlier(int64_t a, int64_t b) {
    return a < b ? a : b;
}

int64_t keyspace_next_due_ms(const struct keyspace *keyspace) {
    if (keyspace->is_calendar_off) return INT64_MAX;
    int64_t next_ms = INT64_MAX, now_ms = keyspace->clock->unix_ms;
    for (uint32_t i = 0; i < keyspace->db_count; i++) {
        const struct database *db = keyspace->dbs[i];
        next_ms = earlier(next_ms, calendar_next_ms(db->calendar, now_ms));
        next_ms = earlier(next_ms, calendar_next_ms(db->member_calendar, now_ms));
    }
    return next_ms;
}
