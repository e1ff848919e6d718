/* What each command that depends on a clock, on chance or on having waited is told as. The forms are
 * those that redis-server 7.0 writes to its append-only file, where it knows the command. */
#include "engine/effects.h"

#include "commands/bitmap/bitmap_commands.h"
#include "commands/hash/hash_commands.h"
#include "commands/hyperloglog/hyperloglog_commands.h"
#include "commands/keys/key_commands.h"
#include "commands/list/list_commands.h"
#include "commands/members/members_commands.h"
#include "commands/server/server_commands.h"
#include "commands/set/set_commands.h"
#include "commands/sort/sort_commands.h"
#include "commands/string/string_commands.h"
#include "commands/transactions/transaction_commands.h"
#include "commands/zset/zset_commands.h"
#include "engine/fence.h"
#include "unit/support/command_fixture.h"
#include "unit/support/crowd.h"

static const struct command_list *const plain_lists[] = {
    &key_exist_commands,      &key_move_commands,
    &key_database_commands,   &key_expire_commands,
    &key_dump_commands,       &string_get_commands,
    &string_set_commands,     &string_fence_commands,
    &string_compare_commands, &string_counter_commands,
    &string_increx_commands,  &string_edit_commands,
    &string_multi_commands,   &bitmap_bitfield_commands,
    &member_expire_commands,  &member_due_commands,
    &sort_commands,           &server_debug_commands,
    &transaction_commands,    NULL,
};
static const struct feature plain_feature = {.name = "plain", .commands = plain_lists};
static const struct feature *const features[] = {
    &plain_feature,
    &hash_commands_feature,
    &list_commands_feature,
    &set_commands_feature,
    &zset_commands_feature,
    &hyperloglog_commands_feature,
    NULL,
};

static struct buffer told;

static void note_write(struct effect_listener *listener UNUSED, uint32_t db_number UNUSED,
                       const struct bytes *args, uint32_t argc) {
    for (uint32_t i = 0; i < argc; i++) {
        if (i != 0) buffer_append_char(&told, ' ');
        buffer_append_bytes(&told, args[i]);
    }
    buffer_append_char(&told, ';');
}

static void note_begin(struct effect_listener *listener UNUSED) {
    buffer_append_char(&told, '[');
}

static void note_end(struct effect_listener *listener UNUSED) {
    buffer_append_char(&told, ']');
}

static struct effect_listener log_of_writes = {
    .write = note_write, .begin = note_begin, .end = note_end};

static int listen(void **state) {
    struct command_fixture *fixture = fixture_new_of_features(features);
    effects_listen(fixture->engine, &log_of_writes);
    *state = fixture;
    return 0;
}

static int stop(void **state) {
    struct command_fixture *fixture = *state;
    effects_ignore(fixture->engine, &log_of_writes);
    fixture_free(fixture);
    buffer_destroy(&told);
    return 0;
}

/* What the last of the lines is told as, each prepared by those before it. */
struct form {
    const char *before; /* NULL: nothing; lines parted by "|" */
    const char *line;
    const char *effect;
};

static void run_lines(struct command_fixture *fixture, const char *lines) {
    struct bytes rest = bytes_of_str(lines), line;
    while (bytes_next_word(&rest, '|', &line)) {
        struct buffer text = {0};
        buffer_append_bytes(&text, bytes_trim(line));
        fixture_run(fixture, buffer_c_str(&text));
        buffer_destroy(&text);
    }
}

static void check_forms(struct command_fixture *fixture, const struct form *forms, size_t count) {
    for (size_t i = 0; i < count; i++) {
        fixture_run(fixture, "flushall");
        if (forms[i].before != NULL) run_lines(fixture, forms[i].before);
        buffer_clear(&told);
        const char *reply = fixture_run(fixture, forms[i].line);
        if (reply[0] == '-') print_error("%s: %s\n", forms[i].line, reply);
        assert_true(reply[0] != '-');
        if (strcmp(buffer_c_str(&told), forms[i].effect) != 0) print_error("%s:\n", forms[i].line);
        assert_string_equal(buffer_c_str(&told), forms[i].effect);
    }
}

