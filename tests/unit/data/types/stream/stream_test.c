/* Streams as they are kept: whole, refused when they are not sound, copied, digested. */
#include "data/types/stream/stream.h"

#include "data/rdb/rdb_payload.h"
#include "data/value_digest.h"
#include "foundation/digest.h"
#include "foundation/mem.h"
#include "unit/data/rdb/random_stream.h"
#include "unit/data/types/type_fixture.h"

static int set_up(void **state) {
    return start_database(state);
}

static struct bytes draw_text(void) {
    static char text[200];
    for (size_t i = 0; i < sizeof(text); i++) text[i] = (char)('a' + random_below(3));
    return bytes_of(text, random_below(sizeof(text)));
}

static void free_entry(struct entry *entry) {
    if (entry_has(entry, ENTRY_HAS_WORD)) value_type_of(entry)->free_value(entry);
    entry_free(entry);
}

static struct entry *load(struct bytes value) {
    struct rdb_target target = {.key = the_key().name, .now_ms = START_MS};
    return rdb_payload_load(value, &target);
}

/* --- what is kept --- */

static void assert_kept(const struct entry *entry, uint8_t type, struct bytes form, uint64_t len) {
    struct rdb_writer writer;
    assert_int_equal(entry->type, VALUE_STREAM);
    assert_int_equal(stream_len(entry), len);
    assert_int_equal(rdb_type_of(entry), type);
    rdb_writer_init(&writer, &(struct rdb_writer_settings){0});
    rdb_save_value(&writer, entry);
    assert_true(bytes_equal(rdb_writer_bytes(&writer), form));
    rdb_writer_destroy(&writer);
}

static void streams_keep_their_bytes_whatever_their_size_and_version(void **state) {
    (void)state;
    size_t tails = 0, blocks = 0;
    for (int round = 0; round < 300; round++) {
        struct rdb_writer writer;
        uint64_t len;
        rdb_writer_init(&writer,
                        &(struct rdb_writer_settings){.is_compressing = random_below(2) == 0});
        rdb_write_byte(&writer, 0);
        uint8_t type = write_random_stream(&writer, draw_text, &len);
        writer.out.data[0] = (char)type;
        struct bytes value = rdb_writer_bytes(&writer);
        struct entry *entry = load(value);
        assert_non_null(entry);
        assert_kept(entry, type, bytes_of(value.data + 1, value.len - 1), len);
        *(entry->encoding == STREAM_TAIL ? &tails : &blocks) += 1;
        free_entry(entry);
        rdb_writer_destroy(&writer);
    }
    assert_true(tails > 30 && blocks > 30);
}

static void a_copy_of_a_big_stream_shares_its_bytes(void **state) {
    (void)state;
    static const char form[5000];
    struct entry *entry =
        stream_try_new_entry(BYTES("a"), false, RDB_STREAM_2, bytes_of(form, sizeof(form)), 7);
    struct entry *copy = value_type_copy_entry(entry, BYTES("b"), true);
    assert_ptr_equal(stream_form(entry).data, stream_form(copy).data);
    assert_true(stream_value_type.outside_bytes(copy, 0) >= sizeof(form));
    free_entry(entry);
    assert_kept(copy, RDB_STREAM_2, bytes_of(form, sizeof(form)), 7);
    free_entry(copy);
}

static void a_stream_without_memory_for_it_is_refused(void **state) {
    (void)state;
    static const char form[5000];
    mem_fail_nth_try(1);
    assert_null(
        stream_try_new_entry(BYTES("a"), false, RDB_STREAM_2, bytes_of(form, sizeof(form)), 7));
    mem_fail_nth_try(0);
}

static void payloads_have_the_version_that_brought_the_type(void **state) {
    (void)state;
    static const struct {
        uint8_t type, version;
    } samples[] = {{RDB_STREAM_1, 9}, {RDB_STREAM_2, 10}, {RDB_STREAM_3, 11}};
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        struct entry *entry =
            stream_try_new_entry(BYTES("a"), false, samples[i].type, BYTES("form"), 0);
        struct rdb_writer writer;
        rdb_writer_init(&writer, &(struct rdb_writer_settings){.is_checksumming = true});
        rdb_payload_write(&writer, entry);
        struct bytes payload = rdb_writer_bytes(&writer);
        assert_int_equal(payload.data[0], samples[i].type);
        assert_int_equal(payload.data[payload.len - 10], samples[i].version);
        rdb_writer_destroy(&writer);
        free_entry(entry);
    }
}

