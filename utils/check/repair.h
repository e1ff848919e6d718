/* Cuts a broken file behind what is good. */
#ifndef CHECK_REPAIR_H
#define CHECK_REPAIR_H

#include "check/findings.h"

/* Offers to cut the file (asks, unless options->is_agreed) and does it: a new file takes the place of
 * the old one, which stays beside it under the name FILE.broken. There is one of the two under the
 * old name at any moment. Returns VERDICT_FINE when the file is repaired. */
enum verdict repair_offer(const struct findings *findings, const struct options *options);

#endif
