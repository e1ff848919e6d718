/* String commands against a naive model: every reply, and every key now and then, must agree
 * through a long run of random commands while the clock goes on. */
#include "foundation/number.h"
#include "foundation/random.h"
#include "unit/commands/string/string_fixture.h"

enum { KEYS = 12, TEXT_MAX = 6000, STEPS = 120000, LINE_ARGS = 8 };

struct model_key {
    bool exists;
    int64_t due_ms;
    size_t len;
    char text[TEXT_MAX];
};

static struct model_key keys[KEYS];
static struct command_fixture *fixture;

/* The command being made, and the reply that the model expects. */
static struct bytes args[LINE_ARGS];
static size_t arg_count;
static char arg_texts[LINE_ARGS][TEXT_MAX];
static struct buffer expected;

static int64_t now_ms(void) {
    return fixture->clock.unix_ms;
}

static struct model_key *key_at(size_t i) {
    struct model_key *key = &keys[i];
    if (key->exists && key->due_ms != 0 && key->due_ms <= now_ms()) key->exists = false;
    if (!key->exists) *key = (struct model_key){0};
    return key;
}

static struct bytes text_of(const struct model_key *key) {
    return bytes_of(key->text, key->len);
}

static void assign(struct model_key *key, struct bytes text) {
    key->exists = true;
    key->len = text.len;
    if (text.len != 0) memmove(key->text, text.data, text.len);
}

/* --- making commands --- */

static void add(struct bytes text) {
    assert_true(arg_count < LINE_ARGS && text.len <= TEXT_MAX);
    if (text.len != 0) memcpy(arg_texts[arg_count], text.data, text.len);
    args[arg_count] = bytes_of(arg_texts[arg_count], text.len);
    arg_count++;
}

static void add_str(const char *text) {
    add(bytes_of_str(text));
}

static void add_number(int64_t number) {
    char digits[NUMBER_I64_MAX_CHARS];
    add(bytes_of(digits, number_format_i64(digits, number)));
}

static void begin(const char *command, size_t key) {
    char name[16];
    snprintf(name, sizeof(name), "key:%zu", key);
    arg_count = 0;
    buffer_clear(&expected);
    add_str(command);
    add_str(name);
}

static struct bytes random_text(void) {
    static char text[TEXT_MAX];
    if (random_below(3) == 0) {
        int64_t number = (int64_t)random_u64() >> random_below(64);
        return bytes_of(text, number_format_i64(text, number));
    }
    size_t len = random_below(20) == 0 ? 1000 + random_below(50) : random_below(60);
    for (size_t i = 0; i < len; i++) text[i] = (char)(random_below(10) == 0 ? random_u64() : 'x');
    return bytes_of(text, len);
}

/* --- what the model answers --- */

static void expect_text_of(const struct model_key *key) {
    if (key->exists)
        buffer_append_quoted(&expected, text_of(key));
    else
        buffer_append_str(&expected, "nil");
}

static void check_reply(void) {
    const char *reply = fixture_run_args(fixture, args, arg_count);
    assert_string_equal(reply, buffer_c_str(&expected));
}

/* Draws what happens to the due time, says it in the command, and returns it; -1 for no option. */
static int64_t draw_due(void) {
    int64_t ms = 1 + (int64_t)random_below(3000);
    switch (random_below(8)) {
    case 0:
        add_str("PX");
        add_number(ms);
        return now_ms() + ms;
    case 1:
        add_str("EX");
        add_number(1 + ms / 1000);
        return now_ms() + (1 + ms / 1000) * 1000;
    case 2:
        add_str("PXAT");
        add_number(now_ms() + ms);
        return now_ms() + ms;
    default: return -1;
    }
}

static void do_set(size_t i) {
    struct model_key *key = key_at(i);
    struct bytes text = random_text();
    bool may_set = true, keeps = false;
    begin("SET", i);
    add(text);
    int64_t due_ms = draw_due();
    if (due_ms < 0 && random_below(4) == 0) {
        keeps = true;
        add_str("KEEPTTL");
    }
    uint64_t condition = random_below(6);
    if (condition < 2) {
        add_str(condition == 0 ? "NX" : "XX");
        may_set = key->exists == (condition == 1);
    }
    bool has_get = random_below(3) == 0;
    if (has_get) {
        add_str("GET");
        expect_text_of(key);
    } else {
        buffer_append_str(&expected, may_set ? "OK" : "nil");
    }
    if (!may_set) return;
    assign(key, text);
    if (!keeps) key->due_ms = due_ms < 0 ? 0 : due_ms;
}

static void do_getset(size_t i) {
    struct model_key *key = key_at(i);
    struct bytes text = random_text();
    begin("GETSET", i);
    add(text);
    expect_text_of(key);
    assign(key, text);
    key->due_ms = 0;
}

static void do_getex(size_t i) {
    struct model_key *key = key_at(i);
    begin("GETEX", i);
    expect_text_of(key);
    int64_t due_ms = random_below(4) == 0 ? 0 : draw_due();
    if (due_ms == 0) add_str("PERSIST");
    if (key->exists && due_ms >= 0) key->due_ms = due_ms;
}

static void do_getdel(size_t i) {
    struct model_key *key = key_at(i);
    begin("GETDEL", i);
    expect_text_of(key);
    key->exists = false;
}

static void do_incrby(size_t i) {
    struct model_key *key = key_at(i);
    int64_t value = 0, delta = (int64_t)random_u64() >> random_below(64);
    begin("INCRBY", i);
    add_number(delta);
    if (key->exists && !number_parse_i64(text_of(key), &value)) {
        buffer_append_str(&expected, NOT_INTEGER);
    } else if (__builtin_add_overflow(value, delta, &value)) {
        buffer_append_str(&expected, "-ERR increment or decrement would overflow");
    } else {
        buffer_append_i64(&expected, value);
        key->len = number_format_i64(key->text, value);
        key->exists = true;
    }
}

