/* Effects of the running calls are gathered in one buffer, as numbers and bytes, and told when the
 * handler is done:
 *
 *      | argc | len | bytes of the name | len | bytes of an argument | ... | argc | len | ...
 *
 * Calls nest (EXEC runs others, a write serves those who wait), so each remembers where its own begin. */
#include "engine/effects.h"

#include "foundation/buffer.h"
#include "foundation/mem.h"
#include "foundation/number.h"

enum { MAX_DEPTH = 8, KEPT_BYTES = 1024 * 1024 };

/* Of one running call. */
struct frame {
    uint64_t changes_before;
    size_t start; /* in the gathered effects */
    size_t last;  /* where the effect begins that is put together */
    size_t count; /* of the handler's effects */
    bool is_told; /* by the handler, be it nothing */
    bool is_open; /* an effect is put together */
};

struct effects {
    struct effect_listener *first;
    struct buffer gathered;
    struct frame frames[MAX_DEPTH];
    uint32_t depth;
    uint32_t group_depth; /* of the frame that groups; 0: none */
    bool is_group_begun;
};

/* --- telling --- */

static void begin_group(struct effects *effects) {
    if (effects->group_depth == 0 || effects->is_group_begun) return;
    effects->is_group_begun = true;
    for (struct effect_listener *listener = effects->first; listener; listener = listener->next)
        listener->begin(listener);
}

static void end_group(struct effects *effects) {
    effects->group_depth = 0;
    if (!effects->is_group_begun) return;
    effects->is_group_begun = false;
    for (struct effect_listener *listener = effects->first; listener; listener = listener->next)
        listener->end(listener);
}

static void tell(struct effects *effects, uint32_t db_number, const struct bytes *args,
                 uint32_t argc) {
    begin_group(effects);
    for (struct effect_listener *listener = effects->first; listener; listener = listener->next)
        listener->write(listener, db_number, args, argc);
}

/* Commands are told under their own names, whatever clients call them. */
static struct bytes name_to_tell(const struct call *call) {
    const struct command *command = call->command;
    if (command->parent != NULL) command = command->parent;
    return UNLIKELY(command->is_renamed) ? bytes_of_str(command->row->name) : call->args[0];
}

static COLD void tell_renamed(struct effects *effects, const struct call *call) {
    struct bytes *args = mem_alloc_array(call->argc, sizeof(*args));
    memcpy(args, call->args, call->argc * sizeof(*args));
    args[0] = name_to_tell(call);
    tell(effects, call->db->number, args, call->argc);
    mem_free(args);
}

static void tell_request(struct effects *effects, const struct call *call) {
    if (LIKELY(name_to_tell(call).data == call->args[0].data))
        tell(effects, call->db->number, call->args, call->argc);
    else
        tell_renamed(effects, call);
}

static size_t take_number(const char **at) {
    size_t number;
    memcpy(&number, *at, sizeof(number));
    *at += sizeof(number);
    return number;
}

static void tell_gathered(struct effects *effects, uint32_t db_number, size_t start) {
    const char *at = effects->gathered.data + start;
    const char *end = effects->gathered.data + effects->gathered.len;
    while (at < end) {
        uint32_t argc = (uint32_t)take_number(&at);
        struct bytes *args = mem_alloc_array(argc, sizeof(*args));
        for (uint32_t i = 0; i < argc; i++) {
            size_t len = take_number(&at);
            args[i] = bytes_of(at, len);
            at += len;
        }
        tell(effects, db_number, args, argc);
        mem_free(args);
    }
    effects->gathered.len = start;
    if (start == 0 && effects->gathered.cap > KEPT_BYTES) buffer_destroy(&effects->gathered);
}

/* --- what happens by itself --- */

static void tell_removal(void *context, const struct key_event *event) {
    struct effects *effects = context;
    tell(effects, event->db->number, (const struct bytes[]){BYTES("DEL"), event->key}, 2);
}

static void tell_members_due(void *context, const struct key_event *event) {
    struct effects *effects = context;
    char digits[NUMBER_I64_MAX_CHARS];
    size_t len = number_format_i64(digits, database_now_ms(event->db));
    tell(effects, event->db->number,
         (const struct bytes[]){BYTES("EXPIREMEMBERS.DUE"), event->key, bytes_of(digits, len)}, 3);
}

/* --- listening --- */

static void start(struct engine *engine) {
    struct key_event_listeners *events = &engine->keyspace->listeners;
    engine->effects = mem_alloc_zeroed(sizeof(*engine->effects));
    key_event_subscribe(events, KEY_EVENT_EXPIRED | KEY_EVENT_EVICTED, tell_removal,
                        engine->effects);
    key_event_subscribe(events, KEY_EVENT_MEMBERS_DUE, tell_members_due, engine->effects);
}

static void stop(struct engine *engine) {
    struct key_event_listeners *events = &engine->keyspace->listeners;
    key_event_unsubscribe(events, tell_removal, engine->effects);
    key_event_unsubscribe(events, tell_members_due, engine->effects);
    buffer_destroy(&engine->effects->gathered);
    mem_free(engine->effects);
    engine->effects = NULL;
}

