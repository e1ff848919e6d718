#include "commands/list/index_range.h"

bool index_range_of(int64_t start, int64_t stop, size_t len, struct index_range *range) {
    int64_t count = (int64_t)len;
    if (start < 0) start += count;
    if (stop < 0) stop += count;
    if (start < 0) start = 0;
    if (stop >= count) stop = count - 1;
    if (start > stop) return false;
    *range = (struct index_range){(size_t)start, (size_t)(stop - start) + 1};
    return true;
}
