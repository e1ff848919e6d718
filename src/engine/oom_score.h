/* oom-score-adj: which process the kernel ends first when the machine runs out of memory. The server
 * should go after its own children, which can be started again. */
#ifndef ENGINE_OOM_SCORE_H
#define ENGINE_OOM_SCORE_H

#include "engine/feature.h"

/* In a child that writes a file: takes the score of such. */
void oom_score_enter_child(void);

extern const struct feature oom_score_feature;

#endif
