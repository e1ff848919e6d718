/* Degrees and distances as text, digit for digit as Redis prints them. */
#ifndef FOUNDATION_GEO_GEO_TEXT_H
#define FOUNDATION_GEO_GEO_TEXT_H

#include <stddef.h>

enum { GEO_TEXT_MAX = 352 }; /* any double in fixed notation */

/* 17 decimals, trailing zeros dropped, and the point behind which none is left. For |value| below
 * 2^53. Returns the length; no NUL. Cost: 20 ns. */
size_t geo_format_degrees(char out[GEO_TEXT_MAX], double value);
/* Four decimals. Any value; fast below 2^53. */
size_t geo_format_distance(char out[GEO_TEXT_MAX], double value);

#endif
