#include "commands/connection/client_text.h"

#include "engine/reply.h"

enum { SHOWN_MAX = 4096 };

bool is_client_text(struct bytes text) {
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '!' || text.data[i] > '~') return false;
    }
    return true;
}

bool check_client_name(struct call *call, struct bytes name) {
    if (is_client_text(name)) return true;
    reply_error(call, "ERR Client names cannot contain spaces, newlines or special characters.");
    return false;
}

int shown_len(struct bytes text) {
    return (int)(text.len < SHOWN_MAX ? text.len : SHOWN_MAX);
}
