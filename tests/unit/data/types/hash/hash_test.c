/* What hashes promise one by one: bytes of their listpacks, limits, due times, events, sizes. */
#include "unit/data/types/hash/hash_fixture.h"

#include "data/types/hash/hash_private.h"
#include "data/value_digest.h"

static void assert_listpack(const struct entry *entry, struct bytes expected) {
    const char *listpack = hash_packed_listpack(entry);
    assert_int_equal(listpack_bytes(listpack), expected.len);
    assert_memory_equal(listpack, expected.data, expected.len);
}

static void assert_value(struct fixture *fixture, const char *name, const char *expected) {
    struct hash_field field;
    assert_true(hash_get(find_the_key(fixture).entry, bytes_of_str(name), &field));
    assert_true(bytes_equal(field.value, bytes_of_str(expected)));
}

static int64_t due_of(struct fixture *fixture, const char *name) {
    struct hash_field field;
    assert_true(hash_get(find_the_key(fixture).entry, bytes_of_str(name), &field));
    return field.due_ms;
}

static bool has_field(struct fixture *fixture, const char *name) {
    struct hash_field field;
    return hash_get(find_the_key(fixture).entry, bytes_of_str(name), &field);
}

static size_t delete_field(struct fixture *fixture, const char *name) {
    struct found found = find_the_key(fixture);
    struct bytes names[] = {bytes_of_str(name)};
    return hash_delete(fixture->db, the_key(), &found, names, 1);
}

static void set_sample(struct fixture *fixture) {
    set_field(fixture, "field", "value");
    set_field(fixture, "n", "12345");
    set_field(fixture, "m", "-7");
    set_field(fixture, "big", "9999999999");
    set_field(fixture, "e", "");
}

static void visit_nothing(void *context, const struct hash_field *field) {
    (void)field;
    ++*(size_t *)context;
}

/* --- listpack forms --- */

/* The bytes are those of a DUMP by redis-server 7.0.15. */
static void a_small_hash_has_the_bytes_of_a_redis_listpack(void **state) {
    set_sample(*state);
    set_field(*state, "field", "other");
    assert_listpack(find_the_key(*state).entry,
                    BYTES("\x36\0\0\0\x0a\0"
                          "\x85"
                          "field\x06\x85"
                          "other\x06\x81"
                          "n\x02\xf1\x39\x30\x03\x81"
                          "m\x02\xdf\xf9\x02\x83"
                          "big\x04\xf4\xff\xe3\x0b\x54\x02\0\0\0\x09\x81"
                          "e\x02\x80\x01\xff"));
}

static void many_pairs_at_once_give_the_same_bytes_as_one_by_one(void **state) {
    struct fixture *fixture = *state;
    set_many(fixture, 100);
    struct bytes other = BYTES("other");
    for (int i = 0; i < 100; i++) {
        char name[20], value[20];
        snprintf(name, sizeof(name), "field:%d", i);
        snprintf(value, sizeof(value), "value:%d", i);
        struct found found = database_find(fixture->db, key_of(other));
        struct bytes pair[] = {bytes_of_str(name), bytes_of_str(value)};
        assert_int_equal(hash_set(fixture->db, key_of(other), &found, pair, 1, 0), 1);
    }
    const char *listpack = hash_packed_listpack(database_find(fixture->db, key_of(other)).entry);
    assert_listpack(find_the_key(fixture).entry, bytes_of(listpack, listpack_bytes(listpack)));
}

static void a_field_given_twice_counts_once_and_keeps_the_last_value(void **state) {
    struct fixture *fixture = *state;
    for (int limit = 512; limit >= 0; limit -= 512) {
        hash_set_limits(limit, 64);
        struct found found = {0};
        struct bytes pairs[] = {BYTES("a"), BYTES("1"), BYTES("b"), BYTES("2"), BYTES("a"),
                                BYTES("3"), BYTES("7"), BYTES("x"), BYTES("7"), BYTES("y")};
        assert_int_equal(hash_set(fixture->db, the_key(), &found, pairs, 5, 0), 3);
        assert_int_equal(hash_len(found.entry), 3);
        assert_value(fixture, "a", "3");
        assert_value(fixture, "7", "y");
        hash_verify(found.entry);
        database_delete(fixture->db, the_key(), found);
    }
}