void effects_listen(struct engine *engine, struct effect_listener *listener) {
    if (engine->effects == NULL) start(engine);
    struct effect_listener **at = &engine->effects->first;
    while (*at != NULL) at = &(*at)->next;
    listener->next = NULL;
    *at = listener;
}

void effects_ignore(struct engine *engine, struct effect_listener *listener) {
    if (engine->effects == NULL) return;
    struct effect_listener **at = &engine->effects->first;
    while (*at != NULL && *at != listener) at = &(*at)->next;
    if (*at != NULL) *at = listener->next;
    if (engine->effects->first == NULL) stop(engine);
}

/* --- what handlers say --- */

static void append_number(struct buffer *out, size_t number) {
    buffer_append(out, &number, sizeof(number));
}

/* Of the call being run; NULL when nobody listens, or did not when it began. */
static struct frame *find_frame(const struct call *call) {
    struct effects *effects = call->engine->effects;
    return effects == NULL || effects->depth == 0 ? NULL : &effects->frames[effects->depth - 1];
}

static void start_effect(struct call *call, struct frame *frame) {
    struct buffer *gathered = &call->engine->effects->gathered;
    frame->is_told = true;
    frame->count++;
    frame->last = gathered->len;
    append_number(gathered, 0);
}

static void append_arg(struct call *call, const struct frame *frame, struct bytes arg) {
    struct buffer *gathered = &call->engine->effects->gathered;
    char *argc_at = gathered->data + frame->last;
    size_t argc;
    memcpy(&argc, argc_at, sizeof(argc));
    argc++;
    memcpy(argc_at, &argc, sizeof(argc));
    append_number(gathered, arg.len);
    buffer_append_bytes(gathered, arg);
}

void call_effect_open(struct call *call, struct bytes name, struct bytes key) {
    struct frame *frame = find_frame(call);
    if (frame == NULL) return;
    CHECK(!frame->is_open);
    start_effect(call, frame);
    frame->is_open = true;
    append_arg(call, frame, name);
    append_arg(call, frame, key);
}

void call_effect_add(struct call *call, struct bytes arg) {
    const struct frame *frame = find_frame(call);
    if (frame != NULL && frame->is_open) append_arg(call, frame, arg);
}

void call_effect_add_number(struct call *call, int64_t number) {
    if (!effects_are_wanted(call)) return;
    char digits[NUMBER_I64_MAX_CHARS];
    call_effect_add(call, bytes_of(digits, number_format_i64(digits, number)));
}

void call_effect_add_args(struct call *call, uint32_t first, uint32_t end) {
    if (!effects_are_wanted(call)) return;
    for (uint32_t i = first; i < end; i++) call_effect_add(call, call->args[i]);
}

void call_effect_close(struct call *call) {
    struct frame *frame = find_frame(call);
    if (frame != NULL) frame->is_open = false;
}

void call_effect(struct call *call, const struct bytes *args, uint32_t argc) {
    struct frame *frame = find_frame(call);
    if (frame == NULL) return;
    CHECK(!frame->is_open);
    start_effect(call, frame);
    for (uint32_t i = 0; i < argc; i++) append_arg(call, frame, args[i]);
}

void call_no_effect(struct call *call) {
    struct frame *frame = find_frame(call);
    if (frame != NULL) frame->is_told = true;
}

void call_effect_request(struct call *call) {
    if (effects_are_wanted(call)) call_effect_with(call, 0, name_to_tell(call));
}

void call_effect_with(struct call *call, uint32_t index, struct bytes arg) {
    struct frame *frame = find_frame(call);
    if (frame == NULL) return;
    CHECK(!frame->is_open);
    start_effect(call, frame);
    append_arg(call, frame, index == 0 ? arg : name_to_tell(call));
    for (uint32_t i = 1; i < call->argc; i++)
        append_arg(call, frame, i == index ? arg : call->args[i]);
}

void call_effect_number(struct call *call, struct bytes name, struct bytes key, int64_t number) {
    if (!effects_are_wanted(call)) return;
    call_effect_open(call, name, key);
    call_effect_add_number(call, number);
    call_effect_close(call);
}

/* --- around a handler --- */

void effects_before(struct call *call) {
    struct effects *effects = call->engine->effects;
    CHECK(effects->depth < MAX_DEPTH);
    effects->frames[effects->depth++] = (struct frame){
        .changes_before = call->engine->keyspace->changes, .start = effects->gathered.len};
    if ((call->command->flags & COMMAND_RUNS_QUEUE) == 0) return;
    effects->frames[effects->depth - 1].is_told = true; /* those it runs are told */
    effects->group_depth = effects->depth;
}

void effects_after(struct call *call) {
    struct effects *effects = call->engine->effects;
    if (effects == NULL || effects->depth == 0) return; /* listening began or ended meanwhile */
    struct frame frame = effects->frames[--effects->depth];
    CHECK(!frame.is_open);
    if (frame.count > 1 && effects->group_depth == 0) effects->group_depth = effects->depth + 1;
    if (frame.is_told)
        tell_gathered(effects, call->db->number, frame.start);
    else if (call->engine->keyspace->changes != frame.changes_before)
        tell_request(effects, call);
    if (effects->group_depth == effects->depth + 1) end_group(effects);
}
