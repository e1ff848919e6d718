/* LCS: what two strings have in common, in order. */
#include "foundation/lcs.h"

#include "commands/string/string_commands.h"
#include "engine/arguments.h"
#include "engine/network_settings.h"
#include "engine/string_access.h"
#include "foundation/mem.h"

struct lcs_options {
    bool wants_len;
    bool wants_matches;
    bool wants_match_len;
    int64_t min_match_len;
};

static bool parse_lcs(struct call *call, struct lcs_options *options) {
    for (uint32_t i = 3; i < call->argc; i++) {
        if (argument_is(call, i, "len")) {
            options->wants_len = true;
        } else if (argument_is(call, i, "idx")) {
            options->wants_matches = true;
        } else if (argument_is(call, i, "withmatchlen")) {
            options->wants_match_len = true;
        } else if (argument_is(call, i, "minmatchlen") && argument_has_next(call, i)) {
            if (!argument_i64(call, ++i, &options->min_match_len)) return false;
            if (options->min_match_len < 0) options->min_match_len = 0;
        } else {
            reply_error_syntax(call);
            return false;
        }
    }
    if (!options->wants_len || !options->wants_matches) return true;
    reply_error(call, "ERR If you want both the length and indexes, please just use IDX.");
    return false;
}

static bool read_operand(struct call *call, uint32_t index, char *scratch, struct bytes *value) {
    const struct entry *entry = database_read(call->db, call_key(call, index));
    if (entry != NULL && entry->type != VALUE_STRING) {
        reply_error(call, "ERR The specified keys must contain string values");
        return false;
    }
    *value = entry == NULL ? BYTES("") : string_view(entry, scratch);
    return true;
}

static bool reject_memory(struct call *call) {
    reply_error(call, "ERR Insufficient memory, the strings are too long for LCS");
    return false;
}

static bool fits_memory(struct call *call, size_t needed_bytes) {
    return needed_bytes <= (uint64_t)network_settings()->max_bulk_bytes || reject_memory(call);
}

static void reply_range(struct call *call, size_t first, size_t last) {
    reply_array(call, 2);
    reply_integer(call, (int64_t)first);
    reply_integer(call, (int64_t)last);
}

static void reply_match(struct call *call, const struct lcs_match *match, bool wants_len) {
    reply_array(call, wants_len ? 3 : 2);
    reply_range(call, match->a_first, match->a_last);
    reply_range(call, match->b_first, match->b_last);
    if (wants_len) reply_integer(call, (int64_t)(match->a_last - match->a_first + 1));
}

/* The number of matches stands before them, so they are collected first. */
static void reply_matches(struct call *call, struct lcs *lcs, const struct lcs_options *options) {
    struct buffer matches = {0};
    struct lcs_match match;
    while (lcs_next_match(lcs, (size_t)options->min_match_len, &match))
        buffer_append(&matches, &match, sizeof(match));
    size_t count = matches.len / sizeof(match);
    reply_map(call, 2);
    reply_bulk_str(call, "matches");
    reply_array(call, count);
    for (size_t i = 0; i < count; i++) {
        memcpy(&match, matches.data + i * sizeof(match), sizeof(match));
        reply_match(call, &match, options->wants_match_len);
    }
    reply_bulk_str(call, "len");
    reply_integer(call, (int64_t)lcs->length);
    buffer_destroy(&matches);
}

static void reply_text(struct call *call, struct lcs *lcs) {
    char *text = mem_try_alloc(lcs->length);
    if (text == NULL) {
        (void)reject_memory(call);
        return;
    }
    lcs_write_text(lcs, text);
    reply_bulk(call, bytes_of(text, lcs->length));
    mem_free(text);
}

static void reply_length(struct call *call, struct bytes a, struct bytes b) {
    size_t length;
    if (!fits_memory(call, lcs_length_memory_bytes(a.len, b.len))) return;
    if (lcs_length(a, b, &length))
        reply_integer(call, (int64_t)length);
    else
        reject_memory(call);
}

static void lcs_command(struct call *call) {
    struct lcs_options options = {0};
    char a_scratch[STRING_SCRATCH], b_scratch[STRING_SCRATCH];
    struct bytes a, b;
    if (!read_operand(call, 1, a_scratch, &a) || !read_operand(call, 2, b_scratch, &b)) return;
    if (!parse_lcs(call, &options)) return;
    if (options.wants_len) {
        reply_length(call, a, b);
        return;
    }
    struct lcs lcs;
    if (!fits_memory(call, lcs_memory_bytes(a.len, b.len))) return;
    if (!lcs_open(&lcs, a, b)) {
        reject_memory(call);
        return;
    }
    if (options.wants_matches)
        reply_matches(call, &lcs, &options);
    else
        reply_text(call, &lcs);
    lcs_close(&lcs);
}

static const struct command_row rows[] = {
    {
        .name = "lcs",
        .handler = lcs_command,
        .arity = -3,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_STRING,
        .keys = {KEYS_AT(1, 2, "RO access")},
        .summary = "Finds the longest common subsequence of two strings.",
        .syntax = "key1 key2#0 [LEN] [IDX] [MINMATCHLEN min-match-len:integer] [WITHMATCHLEN]",
        .complexity = "O(N*M)",
        .since = "7.0.0",
        .group = "string",
    },
};

const struct command_list string_lcs_commands = COMMAND_LIST(rows);
