/* Members against a naive model: an array with a line for each name that there can be. Names and
 * values have lengths around the allocator's steps, so that shapes are learnt, used up and done
 * without. */
#include "data/members.h"

#include "foundation/mem.h"
#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define START_MS ((int64_t)1700000000000)

enum { NAMES = 400, STEPS_PER_KIND = 600000, PHASE_STEPS = 8000, LONG_VALUE = 70000 };

/* --- the model --- */

struct line {
    bool exists;
    uint32_t value_len;
    uint32_t value_seed;
    uint64_t fixed;
    int64_t due_ms; /* 0: none */
};

struct model {
    struct members *members;
    int64_t now_ms;
    uint64_t count, due_count;
    uint64_t expired;
    bool has_values;
    uint8_t fixed_len;
    struct line lines[NAMES];
};

/* Any byte may be in a name; the first four say which it is. */
static struct bytes name_of(uint32_t number, char scratch[512]) {
    static const uint16_t lens[] = {4,   5,   7,   8,   11,  12,  13,  14,  15,  16,  17,  24,  30,
                                    31,  32,  33,  46,  47,  48,  49,  63,  64,  65,  111, 112, 113,
                                    128, 160, 192, 252, 253, 254, 255, 256, 257, 300, 511};
    size_t len = lens[number % ARRAY_LEN(lens)];
    memset(scratch, (int)(number * 7), len);
    memcpy(scratch, &number, sizeof(number));
    return bytes_of(scratch, len);
}

static uint32_t number_of(const struct model *model, const void *member) {
    struct bytes name = member_name(model->members, member);
    uint32_t number;
    char scratch[512];
    assert_true(name.len >= sizeof(number));
    memcpy(&number, name.data, sizeof(number));
    assert_true(number < NAMES);
    assert_true(bytes_equal(name, name_of(number, scratch)));
    return number;
}

static struct bytes value_of(uint32_t seed, uint32_t len) {
    static char pattern[LONG_VALUE + 256];
    if (pattern[1] == 0) {
        for (size_t i = 0; i < sizeof(pattern); i++) pattern[i] = (char)(i * 31 + i / 256 + 1);
    }
    return bytes_of(pattern + seed % 256, len);
}

static uint32_t draw_value_len(void) {
    switch (random_below(200)) {
    case 0: return (uint32_t)random_below(LONG_VALUE);
    case 1:
    case 2: return 240 + (uint32_t)random_below(20);
    default: return (uint32_t)random_below(random_below(2) == 0 ? 4 : 70);
    }
}

static void draw_value(const struct model *model, struct line *line) {
    line->value_len = model->has_values ? draw_value_len() : 0;
    line->value_seed = (uint32_t)random_below(256);
}

static struct model *new_model(bool has_values, uint8_t fixed_len) {
    struct model *model = mem_alloc_zeroed(sizeof(*model));
    model->members = members_new(has_values, fixed_len);
    model->has_values = has_values;
    model->fixed_len = fixed_len;
    model->now_ms = START_MS;
    random_set_seed(has_values ? 7 : 8 + (uint64_t)fixed_len);
    return model;
}

static void free_model(struct model *model) {
    members_free(model->members);
    mem_free(model);
}

static void *find(const struct model *model, uint32_t number, struct table_place *place,
                  uint64_t *hash) {
    char scratch[512];
    struct bytes name = name_of(number, scratch);
    *hash = members_hash(name);
    return members_find(model->members, name, *hash, place);
}

/* --- comparing --- */

static void check_member(const struct model *model, const struct members *members,
                         const void *member, const struct line *line) {
    assert_true(line->exists);
    assert_true(
        bytes_equal(member_value(members, member), value_of(line->value_seed, line->value_len)));
    assert_true(member_due_ms(member) == line->due_ms);
    if (model->fixed_len != 0)
        assert_memory_equal(member_fixed(members, member), &line->fixed, model->fixed_len);
}

static void check_number(const struct model *model, uint32_t number) {
    struct table_place place;
    uint64_t hash;
    const void *member = find(model, number, &place, &hash);
    assert_int_equal(member != NULL, model->lines[number].exists);
    if (member != NULL) check_member(model, model->members, member, &model->lines[number]);
}

