/* Sets against a naive model: which of a fixed list of texts are members, and when they are due.
 * Small limits make the forms change all the time. Draws are held against chi-square bounds. */
#include "data/types/set/set.h"

#include "data/member_expiry.h"
#include "data/types/string/string.h"
#include "data/value_digest.h"
#include "foundation/clock.h"
#include "foundation/mem.h"
#include "foundation/number.h"
#include "foundation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { TEXTS = 400, TEXT_MAX = 40, START_MS = 1000000, BATCH_MAX = 12 };
enum { MAX_INTS = 20, MAX_PACKED = 12, MAX_PACKED_LEN = 10 };

struct model_member {
    char text[TEXT_MAX];
    size_t len;
    bool is_integer;
    bool is_there;
    int64_t due_ms;
    uint32_t visits;
};

struct fixture {
    struct clock clock;
    struct keyspace *keyspace;
    struct database *db;
    struct key key;
    struct model_member members[TEXTS];
    size_t text_count; /* of them those in use */
    size_t len;
};

/* The first third are integers of all sizes, the others texts, some too long for listpacks. */
static void name_member(struct model_member *member, size_t i) {
    if (i < TEXTS / 3) {
        int64_t value = (int64_t)i << (i % 5 * 12);
        member->is_integer = true;
        member->len = number_format_i64(member->text, i % 2 == 0 ? value : -value);
    } else {
        const char *start = i % 7 == 0 ? "long text, number " : "t";
        member->len = (size_t)snprintf(member->text, TEXT_MAX, "%s%zu", start, i);
    }
}

static struct fixture *new_fixture(size_t text_count) {
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    clock_set_unix_us(&fixture->clock, (int64_t)START_MS * 1000);
    fixture->keyspace = keyspace_new(1, &fixture->clock);
    fixture->db = fixture->keyspace->dbs[0];
    fixture->key = key_of(BYTES("a set"));
    fixture->text_count = text_count;
    for (size_t i = 0; i < TEXTS; i++) name_member(&fixture->members[i], i);
    set_set_limits(MAX_INTS, MAX_PACKED, MAX_PACKED_LEN);
    return fixture;
}

static void free_fixture(struct fixture *fixture) {
    keyspace_free(fixture->keyspace);
    free(fixture);
}

static struct bytes text_of(const struct model_member *member) {
    return bytes_of(member->text, member->len);
}

static struct found find_set(const struct fixture *fixture) {
    return database_find(fixture->db, fixture->key);
}

static const char *encoding_of(const struct fixture *fixture) {
    const struct entry *entry = find_set(fixture).entry;
    return entry == NULL ? "none" : value_type_of(entry)->encoding_name(entry);
}

static struct model_member *model_find(struct fixture *fixture, struct bytes text) {
    for (size_t i = 0; i < fixture->text_count; i++) {
        if (bytes_equal(text_of(&fixture->members[i]), text)) return &fixture->members[i];
    }
    fail_msg("a member that was never added");
    return NULL;
}

static void model_remove(struct fixture *fixture, struct model_member *member) {
    assert_true(member->is_there);
    member->is_there = false;
    member->due_ms = 0;
    fixture->len--;
}

/* --- checking everything --- */

static bool count_visit(void *context, struct bytes text) {
    struct model_member *member = model_find(context, text);
    assert_true(member->is_there);
    member->visits++;
    return true;
}

/* Every member was seen `visits` times since the last look, nothing else ever. */
static void check_visits(struct fixture *fixture, uint32_t visits) {
    for (size_t i = 0; i < fixture->text_count; i++) {
        struct model_member *member = &fixture->members[i];
        assert_int_equal(member->visits, member->is_there ? visits : 0);
        member->visits = 0;
    }
}

