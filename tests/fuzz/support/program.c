#include "fuzz/support/program.h"

#include "engine/syntax.h"
#include "foundation/mem.h"

enum {
    MAX_COMMANDS = 1024,
    MAX_ARGUMENTS = 64,
    MAX_REPEATS = 4,
    RAW_BYTES_MASK = 63,
};

struct menu_item {
    const char *container; /* NULL: a command of its own */
    const char *name;
    struct syntax_node *nodes;
    size_t node_count;
};

static struct menu_item menu[MAX_COMMANDS];
static size_t menu_count;

/* --- the commands --- */

static void add_item(const char *container, const struct command_row *row) {
    CHECK(menu_count < MAX_COMMANDS);
    struct menu_item *item = &menu[menu_count++];
    *item = (struct menu_item){.container = container, .name = row->name};
    item->nodes = syntax_parse(row->syntax, &item->node_count);
}

static void add_list(const struct command_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        const struct command_row *row = &list->rows[i];
        add_item(NULL, row);
        for (uint32_t j = 0; j < row->subcommand_count; j++)
            add_item(row->name, &row->subcommands[j]);
    }
}

void program_start(const struct feature *const *features) {
    for (; *features != NULL; features++) {
        const struct command_list *const *list = (*features)->commands;
        for (; list != NULL && *list != NULL; list++) add_list(*list);
    }
}

/* --- choices --- */

uint8_t program_take(struct program *program) {
    if (program->rest.len == 0) return 0;
    uint8_t byte = (uint8_t)program->rest.data[0];
    program->rest = bytes_of(program->rest.data + 1, program->rest.len - 1);
    return byte;
}

static size_t choose(struct program *program, size_t count) {
    size_t choice = program_take(program);
    if (count > UINT8_MAX) choice = choice << 8 | program_take(program);
    return choice % count;
}

/* Up to 63 bytes of the input as they are. */
static struct bytes take_raw(struct program *program) {
    size_t len = program_take(program) & RAW_BYTES_MASK;
    if (len > program->rest.len) len = program->rest.len;
    struct bytes raw = bytes_of(program->rest.data, len);
    program->rest = bytes_of(program->rest.data + len, program->rest.len - len);
    return raw;
}

/* --- values --- */

static const char *const keys[] = {"k", "l",    "a",    "b",
                                   "c", "{t}1", "{t}2", "a longer key with blanks"};

static const char *const integers[] = {
    "0",    "1",     "2",          "3",          "-1",         "-2",
    "7",    "8",     "10",         "15",         "16",         "63",
    "64",   "100",   "1000",       "16383",      "16384",      "65536",
    "-100", "-1000", "2147483647", "4294967295", "4294967296", "9223372036854775807",
    "+1",   "01",    "-0",         "1.5",        "100000",     "-9223372036854775808",
};

static const char *const doubles[] = {
    "0",    "1.5", "-2.25", "1e3", "inf",  "-inf", "nan", "1e308", "3.0e-10", "0x10",
    "1e-5", "-0",  "1",     "2",   "-180", "180",  "85",  "1e6",   "0.001",
};

static const char *const patterns[] = {"*", "k*", "?", "[a-c]*", "\\*", "[^k]", "*[", "{t}*"};

/* Among them what options and fields are called where the syntax names them only as text. */
static const char *const texts[] = {
    "",
    "a",
    "abc",
    "hello world",
    "10",
    "-1",
    "0",
    "9223372036854775807",
    "u8",
    "i64",
    "u63",
    "#1",
    "i5",
    "default",
    "string",
    "list",
    "maxmemory",
    "1mb",
    "allkeys-lru",
    "volatile-ttl",
    "maxmemory-policy",
    "no",
    "yes",
    "*",
    "object",
    "digest",
    "digest-value",
    "stringmatch-len",
    "protocol",
    "set-active-expire",
    "populate",
    "normal",
    "getreg",
    "encoding",
    "todense",
    "decode",
    "listpack",
    "server",
    "requirepass",
    "hash-max-listpack-entries",
    "set",
    "get",
    "config|set",
    "push",
    "attrib",
    "-",
    "+",
    "[a",
    "(abc",
    "(1.5",
    "-inf",
    "+inf",
    "hash-max-listpack-value",
    "list-max-listpack-size",
    "set-max-intset-entries",
    "set-max-listpack-entries",
    "zset-max-listpack-entries",
    "quicklist-packed-threshold",
};

static void append_long(struct buffer *out, size_t len) {
    memset(buffer_room(out, len), 'x', len);
    buffer_commit(out, len);
}

/* The head of a stored sketch with bytes of the input behind it. */
static void append_sketch(struct program *program, struct buffer *out) {
    static const char dense_or_sparse[] = {0, 1, 2};
    buffer_append_str(out, "HYLL");
    buffer_append_char(out, dense_or_sparse[choose(program, sizeof(dense_or_sparse))]);
    buffer_append(out, "\0\0\0\0\0\0\0\0\0\0", 11);
    buffer_append_bytes(out, take_raw(program));
}

static void append_text(struct program *program, struct buffer *out) {
    static const uint16_t lengths[] = {43, 44, 45, 63, 64, 65, 255, 256, 4096, 20000};
    switch (program_take(program) % 8) {
    case 0: buffer_append_bytes(out, take_raw(program)); break;
    case 1: append_sketch(program, out); break;
    case 2: append_long(out, lengths[choose(program, ARRAY_LEN(lengths))]); break;
    case 3: buffer_append_str(out, integers[choose(program, ARRAY_LEN(integers))]); break;
    default: buffer_append_str(out, texts[choose(program, ARRAY_LEN(texts))]);
    }
}