static void check_counts(const struct model *model) {
    const struct member_dues *dues = model->members->dues;
    assert_int_equal(members_count(model->members), model->count);
    assert_int_equal(dues == NULL ? 0 : dues->count, model->due_count);
    assert_int_equal(dues == NULL, model->due_count == 0);
    if (dues == NULL) return;
    assert_true(dues->calendar != NULL || model->count <= MEMBERS_SCAN_MAX);
}

static void check_all(const struct model *model) {
    for (uint32_t i = 0; i < NAMES; i++) check_number(model, i);
    check_counts(model);
    table_verify(&model->members->table);
}

struct copy_check {
    const struct model *model;
    const struct members *copy;
    uint64_t seen;
};

static void check_copied(void *member, void *context) {
    struct copy_check *check = context;
    uint32_t number;
    memcpy(&number, member_name(check->copy, member).data, sizeof(number));
    check_member(check->model, check->copy, member, &check->model->lines[number]);
    check->seen++;
}

static void check_copy(const struct model *model) {
    struct members *copy = members_copy(model->members);
    struct copy_check check = {.model = model, .copy = copy};
    members_for_each(copy, check_copied, &check);
    assert_int_equal(check.seen, model->count);
    table_verify(&copy->table);
    assert_int_equal(copy->dues == NULL, model->due_count == 0);
    if (copy->dues != NULL) {
        assert_int_equal(copy->dues->wake_word, 0);
        assert_int_equal(copy->dues->count, model->due_count);
        int64_t far_ms = model->now_ms + ((int64_t)1 << 41);
        while (members_next_due_ms(copy, far_ms) != 0 &&
               members_next_due_ms(copy, far_ms) <= far_ms)
            members_expire(copy, far_ms, 50, NULL, NULL);
    }
    members_free(copy);
}

/* --- time --- */

static void note_expired(void *member, void *context) {
    struct model *model = context;
    struct line *line = &model->lines[number_of(model, member)];
    check_member(model, model->members, member, line);
    assert_true(line->due_ms != 0 && line->due_ms <= model->now_ms);
    line->exists = false;
    line->due_ms = 0;
    model->count--;
    model->due_count--;
    model->expired++;
}

/* As a look-up of the key does. */
static void settle(struct model *model) {
    for (int rounds = 0;; rounds++) {
        int64_t next_ms = members_next_due_ms(model->members, model->now_ms);
        if (next_ms == 0 || next_ms > model->now_ms) return;
        size_t max = 1 + random_below(20);
        uint64_t before = model->expired;
        size_t removed = members_expire(model->members, model->now_ms, max, note_expired, model);
        assert_int_equal(removed, model->expired - before);
        assert_true(removed <= max);
        assert_true(rounds < 100000);
    }
}

static void check_none_is_due(const struct model *model) {
    int64_t first_ms = INT64_MAX;
    for (uint32_t i = 0; i < NAMES; i++) {
        const struct line *line = &model->lines[i];
        assert_true(line->due_ms == 0 || line->due_ms > model->now_ms);
        if (line->due_ms != 0 && line->due_ms < first_ms) first_ms = line->due_ms;
    }
    int64_t next_ms = members_next_due_ms(model->members, model->now_ms);
    assert_int_equal(next_ms != 0, model->due_count != 0);
    assert_true(next_ms <= first_ms);
}

static void move_clock(struct model *model) {
    switch (random_below(2000)) {
    case 0: model->now_ms += (int64_t)random_below(100000000); break;
    case 1: model->now_ms += (int64_t)random_below((uint64_t)1 << 36); break;
    case 2: model->now_ms -= (int64_t)random_below(10000000); break;
    case 3:
    case 4:
    case 5: model->now_ms -= (int64_t)random_below(400); break;
    default: model->now_ms += (int64_t)random_below(20);
    }
    settle(model);
    check_none_is_due(model);
}

