/* Bit kernels. Whole words are loaded big-endian, so that a word's highest bit is the string's
 * first; ends that do not fill a word or a byte are masked. */
#include "foundation/bits.h"

#include <endian.h>

enum {
    WORD_BYTES = 8,
    FIELD_BYTES_MAX = 9, /* 64 bits at any offset touch at most nine bytes */
    BLOCK_BYTES = 4096,  /* combined piece by piece, so that the result stays in the L1 cache */
};

static uint64_t load_word(const uint8_t *from) {
    uint64_t word;
    memcpy(&word, from, sizeof(word));
    return word;
}

/* ---- Single bits ---- */

bool bits_get(struct bytes bytes, uint64_t offset) {
    if (offset / 8 >= bytes.len) return false;
    return ((unsigned char)bytes.data[offset / 8] >> (7 - offset % 8)) & 1;
}

bool bits_set(char *data, uint64_t offset, bool bit) {
    uint8_t *byte = (uint8_t *)data + offset / 8;
    uint8_t mask = (uint8_t)(0x80 >> (offset % 8));
    bool old = (*byte & mask) != 0;
    *byte = (uint8_t)(bit ? *byte | mask : *byte & ~mask);
    return old;
}

/* ---- Counting ---- */

/* Without the processor's instruction this becomes shifts, masks and a multiplication. */
static ALWAYS_INLINE uint64_t count_words(const uint8_t *at, size_t len) {
    uint64_t sums[4] = {0};
    for (; len >= 4 * WORD_BYTES; at += 4 * WORD_BYTES, len -= 4 * WORD_BYTES) {
        for (size_t i = 0; i < 4; i++) {
            sums[i] += (uint64_t)__builtin_popcountll(load_word(at + i * WORD_BYTES));
        }
    }
    uint64_t sum = sums[0] + sums[1] + sums[2] + sums[3];
    for (; len > 0; at++, len--) sum += (uint64_t)__builtin_popcount(*at);
    return sum;
}

#if defined(__x86_64__)
__attribute__((target("popcnt"))) static uint64_t count_with_popcnt(const uint8_t *at, size_t len) {
    return count_words(at, len);
}
#endif

uint64_t bits_count(struct bytes bytes) {
    const uint8_t *at = (const uint8_t *)bytes.data;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("popcnt")) return count_with_popcnt(at, bytes.len);
#endif
    return count_words(at, bytes.len);
}

/* The bits of the byte `index` that lie in the range. */
static uint8_t mask_of_range(size_t index, uint64_t first, uint64_t last) {
    unsigned mask = 0xff;
    if (index == first / 8) mask &= 0xffU >> (first % 8);
    if (index == last / 8) mask &= 0xffU << (7 - last % 8);
    return (uint8_t)mask;
}

uint64_t bits_count_range(struct bytes bytes, uint64_t first, uint64_t last) {
    CHECK(first <= last && last / 8 < bytes.len);
    size_t begin = first / 8, end = last / 8;
    const uint8_t *data = (const uint8_t *)bytes.data;
    uint64_t sum = (uint64_t)__builtin_popcount(data[begin] & mask_of_range(begin, first, last));
    if (begin == end) return sum;
    sum += (uint64_t)__builtin_popcount(data[end] & mask_of_range(end, first, last));
    return sum + bits_count(bytes_of(bytes.data + begin + 1, end - begin - 1));
}

/* ---- Finding ---- */

/* Index of the first byte from `begin` to before `end` that is not `plain`, or `end`. */
static size_t skip_plain_bytes(const uint8_t *data, size_t begin, size_t end, uint8_t plain) {
    uint64_t word = plain ? UINT64_MAX : 0;
    while (end - begin >= 4 * WORD_BYTES) {
        uint64_t differs = 0;
        for (size_t i = 0; i < 4; i++) differs |= load_word(data + begin + i * WORD_BYTES) ^ word;
        if (differs != 0) break;
        begin += 4 * WORD_BYTES;
    }
    while (begin < end && data[begin] == plain) begin++;
    return begin;
}

