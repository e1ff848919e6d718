/* HyperLogLog over Redis's "HYLL" strings; the header file shows the 16 bytes in front.
 *
 * An element's 64-bit hash gives a register number (its low 14 bits) and a rank: 1 + the number of
 * zero bits that follow, at most 51. A register keeps the highest rank it has seen.
 *
 * Dense: register i is the 6 bits from bit 6·i on of one little-endian bit string.
 *
 * Sparse: run-length codes whose runs add up to the 16384 registers:
 *
 *     00llllll            ZERO   l+1 registers of 0            1 … 64
 *     01llllll llllllll   XZERO  l+1 registers of 0            1 … 16384
 *     1vvvvvll            VAL    l+1 registers of v+1          1 … 4, of value 1 … 32
 *
 * Which of several equal codings results depends on the order of the updates, and is part of the
 * format: splitting and joining below do exactly as much as Redis does, no more. */
#include "foundation/sketches/hyperloglog.h"

#include "foundation/sketches/registers.h"

#include <math.h>

enum {
    ENCODING_AT = 4,
    COUNT_AT = 8,
    ENCODING_DENSE = 0,
    ENCODING_SPARSE = 1,

    ZERO_RUN_MAX = 64,
    VAL_RUN_MAX = 4,
    VAL_MAX = 32,
    SPLIT_BYTES_MAX = 5, /* XZERO VAL XZERO */
    JOIN_CODES = 5,      /* codes looked at for joining after an update */
};

#define COUNT_STALE (UINT64_C(1) << 63)
#define HASH_SEED UINT64_C(0xadc83b19)

/* ---- The header ---- */

static uint8_t *bytes_at(struct buffer *stored, size_t at) {
    return (uint8_t *)stored->data + at;
}

static const uint8_t *const_bytes_at(struct bytes stored, size_t at) {
    return (const uint8_t *)stored.data + at;
}

static void mark_stale(struct buffer *stored) {
    *bytes_at(stored, COUNT_AT + 7) |= 0x80;
}

bool hyperloglog_is_sketch(struct bytes stored) {
    if (stored.len < HYPERLOGLOG_HEADER_BYTES || memcmp(stored.data, "HYLL", 4) != 0) return false;
    uint8_t encoding = *const_bytes_at(stored, ENCODING_AT);
    if (encoding == ENCODING_DENSE) return stored.len == HYPERLOGLOG_DENSE_BYTES;
    return encoding == ENCODING_SPARSE;
}

bool hyperloglog_is_sparse(struct bytes stored) {
    CHECK(hyperloglog_is_sketch(stored));
    return *const_bytes_at(stored, ENCODING_AT) == ENCODING_SPARSE;
}

bool hyperloglog_cached_count(struct bytes stored, uint64_t *count) {
    CHECK(hyperloglog_is_sketch(stored));
    uint64_t cached = load_le64(stored.data + COUNT_AT);
    if (cached & COUNT_STALE) return false;
    *count = cached;
    return true;
}

void hyperloglog_store_count(char *stored, uint64_t count) {
    store_le64(stored + COUNT_AT, count);
}

/* ---- Elements ---- */

/* MurmurHash64A (A. Appleby, public domain), words read little-endian on every machine. */
static uint64_t hash_element(struct bytes element) {
    const uint64_t factor = UINT64_C(0xc6a4a7935bd1e995);
    const int shift = 47;
    uint64_t hash = HASH_SEED ^ (element.len * factor);
    size_t tail = element.len % 8;
    const char *end = element.data + (element.len - tail);
    for (const char *at = element.data; at != end; at += 8) {
        uint64_t word = load_le64(at) * factor;
        word = (word ^ (word >> shift)) * factor;
        hash = (hash ^ word) * factor;
    }
    if (tail > 0) {
        uint64_t word = 0;
        memcpy(&word, end, tail);
        hash = (hash ^ le64toh(word)) * factor;
    }
    hash = (hash ^ (hash >> shift)) * factor;
    return hash ^ (hash >> shift);
}

static uint32_t index_of_hash(uint64_t hash) {
    return (uint32_t)(hash % HYPERLOGLOG_REGISTERS);
}

static uint8_t rank_of_hash(uint64_t hash) {
    uint64_t rest = (hash >> REGISTERS_INDEX_BITS) | (UINT64_C(1) << REGISTERS_HASH_BITS);
    return (uint8_t)(__builtin_ctzll(rest) + 1);
}