#define CHECK_FORMS(state, forms) check_forms(*(state), (forms), ARRAY_LEN(forms))

/* --- strings and keys --- */

static void set_and_its_kin_are_told_as_what_came_of_them(void **state) {
    static const struct form forms[] = {
        {NULL, "set k v", "set k v;"},
        {NULL, "set k v nx", "SET k v;"},
        {"set k v", "set k w keepttl", "SET k w KEEPTTL;"},
        {NULL, "set k v ex 10", "SET k v PXAT 1700000010000;"},
        {NULL, "set k v px 10", "SET k v PXAT 1700000000010;"},
        {NULL, "set k v exat 1800000000", "SET k v PXAT 1800000000000;"},
        {"set k v", "set k w ifeq v", "SET k w;"},
        {"set k v", "set k w ifeq x", ""},
        {"set k v", "set k w get", "SET k w;"},
        {"set k v", "set k w nx", ""},
        {NULL, "setex k 10 v", "SET k v PXAT 1700000010000;"},
        {NULL, "psetex k 10 v", "SET k v PXAT 1700000000010;"},
        {NULL, "setnx k v", "setnx k v;"},
        {NULL, "getset k v", "SET k v;"},
        {NULL, "msetex 2 a 1 b 2", "MSET a 1 b 2;"},
        {NULL, "msetex 2 a 1 b 2 nx ex 10", "MSETEX 2 a 1 b 2 PXAT 1700000010000;"},
        {NULL, "msetex 1 a 1 keepttl", "MSETEX 1 a 1 KEEPTTL;"},
    };
    CHECK_FORMS(state, forms);
}

static void counters_are_told_by_their_value_where_it_is_no_integer(void **state) {
    static const struct form forms[] = {
        {NULL, "incrby k 3", "incrby k 3;"},
        {NULL, "incrbyfloat k 0.1", "SET k 0.1 KEEPTTL;"},
        {"set k 5", "increx k byint 3", "SET k 8 KEEPTTL;"},
        {NULL, "increx k ex 10", "SET k 1 PXAT 1700000010000;"},
        {"set k 5 ex 10", "increx k persist", "SET k 6;"},
        {"set k 5 px 7", "increx k ex 10 enx", "SET k 6 PXAT 1700000000007;"},
        {NULL, "increx k byfloat 0.5", "SET k 0.5 KEEPTTL;"},
        {"set k 5", "increx k ubound 5", ""},
    };
    CHECK_FORMS(state, forms);
}

static void times_are_told_as_moments(void **state) {
    static const struct form forms[] = {
        {"set k v", "expire k 10", "PEXPIREAT k 1700000010000;"},
        {"set k v", "pexpire k 10 nx", "PEXPIREAT k 1700000000010;"},
        {"set k v", "expireat k 1800000000", "PEXPIREAT k 1800000000000;"},
        {"set k v", "expire k -1", "DEL k;"},
        {"set k v", "expire k 10 xx", ""},
        {"set k v", "expireifeq k v 10", "PEXPIREAT k 1700000000010;"},
        {"set k v", "getex k ex 10", "PEXPIREAT k 1700000010000;"},
        {"set k v ex 10", "getex k persist", "PERSIST k;"},
        {"set k v", "getex k exat 10", "DEL k;"},
        {"set k v", "getex k", ""},
    };
    CHECK_FORMS(state, forms);
}

static void what_deletes_on_a_condition_is_told_as_del(void **state) {
    static const struct form forms[] = {
        {"set k v", "getdel k", "DEL k;"},
        {"set k v", "delex k ifeq v", "DEL k;"},
        {"set k v", "delifeq k v", "DEL k;"},
        {"set k v", "delifeq k w", ""},
        {"set k v", "unlink k nosuch", "unlink k nosuch;"},
    };
    CHECK_FORMS(state, forms);
}

