#include "unit/support/random_request.h"

#include "engine/command.h"
#include "engine/syntax.h"
#include "foundation/mem.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_COMMANDS = 512, MAX_REPEATS = 4, MANY_REPEATS = 12, KEYS_OF_GROUP = 4, MEMBERS = 40 };

struct item {
    const struct command_row *row;
    struct syntax_node *nodes;
    size_t node_count;
};

static struct {
    struct item items[MAX_COMMANDS];
    size_t count;
    uint64_t state;
    int64_t now_ms;
    const struct item *item; /* being written */
    size_t repeats;          /* that a count before has announced; 0: none */
} generator;

/* --- chance --- */

void random_request_seed(uint64_t seed) {
    generator.state = seed * 2654435769U + 1;
}

uint64_t random_request_draw(uint64_t below) {
    generator.state ^= generator.state << 13;
    generator.state ^= generator.state >> 7;
    generator.state ^= generator.state << 17;
    return (generator.state >> 11) % below;
}

static uint64_t draw(uint64_t below) {
    return random_request_draw(below);
}

static bool happens(unsigned percent) {
    return draw(100) < percent;
}

static size_t draw_few(void) {
    return 1 + (size_t)draw(happens(15) ? MANY_REPEATS : MAX_REPEATS);
}

#define PICK(array) ((array)[draw(ARRAY_LEN(array))])

/* --- the commands --- */

/* What concerns connections, or takes long and changes nothing. */
static bool is_left_out(const struct command_row *row) {
    static const char *const names[] = {"keys",  "lcs",     "watch",     "unwatch",
                                        "exec",  "multi",   "discard",   "object",
                                        "debug", "restore", "randomkey", "memory"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(row->name, names[i]) == 0) return true;
    return (row->flags & (COMMAND_WRITE | COMMAND_READONLY)) == 0 || row->subcommand_count != 0;
}

static void add_item(const struct command_row *row) {
    if (is_left_out(row)) return;
    CHECK(generator.count < MAX_COMMANDS);
    struct item *item = &generator.items[generator.count++];
    *item = (struct item){.row = row};
    item->nodes = syntax_parse(row->syntax, &item->node_count);
}

void random_request_start(const struct feature *const *features) {
    for (; *features != NULL; features++) {
        const struct command_list *const *list = (*features)->commands;
        for (; list != NULL && *list != NULL; list++)
            for (size_t i = 0; i < (*list)->count; i++) add_item(&(*list)->rows[i]);
    }
}

void random_request_stop(void) {
    for (size_t i = 0; i < generator.count; i++)
        syntax_free(generator.items[i].nodes, generator.items[i].node_count);
    generator.count = 0;
}

/* Reads come less often than writes; what empties everything or serves other servers seldom. */
static bool is_passed_over(const struct command_row *row) {
    bool is_sweeping = (row->flags & COMMAND_WRITE) != 0 && row->keys[0].flags == NULL;
    bool is_reading = (row->flags & COMMAND_READONLY) != 0;
    return (is_sweeping && !happens(3)) || (is_reading && !happens(20));
}

static const struct item *draw_item(void) {
    const struct item *item;
    do item = &generator.items[draw(generator.count)];
    while (is_passed_over(item->row));
    return item;
}

/* --- values --- */

static const char *const groups[] = {"string", "bitmap",     "hyperloglog", "list",
                                     "hash",   "sorted-set", "set",         "geo"};

static void append_key(const char *group, struct buffer *out) {
    bool is_of_group = strcmp(group, "generic") != 0 && !happens(3);
    const char *prefix = is_of_group ? group : PICK(groups);
    buffer_printf(out, "%.4s:%u", prefix, (unsigned)draw(KEYS_OF_GROUP));
}

struct bytes random_request_key(void) {
    static struct buffer key;
    buffer_clear(&key);
    append_key("generic", &key);
    return buffer_bytes(&key);
}

/* Small numbers, seldom the ends of the range. */
static void append_integer(const char *name, struct buffer *out) {
    static const int64_t extremes[] = {INT64_MAX, INT64_MIN, -1, 4096, 1 << 20};
    bool is_span = strcmp(name, "seconds") == 0 || strcmp(name, "delay") == 0;
    if (is_span && !happens(5))
        buffer_append_i64(out, (int64_t)draw(5));
    else if (strcmp(name, "milliseconds") == 0 && !happens(5))
        buffer_append_i64(out, (int64_t)draw(4000));
    else if (happens(3) && strcmp(name, "offset") != 0)
        buffer_append_i64(out, PICK(extremes));
    else
        buffer_append_i64(out, (int64_t)draw(14) - (happens(30) ? 7 : 0));
}

static void append_count(struct buffer *out) {
    generator.repeats = draw_few();
    buffer_append_i64(out, (int64_t)generator.repeats + (happens(3) ? 1 : 0));
}

static void append_double(const char *name, struct buffer *out) {
    static const char *const doubles[] = {"0",   "1.5", "-2.25", "1e3", "inf",
                                          "0.1", "3",   "7",     "1e-5"};
    if (strcmp(name, "timeout") == 0)
        buffer_append_str(out, happens(20) ? "0" : "0.5");
    else if (strcmp(name, "longitude") == 0 || strcmp(name, "latitude") == 0)
        buffer_printf(out, "%d.%u", (int)draw(20) - 10, (unsigned)draw(100000));
    else if (strcmp(name, "score") == 0 && happens(30))
        buffer_append_i64(out, generator.now_ms + (int64_t)draw(4000) - 1000);
    else
        buffer_append_str(out, PICK(doubles));
}

