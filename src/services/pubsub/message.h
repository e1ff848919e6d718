/* A message and how subscribers see it:
 *
 *      channel          message   channel text
 *      pattern          pmessage  pattern channel text
 *      shard channel    smessage  channel text
 *
 * a push in RESP3, an array in RESP2. */
#ifndef SERVICES_PUBSUB_MESSAGE_H
#define SERVICES_PUBSUB_MESSAGE_H

#include "foundation/bytes.h"
#include "protocol/resp_writer.h"

#include <stddef.h>

enum topic_kind { TOPIC_CHANNEL, TOPIC_PATTERN, TOPIC_SHARD_CHANNEL, TOPIC_KINDS };

struct message {
    struct bytes channel;
    struct bytes text;
};

/* Room that message_write needs at most. */
size_t message_max_bytes(struct bytes pattern, struct message message);
/* Writes it as a subscriber of that kind gets it and returns the place behind it. `pattern` counts for
 * patterns alone. */
char *message_write(char *out, enum topic_kind kind, enum resp_version version,
                    struct bytes pattern, struct message message);

#endif