/* ---- Sparse codes ---- */

struct code {
    size_t size;   /* bytes of the code, 1 or 2 */
    uint32_t run;  /* registers it stands for */
    uint8_t value; /* their value, 0 for ZERO and XZERO */
};

/* False when the code is cut off by the end. */
static bool read_code(struct bytes stored, size_t at, struct code *code) {
    unsigned byte = *const_bytes_at(stored, at);
    if (byte & 0x80) {
        *code = (struct code){1, (byte & 3) + 1, (uint8_t)(((byte >> 2) & 31) + 1)};
    } else if (byte & 0x40) {
        if (stored.len - at < 2) return false;
        *code = (struct code){2, ((byte & 63) << 8 | *const_bytes_at(stored, at + 1)) + 1, 0};
    } else {
        *code = (struct code){1, byte + 1, 0};
    }
    return true;
}

/* The writers return the bytes written; a run of 0 writes none. */
static size_t write_zeros(uint8_t *to, uint32_t run) {
    if (run == 0) return 0;
    if (run <= ZERO_RUN_MAX) {
        to[0] = (uint8_t)(run - 1);
        return 1;
    }
    to[0] = (uint8_t)(0x40 | (run - 1) >> 8);
    to[1] = (uint8_t)(run - 1);
    return 2;
}

static size_t write_value(uint8_t *to, uint8_t value, uint32_t run) {
    if (run == 0) return 0;
    to[0] = (uint8_t)(0x80 | (value - 1U) << 2 | (run - 1));
    return 1;
}

static size_t write_run(uint8_t *to, uint8_t value, uint32_t run) {
    return value == 0 ? write_zeros(to, run) : write_value(to, value, run);
}

/* Walks all codes; `first` is the register a code begins with. Ends with is_whole set when the
 * runs gave all registers and no more. */
struct walk {
    struct bytes stored;
    size_t at;
    uint32_t first;
    bool is_whole;
};

static struct walk start_walk(struct bytes stored) {
    return (struct walk){stored, HYPERLOGLOG_HEADER_BYTES, 0, false};
}

static bool next_code(struct walk *walk, struct code *code, uint32_t *first) {
    if (walk->at >= walk->stored.len) {
        walk->is_whole = walk->first == HYPERLOGLOG_REGISTERS;
        return false;
    }
    if (!read_code(walk->stored, walk->at, code)) return false;
    if (code->run > HYPERLOGLOG_REGISTERS - walk->first) return false;
    *first = walk->first;
    walk->at += code->size;
    walk->first += code->run;
    return true;
}

bool hyperloglog_is_valid(struct bytes stored) {
    if (!hyperloglog_is_sketch(stored)) return false;
    if (!hyperloglog_is_sparse(stored)) return true;
    struct walk walk = start_walk(stored);
    struct code code;
    uint32_t first;
    while (next_code(&walk, &code, &first)) {}
    return walk.is_whole;
}

static bool sparse_merge(uint8_t *registers, struct bytes stored) {
    struct walk walk = start_walk(stored);
    struct code code;
    uint32_t first;
    while (next_code(&walk, &code, &first)) {
        if (code.value == 0) continue;
        for (uint32_t i = first; i < first + code.run; i++) {
            if (registers[i] < code.value) registers[i] = code.value;
        }
    }
    return walk.is_whole;
}

bool hyperloglog_to_dense(struct buffer *stored) {
    if (!hyperloglog_is_sparse(buffer_bytes(stored))) return true;
    uint8_t registers[HYPERLOGLOG_REGISTERS] = {0};
    if (!sparse_merge(registers, buffer_bytes(stored))) return false;
    if (stored->len < HYPERLOGLOG_DENSE_BYTES) {
        buffer_room(stored, HYPERLOGLOG_DENSE_BYTES - stored->len);
    }
    stored->len = HYPERLOGLOG_DENSE_BYTES;
    *bytes_at(stored, ENCODING_AT) = ENCODING_DENSE;
    registers_pack(bytes_at(stored, HYPERLOGLOG_HEADER_BYTES), registers);
    return true;
}

/* The code that holds a register, and the one before it. */
struct spot {
    size_t at;
    size_t prev;
    size_t prev_of_prev;
    uint32_t first;
    uint32_t prev_first;
    uint32_t prev_of_prev_first;
    struct code code;
};

