/* Every type there is: round trips of random values, broken bytes, and the forms that were chosen. */
#include "data/rdb/rdb_value.h"

#include "data/rdb/rdb_payload.h"
#include "data/value_digest.h"
#include "foundation/mem.h"
#include "unit/data/rdb/random_values.h"

static const struct rdb_writer_settings payload_settings = {.is_compressing = true,
                                                            .is_checksumming = true};

static int set_up(void **state) {
    list_set_limits(-2);
    set_set_limits(512, 128, 64);
    zset_set_limits(128, 64);
    hash_set_limits(512, 64);
    return start_database(state);
}

static struct rdb_target target_of(const struct fixture *fixture, struct bytes key) {
    return (struct rdb_target){.key = key, .now_ms = fixture->clock.unix_ms};
}

static void verify(const struct entry *entry) {
    switch ((enum value_type_id)entry->type) {
    case VALUE_LIST: list_verify(entry); break;
    case VALUE_ZSET: zset_verify(entry); break;
    case VALUE_HASH: hash_verify(entry); break;
    default: break;
    }
}

static void delete_key(struct fixture *fixture, struct bytes name) {
    struct found found = database_find(fixture->db, key_of(name));
    if (found.entry != NULL) database_delete(fixture->db, key_of(name), found);
}

/* --- all types --- */

static void every_type_can_be_saved_and_loaded(void **state) {
    (void)state;
    for (unsigned id = 0; id < VALUE_TYPE_COUNT; id++) {
        const struct value_type *type = value_type_by_id(id);
        assert_non_null(type);
        assert_non_null(type->rdb_type);
        assert_non_null(type->save);
        assert_non_null(type->load);
        assert_non_null(makers[id]);
    }
}

static void every_loaded_type_byte_belongs_to_a_type_that_is_there(void **state) {
    (void)state;
    for (unsigned byte = 0; byte <= UINT8_MAX; byte++) {
        if (rdb_type_kind((uint8_t)byte) != RDB_TYPE_LOADED) continue;
        assert_in_range(rdb_type_version((uint8_t)byte), 1, RDB_VERSION_MAX);
        assert_in_range(rdb_type_value((uint8_t)byte), 0, VALUE_TYPE_COUNT - 1);
        assert_true(byte < RDB_OPCODE_SLOT_INFO);
    }
}

static void assert_same_digest(const struct entry *a, const struct entry *b) {
    unsigned char digest_a[VALUE_DIGEST_BYTES] = {0}, digest_b[VALUE_DIGEST_BYTES] = {0};
    value_digest_add(digest_a, a);
    value_digest_add(digest_b, b);
    assert_memory_equal(digest_a, digest_b, sizeof(digest_a));
}

/* The digest tells only that a member has a due time. */
static bool has_same_due_in_set(void *context, struct bytes member) {
    const struct entry *const *entries = context;
    assert_int_equal(set_due_ms(entries[0], member), set_due_ms(entries[1], member));
    return true;
}

static bool has_same_due_in_zset(void *context, struct bytes member, struct score score) {
    const struct entry *const *entries = context;
    (void)score;
    assert_int_equal(zset_due_ms(entries[0], member), zset_due_ms(entries[1], member));
    return true;
}

static void has_same_due_in_hash(void *context, const struct hash_field *field) {
    const struct entry *const *entries = context;
    struct hash_field other;
    assert_true(hash_get(entries[1], field->name, &other));
    assert_int_equal(field->due_ms, other.due_ms);
}

static void assert_same_dues(const struct entry *a, const struct entry *b) {
    const struct entry *entries[] = {a, b};
    if (a->type == VALUE_SET) set_for_each(a, has_same_due_in_set, entries);
    if (a->type == VALUE_ZSET) zset_for_each(a, has_same_due_in_zset, entries);
    if (a->type == VALUE_HASH) hash_for_each(a, has_same_due_in_hash, entries);
}

static void assert_same_value(const struct entry *a, const struct entry *b) {
    assert_int_equal(a->type, b->type);
    assert_same_digest(a, b);
    assert_same_dues(a, b);
}

static struct entry *load_in_memory(struct bytes bytes, struct rdb_target *target) {
    return rdb_payload_load(bytes, target);
}

static size_t give_piece(void *context, char *to, size_t max) {
    struct bytes *rest = context;
    size_t len = 1 + random_below(100);
    if (len > max) len = max;
    if (len > rest->len) len = rest->len;
    if (len != 0) memcpy(to, rest->data, len);
    *rest = bytes_of(rest->data + len, rest->len - len);
    return len;
}

