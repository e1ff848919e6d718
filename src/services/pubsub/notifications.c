/* One listener to key events, for the classes that the directive asks for and no other. It makes
 * two messages of an event at most and hands each to pubsub_publish. */
#include "services/pubsub/notifications.h"

#include "data/database.h"
#include "data/key_event.h"
#include "engine/engine.h"
#include "services/pubsub/pubsub.h"

enum {
    TO_KEYSPACE = 1 << 16, /* beside the classes of key_event.h */
    TO_KEYEVENT = 1 << 17,
    TO_ANYONE = TO_KEYSPACE | TO_KEYEVENT,
    ALL_USUAL = KEY_EVENT_GENERIC | KEY_EVENT_STRING | KEY_EVENT_LIST | KEY_EVENT_SET |
                KEY_EVENT_HASH | KEY_EVENT_ZSET | KEY_EVENT_EXPIRED | KEY_EVENT_EVICTED |
                KEY_EVENT_STREAM | KEY_EVENT_MODULE,
    KEPT_BYTES = 4096, /* of the channel's buffer, behind a long key */
};

/* In the order in which CONFIG GET tells them; A stands for the classes of several letters. */
static const struct {
    char letter;
    uint32_t bits;
} letters[] = {
    {'A', ALL_USUAL},
    {'g', KEY_EVENT_GENERIC},
    {'$', KEY_EVENT_STRING},
    {'l', KEY_EVENT_LIST},
    {'s', KEY_EVENT_SET},
    {'h', KEY_EVENT_HASH},
    {'z', KEY_EVENT_ZSET},
    {'x', KEY_EVENT_EXPIRED},
    {'e', KEY_EVENT_EVICTED},
    {'t', KEY_EVENT_STREAM},
    {'d', KEY_EVENT_MODULE},
    {'n', KEY_EVENT_NEW},
    {'o', KEY_EVENT_OVERWRITTEN},
    {'c', KEY_EVENT_TYPE_CHANGED},
    {'K', TO_KEYSPACE},
    {'E', TO_KEYEVENT},
    {'m', KEY_EVENT_MISS},
};

static uint32_t wanted;         /* bits of letters */
static struct engine *notified; /* NULL: not started */
static struct buffer channel;   /* the one being written */

/* --- messages --- */

static struct bytes write_channel(const char *kind, const struct database *db, struct bytes rest) {
    buffer_clear(&channel);
    buffer_append_str(&channel, "__");
    buffer_append_str(&channel, kind);
    buffer_append_char(&channel, '@');
    buffer_append_u64(&channel, db->number);
    buffer_append_str(&channel, "__:");
    buffer_append_bytes(&channel, rest);
    return buffer_bytes(&channel);
}

static void publish_event(void *context, const struct key_event *event) {
    struct engine *engine = context;
    if (!pubsub_has_audience(engine)) return;
    struct bytes name = bytes_of_str(event->name);
    if ((wanted & TO_KEYSPACE) != 0)
        (void)pubsub_publish(engine, write_channel("keyspace", event->db, event->key), name);
    if ((wanted & TO_KEYEVENT) != 0)
        (void)pubsub_publish(engine, write_channel("keyevent", event->db, name), event->key);
    if (channel.cap > KEPT_BYTES) buffer_destroy(&channel);
}

/* --- the directive --- */

static void listen(void) {
    struct key_event_listeners *listeners = &notified->keyspace->listeners;
    key_event_unsubscribe(listeners, publish_event, notified);
    uint32_t classes = (wanted & TO_ANYONE) != 0 ? wanted & ~(uint32_t)TO_ANYONE : 0;
    if (classes != 0) key_event_subscribe(listeners, classes, publish_event, notified);
}

/* 0 when it is no letter of the directive. */
static uint32_t find_bits(char letter) {
    for (size_t i = 0; i < ARRAY_LEN(letters); i++)
        if (letters[i].letter == letter) return letters[i].bits;
    return 0;
}

static bool sum_bits(const struct directive_args *args, uint32_t *sum) {
    if (args->count > 1) return false;
    struct bytes text = args->count == 0 ? bytes_of("", 0) : args->items[0];
    *sum = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint32_t bits = find_bits(text.data[i]);
        if (bits == 0) return false;
        *sum |= bits;
    }
    return true;
}

static bool parse_letters(const struct directive_args *args, struct buffer *error) {
    uint32_t bits;
    if (!sum_bits(args, &bits)) {
        buffer_append_str(error, "Invalid event class character. Use 'Ag$lshzxeKEtmdnoc'.");
        return false;
    }
    wanted = bits;
    if (notified != NULL) listen();
    return true;
}

static void format_letters(struct buffer *out) {
    uint32_t told = 0;
    for (size_t i = 0; i < ARRAY_LEN(letters); i++) {
        uint32_t bits = letters[i].bits;
        if ((wanted & bits) != bits || (told & bits) == bits) continue;
        buffer_append_char(out, letters[i].letter);
        told |= bits;
    }
}

static bool start_notifications(struct engine *engine, char *error UNUSED) {
    notified = engine;
    listen();
    return true;
}

static void stop_notifications(struct engine *engine) {
    key_event_unsubscribe(&engine->keyspace->listeners, publish_event, engine);
    notified = NULL;
    buffer_destroy(&channel);
}

static const struct directive directives[] = {
    {.name = "notify-keyspace-events",
     .kind = DIRECTIVE_SPECIAL,
     .parse = parse_letters,
     .format = format_letters,
     .default_text = ""},
};

const struct feature notifications_feature = {
    .name = "notifications",
    .directives = directives,
    .directive_count = ARRAY_LEN(directives),
    .start = start_notifications,
    .stop = stop_notifications,
};
