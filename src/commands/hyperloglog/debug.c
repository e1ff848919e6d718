/* PFDEBUG and PFSELFTEST: the inside of a sketch, for tests. */
#include "foundation/sketches/hyperloglog.h"

#include "commands/hyperloglog/hyperloglog_commands.h"
#include "commands/hyperloglog/sketch.h"
#include "engine/arguments.h"
#include "engine/effects.h"
#include "engine/reply.h"

enum { SUBCOMMAND = 1, KEY = 2 };

/* Makes a sparse sketch dense; false after the error reply. */
static bool convert(struct call *call, struct found *found) {
    struct buffer stored = {0};
    buffer_append_bytes(&stored, sketch_bytes(found->entry));
    bool is_dense = hyperloglog_to_dense(&stored);
    if (is_dense) {
        sketch_store(call, call_key(call, KEY), found, &stored);
        call_effect_request(call);
    } else {
        sketch_reply_corrupt(call);
    }
    buffer_destroy(&stored);
    return is_dense;
}

static void show_registers(struct call *call, struct found *found) {
    if (hyperloglog_is_sparse(sketch_bytes(found->entry)) && !convert(call, found)) return;
    uint8_t registers[HYPERLOGLOG_REGISTERS] = {0};
    CHECK(hyperloglog_merge(registers, sketch_bytes(found->entry)));
    reply_array(call, HYPERLOGLOG_REGISTERS);
    for (size_t i = 0; i < HYPERLOGLOG_REGISTERS; i++) reply_integer(call, registers[i]);
}

static void show_codes(struct call *call, struct found *found) {
    struct bytes stored = sketch_bytes(found->entry);
    if (!hyperloglog_is_sparse(stored)) {
        reply_error(call, "ERR HLL encoding is not sparse");
        return;
    }
    struct buffer text = {0};
    if (hyperloglog_decode(stored, &text))
        reply_bulk(call, buffer_bytes(&text));
    else
        sketch_reply_corrupt(call);
    buffer_destroy(&text);
}

static void show_encoding(struct call *call, struct found *found) {
    bool is_sparse = hyperloglog_is_sparse(sketch_bytes(found->entry));
    reply_simple(call, is_sparse ? "sparse" : "dense");
}

static void make_dense(struct call *call, struct found *found) {
    bool is_sparse = hyperloglog_is_sparse(sketch_bytes(found->entry));
    if (is_sparse && !convert(call, found)) return;
    reply_integer(call, is_sparse);
}

static void pfdebug_command(struct call *call) {
    struct found found;
    if (!sketch_find(call, call_key(call, KEY), &found)) return;
    if (found.entry == NULL)
        reply_error(call, "ERR The specified key does not exist");
    else if (argument_is(call, SUBCOMMAND, "getreg"))
        show_registers(call, &found);
    else if (argument_is(call, SUBCOMMAND, "decode"))
        show_codes(call, &found);
    else if (argument_is(call, SUBCOMMAND, "encoding"))
        show_encoding(call, &found);
    else if (argument_is(call, SUBCOMMAND, "todense"))
        make_dense(call, &found);
    else
        reply_error_printf(call, "ERR Unknown PFDEBUG subcommand '%.*s'",
                           (int)call->args[SUBCOMMAND].len, call->args[SUBCOMMAND].data);
}

static void pfselftest_command(struct call *call) {
    struct buffer error = {0};
    if (hyperloglog_self_test(&error))
        reply_ok(call);
    else
        reply_error_printf(call, "TESTFAILED %s", buffer_c_str(&error));
    buffer_destroy(&error);
}

static const struct command_row rows[] = {
    {
        .name = "pfdebug",
        .handler = pfdebug_command,
        .arity = 3,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM | COMMAND_ADMIN,
        .categories = CATEGORY_HYPERLOGLOG,
        .keys = {KEY_AT(2, "RW access")},
        .summary = "Shows the inside of a HyperLogLog.",
        .syntax = "subcommand key",
        .complexity = "N/A",
        .since = "2.8.9",
        .group = "hyperloglog",
        .is_system = true,
    },
    {
        .name = "pfselftest",
        .handler = pfselftest_command,
        .arity = 1,
        .flags = COMMAND_ADMIN,
        .categories = CATEGORY_HYPERLOGLOG,
        .summary = "Tests the HyperLogLog code.",
        .complexity = "N/A",
        .since = "2.8.9",
        .group = "hyperloglog",
        .is_system = true,
    },
};

const struct command_list hyperloglog_debug_commands = COMMAND_LIST(rows);
