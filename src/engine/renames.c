#include "engine/renames.h"

#include "engine/engine.h"
#include "foundation/mem.h"

#include <stdio.h>

struct rename {
    char *name;              /* the command's own */
    char *alias;             /* the name that clients know; empty: none */
    struct command *command; /* NULL before the start */
    struct rename *next;
};

static struct rename *renames;

struct command *renames_find(struct bytes name) {
    for (const struct rename *rename = renames; rename != NULL; rename = rename->next) {
        if (rename->alias[0] != '\0' && bytes_is_word(name, rename->alias)) return rename->command;
    }
    return NULL;
}

static struct command *find_known(const struct engine *engine, struct bytes name) {
    struct command *command = command_table_find(engine->commands, name);
    return command == NULL || command->is_renamed ? renames_find(name) : command;
}

struct command *renames_find_full(const struct engine *engine, struct bytes name) {
    size_t bar = bytes_index(name, '|');
    struct command *command = find_known(engine, bytes_of(name.data, bar));
    if (bar == name.len || command == NULL) return command;
    return command_find_subcommand(command, bytes_of(name.data + bar + 1, name.len - bar - 1));
}

/* The lines of a file in their order. */
static bool parse_rename(const struct directive_args *args, struct buffer *error) {
    if (args->count != 2) {
        buffer_append_str(error, "wrong number of arguments");
        return false;
    }
    struct rename *rename = mem_alloc_zeroed(sizeof(*rename));
    rename->name = mem_dup(args->items[0].data, args->items[0].len);
    rename->alias = mem_dup(args->items[1].data, args->items[1].len);
    for (char *at = rename->alias; *at != '\0'; at++) {
        if (*at >= 'A' && *at <= 'Z') *at = (char)(*at - 'A' + 'a');
    }
    struct rename **end = &renames;
    while (*end != NULL) end = &(*end)->next;
    *end = rename;
    return true;
}

static bool is_taken(const struct engine *engine, const char *alias) {
    struct bytes name = bytes_of_str(alias);
    const struct command *command = command_table_find(engine->commands, name);
    return (command != NULL && !command->is_renamed) || renames_find(name) != NULL;
}

static bool apply_rename(const struct engine *engine, struct rename *rename, char *error) {
    struct command *command = command_table_find(engine->commands, bytes_of_str(rename->name));
    if (command == NULL || command->is_renamed) {
        snprintf(error, FEATURE_ERROR_MAX, "rename-command: no such command: '%s'", rename->name);
        return false;
    }
    if (bytes_is_word(bytes_of_str(rename->name), rename->alias)) return true;
    if (rename->alias[0] != '\0' && is_taken(engine, rename->alias)) {
        snprintf(error, FEATURE_ERROR_MAX, "rename-command: there is a command '%s' already",
                 rename->alias);
        return false;
    }
    command->is_renamed = true;
    rename->command = command;
    return true;
}

static bool start_renames(struct engine *engine, char *error) {
    for (struct rename *rename = renames; rename != NULL; rename = rename->next)
        if (!apply_rename(engine, rename, error)) return false;
    return true;
}

static void stop_renames(struct engine *engine) {
    (void)engine;
    while (renames != NULL) {
        struct rename *rename = renames;
        renames = rename->next;
        mem_free(rename->name);
        mem_free(rename->alias);
        mem_free(rename);
    }
}

static const struct directive directives[] = {
    {.name = "rename-command",
     .kind = DIRECTIVE_SPECIAL,
     .flags = DIRECTIVE_FILE_ONLY,
     .parse = parse_rename},
};

const struct feature renames_feature = {
    .name = "renames",
    .directives = directives,
    .directive_count = ARRAY_LEN(directives),
    .start = start_renames,
    .stop = stop_renames,
};
