/* The commands of a server, found by name. */
#ifndef ENGINE_COMMAND_TABLE_H
#define ENGINE_COMMAND_TABLE_H

#include "engine/command.h"

#include <stddef.h>

struct command_table;

struct command_list {
    const struct command_row *rows;
    size_t count;
    const char
        *container; /* the rows are subcommands of this command, which is there; NULL: of none */
};

#define COMMAND_LIST(rows_array)                                                                   \
    { .rows = (rows_array), .count = ARRAY_LEN(rows_array) }
/* Subcommands that one folder adds to the container of another: CLIENT TRACKING. */
#define COMMAND_SUBLIST(container_name, rows_array)                                                \
    { .rows = (rows_array), .count = ARRAY_LEN(rows_array), .container = (container_name) }

struct command_table *command_table_new(void);
void command_table_free(struct command_table *table);
/* Adds the list's rows, which are borrowed for the table's life. A name twice, one of more than 23
 * bytes and a malformed syntax string are bugs. */
void command_table_add(struct command_table *table, const struct command_list *list);

/* The command of that name, any case; NULL when there is none. Cost: 3 ns for a name as long as the
 * one before, 10 when lengths change at random. */
struct command *command_table_find(const struct command_table *table, struct bytes name);
/* A container's subcommand; NULL when there is none. */
struct command *command_find_subcommand(const struct command *container, struct bytes name);
/* "name" or "container|sub" as COMMAND INFO takes them. */
struct command *command_table_find_full(const struct command_table *table, struct bytes name);

/* Every top-level command, in the order they were added. */
size_t command_table_count(const struct command_table *table);
struct command *command_table_at(const struct command_table *table, size_t index);

/* Clears the statistics of every command and subcommand. */
void command_table_reset_stats(struct command_table *table);

/* The name of a flag or category by its bit number as COMMAND INFO and ACL write it; NULL past the
 * last. */
const char *command_flag_name(unsigned bit);
const char *command_category_name(unsigned bit);

#endif