/* A code known to lie in front of the next register to be set, so that setting registers in rising
 * order does not walk from the start each time. */
struct hint {
    size_t at;
    uint32_t first;
};

static const struct hint from_start = {HYPERLOGLOG_HEADER_BYTES, 0};

/* Where there is no code before, prev is the code itself. False when no code holds the register. */
static bool find_spot(struct bytes stored, uint32_t index, struct hint from, struct spot *spot) {
    size_t at = from.at, prev = at, prev_of_prev = at;
    uint32_t first = from.first, prev_first = first, prev_of_prev_first = first;
    struct code code;
    while (at < stored.len && read_code(stored, at, &code)) {
        if (index - first < code.run) {
            *spot =
                (struct spot){at, prev, prev_of_prev, first, prev_first, prev_of_prev_first, code};
            return true;
        }
        prev_of_prev = prev;
        prev_of_prev_first = prev_first;
        prev = at;
        prev_first = first;
        at += code.size;
        first += code.run;
    }
    return false;
}

/* Writes the codes that replace the spot's own: what lies before the register, it, what follows. */
static size_t split_code(const struct spot *spot, uint32_t index, uint8_t value, uint8_t *codes) {
    uint32_t before = index - spot->first;
    size_t size = write_run(codes, spot->code.value, before);
    size += write_value(codes + size, value, 1);
    return size + write_run(codes + size, spot->code.value, spot->code.run - before - 1);
}

static void replace_code(struct buffer *stored, const struct spot *spot, const uint8_t *codes,
                         size_t size) {
    buffer_room(stored, SPLIT_BYTES_MAX);
    uint8_t *place = bytes_at(stored, spot->at);
    size_t rest = stored->len - spot->at - spot->code.size;
    memmove(place + size, place + spot->code.size, rest);
    memcpy(place, codes, size);
    stored->len = spot->at + size + rest;
}

/* Joins neighbouring VAL codes of one value from `at` on, as far as a code can hold their runs. */
static void join_codes(struct buffer *stored, size_t at) {
    for (int seen = 0; seen < JOIN_CODES && at < stored->len; seen++) {
        struct code code, next;
        if (!read_code(buffer_bytes(stored), at, &code)) return;
        size_t next_at = at + code.size;
        bool is_joined = code.value != 0 && next_at < stored->len &&
                         read_code(buffer_bytes(stored), next_at, &next) &&
                         next.value == code.value && code.run + next.run <= VAL_RUN_MAX;
        if (!is_joined) {
            at = next_at;
            continue;
        }
        write_value(bytes_at(stored, at), code.value, code.run + next.run);
        memmove(bytes_at(stored, next_at), bytes_at(stored, next_at + 1),
                stored->len - next_at - 1);
        stored->len--;
    }
}

static enum hyperloglog_change promote_and_raise(struct buffer *stored, uint32_t index,
                                                 uint8_t value) {
    if (!hyperloglog_to_dense(stored)) return HYPERLOGLOG_CORRUPT;
    registers_set(bytes_at(stored, HYPERLOGLOG_HEADER_BYTES), index, value);
    return HYPERLOGLOG_CHANGED;
}

static bool find_spot_by_hint(struct bytes stored, uint32_t index, struct hint hint,
                              struct spot *spot) {
    if (!find_spot(stored, index, hint, spot)) return false;
    /* At the hint itself the code before it is unknown, and joining starts with that one. */
    if (spot->at != hint.at || hint.at == from_start.at) return true;
    return find_spot(stored, index, from_start, spot);
}

/* Raises one register of a sparse sketch; `hint` is moved forward. */
static enum hyperloglog_change sparse_raise(struct buffer *stored, uint32_t index, uint8_t value,
                                            size_t sparse_max_bytes, struct hint *hint) {
    struct spot spot;
    if (!find_spot_by_hint(buffer_bytes(stored), index, *hint, &spot)) return HYPERLOGLOG_CORRUPT;
    if (spot.code.value >= value) return HYPERLOGLOG_SAME;
    if (value > VAL_MAX) return promote_and_raise(stored, index, value);

    uint8_t codes[SPLIT_BYTES_MAX];
    size_t size = split_code(&spot, index, value, codes);
    if (size > spot.code.size && stored->len + size - spot.code.size > sparse_max_bytes) {
        return promote_and_raise(stored, index, value);
    }
    replace_code(stored, &spot, codes, size);
    join_codes(stored, spot.prev);
    *hint = (struct hint){spot.prev_of_prev, spot.prev_of_prev_first};
    return HYPERLOGLOG_CHANGED;
}

