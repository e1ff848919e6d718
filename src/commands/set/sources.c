#include "commands/set/sources.h"

#include "engine/collection_access.h"
#include "engine/prefetch.h"
#include "foundation/mem.h"

static bool read_entries(struct call *call, uint32_t first, uint32_t end, struct sources *sources) {
    struct key keys[PREFETCH_MAX_KEYS];
    while (first < end) {
        size_t count = prefetch_keys(call, first, end, 1, keys);
        for (size_t i = 0; i < count; i++) {
            const struct entry **set = &sources->sets[sources->count];
            if (!collection_read(call, keys[i], VALUE_SET, set)) return false;
            sources->count++;
        }
        first += (uint32_t)count;
    }
    return true;
}

bool sources_read(struct call *call, uint32_t first, uint32_t end, struct sources *sources) {
    *sources = (struct sources){.sets = mem_alloc_array(end - first, sizeof(*sources->sets))};
    bool is_read = read_entries(call, first, end, sources);
    if (!is_read) sources_free(sources);
    return is_read;
}

void sources_free(struct sources *sources) {
    mem_free(sources->sets);
}
