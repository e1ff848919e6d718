/* Keyspace notifications: which messages the events of commands become, for which setting. What is
 * published is written down instead of sent. */
#include "services/pubsub/notifications.h"

#include "data/database.h"
#include "data/types/string/string.h"
#include "services/pubsub/pubsub.h"
#include "unit/support/command_fixture.h"

#include "foundation/directive.h"

static struct {
    bool has_audience;
    size_t asked; /* whether there is an audience */
    struct buffer messages;
} told;

bool pubsub_has_audience(const struct engine *engine) {
    (void)engine;
    told.asked++;
    return told.has_audience;
}

size_t pubsub_publish(struct engine *engine, struct bytes channel, struct bytes message) {
    (void)engine;
    if (told.messages.len != 0) buffer_append_char(&told.messages, ' ');
    buffer_append_bytes(&told.messages, channel);
    buffer_append_char(&told.messages, '=');
    buffer_append_bytes(&told.messages, message);
    return 1;
}

static const struct feature *const features[] = {&notifications_feature, NULL};

static int start(void **state) {
    struct command_fixture *fixture = fixture_new_of_features(features);
    char error[FEATURE_ERROR_MAX];
    told.has_audience = true;
    told.asked = 0;
    *state = fixture;
    return notifications_feature.start(fixture->engine, error) ? 0 : -1;
}

static int stop(void **state) {
    struct command_fixture *fixture = *state;
    notifications_feature.stop(fixture->engine);
    buffer_destroy(&told.messages);
    fixture_free(fixture);
    return 0;
}

static struct database *database(struct command_fixture *fixture, uint32_t number) {
    return fixture->engine->keyspace->dbs[number];
}

/* The messages since this was last called. */
static const char *messages(void) {
    static struct buffer last;
    buffer_clear(&last);
    buffer_append_bytes(&last, buffer_bytes(&told.messages));
    buffer_clear(&told.messages);
    return buffer_c_str(&last);
}

/* What SET k v EX 10 reports. */
static void report_set_and_expire(struct command_fixture *fixture) {
    struct database *db = database(fixture, 0);
    database_notify(db, KEY_EVENT_STRING, BYTES("k"), "set");
    database_notify(db, KEY_EVENT_GENERIC, BYTES("k"), "expire");
}

static struct found add_key(struct command_fixture *fixture, unsigned flags) {
    struct key key = key_of(BYTES("k"));
    struct found found = database_find(database(fixture, 0), key);
    string_store(database(fixture, 0), key, &found, BYTES("value"), flags);
    return found;
}

static void set(struct command_fixture *fixture, const char *letters) {
    fixture_set_directive(fixture, "notify-keyspace-events", letters);
}

static void add_value(void *context, struct bytes name, struct bytes value) {
    (void)name;
    buffer_append_bytes(context, value);
}

static void assert_setting(struct command_fixture *fixture, const char *expected) {
    struct bytes name = BYTES("notify-keyspace-events");
    struct buffer value = {0};
    assert_int_equal(directives_get(fixture->directives, &name, 1, add_value, &value), 1);
    assert_string_equal(buffer_c_str(&value), expected);
    buffer_destroy(&value);
}

static void an_event_is_two_messages_the_keyspace_first(void **state) {
    set(*state, "KEA");
    report_set_and_expire(*state);
    assert_string_equal(messages(), "__keyspace@0__:k=set __keyevent@0__:set=k "
                                    "__keyspace@0__:k=expire __keyevent@0__:expire=k");
}

static void each_of_the_two_is_sent_alone(void **state) {
    set(*state, "K$");
    report_set_and_expire(*state);
    assert_string_equal(messages(), "__keyspace@0__:k=set");
    set(*state, "Eg");
    report_set_and_expire(*state);
    assert_string_equal(messages(), "__keyevent@0__:expire=k");
}

static void new_keys_and_misses_are_told_only_when_named(void **state) {
    struct command_fixture *fixture = *state;
    set(fixture, "EA");
    (void)database_read(database(fixture, 0), key_of(BYTES("k")));
    assert_string_equal(messages(), "");
    set(fixture, "Enm");
    (void)database_read(database(fixture, 0), key_of(BYTES("k")));
    (void)add_key(fixture, 0);
    assert_string_equal(messages(), "__keyevent@0__:keymiss=k __keyevent@0__:new=k");
}