static void check_limits(const struct fixture *fixture, const struct entry *entry) {
    if (entry->encoding == SET_TABLE) return;
    size_t max_len = entry->encoding == SET_INTS ? MAX_INTS : MAX_PACKED;
    assert_true(fixture->len <= max_len);
    for (size_t i = 0; i < fixture->text_count; i++) {
        const struct model_member *member = &fixture->members[i];
        if (!member->is_there) continue;
        assert_int_equal(member->due_ms, 0);
        assert_true(entry->encoding == SET_INTS ? member->is_integer
                                                : member->len <= MAX_PACKED_LEN);
    }
}

static void check_digest(const struct fixture *fixture, const struct entry *entry) {
    unsigned char digest[VALUE_DIGEST_BYTES] = {0}, expected[VALUE_DIGEST_BYTES] = {0};
    for (size_t i = 0; i < fixture->text_count; i++) {
        if (!fixture->members[i].is_there) continue;
        if (fixture->members[i].due_ms != 0) return;
        value_digest_xor(expected, text_of(&fixture->members[i]));
    }
    value_type_of(entry)->digest(entry, digest);
    assert_memory_equal(digest, expected, sizeof(digest));
}

static bool has_model_dues(const struct fixture *fixture) {
    for (size_t i = 0; i < fixture->text_count; i++) {
        if (fixture->members[i].due_ms != 0) return true;
    }
    return false;
}

static void check_all(struct fixture *fixture) {
    const struct entry *entry = find_set(fixture).entry;
    assert_int_equal(entry != NULL, fixture->len != 0);
    if (entry == NULL) return;
    assert_int_equal(entry_has(entry, ENTRY_HAS_MEMBER_DUES), has_model_dues(fixture));
    assert_int_equal(entry->type, VALUE_SET);
    assert_int_equal(set_len(entry), fixture->len);
    for (size_t i = 0; i < fixture->text_count; i++) {
        const struct model_member *member = &fixture->members[i];
        assert_int_equal(set_has(entry, text_of(member)), member->is_there);
        assert_int_equal(set_due_ms(entry, text_of(member)),
                         member->is_there ? member->due_ms : -1);
    }
    set_for_each(entry, count_visit, fixture);
    check_visits(fixture, 1);
    check_limits(fixture, entry);
    check_digest(fixture, entry);
}

/* --- random steps --- */

static struct model_member *choose_member(struct fixture *fixture) {
    return &fixture->members[random_below(fixture->text_count)];
}

static size_t choose_batch(struct fixture *fixture, struct bytes *texts) {
    size_t count = random_below(3) == 0 ? 1 + random_below(BATCH_MAX) : 1;
    for (size_t i = 0; i < count; i++) texts[i] = text_of(choose_member(fixture));
    return count;
}

static void add_some(struct fixture *fixture) {
    struct bytes texts[BATCH_MAX];
    size_t count = choose_batch(fixture, texts), expected = 0;
    struct found found = find_set(fixture);
    size_t new_count = set_add(fixture->db, fixture->key, &found, texts, count);
    for (size_t i = 0; i < count; i++) {
        struct model_member *member = model_find(fixture, texts[i]);
        expected += !member->is_there;
        member->is_there = true;
    }
    fixture->len += expected;
    assert_int_equal(new_count, expected);
    assert_ptr_equal(found.entry, find_set(fixture).entry);
}

static void remove_some(struct fixture *fixture) {
    struct bytes texts[BATCH_MAX];
    size_t count = choose_batch(fixture, texts), expected = 0;
    struct found found = find_set(fixture);
    if (found.entry == NULL) return;
    size_t removed = set_remove(fixture->db, fixture->key, &found, texts, count);
    for (size_t i = 0; i < count; i++) {
        struct model_member *member = model_find(fixture, texts[i]);
        if (!member->is_there) continue;
        model_remove(fixture, member);
        expected++;
    }
    assert_int_equal(removed, expected);
    assert_ptr_equal(found.entry, find_set(fixture).entry);
}

