#include "engine/command_table.h"

#include "foundation/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

static void do_nothing(struct call *call UNUSED) {}

static const struct command_row client_subcommands[] = {
    {.name = "id", .handler = do_nothing, .arity = 2, .flags = COMMAND_LOADING},
    {.name = "no-evict", .handler = do_nothing, .arity = 3, .flags = COMMAND_ADMIN},
};

static const struct command_row rows[] = {
    {.name = "get",
     .handler = do_nothing,
     .arity = 2,
     .flags = COMMAND_READONLY | COMMAND_FAST,
     .categories = CATEGORY_STRING,
     .keys = {KEY_AT(1, "RO access")}},
    {.name = "georadiusbymember_ro", .handler = do_nothing, .arity = -5},
    {.name = "client",
     .arity = -2,
     .subcommands = client_subcommands,
     .subcommand_count = ARRAY_LEN(client_subcommands)},
    {.name = "eval",
     .handler = do_nothing,
     .arity = -3,
     .flags = COMMAND_READONLY,
     .categories = CATEGORY_SCRIPTING,
     .keys = {KEYS_COUNTED(2, "RW access update")}},
};
static const struct command_list list = COMMAND_LIST(rows);

static int make_table(void **state) {
    struct command_table *table = command_table_new();
    command_table_add(table, &list);
    *state = table;
    return 0;
}

static int free_table(void **state) {
    command_table_free(*state);
    return 0;
}

static const char *find_name(void **state, const char *name) {
    const struct command *command = command_table_find(*state, bytes_of_str(name));
    return command ? command->full_name : "none";
}

static void a_name_is_found_in_any_case(void **state) {
    assert_string_equal(find_name(state, "get"), "get");
    assert_string_equal(find_name(state, "GeT"), "get");
    assert_string_equal(find_name(state, "GEORADIUSBYMEMBER_RO"), "georadiusbymember_ro");
}

static void only_letters_have_case(void **state) {
    assert_string_equal(find_name(state, "georadiusbymember\x7fro"), "none");
    assert_string_equal(find_name(state, "\xc7\xc5\xd4"), "none");
    assert_string_equal(find_name(state, "\x07\x05\x14"), "none");
    assert_string_equal(find_name(state, "`et"), "none");
    assert_string_equal(find_name(state, "\'\x25\x34"), "none");
}

static void every_other_name_is_refused(void **state) {
    assert_string_equal(find_name(state, ""), "none");
    assert_string_equal(find_name(state, "ge"), "none");
    assert_string_equal(find_name(state, "gets"), "none");
    assert_string_equal(find_name(state, "getgetgetgetgetgetgetgetgetgetget"), "none");
    assert_null(command_table_find(*state, BYTES("get\0")));
    assert_null(command_table_find(*state, bytes_of("get", 0)));
}

static void a_name_at_the_end_of_its_memory_is_read_no_further(void **state) {
    for (size_t len = 0; len <= 40; len++) {
        char *name = mem_alloc(len);
        memset(name, 'x', len);
        assert_null(command_table_find(*state, bytes_of(name, len)));
        mem_free(name);
    }
}

static void names_of_every_length_are_kept_apart(void **state UNUSED) {
    enum { COUNT = 23 };
    static char names[COUNT][COUNT + 1];
    struct command_row many[COUNT];
    memset(many, 0, sizeof many);
    for (size_t i = 0; i < COUNT; i++) {
        memset(names[i], 'a', i + 1);
        many[i].name = names[i];
        many[i].handler = do_nothing;
        many[i].arity = 1;
    }
    struct command_table *table = command_table_new();
    command_table_add(table, &(struct command_list){.rows = many, .count = COUNT});
    for (size_t i = 0; i < COUNT; i++) {
        struct command *command = command_table_find(table, bytes_of_str(names[i]));
        assert_non_null(command);
        assert_string_equal(command->full_name, names[i]);
        assert_ptr_equal(command, command_table_at(table, i));
    }
    command_table_free(table);
}

static void a_growing_table_keeps_its_commands(void **state UNUSED) {
    enum { COUNT = 500 };
    static char names[COUNT][16];
    struct command_row *many = mem_alloc_array(COUNT, sizeof *many);
    struct command_table *table = command_table_new();
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], "command-%zu", i);
        many[i].name = names[i];
        many[i].handler = do_nothing;
        many[i].arity = 1;
        command_table_add(table, &(struct command_list){.rows = &many[i], .count = 1});
    }
    assert_int_equal(command_table_count(table), COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        assert_ptr_equal(command_table_find(table, bytes_of_str(names[i])),
                         command_table_at(table, i));
    }
    command_table_free(table);
    mem_free(many);
}

