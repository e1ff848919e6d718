/* COMMAND over a few rows of its own, so that what it says can be told in full. */
#include "commands/server/server_commands.h"
#include "engine/reply.h"
#include "unit/support/command_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void do_nothing(struct call *call) {
    reply_ok(call);
}

static int64_t find_both_keys(const struct bytes *args UNUSED, uint32_t argc,
                              struct key_position *positions, size_t max) {
    if (argc < 3) return COMMAND_KEYS_INVALID;
    if (max > 0) positions[0] = (struct key_position){.index = 1, .flags = "RO access"};
    if (max > 1) positions[1] = (struct key_position){.index = argc - 1, .flags = "OW update"};
    return 2;
}

static const struct command_row box_subcommands[] = {
    {.name = "open",
     .handler = do_nothing,
     .arity = 3,
     .flags = COMMAND_READONLY,
     .keys = {KEY_AT(2, "RO")},
     .summary = "Opens.",
     .syntax = "key",
     .since = "1.1.0",
     .group = "generic"},
    {.name = "count",
     .handler = do_nothing,
     .arity = 2,
     .summary = "Counts.",
     .since = "1.1.0",
     .group = "generic"},
};

static const struct command_row rows[] = {
    {.name = "fetch",
     .handler = do_nothing,
     .arity = -2,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_GEO,
     .keys = {KEY_AT(1, "RO access")},
     .tips = "one:two three",
     .summary = "Fetches.",
     .syntax = "key [EX seconds@s/1.2.0] [mode(FAST | SLOW)...]",
     .complexity = "O(1)",
     .since = "1.0.0",
     .group = "string",
     .deprecated_since = "2.0.0",
     .replaced_by = "`GET`",
     .is_system = true},
    {.name = "union",
     .handler = do_nothing,
     .arity = -3,
     .flags = COMMAND_WRITE,
     .keys = {KEYS_COUNTED(1, "RO access"),
              {.flags = "OW update", .keyword = "STORE", .index = 2, .step = 1},
              KEYS_UNKNOWN("RW")},
     .summary = "Unites.",
     .since = "1.0.0",
     .group = "set"},
    {.name = "both",
     .handler = do_nothing,
     .arity = -2,
     .find_keys = find_both_keys,
     .summary = "Takes two.",
     .since = "1.0.0",
     .group = "generic"},
    {.name = "script",
     .handler = do_nothing,
     .arity = -2,
     .flags = COMMAND_NO_MANDATORY_KEYS,
     .keys = {KEYS_COUNTED(1, "RW")},
     .summary = "Runs.",
     .since = "1.0.0",
     .group = "scripting"},
    {.name = "box",
     .arity = -2,
     .subcommands = box_subcommands,
     .subcommand_count = ARRAY_LEN(box_subcommands),
     .summary = "Boxes.",
     .since = "1.1.0",
     .group = "generic"},
};
static const struct command_list test_commands = COMMAND_LIST(rows);
static const struct command_list *const lists[] = {&command_commands, &test_commands, NULL};

static int set_up(void **state) {
    *state = fixture_new(lists);
    return 0;
}

static int tear_down(void **state) {
    fixture_free(*state);
    return 0;
}

static void info_tells_ten_things(void **state) {
    assert_reply(*state, "COMMAND INFO FETCH",
                 "[[\"fetch\", -2, [readonly, fast], 1, 1, 1, [@read, @geo, @fast], "
                 "[\"one:two\", \"three\"], [[\"flags\", [RO, access], \"begin_search\", "
                 "[\"type\", \"index\", \"spec\", [\"index\", 1]], \"find_keys\", [\"type\", "
                 "\"range\", \"spec\", [\"lastkey\", 0, \"keystep\", 1, \"limit\", 0]]]], []]]");
}

static void info_has_sets_and_maps_in_resp3(void **state) {
    ((struct command_fixture *)*state)->session.version = RESP3;
    assert_reply(*state, "COMMAND INFO union",
                 "[[\"union\", -3, {write, movablekeys}, 0, 0, 0, {@write, @slow}, {}, "
                 "{{\"flags\": {RO, access}, \"begin_search\": {\"type\": \"index\", \"spec\": "
                 "{\"index\": 1}}, \"find_keys\": {\"type\": \"keynum\", \"spec\": "
                 "{\"keynumidx\": 0, \"firstkey\": 1, \"keystep\": 1}}}, {\"flags\": {OW, "
                 "update}, \"begin_search\": {\"type\": \"keyword\", \"spec\": {\"keyword\": "
                 "\"STORE\", \"startfrom\": 2}}, \"find_keys\": {\"type\": \"range\", \"spec\": "
                 "{\"lastkey\": 0, \"keystep\": 1, \"limit\": 0}}}, {\"flags\": {RW}, "
                 "\"begin_search\": {\"type\": \"unknown\", \"spec\": {}}, \"find_keys\": "
                 "{\"type\": \"unknown\", \"spec\": {}}}}, {}]]");
}

