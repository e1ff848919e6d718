/* RDB files come from outside. The input is a whole file, whose sum is not looked at, for it would keep
 * nearly all inputs out. It is walked through as from a disk, in pieces: every key is a whole value, a
 * failure has a reason, and what was good before it, with an end and a sum put behind, is a file
 * with the same keys. */
#include "data/rdb/rdb_walk.h"
#include "data/value_digest.h"
#include "foundation/buffer.h"
#include "foundation/crc64.h"
#include "foundation/hash.h"
#include "foundation/mem.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW_MS = 1000, FIRST_VERSION_WITH_SUM = 5 };

int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED) {
    mem_start();
    hash_set_seed(1);
    return 0;
}

static size_t give_piece(void *context, char *to, size_t max) {
    struct bytes *rest = context;
    size_t len = 1 + rest->len % 61;
    if (len > max) len = max;
    if (len > rest->len) len = rest->len;
    if (len != 0) memcpy(to, rest->data, len);
    *rest = bytes_of(rest->data + len, rest->len - len);
    return len;
}

/* What is good of a file. */
struct content {
    bool has_failed;
    unsigned version;
    uint64_t keys, skipped, good_offset;
    uint64_t digest;
};

static void free_entry(struct entry *entry) {
    if (entry_has(entry, ENTRY_HAS_WORD)) value_type_of(entry)->free_value(entry);
    entry_free(entry);
}

static void load_key(struct content *content, struct rdb_walk *walk) {
    unsigned char digest[VALUE_DIGEST_BYTES] = {0};
    struct entry *entry = rdb_walk_load(walk, NOW_MS);
    CHECK((entry == NULL) == rdb_has_failed(&walk->reader));
    if (entry == NULL) return;
    CHECK(bytes_equal(entry_key(entry), walk->key));
    value_digest_add(digest, entry);
    content->digest += hash_bytes(bytes_of(digest, sizeof(digest))) ^ (uint64_t)walk->facts.due_ms;
    content->keys++;
    free_entry(entry);
}

/* False at the end. */
static bool take_item(struct content *content, struct rdb_walk *walk) {
    switch (rdb_walk_next(walk)) {
    case RDB_ITEM_KEY: load_key(content, walk); return true;
    case RDB_ITEM_SKIPPED: content->skipped++; return true;
    case RDB_ITEM_FAILED: content->has_failed = true; return false;
    case RDB_ITEM_END: return false;
    default: return true;
    }
}

static struct content walk_through(struct bytes bytes, unsigned flags) {
    struct content content = {0};
    struct rdb_walk walk;
    uint64_t size = bytes.len;
    const struct rdb_source source = {.refill = give_piece, .context = &bytes, .total_bytes = size};
    rdb_walk_init(&walk, &source, flags);
    while (take_item(&content, &walk)) {}
    CHECK(content.has_failed == (rdb_reader_error(&walk.reader)[0] != '\0'));
    CHECK(walk.good_offset <= size);
    content.version = walk.version;
    content.good_offset = walk.good_offset;
    rdb_walk_destroy(&walk);
    return content;
}

static void check_mended(struct bytes bytes, const struct content *broken) {
    struct buffer mended = {0};
    const uint8_t end = RDB_OPCODE_EOF;
    buffer_append(&mended, bytes.data, (size_t)broken->good_offset);
    buffer_append(&mended, &end, 1);
    uint64_t sum = crc64_add(0, buffer_bytes(&mended));
    if (broken->version >= FIRST_VERSION_WITH_SUM) buffer_append(&mended, &sum, sizeof(sum));
    struct content content = walk_through(buffer_bytes(&mended), RDB_WALK_CHECKS_SUM);
    CHECK(!content.has_failed);
    CHECK(content.keys == broken->keys && content.skipped == broken->skipped);
    CHECK(content.digest == broken->digest);
    buffer_destroy(&mended);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes bytes = bytes_of(data, size);
    struct content content =
        walk_through(bytes, size % 2 == 0 ? 0 : (unsigned)RDB_WALK_IS_PREAMBLE);
    if (content.has_failed && content.version != 0) check_mended(bytes, &content);
    return 0;
}