static void what_changes_without_an_event_is_told(void **state) {
    static const struct form forms[] = {
        {"set k v", "flushall", "flushall;"},
        {NULL, "flushall", "flushall;"},
        {"set k v", "flushdb async", "flushdb async;"},
        {NULL, "swapdb 0 1", "swapdb 0 1;"},
        {NULL, "bitfield k overflow fail set u4 32 99", "bitfield k overflow fail set u4 32 99;"},
        {"pfadd k a b", "pfcount k", "pfcount k;"},
        {"pfadd k a b | pfcount k", "pfcount k", ""},
        {"pfadd k a b", "pfdebug todense k", "pfdebug todense k;"},
        {NULL, "debug populate 2 p", "[SET p:0 value:0;SET p:1 value:1;]"},
        {"set k v", "rename k k", ""},
    };
    CHECK_FORMS(state, forms);
}

static void a_token_is_told_with_the_lock(void **state) {
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "set k v nx px 10 fence");
    assert_string_equal(buffer_c_str(&told), "[SET k v PXAT 1700000000010;"
                                             "FENCE.RAISE 1700000000000000;]");
    buffer_clear(&told);
    assert_reply(fixture, "fence.raise 1800000000000000", "OK");
    assert_string_equal(buffer_c_str(&told), "fence.raise 1800000000000000;");
    assert_int_equal(fence_next(fixture->engine), 1800000000000001);
    assert_reply(fixture, "fence.raise -1", "-ERR value is out of range");
    assert_reply(fixture, "fence.raise 9223372036854775807", "-ERR value is out of range");
    assert_reply(fixture, "fence.raise x", "-ERR value is not an integer or out of range");
}

static void restore_is_told_with_a_moment(void **state) {
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "set k v");
    struct buffer dump = {0};
    fixture_run(fixture, "dump k");
    struct bytes raw = fixture_raw_reply(fixture);
    size_t start = bytes_index(raw, '\n') + 1;
    buffer_append(&dump, raw.data + start, raw.len - start - 2);
    struct bytes args[] = {BYTES("restore"), BYTES("k2"), BYTES("10"), buffer_bytes(&dump),
                           BYTES("replace")};
    buffer_clear(&told);
    fixture_run_args(fixture, args, ARRAY_LEN(args));
    assert_true(bytes_starts_with(buffer_bytes(&told), BYTES("RESTORE k2 1700000000010 ")));
    assert_string_equal(buffer_c_str(&told) + told.len - 16, " replace ABSTTL;");
    buffer_clear(&told);
    args[2] = BYTES("0");
    fixture_run_args(fixture, args, ARRAY_LEN(args));
    assert_true(bytes_starts_with(buffer_bytes(&told), BYTES("RESTORE k2 0 ")));
    buffer_destroy(&dump);
}

/* --- members --- */

static void members_that_get_due_times_are_told_with_moments(void **state) {
    static const struct form forms[] = {
        {"hset h a 1 b 2", "hexpire h 10 fields 2 a x", "HPEXPIREAT h 1700000010000 fields 2 a x;"},
        {"hset h a 1 b 2", "hpexpire h 10 nx fields 1 a",
         "HPEXPIREAT h 1700000000010 nx fields 1 a;"},
        {"hset h a 1 b 2", "hexpireat h 10 fields 2 a x", "HDEL h a;"},
        {"hset h a 1 b 2", "hexpire h 10 fields 1 x", ""},
        {"hset h a 1 b 2", "hgetex h ex 10 fields 2 a x",
         "HPEXPIREAT h 1700000010000 FIELDS 2 a x;"},
        {"hset h a 1 b 2 | hexpire h 9 fields 1 a", "hgetex h persist fields 1 a",
         "HPERSIST h FIELDS 1 a;"},
        {"hset h a 1 b 2", "hgetex h pxat 1 fields 1 a", "HDEL h a;"},
        {"hset h a 1 b 2", "hgetdel h fields 2 a x", "HDEL h a x;"},
        {NULL, "hsetex h fields 1 a 1", "HSET h a 1;"},
        {NULL, "hsetex h fnx keepttl fields 1 a 1", "HSETEX h KEEPTTL FIELDS 1 a 1;"},
        {NULL, "hsetex h px 10 fields 1 a 1", "HSETEX h PXAT 1700000000010 FIELDS 1 a 1;"},
        {"hset h a 1 b 2", "hsetex h pxat 1 fields 1 a 1", "HDEL h a;"},
        {NULL, "hincrbyfloat h a 0.1", "HSET h a 0.1;"},
        {"hset h a 1 | hexpire h 9 fields 1 a", "hincrbyfloat h a 0.1",
         "HSETEX h KEEPTTL FIELDS 1 a 1.1;"},
        {NULL, "saddex s 10 a b",
         "[SADD s a b;PEXPIREMEMBERAT s a 1700000010000;PEXPIREMEMBERAT s b 1700000010000;]"},
        {"sadd s a", "saddex s keepttl 10 a b", "[SADD s b;PEXPIREMEMBERAT s b 1700000010000;]"},
        {"sadd s a", "expiremember s a 10", "PEXPIREMEMBERAT s a 1700000010000;"},
        {"hset h a 1", "expirememberat h a 1", "HDEL h a;"},
        {"zadd z 1 a", "fieldexpire z 0 a x", "ZREM z a;"},
        {"zadd z 1 a", "zexpire z 10 members 1 a", "ZPEXPIREAT z 1700000010000 members 1 a;"},
        {"zadd z 1 a 2 b", "zexpireat z 1 members 2 a b", "ZREM z a b;"},
    };
    CHECK_FORMS(state, forms);
}