/* The answer must not keep the others from being shown. */
static bool remove_visited(void *context, struct bytes text) {
    struct fixture *fixture = context;
    model_remove(fixture, model_find(fixture, text));
    return false;
}

static void pop_some(struct fixture *fixture) {
    struct found found = find_set(fixture);
    if (found.entry == NULL) return;
    size_t len = fixture->len, count = random_below(2) == 0 ? 1 : random_below(len + 2);
    set_pop(fixture->db, fixture->key, &found, count, remove_visited, fixture);
    assert_int_equal(fixture->len, count < len ? len - count : 0);
    assert_ptr_equal(found.entry, find_set(fixture).entry);
}

static size_t sum_visits(struct fixture *fixture, uint32_t max_each) {
    size_t sum = 0;
    for (size_t i = 0; i < fixture->text_count; i++) {
        assert_true(fixture->members[i].visits <= max_each);
        sum += fixture->members[i].visits;
        fixture->members[i].visits = 0;
    }
    return sum;
}

static void draw_some(struct fixture *fixture) {
    const struct entry *entry = find_set(fixture).entry;
    if (entry == NULL) return;
    char scratch[PACKED_SCRATCH];
    assert_true(model_find(fixture, set_random(entry, scratch))->is_there);
    size_t count = random_below(fixture->len + 1);
    set_random_many(entry, count, true, count_visit, fixture);
    assert_int_equal(sum_visits(fixture, 1), count);
    set_random_many(entry, count, false, count_visit, fixture);
    assert_int_equal(sum_visits(fixture, UINT32_MAX), count);
}

static void scan_all(struct fixture *fixture) {
    const struct entry *entry = find_set(fixture).entry;
    if (entry == NULL) return;
    uint64_t cursor = 0;
    do {
        cursor = set_scan(entry, cursor, count_visit, fixture);
        assert_true(cursor == 0 || entry->encoding == SET_TABLE);
    } while (cursor != 0);
    check_visits(fixture, 1);
}

static void copy_set(struct fixture *fixture) {
    struct found found = find_set(fixture);
    if (found.entry == NULL) return;
    struct entry *copy = value_type_copy_entry(found.entry, fixture->key.name, false);
    database_delete(fixture->db, fixture->key, found);
    database_add(fixture->db, fixture->key, copy);
}

static void set_some_due(struct fixture *fixture) {
    struct found found = find_set(fixture);
    if (found.entry == NULL) return;
    for (int i = 0; i < 3; i++) {
        struct model_member *member = choose_member(fixture);
        if (!member->is_there) continue;
        int64_t delay_ms = 1 + (int64_t)random_below(1000);
        member->due_ms = random_below(3) == 0 ? 0 : fixture->clock.unix_ms + delay_ms;
        set_set_due(fixture->db, &found, text_of(member), member->due_ms);
    }
    member_expiry_update(fixture->db, fixture->key, found.entry);
}

static void let_time_pass(struct fixture *fixture) {
    int64_t now_ms = fixture->clock.unix_ms + (int64_t)random_below(100);
    clock_set_unix_us(&fixture->clock, now_ms * 1000);
    for (size_t i = 0; i < fixture->text_count; i++) {
        struct model_member *member = &fixture->members[i];
        if (member->due_ms != 0 && member->due_ms <= now_ms) model_remove(fixture, member);
    }
}

static void put_other_value(struct fixture *fixture, struct found *found) {
    if (random_below(2) != 0) return;
    struct bytes text = random_below(2) == 0 ? BYTES("12") : BYTES("a string in the tail");
    string_store(fixture->db, fixture->key, found, text,
                 random_below(2) == 0 ? STRING_WANT_DUE : 0);
    if (random_below(2) == 0)
        database_set_due(fixture->db, fixture->key, found, fixture->clock.unix_ms + 10);
}

