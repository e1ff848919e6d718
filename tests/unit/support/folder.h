/* Files and folders of tests; the test fails when one cannot be read or written. */
#ifndef UNIT_SUPPORT_FOLDER_H
#define UNIT_SUPPORT_FOLDER_H

#include "foundation/buffer.h"

#include <stdbool.h>

bool folder_has(const char *path);
/* The whole content; the caller destroys it. */
struct buffer folder_read_file(const char *path);
void folder_write_file(const char *path, struct bytes content);
void folder_append_file(const char *path, struct bytes content);
/* Removes all that is in it but hidden files; without a folder nothing happens. */
void folder_empty(const char *path);
/* All but hidden files, into one that is there. */
void folder_copy(const char *from, const char *to);

#endif