static int64_t draw_due_ms(const struct model *model) {
    switch (random_below(10)) {
    case 0: return model->now_ms + 1 + (int64_t)random_below((uint64_t)1 << 40);
    case 1: return CALENDAR_MAX_MS / CALENDAR_TICK_MS - 2 + (int64_t)random_below(4);
    case 2: return INT64_MAX - (int64_t)random_below(2);
    case 3:
    case 4: return model->now_ms + 1 + (int64_t)random_below(100000);
    default: return model->now_ms + 1 + (int64_t)random_below(2000);
    }
}

/* --- changes --- */

static void add(struct model *model, uint32_t number) {
    char scratch[512];
    struct line *line = &model->lines[number];
    *line = (struct line){.exists = true};
    draw_value(model, line);
    struct bytes name = name_of(number, scratch);
    void *member = members_add(model->members, name, members_hash(name),
                               value_of(line->value_seed, line->value_len));
    model->count++;
    check_member(model, model->members, member, line);
    if (model->fixed_len == 0) return;
    line->fixed = random_u64();
    memcpy(member_fixed(model->members, member), &line->fixed, model->fixed_len);
}

static void remove_number(struct model *model, uint32_t number) {
    struct table_place place;
    uint64_t hash;
    assert_non_null(find(model, number, &place, &hash));
    members_remove(model->members, place, hash);
    model->due_count -= model->lines[number].due_ms != 0;
    model->lines[number] = (struct line){0};
    model->count--;
}

static void set_value(struct model *model, uint32_t number) {
    struct table_place place;
    uint64_t hash;
    struct line *line = &model->lines[number];
    const void *member = find(model, number, &place, &hash);
    struct bytes value = member_value(model->members, member);
    if (random_below(4) == 0 && value.len != 0) { /* a piece of the old one */
        uint32_t skipped = (uint32_t)random_below(value.len < 200 ? value.len : 200);
        if (line->value_seed + skipped < 256) {
            line->value_seed += skipped;
            line->value_len -= skipped;
            value = bytes_of(value.data + skipped, value.len - skipped);
        }
    } else {
        draw_value(model, line);
        value = value_of(line->value_seed, line->value_len);
    }
    member = members_set_value(model->members, place, hash, value);
    check_member(model, model->members, member, line);
}

static void set_due(struct model *model, uint32_t number, int64_t due_ms) {
    struct table_place place;
    uint64_t hash;
    struct line *line = &model->lines[number];
    assert_non_null(find(model, number, &place, &hash));
    const void *member = members_set_due(model->members, place, hash, due_ms, model->now_ms);
    model->due_count += (uint64_t)(due_ms != 0) - (uint64_t)(line->due_ms != 0);
    line->due_ms = due_ms;
    check_member(model, model->members, member, line);
}

/* `growth` of 100 changes of presence add; `dues` of 100 changes of due times set one. */
static void change(struct model *model, uint64_t growth, uint64_t dues) {
    uint32_t number = (uint32_t)random_below(NAMES);
    check_number(model, number);
    if (!model->lines[number].exists) {
        if (random_below(100) < growth) add(model, number);
        return;
    }
    switch (random_below(4)) {
    case 0:
        if (random_below(100) >= growth) remove_number(model, number);
        break;
    case 1: set_value(model, number); break;
    default: set_due(model, number, random_below(100) < dues ? draw_due_ms(model) : 0);
    }
}

static void run_kind(bool has_values, uint8_t fixed_len) {
    struct model *model = new_model(has_values, fixed_len);
    uint64_t growth = 50, dues = 50, with_calendar = 0, with_reading = 0;
    for (int step = 0; step < STEPS_PER_KIND; step++) {
        if (step % PHASE_STEPS == 0) {
            growth = random_below(2) == 0 ? random_below(4) : random_below(95);
            dues = random_below(3) * 45;
        }
        change(model, growth, dues);
        if (step % 8 == 0) move_clock(model);
        if (step % 1000 == 0) check_all(model);
        if (step % 5000 == 0) check_copy(model);
        if (model->members->dues == NULL) continue;
        with_calendar += model->members->dues->calendar != NULL;
        with_reading += model->members->dues->calendar == NULL;
    }
    check_all(model);
    assert_true(model->expired > 1000 && with_calendar > 10000 && with_reading > 1000);
    free_model(model);
}