static const char *smallest_encoding(const struct fixture *fixture) {
    bool is_all_ints = true, is_all_short = true;
    for (size_t i = 0; i < fixture->text_count; i++) {
        const struct model_member *member = &fixture->members[i];
        if (!member->is_there) continue;
        is_all_ints = is_all_ints && member->is_integer;
        is_all_short = is_all_short && member->len <= MAX_PACKED_LEN;
    }
    if (fixture->len == 0) return "none";
    if (is_all_ints && fixture->len <= MAX_INTS) return "intset";
    return is_all_short && fixture->len <= MAX_PACKED ? "listpack" : "hashtable";
}

/* One builder in three is made of integers only. */
static void fill_builder(struct fixture *fixture, struct set_builder *builder) {
    size_t range = random_below(3) == 0 ? TEXTS / 3 : fixture->text_count;
    if (range > fixture->text_count) range = fixture->text_count;
    size_t steps = random_below(4 * MAX_INTS);
    for (size_t i = 0; i < steps; i++) {
        struct model_member *member = &fixture->members[random_below(range)];
        assert_int_equal(set_builder_add(builder, text_of(member)), !member->is_there);
        assert_true(set_builder_has(builder, text_of(member)));
        fixture->len += !member->is_there;
        member->is_there = true;
    }
}

static void clear_model(struct fixture *fixture) {
    for (size_t i = 0; i < fixture->text_count; i++) {
        fixture->members[i].is_there = false;
        fixture->members[i].due_ms = 0;
    }
    fixture->len = 0;
}

static void store_built(struct fixture *fixture) {
    struct found found = find_set(fixture);
    put_other_value(fixture, &found);
    clear_model(fixture);
    struct set_builder *builder = set_builder_new();
    fill_builder(fixture, builder);
    assert_int_equal(set_builder_len(builder), fixture->len);
    set_builder_store(builder, fixture->db, fixture->key, &found);
    assert_true(found.entry == NULL || !entry_has(found.entry, ENTRY_HAS_MEMBER_DUES));
    assert_ptr_equal(found.entry, find_set(fixture).entry);
    assert_string_equal(encoding_of(fixture), smallest_encoding(fixture));
    if (found.entry != NULL) assert_int_equal(entry_due_ms(found.entry), 0);
    check_all(fixture);
}

static void take_step(struct fixture *fixture, bool has_dues, unsigned add_weight) {
    uint64_t choice = random_below(100);
    if (choice < add_weight)
        add_some(fixture);
    else if (choice < 80)
        remove_some(fixture);
    else if (choice < 83)
        pop_some(fixture);
    else if (choice < 88)
        draw_some(fixture);
    else if (choice < 90)
        scan_all(fixture);
    else if (has_dues && choice < 94)
        set_some_due(fixture);
    else if (has_dues && choice < 97)
        let_time_pass(fixture);
    else if (random_below(30) == 0)
        store_built(fixture);
    else if (random_below(10) == 0)
        copy_set(fixture);
}

static void run_rounds(bool has_dues, int rounds, int steps) {
    static const size_t text_counts[] = {5, 18, 60, TEXTS / 3, 170, TEXTS};
    for (int round = 0; round < rounds; round++) {
        struct fixture *fixture = new_fixture(text_counts[round % 6]);
        for (int step = 0; step < steps; step++) {
            take_step(fixture, has_dues, step / 300 % 2 == 0 ? 55 : 35);
            if (step % 40 == 0) check_all(fixture);
        }
        check_all(fixture);
        free_fixture(fixture);
    }
}

static void a_set_agrees_with_a_model_over_random_steps(void **state) {
    (void)state;
    run_rounds(false, 36, 40000);
}

static void a_set_whose_members_come_due_agrees_with_a_model(void **state) {
    (void)state;
    run_rounds(true, 18, 40000);
}

/* --- forms --- */

static size_t add_texts(struct fixture *fixture, const char *const *texts, size_t count) {
    struct bytes members[64];
    for (size_t i = 0; i < count; i++) members[i] = bytes_of_str(texts[i]);
    struct found found = find_set(fixture);
    return set_add(fixture->db, fixture->key, &found, members, count);
}