static void info_of_a_container_has_an_array_of_subcommands(void **state) {
    ((struct command_fixture *)*state)->session.version = RESP3;
    assert_reply(*state, "COMMAND INFO box",
                 "[[\"box\", -2, {}, 0, 0, 0, {@slow}, {}, {}, [[\"box|open\", 3, {readonly}, "
                 "2, 2, 1, {@read, @slow}, {}, {{\"flags\": {RO}, \"begin_search\": {\"type\": "
                 "\"index\", \"spec\": {\"index\": 2}}, \"find_keys\": {\"type\": \"range\", "
                 "\"spec\": {\"lastkey\": 0, \"keystep\": 1, \"limit\": 0}}}}, {}], "
                 "[\"box|count\", 2, {}, 0, 0, 0, {@slow}, {}, {}, {}]]]]");
}

static void info_of_an_unknown_name_is_null(void **state) {
    assert_reply(*state, "COMMAND INFO nope box|nope", "[nil, nil]");
    assert_reply(*state, "COMMAND INFO box|count",
                 "[[\"box|count\", 2, [], 0, 0, 0, [@slow], [], [], []]]");
}

static void docs_hold_what_there_is_to_say(void **state) {
    ((struct command_fixture *)*state)->session.version = RESP3;
    assert_reply(
        *state, "COMMAND DOCS fetch nope",
        "{\"fetch\": {\"summary\": \"Fetches.\", \"since\": \"1.0.0\", \"group\": \"string\", "
        "\"complexity\": \"O(1)\", \"doc_flags\": {deprecated, syscmd}, \"deprecated_since\": "
        "\"2.0.0\", \"replaced_by\": \"`GET`\", \"arguments\": [{\"name\": \"key\", \"type\": "
        "\"key\", \"display_text\": \"key\", \"key_spec_index\": 0}, {\"name\": \"seconds\", "
        "\"type\": \"integer\", \"display_text\": \"s\", \"token\": \"EX\", \"since\": "
        "\"1.2.0\", \"flags\": {optional}}, {\"name\": \"mode\", \"type\": \"oneof\", \"flags\": "
        "{optional, multiple}, \"arguments\": [{\"name\": \"fast\", \"type\": \"pure-token\", "
        "\"display_text\": \"fast\", \"token\": \"FAST\"}, {\"name\": \"slow\", \"type\": "
        "\"pure-token\", \"display_text\": \"slow\", \"token\": \"SLOW\"}]}]}}");
}

static void docs_of_a_container_hold_its_subcommands(void **state) {
    assert_reply(*state, "COMMAND DOCS box",
                 "[\"box\", [\"summary\", \"Boxes.\", \"since\", \"1.1.0\", \"group\", "
                 "\"generic\", \"subcommands\", [\"box|open\", [\"summary\", \"Opens.\", "
                 "\"since\", \"1.1.0\", \"group\", \"generic\", \"arguments\", [[\"name\", "
                 "\"key\", \"type\", \"key\", \"display_text\", \"key\", \"key_spec_index\", "
                 "0]]], \"box|count\", [\"summary\", \"Counts.\", \"since\", \"1.1.0\", "
                 "\"group\", \"generic\"]]]]");
}

static void the_count_is_of_top_level_commands(void **state) {
    assert_reply(*state, "COMMAND COUNT", "6");
}

static void the_list_has_subcommands_too(void **state) {
    assert_reply(*state, "COMMAND LIST FILTERBY PATTERN BOX*",
                 "[\"box\", \"box|open\", \"box|count\"]");
    assert_reply(*state, "COMMAND LIST FILTERBY ACLCAT Geo", "[\"fetch\"]");
    assert_reply(*state, "COMMAND LIST FILTERBY ACLCAT read", "[\"fetch\", \"box|open\"]");
    assert_reply(*state, "COMMAND LIST FILTERBY ACLCAT nope", "[]");
    assert_reply(*state, "COMMAND LIST FILTERBY MODULE any", "[]");
    assert_reply(*state, "COMMAND LIST",
                 "[\"command\", \"command|count\", \"command|docs\", \"command|getkeys\", "
                 "\"command|getkeysandflags\", \"command|help\", \"command|info\", "
                 "\"command|list\", \"fetch\", \"union\", \"both\", \"script\", \"box\", "
                 "\"box|open\", \"box|count\"]");
}

