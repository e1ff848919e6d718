/* RESTORE payloads and files bring values from outside. The input is a value with its type byte,
 * without the footer, of which the sum would keep nearly all inputs out. What is loaded is a whole
 * value: its invariants hold, a copy of it and what it is saved as have the same digest, and it can
 * be read in pieces as well. What is refused is refused with a reason. Types that are only read past
 * are read past. */
#include "data/database.h"
#include "data/rdb/rdb_payload.h"
#include "data/types/hash/hash.h"
#include "data/types/list/list.h"
#include "data/types/zset/zset.h"
#include "data/value_digest.h"
#include "foundation/clock.h"
#include "foundation/hash.h"
#include "foundation/mem.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW_MS = 1000 };

static struct clock the_clock;

int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED) {
    mem_start();
    hash_set_seed(1);
    clock_set_unix_us(&the_clock, (int64_t)NOW_MS * 1000);
    return 0;
}

static struct rdb_target make_target(struct bytes key) {
    return (struct rdb_target){.key = key, .now_ms = NOW_MS};
}

static void verify(const struct entry *entry) {
    switch ((enum value_type_id)entry->type) {
    case VALUE_LIST: list_verify(entry); break;
    case VALUE_ZSET: zset_verify(entry); break;
    case VALUE_HASH: hash_verify(entry); break;
    default: break;
    }
}

static void check_digest(const struct entry *entry, const unsigned char want[VALUE_DIGEST_BYTES]) {
    unsigned char digest[VALUE_DIGEST_BYTES] = {0};
    value_type_of(entry)->digest(entry, digest);
    CHECK(memcmp(digest, want, sizeof(digest)) == 0);
}

static void free_entry(struct entry *entry) {
    if (entry_has(entry, ENTRY_HAS_WORD)) value_type_of(entry)->free_value(entry);
    entry_free(entry);
}

static void check_copy(const struct entry *entry, const unsigned char digest[VALUE_DIGEST_BYTES]) {
    struct entry *copy = value_type_copy_entry(entry, BYTES("copy"), false);
    verify(copy);
    check_digest(copy, digest);
    free_entry(copy);
}

/* Saved and loaded again, the value is the same; saved once more the bytes are, but for the order
 * of tables, as many. */
static void check_saving(const struct entry *entry,
                         const unsigned char digest[VALUE_DIGEST_BYTES]) {
    struct rdb_writer writer;
    struct rdb_target target = make_target(BYTES("again"));
    rdb_writer_init(&writer, &(struct rdb_writer_settings){.is_checksumming = true});
    rdb_payload_write(&writer, entry);
    struct bytes value;
    CHECK(rdb_payload_open(rdb_writer_bytes(&writer), true, &value));
    struct entry *again = rdb_payload_load(value, &target);
    CHECK(again != NULL && again->type == entry->type);
    verify(again);
    check_digest(again, digest);
    free_entry(again);
    rdb_writer_destroy(&writer);
}

/* In a database members that are past their time go; the entry goes with it. */
static void live(struct entry *entry) {
    struct keyspace *keyspace = keyspace_new(1, &the_clock);
    struct key key = key_of(BYTES("key"));
    database_add(keyspace->dbs[0], key, entry);
    struct found found = database_find(keyspace->dbs[0], key);
    if (found.entry != NULL) verify(found.entry);
    keyspace_free(keyspace);
}

static void try_value(struct entry *entry) {
    unsigned char digest[VALUE_DIGEST_BYTES] = {0};
    verify(entry);
    value_type_of(entry)->digest(entry, digest);
    check_copy(entry, digest);
    check_saving(entry, digest);
    live(entry);
}

static size_t give_piece(void *context, char *to, size_t max) {
    struct bytes *rest = context;
    size_t len = 1 + rest->len % 7;
    if (len > max) len = max;
    if (len > rest->len) len = rest->len;
    if (len != 0) memcpy(to, rest->data, len);
    *rest = bytes_of(rest->data + len, rest->len - len);
    return len;
}

/* As from a file, whose length is known or not. */
static struct entry *load_in_pieces(struct bytes bytes, bool is_endless) {
    struct rdb_target target = make_target(BYTES("key"));
    struct rdb_source source = {
        .refill = give_piece,
        .context = &bytes,
        .total_bytes = is_endless ? RDB_SOURCE_ENDLESS : bytes.len,
    };
    struct rdb_reader reader;
    struct entry *entry = NULL;
    rdb_reader_init_source(&reader, &source);
    uint8_t type = rdb_read_byte(&reader, "a type");
    if (rdb_type_kind(type) == RDB_TYPE_SKIPPED)
        rdb_skip_value(&reader, type);
    else
        entry = rdb_load_value(&reader, type, &target);
    CHECK(rdb_has_failed(&reader) == (rdb_reader_error(&reader)[0] != '\0'));
    CHECK(entry == NULL || !rdb_has_failed(&reader));
    rdb_reader_destroy(&reader);
    return entry;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *copy = mem_alloc(size); /* of exactly the bytes, so that a read beyond them is seen */
    if (size != 0) memcpy(copy, data, size);
    struct bytes bytes = bytes_of(copy, size);
    struct rdb_target target = make_target(BYTES("key"));
    struct entry *entry = rdb_payload_load(bytes, &target);
    struct entry *pieced = load_in_pieces(bytes, size % 2 == 0);
    CHECK(entry == NULL || pieced != NULL);
    if (entry != NULL) try_value(entry);
    if (pieced != NULL) free_entry(pieced);
    mem_free(copy);
    return 0;
}
