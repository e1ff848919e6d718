/* Changing part of a string: APPEND and SETRANGE. */
#include "commands/string/string_commands.h"
#include "engine/arguments.h"
#include "engine/string_access.h"

static void append_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct bytes tail = call->args[2];
    struct found found;
    if (!string_access_find(call, key, &found)) return;
    size_t old_len = found.entry == NULL ? 0 : string_len(found.entry);
    if (!string_access_check_len(call, (uint64_t)old_len + tail.len)) return;
    size_t len = old_len + tail.len;
    if (found.entry == NULL) {
        string_store(call->db, key, &found, tail, 0);
    } else {
        char *data = string_access_edit(call, key, &found, len, &len);
        if (data == NULL) return;
        if (tail.len != 0) memcpy(data + old_len, tail.data, tail.len);
    }
    call_notify(call, KEY_EVENT_STRING, key.name, "append");
    reply_integer(call, (int64_t)len);
}

static void setrange_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct bytes patch = call->args[3];
    int64_t offset;
    if (!argument_i64(call, 2, &offset)) return;
    if (offset < 0) {
        reply_error(call, "ERR offset is out of range");
        return;
    }
    struct found found;
    if (!string_access_find(call, key, &found)) return;
    if (patch.len == 0) {
        reply_integer(call, found.entry == NULL ? 0 : (int64_t)string_len(found.entry));
        return;
    }
    if (!string_access_check_len(call, (uint64_t)offset + patch.len)) return;
    size_t len;
    char *data = string_access_edit(call, key, &found, (size_t)offset + patch.len, &len);
    if (data == NULL) return;
    memcpy(data + offset, patch.data, patch.len);
    call_notify(call, KEY_EVENT_STRING, key.name, "setrange");
    reply_integer(call, (int64_t)len);
}

static const struct command_row rows[] = {
    {
        .name = "append",
        .handler = append_command,
        .arity = 3,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_STRING,
        .keys = {KEY_AT(1, "RW insert")},
        .summary = "Adds bytes to the end of a string.",
        .syntax = "key value",
        .complexity = "O(1)",
        .since = "2.0.0",
        .group = "string",
    },
    {
        .name = "setrange",
        .handler = setrange_command,
        .arity = 4,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_STRING,
        .keys = {KEY_AT(1, "RW update")},
        .summary = "Overwrites a part of a string.",
        .syntax = "key offset value",
        .complexity = "O(1)",
        .since = "2.2.0",
        .group = "string",
    },
};

const struct command_list string_edit_commands = COMMAND_LIST(rows);
