#include "engine/call_listener.h"

#include "engine/engine.h"

#include <stddef.h>

void call_listener_add(struct engine *engine, struct call_listener *listener) {
    struct call_listener **at = &engine->call_listeners;
    while (*at != NULL) at = &(*at)->next;
    listener->next = NULL;
    *at = listener;
}

void call_listener_remove(struct engine *engine, struct call_listener *listener) {
    struct call_listener **at = &engine->call_listeners;
    while (*at != NULL && *at != listener) at = &(*at)->next;
    if (*at != NULL) *at = listener->next;
}

void call_listeners_before(const struct engine *engine, const struct call *call) {
    struct call_listener *listener = engine->call_listeners;
    for (; listener != NULL; listener = listener->next)
        if (listener->before != NULL) listener->before(listener, call);
}

void call_listeners_after(const struct engine *engine, const struct call *call) {
    struct call_listener *listener = engine->call_listeners;
    for (; listener != NULL; listener = listener->next)
        if (listener->after != NULL) listener->after(listener, call);
}

void call_listeners_refused(const struct engine *engine, const struct call *call) {
    struct call_listener *listener = engine->call_listeners;
    for (; listener != NULL; listener = listener->next)
        if (listener->refused != NULL) listener->refused(listener, call);
}