#define ADD(fixture, ...)                                                                          \
    add_texts((fixture), (const char *const[]){__VA_ARGS__},                                       \
              ARRAY_LEN(((const char *const[]){__VA_ARGS__})))

static void drop_set(struct fixture *fixture) {
    struct found found = find_set(fixture);
    if (found.entry != NULL) database_delete(fixture->db, fixture->key, found);
}

static void the_first_members_choose_the_form(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(TEXTS);
    set_set_limits(4, 3, 5);
    assert_int_equal(ADD(fixture, "1", "2", "3", "3"), 3);
    assert_string_equal(encoding_of(fixture), "intset");
    drop_set(fixture);
    assert_int_equal(ADD(fixture, "a", "2", "b"), 3);
    assert_string_equal(encoding_of(fixture), "listpack");
    drop_set(fixture);
    assert_int_equal(ADD(fixture, "1", "1", "1", "1", "1"), 1);
    assert_string_equal(encoding_of(fixture), "hashtable");
    drop_set(fixture);
    assert_int_equal(ADD(fixture, "a long one"), 1);
    assert_string_equal(encoding_of(fixture), "hashtable");
    drop_set(fixture);
    assert_int_equal(ADD(fixture, "01", "-0"), 2);
    assert_string_equal(encoding_of(fixture), "listpack");
    free_fixture(fixture);
}

static void an_intset_becomes_a_listpack_where_one_is_allowed(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(TEXTS);
    set_set_limits(4, 3, 5);
    ADD(fixture, "1", "-2");
    assert_int_equal(ADD(fixture, "a"), 1);
    assert_string_equal(encoding_of(fixture), "listpack");
    assert_int_equal(ADD(fixture, "1", "-2", "a"), 0);
    assert_string_equal(encoding_of(fixture), "listpack");
    assert_int_equal(ADD(fixture, "b"), 1);
    assert_string_equal(encoding_of(fixture), "hashtable");
    drop_set(fixture);
    ADD(fixture, "1", "2", "3"); /* too many */
    ADD(fixture, "a");
    assert_string_equal(encoding_of(fixture), "hashtable");
    drop_set(fixture);
    ADD(fixture, "-12345"); /* an integer too long */
    ADD(fixture, "a");
    assert_string_equal(encoding_of(fixture), "hashtable");
    drop_set(fixture);
    ADD(fixture, "1"); /* a text too long */
    ADD(fixture, "abcdef");
    assert_string_equal(encoding_of(fixture), "hashtable");
    free_fixture(fixture);
}

static void too_many_integers_become_a_table(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(TEXTS);
    set_set_limits(4, 30, 5);
    ADD(fixture, "1", "2", "3", "4");
    assert_string_equal(encoding_of(fixture), "intset");
    assert_int_equal(ADD(fixture, "5"), 1);
    assert_string_equal(encoding_of(fixture), "hashtable");
    drop_set(fixture);
    ADD(fixture, "1");
    ADD(fixture, "1", "1", "1", "1", "1"); /* so many arguments promise a large set */
    assert_string_equal(encoding_of(fixture), "hashtable");
    free_fixture(fixture);
}

static void lower_limits_do_not_touch_what_nothing_is_added_to(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(TEXTS);
    ADD(fixture, "1", "2", "3");
    set_set_limits(2, 2, 5);
    assert_int_equal(ADD(fixture, "3"), 0);
    assert_string_equal(encoding_of(fixture), "intset");
    ADD(fixture, "4");
    assert_string_equal(encoding_of(fixture), "hashtable");
    free_fixture(fixture);
}

static bool ignore_member(void *context, struct bytes member) {
    (void)context;
    (void)member;
    return true;
}

