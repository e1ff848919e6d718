#include "engine/arguments.h"

#include "engine/engine.h"
#include "engine/reply.h"
#include "foundation/number.h"

bool argument_i64_or(struct call *call, uint32_t index, int64_t *value, const char *error) {
    if (number_parse_i64(call->args[index], value)) return true;
    reply_error(call, error);
    return false;
}

bool argument_i64(struct call *call, uint32_t index, int64_t *value) {
    return argument_i64_or(call, index, value, "ERR value is not an integer or out of range");
}

bool argument_i64_in(struct call *call, uint32_t index, int64_t min, int64_t max, int64_t *value,
                     const char *error) {
    int64_t read;
    if (error == NULL) {
        if (!argument_i64(call, index, &read)) return false;
        error = "ERR value is out of range";
    } else if (!argument_i64_or(call, index, &read, error)) {
        return false;
    }
    if (read < min || read > max) {
        reply_error(call, error);
        return false;
    }
    *value = read;
    return true;
}

bool argument_double(struct call *call, uint32_t index, double *value) {
    if (number_parse_double(call->args[index], value)) return true;
    reply_error_not_float(call);
    return false;
}

bool argument_long_double(struct call *call, uint32_t index, long double *value) {
    if (number_parse_long_double(call->args[index], value)) return true;
    reply_error_not_float(call);
    return false;
}

bool argument_db(struct call *call, uint32_t index, uint32_t *number) {
    int64_t value;
    if (!argument_i64(call, index, &value)) return false;
    if (value < INT32_MIN || value > INT32_MAX) {
        reply_error_printf(call, "ERR value is out of range, value must between %d and %d",
                           INT32_MIN, INT32_MAX);
        return false;
    }
    if (value < 0 || value >= call->engine->keyspace->db_count) {
        reply_error(call, "ERR DB index is out of range");
        return false;
    }
    *number = (uint32_t)value;
    return true;
}

static bool reject_due(struct call *call) {
    reply_error_printf(call, "ERR invalid expire time in '%s' command", call->command->full_name);
    return false;
}

bool argument_due(struct call *call, uint32_t index, enum due_unit unit, bool may_be_past,
                  int64_t *due_ms) {
    int64_t value;
    if (!argument_i64(call, index, &value)) return false;
    if (value <= 0 && !may_be_past) return reject_due(call);
    bool is_seconds = unit == DUE_SECONDS || unit == DUE_UNIX_SECONDS;
    bool is_relative = unit == DUE_SECONDS || unit == DUE_MS;
    if (is_seconds && !number_mul_i64(value, 1000, &value)) return reject_due(call);
    if (is_relative && !number_add_i64(value, call_now_ms(call), &value)) return reject_due(call);
    *due_ms = value > 0 ? value : 1;
    return true;
}

bool argument_is_due_unit(const struct call *call, uint32_t index, enum due_unit *unit) {
    static const struct {
        const char *word;
        enum due_unit unit;
    } units[] = {
        {"ex", DUE_SECONDS},
        {"px", DUE_MS},
        {"exat", DUE_UNIX_SECONDS},
        {"pxat", DUE_UNIX_MS},
    };
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (!argument_is(call, index, units[i].word)) continue;
        *unit = units[i].unit;
        return true;
    }
    return false;
}