static void a_channel_carries_the_number_of_the_database(void **state) {
    set(*state, "K$");
    database_notify(database(*state, 12), KEY_EVENT_STRING, BYTES("k"), "set");
    assert_string_equal(messages(), "__keyspace@12__:k=set");
}

static void expiry_is_told_when_it_happens(void **state) {
    struct command_fixture *fixture = *state;
    set(fixture, "Ex");
    struct found found = add_key(fixture, STRING_WANT_DUE);
    database_set_due(database(fixture, 0), key_of(BYTES("k")), &found, FIXTURE_START_MS + 50);
    fixture_advance_ms(fixture, 49);
    fixture_expire_due(fixture);
    assert_string_equal(messages(), "");
    fixture_advance_ms(fixture, 11);
    fixture_expire_due(fixture);
    assert_string_equal(messages(), "__keyevent@0__:expired=k");
}

static void classes_without_a_channel_listen_to_nothing(void **state) {
    static const char *const silent[] = {"", "A", "KE", "g$m"};
    for (size_t i = 0; i < ARRAY_LEN(silent); i++) {
        set(*state, silent[i]);
        report_set_and_expire(*state);
        assert_string_equal(messages(), "");
    }
    assert_int_equal(told.asked, 0);
}

static void hidden_events_are_never_told(void **state) {
    set(*state, "KEAnocm");
    database_notify(database(*state, 0), KEY_EVENT_SILENT, BYTES("k"), "silent");
    database_notify(database(*state, 0), KEY_EVENT_ALL_KEYS, BYTES(""), "all");
    assert_string_equal(messages(), "");
}

static void without_an_audience_nothing_is_published(void **state) {
    set(*state, "KEA");
    told.has_audience = false;
    report_set_and_expire(*state);
    assert_string_equal(messages(), "");
    assert_int_equal(told.asked, 2);
}

static void a_long_key_is_told_whole(void **state) {
    static char key[20000];
    set(*state, "K$");
    database_notify(database(*state, 0), KEY_EVENT_STRING, bytes_of(key, sizeof(key)), "set");
    assert_int_equal(told.messages.len, strlen("__keyspace@0__:=set") + sizeof(key));
    buffer_clear(&told.messages);
    database_notify(database(*state, 0), KEY_EVENT_STRING, BYTES("k"), "set");
    assert_string_equal(messages(), "__keyspace@0__:k=set");
}

static void the_setting_is_told_in_one_order(void **state) {
    static const char *const pairs[][2] = {
        {"", ""},     {"KEA", "AKE"},          {"mKx", "xKm"},
        {"nE", "nE"}, {"dtexzhsl$gEK", "AKE"}, {"mcondtexzhsl$gEK", "AnocKEm"},
        {"AA", "A"},  {"tshlg", "glsht"},
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        set(*state, pairs[i][0]);
        assert_setting(*state, pairs[i][1]);
    }
}

static void an_unknown_letter_is_refused_and_changes_nothing(void **state) {
    struct command_fixture *fixture = *state;
    static const char *const wrong[] = {"KEQ", "K E", "a", "KE\xff"};
    set(fixture, "K$");
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct bytes pair[] = {BYTES("notify-keyspace-events"), bytes_of_str(wrong[i])};
        struct buffer error = {0};
        assert_false(directives_set(fixture->directives, pair, 1, true, &error));
        assert_string_equal(buffer_c_str(&error),
                            "ERR CONFIG SET failed (possibly related to argument "
                            "'notify-keyspace-events') - Invalid event class character. Use "
                            "'Ag$lshzxeKEtmdnoc'.");
        buffer_destroy(&error);
    }
    assert_setting(fixture, "$K");
    report_set_and_expire(fixture);
    assert_string_equal(messages(), "__keyspace@0__:k=set");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_event_is_two_messages_the_keyspace_first),
        TEST(each_of_the_two_is_sent_alone),
        TEST(new_keys_and_misses_are_told_only_when_named),
        TEST(a_channel_carries_the_number_of_the_database),
        TEST(expiry_is_told_when_it_happens),
        TEST(classes_without_a_channel_listen_to_nothing),
        TEST(hidden_events_are_never_told),
        TEST(without_an_audience_nothing_is_published),
        TEST(a_long_key_is_told_whole),
        TEST(the_setting_is_told_in_one_order),
        TEST(an_unknown_letter_is_refused_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