static void append_member(struct buffer *out) {
    unsigned number = (unsigned)draw(MEMBERS);
    buffer_printf(out, happens(20) ? "%u" : "member%u", number);
}

static bool is_by_lex(const char *command_name) {
    size_t len = strlen(command_name);
    return len > 3 && strcmp(command_name + len - 3, "lex") == 0;
}

static bool append_by_name(const char *name, struct buffer *out) {
    static const struct {
        const char *name;
        const char *texts[6];
    } known[] = {
        {"min", {"-inf", "0", "-", "[m", "(1", "-inf"}},
        {"max", {"+inf", "NOW", "+", "[member3", "5", "NOW"}},
        {"start", {"-", "0", "-", "[a", "1", "0"}},
        {"stop", {"+", "-1", "+", "[z", "10", "-1"}},
        {"encoding", {"u8", "i5", "u16", "i64", "u1", "i8"}},
        {"subcommand", {"todense", "getreg", "encoding", "todense", "decode", "todense"}},
        {"cursor", {"0", "0", "0", "1", "0", "0"}},
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (strcmp(known[i].name, name) != 0) continue;
        if (i < 2 && is_by_lex(generator.item->row->name))
            buffer_append_str(out, known[i].texts[2 + draw(2)]);
        else
            buffer_append_str(out, PICK(known[i].texts));
        return true;
    }
    return false;
}

static void append_long(struct buffer *out) {
    size_t len = 50 + draw(2000);
    memset(buffer_room(out, len), 'x', len);
    buffer_commit(out, len);
}

static void append_text(const char *name, struct buffer *out) {
    static const char *const texts[] = {"10", "-1", "abc", "1.25", "", "hello world"};
    bool is_value = strncmp(name, "value", 5) == 0 || strncmp(name, "if", 2) == 0;
    if (append_by_name(name, out)) return;
    if (is_value && happens(3))
        append_long(out);
    else if (is_value)
        buffer_append_str(out, PICK(texts));
    else
        append_member(out);
}

static void append_moment(const char *name, struct buffer *out) {
    int64_t moment_ms = generator.now_ms + (int64_t)draw(5000) - 500;
    bool is_in_ms = strstr(name, "milli") != NULL;
    buffer_append_i64(out, is_in_ms ? moment_ms : moment_ms / 1000);
}

static void append_value(const struct syntax_node *node, struct buffer *out) {
    static const char *const patterns[] = {"*", "m*", "member?", "nosort", "hash:*->member1"};
    switch (node->kind) {
    case SYNTAX_KEY: append_key(generator.item->row->group, out); break;
    case SYNTAX_INTEGER:
        if (strncmp(node->name, "num", 3) == 0)
            append_count(out);
        else
            append_integer(node->name, out);
        break;
    case SYNTAX_DOUBLE: append_double(node->name, out); break;
    case SYNTAX_PATTERN: buffer_append_str(out, PICK(patterns)); break;
    case SYNTAX_UNIX_TIME: append_moment(node->name, out); break;
    default: append_text(node->name, out);
    }
}

/* --- requests --- */

void random_request_clear(struct random_request *request) {
    buffer_clear(&request->text);
    request->argc = 0;
}

static void end_argument(struct random_request *request) {
    request->ends[request->argc++] = request->text.len;
}

void random_request_add(struct random_request *request, struct bytes arg) {
    if (request->argc == RANDOM_REQUEST_MAX_ARGS) return;
    buffer_append_bytes(&request->text, arg);
    end_argument(request);
}

void random_request_finish(struct random_request *request) {
    size_t start = 0;
    for (uint32_t i = 0; i < request->argc; i++) {
        request->args[i] = bytes_of(request->text.data + start, request->ends[i] - start);
        start = request->ends[i];
    }
}

void random_request_destroy(struct random_request *request) {
    buffer_destroy(&request->text);
}

static void add_nodes(struct random_request *request, const struct syntax_node *nodes,
                      size_t count);

static void add_node_once(struct random_request *request, const struct syntax_node *node) {
    if (node->kind == SYNTAX_PURE_TOKEN) {
        CHECK(node->token != NULL);
        random_request_add(request, bytes_of_str(node->token));
    } else if (node->kind == SYNTAX_BLOCK) {
        add_nodes(request, node->children, node->child_count);
    } else if (node->kind == SYNTAX_ONEOF) {
        add_nodes(request, &node->children[draw(node->child_count)], 1);
    } else if (request->argc < RANDOM_REQUEST_MAX_ARGS) {
        append_value(node, &request->text);
        end_argument(request);
    }
}

static size_t draw_repeats(const struct syntax_node *node) {
    if (!node->is_multiple) return 1;
    size_t announced = generator.repeats;
    generator.repeats = 0;
    return announced != 0 ? announced : draw_few();
}

static void add_nodes(struct random_request *request, const struct syntax_node *nodes,
                      size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct syntax_node *node = &nodes[i];
        if (node->is_optional && !happens(28)) continue;
        bool has_token = node->token != NULL && node->kind != SYNTAX_PURE_TOKEN;
        size_t repeats = draw_repeats(node);
        for (size_t k = 0; k < repeats; k++) {
            if (has_token && (k == 0 || node->is_multiple_token))
                random_request_add(request, bytes_of_str(node->token));
            add_node_once(request, node);
        }
    }
}

void random_request_make(struct random_request *request, int64_t now_ms) {
    generator.now_ms = now_ms;
    generator.item = draw_item();
    generator.repeats = 0;
    random_request_clear(request);
    random_request_add(request, bytes_of_str(generator.item->row->name));
    add_nodes(request, generator.item->nodes, generator.item->node_count);
    random_request_finish(request);
}