/* Nodes that take fewer bytes than any that are not compressed. */
static void what_is_compressed_is_read_as_often_as_it_is_asked_for(void **state) {
    (void)state;
    enum { NODES = 60 };
    struct buffer form = {0};
    unsigned char digest[VALUE_DIGEST_BYTES] = {0};
    buffer_append_char(&form, NODES);
    for (int node = 1; node <= NODES; node++) {
        buffer_append_bytes(&form, BYTES("\xc3\5\x10\0"));
        buffer_append_char(&form, (char)node);
        buffer_append_bytes(&form, BYTES("\xe0\6\0"));
        buffer_append_bytes(&form, BYTES("\x0f\x0f\0\0\0\4\0\0\1\0\1\0\1\0\1\xff"));
    }
    buffer_append_bytes(&form, BYTES("\0\0\0\0")); /* entries, last id, groups */
    struct rdb_target target = {.key = the_key().name, .now_ms = START_MS};
    struct rdb_reader reader;
    rdb_reader_init(&reader, buffer_bytes(&form));
    struct entry *entry = rdb_load_value(&reader, RDB_STREAM_1, &target);
    assert_string_equal(rdb_reader_error(&reader), "");
    assert_non_null(entry);
    stream_value_type.digest(entry, digest);
    free_entry(entry);
    rdb_reader_destroy(&reader);
    buffer_destroy(&form);
}

/* --- what is refused --- */

/* A stream of RDB_STREAM_1: pieces that are put together. */
#define ID(ms) "\x10\0\0\0\0\0\0\0" ms "\0\0\0\0\0\0\0\1"
#define PEL_ID(ms) "\0\0\0\0\0\0\0" ms "\0\0\0\0\0\0\0\1"
#define TIME "\0\0\0\0\0\0\0\0"
/* Of one entry, which is `distance` ms above the node. */
#define NODE(head, distance)                                                                       \
    "\x1d\x1d\0\0\0\x0a\0" head "\x81"                                                             \
    "f\2\0\1\2\1" distance "\1\0\1\x81v\2\4\1\xff"
#define ONE "\1\1\0\1\1\1"
#define NUMBERS "\1\x05\1"

static void assert_refused(struct bytes form, const char *error) {
    struct rdb_target target = {.key = the_key().name, .now_ms = START_MS};
    struct rdb_reader reader;
    rdb_reader_init(&reader, form);
    struct entry *entry = rdb_load_value(&reader, RDB_STREAM_1, &target);
    assert_string_equal(rdb_reader_error(&reader), error);
    assert_int_equal(entry == NULL, error[0] != '\0');
    if (entry != NULL) free_entry(entry);
    rdb_reader_destroy(&reader);
}

static void nodes_that_are_none_are_refused(void **state) {
    (void)state;
    static const char none[] = "offset 18: expected a stream's node, found 29 bytes that are none";
    assert_refused(BYTES("\1" ID("\5") NODE(ONE, "\0") NUMBERS "\0"), "");
    assert_refused(BYTES("\1" ID("\5") NODE("\2\1\0\1\1\1", "\0") NUMBERS "\0"), none);
    assert_refused(BYTES("\1" ID("\5") NODE("\1\1\1\1\1\1", "\0") NUMBERS "\0"), none);
    assert_refused(BYTES("\1" ID("\5") NODE("\0\1\1\1\1\1", "\0") NUMBERS "\0"), none);
    assert_refused(BYTES("\1" ID("\5") NODE("\1\1\0\1\2\1", "\0") NUMBERS "\0"), none);
    assert_refused(BYTES("\1" ID("\5") "\7\7\0\0\0\0\0\xff" NUMBERS "\0"
                                       "0123456789"),
                   "offset 18: expected a stream's node, found 7 bytes that are none");
    assert_refused(BYTES("\1"
                         "\3abc" NODE(ONE, "\0") NUMBERS "\0"),
                   "offset 1: expected a stream node's id, found 3 bytes");
    assert_refused(BYTES("\x3f" ID("\5") NODE(ONE, "\0") NUMBERS "\0"),
                   "offset 0: expected a number of stream nodes, found 63 with 51 bytes left");
}

