/* Races of WATCH: several sessions step through transactions on the same keys, in every order and
 * in random ones. A model that knows nothing of listeners predicts each reply: a key has a version
 * that every change raises, a session notes the versions of the keys it watches, and EXEC runs when
 * they are still the same and its condition holds. */
#include "commands/keys/key_commands.h"
#include "commands/string/string_commands.h"
#include "commands/transactions/transaction_commands.h"
#include "foundation/mem.h"
#include "foundation/random.h"
#include "unit/support/command_fixture.h"

#include <stdio.h>
#include <string.h>

enum { SESSIONS = 3, KEYS = 3, QUEUE_MAX = 8, NOT_WATCHED = -1 };
enum { SCRIPT_LEN = 5, RANDOM_ORDERS = 100000, RANDOM_STEPS = 1000000 };

enum action {
    ACTION_WATCH,
    ACTION_GET,
    ACTION_MULTI,
    ACTION_SET,
    ACTION_SET_DUE, /* for DUE_MS */
    ACTION_DEL,
    ACTION_EXEC,
    ACTION_EXEC_EQUAL, /* IFEQ with the value of FIRST_VALUE */
    ACTION_EXEC_DIFFERENT,
    ACTION_EXEC_EXISTS,
    ACTION_EXEC_ABSENT,
    ACTION_DISCARD,
    ACTION_UNWATCH,
    ACTION_FLUSH,
    ACTION_COUNT,
};

enum { DUE_MS = 20, FIRST_VALUE = 1, VALUES = 3 };

struct step {
    enum action action;
    int key;
    int value;
};

struct model_key {
    int value; /* 0: absent */
    int64_t due_ms;
    int version;
};

struct model_session {
    bool is_in_multi;
    int queued;
    struct step queue[QUEUE_MAX];
    int watched[KEYS]; /* the version seen, or NOT_WATCHED */
};

struct race {
    struct command_fixture *fixture;
    struct session sessions[SESSIONS];
    struct model_key keys[KEYS];
    struct model_session models[SESSIONS];
    struct buffer expected;
    uint64_t execs_run;
    uint64_t execs_refused;
};

/* --- the model --- */

static void forget_watches(struct model_session *model) {
    for (int i = 0; i < KEYS; i++) model->watched[i] = NOT_WATCHED;
}

static void change_key(struct model_key *key, int value, int64_t due_ms) {
    *key = (struct model_key){.value = value, .due_ms = due_ms, .version = key->version + 1};
}

static void expire_keys(struct race *race) {
    for (int i = 0; i < KEYS; i++) {
        struct model_key *key = &race->keys[i];
        if (key->due_ms != 0 && key->due_ms <= race->fixture->clock.unix_ms) change_key(key, 0, 0);
    }
}

static void flush_keys(struct race *race) {
    for (int i = 0; i < KEYS; i++) {
        if (race->keys[i].value != 0) change_key(&race->keys[i], 0, 0);
    }
}

static void apply_read(const struct model_key *key, struct buffer *reply) {
    if (key->value == 0)
        buffer_append_str(reply, "nil");
    else
        buffer_printf(reply, "\"%d\"", key->value);
}

static void apply_write(struct race *race, struct model_session *model, struct step step) {
    struct model_key *key = &race->keys[step.key];
    if (step.action == ACTION_SET)
        change_key(key, step.value, 0);
    else if (step.action == ACTION_SET_DUE)
        change_key(key, step.value, race->fixture->clock.unix_ms + DUE_MS);
    else if (step.action == ACTION_FLUSH)
        flush_keys(race);
    else
        forget_watches(model);
}

/* What a command outside of MULTI, or run by EXEC, does and replies. */
static void apply_step(struct race *race, struct model_session *model, struct step step,
                       struct buffer *reply) {
    struct model_key *key = &race->keys[step.key];
    bool exists = key->value != 0;
    if (step.action == ACTION_GET) {
        apply_read(key, reply);
    } else if (step.action == ACTION_DEL) {
        if (exists) change_key(key, 0, 0);
        buffer_append_str(reply, exists ? "1" : "0");
    } else {
        apply_write(race, model, step);
        buffer_append_str(reply, "OK");
    }
}

