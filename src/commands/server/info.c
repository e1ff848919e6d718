/* INFO: puts together the parts that features contribute. */
#include "commands/server/server_commands.h"
#include "engine/arguments.h"
#include "engine/engine.h"
#include "engine/reply.h"

/* Goes over the parts of all features, in their order. */
struct part_walk {
    const struct feature *const *feature;
    const struct info_part *next;
};

static struct part_walk walk_parts(const struct engine *engine) {
    const struct feature *const *first = engine->features;
    return (struct part_walk){.feature = first, .next = *first == NULL ? NULL : (*first)->info};
}

static const struct info_part *next_part(struct part_walk *walk) {
    while (*walk->feature != NULL) {
        if (walk->next != NULL && walk->next->section != NULL) return walk->next++;
        walk->feature++;
        if (*walk->feature != NULL) walk->next = (*walk->feature)->info;
    }
    return NULL;
}

static bool is_same_section(const struct info_part *a, const struct info_part *b) {
    return bytes_is_word(bytes_of_str(a->section), b->section);
}

static bool is_first_of_section(const struct engine *engine, const struct info_part *part) {
    struct part_walk walk = walk_parts(engine);
    const struct info_part *earlier = next_part(&walk);
    while (earlier != part && !is_same_section(earlier, part)) earlier = next_part(&walk);
    return earlier == part;
}

static void write_section(struct engine *engine, const struct info_part *first,
                          struct buffer *out) {
    if (out->len != 0) buffer_append_str(out, "\r\n");
    buffer_printf(out, "# %s\r\n", first->section);
    struct part_walk walk = walk_parts(engine);
    const struct info_part *part;
    while ((part = next_part(&walk)) != NULL) {
        if (is_same_section(part, first)) part->write(engine, out);
    }
}

static bool is_asked_for(const struct call *call, const struct info_part *part) {
    if (call->argc == 1) return !part->is_extra;
    for (uint32_t i = 1; i < call->argc; i++) {
        if (argument_is(call, i, "all") || argument_is(call, i, "everything")) return true;
        if (argument_is(call, i, "default") && !part->is_extra) return true;
        if (argument_is(call, i, part->section)) return true;
    }
    return false;
}

static void info_command(struct call *call) {
    struct buffer out = {0};
    struct part_walk walk = walk_parts(call->engine);
    const struct info_part *part;
    while ((part = next_part(&walk)) != NULL) {
        if (is_asked_for(call, part) && is_first_of_section(call->engine, part))
            write_section(call->engine, part, &out);
    }
    reply_verbatim(call, "txt", buffer_bytes(&out));
    buffer_destroy(&out);
}

static const struct command_row rows[] = {
    {
        .name = "info",
        .handler = info_command,
        .arity = -1,
        .flags = COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_DANGEROUS,
        .tips = "nondeterministic_output request_policy:all_shards response_policy:special",
        .summary = "Returns facts and figures about the server.",
        .syntax = "[section...]",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "server",
    },
};

const struct command_list server_info_commands = COMMAND_LIST(rows);
