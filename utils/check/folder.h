/* A folder of the log of writes: what its manifest names, in the order in which it is loaded. */
#ifndef CHECK_FOLDER_H
#define CHECK_FOLDER_H

#include "check/options.h"
#include "check/verdict.h"

#include <stdbool.h>

bool folder_is_one(const char *path);
/* Checks every file that would be loaded and reports each; repairs the last one at most. */
enum verdict folder_check(const char *path, const struct options *options);

/* Checks a file that stands alone, reports it and perhaps repairs it. */
enum verdict folder_check_file(const char *path, const struct options *options);

#endif
