/* The hash commands but for due times: reading, writing, counting, drawing, walking. */
#include "unit/commands/hash/hash_fixture.h"

static void hset_counts_the_new_fields(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "HSET h a 1 b 2", "2");
    assert_events(f, "0:hset:h");
    assert_reply(f, "HSET h a 3 c 4 d 5", "2");
    assert_reply(f, "HSET h a 3", "0");
    assert_events(f, "0:hset:h 0:hset:h");
    assert_reply(f, "HSET h e 1 e 2", "1");
    assert_reply(f, "HMGET h a b c d e", "[\"3\", \"2\", \"4\", \"5\", \"2\"]");
    assert_reply(f, "HMSET h a x f y", "OK");
    assert_events(f, "0:hset:h 0:hset:h");
    assert_reply(f, "HMGET h a f", "[\"x\", \"y\"]");
}

static void a_field_without_value_is_refused_before_anything(void **state) {
    struct command_fixture *f = *state;
    run(f, "SET s v");
    assert_reply(f, "HSET h a 1 b", "-ERR wrong number of arguments for 'hset' command");
    assert_reply(f, "HMSET s a 1 b", "-ERR wrong number of arguments for 'hmset' command");
    assert_reply(f, "HSET h a", "-ERR wrong number of arguments for 'hset' command");
    assert_reply(f, "EXISTS h", "0");
    assert_events(f, "");
}

static void hsetnx_sets_only_what_is_not_there(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "HSETNX h a 1", "1");
    assert_events(f, "0:hset:h");
    assert_reply(f, "HSETNX h a 2", "0");
    assert_reply(f, "HSETNX h b 3", "1");
    assert_events(f, "0:hset:h");
    assert_reply(f, "HMGET h a b", "[\"1\", \"3\"]");
}

static void single_fields_are_read(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET h a 12 \"\" x b \"\"");
    assert_reply(f, "HGET h a", "\"12\"");
    assert_reply(f, "HGET h \"\"", "\"x\"");
    assert_reply(f, "HGET h b", "\"\"");
    assert_reply(f, "HGET h c", "nil");
    assert_reply(f, "HGET absent a", "nil");
    assert_reply(f, "HSTRLEN h a", "2");
    assert_reply(f, "HSTRLEN h c", "0");
    assert_reply(f, "HSTRLEN absent a", "0");
    assert_reply(f, "HEXISTS h a", "1");
    assert_reply(f, "HEXISTS h c", "0");
    assert_reply(f, "HEXISTS absent c", "0");
    assert_reply(f, "HLEN h", "3");
    assert_reply(f, "HLEN absent", "0");
    assert_reply(f, "HMGET h a c a", "[\"12\", nil, \"12\"]");
    assert_reply(f, "HMGET absent a c", "[nil, nil]");
}

static void whole_hashes_are_read_in_either_protocol(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET h a 1 b 2");
    assert_reply(f, "HGETALL h", "[\"a\", \"1\", \"b\", \"2\"]");
    assert_reply(f, "HGETALL absent", "[]");
    assert_reply(f, "HKEYS h", "[\"a\", \"b\"]");
    assert_reply(f, "HVALS h", "[\"1\", \"2\"]");
    f->session.version = RESP3;
    assert_reply(f, "HGETALL h", "{\"a\": \"1\", \"b\": \"2\"}");
    assert_reply(f, "HGETALL absent", "{}");
    assert_reply(f, "HKEYS h", "[\"a\", \"b\"]");
    assert_reply(f, "HVALS h", "[\"1\", \"2\"]");
    assert_reply(f, "HVALS absent", "[]");
    assert_reply(f, "HGET h c", "nil");
}

static void many_fields_are_read_from_a_table(void **state) {
    struct command_fixture *f = *state;
    enum { FIELDS = 100 };
    fixture_set_directive(f, "hash-max-listpack-entries", "0");
    make_hash(f, "h", FIELDS);
    assert_encoding(f, "h", "hashtable");
    struct buffer line = {0}, expected = {0};
    buffer_append_str(&line, "HMGET h");
    for (int i = 0; i < FIELDS + 10; i++) {
        buffer_printf(&line, " f%d", i);
        buffer_append_str(&expected, i == 0 ? "[" : ", ");
        if (i < FIELDS)
            buffer_printf(&expected, "\"v%d\"", i);
        else
            buffer_append_str(&expected, "nil");
    }
    buffer_append_char(&expected, ']');
    assert_reply(f, buffer_c_str(&line), buffer_c_str(&expected));
    buffer_destroy(&line);
    buffer_destroy(&expected);
}