static void a_table_of_which_little_stays_becomes_small_again(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(TEXTS);
    fixture->key = key_of(BYTES("numbers"));
    struct found found = {0};
    for (int i = 0; i < 120; i++) {
        char text[NUMBER_I64_MAX_CHARS];
        struct bytes member = bytes_of(text, number_format_i64(text, i));
        set_add(fixture->db, fixture->key, &found, &member, 1);
    }
    set_pop(fixture->db, fixture->key, &found, 99, ignore_member, NULL);
    assert_string_equal(encoding_of(fixture), "hashtable");
    set_pop(fixture->db, fixture->key, &found, 17, ignore_member, NULL);
    assert_int_equal(set_len(found.entry), 4);
    assert_string_equal(encoding_of(fixture), "hashtable");
    ADD(fixture, "a", "b", "c", "d", "e", "f", "g", "h");
    set_pop(fixture->db, fixture->key, &found, 10, ignore_member, NULL);
    assert_int_equal(set_len(found.entry), 2);
    assert_string_not_equal(encoding_of(fixture), "hashtable");
    free_fixture(fixture);
}

static void only_large_tables_are_costly_to_free(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(TEXTS);
    struct found found = {0};
    for (size_t i = TEXTS / 3; i < TEXTS; i++) {
        struct bytes member = text_of(&fixture->members[i]);
        set_add(fixture->db, fixture->key, &found, &member, 1);
        assert_int_equal(set_value_type.is_costly_to_free(found.entry), set_len(found.entry) > 64);
    }
    free_fixture(fixture);
}

static void sizes_for_debugging_are_those_of_the_bytes(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(TEXTS);
    ADD(fixture, "1", "2", "3");
    assert_int_equal(set_value_type.serialized_len(find_set(fixture).entry), 1 + 8 + 3 * 2);
    ADD(fixture, "a");
    assert_int_equal(set_value_type.serialized_len(find_set(fixture).entry), 1 + 7 + 3 * 2 + 3);
    ADD(fixture, "200", "70000", "5000000000", "text beyond the limit");
    assert_int_equal(set_value_type.serialized_len(find_set(fixture).entry),
                     1 + 3 * 2 + 2 + 3 + 5 + 11 + 22);
    assert_true(set_value_type.outside_bytes(find_set(fixture).entry, 0) > 8 * 16);
    free_fixture(fixture);
}

/* --- due times --- */

enum { EVENTS_MAX = 100 };

static void note_event(void *context, const struct key_event *event) {
    char *events = context;
    size_t len = strlen(events);
    snprintf(events + len, EVENTS_MAX - len, "%s ", event->name);
}

static void members_that_come_due_are_reported_together_and_the_key_with_the_last(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(TEXTS);
    char events[EVENTS_MAX] = "";
    key_event_subscribe(&fixture->keyspace->listeners, KEY_EVENT_SET | KEY_EVENT_GENERIC,
                        note_event, events);
    ADD(fixture, "a", "b", "c");
    struct found found = find_set(fixture);
    set_set_due(fixture->db, &found, BYTES("a"), START_MS + 100);
    set_set_due(fixture->db, &found, BYTES("b"), START_MS + 100);
    set_set_due(fixture->db, &found, BYTES("c"), START_MS + 200);
    member_expiry_update(fixture->db, fixture->key, found.entry);
    clock_set_unix_us(&fixture->clock, (int64_t)(START_MS + 100) * 1000);
    assert_int_equal(set_len(find_set(fixture).entry), 1);
    assert_string_equal(events, "sexpired ");
    clock_set_unix_us(&fixture->clock, (int64_t)(START_MS + 200) * 1000);
    assert_null(find_set(fixture).entry);
    assert_string_equal(events, "sexpired sexpired del ");
    key_event_unsubscribe(&fixture->keyspace->listeners, note_event, events);
    free_fixture(fixture);
}

