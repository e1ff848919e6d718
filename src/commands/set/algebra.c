/* Set algebra that returns or stores members: SINTER SUNION SDIFF and their …STORE forms.
 * Results go into the reply as they are found; only what is stored is made into a set. */
#include "data/types/set/set_algebra.h"

#include "commands/set/set_commands.h"
#include "commands/set/sources.h"
#include "engine/collection_access.h"

typedef void set_operation(const struct entry **sets, size_t count, set_visit_function *visit,
                           void *context);

/* --- replying --- */

struct listing {
    struct call *call;
    size_t count;
};

static bool reply_member(void *context, struct bytes member) {
    struct listing *listing = context;
    reply_bulk(listing->call, member);
    listing->count++;
    return true;
}

static void reply_result(struct call *call, set_operation *operate) {
    struct sources sources;
    if (!sources_read(call, 1, call->argc, &sources)) return;
    struct listing listing = {.call = call};
    size_t mark = reply_mark(call);
    operate(sources.sets, sources.count, reply_member, &listing);
    reply_insert_set(call, mark, listing.count);
    sources_free(&sources);
}

static void sinter_command(struct call *call) {
    reply_result(call, set_intersect);
}

static void sunion_command(struct call *call) {
    reply_result(call, set_unite);
}

static void sdiff_command(struct call *call) {
    reply_result(call, set_subtract);
}

/* --- storing --- */

static bool store_member(void *context, struct bytes member) {
    (void)set_builder_add(context, member);
    return true;
}

/* The largest set's length, which no union is smaller than. */
static size_t find_largest_len(const struct sources *sources) {
    size_t largest = 0;
    for (size_t i = 0; i < sources->count; i++) {
        size_t len = sources->sets[i] == NULL ? 0 : set_len(sources->sets[i]);
        if (len > largest) largest = len;
    }
    return largest;
}

/* Puts the result in the destination's place and tells its length. */
static void store_builder(struct call *call, struct set_builder *builder, const char *event) {
    struct key destination = call_key(call, 1);
    struct found found = database_find(call->db, destination);
    bool was_there = found.entry != NULL;
    size_t len = set_builder_len(builder);
    set_builder_store(builder, call->db, destination, &found);
    if (len != 0)
        call_notify(call, KEY_EVENT_SET, destination.name, event);
    else if (was_there)
        call_notify(call, KEY_EVENT_GENERIC, destination.name, "del");
    reply_integer(call, (int64_t)len);
}

static void store_result(struct call *call, set_operation *operate, const char *event) {
    struct sources sources;
    if (!sources_read(call, 2, call->argc, &sources)) return;
    struct set_builder *builder = set_builder_new();
    if (operate == set_unite) set_builder_reserve(builder, find_largest_len(&sources));
    operate(sources.sets, sources.count, store_member, builder);
    sources_free(&sources);
    store_builder(call, builder, event);
}

static void sinterstore_command(struct call *call) {
    store_result(call, set_intersect, "sinterstore");
}

static void sunionstore_command(struct call *call) {
    store_result(call, set_unite, "sunionstore");
}

static void sdiffstore_command(struct call *call) {
    store_result(call, set_subtract, "sdiffstore");
}

static const struct command_row rows[] = {
    {
        .name = "sinter",
        .handler = sinter_command,
        .arity = -2,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_SET,
        .keys = {KEYS_FROM(1, "RO access")},
        .tips = "nondeterministic_output_order",
        .summary = "Returns the members that several sets have in common.",
        .syntax = "key...",
        .complexity = "O(N*M)",
        .since = "1.0.0",
        .group = "set",
    },
    {
        .name = "sinterstore",
        .handler = sinterstore_command,
        .arity = -3,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_SET,
        .keys = {KEY_AT(1, "RW update"), KEYS_FROM(2, "RO access")},
        .summary = "Stores the members that several sets have in common.",
        .syntax = "destination key...",
        .complexity = "O(N*M)",
        .since = "1.0.0",
        .group = "set",
    },
    {
        .name = "sunion",
        .handler = sunion_command,
        .arity = -2,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_SET,
        .keys = {KEYS_FROM(1, "RO access")},
        .tips = "nondeterministic_output_order",
        .summary = "Returns the members of all sets together.",
        .syntax = "key...",
        .complexity = "O(N)",
        .since = "1.0.0",
        .group = "set",
    },
    {
        .name = "sunionstore",
        .handler = sunionstore_command,
        .arity = -3,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_SET,
        .keys = {KEY_AT(1, "OW update"), KEYS_FROM(2, "RO access")},
        .summary = "Stores the members of all sets together.",
        .syntax = "destination key...",
        .complexity = "O(N)",
        .since = "1.0.0",
        .group = "set",
    },
    {
        .name = "sdiff",
        .handler = sdiff_command,
        .arity = -2,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_SET,
        .keys = {KEYS_FROM(1, "RO access")},
        .tips = "nondeterministic_output_order",
        .summary = "Returns the members of a set that no other has.",
        .syntax = "key...",
        .complexity = "O(N)",
        .since = "1.0.0",
        .group = "set",
    },
    {
        .name = "sdiffstore",
        .handler = sdiffstore_command,
        .arity = -3,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_SET,
        .keys = {KEY_AT(1, "OW update"), KEYS_FROM(2, "RO access")},
        .summary = "Stores the members of a set that no other has.",
        .syntax = "destination key...",
        .complexity = "O(N)",
        .since = "1.0.0",
        .group = "set",
    },
};

const struct command_list set_algebra_commands = COMMAND_LIST(rows);
