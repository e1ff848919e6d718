/* COMMAND DOCS: what people read about a command, and its arguments as a tree. Clients make their
 * hints from it. Maps hold only what there is to say, so each is counted before it is written. */
#include "commands/server/command_replies.h"

#include "engine/reply.h"
#include "engine/syntax.h"

static void reply_text(struct call *call, const char *name, const char *text) {
    if (!text) return;
    reply_bulk_str(call, name);
    reply_bulk_str(call, text);
}

static bool is_group(const struct syntax_node *node) {
    return node->kind == SYNTAX_ONEOF || node->kind == SYNTAX_BLOCK;
}

static size_t count_argument_flags(const struct syntax_node *node) {
    return (size_t)node->is_optional + node->is_multiple + node->is_multiple_token;
}

static size_t count_argument_fields(const struct syntax_node *node) {
    /* Its name, its type, and what to display or the arguments within. */
    size_t count = 3;
    count += node->key_spec != SYNTAX_NO_KEY_SPEC;
    count += node->token != NULL;
    count += node->since != NULL;
    count += node->deprecated_since != NULL;
    count += count_argument_flags(node) > 0;
    return count;
}

static void reply_argument_flags(struct call *call, const struct syntax_node *node) {
    size_t count = count_argument_flags(node);
    if (count == 0) return;
    reply_bulk_str(call, "flags");
    reply_set(call, count);
    if (node->is_optional) reply_simple(call, "optional");
    if (node->is_multiple) reply_simple(call, "multiple");
    if (node->is_multiple_token) reply_simple(call, "multiple_token");
}

static void reply_arguments(struct call *call, const struct syntax_node *nodes, size_t count);

static void reply_argument(struct call *call, const struct syntax_node *node) {
    reply_map(call, count_argument_fields(node));
    reply_text(call, "name", node->name);
    reply_text(call, "type", syntax_kind_name(node->kind));
    if (!is_group(node))
        reply_text(call, "display_text", node->display ? node->display : node->name);
    if (node->key_spec != SYNTAX_NO_KEY_SPEC) {
        reply_bulk_str(call, "key_spec_index");
        reply_integer(call, node->key_spec);
    }
    reply_text(call, "token", node->token);
    reply_text(call, "since", node->since);
    reply_text(call, "deprecated_since", node->deprecated_since);
    reply_argument_flags(call, node);
    if (is_group(node)) reply_arguments(call, node->children, node->child_count);
}

static void reply_arguments(struct call *call, const struct syntax_node *nodes, size_t count) {
    reply_bulk_str(call, "arguments");
    reply_array(call, count);
    for (size_t i = 0; i < count; i++) reply_argument(call, &nodes[i]);
}

static void reply_syntax(struct call *call, const char *syntax) {
    if (!syntax) return;
    size_t count;
    struct syntax_node *nodes = syntax_parse(syntax, &count);
    reply_arguments(call, nodes, count);
    syntax_free(nodes, count);
}

static void reply_doc_flags(struct call *call, const struct command_row *row) {
    size_t count = (size_t)(row->deprecated_since != NULL) + row->is_system;
    if (count == 0) return;
    reply_bulk_str(call, "doc_flags");
    reply_set(call, count);
    if (row->deprecated_since) reply_simple(call, "deprecated");
    if (row->is_system) reply_simple(call, "syscmd");
}

static size_t count_fields(const struct command *command) {
    const struct command_row *row = command->row;
    size_t count = 3;
    count += row->complexity != NULL;
    count += row->deprecated_since || row->is_system;
    count += row->deprecated_since != NULL;
    count += row->replaced_by != NULL;
    count += row->syntax != NULL;
    count += command->subcommand_count > 0;
    return count;
}

static void reply_subcommands(struct call *call, const struct command *command) {
    uint32_t count = command->subcommand_count;
    if (count == 0) return;
    reply_bulk_str(call, "subcommands");
    reply_map(call, count);
    for (uint32_t i = 0; i < count; i++) {
        reply_bulk_str(call, command->subcommands[i]->full_name);
        command_reply_docs(call, command->subcommands[i]);
    }
}

void command_reply_docs(struct call *call, const struct command *command) {
    const struct command_row *row = command->row;
    reply_map(call, count_fields(command));
    reply_text(call, "summary", row->summary);
    reply_text(call, "since", row->since);
    reply_text(call, "group", row->group);
    reply_text(call, "complexity", row->complexity);
    reply_doc_flags(call, row);
    reply_text(call, "deprecated_since", row->deprecated_since);
    reply_text(call, "replaced_by", row->replaced_by);
    reply_syntax(call, row->syntax);
    reply_subcommands(call, command);
}
