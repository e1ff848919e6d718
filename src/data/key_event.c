#include "data/key_event.h"

#include "foundation/check.h"

static void sum_classes(struct key_event_listeners *listeners) {
    listeners->classes = 0;
    for (uint32_t i = 0; i < listeners->count; i++)
        listeners->classes |= listeners->listeners[i].classes;
}

void key_event_subscribe(struct key_event_listeners *listeners, uint32_t classes,
                         key_event_function *function, void *context) {
    CHECK(listeners->count < KEY_EVENT_MAX_LISTENERS);
    uint32_t i = listeners->count++;
    listeners->listeners[i].classes = classes;
    listeners->listeners[i].function = function;
    listeners->listeners[i].context = context;
    sum_classes(listeners);
}

void key_event_unsubscribe(struct key_event_listeners *listeners, key_event_function *function,
                           void *context) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < listeners->count; i++) {
        bool is_gone = listeners->listeners[i].function == function &&
                       listeners->listeners[i].context == context;
        if (!is_gone) listeners->listeners[kept++] = listeners->listeners[i];
    }
    listeners->count = kept;
    sum_classes(listeners);
}

void key_event_fire(const struct key_event_listeners *listeners, const struct key_event *event) {
    for (uint32_t i = 0; i < listeners->count; i++) {
        if ((listeners->listeners[i].classes & event->event_class) != 0)
            listeners->listeners[i].function(listeners->listeners[i].context, event);
    }
}