bool bits_find(struct bytes bytes, bool bit, uint64_t first, uint64_t last, uint64_t *position) {
    CHECK(first <= last && last / 8 < bytes.len);
    const uint8_t *data = (const uint8_t *)bytes.data;
    uint8_t plain = bit ? 0x00 : 0xff;
    size_t end = last / 8;
    for (size_t at = first / 8; at <= end; at++) {
        unsigned wanted = (unsigned)(data[at] ^ plain) & mask_of_range(at, first, last);
        if (wanted != 0) {
            *position = (uint64_t)at * 8 + (unsigned)__builtin_clz(wanted) - 24;
            return true;
        }
        if (at < end) at = skip_plain_bytes(data, at + 1, end, plain) - 1;
    }
    return false;
}

/* ---- Combining ---- */

/* What a source has in the block at `start`. */
static struct bytes part_in_block(struct bytes source, size_t start, size_t block_len) {
    if (source.len <= start) return BYTES("");
    size_t len = source.len - start;
    return bytes_of(source.data + start, len < block_len ? len : block_len);
}

static void copy_block(uint8_t *out, struct bytes source, size_t start, size_t block_len) {
    struct bytes in = part_in_block(source, start, block_len);
    if (in.data != (const char *)out) memcpy(out, in.data, in.len);
    memset(out + in.len, 0, block_len - in.len);
}

static void and_block(uint8_t *out, struct bytes source, size_t start, size_t block_len) {
    struct bytes in = part_in_block(source, start, block_len);
    for (size_t i = 0; i < in.len; i++) out[i] &= (uint8_t)in.data[i];
    memset(out + in.len, 0, block_len - in.len);
}

static void or_block(uint8_t *out, struct bytes source, size_t start, size_t block_len) {
    struct bytes in = part_in_block(source, start, block_len);
    for (size_t i = 0; i < in.len; i++) out[i] |= (uint8_t)in.data[i];
}

static void xor_block(uint8_t *out, struct bytes source, size_t start, size_t block_len) {
    struct bytes in = part_in_block(source, start, block_len);
    for (size_t i = 0; i < in.len; i++) out[i] ^= (uint8_t)in.data[i];
}

/* Adds a source to a block of "any" and a block of "more than one". */
static void tally_block(uint8_t *any, uint8_t *several, struct bytes source, size_t start,
                        size_t block_len) {
    struct bytes in = part_in_block(source, start, block_len);
    for (size_t i = 0; i < in.len; i++) {
        uint8_t byte = (uint8_t)in.data[i];
        several[i] |= any[i] & byte;
        any[i] |= byte;
    }
}

/* Folds the sources behind the first into the block that holds the first. */
static void fold_one(uint8_t *out, const struct bytes *others, size_t count, size_t start,
                     size_t block_len) {
    uint8_t several[BLOCK_BYTES] = {0};
    for (size_t i = 0; i < count; i++) tally_block(out, several, others[i], start, block_len);
    for (size_t i = 0; i < block_len; i++) out[i] &= (uint8_t)~several[i];
}

static void fold_against_any(enum bits_operation operation, uint8_t *out,
                             const struct bytes *others, size_t count, size_t start,
                             size_t block_len) {
    uint8_t any[BLOCK_BYTES] = {0};
    for (size_t i = 0; i < count; i++) or_block(any, others[i], start, block_len);
    for (size_t i = 0; i < block_len; i++) {
        uint8_t first = out[i];
        if (operation == BITS_ANDOR) {
            out[i] = first & any[i];
        } else if (operation == BITS_DIFF) {
            out[i] = (uint8_t)(first & ~any[i]);
        } else {
            out[i] = (uint8_t)(~first & any[i]);
        }
    }
}

static void combine_block(enum bits_operation operation, uint8_t *out, const struct bytes *sources,
                          size_t count, size_t start, size_t block_len) {
    copy_block(out, sources[0], start, block_len);
    const struct bytes *others = sources + 1;
    count--;
    switch (operation) {
    case BITS_AND:
        for (size_t i = 0; i < count; i++) and_block(out, others[i], start, block_len);
        return;
    case BITS_OR:
        for (size_t i = 0; i < count; i++) or_block(out, others[i], start, block_len);
        return;
    case BITS_XOR:
        for (size_t i = 0; i < count; i++) xor_block(out, others[i], start, block_len);
        return;
    case BITS_NOT:
        for (size_t i = 0; i < block_len; i++) out[i] = (uint8_t)~out[i];
        return;
    case BITS_ONE: fold_one(out, others, count, start, block_len); return;
    case BITS_DIFF:
    case BITS_DIFF1:
    case BITS_ANDOR: fold_against_any(operation, out, others, count, start, block_len); return;
    }
    UNREACHABLE();
}