static void sets_agree_with_a_model(void **state) {
    (void)state;
    run_kind(false, 0);
}

static void hashes_agree_with_a_model(void **state) {
    (void)state;
    run_kind(true, 0);
}

static void members_with_a_score_agree_with_a_model(void **state) {
    (void)state;
    run_kind(false, 8);
}

static void members_with_a_score_and_a_value_agree_with_a_model(void **state) {
    (void)state;
    run_kind(true, 8);
}

/* --- memory --- */

static struct bytes numbered_name(uint32_t number, size_t len, char scratch[512]) {
    memset(scratch, 'n', len);
    memcpy(scratch, &number, sizeof(number));
    return bytes_of(scratch, len);
}

static void add_numbered(struct members *members, uint32_t number, size_t name_len,
                         size_t value_len) {
    char scratch[512];
    struct bytes name = numbered_name(number, name_len, scratch);
    members_add(members, name, members_hash(name), value_of(number, (uint32_t)value_len));
}

static void check_bytes_each(bool has_values, size_t name_len, size_t value_len, size_t expected) {
    enum { COUNT = 1000 };
    struct members *members = members_new(has_values, 0);
    size_t empty_bytes = members_used_bytes(members, 0);
    for (uint32_t i = 0; i < COUNT; i++) add_numbered(members, i, name_len, value_len);
    size_t bytes = members_used_bytes(members, 0) - members->table.used_bytes - empty_bytes;
    assert_int_equal(bytes, COUNT * expected);
    assert_int_equal(members_used_bytes(members, 10) - members->table.used_bytes - empty_bytes,
                     bytes);
    members_free(members);
}

static void a_shape_spares_the_bytes_of_lengths_where_they_would_cost_a_step(void **state) {
    (void)state;
    check_bytes_each(false, 16, 0, 16);
    check_bytes_each(false, 48, 0, 48);
    check_bytes_each(true, 16, 16, 32);
    check_bytes_each(true, 16, 15, 32 - (mem_good_size(31) == 31));
    check_bytes_each(true, 255, 1, 256);
}

static void a_shape_is_learnt_only_where_it_spares_a_step(void **state) {
    (void)state;
    struct members *members = members_new(true, 0);
    add_numbered(members, 1, 10, 4);
    add_numbered(members, 2, 16, 14);
    assert_int_equal(members->shape_count, 0);
    add_numbered(members, 3, 16, 15);
    add_numbered(members, 4, 16, 16);
    add_numbered(members, 5, 16, 16);
    assert_int_equal(members->shape_count, 2);
    members_free(members);
}

static void beyond_seven_shapes_members_carry_their_lengths(void **state) {
    (void)state;
    enum { COUNT = 480 };
    char scratch[512];
    struct members *members = members_new(true, 0);
    for (uint32_t i = 0; i < COUNT; i++) add_numbered(members, i, 16 + i % 24, 32 - i % 17);
    assert_int_equal(members->shape_count, MEMBERS_SHAPES);
    for (uint32_t i = 0; i < COUNT; i++) {
        struct table_place place;
        struct bytes name = numbered_name(i, 16 + i % 24, scratch);
        const void *member = members_find(members, name, members_hash(name), &place);
        assert_non_null(member);
        assert_true(bytes_equal(member_name(members, member), name));
        assert_true(bytes_equal(member_value(members, member), value_of(i, 32 - i % 17)));
    }
    members_free(members);
}

static void the_empty_name_is_a_member_like_others(void **state) {
    (void)state;
    struct members *members = members_new(false, 0);
    struct table_place place;
    uint64_t hash = members_hash(BYTES(""));
    assert_null(members_find(members, BYTES(""), hash, &place));
    members_add(members, BYTES(""), hash, BYTES(""));
    const void *member = members_find(members, BYTES(""), hash, &place);
    assert_non_null(member);
    assert_ptr_equal(members_random(members), member);
    assert_int_equal(member_name(members, member).len, 0);
    members_set_due(members, place, hash, START_MS, START_MS - 1);
    assert_int_equal(members_expire(members, START_MS, 1, NULL, NULL), 1);
    assert_int_equal(members_count(members), 0);
    assert_null(members->dues);
    members_free(members);
}