static void do_append(size_t i) {
    struct model_key *key = key_at(i);
    struct bytes text = random_text();
    if (key->len + text.len > TEXT_MAX) text.len = 0;
    begin("APPEND", i);
    add(text);
    if (text.len != 0) memcpy(key->text + key->len, text.data, text.len);
    key->len += text.len;
    key->exists = true;
    buffer_append_u64(&expected, key->len);
}

static void do_setrange(size_t i) {
    struct model_key *key = key_at(i);
    struct bytes text = random_text();
    size_t offset = random_below(10) == 0 ? random_below(3000) : random_below(key->len + 5);
    if (offset + text.len > TEXT_MAX) offset = 0;
    begin("SETRANGE", i);
    add_number((int64_t)offset);
    add(text);
    if (text.len != 0) {
        if (offset > key->len) memset(key->text + key->len, 0, offset - key->len);
        memcpy(key->text + offset, text.data, text.len);
        if (offset + text.len > key->len) key->len = offset + text.len;
        key->exists = true;
    }
    buffer_append_u64(&expected, key->len);
}

static void do_getrange(size_t i) {
    const struct model_key *key = key_at(i);
    int64_t len = (int64_t)key->len;
    int64_t start = (int64_t)random_below(key->len + 3), end = (int64_t)random_below(key->len + 3);
    begin("GETRANGE", i);
    add_number(random_below(2) == 0 ? start : start - len - 1 < 0 ? start - len - 1 : -1);
    add_number(end);
    assert_true(number_parse_i64(args[2], &start));
    if (start < 0) start = start + len < 0 ? 0 : start + len;
    struct buffer cut = {0};
    for (int64_t at = start; at <= end && at < len; at++) buffer_append_char(&cut, key->text[at]);
    buffer_append_quoted(&expected, buffer_bytes(&cut));
    buffer_destroy(&cut);
}

static void do_msetnx(size_t i) {
    size_t j = random_below(KEYS);
    struct model_key *first = key_at(i), *second = key_at(j);
    bool is_free = !first->exists && !second->exists;
    char name[16];
    snprintf(name, sizeof(name), "key:%zu", j);
    begin("MSETNX", i);
    add(random_text());
    add_str(name);
    add(random_text());
    buffer_append_str(&expected, is_free ? "1" : "0");
    if (!is_free) return;
    assign(first, args[2]);
    assign(second, args[4]);
}

static void do_setex(size_t i) {
    struct model_key *key = key_at(i);
    int64_t ms = 1 + (int64_t)random_below(3000);
    begin("PSETEX", i);
    add_number(ms);
    add(random_text());
    buffer_append_str(&expected, "OK");
    assign(key, args[3]);
    key->due_ms = now_ms() + ms;
}

static void do_increx(size_t i) {
    struct model_key *key = key_at(i);
    int64_t value = 0, delta = (int64_t)random_below(20) - 10;
    begin("INCREX", i);
    add_str("BYINT");
    add_number(delta);
    add_str("UBOUND");
    add_number(30);
    int64_t due_ms = draw_due();
    if (key->exists && !number_parse_i64(text_of(key), &value)) {
        buffer_append_str(&expected, NOT_INTEGER);
        return;
    }
    bool is_applied = value <= 30 - delta && !(delta < 0 && value < INT64_MIN - delta);
    if (is_applied) value += delta;
    buffer_printf(&expected, "[%lld, %lld]", (long long)value, is_applied ? (long long)delta : 0);
    if (!is_applied) return;
    key->len = number_format_i64(key->text, value);
    key->exists = true;
    if (due_ms > 0) key->due_ms = due_ms;
}

static void check_key(size_t i) {
    const struct model_key *key = key_at(i);
    begin("GET", i);
    expect_text_of(key);
    check_reply();
    begin("STRLEN", i);
    buffer_append_u64(&expected, key->len);
    check_reply();
    begin("PEXPIRETIME", i);
    buffer_append_i64(&expected, !key->exists ? -2 : key->due_ms == 0 ? -1 : key->due_ms);
    check_reply();
}

static void check_all(void) {
    uint64_t count = 0, due_count = 0;
    for (size_t i = 0; i < KEYS; i++) {
        check_key(i);
        count += keys[i].exists;
        due_count += keys[i].exists && keys[i].due_ms != 0;
    }
    assert_int_equal(database_key_count(fixture->engine->keyspace->dbs[0]), count);
    assert_int_equal(fixture->engine->keyspace->dbs[0]->due_count, due_count);
}

static void random_commands_agree_with_a_naive_model(void **state) {
    static void (*const commands[])(size_t) = {
        do_set,    do_set,      do_set,      do_getset, do_getex, do_getdel, do_incrby,
        do_append, do_setrange, do_getrange, do_msetnx, do_setex, do_increx,
    };
    fixture = *state;
    memset(keys, 0, sizeof(keys));
    random_set_seed(7);
    for (int step = 0; step < STEPS; step++) {
        size_t i = random_below(KEYS);
        commands[random_below(ARRAY_LEN(commands))](i);
        check_reply();
        if (step % 16 == 0) check_key(i);
        if (step % 1000 == 0) check_all();
        if (random_below(4) == 0) fixture_advance_ms(fixture, (int64_t)random_below(100));
        if (random_below(50) == 0) fixture_expire_due(fixture);
        buffer_clear(&fixture->events);
    }
    check_all();
    buffer_destroy(&expected);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(random_commands_agree_with_a_naive_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
