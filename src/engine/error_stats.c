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

/* The last place is kept for what comes when the others are taken. */
static struct error_count *find_or_add_count(struct error_stats *stats, struct bytes code) {
    struct error_count *count = find_count(stats, code);
    if (count != NULL) return count;
    if (stats->code_count >= ERROR_STATS_MAX - 1) {
        code = other_code;
        count = find_count(stats, code);
        if (count != NULL) return count;
    }
    count = &stats->counts[stats->code_count++];
    memcpy(count->code, code.data, code.len);
    return count;
}

void error_stats_note(struct error_stats *stats, struct bytes text) {
    find_or_add_count(stats, code_of(text))->count++;
    stats->total++;
}

void error_stats_reset(struct error_stats *stats) {
    memset(stats, 0, sizeof(*stats));
}
