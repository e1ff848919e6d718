/* Key events: what happened to which key. Notifications, WATCH, tracking, blocked clients and the
 * log of writes subscribe; whoever changes a key reports it once, with the name users know. */
#ifndef DATA_KEY_EVENT_H
#define DATA_KEY_EVENT_H

#include "foundation/bytes.h"

#include <stdint.h>

struct database;

/* The classes of notify-keyspace-events, one letter each there; and the hidden ones, of which users
 * are never told. */
enum key_event_class {
    KEY_EVENT_GENERIC = 1 << 0,       /* g */
    KEY_EVENT_STRING = 1 << 1,        /* $ */
    KEY_EVENT_LIST = 1 << 2,          /* l */
    KEY_EVENT_SET = 1 << 3,           /* s */
    KEY_EVENT_HASH = 1 << 4,          /* h */
    KEY_EVENT_ZSET = 1 << 5,          /* z */
    KEY_EVENT_EXPIRED = 1 << 6,       /* x */
    KEY_EVENT_EVICTED = 1 << 7,       /* e */
    KEY_EVENT_STREAM = 1 << 8,        /* t */
    KEY_EVENT_MODULE = 1 << 9,        /* d */
    KEY_EVENT_NEW = 1 << 10,          /* n */
    KEY_EVENT_MISS = 1 << 11,         /* m */
    KEY_EVENT_OVERWRITTEN = 1 << 12,  /* o */
    KEY_EVENT_TYPE_CHANGED = 1 << 13, /* c */
    KEY_EVENT_SILENT = 1 << 14,       /* hidden: the value's bytes changed, its meaning did not */
    /* Hidden: every key in `db` is about to go or (KEY_EVENT_SWAPPED) has just come. `key` is empty;
     * listeners may look keys up in `db`. */
    KEY_EVENT_ALL_KEYS = 1 << 15,
    /* Hidden: members that were due are gone from the key, which may have gone with them. */
    KEY_EVENT_MEMBERS_DUE = 1 << 16,
    KEY_EVENT_HIDDEN = KEY_EVENT_SILENT | KEY_EVENT_ALL_KEYS | KEY_EVENT_MEMBERS_DUE,
};

/* The name of KEY_EVENT_ALL_KEYS behind SWAPDB. */
#define KEY_EVENT_SWAPPED "swapped"

struct key_event {
    struct database *db;
    struct bytes key;
    enum key_event_class event_class;
    const char *name; /* "set", "del", "expired", … */
};

typedef void key_event_function(void *context, const struct key_event *event);

enum { KEY_EVENT_MAX_LISTENERS = 8 };

struct key_event_listeners {
    uint32_t count;
    uint32_t classes; /* every class some listener wants */
    struct {
        uint32_t classes;
        key_event_function *function;
        void *context;
    } listeners[KEY_EVENT_MAX_LISTENERS];
};

void key_event_subscribe(struct key_event_listeners *listeners, uint32_t classes,
                         key_event_function *function, void *context);
void key_event_unsubscribe(struct key_event_listeners *listeners, key_event_function *function,
                           void *context);
/* Calls the listeners that want the event's class, in order of subscription. They may not subscribe
 * or unsubscribe anyone, themselves included, before the last of them has returned. */
void key_event_fire(const struct key_event_listeners *listeners, const struct key_event *event);

#endif