static void fields_with_due_times_stand_first_in_their_order(void **state) {
    struct fixture *fixture = *state;
    const char *names[] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) set_field(fixture, names[i], "v");
    set_due(fixture, "c", 3000000000);
    assert_encoding(find_the_key(fixture).entry, "listpackex");
    set_due(fixture, "b", 2000000000);
    set_due(fixture, "d", 2000000000);
    assert_listpack(find_the_key(fixture).entry, BYTES("\x37\0\0\0\x0c\0"
                                                       "\x81"
                                                       "b\x02\x81"
                                                       "v\x02\xf3\x00\x94\x35\x77\x05\x81"
                                                       "d\x02\x81"
                                                       "v\x02\xf3\x00\x94\x35\x77\x05\x81"
                                                       "c\x02\x81"
                                                       "v\x02\xf4\x00\x5e\xd0\xb2\0\0\0\0\x09\x81"
                                                       "a\x02\x81"
                                                       "v\x02\x00\x01\xff"));
    set_due(fixture, "b", 0);
    hash_verify(find_the_key(fixture).entry);
    set_due(fixture, "c", 0);
    set_due(fixture, "d", 0);
    assert_listpack(find_the_key(fixture).entry, BYTES("\x27\0\0\0\x0c\0"
                                                       "\x81"
                                                       "a\x02\x81"
                                                       "v\x02\x00\x01\x81"
                                                       "b\x02\x81"
                                                       "v\x02\x00\x01\x81"
                                                       "c\x02\x81"
                                                       "v\x02\x00\x01\x81"
                                                       "d\x02\x81"
                                                       "v\x02\x00\x01\xff"));
    assert_encoding(find_the_key(fixture).entry, "listpackex");
}

/* --- limits --- */

static void a_hash_becomes_a_table_with_one_field_too_many(void **state) {
    hash_set_limits(3, 64);
    set_many(*state, 3);
    assert_encoding(find_the_key(*state).entry, "listpack");
    set_field(*state, "field:1", "new");
    assert_encoding(find_the_key(*state).entry, "listpack");
    set_field(*state, "fourth", "new");
    assert_encoding(find_the_key(*state).entry, "hashtable");
    assert_int_equal(hash_len(find_the_key(*state).entry), 4);
    assert_value(*state, "field:1", "new");
    assert_value(*state, "field:2", "value:2");
    delete_field(*state, "fourth");
    assert_encoding(find_the_key(*state).entry, "hashtable");
}

static void a_hash_becomes_a_table_with_a_field_or_value_too_long(void **state) {
    struct fixture *fixture = *state;
    hash_set_limits(512, 4);
    set_field(fixture, "four", "four");
    assert_encoding(find_the_key(fixture).entry, "listpack");
    set_field(fixture, "four", "fives");
    assert_encoding(find_the_key(fixture).entry, "hashtable");
    assert_value(fixture, "four", "fives");
    assert_int_equal(delete_field(fixture, "four"), 1);
    set_field(fixture, "fives", "four");
    assert_encoding(find_the_key(fixture).entry, "hashtable");
}

static void a_hash_past_a_lowered_limit_becomes_a_table_when_it_is_set(void **state) {
    set_many(*state, 5);
    hash_set_limits(4, 64);
    assert_encoding(find_the_key(*state).entry, "listpack");
    set_field(*state, "field:1", "new");
    assert_encoding(find_the_key(*state).entry, "hashtable");
}

static void more_pairs_than_a_listpack_may_hold_go_to_a_table_at_once(void **state) {
    struct fixture *fixture = *state;
    hash_set_limits(2, 64);
    struct found found = {0};
    struct bytes pairs[] = {BYTES("a"), BYTES("1"), BYTES("a"), BYTES("2"), BYTES("a"), BYTES("3")};
    assert_int_equal(hash_set(fixture->db, the_key(), &found, pairs, 3, 0), 1);
    assert_encoding(found.entry, "hashtable");
    assert_value(fixture, "a", "3");
}