/* --- due times --- */

enum { TIMED = 5000, SPREAD_MS = 3000 };

static void set_numbered_due(struct members *members, uint32_t number, int64_t due_ms,
                             int64_t now_ms) {
    char scratch[512];
    struct table_place place;
    struct bytes name = numbered_name(number, 16, scratch);
    uint64_t hash = members_hash(name);
    assert_non_null(members_find(members, name, hash, &place));
    members_set_due(members, place, hash, due_ms, now_ms);
}

struct timing {
    const struct members *members;
    int64_t now_ms;
    uint64_t count;
};

static void note_timely(void *member, void *context) {
    struct timing *timing = context;
    assert_int_equal(member_due_ms(member), timing->now_ms);
    timing->count++;
}

static void each_member_goes_at_its_very_millisecond_and_nothing_is_asked_before(void **state) {
    (void)state;
    struct timing timing = {.now_ms = START_MS};
    struct members *members = members_new(false, 0);
    timing.members = members;
    random_set_seed(3);
    for (uint32_t i = 0; i < TIMED; i++) {
        add_numbered(members, i, 16, 0);
        set_numbered_due(members, i, START_MS + 1 + (int64_t)random_below(SPREAD_MS), START_MS);
    }
    assert_non_null(members->dues->calendar);
    uint64_t calls = 0;
    for (; timing.now_ms <= START_MS + SPREAD_MS; timing.now_ms++) {
        while (members->dues != NULL &&
               members_next_due_ms(members, timing.now_ms) <= timing.now_ms) {
            members_expire(members, timing.now_ms, SIZE_MAX, note_timely, &timing);
            calls++;
        }
    }
    assert_int_equal(timing.count, TIMED);
    assert_true(calls <= SPREAD_MS + 100);
    assert_null(members->dues);
    members_free(members);
}

static void a_calendar_comes_with_many_members_and_goes_with_the_last_due_time(void **state) {
    (void)state;
    struct members *members = members_new(false, 0);
    add_numbered(members, 0, 16, 0);
    size_t bytes = members_used_bytes(members, 0);
    set_numbered_due(members, 0, START_MS + 5000, START_MS);
    for (uint32_t i = 1; i < MEMBERS_SCAN_MAX; i++) add_numbered(members, i, 16, 0);
    assert_null(members->dues->calendar);
    add_numbered(members, MEMBERS_SCAN_MAX, 16, 0);
    assert_non_null(members->dues->calendar);
    assert_true(members_next_due_ms(members, START_MS) <= START_MS + 5000);
    set_numbered_due(members, 0, 0, START_MS);
    assert_null(members->dues);
    set_numbered_due(members, 1, START_MS + 1, START_MS);
    assert_non_null(members->dues->calendar);
    /* A wake word keeps the record of dues until it has been taken away. */
    members->dues->wake_word = 1;
    set_numbered_due(members, 1, 0, START_MS);
    assert_null(members->dues->calendar);
    assert_int_equal(members_next_due_ms(members, START_MS), 0);
    members->dues->wake_word = 0;
    members_expire(members, START_MS, 0, NULL, NULL);
    assert_null(members->dues);
    assert_true(bytes < members_used_bytes(members, 0));
    members_free(members);
}

static void a_mass_of_due_members_goes_in_slices(void **state) {
    (void)state;
    enum { SLICE = 64, SLICES_MAX = 4 * TIMED / SLICE };
    struct members *members = members_new(false, 0);
    for (uint32_t i = 0; i < TIMED; i++) {
        add_numbered(members, i, 16, 0);
        set_numbered_due(members, i, START_MS + 1000 + i % 3, START_MS);
    }
    int64_t now_ms = START_MS + 1002;
    size_t total = 0;
    int slices = 0;
    while (members_next_due_ms(members, now_ms) != 0) {
        assert_true(members_next_due_ms(members, now_ms) <= now_ms);
        size_t removed = members_expire(members, now_ms, SLICE, NULL, NULL);
        assert_true(removed <= SLICE);
        total += removed;
        assert_true(++slices <= SLICES_MAX);
    }
    assert_int_equal(total, TIMED);
    members_free(members);
}

