/* HyperLogLog registers: packing, merging and the estimate. The loops over all registers work on
 * eight at a time in a word, or 32 with AVX2 where the processor has it. */
#include "foundation/sketches/registers.h"

#include <math.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum {
    REGISTER_BITS = 6,
    GROUP_REGISTERS = 8, /* eight registers fill six bytes: the unit of packing */
    GROUP_BYTES = 6,
    HASH_BITS = REGISTERS_HASH_BITS,
    RANK_MAX = HASH_BITS + 1,
};

/* ---- One register ---- */

uint8_t registers_get(const uint8_t *packed, uint32_t index) {
    size_t bit = (size_t)index * REGISTER_BITS;
    unsigned shift = bit % 8;
    unsigned word = packed[bit / 8];
    /* The last register ends with its byte, so the byte behind it is never touched. */
    if (shift > 8 - REGISTER_BITS) word |= (unsigned)packed[bit / 8 + 1] << 8;
    return (word >> shift) & HYPERLOGLOG_REGISTER_MAX;
}

void registers_set(uint8_t *packed, uint32_t index, uint8_t value) {
    size_t bit = (size_t)index * REGISTER_BITS;
    unsigned shift = bit % 8;
    uint8_t *at = packed + bit / 8;
    unsigned mask = (unsigned)HYPERLOGLOG_REGISTER_MAX << shift;
    unsigned bits = (unsigned)value << shift;
    at[0] = (uint8_t)((at[0] & ~mask) | bits);
    if (shift > 8 - REGISTER_BITS) at[1] = (uint8_t)((at[1] & ~(mask >> 8)) | (bits >> 8));
}

bool registers_raise(uint8_t *packed, uint32_t index, uint8_t value) {
    if (registers_get(packed, index) >= value) return false;
    registers_set(packed, index, value);
    return true;
}

/* ---- All registers ---- */

/* Spreads eight packed registers over the eight bytes of a word, the first one lowest: 48 bits
 * become 2 × 24, 4 × 12, 8 × 6. */
static uint64_t unpack_group(const uint8_t *packed) {
    uint32_t low;
    uint16_t high;
    memcpy(&low, packed, sizeof(low));
    memcpy(&high, packed + sizeof(low), sizeof(high));
    uint64_t word = le32toh(low) | (uint64_t)le16toh(high) << 32;
    word = (word & 0xffffff) | ((word >> 24) << 32);
    word = (word & UINT64_C(0x00000fff00000fff)) | ((word & UINT64_C(0x00fff00000fff000)) << 4);
    return (word & UINT64_C(0x003f003f003f003f)) | ((word & UINT64_C(0x0fc00fc00fc00fc0)) << 2);
}

static void pack_group(uint8_t *packed, uint64_t word) {
    word = (word & UINT64_C(0x003f003f003f003f)) | ((word & UINT64_C(0x3f003f003f003f00)) >> 2);
    word = (word & UINT64_C(0x00000fff00000fff)) | ((word & UINT64_C(0x0fff00000fff0000)) >> 4);
    word = (word & 0xffffff) | ((word >> 32) << 24);
    word = htole64(word);
    memcpy(packed, &word, GROUP_BYTES);
}

void registers_merge(uint8_t *registers, const uint8_t *others) {
    for (size_t i = 0; i < HYPERLOGLOG_REGISTERS; i++) {
        registers[i] = registers[i] > others[i] ? registers[i] : others[i];
    }
}

/* The higher of each two bytes, all below 128: the top bit of a byte of (a | 128) - b stays set
 * where a is at least b. */
static uint64_t max_of_group(uint64_t a, uint64_t b) {
    const uint64_t tops = UINT64_C(0x8080808080808080);
    uint64_t is_a = ((((a | tops) - b) & tops) >> 7) * 0xff;
    return (a & is_a) | (b & ~is_a);
}

/* Raises the registers from number `first` on, a group at a time. */
static void merge_packed_groups(uint8_t *registers, const uint8_t *packed, size_t first) {
    for (size_t i = first; i < HYPERLOGLOG_REGISTERS; i += GROUP_REGISTERS) {
        uint64_t group = unpack_group(packed + i / GROUP_REGISTERS * GROUP_BYTES);
        store_le64(registers + i, max_of_group(load_le64(registers + i), group));
    }
}

#if defined(__x86_64__)
/* 32 registers a step: each 3 packed bytes go to a 32-bit lane, whose four 6-bit fields are then
 * shifted to byte boundaries. A step loads 4 bytes beyond its 24, so the last is left over.
 * Returns the number of registers done. */
