#include "engine/rate_policies.h"

#include "data/types/ratelimit/policy_words.h"
#include "engine/engine.h"
#include "foundation/containers/table_inline.h"
#include "foundation/hash.h"
#include "foundation/mem.h"

#include <stdlib.h>

/* engine->rate_policies: a table of struct stored_rate_policy, made with the first. */
struct rate_policies {
    struct table table;
};

bool rate_policy_name_is_valid(struct bytes name) {
    if (name.len == 0 || name.len > RATE_POLICY_NAME_MAX) return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        if (c <= ' ' || c > '~' || c == '"' || c == '\\') return false;
    }
    return true;
}

static uint64_t hash_stored(const void *element, const void *context) {
    (void)context;
    return hash_bytes(stored_rate_policy_name(element));
}

static struct stored_rate_policy *find_stored(const struct rate_policies *policies,
                                              struct bytes name, struct table_search *search) {
    if (policies == NULL) return NULL;
    struct stored_rate_policy *stored =
        table_find_start(&policies->table, hash_bytes(name), search);
    while (stored != NULL && !bytes_equal(stored_rate_policy_name(stored), name))
        stored = table_find_next(search);
    return stored;
}

struct stored_rate_policy *rate_policies_find(const struct engine *engine, struct bytes name) {
    struct table_search search;
    return find_stored(engine->rate_policies, name, &search);
}

static struct rate_policies *require_table(struct engine *engine) {
    if (engine->rate_policies == NULL) {
        engine->rate_policies = mem_alloc_zeroed(sizeof(*engine->rate_policies));
        table_init(&engine->rate_policies->table, hash_stored, NULL);
    }
    return engine->rate_policies;
}

bool rate_policies_set(struct engine *engine, struct bytes name, const struct rate_policy *policy,
                       size_t max) {
    struct stored_rate_policy *stored = rate_policies_find(engine, name);
    if (stored == NULL) {
        if (rate_policies_count(engine) >= max) return false;
        stored = mem_alloc_zeroed(sizeof(*stored) + name.len);
        stored->name_len = (uint32_t)name.len;
        memcpy(stored->name, name.data, name.len);
        table_insert(&require_table(engine)->table, hash_bytes(name), stored);
    }
    stored->policy = *policy;
    return true;
}

bool rate_policies_remove(struct engine *engine, struct bytes name) {
    struct table_search search;
    struct stored_rate_policy *stored = find_stored(engine->rate_policies, name, &search);
    if (stored == NULL) return false;
    table_remove(&engine->rate_policies->table, hash_bytes(name), search.place);
    mem_free(stored);
    return true;
}

size_t rate_policies_count(const struct engine *engine) {
    return engine->rate_policies == NULL ? 0 : engine->rate_policies->table.count;
}

/* --- all of them --- */

struct collection {
    struct stored_rate_policy **items;
    size_t count;
};

static void collect(void *element, void *context) {
    struct collection *collection = context;
    collection->items[collection->count++] = element;
}

static int compare_names(const void *a, const void *b) {
    const struct stored_rate_policy *const *first = a, *const *second = b;
    return bytes_compare(stored_rate_policy_name(*first), stored_rate_policy_name(*second));
}

struct stored_rate_policy **rate_policies_sorted(const struct engine *engine, size_t *count) {
    *count = rate_policies_count(engine);
    struct collection all = {.items =
                                 mem_alloc_array(*count + 1, sizeof(struct stored_rate_policy *))};
    if (*count != 0) table_for_each(&engine->rate_policies->table, collect, &all);
    qsort(all.items, *count, sizeof(struct stored_rate_policy *), compare_names);
    return all.items;
}

void rate_policies_tell(const struct engine *engine, rate_policies_command_function *tell,
                        void *context) {
    size_t count;
    struct stored_rate_policy **all = rate_policies_sorted(engine, &count);
    for (size_t i = 0; i < count; i++) {
        struct rate_policy_words words;
        rate_policy_put_words(&all[i]->policy, &words);
        struct bytes args[3 + RATE_POLICY_WORDS_MAX] = {BYTES("RL.POLICY"), BYTES("SET"),
                                                        stored_rate_policy_name(all[i])};
        memcpy(args + 3, words.words, words.count * sizeof(*args));
        tell(context, args, 3 + words.count);
    }
    mem_free(all);
}

static void reset_counts(void *element, void *context) {
    struct stored_rate_policy *stored = element;
    (void)context;
    stored->counts = (struct rate_counts){0};
}

void rate_policies_reset_counts(struct engine *engine) {
    if (rate_policies_count(engine) != 0)
        table_for_each(&engine->rate_policies->table, reset_counts, NULL);
}

void rate_policies_free(struct engine *engine) {
    if (engine->rate_policies == NULL) return;
    table_destroy(&engine->rate_policies->table, mem_free);
    mem_free(engine->rate_policies);
    engine->rate_policies = NULL;
}