static void chance_is_told_by_what_it_chose(void **state) {
    static const struct form forms[] = {
        {"sadd s a", "spop s", "DEL s;"},
        {"sadd s a b", "spop s 5", "DEL s;"},
        {"sadd s 1 2", "spop s 0", ""},
        {"sadd s b a c", "sort s by nosort store l", "sort s by nosort store l;"},
    };
    CHECK_FORMS(state, forms);
    fixture_run(*state, "sadd t a b c");
    buffer_clear(&told);
    fixture_run(*state, "spop t 2");
    assert_true(bytes_starts_with(buffer_bytes(&told), BYTES("SREM t ")));
    assert_int_equal(told.len, strlen("SREM t a b;"));
}

static void members_that_come_due_are_told_before_who_looks(void **state) {
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "hset h a 1 b 2 c 3");
    fixture_run(fixture, "hpexpire h 5 fields 2 a b");
    fixture_advance_ms(fixture, 5);
    buffer_clear(&told);
    fixture_run(fixture, "hset h d 4");
    assert_string_equal(buffer_c_str(&told), "EXPIREMEMBERS.DUE h 1700000000005;hset h d 4;");
}

static void due_members_are_removed_whatever_the_clock_says(void **state) {
    struct command_fixture *fixture = *state;
    assert_reply(fixture, "expiremembers.due h 1", "0");
    fixture_run(fixture, "hset h a 1 b 2");
    fixture_run(fixture, "hpexpire h 5 fields 1 a");
    assert_reply(fixture, "expiremembers.due h 1700000000004", "0");
    buffer_clear(&told);
    fixture_events(fixture);
    assert_reply(fixture, "expiremembers.due h 1700000000005", "1");
    assert_events(fixture, "0:hexpired:h");
    assert_string_equal(buffer_c_str(&told), "expiremembers.due h 1700000000005;");
    fixture_run(fixture, "hpexpire h 5 fields 1 b");
    fixture_events(fixture);
    assert_reply(fixture, "expiremembers.due h 1700000000005", "1");
    assert_events(fixture, "0:hexpired:h 0:del:h");
    assert_reply(fixture, "exists h", "0");
}

static void other_keys_and_moments_have_no_members_due(void **state) {
    struct command_fixture *fixture = *state;
    fixture_run(fixture, "set k v");
    fixture_run(fixture, "sadd s a");
    assert_reply(fixture, "expiremembers.due s 70368744177663", "0");
    assert_reply(fixture, "expiremembers.due s 70368744177664", "-ERR value is out of range");
    assert_reply(fixture, "expiremembers.due s -1", "-ERR value is out of range");
    assert_reply(fixture, "expiremembers.due s now",
                 "-ERR value is not an integer or out of range");
    assert_reply(fixture, "expiremembers.due k 1",
                 "-WRONGTYPE Operation against a key holding the wrong kind of value");
}

