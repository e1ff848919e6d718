/* Set algebra that only counts: SINTERCARD SUNIONCARD SDIFFCARD. With a limit the count ends
 * there. */
#include "commands/set/set_commands.h"
#include "commands/set/sources.h"
#include "data/types/set/set_algebra.h"
#include "engine/arguments.h"
#include "engine/collection_access.h"

enum { NUMKEYS = 1, FIRST_KEY = 2 };

struct card_options {
    uint32_t end; /* the argument behind the last key */
    int64_t limit;
    bool is_approx;
};

static bool parse_keys(struct call *call, struct card_options *options) {
    int64_t count;
    if (!argument_i64_in(call, NUMKEYS, 1, INT64_MAX, &count,
                         "ERR numkeys should be greater than 0"))
        return false;
    if (count > (int64_t)call->argc - FIRST_KEY) {
        reply_error(call, "ERR Number of keys can't be greater than number of args");
        return false;
    }
    options->end = FIRST_KEY + (uint32_t)count;
    return true;
}

static bool parse_options(struct call *call, bool takes_approx, struct card_options *options) {
    *options = (struct card_options){0};
    if (!parse_keys(call, options)) return false;
    for (uint32_t i = options->end; i < call->argc; i++) {
        if (takes_approx && argument_is(call, i, "approx")) {
            options->is_approx = true;
        } else if (argument_is(call, i, "limit") && argument_has_next(call, i)) {
            i++;
            if (!argument_i64_in(call, i, 0, INT64_MAX, &options->limit,
                                 "ERR LIMIT can't be negative"))
                return false;
        } else {
            reply_error_syntax(call);
            return false;
        }
    }
    return true;
}

static uint64_t count_about(const struct sources *sources, uint64_t limit) {
    uint64_t count = set_estimate_union(sources->sets, sources->count);
    return limit != 0 && count > limit ? limit : count;
}

typedef uint64_t set_counter(const struct entry **sets, size_t count, uint64_t limit);

static void reply_count(struct call *call, set_counter *count_members, bool takes_approx) {
    struct card_options options;
    struct sources sources;
    if (!parse_options(call, takes_approx, &options) ||
        !sources_read(call, FIRST_KEY, options.end, &sources))
        return;
    uint64_t limit = (uint64_t)options.limit;
    uint64_t count = options.is_approx ? count_about(&sources, limit)
                                       : count_members(sources.sets, sources.count, limit);
    reply_integer(call, (int64_t)count);
    sources_free(&sources);
}

static void sintercard_command(struct call *call) {
    reply_count(call, set_count_intersection, false);
}

static void sunioncard_command(struct call *call) {
    reply_count(call, set_count_union, true);
}

static void sdiffcard_command(struct call *call) {
    reply_count(call, set_count_difference, false);
}

static const struct command_row rows[] = {
    {
        .name = "sintercard",
        .handler = sintercard_command,
        .arity = -3,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_SET,
        .keys = {KEYS_COUNTED(1, "RO access")},
        .summary = "Counts the members that several sets have in common.",
        .syntax = "numkeys key... [LIMIT limit]",
        .complexity = "O(N*M)",
        .since = "7.0.0",
        .group = "set",
    },
    {
        .name = "sunioncard",
        .handler = sunioncard_command,
        .arity = -3,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_SET,
        .keys = {KEYS_COUNTED(1, "RO access")},
        .summary = "Counts the members of all sets together, exactly or about.",
        .syntax = "numkeys key... [APPROX] [LIMIT limit]",
        .complexity = "O(N)",
        .since = "8.10.0",
        .group = "set",
    },
    {
        .name = "sdiffcard",
        .handler = sdiffcard_command,
        .arity = -3,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_SET,
        .keys = {KEYS_COUNTED(1, "RO access")},
        .summary = "Counts the members of a set that no other has.",
        .syntax = "numkeys key... [LIMIT limit]",
        .complexity = "O(N)",
        .since = "8.10.0",
        .group = "set",
    },
};

const struct command_list set_card_commands = COMMAND_LIST(rows);
