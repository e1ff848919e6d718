#include "data/types/set/set_algebra.h"

#include "foundation/containers/intset.h"
#include "foundation/number.h"
#include "foundation/sketches/hyperloglog.h"

#include <stdlib.h>

enum {
    BATCH_MEMBERS = 32, /* looked up together */
    MERGED_INTSETS_MAX = 8,
    ADD_COST = 4, /* of adding to a builder, in look-ups */
};

/* --- the arrays of sets --- */

/* Moves the sets that are there to the front and returns how many they are. */
static size_t drop_absent(const struct entry **sets, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (sets[i] != NULL) sets[kept++] = sets[i];
    return kept;
}

static int compare_lens(const void *a, const void *b) {
    size_t len_a = set_len(*(const struct entry *const *)a);
    size_t len_b = set_len(*(const struct entry *const *)b);
    return (len_a > len_b) - (len_a < len_b);
}

static int compare_lens_descending(const void *a, const void *b) {
    return compare_lens(b, a);
}

static bool has_only_few_intsets(const struct entry *const *sets, size_t count) {
    if (count > MERGED_INTSETS_MAX) return false;
    for (size_t i = 0; i < count; i++)
        if (sets[i]->encoding != SET_INTS) return false;
    return true;
}

/* --- merging intsets --- */

/* An intset being walked from its smallest integer up. */
struct ints {
    const char *intset;
    size_t at, count;
};

static void open_intsets(struct ints *ints, const struct entry *const *sets, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *intset = entry_pointer(sets[i]);
        ints[i] = (struct ints){.intset = intset, .count = intset_count(intset)};
    }
}

/* Goes on to the first integer that is not below `value`, in steps that double and then halve, and
 * says whether it is that value. */
static bool skip_to(struct ints *ints, int64_t value) {
    size_t low = ints->at, step = 1;
    while (low + step < ints->count && intset_at(ints->intset, low + step) < value) {
        low += step;
        step *= 2;
    }
    size_t high = low + step < ints->count ? low + step : ints->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (intset_at(ints->intset, middle) < value)
            low = middle + 1;
        else
            high = middle;
    }
    ints->at = low;
    return low < ints->count && intset_at(ints->intset, low) == value;
}

static bool visit_integer(int64_t value, set_visit_function *visit, void *context) {
    char digits[NUMBER_I64_MAX_CHARS];
    return visit(context, bytes_of(digits, number_format_i64(digits, value)));
}

/* The integers of the first set that are in each of the others, or in none. */
static void filter_intsets(const struct entry *const *sets, size_t count, bool wants_present,
                           set_visit_function *visit, void *context) {
    struct ints ints[MERGED_INTSETS_MAX] = {0};
    open_intsets(ints, sets, count);
    for (size_t i = 0; i < ints[0].count; i++) {
        int64_t value = intset_at(ints[0].intset, i);
        size_t other = 1;
        while (other < count && skip_to(&ints[other], value) == wants_present) other++;
        if (other == count && !visit_integer(value, visit, context)) return;
    }
}

/* The smallest integer that is left in any; false when none is. */
static bool find_smallest(const struct ints *ints, size_t count, int64_t *smallest) {
    bool is_found = false;
    for (size_t i = 0; i < count; i++) {
        if (ints[i].at == ints[i].count) continue;
        int64_t value = intset_at(ints[i].intset, ints[i].at);
        if (is_found && value >= *smallest) continue;
        *smallest = value;
        is_found = true;
    }
    return is_found;
}

static void unite_intsets(const struct entry *const *sets, size_t count, set_visit_function *visit,
                          void *context) {
    struct ints ints[MERGED_INTSETS_MAX] = {0};
    open_intsets(ints, sets, count);
    int64_t value = 0;
    while (find_smallest(ints, count, &value)) {
        for (size_t i = 0; i < count; i++) ints[i].at += skip_to(&ints[i], value);
        if (!visit_integer(value, visit, context)) return;
    }
}

/* --- looking members up in other sets --- */

