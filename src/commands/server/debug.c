/* DEBUG: tools for test suites and for finding faults. */
#include "commands/server/guard.h"
#include "commands/server/server_commands.h"
#include "data/types/string/string.h"
#include "data/value_digest.h"
#include "data/value_type.h"
#include "engine/arguments.h"
#include "engine/effects.h"
#include "engine/engine.h"
#include "engine/reply.h"
#include "foundation/digest.h"
#include "foundation/glob.h"
#include "foundation/log.h"
#include "foundation/mem.h"
#include "foundation/number.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

/* --- switches and time --- */

static void debug_sleep(struct call *call) {
    double seconds;
    if (number_parse_double(call->args[2], &seconds) && seconds > 0 && seconds < INT32_MAX) {
        struct timespec left = {.tv_sec = (time_t)seconds};
        left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
        while (nanosleep(&left, &left) != 0 && errno == EINTR) continue;
    }
    reply_ok(call);
}

/* As atoi reads it, for what is written as a number: anything else is off. */
static bool is_on(const struct call *call, uint32_t index) {
    int64_t value;
    return number_parse_i64(call->args[index], &value) && value != 0;
}

static void debug_set_active_expire(struct call *call) {
    call->engine->keyspace->is_calendar_off = !is_on(call, 2);
    reply_ok(call);
}

static void debug_set_skip_checksum_validation(struct call *call) {
    call->engine->keyspace->is_rdb_unchecked = is_on(call, 2);
    reply_ok(call);
}

static void debug_log(struct call *call) {
    struct buffer text = {0};
    buffer_append_bytes(&text, call->args[2]);
    LOG_WARNING("DEBUG LOG: %s", buffer_c_str(&text));
    buffer_destroy(&text);
    reply_ok(call);
}

static void debug_pause_cron(struct call *call) {
    call->engine->is_tick_off = is_on(call, 2);
    reply_ok(call);
}

/* There are no reply buffers to resize and no lists of packed nodes: what test suites set is
 * checked and taken without effect. */
static void debug_replybuffer(struct call *call) {
    int64_t ms;
    bool is_resizing = argument_is(call, 2, "resizing");
    if (!is_resizing && !argument_is(call, 2, "peak-reset-time"))
        reply_error_subcommand(call);
    else if (is_resizing || argument_is(call, 3, "never") || argument_is(call, 3, "reset") ||
             argument_i64(call, 3, &ms))
        reply_ok(call);
}

static void debug_quicklist_packed_threshold(struct call *call) {
    uint64_t bytes;
    if (number_parse_size(call->args[2], &bytes) && bytes <= UINT32_MAX)
        reply_ok(call);
    else
        reply_error(call, "ERR argument must be a memory value bigger than 1 and smaller than 4gb");
}

static void debug_segfault(struct call *call) {
    (void)call;
    raise(SIGSEGV);
}

/* --- looking at keys --- */

static void debug_object(struct call *call) {
    const struct entry *entry = database_find(call->db, key_of(call->args[2])).entry;
    if (entry == NULL) {
        reply_error_no_key(call);
        return;
    }
    const struct value_type *type = value_type_of(entry);
    struct buffer line = {0};
    buffer_printf(&line,
                  "Value at:%p refcount:1 encoding:%s serializedlength:%zu lru:%u "
                  "lru_seconds_idle:%llu",
                  (const void *)entry, type->encoding_name(entry), type->serialized_len(entry),
                  (unsigned)entry->access,
                  (unsigned long long)access_idle_seconds(entry, call_now_ms(call)));
    reply_simple(call, buffer_c_str(&line));
    buffer_destroy(&line);
}

static void reply_digest(struct call *call, const unsigned char digest[VALUE_DIGEST_BYTES]) {
    char hex[2 * VALUE_DIGEST_BYTES + 1] = {0};
    digest_to_hex(digest, VALUE_DIGEST_BYTES, hex);
    reply_simple(call, hex);
}

static void debug_digest(struct call *call) {
    unsigned char digest[VALUE_DIGEST_BYTES];
    value_digest_keyspace(call->engine->keyspace, digest);
    reply_digest(call, digest);
}

static void debug_digest_value(struct call *call) {
    reply_array(call, call->argc - 2);
    for (uint32_t i = 2; i < call->argc; i++) {
        unsigned char digest[VALUE_DIGEST_BYTES] = {0};
        const struct entry *entry = database_find(call->db, key_of(call->args[i])).entry;
        if (entry != NULL) value_digest_add(digest, entry);
        reply_digest(call, digest);
    }
}

/* --- making keys --- */

struct population {
    int64_t count;
    struct bytes prefix;
    int64_t value_bytes; /* 0: as long as the text "value:N" */
};