static void a_filter_must_be_whole(void **state) {
    assert_reply(*state, "COMMAND LIST x", "-ERR syntax error");
    assert_reply(*state, "COMMAND LIST FILTERBY MODULE", "-ERR syntax error");
    assert_reply(*state, "COMMAND LIST FILTERBY NAME x", "-ERR syntax error");
    assert_reply(*state, "COMMAND LIST FILTERBY PATTERN x y", "-ERR syntax error");
}

static void getkeys_finds_the_keys_of_a_call(void **state) {
    assert_reply(*state, "COMMAND GETKEYS fetch a", "[\"a\"]");
    assert_reply(*state, "COMMAND GETKEYS union 2 a b store c", "[\"a\", \"b\", \"c\"]");
    assert_reply(*state, "COMMAND GETKEYS box open a", "[\"a\"]");
    assert_reply(*state, "COMMAND GETKEYSANDFLAGS both a x b",
                 "[[\"a\", [RO, access]], [\"b\", [OW, update]]]");
}

static void getkeys_says_why_there_are_none(void **state) {
    assert_reply(*state, "COMMAND GETKEYS nope a", "-ERR Invalid command specified");
    assert_reply(*state, "COMMAND GETKEYS box nope", "-ERR Invalid command specified");
    assert_reply(*state, "COMMAND GETKEYS box count", "-ERR The command has no key arguments");
    assert_reply(*state, "COMMAND GETKEYS union a",
                 "-ERR Invalid number of arguments specified for command");
    assert_reply(*state, "COMMAND GETKEYS union 3 a b",
                 "-ERR Invalid arguments specified for command");
    assert_reply(*state, "COMMAND GETKEYS union 0 a",
                 "-ERR Invalid arguments specified for command");
    assert_reply(*state, "COMMAND GETKEYS both a", "-ERR Invalid arguments specified for command");
    assert_reply(*state, "COMMAND GETKEYS",
                 "-ERR wrong number of arguments for 'command|getkeys' command");
}

static void a_call_that_needs_no_key_may_have_none(void **state) {
    assert_reply(*state, "COMMAND GETKEYS script 0", "[]");
    assert_reply(*state, "COMMAND GETKEYS script 9", "[]");
}

static void an_unknown_subcommand_is_refused(void **state) {
    assert_reply(*state, "COMMAND NOPE", "-ERR unknown subcommand 'NOPE'. Try COMMAND HELP.");
}

static void without_a_subcommand_all_are_described(void **state) {
    fixture_run(*state, "COMMAND");
    struct bytes all = fixture_raw_reply(*state);
    assert_true(bytes_starts_with(all, BYTES("*6\r\n*10\r\n$7\r\ncommand\r\n")));
    char *copy = mem_dup(all.data, all.len);
    fixture_run(*state, "COMMAND INFO");
    assert_true(bytes_equal(fixture_raw_reply(*state), bytes_of(copy, all.len)));
    mem_free(copy);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(info_tells_ten_things),
        WITH_FIXTURE(info_has_sets_and_maps_in_resp3),
        WITH_FIXTURE(info_of_a_container_has_an_array_of_subcommands),
        WITH_FIXTURE(info_of_an_unknown_name_is_null),
        WITH_FIXTURE(docs_hold_what_there_is_to_say),
        WITH_FIXTURE(docs_of_a_container_hold_its_subcommands),
        WITH_FIXTURE(the_count_is_of_top_level_commands),
        WITH_FIXTURE(the_list_has_subcommands_too),
        WITH_FIXTURE(a_filter_must_be_whole),
        WITH_FIXTURE(getkeys_finds_the_keys_of_a_call),
        WITH_FIXTURE(getkeys_says_why_there_are_none),
        WITH_FIXTURE(a_call_that_needs_no_key_may_have_none),
        WITH_FIXTURE(an_unknown_subcommand_is_refused),
        WITH_FIXTURE(without_a_subcommand_all_are_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
