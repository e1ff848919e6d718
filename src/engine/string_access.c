#include "engine/string_access.h"

#include "engine/network_settings.h"
#include "foundation/number.h"

bool string_access_check_len(struct call *call, uint64_t len) {
    if (LIKELY(len <= (uint64_t)network_settings()->max_bulk_bytes)) return true;
    reply_error(call, "ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    return false;
}

bool string_access_long_double(struct call *call, const struct entry *entry, long double *value) {
    *value = 0;
    if (entry == NULL) return true;
    char scratch[STRING_SCRATCH];
    if (number_parse_long_double(string_view(entry, scratch), value)) return true;
    reply_error_not_float(call);
    return false;
}

void string_access_refuse_len(struct call *call) {
    reply_error(call, "ERR insufficient memory for a string of that size");
}

char *string_access_edit(struct call *call, struct key key, struct found *found, size_t min_len,
                         size_t *len) {
    char *data = string_edit(call->db, key, found, min_len, len);
    if (UNLIKELY(data == NULL)) string_access_refuse_len(call);
    return data;
}
