/* COMMAND and its subcommands: what clients ask about commands, answered from the rows. */
#include "commands/server/command_replies.h"
#include "commands/server/server_commands.h"

#include "engine/arguments.h"
#include "engine/command_keys.h"
#include "engine/engine.h"
#include "engine/renames.h"
#include "engine/reply.h"
#include "foundation/buffer.h"
#include "foundation/glob.h"
#include "foundation/mem.h"

static void reply_all_info(struct call *call) {
    const struct command_table *table = call->engine->commands;
    size_t count = command_table_count(table);
    reply_array(call, count);
    for (size_t i = 0; i < count; i++) command_reply_info(call, command_table_at(table, i));
}

static void command_command(struct call *call) {
    reply_all_info(call);
}

static void command_count_command(struct call *call) {
    reply_integer(call, (int64_t)command_table_count(call->engine->commands));
}

static void command_info_command(struct call *call) {
    if (call->argc == 2) {
        reply_all_info(call);
        return;
    }
    reply_array(call, call->argc - 2);
    for (uint32_t i = 2; i < call->argc; i++) {
        const struct command *command = renames_find_full(call->engine, call->args[i]);
        if (command) {
            command_reply_info(call, command);
        } else {
            reply_null(call);
        }
    }
}

static void reply_named_docs(struct call *call, const struct command *command) {
    reply_bulk_str(call, command->full_name);
    command_reply_docs(call, command);
}

static void reply_all_docs(struct call *call) {
    const struct command_table *table = call->engine->commands;
    size_t count = command_table_count(table);
    reply_map(call, count);
    for (size_t i = 0; i < count; i++) reply_named_docs(call, command_table_at(table, i));
}

static void command_docs_command(struct call *call) {
    if (call->argc == 2) {
        reply_all_docs(call);
        return;
    }
    size_t count = 0;
    for (uint32_t i = 2; i < call->argc; i++) {
        count += renames_find_full(call->engine, call->args[i]) != NULL;
    }
    reply_map(call, count);
    for (uint32_t i = 2; i < call->argc; i++) {
        const struct command *command = renames_find_full(call->engine, call->args[i]);
        if (command) reply_named_docs(call, command);
    }
}

/* Which commands COMMAND LIST shows. */
struct filter {
    enum { FILTER_NONE, FILTER_CATEGORY, FILTER_PATTERN, FILTER_NOTHING } kind;
    uint32_t category;
    struct bytes pattern;
};

static uint32_t find_category(struct bytes name) {
    for (unsigned bit = 0; command_category_name(bit); bit++) {
        if (bytes_is_word(name, command_category_name(bit))) return 1u << bit;
    }
    return 0;
}

static bool read_filter(struct call *call, struct filter *filter) {
    *filter = (struct filter){.kind = FILTER_NONE};
    if (call->argc == 2) return true;
    if (call->argc != 5 || !argument_is(call, 2, "filterby")) return false;
    if (argument_is(call, 3, "module")) {
        /* No command comes from a module. */
        filter->kind = FILTER_NOTHING;
    } else if (argument_is(call, 3, "aclcat")) {
        filter->kind = FILTER_CATEGORY;
        filter->category = find_category(call->args[4]);
    } else if (argument_is(call, 3, "pattern")) {
        filter->kind = FILTER_PATTERN;
        filter->pattern = call->args[4];
    } else {
        return false;
    }
    return true;
}

static bool is_shown(const struct filter *filter, const struct command *command) {
    switch (filter->kind) {
    case FILTER_NONE: return true;
    case FILTER_CATEGORY: return (command->categories & filter->category) != 0;
    case FILTER_PATTERN:
        return glob_match_nocase(filter->pattern, bytes_of_str(command->full_name));
    case FILTER_NOTHING: return false;
    }
    UNREACHABLE();
}

/* Counts the command and its subcommands that are shown, and writes their names when asked to. */
static size_t list_names(struct call *call, const struct filter *filter,
                         const struct command *command, bool is_writing) {
    size_t count = is_shown(filter, command);
    if (count > 0 && is_writing) reply_bulk_str(call, command->full_name);
    for (uint32_t i = 0; i < command->subcommand_count; i++) {
        count += list_names(call, filter, command->subcommands[i], is_writing);
    }
    return count;
}

static size_t list_all_names(struct call *call, const struct filter *filter, bool is_writing) {
    const struct command_table *table = call->engine->commands;
    size_t count = 0;
    for (size_t i = 0; i < command_table_count(table); i++) {
        count += list_names(call, filter, command_table_at(table, i), is_writing);
    }
    return count;
}

static void command_list_command(struct call *call) {
    struct filter filter;
    if (!read_filter(call, &filter)) {
        reply_error_syntax(call);
        return;
    }
    reply_array(call, list_all_names(call, &filter, false));
    list_all_names(call, &filter, true);
}

/* The command that the arguments from the third on would run; answers the error when they are no
 * call of a command with keys. */