static struct entry *load_from_source(struct bytes bytes, struct rdb_target *target) {
    struct rdb_source source = {.refill = give_piece, .context = &bytes, .total_bytes = bytes.len};
    struct rdb_reader reader;
    rdb_reader_init_source(&reader, &source);
    uint8_t type = rdb_read_byte(&reader, "a type");
    struct entry *entry = rdb_load_value(&reader, type, target);
    assert_string_equal(rdb_reader_error(&reader), "");
    assert_true(rdb_reader_is_at_end(&reader));
    rdb_reader_destroy(&reader);
    return entry;
}

typedef struct entry *load_function(struct bytes bytes, struct rdb_target *target);

/* Loads the bytes under another key and compares. */
static void assert_loads(struct fixture *fixture, const struct entry *entry, struct bytes bytes,
                         load_function *load) {
    struct key key = key_of(BYTES("loaded"));
    struct rdb_target target = target_of(fixture, key.name);
    target.has_due = random_below(2) == 0;
    struct entry *loaded = load(bytes, &target);
    assert_non_null(loaded);
    struct found found = database_add(fixture->db, key, loaded);
    database_set_due(fixture->db, key, &found, target.own_due_ms);
    assert_true(entry_has(found.entry, ENTRY_HAS_DUE) >= target.has_due);
    assert_int_equal(target.own_due_ms, entry->type == VALUE_RATELIMIT ? entry_due_ms(entry) : 0);
    assert_int_equal(entry_has(found.entry, ENTRY_HAS_MEMBER_DUES),
                     entry_has(entry, ENTRY_HAS_MEMBER_DUES));
    verify(found.entry);
    assert_same_value(entry, found.entry);
    delete_key(fixture, key.name);
}

static void try_round_trip(struct fixture *fixture, unsigned id) {
    makers[id](fixture);
    const struct entry *entry = find_the_key(fixture).entry;
    assert_int_equal(entry->type, id);
    struct rdb_writer writer;
    rdb_writer_init(&writer, &payload_settings);
    rdb_payload_write(&writer, entry);
    struct bytes value;
    assert_true(rdb_payload_open(rdb_writer_bytes(&writer), true, &value));
    assert_loads(fixture, entry, value, load_in_memory);
    assert_loads(fixture, entry, value, load_from_source);
    rdb_writer_destroy(&writer);
    delete_key(fixture, the_key().name);
}

static void random_values_of_every_type_come_back(void **state) {
    enum { ROUNDS = 300 };
    for (unsigned id = 0; id < VALUE_TYPE_COUNT; id++)
        for (int round = 0; round < ROUNDS; round++) try_round_trip(*state, id);
}

/* Under limits that are lower, and higher, than when they were saved. */
static void values_take_the_encoding_of_the_limits_they_meet(void **state) {
    struct fixture *fixture = *state;
    struct rdb_writer writer;
    rdb_writer_init(&writer, &payload_settings);
    for (int round = 0; round < 600; round++) {
        bool is_small = round % 2 == 0;
        list_set_limits(is_small ? 4 : -2);
        set_set_limits(is_small ? 4 : 512, is_small ? 4 : 128, is_small ? 8 : 64);
        zset_set_limits(is_small ? 4 : 128, is_small ? 8 : 64);
        hash_set_limits(is_small ? 4 : 512, is_small ? 8 : 64);
        makers[round % VALUE_TYPE_COUNT](fixture);
        const struct entry *entry = find_the_key(fixture).entry;
        rdb_writer_clear(&writer);
        rdb_payload_write(&writer, entry);
        struct bytes value;
        assert_true(rdb_payload_open(rdb_writer_bytes(&writer), true, &value));
        list_set_limits(is_small ? -2 : 4);
        set_set_limits(is_small ? 512 : 4, is_small ? 128 : 4, is_small ? 64 : 8);
        zset_set_limits(is_small ? 128 : 4, is_small ? 64 : 8);
        hash_set_limits(is_small ? 512 : 4, is_small ? 64 : 8);
        assert_loads(fixture, entry, value, load_in_memory);
        delete_key(fixture, the_key().name);
    }
    rdb_writer_destroy(&writer);
}

/* --- broken bytes --- */

static void free_loaded(struct fixture *fixture, struct entry *entry) {
    struct key key = key_of(BYTES("loaded"));
    struct found found = database_add(fixture->db, key, entry);
    verify(found.entry);
    delete_key(fixture, key.name);
}