/* A moment in seconds or milliseconds from 2 s ago to minutes ahead. */
static void append_moment(struct program *program, const char *name, struct buffer *out) {
    int64_t moment_ms = program->now_ms + ((int64_t)program_take(program) - 8) * 250;
    bool is_in_ms = strstr(name, "milli") != NULL;
    buffer_append_i64(out, is_in_ms ? moment_ms : moment_ms / 1000);
}

/* How many keys or members follow: often as many as do. */
static void append_count(uint8_t twist, struct buffer *out) {
    buffer_append_i64(out, 1 + twist % MAX_REPEATS);
}

static void append_integer(const struct syntax_node *node, uint8_t twist, struct buffer *out) {
    if (strncmp(node->name, "num", 3) == 0)
        append_count(twist, out);
    else
        buffer_append_str(out, integers[twist % ARRAY_LEN(integers)]);
}

static void append_value(struct program *program, const struct syntax_node *node,
                         struct buffer *out) {
    enum syntax_kind kind = node->kind;
    uint8_t twist = program_take(program);
    if (twist >= 0xf0) kind = twist % (SYNTAX_UNIX_TIME + 1);
    switch (kind) {
    case SYNTAX_KEY: buffer_append_str(out, keys[twist % ARRAY_LEN(keys)]); break;
    case SYNTAX_INTEGER: append_integer(node, twist, out); break;
    case SYNTAX_DOUBLE: buffer_append_str(out, doubles[twist % ARRAY_LEN(doubles)]); break;
    case SYNTAX_PATTERN: buffer_append_str(out, patterns[twist % ARRAY_LEN(patterns)]); break;
    case SYNTAX_UNIX_TIME: append_moment(program, node->name, out); break;
    default: append_text(program, out);
    }
}

/* --- requests --- */

struct request {
    struct buffer text; /* the arguments, one behind the other */
    size_t ends[MAX_ARGUMENTS];
    size_t count;
};

static void end_argument(struct request *request) {
    CHECK(request->count < MAX_ARGUMENTS);
    request->ends[request->count++] = request->text.len;
}

static void add_str(struct request *request, const char *text) {
    if (request->count == MAX_ARGUMENTS) return;
    buffer_append_str(&request->text, text);
    end_argument(request);
}

static void add_nodes(struct program *program, const struct syntax_node *nodes, size_t count,
                      struct request *request);

static void add_node_once(struct program *program, const struct syntax_node *node,
                          struct request *request) {
    switch (node->kind) {
    case SYNTAX_PURE_TOKEN: add_str(request, node->token); return;
    case SYNTAX_BLOCK: add_nodes(program, node->children, node->child_count, request); return;
    case SYNTAX_ONEOF:
        add_nodes(program, &node->children[choose(program, node->child_count)], 1, request);
        return;
    default: break;
    }
    if (request->count == MAX_ARGUMENTS) return;
    append_value(program, node, &request->text);
    end_argument(request);
}

static void add_node(struct program *program, const struct syntax_node *node,
                     struct request *request) {
    if (node->is_optional && program_take(program) % 3 == 0) return;
    size_t repeats = node->is_multiple ? 1 + choose(program, MAX_REPEATS) : 1;
    bool has_token = node->token != NULL && node->kind != SYNTAX_PURE_TOKEN;
    for (size_t i = 0; i < repeats; i++) {
        if (has_token && (i == 0 || node->is_multiple_token)) add_str(request, node->token);
        add_node_once(program, node, request);
    }
}

static void add_nodes(struct program *program, const struct syntax_node *nodes, size_t count,
                      struct request *request) {
    for (size_t i = 0; i < count; i++) add_node(program, &nodes[i], request);
}

static void bend(struct program *program, struct request *request) {
    uint8_t twist = program_take(program);
    if (twist < 0xe0) return;
    if (twist < 0xf0) {
        if (request->count > 1) request->count--;
    } else if (request->count < MAX_ARGUMENTS) {
        append_text(program, &request->text);
        end_argument(request);
    }
}

static void write_request(const struct request *request, struct buffer *out) {
    size_t start = 0;
    buffer_printf(out, "*%zu\r\n", request->count);
    for (size_t i = 0; i < request->count; i++) {
        buffer_printf(out, "$%zu\r\n", request->ends[i] - start);
        buffer_append(out, request->text.data + start, request->ends[i] - start);
        buffer_append_str(out, "\r\n");
        start = request->ends[i];
    }
}

void program_write_request(struct program *program, struct buffer *out) {
    const struct menu_item *item = &menu[choose(program, menu_count)];
    struct request request = {0};
    if (item->container != NULL) add_str(&request, item->container);
    add_str(&request, item->name);
    add_nodes(program, item->nodes, item->node_count, &request);
    if (item->node_count == 0) /* such as DEBUG, which tells nothing of its arguments */
        for (size_t i = choose(program, MAX_REPEATS); i > 0; i--) {
            append_text(program, &request.text);
            end_argument(&request);
        }
    bend(program, &request);
    write_request(&request, out);
    buffer_destroy(&request.text);
}
