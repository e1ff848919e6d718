#include "engine/string_access.h"

#include "engine/network_settings.h"

bool string_access_check_len(struct call *call, uint64_t len) {
    if (LIKELY(len <= (uint64_t)network_settings()->max_bulk_bytes)) return true;
    reply_error(call, "ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    return false;
}

char *string_access_edit(struct call *call, struct key key, struct found *found, size_t min_len,
                         size_t *len) {
    char *data = string_edit(call->db, key, found, min_len, len);
    if (UNLIKELY(data == NULL))
        reply_error(call, "ERR insufficient memory for a string of that size");
    return data;
}
