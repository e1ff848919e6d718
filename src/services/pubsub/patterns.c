#include "services/pubsub/patterns.h"

#include "foundation/containers/table_inline.h"
#include "foundation/glob.h"
#include "foundation/hash.h"
#include "foundation/mem.h"
#include "services/pubsub/pubsub_private.h"

struct prefix {
    struct topic **patterns;
    uint32_t count;
    uint32_t cap;
    uint64_t hash;
    size_t len;
    char text[];
};

static uint64_t hash_prefix(const void *element, const void *context) {
    const struct prefix *prefix = element;
    (void)context;
    return prefix->hash;
}

void pattern_index_init(struct pattern_index *index) {
    *index = (struct pattern_index){0};
    table_init(&index->prefixes, hash_prefix, NULL);
}

void pattern_index_destroy(struct pattern_index *index) {
    CHECK(index->lengths.count == 0);
    table_destroy(&index->prefixes, NULL);
    size_multiset_destroy(&index->lengths);
}

/* --- prefixes --- */

static struct bytes text_of(const struct prefix *prefix) {
    return bytes_of(prefix->text, prefix->len);
}

static struct bytes literal_beginning(struct bytes pattern) {
    size_t len = 0;
    while (len < pattern.len && memchr("*?[\\", pattern.data[len], 4) == NULL) len++;
    return bytes_of(pattern.data, len);
}

static struct prefix *find_prefix(const struct pattern_index *index, struct bytes text,
                                  uint64_t hash, struct table_search *search) {
    struct prefix *prefix = table_find_start(&index->prefixes, hash, search);
    while (prefix != NULL && !bytes_equal(text_of(prefix), text)) prefix = table_find_next(search);
    return prefix;
}

static struct prefix *find_or_add_prefix(struct pattern_index *index, struct bytes text) {
    struct table_search search;
    uint64_t hash = hash_bytes(text);
    struct prefix *prefix = find_prefix(index, text, hash, &search);
    if (prefix != NULL) return prefix;
    prefix = mem_alloc(sizeof(*prefix) + text.len);
    *prefix = (struct prefix){.hash = hash, .len = text.len};
    if (text.len != 0) memcpy(prefix->text, text.data, text.len);
    table_insert(&index->prefixes, hash, prefix);
    size_multiset_add(&index->lengths, text.len);
    return prefix;
}

static void free_prefix(struct pattern_index *index, struct prefix *prefix) {
    struct table_search search;
    CHECK(find_prefix(index, text_of(prefix), prefix->hash, &search) == prefix);
    table_remove(&index->prefixes, prefix->hash, search.place);
    size_multiset_remove(&index->lengths, prefix->len);
    mem_free(prefix->patterns);
    mem_free(prefix);
}

static void resize_patterns(struct prefix *prefix, uint32_t cap) {
    prefix->patterns = mem_realloc(prefix->patterns, cap * sizeof(struct topic *));
    prefix->cap = cap;
}

void pattern_index_add(struct pattern_index *index, struct topic *pattern) {
    struct prefix *prefix = find_or_add_prefix(index, literal_beginning(topic_name(pattern)));
    if (prefix->count == prefix->cap)
        resize_patterns(prefix, prefix->cap == 0 ? 1 : 2 * prefix->cap);
    pattern->prefix = prefix;
    pattern->prefix_place = prefix->count;
    prefix->patterns[prefix->count++] = pattern;
}

void pattern_index_remove(struct pattern_index *index, struct topic *pattern) {
    struct prefix *prefix = pattern->prefix;
    struct topic *last = prefix->patterns[--prefix->count];
    prefix->patterns[pattern->prefix_place] = last;
    last->prefix_place = pattern->prefix_place;
    pattern->prefix = NULL;
    if (prefix->count == 0)
        free_prefix(index, prefix);
    else if (prefix->count < prefix->cap / 8)
        resize_patterns(prefix, prefix->cap / 2);
}

/* --- matching --- */

static void match_prefix(struct pattern_index *index, const struct prefix *prefix,
                         struct bytes channel, pattern_visit *visit, void *context) {
    index->comparisons += prefix->count;
    for (uint32_t i = 0; i < prefix->count; i++) {
        struct topic *pattern = prefix->patterns[i];
        if (glob_match(topic_name(pattern), channel)) visit(pattern, context);
    }
}

void pattern_index_match(struct pattern_index *index, struct bytes channel, pattern_visit *visit,
                         void *context) {
    struct table_search search;
    for (size_t i = 0; i < index->lengths.count; i++) {
        size_t len = index->lengths.sizes[i].size;
        if (len > channel.len) return;
        struct bytes beginning = bytes_of(channel.data, len);
        const struct prefix *prefix = find_prefix(index, beginning, hash_bytes(beginning), &search);
        if (prefix != NULL) match_prefix(index, prefix, channel, visit, context);
    }
}