static void hdel_deletes_fields_and_with_the_last_the_key(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET h a 1 b 2 c 3");
    assert_reply(f, "HDEL h x y", "0");
    assert_reply(f, "HDEL absent a", "0");
    assert_events(f, "");
    assert_reply(f, "HDEL h a x a", "1");
    assert_events(f, "0:hdel:h");
    assert_reply(f, "HLEN h", "2");
    assert_reply(f, "HDEL h c b", "2");
    assert_events(f, "0:hdel:h 0:del:h");
    assert_reply(f, "EXISTS h", "0");
}

static void hincrby_counts(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "HINCRBY h n 5", "5");
    assert_events(f, "0:hincrby:h");
    assert_reply(f, "HINCRBY h n -7", "-2");
    run(f, "HSET h text x empty \"\" float 1.5 max 9223372036854775807 plus +1");
    assert_reply(f, "HINCRBY h text 1", "-ERR hash value is not an integer");
    assert_reply(f, "HINCRBY h empty 1", "-ERR hash value is not an integer");
    assert_reply(f, "HINCRBY h float 1", "-ERR hash value is not an integer");
    assert_reply(f, "HINCRBY h plus 1", "-ERR hash value is not an integer");
    assert_reply(f, "HINCRBY h max 1", "-ERR increment or decrement would overflow");
    assert_reply(f, "HINCRBY h n 1.5", NOT_INTEGER);
    assert_reply(f, "HGET h n", "\"-2\"");
    assert_events(f, "");
}

static void hincrbyfloat_counts(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "HINCRBYFLOAT h n 10.5", "\"10.5\"");
    assert_events(f, "0:hincrbyfloat:h");
    assert_reply(f, "HINCRBYFLOAT h n 0.1", "\"10.6\"");
    f->session.version = RESP3;
    assert_reply(f, "HINCRBYFLOAT h n 5.0e3", "\"5010.60000000000000009\"");
    run(f, "HSET h text x empty \"\" inf inf");
    assert_reply(f, "HINCRBYFLOAT h text 1", "-ERR hash value is not a float");
    assert_reply(f, "HINCRBYFLOAT h empty 1", "-ERR hash value is not a float");
    assert_reply(f, "HINCRBYFLOAT h inf 1", "-ERR increment would produce NaN or Infinity");
    assert_reply(f, "HINCRBYFLOAT h n inf", "-ERR value is NaN or Infinity");
    assert_reply(f, "HINCRBYFLOAT h n x", "-ERR value is not a valid float");
    assert_reply(f, "HGET h n", "\"5010.60000000000000009\"");
    assert_events(f, "");
}

static void keys_of_another_type_are_refused(void **state) {
    static const char *const lines[] = {
        "HSET s a 1",
        "HMSET s a 1",
        "HSETNX s a 1",
        "HGET s a",
        "HMGET s a",
        "HGETALL s",
        "HKEYS s",
        "HVALS s",
        "HLEN s",
        "HSTRLEN s a",
        "HEXISTS s a",
        "HDEL s a",
        "HINCRBY s a 1",
        "HINCRBYFLOAT s a 1",
        "HRANDFIELD s",
        "HRANDFIELD s 1",
        "HSCAN s 0",
        "HSCAN s 0 NONSENSE",
        "MHGET 2 absent s FIELDS 1 a",
        "MHGET 1 s FIELDS 1 a",
        "HEXPIRE s 1 FIELDS 1 a",
        "HEXPIRE s x FIELDS 0 a",
        "HPEXPIRE s 1 FIELDS 1 a",
        "HEXPIREAT s 1 FIELDS 1 a",
        "HPEXPIREAT s 1 FIELDS 1 a",
        "HTTL s FIELDS 1 a",
        "HTTL s FIELDS 0 a",
        "HPTTL s FIELDS 1 a",
        "HEXPIRETIME s FIELDS 1 a",
        "HPEXPIRETIME s FIELDS 1 a",
        "HPERSIST s FIELDS 1 a",
        "HGETEX s FIELDS 1 a",
        "HGETEX s EX 10 FIELDS 1 a",
        "HGETDEL s FIELDS 1 a",
        "HSETEX s FIELDS 1 a 1",
    };
    struct command_fixture *f = *state;
    run(f, "SET s v");
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) assert_reply(f, lines[i], WRONG_TYPE);
    assert_events(f, "");
}