static void a_subcommand_is_found_below_its_container(void **state) {
    struct command *client = command_table_find(*state, BYTES("client"));
    struct command *id = command_find_subcommand(client, BYTES("ID"));
    assert_string_equal(id->full_name, "client|id");
    assert_ptr_equal(id->parent, client);
    assert_null(command_find_subcommand(client, BYTES("nope")));
    assert_null(command_table_find(*state, BYTES("id")));
    assert_ptr_equal(command_table_find_full(*state, BYTES("Client|Id")), id);
    assert_ptr_equal(command_table_find_full(*state, BYTES("client")), client);
    assert_null(command_table_find_full(*state, BYTES("client|")));
    assert_null(command_table_find_full(*state, BYTES("get|id")));
    assert_null(command_table_find_full(*state, BYTES("|id")));
}

static void categories_follow_from_flags(void **state) {
    const struct command *get = command_table_find(*state, BYTES("get"));
    assert_int_equal(get->categories, CATEGORY_STRING | CATEGORY_READ | CATEGORY_FAST);
    const struct command *evict = command_table_find_full(*state, BYTES("client|no-evict"));
    assert_int_equal(evict->categories, CATEGORY_ADMIN | CATEGORY_DANGEROUS | CATEGORY_SLOW);
    const struct command *eval = command_table_find(*state, BYTES("eval"));
    assert_int_equal(eval->categories, CATEGORY_SCRIPTING | CATEGORY_SLOW);
}

static void keys_that_depend_on_arguments_are_movable(void **state) {
    const struct command *get = command_table_find(*state, BYTES("get"));
    assert_int_equal(get->flags, COMMAND_READONLY | COMMAND_FAST);
    assert_int_equal(get->first_key, 1);
    const struct command *eval = command_table_find(*state, BYTES("eval"));
    assert_true(eval->flags & COMMAND_MOVABLE_KEYS);
    assert_int_equal(eval->first_key, 0);
}

static void another_list_adds_subcommands_to_a_container(void **state) {
    static const struct command_row more[] = {
        {.name = "tracking", .handler = do_nothing, .arity = -3, .flags = COMMAND_WRITE},
    };
    static const struct command_list added = COMMAND_SUBLIST("client", more);
    struct command *client = command_table_find(*state, BYTES("client"));
    struct command *id = command_find_subcommand(client, BYTES("id"));
    size_t count = command_table_count(*state);
    command_table_add(*state, &added);
    assert_int_equal(command_table_count(*state), count);
    assert_int_equal(client->subcommand_count, 3);
    struct command *tracking = command_table_find_full(*state, BYTES("client|tracking"));
    assert_non_null(tracking);
    assert_string_equal(tracking->full_name, "client|tracking");
    assert_ptr_equal(tracking->parent, client);
    assert_ptr_equal(command_find_subcommand(client, BYTES("id")), id); /* stays where it was */
}

static void resetting_clears_subcommands_too(void **state) {
    struct command *get = command_table_find(*state, BYTES("get"));
    struct command *id = command_table_find_full(*state, BYTES("client|id"));
    get->stats.calls = 3;
    id->stats.failed = 2;
    command_table_reset_stats(*state);
    assert_int_equal(get->stats.calls, 0);
    assert_int_equal(id->stats.failed, 0);
}

static void every_bit_has_its_name(void **state UNUSED) {
    assert_string_equal(command_flag_name(0), "write");
    assert_string_equal(command_flag_name((unsigned)__builtin_ctz(COMMAND_FAST)), "fast");
    assert_string_equal(command_flag_name((unsigned)__builtin_ctz(COMMAND_ALLOW_BUSY)),
                        "allow_busy");
    assert_null(command_flag_name((unsigned)__builtin_ctz(COMMAND_ALLOW_BUSY) + 1));
    assert_string_equal(command_category_name((unsigned)__builtin_ctz(CATEGORY_GEO)), "geo");
    assert_string_equal(command_category_name((unsigned)__builtin_ctz(CATEGORY_SCRIPTING)),
                        "scripting");
    assert_null(command_category_name((unsigned)__builtin_ctz(CATEGORY_RATELIMIT) + 1));
}

#define WITH_TABLE(test) cmocka_unit_test_setup_teardown(test, make_table, free_table)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_TABLE(a_name_is_found_in_any_case),
        WITH_TABLE(only_letters_have_case),
        WITH_TABLE(every_other_name_is_refused),
        WITH_TABLE(a_name_at_the_end_of_its_memory_is_read_no_further),
        cmocka_unit_test(names_of_every_length_are_kept_apart),
        cmocka_unit_test(a_growing_table_keeps_its_commands),
        WITH_TABLE(a_subcommand_is_found_below_its_container),
        WITH_TABLE(categories_follow_from_flags),
        WITH_TABLE(keys_that_depend_on_arguments_are_movable),
        WITH_TABLE(another_list_adds_subcommands_to_a_container),
        WITH_TABLE(resetting_clears_subcommands_too),
        cmocka_unit_test(every_bit_has_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