static bool condition_holds(const struct race *race, struct step step) {
    int value = race->keys[step.key].value;
    switch (step.action) {
    case ACTION_EXEC_EQUAL: return value == step.value;
    case ACTION_EXEC_DIFFERENT: return value != step.value;
    case ACTION_EXEC_EXISTS: return value != 0;
    case ACTION_EXEC_ABSENT: return value == 0;
    default: return true;
    }
}

static bool has_changed(const struct race *race, const struct model_session *model) {
    for (int i = 0; i < KEYS; i++) {
        bool is_watched = model->watched[i] != NOT_WATCHED;
        if (is_watched && model->watched[i] != race->keys[i].version) return true;
    }
    return false;
}

static void predict_exec(struct race *race, struct model_session *model, struct step step,
                         struct buffer *reply) {
    bool may_run = !has_changed(race, model) && condition_holds(race, step);
    buffer_append_str(reply, may_run ? "[" : "nil-array");
    for (int i = 0; may_run && i < model->queued; i++) {
        if (i != 0) buffer_append_str(reply, ", ");
        apply_step(race, model, model->queue[i], reply);
    }
    if (may_run) buffer_append_char(reply, ']');
    race->execs_run += may_run;
    race->execs_refused += !may_run;
    model->is_in_multi = false;
    forget_watches(model);
}

static bool is_exec(enum action action) {
    return action >= ACTION_EXEC && action <= ACTION_EXEC_ABSENT;
}

static void predict_in_multi(struct race *race, struct model_session *model, struct step step,
                             struct buffer *reply) {
    if (is_exec(step.action)) {
        predict_exec(race, model, step, reply);
    } else if (step.action == ACTION_MULTI) {
        buffer_append_str(reply, "-ERR MULTI calls can not be nested");
    } else if (step.action == ACTION_WATCH) {
        buffer_append_str(reply, "-ERR WATCH inside MULTI is not allowed");
    } else if (step.action == ACTION_DISCARD) {
        buffer_append_str(reply, "OK");
        model->is_in_multi = false;
        forget_watches(model);
    } else {
        buffer_append_str(reply, "QUEUED");
        model->queue[model->queued++] = step;
    }
}

static void predict(struct race *race, struct model_session *model, struct step step,
                    struct buffer *reply) {
    if (model->is_in_multi) {
        predict_in_multi(race, model, step, reply);
    } else if (is_exec(step.action)) {
        buffer_append_str(reply, "-ERR EXEC without MULTI");
    } else if (step.action == ACTION_DISCARD) {
        buffer_append_str(reply, "-ERR DISCARD without MULTI");
    } else if (step.action == ACTION_MULTI) {
        buffer_append_str(reply, "OK");
        model->is_in_multi = true;
        model->queued = 0;
    } else if (step.action == ACTION_WATCH) {
        buffer_append_str(reply, "OK");
        if (model->watched[step.key] == NOT_WATCHED)
            model->watched[step.key] = race->keys[step.key].version;
    } else {
        apply_step(race, model, step, reply);
    }
}

/* --- the real thing --- */

