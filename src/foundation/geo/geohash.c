#include "foundation/geo/geohash.h"

static const double cells_per_side = (double)(1u << GEOHASH_STEPS);

/* Bit i of the number to bit 2i. */
static uint64_t spread_bits(uint32_t number) {
    uint64_t bits = number;
    bits = (bits | bits << 16) & 0x0000ffff0000ffffu;
    bits = (bits | bits << 8) & 0x00ff00ff00ff00ffu;
    bits = (bits | bits << 4) & 0x0f0f0f0f0f0f0f0fu;
    bits = (bits | bits << 2) & 0x3333333333333333u;
    return (bits | bits << 1) & 0x5555555555555555u;
}

static uint32_t gather_bits(uint64_t bits) {
    bits &= 0x5555555555555555u;
    bits = (bits | bits >> 1) & 0x3333333333333333u;
    bits = (bits | bits >> 2) & 0x0f0f0f0f0f0f0f0fu;
    bits = (bits | bits >> 4) & 0x00ff00ff00ff00ffu;
    bits = (bits | bits >> 8) & 0x0000ffff0000ffffu;
    return (uint32_t)(bits | bits >> 16);
}

uint64_t geohash_interleave(uint32_t x, uint32_t y) {
    return spread_bits(x) << 1 | spread_bits(y);
}

void geohash_separate(uint64_t hash, uint32_t *x, uint32_t *y) {
    *x = gather_bits(hash >> 1);
    *y = gather_bits(hash);
}

/* Operations in the order in which Redis does them, for the same rounding. */
static uint32_t cell_number(double value, double limit) {
    double offset = (value - -limit) / (limit - -limit);
    return (uint32_t)(offset * cells_per_side);
}

static uint64_t encode_within(struct geo_point point, double latitude_limit) {
    return geohash_interleave(cell_number(point.longitude, GEO_LONGITUDE_MAX),
                              cell_number(point.latitude, latitude_limit));
}

uint64_t geohash_encode(struct geo_point point) {
    return encode_within(point, GEO_LATITUDE_MAX);
}

static double cell_middle(uint32_t number, double limit) {
    double scale = limit - -limit;
    double start = -limit + (number * 1.0 / cells_per_side) * scale;
    /* As Redis adds one to a number of 32 bits: the last one wraps. */
    double end = -limit + ((uint32_t)(number + 1) * 1.0 / cells_per_side) * scale;
    double middle = (start + end) / 2;
    return middle > limit ? limit : middle < -limit ? -limit : middle;
}

struct geo_point geohash_decode(uint64_t hash) {
    uint32_t x, y;
    geohash_separate(hash, &x, &y);
    return (struct geo_point){.longitude = cell_middle(x, GEO_LONGITUDE_MAX),
                              .latitude = cell_middle(y, GEO_LATITUDE_MAX)};
}

/* What the processor makes of a double that no 64-bit integer holds. */
static uint64_t truncate_signed(double value) {
    if (value >= (double)INT64_MIN && value < -(double)INT64_MIN) return (uint64_t)(int64_t)value;
    return (uint64_t)1 << 63;
}

uint64_t geohash_of_score(double score) {
    if (score < 0x1p63) return truncate_signed(score);
    return truncate_signed(score - 0x1p63) ^ (uint64_t)1 << 63;
}

void geohash_format(uint64_t hash, char out[GEOHASH_TEXT_LEN]) {
    static const char alphabet[] = "0123456789bcdefghjkmnpqrstuvwxyz";
    enum { CHAR_BITS = 5 };
    /* The text is of the whole world, poles included. */
    uint64_t bits = encode_within(geohash_decode(hash), 90);
    for (unsigned i = 0; i < GEOHASH_TEXT_LEN - 1; i++)
        out[i] = alphabet[bits >> (GEOHASH_BITS - (i + 1) * CHAR_BITS) & 31];
    out[GEOHASH_TEXT_LEN - 1] = '0';
}