static bool parse_population(struct call *call, struct population *population) {
    static const char error[] = "ERR value is out of range, must be positive";
    *population = (struct population){.prefix = BYTES("key")};
    if (!argument_i64_in(call, 2, 0, INT64_MAX, &population->count, error)) return false;
    if (call->argc > 3) population->prefix = call->args[3];
    return call->argc <= 4 ||
           argument_i64_in(call, 4, 0, INT32_MAX, &population->value_bytes, error);
}

/* The text "value:N", cut or filled with zero bytes to the length asked for. */
static void write_value(struct buffer *value, int64_t number, size_t value_bytes) {
    buffer_clear(value);
    buffer_append_str(value, "value:");
    buffer_append_i64(value, number);
    if (value_bytes == 0) return;
    if (value->len < value_bytes)
        memset(buffer_room(value, value_bytes - value->len), 0, value_bytes - value->len);
    value->len = value_bytes;
}

static void add_populated(struct call *call, struct bytes name, struct bytes value) {
    struct key key = key_of(name);
    struct found found = database_find(call->db, key);
    if (found.entry != NULL) return;
    string_store(call->db, key, &found, value, STRING_AS_TEXT);
    CALL_EFFECT(call, BYTES("SET"), name, value);
}

static void debug_populate(struct call *call) {
    struct population population;
    if (!parse_population(call, &population)) return;
    struct buffer name = {0}, value = {0};
    for (int64_t i = 0; i < population.count; i++) {
        buffer_clear(&name);
        buffer_append_bytes(&name, population.prefix);
        buffer_append_char(&name, ':');
        buffer_append_i64(&name, i);
        write_value(&value, i, (size_t)population.value_bytes);
        add_populated(call, buffer_bytes(&name), buffer_bytes(&value));
    }
    buffer_destroy(&name);
    buffer_destroy(&value);
    reply_ok(call);
}

/* --- the protocol and patterns --- */

static void reply_three(struct call *call) {
    for (int i = 0; i < 3; i++) reply_integer(call, i);
}

static void reply_sample_map(struct call *call) {
    reply_map(call, 3);
    for (int i = 0; i < 3; i++) {
        reply_integer(call, i);
        reply_bool(call, i == 1);
    }
}

/* RESP3 alone has attributes, pushes and big numbers. */
static void reply_sample_attribute(struct call *call) {
    if (call->session->version == RESP3)
        reply_raw(call, BYTES("|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n"));
    reply_bulk_str(call, "Some real reply following the attribute");
}

static void reply_sample_push(struct call *call) {
    if (call->session->version == RESP2) {
        reply_error(call, "ERR RESP2 is not supported by this command");
        return;
    }
    reply_raw(call, BYTES(">2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n"));
    reply_bulk_str(call, "Some real reply following the push reply");
}

static void reply_sample_big_number(struct call *call) {
    if (call->session->version == RESP3)
        reply_raw(call, BYTES("(1234567999999999999999999999999999999\r\n"));
    else
        reply_bulk_str(call, "1234567999999999999999999999999999999");
}

static bool reply_sample_collection(struct call *call) {
    if (argument_is(call, 2, "array")) {
        reply_array(call, 3);
        reply_three(call);
    } else if (argument_is(call, 2, "set")) {
        reply_set(call, 3);
        reply_three(call);
    } else if (argument_is(call, 2, "map")) {
        reply_sample_map(call);
    } else if (argument_is(call, 2, "attrib")) {
        reply_sample_attribute(call);
    } else if (argument_is(call, 2, "push")) {
        reply_sample_push(call);
    } else {
        return false;
    }
    return true;
}

static bool reply_sample_scalar(struct call *call) {
    if (argument_is(call, 2, "string"))
        reply_bulk_str(call, "Hello World");
    else if (argument_is(call, 2, "integer"))
        reply_integer(call, 12345);
    else if (argument_is(call, 2, "double"))
        reply_double(call, 3.141);
    else if (argument_is(call, 2, "null"))
        reply_null(call);
    else if (argument_is(call, 2, "bignum"))
        reply_sample_big_number(call);
    else if (argument_is(call, 2, "verbatim"))
        reply_verbatim(call, "txt", BYTES("This is a verbatim\nstring"));
    else if (argument_is(call, 2, "true") || argument_is(call, 2, "false"))
        reply_bool(call, argument_is(call, 2, "true"));
    else
        return false;
    return true;
}

static void debug_protocol(struct call *call) {
    if (reply_sample_scalar(call) || reply_sample_collection(call)) return;
    reply_error(call, "ERR Wrong protocol type name. Please use one of the following: "
                      "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|"
                      "false");
}

static void debug_stringmatch_len(struct call *call) {
    reply_integer(call, glob_match(call->args[2], call->args[3]));
}

/* --- the command --- */

static void debug_help(struct call *call);