/* --- HRANDFIELD --- */

static void hrandfield_draws_one(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "HRANDFIELD absent", "nil");
    make_hash(f, "h", 3);
    int seen[3] = {0};
    for (int i = 0; i < 300; i++) seen[fixture_run(f, "HRANDFIELD h")[2] - '0']++;
    for (int i = 0; i < 3; i++) assert_in_range(seen[i], 60, 140);
}

static void hrandfield_draws_many(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET h a 1");
    assert_reply(f, "HRANDFIELD h 5", "[\"a\"]");
    assert_reply(f, "HRANDFIELD h 5 WITHVALUES", "[\"a\", \"1\"]");
    assert_reply(f, "HRANDFIELD h -3", "[\"a\", \"a\", \"a\"]");
    assert_reply(f, "HRANDFIELD h -2 withvalues", "[\"a\", \"1\", \"a\", \"1\"]");
    assert_reply(f, "HRANDFIELD h 0", "[]");
    assert_reply(f, "HRANDFIELD absent 3", "[]");
    assert_reply(f, "HRANDFIELD absent -3 WITHVALUES", "[]");
    f->session.version = RESP3;
    assert_reply(f, "HRANDFIELD h 5 WITHVALUES", "[[\"a\", \"1\"]]");
    assert_reply(f, "HRANDFIELD h -2 WITHVALUES", "[[\"a\", \"1\"], [\"a\", \"1\"]]");
    assert_reply(f, "HRANDFIELD h -2", "[\"a\", \"a\"]");
}

static void hrandfield_draws_different_fields(void **state) {
    struct command_fixture *f = *state;
    make_hash(f, "h", 9);
    for (int round = 0; round < 50; round++) {
        const char *reply = fixture_run(f, "HRANDFIELD h 6");
        bool seen[9] = {false};
        for (int i = 0; i < 6; i++) {
            int field = reply[3 + 6 * i] - '0';
            assert_in_range(field, 0, 8);
            assert_false(seen[field]);
            seen[field] = true;
        }
    }
}

static void hrandfield_refuses(void **state) {
    struct command_fixture *f = *state;
    make_hash(f, "h", 1);
    assert_reply(f, "HRANDFIELD h x", NOT_INTEGER);
    assert_reply(f, "HRANDFIELD h 1 NONSENSE", SYNTAX);
    assert_reply(f, "HRANDFIELD h 1 WITHVALUES x", SYNTAX);
    assert_reply(f, "HRANDFIELD h -9223372036854775808",
                 "-ERR value is out of range, value must between -9223372036854775807 and "
                 "9223372036854775807");
    assert_reply(f, "HRANDFIELD h 4611686018427387904 WITHVALUES", "-ERR value is out of range");
    assert_reply(f, "HRANDFIELD h -4611686018427387904 WITHVALUES", "-ERR value is out of range");
    assert_reply(f, "HRANDFIELD h 4611686018427387904", "[\"f0\"]");
    assert_reply(f, "HRANDFIELD h -67108865", "-ERR value is out of range");
}

/* --- HSCAN --- */

static void hscan_gives_a_small_hash_at_once(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET h a 1 b 2 ab 3");
    assert_reply(f, "HSCAN h 0", "[\"0\", [\"a\", \"1\", \"b\", \"2\", \"ab\", \"3\"]]");
    assert_reply(f, "HSCAN h 77 COUNT 1", "[\"0\", [\"a\", \"1\", \"b\", \"2\", \"ab\", \"3\"]]");
    assert_reply(f, "HSCAN h 18446744073709551615 NOVALUES", "[\"0\", [\"a\", \"b\", \"ab\"]]");
    assert_reply(f, "HSCAN h 0 MATCH a*", "[\"0\", [\"a\", \"1\", \"ab\", \"3\"]]");
    assert_reply(f, "HSCAN h 0 NOVALUES MATCH a* COUNT 5", "[\"0\", [\"a\", \"ab\"]]");
    assert_reply(f, "HSCAN h 0 MATCH b", "[\"0\", [\"b\", \"2\"]]");
    assert_reply(f, "HSCAN h 0 MATCH x", "[\"0\", []]");
    f->session.version = RESP3;
    assert_reply(f, "HSCAN h 0 MATCH b", "[\"0\", [\"b\", \"2\"]]");
    assert_reply(f, "HSCAN absent 0", "[\"0\", []]");
}