static void every_beginning_of_a_value_is_refused(void **state) {
    struct fixture *fixture = *state;
    struct rdb_target target = target_of(fixture, BYTES("loaded"));
    struct rdb_writer writer;
    rdb_writer_init(&writer, &payload_settings);
    for (int round = 0; round < 40; round++) {
        makers[round % VALUE_TYPE_COUNT](fixture);
        rdb_writer_clear(&writer);
        rdb_payload_write(&writer, find_the_key(fixture).entry);
        struct bytes value;
        assert_true(rdb_payload_open(rdb_writer_bytes(&writer), true, &value));
        for (size_t len = 0; len < value.len; len += 1 + len / 200)
            assert_null(rdb_payload_load(bytes_of(value.data, len), &target));
        delete_key(fixture, the_key().name);
    }
    rdb_writer_destroy(&writer);
}

/* What a changed byte leaves is refused, or a value like any other. */
static void changed_bytes_are_refused_or_a_whole_value(void **state) {
    struct fixture *fixture = *state;
    struct rdb_target target = target_of(fixture, BYTES("loaded"));
    struct rdb_writer writer;
    size_t refused = 0, loaded = 0;
    rdb_writer_init(&writer, &(struct rdb_writer_settings){.is_checksumming = true});
    for (int round = 0; round < 300; round++) {
        makers[round % VALUE_TYPE_COUNT](fixture);
        rdb_writer_clear(&writer);
        rdb_payload_write(&writer, find_the_key(fixture).entry);
        struct bytes value;
        assert_true(rdb_payload_open(rdb_writer_bytes(&writer), true, &value));
        char *copy = mem_dup(value.data, value.len);
        for (int change = 0; change < 30; change++) {
            size_t at = random_below(value.len);
            copy[at] = (char)random_below(256);
            struct entry *entry = rdb_payload_load(bytes_of(copy, value.len), &target);
            if (entry != NULL) free_loaded(fixture, entry);
            *(entry == NULL ? &refused : &loaded) += 1;
            copy[at] = value.data[at];
        }
        mem_free(copy);
        delete_key(fixture, the_key().name);
    }
    assert_true(refused > 500 && loaded > 500);
    rdb_writer_destroy(&writer);
}

static void a_payload_is_opened_only_when_its_sum_and_version_are_right(void **state) {
    struct fixture *fixture = *state;
    struct bytes value;
    struct rdb_writer writer;
    make_string(fixture);
    rdb_writer_init(&writer, &payload_settings);
    rdb_payload_write(&writer, find_the_key(fixture).entry);
    struct bytes payload = rdb_writer_bytes(&writer);
    assert_true(rdb_payload_open(payload, true, &value));
    for (size_t i = 0; i < payload.len; i++) {
        writer.out.data[i] ^= 1;
        assert_false(rdb_payload_open(payload, true, &value));
        writer.out.data[i] ^= 1;
    }
    for (size_t len = 0; len < payload.len; len++)
        assert_false(rdb_payload_open(bytes_of(payload.data, len), true, &value));
    for (uint16_t version = 0; version < 20; version++) {
        rdb_writer_clear(&writer);
        rdb_write_raw(&writer, BYTES("\x00\x01x"));
        rdb_write_raw(&writer, bytes_of(&version, sizeof(version)));
        uint64_t crc = rdb_writer_crc(&writer);
        rdb_write_raw(&writer, bytes_of(&crc, sizeof(crc)));
        assert_int_equal(rdb_payload_open(rdb_writer_bytes(&writer), true, &value),
                         version <= RDB_VERSION_MAX);
    }
    rdb_writer_destroy(&writer);
}

/* The bytes are no value, because of what the error says. */
static void assert_refused(struct fixture *fixture, struct bytes bytes, const char *error) {
    struct rdb_target target = target_of(fixture, BYTES("loaded"));
    struct rdb_reader reader;
    rdb_reader_init(&reader, bytes);
    uint8_t type = rdb_read_byte(&reader, "a type");
    assert_null(rdb_load_value(&reader, type, &target));
    assert_string_equal(rdb_reader_error(&reader), error);
    rdb_reader_destroy(&reader);
}

