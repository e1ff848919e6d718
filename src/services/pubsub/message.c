#include "services/pubsub/message.h"

static const char *const words[TOPIC_KINDS] = {"message", "pmessage", "smessage"};

enum { LARGEST_OVERHEAD = 6 * RESP_HEADER_MAX }; /* five headers, a word, line ends */

size_t message_max_bytes(struct bytes pattern, struct message message) {
    return LARGEST_OVERHEAD + pattern.len + message.channel.len + message.text.len;
}

char *message_write(char *out, enum topic_kind kind, enum resp_version version,
                    struct bytes pattern, struct message message) {
    bool has_pattern = kind == TOPIC_PATTERN;
    out = resp_put_push(out, version, has_pattern ? 4 : 3);
    out = resp_put_bulk(out, bytes_of_str(words[kind]));
    if (has_pattern) out = resp_put_bulk(out, pattern);
    out = resp_put_bulk(out, message.channel);
    return resp_put_bulk(out, message.text);
}
