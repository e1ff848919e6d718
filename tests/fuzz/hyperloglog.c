/* Stored sketches are strings that any client may have SET. The first two bytes choose the sparse
 * limit and how many elements to add; the rest is the stored string. Whatever it holds, every
 * operation must either work or call it corrupt, and a valid sketch must stay valid. */
#include "foundation/sketches/hyperloglog.h"
#include "foundation/mem.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED) {
    mem_start();
    return 0;
}

/* A copy of exactly the bytes, so that a read beyond them is seen. */
static struct buffer copy_bytes(struct bytes bytes) {
    struct buffer copy = {.data = mem_alloc(bytes.len), .len = bytes.len, .cap = bytes.len};
    if (bytes.len > 0) memcpy(copy.data, bytes.data, bytes.len);
    return copy;
}

static void try_adding(struct bytes stored, unsigned elements, size_t sparse_max_bytes) {
    struct buffer sketch = copy_bytes(stored);
    bool is_valid = hyperloglog_is_valid(stored);
    for (unsigned i = 0; i < elements; i++) {
        enum hyperloglog_change change =
            hyperloglog_add(&sketch, bytes_of(&i, sizeof(i)), sparse_max_bytes);
        CHECK(!is_valid || change != HYPERLOGLOG_CORRUPT);
        CHECK(hyperloglog_is_sketch(buffer_bytes(&sketch)));
    }
    CHECK(hyperloglog_is_valid(buffer_bytes(&sketch)) == is_valid);
    buffer_destroy(&sketch);
}

static void try_merging(struct bytes stored, size_t sparse_max_bytes) {
    bool is_valid = hyperloglog_is_valid(stored);
    static uint8_t registers[HYPERLOGLOG_REGISTERS];
    memset(registers, 0, sizeof(registers));
    CHECK(hyperloglog_merge(registers, stored) == is_valid);
    struct buffer target = copy_bytes(stored);
    CHECK(hyperloglog_write(&target, registers, false, sparse_max_bytes) == is_valid);
    buffer_clear(&target);
    hyperloglog_create(&target);
    if (is_valid) {
        uint64_t wanted, got;
        CHECK(hyperloglog_write(&target, registers, false, sparse_max_bytes));
        CHECK(hyperloglog_count(stored, &wanted));
        CHECK(hyperloglog_count(buffer_bytes(&target), &got));
        CHECK(wanted == got);
    }
    buffer_destroy(&target);
}

static void try_reading(struct bytes stored) {
    bool is_valid = hyperloglog_is_valid(stored);
    uint64_t count;
    CHECK(hyperloglog_count(stored, &count) == is_valid);
    (void)!hyperloglog_cached_count(stored, &count);
    struct buffer text = {0};
    if (hyperloglog_is_sparse(stored)) CHECK(hyperloglog_decode(stored, &text) == is_valid);
    buffer_destroy(&text);
    struct buffer dense = copy_bytes(stored);
    CHECK(hyperloglog_to_dense(&dense) == is_valid);
    CHECK(is_valid || bytes_equal(buffer_bytes(&dense), stored));
    buffer_destroy(&dense);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    size_t sparse_max_bytes = data[0] * 16U;
    unsigned elements = data[1] % 64;
    struct buffer stored = copy_bytes(bytes_of(data + 2, size - 2));
    if (hyperloglog_is_sketch(buffer_bytes(&stored))) {
        try_adding(buffer_bytes(&stored), elements, sparse_max_bytes);
        try_merging(buffer_bytes(&stored), sparse_max_bytes);
        try_reading(buffer_bytes(&stored));
    }
    buffer_destroy(&stored);
    return 0;
}