static void write_line(struct step step, char *line, size_t size) {
    char key = (char)('a' + step.key);
    static const char *const plain[ACTION_COUNT] = {
        [ACTION_MULTI] = "MULTI",     [ACTION_EXEC] = "EXEC",      [ACTION_DISCARD] = "DISCARD",
        [ACTION_UNWATCH] = "UNWATCH", [ACTION_FLUSH] = "FLUSHALL",
    };
    static const char *const of_key[ACTION_COUNT] = {
        [ACTION_WATCH] = "WATCH",
        [ACTION_GET] = "GET",
        [ACTION_DEL] = "DEL",
        [ACTION_EXEC_EXISTS] = "EXEC XX",
        [ACTION_EXEC_ABSENT] = "EXEC NX",
    };
    static const char *const of_value[ACTION_COUNT] = {
        [ACTION_SET] = "SET",
        [ACTION_SET_DUE] = "SET",
        [ACTION_EXEC_EQUAL] = "EXEC IFEQ",
        [ACTION_EXEC_DIFFERENT] = "EXEC IFNE",
    };
    if (plain[step.action] != NULL)
        snprintf(line, size, "%s", plain[step.action]);
    else if (of_key[step.action] != NULL)
        snprintf(line, size, "%s %c", of_key[step.action], key);
    else if (step.action == ACTION_SET_DUE)
        snprintf(line, size, "SET %c %d PX %d", key, step.value, DUE_MS);
    else
        snprintf(line, size, "%s %c %d", of_value[step.action], key, step.value);
}

/* One session's next step, held against the model. */
static void take_step(struct race *race, int number, struct step step) {
    char line[64];
    buffer_clear(&race->expected);
    predict(race, &race->models[number], step, &race->expected);
    write_line(step, line, sizeof(line));
    const char *expected = buffer_c_str(&race->expected);
    const char *told = fixture_run_as(race->fixture, &race->sessions[number], line);
    if (strcmp(told, expected) != 0) print_error("session %d: %s\n", number, line);
    assert_string_equal(told, expected);
}

static int start(void **state) {
    static const struct command_list *const lists[] = {
        &transaction_commands, &string_get_commands,   &string_set_commands,
        &key_exist_commands,   &key_database_commands, NULL,
    };
    struct race *race = mem_alloc_zeroed(sizeof(*race));
    race->fixture = fixture_new(lists);
    for (int i = 0; i < SESSIONS; i++) {
        session_init(&race->sessions[i], race->fixture->engine);
        forget_watches(&race->models[i]);
    }
    *state = race;
    return 0;
}

static int stop(void **state) {
    struct race *race = *state;
    for (int i = 0; i < SESSIONS; i++) session_destroy(&race->sessions[i]);
    int left = race->fixture->engine->watches != NULL;
    fixture_free(race->fixture);
    buffer_destroy(&race->expected);
    mem_free(race);
    return left;
}

/* Keys as at the start, for the next order; the sessions have ended their transactions. */
static void clear_keys(struct race *race) {
    for (int i = 0; i < KEYS; i++) take_step(race, 0, (struct step){ACTION_DEL, i, 0});
    buffer_clear(&race->fixture->events);
}

/* --- orders of whole scripts --- */

/* The second session's script and later ones' may end otherwise than the first's. */
static struct step script_step(int session, int at, enum action write, enum action exec) {
    const enum action script[SCRIPT_LEN] = {ACTION_WATCH, ACTION_GET, ACTION_MULTI, write, exec};
    int value = at == SCRIPT_LEN - 1 ? FIRST_VALUE : session + 1;
    return (struct step){script[at], 0, value};
}

static const enum action writes[] = {ACTION_SET, ACTION_SET_DUE, ACTION_DEL, ACTION_GET,
                                     ACTION_FLUSH};
static const enum action execs[] = {ACTION_EXEC, ACTION_EXEC_EQUAL, ACTION_EXEC_DIFFERENT,
                                    ACTION_EXEC_EXISTS, ACTION_EXEC_ABSENT};

/* Bit i of `order` says whose step the i-th is. False when it is no order of two scripts. */
static bool run_order_of_two(struct race *race, unsigned order, enum action write,
                             enum action exec) {
    if (__builtin_popcount(order) != SCRIPT_LEN) return false;
    int at[2] = {0};
    clear_keys(race);
    for (int i = 0; i < 2 * SCRIPT_LEN; i++) {
        int who = (order >> i & 1) != 0;
        enum action own_write = who == 0 ? ACTION_SET : write;
        enum action own_exec = who == 0 ? ACTION_EXEC : exec;
        take_step(race, who, script_step(who, at[who]++, own_write, own_exec));
    }
    return true;
}

