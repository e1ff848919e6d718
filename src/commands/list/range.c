/* Reading lists: LLEN LINDEX LRANGE LPOS. */
#include "commands/list/elements.h"
#include "commands/list/index_range.h"
#include "commands/list/list_commands.h"
#include "engine/arguments.h"
#include "engine/collection_access.h"

static void llen_command(struct call *call) {
    const struct entry *entry;
    if (!collection_read(call, call_key(call, 1), VALUE_LIST, &entry)) return;
    reply_integer(call, entry == NULL ? 0 : (int64_t)list_len(entry));
}

static void lindex_command(struct call *call) {
    const struct entry *entry;
    int64_t index;
    if (!collection_read(call, call_key(call, 1), VALUE_LIST, &entry)) return;
    if (entry == NULL) {
        reply_null(call);
        return;
    }
    if (!argument_i64(call, 2, &index)) return;
    struct list_position position = list_seek(entry, index);
    if (position.at == NULL)
        reply_null(call);
    else
        elements_reply_one(call, &position);
}

static void lrange_command(struct call *call) {
    const struct entry *entry;
    int64_t start, stop;
    struct index_range range;
    if (!argument_i64(call, 2, &start) || !argument_i64(call, 3, &stop)) return;
    if (!collection_read(call, call_key(call, 1), VALUE_LIST, &entry)) return;
    if (entry == NULL || !index_range_of(start, stop, list_len(entry), &range)) {
        reply_array(call, 0);
        return;
    }
    elements_reply(call, list_seek(entry, (int64_t)range.first), range.count, LIST_TAIL);
}

/* --- LPOS --- */

struct search {
    enum list_end from;
    uint64_t rank;    /* the first match to reply, from 1 */
    uint64_t count;   /* matches to reply */
    uint64_t max_len; /* elements to look at */
    bool has_count;   /* replies an array */
};

static bool read_rank(struct call *call, uint32_t index, struct search *search) {
    int64_t rank;
    if (!argument_i64(call, index, &rank)) return false;
    if (rank == INT64_MIN) {
        reply_error(call, "ERR value is out of range, value must between -9223372036854775807 and "
                          "9223372036854775807");
        return false;
    }
    if (rank == 0) {
        reply_error(
            call, "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second "
                  "... or use negative to start from the end of the list");
        return false;
    }
    search->from = rank > 0 ? LIST_HEAD : LIST_TAIL;
    search->rank = (uint64_t)(rank > 0 ? rank : -rank);
    return true;
}

/* A number of which 0 means no limit. */
static bool read_limit(struct call *call, uint32_t index, uint64_t *limit, const char *error) {
    int64_t read;
    if (!argument_i64_in(call, index, 0, INT64_MAX, &read, error)) return false;
    *limit = read == 0 ? UINT64_MAX : (uint64_t)read;
    return true;
}

static bool read_option(struct call *call, uint32_t index, struct search *search) {
    bool has_value = argument_has_next(call, index);
    if (argument_is(call, index, "rank") && has_value) return read_rank(call, index + 1, search);
    if (argument_is(call, index, "count") && has_value) {
        search->has_count = true;
        return read_limit(call, index + 1, &search->count, "ERR COUNT can't be negative");
    }
    if (argument_is(call, index, "maxlen") && has_value)
        return read_limit(call, index + 1, &search->max_len, "ERR MAXLEN can't be negative");
    reply_error_syntax(call);
    return false;
}

static bool read_search(struct call *call, struct search *search) {
    *search = (struct search){.from = LIST_HEAD, .rank = 1, .count = 1, .max_len = UINT64_MAX};
    for (uint32_t i = 3; i < call->argc; i += 2) {
        if (!read_option(call, i, search)) return false;
    }
    return elements_check_len(call, 2, 3);
}

/* Replies the index of each match that is wanted, one after the other; returns how many. */
static uint64_t reply_matches(struct call *call, const struct entry *entry,
                              const struct search *search) {
    struct packed_item item = packed_item_of(call->args[2]);
    struct list_position position = list_seek(entry, search->from == LIST_HEAD ? 0 : -1);
    size_t len = list_len(entry);
    uint64_t matches = 0, replied = 0;
    for (uint64_t seen = 0; seen < search->max_len && position.at != NULL; seen++) {
        if (packed_is(position.at, &item) && ++matches >= search->rank) {
            reply_integer(call, (int64_t)(search->from == LIST_HEAD ? seen : len - 1 - seen));
            if (++replied == search->count) break;
        }
        list_step(&position, elements_other_end(search->from));
    }
    return replied;
}

static void reply_all_matches(struct call *call, const struct entry *entry,
                              const struct search *search) {
    size_t mark = output_mark(call->output);
    char header[RESP_HEADER_MAX];
    uint64_t count = reply_matches(call, entry, search);
    output_insert(call->output, mark, header, (size_t)(resp_put_array(header, count) - header));
}

static void lpos_command(struct call *call) {
    const struct entry *entry;
    struct search search;
    if (!read_search(call, &search)) return;
    if (!collection_read(call, call_key(call, 1), VALUE_LIST, &entry)) return;
    if (search.has_count && entry == NULL)
        reply_array(call, 0);
    else if (search.has_count)
        reply_all_matches(call, entry, &search);
    else if (entry == NULL || reply_matches(call, entry, &search) == 0)
        reply_null(call);
}

static const struct command_row rows[] = {
    {
        .name = "llen",
        .handler = llen_command,
        .arity = 2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_LIST,
        .keys = {KEY_AT(1, "RO")},
        .summary = "Returns the length of a list.",
        .syntax = "key",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "list",
    },
    {
        .name = "lindex",
        .handler = lindex_command,
        .arity = 3,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_LIST,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns an element of a list by its index.",
        .syntax = "key index",
        .complexity = "O(N)",
        .since = "1.0.0",
        .group = "list",
    },
    {
        .name = "lrange",
        .handler = lrange_command,
        .arity = 4,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_LIST,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns a range of elements of a list.",
        .syntax = "key start stop",
        .complexity = "O(S+N)",
        .since = "1.0.0",
        .group = "list",
    },
    {
        .name = "lpos",
        .handler = lpos_command,
        .arity = -3,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_LIST,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns where in a list an element stands.",
        .syntax = "key element [RANK rank] [COUNT num-matches:integer] [MAXLEN len:integer]",
        .complexity = "O(N)",
        .since = "6.0.6",
        .group = "list",
    },
};

const struct command_list list_range_commands = COMMAND_LIST(rows);