static const struct debug_tool own_tools[] = {
    {"digest", 2, 2, debug_digest, NULL},
    {"digest-value", 2, UINT32_MAX, debug_digest_value, NULL},
    {"help", 2, 2, debug_help, NULL},
    {"log", 3, 3, debug_log, NULL},
    {"object", 3, 3, debug_object, NULL},
    {"pause-cron", 3, 3, debug_pause_cron, NULL},
    {"populate", 3, 5, debug_populate, NULL},
    {"protocol", 3, 3, debug_protocol, NULL},
    {"quicklist-packed-threshold", 3, 3, debug_quicklist_packed_threshold, NULL},
    {"replybuffer", 4, 4, debug_replybuffer, NULL},
    {"segfault", 2, 2, debug_segfault, NULL},
    {"set-active-expire", 3, 3, debug_set_active_expire, NULL},
    {"set-skip-checksum-validation", 3, 3, debug_set_skip_checksum_validation, NULL},
    {"sleep", 3, 3, debug_sleep, NULL},
    {"stringmatch-len", 4, 4, debug_stringmatch_len, NULL},
    {.name = NULL},
};

static const struct debug_tool *find_in(const struct debug_tool *tools, struct bytes name) {
    for (; tools != NULL && tools->name != NULL; tools++)
        if (bytes_is_word(name, tools->name)) return tools;
    return NULL;
}

static const struct debug_tool *find_tool(const struct call *call) {
    const struct debug_tool *tool = find_in(own_tools, call->args[1]);
    const struct feature *const *feature = call->engine->features;
    for (; tool == NULL && *feature != NULL; feature++)
        tool = find_in((*feature)->debug_tools, call->args[1]);
    return tool;
}

static void debug_command(struct call *call) {
    if (!guard_allows_debug(call->session)) {
        reply_error(call, "ERR DEBUG command not allowed. If the enable-debug-command option is "
                          "set to \"local\", you can run it from a local connection, otherwise you "
                          "need to set this option in the configuration file, and then restart "
                          "the server.");
        return;
    }
    const struct debug_tool *tool = find_tool(call);
    if (tool != NULL && call->argc >= tool->min_argc && call->argc <= tool->max_argc)
        tool->handler(call);
    else
        reply_error_subcommand(call);
}

enum { HELP_LINES_MAX = 128 };

struct help {
    const char *lines[HELP_LINES_MAX + 1];
    size_t count;
};

static void add_lines(struct help *help, const char *const *lines) {
    for (; *lines != NULL; lines++) {
        CHECK(help->count < HELP_LINES_MAX);
        help->lines[help->count++] = *lines;
    }
}

static void debug_help(struct call *call) {
    static const char *const own_lines[] = {
        "DIGEST",
        "    Output a hex signature representing the current DB content.",
        "DIGEST-VALUE <key> [<key> ...]",
        "    Output a hex signature of the values of all the specified keys.",
        "LOG <message>",
        "    Write <message> to the server log.",
        "OBJECT <key>",
        "    Show low level info about `key` and associated value.",
        "PAUSE-CRON <0|1>",
        "    Stop periodic cron job processing.",
        "POPULATE <count> [<prefix>] [<size>]",
        "    Create <count> string keys named key:<num>. If <prefix> is specified then",
        "    it is used instead of the 'key' prefix.",
        "PROTOCOL <type>",
        "    Reply with a test value of the specified type. <type> can be: string,",
        "    integer, double, bignum, null, array, set, map, attrib, push, verbatim,",
        "    true, false.",
        "QUICKLIST-PACKED-THRESHOLD <size>",
        "    Accepted for the sake of test suites; has no effect.",
        "REPLYBUFFER PEAK-RESET-TIME <NEVER||RESET|time>",
        "REPLYBUFFER RESIZING <0|1>",
        "    Accepted for the sake of test suites; have no effect.",
        "SEGFAULT",
        "    Crash the server with sigsegv.",
        "SET-ACTIVE-EXPIRE <0|1>",
        "    Setting it to 0 keeps expired keys until they are accessed. Setting it to 1",
        "    has them removed on time again.",
        "SET-SKIP-CHECKSUM-VALIDATION <0|1>",
        "    1: sums of payloads and RDB files are not looked at.",
        "SLEEP <seconds>",
        "    Stop the server for <seconds>. Decimals allowed.",
        "STRINGMATCH-LEN <pattern> <string>",
        "    Reply with 1 if the glob-style <pattern> matches, else with 0.",
        NULL,
    };
    struct help help = {0};
    add_lines(&help, own_lines);
    const struct feature *const *feature = call->engine->features;
    for (; *feature != NULL; feature++) {
        const struct debug_tool *tool = (*feature)->debug_tools;
        for (; tool != NULL && tool->name != NULL; tool++) add_lines(&help, tool->help);
    }
    reply_help(call, help.lines);
}

static const struct command_row rows[] = {
    {
        .name = "debug",
        .handler = debug_command,
        .arity = -2,
        .flags = COMMAND_ADMIN | COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
        .summary = "Tools for tests and for finding faults.",
        .complexity = "Depends on subcommand.",
        .since = "1.0.0",
        .group = "server",
        .is_system = true,
    },
};

const struct command_list server_debug_commands = COMMAND_LIST(rows);