static void malformed_values_are_refused_with_place_and_reason(void **state) {
    assert_refused(*state, BYTES("\x06"), "offset 1: expected a value, found one of type 6");
    assert_refused(*state, BYTES("\x16"), "offset 1: expected a value, found one of type 22");
    assert_refused(*state, BYTES("\x07"), "offset 1: expected a value, found one of type 7");
    assert_refused(*state,
                   BYTES("\x02\x02\x01"
                         "a\x01"
                         "a"),
                   "offset 4: expected a set's member, found one that is there already");
    assert_refused(*state,
                   BYTES("\x05\x01\x01"
                         "a\0\0\0\0\0\0\xf8\x7f"),
                   "offset 4: expected a score, found what is no number");
    assert_refused(*state,
                   BYTES("\x12\x01\x03\x01"
                         "a"),
                   "offset 2: expected a list's node, found one of kind 3");
    assert_refused(*state, BYTES("\x12\x01\x01\0"),
                   "offset 3: expected a list's node, found an empty one");
    assert_refused(*state, BYTES("\x12\x01\x02\x07\x07\0\0\0\0\0\xff"),
                   "offset 1: expected a list, found one without elements");
    assert_refused(*state, BYTES("\x10\x09\x09\0\0\0\x01\0\x01\x01\xff"),
                   "offset 1: expected the packed fields of a hash, found 9 bytes that are none");
    assert_refused(*state,
                   BYTES("\x04\x02\x01"
                         "f\x01v\x01"
                         "f\x01w"),
                   "offset 6: expected fields of a hash, found one of them twice");
    assert_refused(*state, BYTES("\x0b\x08\x02\0\0\0\0\0\0\0"),
                   "offset 1: expected an intset, found 8 bytes that are none, or are empty");
}

/* Members twice, out of order, scores that are none. */
static void sorted_sets_in_listpacks_are_checked_deeply(void **state) {
    static const struct {
        struct bytes bytes;
        bool is_sound;
    } samples[] = {
        {BYTES("\x11\x11\x11\0\0\0\x04\0\x81"
               "a\x02\x01\x01\x81"
               "b\x02\x01\x01\xff"),
         true},
        {BYTES("\x11\x11\x11\0\0\0\x04\0\x81"
               "b\x02\x01\x01\x81"
               "a\x02\x01\x01\xff"),
         false},
        {BYTES("\x11\x11\x11\0\0\0\x04\0\x81"
               "a\x02\x02\x01\x81"
               "b\x02\x01\x01\xff"),
         false},
        {BYTES("\x11\x11\x11\0\0\0\x04\0\x81"
               "a\x02\x01\x01\x81"
               "a\x02\x02\x01\xff"),
         false},
        {BYTES("\x11\x0d\x0d\0\0\0\x02\0\x81"
               "a\x02\x81x\x02\xff"),
         false},
    };
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        struct rdb_target target = target_of(*state, BYTES("loaded"));
        struct entry *entry = rdb_payload_load(samples[i].bytes, &target);
        assert_int_equal(entry != NULL, samples[i].is_sound);
        if (entry != NULL) free_loaded(*state, entry);
    }
}

/* --- Redis 7.4's fields with due times, and members with due times --- */

static void set_field(struct fixture *fixture, struct bytes name, struct bytes value,
                      int64_t due_ms) {
    struct found found = find_the_key(fixture);
    struct bytes pair[] = {name, value};
    hash_set(fixture->db, the_key(), &found, pair, 1, 0);
    hash_set_due(fixture->db, &found, name, due_ms);
    member_expiry_update(fixture->db, the_key(), found.entry);
}

static void assert_saved(struct fixture *fixture, struct bytes want) {
    struct rdb_writer writer;
    rdb_writer_init(&writer, &payload_settings);
    const struct entry *entry = find_the_key(fixture).entry;
    rdb_write_byte(&writer, rdb_type_of(entry));
    rdb_save_value(&writer, entry);
    assert_int_equal(rdb_writer_len(&writer), want.len);
    assert_memory_equal(rdb_writer_bytes(&writer).data, want.data, want.len);
    rdb_writer_destroy(&writer);
}