/* Members on their way through the others; those that pass go to the visitor. */
struct filter {
    const struct entry *const *others;
    size_t other_count;
    const struct set_builder *joined; /* NULL: none; else its members do not pass */
    bool wants_present;               /* in each of the others; else in none */
    set_visit_function *visit;
    void *context;
    bool is_stopped;
    size_t count;
    struct bytes members[BATCH_MEMBERS];
    char scratch[BATCH_MEMBERS][PACKED_SCRATCH];
};

static void look_up(struct filter *filter, const struct entry *other) {
    set_prefetch(other, filter->members, filter->count);
    size_t kept = 0;
    for (size_t i = 0; i < filter->count; i++) {
        if (set_has(other, filter->members[i]) == filter->wants_present)
            filter->members[kept++] = filter->members[i];
    }
    filter->count = kept;
}

static bool passes_joined(const struct filter *filter, struct bytes member) {
    return filter->joined == NULL || !set_builder_has(filter->joined, member);
}

static void flush_filter(struct filter *filter) {
    for (size_t i = 0; i < filter->other_count && filter->count != 0; i++)
        look_up(filter, filter->others[i]);
    for (size_t i = 0; i < filter->count && !filter->is_stopped; i++) {
        if (!passes_joined(filter, filter->members[i])) continue;
        filter->is_stopped = !filter->visit(filter->context, filter->members[i]);
    }
    filter->count = 0;
}

static bool filter_member(void *context, struct bytes member) {
    struct filter *filter = context;
    if (member.len <= PACKED_SCRATCH) {
        char *copy = filter->scratch[filter->count];
        memcpy(copy, member.data, member.len);
        member.data = copy;
    }
    filter->members[filter->count++] = member;
    if (filter->count == BATCH_MEMBERS) flush_filter(filter);
    return !filter->is_stopped;
}

/* Sends the set's members through; false when the visitor has stopped. */
static bool filter_set(struct filter *filter, const struct entry *set) {
    set_for_each(set, filter_member, filter);
    flush_filter(filter);
    return !filter->is_stopped;
}

/* --- intersection --- */

void set_intersect(const struct entry **sets, size_t count, set_visit_function *visit,
                   void *context) {
    if (drop_absent(sets, count) < count) return;
    qsort(sets, count, sizeof(*sets), compare_lens);
    if (has_only_few_intsets(sets, count)) {
        filter_intsets(sets, count, true, visit, context);
        return;
    }
    struct filter filter = {
        .others = sets + 1,
        .other_count = count - 1,
        .wants_present = true,
        .visit = visit,
        .context = context,
    };
    (void)filter_set(&filter, sets[0]);
}

/* --- union --- */

/* Members of the smaller sets that the largest one lacks, and which of them were seen. */
struct newcomers {
    struct set_builder *seen;
    bool is_last; /* no other set follows: there is no need to remember */
    set_visit_function *visit;
    void *context;
};

static bool visit_newcomer(void *context, struct bytes member) {
    const struct newcomers *newcomers = context;
    bool is_new = newcomers->is_last ? !set_builder_has(newcomers->seen, member)
                                     : set_builder_add(newcomers->seen, member);
    return !is_new || newcomers->visit(newcomers->context, member);
}

/* What the sets behind the first have beside it. */
static void visit_beside_first(const struct entry *const *sets, size_t count,
                               set_visit_function *visit, void *context) {
    struct newcomers newcomers = {
        .seen = set_builder_new(),
        .visit = visit,
        .context = context,
    };
    struct filter filter = {
        .others = sets,
        .other_count = 1,
        .visit = visit_newcomer,
        .context = &newcomers,
    };
    for (size_t i = 1; i < count; i++) {
        newcomers.is_last = i + 1 == count;
        if (sets[i] != sets[0] && !filter_set(&filter, sets[i])) break;
    }
    set_builder_free(newcomers.seen);
}

/* Notices when the visitor stops the first part of a union. */
struct first_part {
    set_visit_function *visit;
    void *context;
    bool is_stopped;
};

static bool visit_first_part(void *context, struct bytes member) {
    struct first_part *part = context;
    part->is_stopped = !part->visit(part->context, member);
    return !part->is_stopped;
}