__attribute__((target("avx2"))) static size_t merge_packed_avx2(uint8_t *registers,
                                                                const uint8_t *packed) {
    const __m256i spread = _mm256_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1, 0,
                                            1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
    const __m256i field = _mm256_set1_epi32(0x3f);
    size_t i = 0;
    for (; i < HYPERLOGLOG_REGISTERS - 32; i += 32, packed += 24) {
        __m128i low = _mm_loadu_si128((const __m128i_u *)packed);
        __m128i high = _mm_loadu_si128((const __m128i_u *)(packed + 12));
        __m256i lanes = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
        lanes = _mm256_shuffle_epi8(lanes, spread);
        __m256i r0 = _mm256_and_si256(lanes, field);
        __m256i r1 = _mm256_slli_epi32(_mm256_and_si256(_mm256_srli_epi32(lanes, 6), field), 8);
        __m256i r2 = _mm256_slli_epi32(_mm256_and_si256(_mm256_srli_epi32(lanes, 12), field), 16);
        __m256i r3 = _mm256_slli_epi32(_mm256_srli_epi32(lanes, 18), 24);
        __m256i fresh = _mm256_or_si256(_mm256_or_si256(r0, r1), _mm256_or_si256(r2, r3));
        __m256i_u *place = (__m256i_u *)(registers + i);
        _mm256_storeu_si256(place, _mm256_max_epu8(_mm256_loadu_si256(place), fresh));
    }
    return i;
}
#endif

void registers_merge_packed(uint8_t *registers, const uint8_t *packed) {
    size_t done = 0;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) done = merge_packed_avx2(registers, packed);
#endif
    merge_packed_groups(registers, packed, done);
}

void registers_pack(uint8_t *packed, const uint8_t *registers) {
    for (size_t i = 0; i < HYPERLOGLOG_REGISTERS; i += GROUP_REGISTERS, packed += GROUP_BYTES) {
        pack_group(packed, load_le64(registers + i));
    }
}

/* ---- The estimate ---- */

enum { LANES = 8 };

/* How many registers hold each value. Neighbours are counted in lanes of their own, so that runs
 * of one value do not wait for each other's stores. */
void registers_count_values(uint32_t *histogram, const uint8_t *registers) {
    uint32_t lanes[LANES][REGISTERS_VALUES] = {0};
    for (size_t i = 0; i < HYPERLOGLOG_REGISTERS; i += LANES) {
        uint64_t word = load_le64(registers + i);
        for (unsigned lane = 0; lane < LANES; lane++) {
            lanes[lane][(word >> (8 * lane)) & HYPERLOGLOG_REGISTER_MAX]++;
        }
    }
    for (size_t value = 0; value < REGISTERS_VALUES; value++) {
        histogram[value] = 0;
        for (size_t lane = 0; lane < LANES; lane++) histogram[value] += lanes[lane][value];
    }
}

/* Ertl's σ: x + Σ 2^(k-1) · x^(2^k), k ≥ 1; the share of registers still 0. */
static double sum_sigma(double share) {
    if (share == 1.0) return INFINITY;
    double sum = share, last = -1.0, weight = 1.0, power = share;
    while (sum != last) {
        power *= power;
        last = sum;
        sum += power * weight;
        weight += weight;
    }
    return sum;
}

/* Ertl's τ: (1 - x - Σ 2^-k · (1 - x^(2^-k))²) / 3, k ≥ 1; the share of registers not full. */
static double sum_tau(double share) {
    if (share == 0.0 || share == 1.0) return 0.0;
    double sum = 1.0 - share, last = -1.0, weight = 1.0, root = share;
    while (sum != last) {
        root = sqrt(root);
        last = sum;
        weight *= 0.5;
        sum -= (1.0 - root) * (1.0 - root) * weight;
    }
    return sum / 3.0;
}

/* The order of the operations is fixed: the count must round as Redis's does. */
uint64_t registers_estimate(const uint32_t *histogram) {
    const double half_over_ln2 = 0.721347520444481703680; /* 1 / (2 ln 2) */
    const double m = HYPERLOGLOG_REGISTERS;
    double sum = m * sum_tau((m - histogram[RANK_MAX]) / m);
    for (int rank = HASH_BITS; rank >= 1; rank--) {
        sum += histogram[rank];
        sum *= 0.5;
    }
    sum += m * sum_sigma(histogram[0] / m);
    return (uint64_t)llround(half_over_ln2 * m * m / sum);
}