/* --- taking, at once and after having waited --- */

static void what_is_taken_is_told_from_the_key_that_had_it(void **state) {
    static const struct form forms[] = {
        {"rpush l a b c", "blpop no l 0", "LPOP l;"},
        {"rpush l a b c", "brpop no l 0", "RPOP l;"},
        {"rpush l a b c", "lmpop 2 no l right count 9", "RPOP l 3;"},
        {"rpush l a b c", "blmpop 0 2 no l left", "LPOP l 1;"},
        {"rpush l a b c", "blmove l m left right 0", "LMOVE l m left right;"},
        {"rpush l a b c", "brpoplpush l m 0", "RPOPLPUSH l m;"},
        {"rpush l a b c", "blmovem l m left right 0 count 2 obo",
         "LMOVEM l m left right count 2 obo;"},
        {"rpush l a b c", "lmove l l left right", "lmove l l left right;"},
        {"zadd z 1 a 2 b", "bzpopmin no z 0", "ZPOPMIN z;"},
        {"zadd z 1 a 2 b", "bzpopmax no z 0", "ZPOPMAX z;"},
        {"zadd z 1 a 2 b", "zmpop 2 no z min count 9", "ZPOPMIN z 2;"},
        {"zadd z 1 a 2 b", "bzmpop 0 1 z max", "ZPOPMAX z 1;"},
        {"zadd z 1 a 2 b", "zpopbyscore z -inf now count 5", "ZREM z a b;"},
        {"zadd z 1 a 2 b", "bzpopbyscore z -inf now 0", "ZREM z a;"},
        {"zadd z 1 a 2 b", "zmovedue z y now count 2", "zmovedue z y 1700000000000 count 2;"},
        {"zadd z 1 a 2 b", "zmovedue z y 5", "zmovedue z y 5;"},
        {"zadd z 1 a 2 b", "bzmove z y min 0", "bzmove z y min 0;"},
    };
    CHECK_FORMS(state, forms);
}

static void who_has_waited_is_told_after_who_served_him(void **state) {
    struct command_fixture *fixture = *state;
    struct crowd crowd;
    crowd_gather(&crowd, fixture);
    crowd_run(&crowd, 0, "blmove a b left left 0");
    crowd_run(&crowd, 1, "brpop b 0");
    crowd_run(&crowd, 2, "bzmpop 0 1 z max");
    crowd_serve_after(fixture, "rpush a x y");
    assert_string_equal(buffer_c_str(&told), "rpush a x y;LMOVE a b left left;RPOP b;");
    buffer_clear(&told);
    fixture_run(fixture, "multi");
    fixture_run(fixture, "zadd z 1 m 2 n");
    fixture_run(fixture, "set k v px 7");
    crowd_serve_after(fixture, "exec");
    assert_string_equal(buffer_c_str(&told),
                        "[zadd z 1 m 2 n;SET k v PXAT 1700000000007;]ZPOPMAX z 1;");
    crowd_dismiss(&crowd);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, listen, stop)
    const struct CMUnitTest tests[] = {
        TEST(set_and_its_kin_are_told_as_what_came_of_them),
        TEST(counters_are_told_by_their_value_where_it_is_no_integer),
        TEST(times_are_told_as_moments),
        TEST(what_deletes_on_a_condition_is_told_as_del),
        TEST(what_changes_without_an_event_is_told),
        TEST(a_token_is_told_with_the_lock),
        TEST(restore_is_told_with_a_moment),
        TEST(members_that_get_due_times_are_told_with_moments),
        TEST(chance_is_told_by_what_it_chose),
        TEST(members_that_come_due_are_told_before_who_looks),
        TEST(due_members_are_removed_whatever_the_clock_says),
        TEST(other_keys_and_moments_have_no_members_due),
        TEST(what_is_taken_is_told_from_the_key_that_had_it),
        TEST(who_has_waited_is_told_after_who_served_him),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