/* Walks h with `options`, counts how often each field comes, and returns how many steps it took. */
static int walk(struct command_fixture *f, const char *options, int *seen) {
    char cursor[32] = "0", line[100];
    int steps = 0;
    do {
        snprintf(line, sizeof(line), "HSCAN h %s %s", cursor, options);
        const char *reply = fixture_run(f, line);
        assert_int_equal(sscanf(reply, "[\"%31[0-9]\"", cursor), 1);
        for (const char *at = strstr(reply, "\"f"); at != NULL; at = strstr(at + 1, "\"f"))
            seen[strtol(at + 2, NULL, 10)]++;
        steps++;
        assert_true(steps < 10000);
    } while (strcmp(cursor, "0") != 0);
    return steps;
}

static void hscan_walks_a_table_in_steps(void **state) {
    struct command_fixture *f = *state;
    enum { FIELDS = 1000 };
    make_hash(f, "h", FIELDS);
    assert_encoding(f, "h", "hashtable");
    int seen[FIELDS] = {0};
    assert_in_range(walk(f, "COUNT 20", seen), 10, 50);
    for (int i = 0; i < FIELDS; i++) assert_int_equal(seen[i], 1);
    assert_int_equal(walk(f, "COUNT 9223372036854775807 NOVALUES", seen), 1);
    for (int i = 0; i < FIELDS; i++) assert_int_equal(seen[i], 2);
    (void)walk(f, "MATCH f1?", seen);
    for (int i = 0; i < FIELDS; i++) assert_int_equal(seen[i], i >= 10 && i < 20 ? 3 : 2);
    assert_int_equal(walk(f, "MATCH f700", seen), 1);
    assert_int_equal(seen[700], 3);
    assert_reply(f, "HSCAN h 18446744073709551615", "[\"0\", []]");
}

static void hscan_refuses(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET h a 1");
    run(f, "SET s v");
    assert_reply(f, "HSCAN h x", "-ERR invalid cursor");
    assert_reply(f, "HSCAN s x", "-ERR invalid cursor");
    assert_reply(f, "HSCAN absent x", "-ERR invalid cursor");
    assert_reply(f, "HSCAN absent 0 NONSENSE", "[\"0\", []]");
    assert_reply(f, "HSCAN h 0 NONSENSE", SYNTAX);
    assert_reply(f, "HSCAN h 0 COUNT 0", SYNTAX);
    assert_reply(f, "HSCAN h 0 COUNT x", NOT_INTEGER);
    assert_reply(f, "HSCAN h 0 MATCH", SYNTAX);
    assert_reply(f, "HSCAN h 0 TYPE hash", SYNTAX);
}

/* --- MHGET --- */

static void mhget_reads_fields_of_several_hashes(void **state) {
    struct command_fixture *f = *state;
    run(f, "HSET x a 1 b 2");
    run(f, "HSET y b 3");
    assert_reply(f, "MHGET 3 x y z FIELDS 2 a b", "[[\"1\", \"2\"], [nil, \"3\"], [nil, nil]]");
    assert_reply(f, "MHGET 2 x x fields 1 a", "[[\"1\"], [\"1\"]]");
    assert_reply(f, "MHGET 1 FIELDS FIELDS 1 FIELDS", "[[nil]]");
    f->session.version = RESP3;
    assert_reply(f, "MHGET 1 z FIELDS 1 a", "[[nil]]");
    assert_events(f, "");
}

static void mhget_reads_many_keys(void **state) {
    struct command_fixture *f = *state;
    enum { KEYS = 100 };
    struct buffer line = {0}, expected = {0};
    buffer_printf(&line, "MHGET %d", KEYS);
    for (int i = 0; i < KEYS; i++) {
        char set[64];
        snprintf(set, sizeof(set), "HSET k%d a %d b 7", i, i);
        run(f, set);
        buffer_printf(&line, " k%d", i);
        buffer_printf(&expected, "%s[\"7\", \"%d\"]", i == 0 ? "[" : ", ", i);
    }
    buffer_append_str(&line, " FIELDS 2 b a");
    buffer_append_char(&expected, ']');
    assert_reply(f, buffer_c_str(&line), buffer_c_str(&expected));
    buffer_destroy(&line);
    buffer_destroy(&expected);
}