/* ---- Sketches ---- */

void hyperloglog_create(struct buffer *out) {
    uint8_t stored[HYPERLOGLOG_HEADER_BYTES + 2] = {'H', 'Y', 'L', 'L', ENCODING_SPARSE};
    store_le64(stored + COUNT_AT, COUNT_STALE);
    write_zeros(stored + HYPERLOGLOG_HEADER_BYTES, HYPERLOGLOG_REGISTERS);
    buffer_append(out, stored, sizeof(stored));
}

static enum hyperloglog_change raise_register(struct buffer *stored, uint32_t index, uint8_t value,
                                              size_t sparse_max_bytes, struct hint *hint) {
    if (hyperloglog_is_sparse(buffer_bytes(stored))) {
        return sparse_raise(stored, index, value, sparse_max_bytes, hint);
    }
    uint8_t *packed = bytes_at(stored, HYPERLOGLOG_HEADER_BYTES);
    return registers_raise(packed, index, value) ? HYPERLOGLOG_CHANGED : HYPERLOGLOG_SAME;
}

enum hyperloglog_change hyperloglog_add(struct buffer *stored, struct bytes element,
                                        size_t sparse_max_bytes) {
    uint64_t hash = hash_element(element);
    struct hint hint = from_start;
    enum hyperloglog_change change =
        raise_register(stored, index_of_hash(hash), rank_of_hash(hash), sparse_max_bytes, &hint);
    if (change == HYPERLOGLOG_CHANGED) mark_stale(stored);
    return change;
}

bool hyperloglog_merge(uint8_t *registers, struct bytes stored) {
    if (hyperloglog_is_sparse(stored)) return sparse_merge(registers, stored);
    registers_merge_packed(registers, const_bytes_at(stored, HYPERLOGLOG_HEADER_BYTES));
    return true;
}

static void dense_write(struct buffer *stored, const uint8_t *registers) {
    uint8_t *packed = bytes_at(stored, HYPERLOGLOG_HEADER_BYTES);
    uint8_t raised[HYPERLOGLOG_REGISTERS] = {0};
    registers_merge_packed(raised, packed);
    registers_merge(raised, registers);
    registers_pack(packed, raised);
}

/* The sketch may become dense on the way; what is left is then written at once. */
static void sparse_write(struct buffer *stored, const uint8_t *registers, size_t sparse_max_bytes) {
    struct hint hint = from_start;
    for (uint32_t i = 0; i < HYPERLOGLOG_REGISTERS; i++) {
        if (registers[i] == 0) continue;
        if (!hyperloglog_is_sparse(buffer_bytes(stored))) {
            dense_write(stored, registers);
            return;
        }
        sparse_raise(stored, i, registers[i], sparse_max_bytes, &hint);
    }
}

bool hyperloglog_write(struct buffer *stored, const uint8_t *registers, bool is_dense,
                       size_t sparse_max_bytes) {
    if (!hyperloglog_is_valid(buffer_bytes(stored))) return false;
    if (is_dense) CHECK(hyperloglog_to_dense(stored));
    if (hyperloglog_is_sparse(buffer_bytes(stored))) {
        sparse_write(stored, registers, sparse_max_bytes);
    } else {
        dense_write(stored, registers);
    }
    mark_stale(stored);
    return true;
}

bool hyperloglog_decode(struct bytes stored, struct buffer *out) {
    CHECK(hyperloglog_is_sparse(stored));
    size_t start = out->len;
    struct walk walk = start_walk(stored);
    struct code code;
    uint32_t first;
    while (next_code(&walk, &code, &first)) {
        if (out->len > start) buffer_append_char(out, ' ');
        if (code.value == 0) {
            buffer_printf(out, "%c:%u", code.size == 1 ? 'z' : 'Z', code.run);
        } else {
            buffer_printf(out, "v:%u,%u", code.value, code.run);
        }
    }
    return walk.is_whole;
}

/* ---- The estimate ---- */

