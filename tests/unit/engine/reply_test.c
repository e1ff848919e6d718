/* Replies in both protocols, and large values sent from where they lie. */
#include "engine/reply.h"

#include "data/types/string/string.h"
#include "engine/engine.h"
#include "unit/support/command_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void kinds_command(struct call *call) {
    reply_array(call, 11);
    reply_integer(call, -3);
    reply_simple(call, "word");
    reply_bulk_str(call, "bulk");
    reply_bulk_integer(call, INT64_MIN);
    reply_bulk_printf(call, "%s-%d", "a", 5);
    reply_null(call);
    reply_null_array(call);
    reply_bool(call, true);
    reply_double(call, 0.1);
    reply_map(call, 1);
    reply_integer(call, 1);
    reply_integer(call, 2);
    reply_verbatim(call, "txt", BYTES("text"));
}

static void fields_command(struct call *call) {
    static const struct bytes names[] = {{"first", 5}, {"second", 6}, {"word", 4}};
    const int64_t values[] = {-7, INT64_MAX};
    reply_fields(call, names, values, ARRAY_LEN(values), BYTES("last"), 1);
    if (call->session->version == RESP3) reply_bulk_str(call, "more");
    reply_integer(call, 5);
}

static void value_command(struct call *call) {
    const struct entry *entry = database_read(call->db, call_key(call, 1));
    if (entry == NULL)
        reply_error_no_key(call);
    else
        reply_string_value(call, entry);
}

static void error_command(struct call *call) {
    reply_error_printf(call, "OWN %.*s", (int)call->args[1].len, call->args[1].data);
}

static const struct command_row rows[] = {
    {.name = "kinds", .handler = kinds_command, .arity = 1},
    {.name = "fields", .handler = fields_command, .arity = 1},
    {.name = "value", .handler = value_command, .arity = 2, .keys = {KEY_AT(1, "RO access")}},
    {.name = "error", .handler = error_command, .arity = 2},
};

static const struct command_list list = COMMAND_LIST(rows);
static const struct command_list *const commands[] = {&list, NULL};

static void each_kind_has_its_form_in_each_protocol(void **state) {
    (void)state;
    struct command_fixture *fixture = fixture_new(commands);
    assert_reply(fixture, "kinds",
                 "[-3, word, \"bulk\", \"-9223372036854775808\", \"a-5\", nil, nil-array, 1, "
                 "\"0.1\", [1, 2], \"text\"]");
    assert_reply(fixture, "fields", "[-7, 9223372036854775807, \"last\", 5]");
    fixture->session.version = RESP3;
    assert_reply(fixture, "fields",
                 "{\"first\": -7, \"second\": 9223372036854775807, \"word\": \"last\", "
                 "\"more\": 5}");
    assert_reply(fixture, "kinds",
                 "[-3, word, \"bulk\", \"-9223372036854775808\", \"a-5\", nil, nil, #t, "
                 "0.1, {1: 2}, =txt\"text\"]");
    fixture_free(fixture);
}

static void errors_are_one_line_and_counted_by_their_code(void **state) {
    (void)state;
    struct command_fixture *fixture = fixture_new(commands);
    assert_reply(fixture, "error \"a\\r\\nb\"", "-OWN a  b");
    assert_reply(fixture, "value none", "-ERR no such key");
    assert_int_equal(fixture->engine->errors.total, 2);
    assert_string_equal(fixture->engine->errors.counts[0].code, "OWN");
    assert_int_equal(command_table_find(fixture->engine->commands, BYTES("error"))->stats.failed,
                     1);
    fixture_free(fixture);
}

/* Stores `len` bytes and asks for them. */
static void check_value_of(size_t len) {
    struct command_fixture *fixture = fixture_new(commands);
    struct database *db = fixture->engine->keyspace->dbs[0];
    struct key key = key_of(BYTES("k"));
    struct found found = {0};
    char *text = mem_alloc(len + 1);
    memset(text, 'x', len);
    string_store(db, key, &found, bytes_of(text, len), 0);
    struct bytes args[] = {BYTES("value"), BYTES("k")};
    (void)fixture_run_args(fixture, args, 2);
    struct bytes raw = fixture_raw_reply(fixture);
    char header[32];
    size_t header_len = (size_t)(resp_put_bulk_header(header, len) - header);
    assert_int_equal(raw.len, header_len + len + 2);
    assert_memory_equal(raw.data, header, header_len);
    assert_memory_equal(raw.data + header_len, text, len);
    assert_memory_equal(raw.data + header_len + len, "\r\n", 2);
    mem_free(text);
    fixture_free(fixture);
}

static void values_of_any_size_are_sent_whole(void **state) {
    (void)state;
    static const size_t lens[] = {
        0,      1, 44, STRING_TAIL_MAX, STRING_TAIL_MAX + 1, STRING_SHARE_MIN - 1, STRING_SHARE_MIN,
        1000000};
    for (size_t i = 0; i < ARRAY_LEN(lens); i++) check_value_of(lens[i]);
}

static void a_large_value_on_its_way_out_survives_its_deletion(void **state) {
    (void)state;
    struct command_fixture *fixture = fixture_new(commands);
    struct session *session = &fixture->session;
    struct database *db = fixture->engine->keyspace->dbs[0];
    struct key key = key_of(BYTES("k"));
    struct found found = {0};
    char *text = mem_alloc_zeroed(STRING_SHARE_MIN);
    string_store(db, key, &found, bytes_of(text, STRING_SHARE_MIN), 0);
    struct call call = {.session = session, .engine = fixture->engine, .output = &session->output};
    reply_string_value(&call, found.entry);
    const char *stored = ((struct string_block *)entry_pointer(found.entry))->data;
    size_t len;
    char *edited = string_edit(db, key, &found, 1, &len);
    assert_ptr_not_equal(edited, stored); /* it is being sent: the edit has taken a copy */
    edited[0] = 'y';
    assert_int_equal(stored[0], 0);
    database_delete(db, key, found);
    assert_int_equal(stored[STRING_SHARE_MIN - 1], 0);
    assert_true(output_pending_bytes(&session->output) > STRING_SHARE_MIN);
    mem_free(text);
    fixture_free(fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_its_form_in_each_protocol),
        cmocka_unit_test(errors_are_one_line_and_counted_by_their_code),
        cmocka_unit_test(values_of_any_size_are_sent_whole),
        cmocka_unit_test(a_large_value_on_its_way_out_survives_its_deletion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
