/* What is in a dump, gathered key by key while it is checked. */
#ifndef CHECK_STATISTICS_H
#define CHECK_STATISTICS_H

#include "data/rdb/rdb_walk.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DATABASES_MAX = 16384, /* as the directive `databases` allows */
    FORMS_MAX = 64,        /* types with their encodings */
    DUE_STEPS = 8,
};

/* A type in one encoding. The names are constants. */
struct form {
    const char *type, *encoding;
    uint64_t keys, elements, bytes;
};

struct database_figures {
    uint64_t keys, keys_with_due, bytes;
};

/* One of the biggest. */
struct big_key {
    uint64_t size; /* by which they are compared: bytes or elements */
    uint64_t bytes, elements, database;
    const char *type;
    char *name; /* quoted; owned */
};

/* The `max` biggest, in falling order. */
struct big_keys {
    struct big_key *items;
    size_t count, max;
};

struct statistics {
    int64_t now_ms;
    bool measures; /* memory, elements and the biggest: else keys are only counted */
    uint64_t keys, elements, bytes;
    uint64_t keys_with_due, keys_past_due;
    uint64_t due_steps[DUE_STEPS]; /* statistics_due_label: time that is left */
    uint64_t keys_by_rdb_type[UINT8_MAX + 1];
    uint64_t skipped[RDB_SKIPPED_COUNT];
    struct form forms[FORMS_MAX]; /* in order */
    size_t form_count;
    struct database_figures *databases;
    size_t database_count;
    struct big_keys biggest, longest; /* by bytes, by elements */
};

void statistics_init(struct statistics *statistics, int64_t now_ms, bool measures, size_t top);
void statistics_destroy(struct statistics *statistics);
/* A key that was loaded; the number of the database is below DATABASES_MAX. */
void statistics_add(struct statistics *statistics, const struct entry *entry,
                    const struct rdb_walk *walk);
/* "less than an hour", of what is left. */
const char *statistics_due_label(size_t step);
/* What Skua has no place for: "values of modules". */
const char *statistics_skipped_label(enum rdb_skipped skipped);
/* The lowest redis-server that reads these values: "7.0"; NULL when none does. */
const char *statistics_redis_version(const struct statistics *statistics);
/* Keys whose values no redis-server knows. */
uint64_t statistics_own_keys(const struct statistics *statistics);

#endif