static void a_clock_at_zero_does_not_hide_due_times(void **state) {
    (void)state;
    struct members *members = members_new(false, 0);
    for (uint32_t i = 0; i < TIMED / 10; i++) add_numbered(members, i, 16, 0);
    set_numbered_due(members, 0, START_MS + 10, 0);
    set_numbered_due(members, 1, START_MS + 1000, 0);
    assert_int_equal(members_expire(members, START_MS + 10, 10, NULL, NULL), 1);
    int64_t next_ms = members_next_due_ms(members, 0);
    assert_true(next_ms > 0 && next_ms <= START_MS + 1000);
    members_free(members);
}

static void due_times_set_after_the_clock_went_back_are_exact(void **state) {
    (void)state;
    for (int64_t back_ms = 1; back_ms < 100000; back_ms = back_ms * 3 + 1) {
        struct members *members = members_new(false, 0);
        for (uint32_t i = 0; i < TIMED / 10; i++) add_numbered(members, i, 16, 0);
        set_numbered_due(members, 0, START_MS + 10, START_MS);
        set_numbered_due(members, 1, START_MS + 1000000, START_MS);
        assert_int_equal(members_expire(members, START_MS + 10, 10, NULL, NULL), 1);
        int64_t now_ms = START_MS + 10 - back_ms;
        set_numbered_due(members, 2, now_ms + 1, now_ms);
        assert_true(members_next_due_ms(members, now_ms) <= now_ms + 1);
        now_ms++;
        size_t removed = 0;
        while (members_next_due_ms(members, now_ms) <= now_ms)
            removed += members_expire(members, now_ms, 10, NULL, NULL);
        assert_int_equal(removed, 1);
        members_free(members);
    }
}

static void setting_and_taking_away_for_ever_keeps_memory_bounded(void **state) {
    (void)state;
    struct members *members = members_new(false, 0);
    for (uint32_t i = 0; i < 100; i++) add_numbered(members, i, 16, 0);
    set_numbered_due(members, 50, START_MS + 3600000, START_MS);
    size_t most_bytes = 0;
    for (int i = 0; i < 100000; i++) {
        set_numbered_due(members, (uint32_t)i % 7, START_MS + 3000000 - i, START_MS + i / 100);
        if (i % 2 == 0) set_numbered_due(members, (uint32_t)i % 7, 0, START_MS + i / 100);
        if (i == 10000) most_bytes = members_used_bytes(members, 0);
        assert_true(i <= 10000 || members_used_bytes(members, 0) <= 2 * most_bytes);
    }
    members_free(members);
}

int main(void) {
    mem_start();
    hash_set_seed(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_agree_with_a_model),
        cmocka_unit_test(hashes_agree_with_a_model),
        cmocka_unit_test(members_with_a_score_agree_with_a_model),
        cmocka_unit_test(members_with_a_score_and_a_value_agree_with_a_model),
        cmocka_unit_test(a_shape_spares_the_bytes_of_lengths_where_they_would_cost_a_step),
        cmocka_unit_test(a_shape_is_learnt_only_where_it_spares_a_step),
        cmocka_unit_test(beyond_seven_shapes_members_carry_their_lengths),
        cmocka_unit_test(the_empty_name_is_a_member_like_others),
        cmocka_unit_test(each_member_goes_at_its_very_millisecond_and_nothing_is_asked_before),
        cmocka_unit_test(a_calendar_comes_with_many_members_and_goes_with_the_last_due_time),
        cmocka_unit_test(a_mass_of_due_members_goes_in_slices),
        cmocka_unit_test(a_clock_at_zero_does_not_hide_due_times),
        cmocka_unit_test(due_times_set_after_the_clock_went_back_are_exact),
        cmocka_unit_test(setting_and_taking_away_for_ever_keeps_memory_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