void bits_combine(enum bits_operation operation, const struct bytes *sources, size_t count,
                  char *out, size_t out_len) {
    CHECK(count >= 1 && (operation != BITS_NOT || count == 1));
    for (size_t start = 0; start < out_len; start += BLOCK_BYTES) {
        size_t left = out_len - start;
        combine_block(operation, (uint8_t *)out + start, sources, count, start,
                      left < BLOCK_BYTES ? left : BLOCK_BYTES);
    }
}

/* ---- Fields ---- */

static uint64_t mask_of_width(unsigned width) {
    return UINT64_MAX >> (64 - width);
}

uint64_t bits_read_unsigned(struct bytes bytes, uint64_t offset, unsigned width) {
    CHECK(width >= 1 && width <= 64);
    uint8_t window[FIELD_BYTES_MAX] = {0};
    uint64_t begin = offset / 8;
    if (begin < bytes.len) {
        size_t len = bytes.len - begin;
        memcpy(window, bytes.data + begin, len < FIELD_BYTES_MAX ? len : FIELD_BYTES_MAX);
    }
    unsigned shift = offset % 8;
    uint64_t word = be64toh(load_word(window)) << shift;
    word |= (uint64_t)window[8] >> (8 - shift);
    return word >> (64 - width);
}

static int64_t extend_sign(uint64_t value, unsigned width) {
    unsigned unused = 64 - width;
    return (int64_t)(value << unused) >> unused;
}

int64_t bits_read_signed(struct bytes bytes, uint64_t offset, unsigned width) {
    return extend_sign(bits_read_unsigned(bytes, offset, width), width);
}

void bits_write(char *data, uint64_t offset, unsigned width, uint64_t value) {
    CHECK(width >= 1 && width <= 64);
    uint8_t *at = (uint8_t *)data + offset / 8;
    unsigned shift = offset % 8;
    /* Byte by byte from the last: only bytes that hold the field are touched. */
    size_t last = (shift + width - 1) / 8;
    unsigned behind = (unsigned)(last + 1) * 8 - shift - width;
    unsigned __int128 field = (unsigned __int128)(value & mask_of_width(width)) << behind;
    unsigned __int128 mask = (unsigned __int128)mask_of_width(width) << behind;
    for (size_t i = last + 1; i-- > 0; field >>= 8, mask >>= 8) {
        at[i] = (uint8_t)((at[i] & (uint8_t) ~(uint8_t)mask) | (uint8_t)field);
    }
}

/* ---- Arithmetic ---- */

bool bits_add_signed(int64_t value, int64_t increment, unsigned width, enum bits_overflow overflow,
                     int64_t *result) {
    CHECK(width >= 1 && width <= 64);
    const int64_t max = (int64_t)(mask_of_width(width) >> 1);
    const int64_t min = -max - 1;
    __int128 sum = (__int128)value + increment;
    if (sum >= min && sum <= max) {
        *result = (int64_t)sum;
        return true;
    }
    if (overflow == BITS_FAIL) return false;
    if (overflow == BITS_SAT) {
        *result = sum > max ? max : min;
    } else {
        *result = extend_sign((uint64_t)sum, width);
    }
    return true;
}

bool bits_add_unsigned(uint64_t value, int64_t increment, unsigned width,
                       enum bits_overflow overflow, uint64_t *result) {
    CHECK(width >= 1 && width <= 64);
    const uint64_t max = mask_of_width(width);
    __int128 sum = (__int128)value + increment;
    if (sum >= 0 && sum <= max) {
        *result = (uint64_t)sum;
        return true;
    }
    if (overflow == BITS_FAIL) return false;
    if (overflow == BITS_SAT) {
        *result = sum < 0 ? 0 : max;
    } else {
        *result = (uint64_t)sum & max;
    }
    return true;
}