static bool fill_histogram_sparse(uint32_t *histogram, struct bytes stored) {
    struct walk walk = start_walk(stored);
    struct code code;
    uint32_t first;
    while (next_code(&walk, &code, &first)) histogram[code.value] += code.run;
    return walk.is_whole;
}

uint64_t hyperloglog_count_registers(const uint8_t *registers) {
    uint32_t histogram[REGISTERS_VALUES];
    registers_count_values(histogram, registers);
    return registers_estimate(histogram);
}

bool hyperloglog_count(struct bytes stored, uint64_t *count) {
    if (hyperloglog_is_sparse(stored)) {
        uint32_t histogram[REGISTERS_VALUES] = {0};
        if (!fill_histogram_sparse(histogram, stored)) return false;
        *count = registers_estimate(histogram);
        return true;
    }
    uint8_t registers[HYPERLOGLOG_REGISTERS] = {0};
    registers_merge_packed(registers, const_bytes_at(stored, HYPERLOGLOG_HEADER_BYTES));
    *count = hyperloglog_count_registers(registers);
    return true;
}

/* ---- Self test ---- */

enum { TEST_ROUNDS = 20, TEST_ELEMENTS = 200 * 1000, TEST_SPARSE_MAX_BYTES = 3000 };

static bool test_registers(struct buffer *error) {
    uint8_t packed[REGISTERS_PACKED_BYTES] = {0};
    uint8_t wanted[HYPERLOGLOG_REGISTERS] = {0};
    uint64_t word = HASH_SEED;
    for (int round = 0; round < TEST_ROUNDS; round++) {
        for (uint32_t i = 0; i < HYPERLOGLOG_REGISTERS; i++) {
            word = hash_element(bytes_of(&word, sizeof(word)));
            wanted[i] = word & HYPERLOGLOG_REGISTER_MAX;
            registers_set(packed, i, wanted[i]);
        }
        uint8_t unpacked[HYPERLOGLOG_REGISTERS] = {0};
        registers_merge_packed(unpacked, packed);
        for (uint32_t i = 0; i < HYPERLOGLOG_REGISTERS; i++) {
            if (registers_get(packed, i) == wanted[i] && unpacked[i] == wanted[i]) continue;
            buffer_printf(error, "register %u should be %u but is %u", i, wanted[i],
                          registers_get(packed, i));
            return false;
        }
    }
    return true;
}

/* Four standard errors; a few elements more for the smallest counts, where a collision weighs. */
static bool check_estimate(const struct buffer *sketch, uint64_t added, struct buffer *error) {
    uint64_t count;
    if (!hyperloglog_count(buffer_bytes(sketch), &count)) {
        buffer_append_str(error, "a sketch of the test's own is corrupt");
        return false;
    }
    double allowed = 4 * 1.04 / sqrt(HYPERLOGLOG_REGISTERS) * (double)added + 3;
    if (fabs((double)count - (double)added) <= allowed) return true;
    buffer_printf(error, "%llu elements are counted as %llu", (unsigned long long)added,
                  (unsigned long long)count);
    return false;
}

/* The same elements go to a sketch that starts sparse and to one dense from the start. */
static bool test_elements(struct buffer *sparse, struct buffer *dense, struct buffer *error) {
    uint64_t next_check = 1;
    for (uint64_t added = 1; added <= TEST_ELEMENTS; added++) {
        uint64_t element = htole64(added);
        struct bytes bytes = bytes_of(&element, sizeof(element));
        if (hyperloglog_add(sparse, bytes, TEST_SPARSE_MAX_BYTES) !=
            hyperloglog_add(dense, bytes, TEST_SPARSE_MAX_BYTES)) {
            buffer_append_str(error, "the sparse and the dense sketch differ");
            return false;
        }
        if (added != next_check) continue;
        if (!check_estimate(sparse, added, error)) return false;
        if (!check_estimate(dense, added, error)) return false;
        next_check += next_check < 10 ? 1 : next_check / 4;
    }
    return true;
}

bool hyperloglog_self_test(struct buffer *error) {
    if (!test_registers(error)) return false;
    struct buffer sparse = {0}, dense = {0};
    hyperloglog_create(&sparse);
    hyperloglog_create(&dense);
    bool is_good = hyperloglog_to_dense(&dense) && test_elements(&sparse, &dense, error);
    buffer_destroy(&sparse);
    buffer_destroy(&dense);
    return is_good;
}
