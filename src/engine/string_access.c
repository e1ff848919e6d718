#include "engine/string_access.h"

#include "engine/network_settings.h"

bool string_access_check_len(struct call *call, uint64_t len) {
    if (LIKELY(len <= (uint64_t)network_settings()->max_bulk_bytes)) return true;
    reply_error(call, "ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    return false;
}
