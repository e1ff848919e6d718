/* Glob patterns as users of KEYS, SCAN and CONFIG GET know them: * ? [abc] [^a] [a-z] and \ to
 * escape. */
#ifndef FOUNDATION_GLOB_H
#define FOUNDATION_GLOB_H

#include "foundation/bytes.h"

#include <stdbool.h>

/* Matches the whole text. Cost: O(pattern × text) at worst, whatever the pattern (no exponential
 * back-tracking); memory O(1). An unfinished class or a trailing backslash matches as Redis does;
 * and as there, an empty text matches the empty pattern alone, not "*" (KEYS * and SCAN MATCH * do
 * not ask the matcher at all). */
bool glob_match(struct bytes pattern, struct bytes text);
bool glob_match_nocase(struct bytes pattern, struct bytes text);
/* True when the pattern holds no special character, so that it matches only itself. */
bool glob_is_literal(struct bytes pattern);

#endif