static void a_digest_tells_whether_a_member_has_a_due_time(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(TEXTS);
    ADD(fixture, "a", "b");
    struct found found = find_set(fixture);
    unsigned char digests[4][VALUE_DIGEST_BYTES] = {{0}};
    for (int i = 0; i < 4; i++) {
        set_set_due(fixture->db, &found, BYTES("a"), (i & 1) != 0 ? START_MS + 100 : 0);
        set_set_due(fixture->db, &found, BYTES("b"), (i & 2) != 0 ? START_MS + 100 : 0);
        member_expiry_update(fixture->db, fixture->key, found.entry);
        set_value_type.digest(found.entry, digests[i]);
        for (int j = 0; j < i; j++)
            assert_memory_not_equal(digests[i], digests[j], VALUE_DIGEST_BYTES);
    }
    free_fixture(fixture);
}

static void a_member_without_a_due_time_needs_no_table(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(TEXTS);
    ADD(fixture, "a", "1");
    struct found found = find_set(fixture);
    set_set_due(fixture->db, &found, BYTES("a"), 0);
    assert_string_equal(encoding_of(fixture), "listpack");
    set_set_due(fixture->db, &found, BYTES("1"), START_MS + 100);
    assert_string_equal(encoding_of(fixture), "hashtable");
    assert_int_equal(set_due_ms(found.entry, BYTES("1")), START_MS + 100);
    assert_int_equal(set_due_ms(found.entry, BYTES("a")), 0);
    assert_int_equal(set_due_ms(found.entry, BYTES("2")), -1);
    member_expiry_update(fixture->db, fixture->key, found.entry);
    free_fixture(fixture);
}

/* --- draws --- */

/* A set of `count` members: integers, short texts or a table of texts. */
static void fill_set(struct fixture *fixture, enum set_encoding encoding, size_t count) {
    drop_set(fixture);
    size_t max_small = encoding == SET_TABLE ? 2 : TEXTS;
    set_set_limits((int64_t)max_small, (int64_t)max_small, TEXT_MAX);
    fixture->text_count = count;
    fixture->len = count;
    struct found found = {0};
    for (size_t i = 0; i < count; i++) {
        struct model_member *member = &fixture->members[i];
        const char *start = encoding == SET_INTS ? "" : "t";
        member->len = (size_t)snprintf(member->text, TEXT_MAX, "%s%zu", start, i * 1000);
        member->is_there = true;
        struct bytes text = text_of(member);
        set_add(fixture->db, fixture->key, &found, &text, 1);
    }
    assert_int_equal(found.entry->encoding, encoding);
}

/* Each draw of `picks` out of the members counts each with the same probability: the sum of squares
 * is within five standard deviations of what it should be. Draws of different members scatter less,
 * by the share that is left. */
static void check_uniform(struct fixture *fixture, size_t count, size_t draws, size_t picks,
                          bool is_distinct) {
    double mean = (double)draws * (double)picks / (double)count, sum = 0;
    for (size_t i = 0; i < count; i++) {
        double off = fixture->members[i].visits - mean;
        sum += off * off / mean;
        fixture->members[i].visits = 0;
    }
    if (is_distinct) sum /= (double)(count - picks) / (double)(count - 1);
    double freedom = (double)count - 1, off = sum - freedom;
    assert_true(off * off <= 25 * 2 * freedom);
}

static bool count_only(void *context, struct bytes text) {
    model_find(context, text)->visits++;
    return true;
}

static void check_draws(struct fixture *fixture, enum set_encoding encoding, size_t count) {
    enum { DRAWS = 3000 };
    fill_set(fixture, encoding, count);
    const struct entry *entry = find_set(fixture).entry;
    for (int draw = 0; draw < DRAWS; draw++) {
        char scratch[PACKED_SCRATCH];
        count_only(fixture, set_random(entry, scratch));
    }
    check_uniform(fixture, count, DRAWS, 1, false);
    set_random_many(entry, DRAWS, false, count_only, fixture);
    check_uniform(fixture, count, DRAWS, 1, false);
    const size_t picks[] = {1, count / 8, count / 3, count - 2};
    for (size_t i = 0; i < ARRAY_LEN(picks); i++) {
        for (int draw = 0; draw < DRAWS / 4; draw++)
            set_random_many(entry, picks[i], true, count_only, fixture);
        check_uniform(fixture, count, DRAWS / 4, picks[i], true);
    }
}