static void two_sessions_in_every_order(void **state) {
    enum { ORDERS = 252 }; /* 10! / (5! 5!) */
    struct race *race = *state;
    for (size_t i = 0; i < ARRAY_LEN(writes); i++) {
        for (size_t j = 0; j < ARRAY_LEN(execs); j++) {
            int count = 0;
            for (unsigned order = 0; order < 1 << (2 * SCRIPT_LEN); order++)
                count += run_order_of_two(race, order, writes[i], execs[j]);
            assert_int_equal(count, ORDERS);
        }
    }
    assert_true(race->execs_run > 1000);
    assert_true(race->execs_refused > 1000);
}

static void run_order_of_three(struct race *race) {
    int at[SESSIONS] = {0};
    enum action write[SESSIONS], exec[SESSIONS];
    clear_keys(race);
    for (int i = 0; i < SESSIONS; i++) {
        write[i] = random_below(2) != 0 ? ACTION_SET : writes[random_below(ARRAY_LEN(writes))];
        exec[i] = random_below(2) != 0 ? ACTION_EXEC : execs[random_below(ARRAY_LEN(execs))];
    }
    for (int left = SESSIONS * SCRIPT_LEN; left > 0;) {
        int who = (int)random_below(SESSIONS);
        if (at[who] == SCRIPT_LEN) continue;
        take_step(race, who, script_step(who, at[who], write[who], exec[who]));
        at[who]++;
        left--;
    }
}

static void three_sessions_in_random_orders(void **state) {
    struct race *race = *state;
    for (int i = 0; i < RANDOM_ORDERS; i++) run_order_of_three(race);
    assert_true(race->execs_run > RANDOM_ORDERS);
    assert_true(race->execs_refused > RANDOM_ORDERS / 2);
}

/* --- anything at any time --- */

static struct step draw_step(const struct model_session *model) {
    struct step step = {
        .action = (enum action)random_below(ACTION_COUNT),
        .key = (int)random_below(KEYS),
        .value = FIRST_VALUE + (int)random_below(VALUES),
    };
    bool is_rare = step.action == ACTION_FLUSH || step.action == ACTION_UNWATCH;
    if (is_rare && random_below(4) != 0) step.action = ACTION_GET;
    if (model->is_in_multi && model->queued == QUEUE_MAX) step.action = ACTION_EXEC;
    return step;
}

/* Time passes; the loop's look for due keys comes before or after the next commands. */
static void let_time_pass(struct race *race) {
    fixture_advance_ms(race->fixture, 1 + (int64_t)random_below(DUE_MS));
    if (random_below(2) != 0) fixture_expire_due(race->fixture);
    expire_keys(race);
}

static void random_steps_of_three_sessions(void **state) {
    struct race *race = *state;
    for (int i = 0; i < RANDOM_STEPS; i++) {
        int who = (int)random_below(SESSIONS);
        take_step(race, who, draw_step(&race->models[who]));
        if (random_below(8) == 0) let_time_pass(race);
        buffer_clear(&race->fixture->events);
    }
    for (int i = 0; i < SESSIONS; i++) {
        if (race->models[i].is_in_multi) take_step(race, i, (struct step){ACTION_DISCARD, 0, 0});
        take_step(race, i, (struct step){ACTION_UNWATCH, 0, 0});
    }
    assert_true(race->execs_run > RANDOM_STEPS / 100);
    assert_true(race->execs_refused > RANDOM_STEPS / 100);
}

#define RACE_TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        RACE_TEST(two_sessions_in_every_order),
        RACE_TEST(three_sessions_in_random_orders),
        RACE_TEST(random_steps_of_three_sessions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