/* Half of the pairs find their place in the listpack before the table has to be made. */
static void pairs_that_outgrow_the_listpack_on_the_way_are_all_set(void **state) {
    struct fixture *fixture = *state;
    hash_set_limits(40, 64);
    set_field(fixture, "first", "1");
    set_field(fixture, "second", "2");
    set_due(fixture, "first", START_MS + 5000);
    set_many(fixture, 40);
    assert_encoding(find_the_key(fixture).entry, "hashtable");
    hash_verify(find_the_key(fixture).entry);
    assert_int_equal(hash_len(find_the_key(fixture).entry), 42);
    assert_value(fixture, "field:39", "value:39");
    assert_int_equal(due_of(fixture, "first"), START_MS + 5000);
    set_now(fixture, START_MS + 5000);
    assert_false(has_field(fixture, "first"));
    assert_int_equal(hash_len(find_the_key(fixture).entry), 41);
}

/* --- due times --- */

static void the_record_that_wakes_the_key_stays_the_same_when_a_table_is_made(void **state) {
    struct fixture *fixture = *state;
    hash_set_limits(4, 64);
    set_many(fixture, 4);
    set_due(fixture, "field:2", START_MS + 5000);
    assert_int_equal(calendar_record_count(fixture->db->member_calendar), 1);
    set_field(fixture, "fifth", "");
    assert_encoding(find_the_key(fixture).entry, "hashtable");
    assert_int_equal(calendar_record_count(fixture->db->member_calendar), 1);
    set_now(fixture, START_MS + 5010);
    assert_true(keyspace_expire_due(fixture->keyspace, 100));
    assert_int_equal(fixture->keyspace->stats.expired_members, 1);
    assert_int_equal(calendar_record_count(fixture->db->member_calendar), 0);
}

static void check_due_times(struct fixture *fixture, const char *encoding) {
    set_field(fixture, "stays", "1");
    set_field(fixture, "goes", "2");
    set_due(fixture, "goes", START_MS + 100);
    set_due(fixture, "stays", START_MS + 200);
    assert_encoding(find_the_key(fixture).entry, encoding);
    struct found found = find_the_key(fixture);
    struct bytes kept[] = {BYTES("goes"), BYTES("3")}, lost[] = {BYTES("stays"), BYTES("4")};
    assert_int_equal(hash_set(fixture->db, the_key(), &found, kept, 1, HASH_KEEP_DUE), 0);
    assert_int_equal(hash_set(fixture->db, the_key(), &found, lost, 1, 0), 0);
    hash_verify(found.entry);
    assert_int_equal(due_of(fixture, "goes"), START_MS + 100);
    assert_int_equal(due_of(fixture, "stays"), 0);
    set_now(fixture, START_MS + 99);
    assert_value(fixture, "goes", "3");
    set_now(fixture, START_MS + 100);
    assert_false(has_field(fixture, "goes"));
    assert_value(fixture, "stays", "4");
    set_now(fixture, START_MS + 10000);
    assert_int_equal(hash_len(find_the_key(fixture).entry), 1);
    hash_verify(find_the_key(fixture).entry);
}

static void due_times_are_kept_and_taken_away_in_a_listpack(void **state) {
    check_due_times(*state, "listpackex");
}

static void due_times_are_kept_and_taken_away_in_a_table(void **state) {
    hash_set_limits(0, 64);
    check_due_times(*state, "hashtable");
}

static void taking_away_no_due_time_leaves_the_plain_listpack(void **state) {
    set_field(*state, "a", "1");
    set_due(*state, "a", 0);
    assert_encoding(find_the_key(*state).entry, "listpack");
}

struct event_log {
    char text[200];
};

static void log_event(void *context, const struct key_event *event) {
    struct event_log *log = context;
    size_t len = strlen(log->text);
    snprintf(log->text + len, sizeof(log->text) - len, "%s/%d ", event->name,
             (int)event->event_class);
}