static const struct command *find_called_command(struct call *call) {
    const struct bytes *args = call->args + 2;
    uint32_t argc = call->argc - 2;
    const struct command *command = renames_find_full(call->engine, args[0]);
    if (command && command->subcommand_count > 0 && argc > 1) {
        const struct command *subcommand = command_find_subcommand(command, args[1]);
        command = subcommand;
    }
    if (!command) {
        reply_error(call, "ERR Invalid command specified");
    } else if (!command_has_keys(command)) {
        reply_error(call, "ERR The command has no key arguments");
    } else if (!command_accepts(command, argc)) {
        reply_error(call, "ERR Invalid number of arguments specified for command");
    } else {
        return command;
    }
    return NULL;
}

static void reply_keys(struct call *call, const struct key_position *positions, size_t count,
                       bool is_with_flags) {
    reply_array(call, count);
    for (size_t i = 0; i < count; i++) {
        if (is_with_flags) reply_array(call, 2);
        reply_bulk(call, call->args[2 + positions[i].index]);
        if (is_with_flags) command_reply_words(call, positions[i].flags);
    }
}

static void get_keys(struct call *call, bool is_with_flags) {
    const struct command *command = find_called_command(call);
    if (!command) return;
    uint32_t argc = call->argc - 2;
    struct key_position *positions = mem_alloc_array(argc, sizeof *positions);
    int64_t count = command_find_keys(command, call->args + 2, argc, positions, argc);
    if (count <= 0 && !(command->flags & COMMAND_NO_MANDATORY_KEYS)) {
        reply_error(call, "ERR Invalid arguments specified for command");
    } else {
        reply_keys(call, positions, count < 0 ? 0 : (size_t)count, is_with_flags);
    }
    mem_free(positions);
}

static void command_getkeys_command(struct call *call) {
    get_keys(call, false);
}

static void command_getkeysandflags_command(struct call *call) {
    get_keys(call, true);
}

static void command_help_command(struct call *call) {
    static const char *const lines[] = {
        "(no subcommand)",
        "    Return details about all commands.",
        "COUNT",
        "    Return the total number of commands in this server.",
        "LIST [FILTERBY (MODULE <name> | ACLCAT <category> | PATTERN <pattern>)]",
        "    Return the names of all commands, or of those that the filter lets through.",
        "INFO [<command-name> ...]",
        "    Return details about commands; about all when no name is given.",
        "DOCS [<command-name> ...]",
        "    Return documentation of commands; of all when no name is given.",
        "GETKEYS <full-command>",
        "    Return the keys from a full command.",
        "GETKEYSANDFLAGS <full-command>",
        "    Return the keys and the access flags from a full command.",
        NULL,
    };
    reply_help(call, lines);
}

static const struct command_row command_subcommands[] = {
    {
        .name = "count",
        .handler = command_count_command,
        .arity = 2,
        .flags = COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .summary = "Counts the commands.",
        .complexity = "O(1)",
        .since = "2.8.13",
        .group = "server",
    },
    {
        .name = "docs",
        .handler = command_docs_command,
        .arity = -2,
        .flags = COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .tips = "nondeterministic_output_order",
        .summary = "Returns documentation of commands.",
        .syntax = "[command-name...]",
        .complexity = "O(N)",
        .since = "7.0.0",
        .group = "server",
    },
    {
        .name = "getkeys",
        .handler = command_getkeys_command,
        .arity = -4,
        .flags = COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .summary = "Finds the keys among the arguments of a command.",
        .syntax = "command [arg...]",
        .complexity = "O(N)",
        .since = "2.8.13",
        .group = "server",
    },
    {
        .name = "getkeysandflags",
        .handler = command_getkeysandflags_command,
        .arity = -4,
        .flags = COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .summary = "Finds the keys among the arguments of a command and what is done to them.",
        .syntax = "command [arg...]",
        .complexity = "O(N)",
        .since = "7.0.0",
        .group = "server",
    },
    {
        .name = "help",
        .handler = command_help_command,
        .arity = 2,
        .flags = COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .summary = "Lists the subcommands.",
        .complexity = "O(1)",
        .since = "5.0.0",
        .group = "server",
    },
    {
        .name = "info",
        .handler = command_info_command,
        .arity = -2,
        .flags = COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .tips = "nondeterministic_output_order",
        .summary = "Describes commands.",
        .syntax = "[command-name...]",
        .complexity = "O(N)",
        .since = "2.8.13",
        .group = "server",
    },
    {
        .name = "list",
        .handler = command_list_command,
        .arity = -2,
        .flags = COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .tips = "nondeterministic_output_order",
        .summary = "Lists the names of commands.",
        .syntax = "[FILTERBY filterby(MODULE module-name | ACLCAT category | PATTERN pattern)]",
        .complexity = "O(N)",
        .since = "7.0.0",
        .group = "server",
    },
};

static const struct command_row rows[] = {
    {
        .name = "command",
        .handler = command_command,
        .arity = -1,
        .flags = COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .subcommands = command_subcommands,
        .subcommand_count = ARRAY_LEN(command_subcommands),
        .tips = "nondeterministic_output_order",
        .summary = "Describes every command.",
        .complexity = "O(N)",
        .since = "2.8.13",
        .group = "server",
    },
};

const struct command_list command_commands = COMMAND_LIST(rows);