static void ids_out_of_order_are_refused(void **state) {
    (void)state;
    assert_refused(BYTES("\2" ID("\5") NODE(ONE, "\0") ID("\5") NODE(ONE, "\1") "\2\6\1\0"),
                   "offset 48: expected a stream node's id, found one that is not above the one "
                   "before");
    assert_refused(BYTES("\2" ID("\5") NODE(ONE, "\0") ID("\6") NODE(ONE, "\0") "\2\6\1\0"), "");
    assert_refused(BYTES("\2" ID("\5") NODE(ONE, "\1") ID("\6") NODE(ONE, "\0") "\2\6\1\0"),
                   "offset 65: expected a stream's node, found 29 bytes that are none");
    assert_refused(BYTES("\1" ID("\5") NODE(ONE, "\1") NUMBERS "\0"),
                   "offset 49: expected a stream's last id, found one below an entry's");
    assert_refused(BYTES("\1" ID("\5") NODE(ONE, "\0") "\2\5\1\0"),
                   "offset 48: expected a stream's length, found 2 with 1 entries");
}

#define STREAM "\0\0\0\0" /* without entries */
#define GROUP(name) "\1" name "\0\0"
#define PENDING(ms) PEL_ID(ms) TIME "\1"
#define CONSUMER(name) "\1" name TIME

static void groups_that_do_not_fit_together_are_refused(void **state) {
    (void)state;
    assert_refused(BYTES(STREAM "\1" GROUP("g") "\2" PENDING("\1") PENDING("\2") "\2" CONSUMER(
                       "a") "\1" PEL_ID("\2") CONSUMER("b") "\1" PEL_ID("\1")),
                   "");
    assert_refused(BYTES(STREAM "\2" GROUP("g") "\0\0" GROUP("g") "\0\0"),
                   "offset 11: expected a consumer group's name, found one that is not behind the "
                   "one before");
    assert_refused(BYTES(STREAM "\1" GROUP("g") "\0\2" CONSUMER("a") "\0" CONSUMER("a") "\0"),
                   "offset 22: expected a consumer's name, found one that is not behind the one "
                   "before");
    assert_refused(BYTES(STREAM "\1" GROUP("g") "\2" PENDING("\2") PENDING("\2") "\0"),
                   "offset 35: expected a pending entry's id, found one that is not above the one "
                   "before");
    assert_refused(
        BYTES(STREAM "\1" GROUP("g") "\1" PENDING("\1") "\1" CONSUMER("a") "\1" PEL_ID("\2")),
        "offset 47: expected a pending entry of the group, found one that the group "
        "does not have");
    assert_refused(BYTES(STREAM "\1" GROUP("g") "\1" PENDING("\1") "\2" CONSUMER("a") "\1" PEL_ID(
                       "\1") CONSUMER("b") "\1" PEL_ID("\1")),
                   "offset 74: expected a pending entry of the group, found one that another "
                   "consumer has");
    assert_refused(BYTES(STREAM "\1" GROUP("g") "\1" PENDING("\1") "\1" CONSUMER("a") "\0"),
                   "offset 5: expected a consumer group, found 1 pending entries of which "
                   "consumers have 0");
    assert_refused(BYTES(STREAM "\1" GROUP("g") "\3" PENDING("\1") PENDING("\2")),
                   "offset 9: expected a number of pending entries, found 3 with 50 bytes left");
}

int main(void) {
    mem_start();
    hash_set_seed(1);
    const struct CMUnitTest tests[] = {
        TEST(streams_keep_their_bytes_whatever_their_size_and_version),
        TEST(a_copy_of_a_big_stream_shares_its_bytes),
        TEST(a_stream_without_memory_for_it_is_refused),
        TEST(payloads_have_the_version_that_brought_the_type),
        TEST(what_is_compressed_is_read_as_often_as_it_is_asked_for),
        TEST(nodes_that_are_none_are_refused),
        TEST(ids_out_of_order_are_refused),
        TEST(groups_that_do_not_fit_together_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