static void check_expiry_events(struct fixture *fixture, int64_t max_entries) {
    struct event_log log = {{0}};
    char expected[100];
    hash_set_limits(max_entries, 64);
    set_many(fixture, 4);
    key_event_subscribe(&fixture->keyspace->listeners, KEY_EVENT_HASH | KEY_EVENT_GENERIC,
                        log_event, &log);
    set_due(fixture, "field:1", START_MS + 10);
    set_due(fixture, "field:3", START_MS + 10);
    set_now(fixture, START_MS + 10);
    assert_int_equal(hash_len(find_the_key(fixture).entry), 2);
    snprintf(expected, sizeof(expected), "hexpired/%d ", KEY_EVENT_HASH);
    assert_string_equal(log.text, expected);
    log.text[0] = '\0';
    set_due(fixture, "field:0", START_MS + 20);
    set_due(fixture, "field:2", START_MS + 30);
    set_now(fixture, START_MS + 40);
    assert_null(find_the_key(fixture).entry);
    snprintf(expected, sizeof(expected), "hexpired/%d del/%d ", KEY_EVENT_HASH, KEY_EVENT_GENERIC);
    assert_string_equal(log.text, expected);
    key_event_unsubscribe(&fixture->keyspace->listeners, log_event, &log);
    set_now(fixture, START_MS);
}

static void the_last_field_to_expire_takes_the_key_along(void **state) {
    check_expiry_events(*state, 512);
    check_expiry_events(*state, 0);
}

/* --- deleting --- */

static void deleting_the_last_field_deletes_the_key(void **state) {
    struct fixture *fixture = *state;
    for (int limit = 512; limit >= 0; limit -= 512) {
        hash_set_limits(limit, 64);
        set_many(fixture, 3);
        set_due(fixture, "field:1", START_MS + 10);
        struct found found = find_the_key(fixture);
        struct bytes names[] = {BYTES("field:1"), BYTES("none"),    BYTES("field:0"),
                                BYTES("field:2"), BYTES("field:1"), BYTES("field:7")};
        assert_int_equal(hash_delete(fixture->db, the_key(), &found, names, ARRAY_LEN(names)), 3);
        assert_null(found.entry);
        assert_null(find_the_key(fixture).entry);
        assert_int_equal(database_key_count(fixture->db), 0);
    }
}

/* --- the vtable --- */

/* The number is what DEBUG DIGEST-VALUE of redis-server 7.0.15 answers. */
static void the_digest_is_that_of_redis_in_every_form(void **state) {
    static const unsigned char expected[] = {0xc2, 0x9e, 0x10, 0x8e, 0xe6, 0x2c, 0x62,
                                             0xd8, 0x5e, 0xcf, 0xab, 0x4e, 0xe8, 0x28,
                                             0xb3, 0x39, 0x9a, 0xf6, 0x8e, 0x49};
    struct fixture *fixture = *state;
    for (uint32_t form = 0; form <= HASH_TABLE; form++) {
        if (form == HASH_TABLE) hash_set_limits(0, 64);
        set_sample(fixture);
        if (form == HASH_PACKED_DUE) {
            set_due(fixture, "n", START_MS + 10);
            set_due(fixture, "n", 0);
        }
        struct found found = find_the_key(fixture);
        assert_int_equal(found.entry->encoding, form);
        unsigned char digest[VALUE_DIGEST_BYTES] = {0};
        value_digest_add(digest, found.entry);
        assert_memory_equal(digest, expected, sizeof(digest));
        database_delete(fixture->db, the_key(), found);
    }
}

static void only_tables_of_more_than_64_fields_are_costly_to_free(void **state) {
    set_many(*state, 65);
    assert_false(hash_value_type.is_costly_to_free(find_the_key(*state).entry));
    hash_set_limits(0, 64);
    set_field(*state, "field:0", "");
    assert_true(hash_value_type.is_costly_to_free(find_the_key(*state).entry));
    delete_field(*state, "field:0");
    assert_false(hash_value_type.is_costly_to_free(find_the_key(*state).entry));
}

static void the_serialized_length_is_that_of_a_plain_dump(void **state) {
    set_sample(*state);
    assert_int_equal(hash_value_type.serialized_len(find_the_key(*state).entry), 55);
    hash_set_limits(0, 64);
    set_field(*state, "n", "12345");
    assert_int_equal(hash_value_type.serialized_len(find_the_key(*state).entry), 44);
}

