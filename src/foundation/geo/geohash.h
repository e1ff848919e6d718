/* Geohashes: a place on Earth as one number of 52 bits, bit for bit what Redis stores as the score
 * of a member.
 *
 * The world from -180° to 180° and from -85.05112878° to 85.05112878° (Web Mercator's limits) is
 * halved 26 times in either direction; the bits of the two column and row numbers take turns:
 *
 *      bit 51    50    49    48    …    1     0
 *          x25   y25   x24   y24   …    x0    y0        x: longitude, y: latitude
 *
 * So all places in one of the 4^n equal cells have scores in one run, and neighbouring cells tend to
 * have neighbouring runs (a Z-order curve). A place that was encoded decodes to the middle of its
 * finest cell, which is 0.6 m wide at the equator.
 *
 * The upper limits themselves have column and row numbers of 2^26 and so the bits 53 and 52; they
 * decode to the limit. */
#ifndef FOUNDATION_GEO_GEOHASH_H
#define FOUNDATION_GEO_GEOHASH_H

#include <stdbool.h>
#include <stdint.h>

#define GEO_LONGITUDE_MAX 180.0
#define GEO_LATITUDE_MAX 85.05112878

enum {
    GEOHASH_STEPS = 26, /* halvings in either direction */
    GEOHASH_BITS = 2 * GEOHASH_STEPS,
    GEOHASH_TEXT_LEN = 11,
};

/* Degrees; east and north are positive. */
struct geo_point {
    double longitude;
    double latitude;
};

/* True inside the limits, which belong to it. Only such points are encoded. */
static inline bool geo_point_is_valid(struct geo_point point) {
    return point.longitude >= -GEO_LONGITUDE_MAX && point.longitude <= GEO_LONGITUDE_MAX &&
           point.latitude >= -GEO_LATITUDE_MAX && point.latitude <= GEO_LATITUDE_MAX;
}

uint64_t geohash_encode(struct geo_point point);
/* For any number: bits that no place has lead to the upper limit. */
struct geo_point geohash_decode(uint64_t hash);
/* The hash that a score stands for, for any score: fractions are dropped, and what no place has is
 * taken as Redis takes it on x86-64. Not for NaN. */
uint64_t geohash_of_score(double score);
/* The 11 characters of GEOHASH, readable by geohash.org; the last is always 0. */
void geohash_format(uint64_t hash, char out[GEOHASH_TEXT_LEN]);

/* Column and row numbers to interleaved bits and back. */
uint64_t geohash_interleave(uint32_t x, uint32_t y);
void geohash_separate(uint64_t hash, uint32_t *x, uint32_t *y);

#endif
