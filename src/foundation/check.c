#include "foundation/check.h"

#include <stdio.h>
#include <stdlib.h>

void check_failed(const char *condition, const char *file, int line) {
    fprintf(stderr, "\n=== CHECK FAILED ===\n%s:%d: '%s' is not true\n", file, line, condition);
    abort();
}
