/* Key events: who hears what, in which order. */
#include "data/key_event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char heard[16];
static size_t heard_count;

static void hear(void *context, const struct key_event *event) {
    (void)event;
    heard[heard_count++] = *(const char *)context;
    heard[heard_count] = '\0';
}

static const char *fire(const struct key_event_listeners *listeners,
                        enum key_event_class event_class) {
    heard_count = 0;
    heard[0] = '\0';
    key_event_fire(listeners, &(struct key_event){.event_class = event_class, .name = "x"});
    return heard;
}

static char a = 'a', b = 'b', c = 'c';

static void listeners_hear_their_classes_in_order_of_subscription(void **state) {
    (void)state;
    struct key_event_listeners listeners = {0};
    key_event_subscribe(&listeners, KEY_EVENT_STRING | KEY_EVENT_GENERIC, hear, &b);
    key_event_subscribe(&listeners, KEY_EVENT_STRING | KEY_EVENT_EXPIRED, hear, &a);
    key_event_subscribe(&listeners, KEY_EVENT_TYPE_CHANGED, hear, &c);
    assert_string_equal(fire(&listeners, KEY_EVENT_STRING), "ba");
    assert_string_equal(fire(&listeners, KEY_EVENT_GENERIC), "b");
    assert_string_equal(fire(&listeners, KEY_EVENT_EXPIRED), "a");
    assert_string_equal(fire(&listeners, KEY_EVENT_TYPE_CHANGED), "c");
    assert_string_equal(fire(&listeners, KEY_EVENT_LIST), "");
}

static void the_sum_of_classes_follows_the_listeners(void **state) {
    (void)state;
    struct key_event_listeners listeners = {0};
    key_event_subscribe(&listeners, KEY_EVENT_STRING, hear, &a);
    key_event_subscribe(&listeners, KEY_EVENT_LIST | KEY_EVENT_STRING, hear, &b);
    assert_int_equal(listeners.classes, KEY_EVENT_STRING | KEY_EVENT_LIST);
    key_event_unsubscribe(&listeners, hear, &b);
    assert_int_equal(listeners.classes, KEY_EVENT_STRING);
    key_event_unsubscribe(&listeners, hear, &b); /* once more changes nothing */
    assert_string_equal(fire(&listeners, KEY_EVENT_STRING), "a");
    key_event_unsubscribe(&listeners, hear, &a);
    assert_int_equal(listeners.classes, 0);
    assert_int_equal(listeners.count, 0);
}

static void every_place_can_be_taken_and_taken_again(void **state) {
    (void)state;
    struct key_event_listeners listeners = {0};
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < KEY_EVENT_MAX_LISTENERS; i++)
            key_event_subscribe(&listeners, KEY_EVENT_SET, hear, i % 2 == 0 ? &a : &b);
        assert_string_equal(fire(&listeners, KEY_EVENT_SET), "abababab");
        key_event_unsubscribe(&listeners, hear, &a);
        assert_string_equal(fire(&listeners, KEY_EVENT_SET), "bbbb");
        key_event_unsubscribe(&listeners, hear, &b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listeners_hear_their_classes_in_order_of_subscription),
        cmocka_unit_test(the_sum_of_classes_follows_the_listeners),
        cmocka_unit_test(every_place_can_be_taken_and_taken_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