static void mhget_refuses(void **state) {
    struct command_fixture *f = *state;
    static const char no_fields[] =
        "-ERR Mandatory argument FIELDS is missing or not at the right position";
    static const char no_match[] =
        "-ERR The `numfields` parameter must match the number of arguments";
    assert_reply(f, "MHGET 1 x FIELDS 1", "-ERR wrong number of arguments for 'mhget' command");
    assert_reply(f, "MHGET 0 x FIELDS 1 a", "-ERR numkeys should be greater than 0");
    assert_reply(f, "MHGET -1 x FIELDS 1 a", "-ERR numkeys should be greater than 0");
    assert_reply(f, "MHGET x x FIELDS 1 a", "-ERR numkeys should be greater than 0");
    assert_reply(f, "MHGET 5 x FIELDS 1 a",
                 "-ERR Number of keys can't be greater than number of args");
    assert_reply(f, "MHGET 9223372036854775807 x FIELDS 1 a",
                 "-ERR Number of keys can't be greater than number of args");
    assert_reply(f, "MHGET 2 x FIELDS 1 a", no_fields);
    assert_reply(f, "MHGET 3 x FIELDS 1 a", no_fields);
    assert_reply(f, "MHGET 4 x FIELDS 1 a", no_fields);
    assert_reply(f, "MHGET 1 x FIELDS 2 a", no_match);
    assert_reply(f, "MHGET 1 x FIELDS 1 a b", no_match);
    assert_reply(f, "MHGET 1 x FIELDS 0 a", "-ERR Number of fields must be a positive integer");
    assert_reply(f, "MHGET 1 x FIELDS y a", "-ERR Number of fields must be a positive integer");
}

/* --- encodings --- */

static void the_directives_bound_packed_hashes_at_once(void **state) {
    struct command_fixture *f = *state;
    fixture_set_directive(f, "hash-max-listpack-entries", "3");
    run(f, "HSET h a 1 b 2 c 3");
    assert_encoding(f, "h", "listpack");
    run(f, "HSET h a 4");
    assert_encoding(f, "h", "listpack");
    run(f, "HSET h d 4");
    assert_encoding(f, "h", "hashtable");
    run(f, "HDEL h a b c");
    assert_encoding(f, "h", "hashtable");
    fixture_set_directive(f, "hash-max-ziplist-value", "5");
    run(f, "HSET v a 12345");
    assert_encoding(f, "v", "listpack");
    run(f, "HSET v a 123456");
    assert_encoding(f, "v", "hashtable");
    run(f, "HSET w 123456 a");
    assert_encoding(f, "w", "hashtable");
    assert_reply(f, "HGETALL w", "[\"123456\", \"a\"]");
    assert_reply(f, "HGETALL v", "[\"a\", \"123456\"]");
}

static void counting_may_outgrow_the_packed_form(void **state) {
    struct command_fixture *f = *state;
    fixture_set_directive(f, "hash-max-listpack-value", "2");
    run(f, "HINCRBY h n 99");
    assert_encoding(f, "h", "listpack");
    assert_reply(f, "HINCRBY h n 1", "100");
    assert_encoding(f, "h", "hashtable");
    run(f, "HINCRBYFLOAT g n 9");
    assert_encoding(f, "g", "listpack");
    assert_reply(f, "HINCRBYFLOAT g n 0.5", "\"9.5\"");
    assert_encoding(f, "g", "hashtable");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(hset_counts_the_new_fields),
        TEST(a_field_without_value_is_refused_before_anything),
        TEST(hsetnx_sets_only_what_is_not_there),
        TEST(single_fields_are_read),
        TEST(whole_hashes_are_read_in_either_protocol),
        TEST(many_fields_are_read_from_a_table),
        TEST(hdel_deletes_fields_and_with_the_last_the_key),
        TEST(hincrby_counts),
        TEST(hincrbyfloat_counts),
        TEST(keys_of_another_type_are_refused),
        TEST(hrandfield_draws_one),
        TEST(hrandfield_draws_many),
        TEST(hrandfield_draws_different_fields),
        TEST(hrandfield_refuses),
        TEST(hscan_gives_a_small_hash_at_once),
        TEST(hscan_walks_a_table_in_steps),
        TEST(hscan_refuses),
        TEST(mhget_reads_fields_of_several_hashes),
        TEST(mhget_reads_many_keys),
        TEST(mhget_refuses),
        TEST(the_directives_bound_packed_hashes_at_once),
        TEST(counting_may_outgrow_the_packed_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