void set_unite(const struct entry **sets, size_t count, set_visit_function *visit, void *context) {
    count = drop_absent(sets, count);
    if (count == 0) return;
    qsort(sets, count, sizeof(*sets), compare_lens_descending);
    if (has_only_few_intsets(sets, count)) {
        unite_intsets(sets, count, visit, context);
        return;
    }
    struct first_part part = {.visit = visit, .context = context};
    set_for_each(sets[0], visit_first_part, &part);
    if (!part.is_stopped) visit_beside_first(sets, count, visit, context);
}

/* --- difference --- */

static bool add_to_builder(void *context, struct bytes member) {
    (void)set_builder_add(context, member);
    return true;
}

static struct set_builder *join(const struct entry *const *sets, size_t count) {
    struct set_builder *joined = set_builder_new();
    for (size_t i = 0; i < count; i++) set_for_each(sets[i], add_to_builder, joined);
    return joined;
}

/* True when it costs less to make one set of the others than to look into each of them. */
static bool is_joining_cheaper(const struct entry *const *sets, size_t count) {
    uint64_t first_len = set_len(sets[0]);
    uint64_t others_len = 0;
    for (size_t i = 1; i < count; i++) others_len += set_len(sets[i]);
    return others_len * ADD_COST + first_len < first_len * (count - 1);
}

void set_subtract(const struct entry **sets, size_t count, set_visit_function *visit,
                  void *context) {
    if (sets[0] == NULL) return;
    count = drop_absent(sets, count);
    for (size_t i = 1; i < count; i++)
        if (sets[i] == sets[0]) return;
    if (has_only_few_intsets(sets, count)) {
        filter_intsets(sets, count, false, visit, context);
        return;
    }
    struct filter filter = {.visit = visit, .context = context};
    struct set_builder *joined = NULL;
    if (is_joining_cheaper(sets, count)) {
        filter.joined = joined = join(sets + 1, count - 1);
    } else {
        /* What is in any of them is most likely found in the largest. */
        qsort(sets + 1, count - 1, sizeof(*sets), compare_lens_descending);
        filter.others = sets + 1;
        filter.other_count = count - 1;
    }
    (void)filter_set(&filter, sets[0]);
    if (joined != NULL) set_builder_free(joined);
}

/* --- counting --- */

struct tally {
    uint64_t count;
    uint64_t limit; /* 0: none */
};

static bool count_member(void *context, struct bytes member UNUSED) {
    struct tally *tally = context;
    tally->count++;
    return tally->count != tally->limit;
}

uint64_t set_count_intersection(const struct entry **sets, size_t count, uint64_t limit) {
    struct tally tally = {.limit = limit};
    set_intersect(sets, count, count_member, &tally);
    return tally.count;
}

uint64_t set_count_difference(const struct entry **sets, size_t count, uint64_t limit) {
    struct tally tally = {.limit = limit};
    set_subtract(sets, count, count_member, &tally);
    return tally.count;
}

uint64_t set_count_union(const struct entry **sets, size_t count, uint64_t limit) {
    count = drop_absent(sets, count);
    if (count == 0) return 0;
    qsort(sets, count, sizeof(*sets), compare_lens_descending);
    struct tally tally = {.count = set_len(sets[0]), .limit = limit};
    if (limit != 0 && tally.count >= limit) return limit;
    visit_beside_first(sets, count, count_member, &tally);
    return tally.count;
}

static bool add_to_sketch(void *context, struct bytes member) {
    (void)hyperloglog_add(context, member, 0);
    return true;
}

uint64_t set_estimate_union(const struct entry *const *sets, size_t count) {
    struct buffer sketch = {0};
    hyperloglog_create(&sketch);
    for (size_t i = 0; i < count; i++)
        if (sets[i] != NULL) set_for_each(sets[i], add_to_sketch, &sketch);
    uint64_t estimate;
    CHECK(hyperloglog_count(buffer_bytes(&sketch), &estimate));
    buffer_destroy(&sketch);
    return estimate;
}