static void hashes_with_due_times_have_the_form_of_redis_7_4(void **state) {
    struct fixture *fixture = *state;
    set_now(fixture, 1000);
    set_field(fixture, BYTES("f"), BYTES("v"), 0x7d0);
    set_field(fixture, BYTES("g"), BYTES("w"), 0);
    assert_saved(fixture, BYTES("\x19\xd0\x07\0\0\0\0\0\0"
                                "\x18\x18\0\0\0\x06\0\x81"
                                "f\x02\x81v\x02\xc7\xd0\x02\x81"
                                "g\x02\x81w\x02\x00\x01\xff"));
    set_field(fixture, BYTES("f"), BYTES("v"), 0);
    assert_saved(fixture, BYTES("\x10\x13\x13\0\0\0\x04\0\x81"
                                "g\x02\x81w\x02\x81"
                                "f\x02\x81v\x02\xff"));
    delete_key(fixture, the_key().name);
    hash_set_limits(0, 64);
    set_field(fixture, BYTES("f"), BYTES("v"), 0x7d0);
    assert_saved(fixture, BYTES("\x18\xd0\x07\0\0\0\0\0\0\x01\x01\x01"
                                "f\x01v"));
}

static void few_fields_with_due_times_become_packed_in_their_order(void **state) {
    struct fixture *fixture = *state;
    struct rdb_target target = target_of(fixture, the_key().name);
    target.now_ms = 1000;
    struct entry *entry = rdb_payload_load(BYTES("\x18\xd0\x07\0\0\0\0\0\0\x03"
                                                 "\x00\x01n\x01v\x05\x01l\x01v\x01\x01"
                                                 "e\x01v"),
                                           &target);
    assert_non_null(entry);
    set_now(fixture, 1000);
    database_add(fixture->db, the_key(), entry);
    hash_verify(entry);
    assert_string_equal(hash_value_type.encoding_name(entry), "listpackex");
    struct hash_field field;
    assert_true(hash_get(entry, BYTES("l"), &field));
    assert_int_equal(field.due_ms, 2004);
    set_now(fixture, 2000);
    entry = find_the_key(fixture).entry;
    assert_int_equal(hash_len(entry), 2);
    assert_false(hash_get(entry, BYTES("e"), &field));
}

static void values_that_redis_cannot_hold_have_types_of_skua(void **state) {
    struct fixture *fixture = *state;
    struct found found = find_the_key(fixture);
    struct bytes member = BYTES("m");
    set_now(fixture, 1000);
    set_add(fixture->db, the_key(), &found, &member, 1);
    assert_saved(fixture, BYTES("\x02\x01\x01m"));
    set_set_due(fixture->db, &found, member, 0x7d0);
    member_expiry_update(fixture->db, the_key(), found.entry);
    assert_saved(fixture, BYTES("\xc8\xd0\x07\0\0\0\0\0\0\x01\x01\x01m"));
    delete_key(fixture, the_key().name);
    found = find_the_key(fixture);
    zset_put(fixture->db, the_key(), &found, member, score_of_double(1), false);
    zset_set_due(fixture->db, &found, member, 0x7d0);
    member_expiry_update(fixture->db, the_key(), found.entry);
    assert_saved(fixture, BYTES("\xc9\xd0\x07\0\0\0\0\0\0\x01\x01\x01m\0\0\0\0\0\0\xf0\x3f"));
    delete_key(fixture, the_key().name);
    found = find_the_key(fixture);
    zset_put(fixture->db, the_key(), &found, member, score_of_i64(-2), false);
    assert_saved(fixture, BYTES("\xca\x01\x01m\xfe\xff\xff\xff\xff\xff\xff\xff"));
    zset_set_due(fixture->db, &found, member, 0x7d0);
    member_expiry_update(fixture->db, the_key(), found.entry);
    assert_saved(fixture, BYTES("\xcb\xd0\x07\0\0\0\0\0\0\x01\x01\x01m\xfe\xff\xff\xff\xff\xff\xff"
                                "\xff"));
}

int main(void) {
    mem_start();
    hash_set_seed(1);
    const struct CMUnitTest tests[] = {
        TEST(every_type_can_be_saved_and_loaded),
        TEST(every_loaded_type_byte_belongs_to_a_type_that_is_there),
        TEST(random_values_of_every_type_come_back),
        TEST(values_take_the_encoding_of_the_limits_they_meet),
        TEST(every_beginning_of_a_value_is_refused),
        TEST(changed_bytes_are_refused_or_a_whole_value),
        TEST(a_payload_is_opened_only_when_its_sum_and_version_are_right),
        TEST(malformed_values_are_refused_with_place_and_reason),
        TEST(sorted_sets_in_listpacks_are_checked_deeply),
        TEST(hashes_with_due_times_have_the_form_of_redis_7_4),
        TEST(few_fields_with_due_times_become_packed_in_their_order),
        TEST(values_that_redis_cannot_hold_have_types_of_skua),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