static void check_used_bytes(const struct entry *entry) {
    size_t outside = hash_value_type.outside_bytes(entry, 0);
    assert_in_range(outside, 100 * 14, 100 * 80);
    assert_in_range(hash_value_type.outside_bytes(entry, 10), outside * 9 / 10, outside * 11 / 10);
    size_t before = mem_used_bytes();
    struct entry *copy = value_type_copy_entry(entry, BYTES("copy"), false);
#ifndef SKUA_LIBC_MALLOC
    size_t taken = mem_used_bytes() - before - mem_usable_size(copy);
    assert_int_equal(taken, hash_value_type.outside_bytes(copy, 0));
#endif
    hash_value_type.free_value(copy);
    entry_free(copy);
    assert_int_equal(mem_used_bytes(), before);
}

static void every_form_tells_the_bytes_it_takes(void **state) {
    struct fixture *fixture = *state;
    for (uint32_t form = 0; form <= HASH_TABLE; form++) {
        if (form == HASH_TABLE) hash_set_limits(0, 64);
        set_many(fixture, 100);
        if (form == HASH_PACKED_DUE) set_due(fixture, "field:7", START_MS + 10);
        struct found found = find_the_key(fixture);
        assert_int_equal(found.entry->encoding, form);
        check_used_bytes(found.entry);
        database_delete(fixture->db, the_key(), found);
    }
}

/* --- reading --- */

static void a_packed_hash_is_scanned_whole_and_a_table_in_steps(void **state) {
    set_many(*state, 100);
    size_t visits = 0;
    assert_int_equal(hash_scan(find_the_key(*state).entry, 5, visit_nothing, &visits), 0);
    assert_int_equal(visits, 100);
    hash_set_limits(0, 64);
    set_field(*state, "field:0", "");
    size_t steps = 0;
    uint64_t cursor = 0;
    visits = 0;
    do {
        cursor = hash_scan(find_the_key(*state).entry, cursor, visit_nothing, &visits);
        steps++;
    } while (cursor != 0);
    assert_int_equal(visits, 100);
    assert_in_range(steps, 10, 100);
}

static void fetching_ahead_changes_nothing(void **state) {
    struct bytes names[200];
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        names[i] = i % 2 == 0 ? BYTES("field:1") : BYTES("none");
    set_many(*state, 100);
    hash_prefetch(find_the_key(*state).entry, names, ARRAY_LEN(names), 1);
    hash_set_limits(0, 64);
    set_field(*state, "field:0", "");
    hash_prefetch(find_the_key(*state).entry, names, ARRAY_LEN(names), 1);
    hash_prefetch(find_the_key(*state).entry, names, ARRAY_LEN(names) / 2, 2);
    hash_prefetch(find_the_key(*state).entry, names, 0, 2);
    hash_verify(find_the_key(*state).entry);
}

int main(void) {
    mem_start();
    hash_set_seed(1);
    const struct CMUnitTest tests[] = {
        TEST(a_small_hash_has_the_bytes_of_a_redis_listpack),
        TEST(many_pairs_at_once_give_the_same_bytes_as_one_by_one),
        TEST(a_field_given_twice_counts_once_and_keeps_the_last_value),
        TEST(fields_with_due_times_stand_first_in_their_order),
        TEST(a_hash_becomes_a_table_with_one_field_too_many),
        TEST(a_hash_becomes_a_table_with_a_field_or_value_too_long),
        TEST(a_hash_past_a_lowered_limit_becomes_a_table_when_it_is_set),
        TEST(more_pairs_than_a_listpack_may_hold_go_to_a_table_at_once),
        TEST(pairs_that_outgrow_the_listpack_on_the_way_are_all_set),
        TEST(the_record_that_wakes_the_key_stays_the_same_when_a_table_is_made),
        TEST(due_times_are_kept_and_taken_away_in_a_listpack),
        TEST(due_times_are_kept_and_taken_away_in_a_table),
        TEST(taking_away_no_due_time_leaves_the_plain_listpack),
        TEST(the_last_field_to_expire_takes_the_key_along),
        TEST(deleting_the_last_field_deletes_the_key),
        TEST(the_digest_is_that_of_redis_in_every_form),
        TEST(only_tables_of_more_than_64_fields_are_costly_to_free),
        TEST(the_serialized_length_is_that_of_a_plain_dump),
        TEST(every_form_tells_the_bytes_it_takes),
        TEST(a_packed_hash_is_scanned_whole_and_a_table_in_steps),
        TEST(fetching_ahead_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
