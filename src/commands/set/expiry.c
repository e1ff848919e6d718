/* SADDEX: members with a due time of their own. */
#include "commands/set/set_commands.h"
#include "data/member_expiry.h"
#include "data/types/set/set.h"
#include "engine/arguments.h"
#include "engine/collection_access.h"
#include "engine/effects.h"
#include "foundation/mem.h"

struct saddex {
    bool is_keep_ttl; /* members that are there stay as they are */
    int64_t due_ms;
    const struct bytes *members;
    size_t count;
};

static bool parse_saddex(struct call *call, struct saddex *saddex) {
    uint32_t index = 2;
    saddex->is_keep_ttl = argument_is(call, index, "keepttl");
    if (saddex->is_keep_ttl) index++;
    if (!argument_has_next(call, index)) {
        reply_error_arity(call);
        return false;
    }
    saddex->members = call->args + index + 1;
    saddex->count = call->argc - index - 1;
    return argument_due(call, index, DUE_SECONDS, false, &saddex->due_ms);
}

static COLD void tell_addition(struct call *call, const struct saddex *saddex) {
    call_effect_open(call, BYTES("SADD"), call->args[1]);
    for (size_t i = 0; i < saddex->count; i++) call_effect_add(call, saddex->members[i]);
    call_effect_close(call);
    for (size_t i = 0; i < saddex->count; i++) {
        call_effect_open(call, BYTES("PEXPIREMEMBERAT"), call->args[1]);
        call_effect_add(call, saddex->members[i]);
        call_effect_add_number(call, saddex->due_ms);
        call_effect_close(call);
    }
}

static void add_with_due(struct call *call, struct key key, struct found *found,
                         const struct saddex *saddex) {
    size_t added = 0;
    if (saddex->count != 0) {
        added = set_add(call->db, key, found, saddex->members, saddex->count);
        for (size_t i = 0; i < saddex->count; i++)
            set_set_due(call->db, found, saddex->members[i], saddex->due_ms);
        member_expiry_update(call->db, key, found->entry);
        if (added != 0) call_notify(call, KEY_EVENT_SET, key.name, "sadd");
        call_notify(call, KEY_EVENT_SET, key.name, "sexpire");
        if (effects_are_wanted(call)) tell_addition(call, saddex);
    }
    reply_integer(call, (int64_t)added);
}

/* Leaves the members out that the set has. */
static void add_absent_with_due(struct call *call, struct key key, struct found *found,
                                struct saddex *saddex) {
    struct bytes *absent = mem_alloc_array(saddex->count, sizeof(*absent));
    size_t count = 0;
    for (size_t i = 0; i < saddex->count; i++)
        if (!set_has(found->entry, saddex->members[i])) absent[count++] = saddex->members[i];
    saddex->members = absent;
    saddex->count = count;
    add_with_due(call, key, found, saddex);
    mem_free(absent);
}

static void saddex_command(struct call *call) {
    struct key key = call_key(call, 1);
    struct saddex saddex;
    struct found found;
    if (!parse_saddex(call, &saddex) || !collection_find(call, key, VALUE_SET, &found)) return;
    if (saddex.is_keep_ttl && found.entry != NULL)
        add_absent_with_due(call, key, &found, &saddex);
    else
        add_with_due(call, key, &found, &saddex);
}

static const struct command_row rows[] = {
    {
        .name = "saddex",
        .handler = saddex_command,
        .arity = -4,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_FAST,
        .categories = CATEGORY_SET,
        .keys = {KEY_AT(1, "RW insert update")},
        .summary = "Adds members to a set that expire after seconds.",
        .syntax = "key [KEEPTTL] seconds member...",
        .complexity = "O(N)",
        .since = "8.0.0",
        .group = "set",
    },
};

const struct command_list set_expiry_commands = COMMAND_LIST(rows);
