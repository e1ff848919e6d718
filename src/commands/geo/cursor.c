#include "commands/geo/cursor.h"

#include "engine/reply.h"
#include "foundation/buffer.h"
#include "foundation/number.h"

static bool parse_number(struct bytes *rest, double *number) {
    struct bytes digits = {.data = rest->data, .len = bytes_index(*rest, ':')};
    if (digits.len == rest->len) return false;
    *rest = bytes_of(rest->data + digits.len + 1, rest->len - digits.len - 1);
    return number_parse_double(digits, number);
}

bool cursor_parse(struct bytes text, enum hits_order order, struct search_mark *mark,
                  bool *is_start) {
    *is_start = bytes_equal(text, BYTES("0"));
    if (*is_start) return true;
    if (!parse_number(&text, &mark->score)) return false;
    if (order != HITS_UNSORTED && !parse_number(&text, &mark->distance_m)) return false;
    mark->member = text;
    return true;
}

static void append_number(struct buffer *text, double number) {
    buffer_commit(text, number_format_double(buffer_room(text, NUMBER_DOUBLE_MAX_CHARS), number));
    buffer_append_char(text, ':');
}

void cursor_reply(struct call *call, const struct search *search, const struct hit *hit) {
    struct buffer text = {0};
    char scratch[PACKED_SCRATCH];
    append_number(&text, hit->score);
    if (search->order != HITS_UNSORTED) append_number(&text, hits_rank_distance(hit));
    buffer_append_bytes(&text, zset_place_member(search->entry, hit->place, scratch));
    reply_bulk(call, buffer_bytes(&text));
    buffer_destroy(&text);
}