static void draws_are_uniform_in_every_form(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(TEXTS);
    for (int encoding = SET_INTS; encoding <= SET_TABLE; encoding++) {
        check_draws(fixture, (enum set_encoding)encoding, 10);
        check_draws(fixture, (enum set_encoding)encoding, 101);
    }
    free_fixture(fixture);
}

static void check_pops(struct fixture *fixture, enum set_encoding encoding, size_t count,
                       size_t picks) {
    enum { DRAWS = 1500 };
    for (int draw = 0; draw < DRAWS; draw++) {
        fill_set(fixture, encoding, count);
        struct found found = find_set(fixture);
        set_pop(fixture->db, fixture->key, &found, picks, count_only, fixture);
        assert_int_equal(set_len(found.entry), count - picks);
    }
    check_uniform(fixture, count, DRAWS, picks, true);
}

static void pops_are_uniform_in_every_form(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(TEXTS);
    for (int encoding = SET_INTS; encoding <= SET_TABLE; encoding++) {
        check_pops(fixture, (enum set_encoding)encoding, 12, 1);
        check_pops(fixture, (enum set_encoding)encoding, 12, 5);
        check_pops(fixture, (enum set_encoding)encoding, 40, 38);
    }
    free_fixture(fixture);
}

struct stopper {
    size_t left;
    size_t seen;
};

static bool stop_after_some(void *context, struct bytes member) {
    (void)member;
    struct stopper *stopper = context;
    stopper->seen++;
    return --stopper->left != 0;
}

static void who_has_seen_enough_is_not_asked_again(void **state) {
    (void)state;
    struct fixture *fixture = new_fixture(TEXTS);
    for (int encoding = SET_INTS; encoding <= SET_TABLE; encoding++) {
        fill_set(fixture, (enum set_encoding)encoding, 100);
        const struct entry *entry = find_set(fixture).entry;
        struct stopper stopper = {.left = 3};
        set_for_each(entry, stop_after_some, &stopper);
        stopper.left = 3;
        set_random_many(entry, 5, true, stop_after_some, &stopper);
        stopper.left = 3;
        set_random_many(entry, 50, true, stop_after_some, &stopper);
        stopper.left = 3;
        set_random_many(entry, 50, false, stop_after_some, &stopper);
        assert_int_equal(stopper.seen, 12);
    }
    free_fixture(fixture);
}

int main(void) {
    mem_start();
    hash_set_seed(3);
    random_set_seed(8);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_agrees_with_a_model_over_random_steps),
        cmocka_unit_test(a_set_whose_members_come_due_agrees_with_a_model),
        cmocka_unit_test(the_first_members_choose_the_form),
        cmocka_unit_test(an_intset_becomes_a_listpack_where_one_is_allowed),
        cmocka_unit_test(too_many_integers_become_a_table),
        cmocka_unit_test(lower_limits_do_not_touch_what_nothing_is_added_to),
        cmocka_unit_test(a_table_of_which_little_stays_becomes_small_again),
        cmocka_unit_test(only_large_tables_are_costly_to_free),
        cmocka_unit_test(sizes_for_debugging_are_those_of_the_bytes),
        cmocka_unit_test(members_that_come_due_are_reported_together_and_the_key_with_the_last),
        cmocka_unit_test(a_digest_tells_whether_a_member_has_a_due_time),
        cmocka_unit_test(a_member_without_a_due_time_needs_no_table),
        cmocka_unit_test(draws_are_uniform_in_every_form),
        cmocka_unit_test(pops_are_uniform_in_every_form),
        cmocka_unit_test(who_has_seen_enough_is_not_asked_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
