#include "engine/error_stats.h"

#include <string.h>

/* What has no code of its own, or came after the table was full. */
static const struct bytes other_code = {.data = "OTHER", .len = 5};

static struct bytes code_of(struct bytes text) {
    size_t len = bytes_index(text, ' ');
    return len == 0 || len >= ERROR_CODE_MAX ? other_code : bytes_of(text.data, len);
}

static struct error_count *find_count(struct error_stats *stats, struct bytes code) {
    for (uint32_t i = 0; i < stats->code_count; i++) {
        if (bytes_equal(bytes_of_str(stats->counts[i].code), code)) return &stats->counts[i];
    }
    return NULL;
}

static struct error_count *add_count(struct error_stats *stats, struct bytes code) {
    if (stats->code_count == ERROR_STATS_MAX) return &stats->counts[ERROR_STATS_MAX - 1];
    struct error_count *count = &stats->counts[stats->code_count++];
    if (stats->code_count == ERROR_STATS_MAX) code = other_code;
    memcpy(count->code, code.data, code.len);
    return count;
}

void error_stats_note(struct error_stats *stats, struct bytes text) {
    struct bytes code = code_of(text);
    struct error_count *count = find_count(stats, code);
    if (count == NULL) count = add_count(stats, code);
    count->count++;
    stats->total++;
}

void error_stats_reset(struct error_stats *stats) {
    memset(stats, 0, sizeof(*stats));
}
