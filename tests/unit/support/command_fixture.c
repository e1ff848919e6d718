#include "unit/support/command_fixture.h"

#include "engine/authentication.h"
#include "engine/client.h"
#include "engine/dispatch.h"
#include "foundation/directive.h"
#include "foundation/hash.h"
#include "foundation/mem.h"
#include "foundation/number.h"
#include "foundation/random.h"
#include "foundation/words.h"

enum { DB_COUNT = 16 };

/* --- life --- */

static void note_event(void *context, const struct key_event *event) {
    struct command_fixture *fixture = context;
    if (fixture->events.len != 0) buffer_append_char(&fixture->events, ' ');
    buffer_printf(&fixture->events, "%u:%s:", event->db->number, event->name);
    buffer_append_bytes(&fixture->events, event->key);
}

static void subscribe(struct command_fixture *fixture, uint32_t classes) {
    struct key_event_listeners *listeners = &fixture->engine->keyspace->listeners;
    key_event_unsubscribe(listeners, note_event, fixture);
    key_event_subscribe(listeners, classes, note_event, fixture);
}

static void start_process(void) {
    static bool has_started;
    if (!has_started) {
        mem_start();
        clock_ticks_start();
    }
    has_started = true;
    hash_set_seed(1);
    random_set_seed(1);
}

/* The defaults of every directive: commands look at settings of the engine too. */
static struct directives *add_directives(const struct feature *const *features) {
    struct directives *directives = directives_new();
    for (; *features != NULL; features++)
        directives_add(directives, (*features)->directives, (*features)->directive_count);
    directives_apply_defaults(directives);
    return directives;
}

static void add_feature(struct command_fixture *fixture, const struct feature *feature) {
    size_t count = 0;
    while (fixture->features[count] != NULL) count++;
    CHECK(count < FIXTURE_MAX_FEATURES);
    fixture->features[count] = feature;
}

static struct command_fixture *start_fixture(void) {
    start_process();
    struct command_fixture *fixture = mem_alloc_zeroed(sizeof(*fixture));
    add_feature(fixture, &authentication_feature);
    add_feature(fixture, &network_feature);
    return fixture;
}

static void start_engine(struct command_fixture *fixture) {
    clock_set_unix_us(&fixture->clock, FIXTURE_START_MS * 1000);
    fixture->directives = add_directives(fixture->features);
    struct engine_settings settings = {
        .clock = &fixture->clock,
        .features = fixture->features,
        .db_count = DB_COUNT,
    };
    fixture->engine = engine_new(&settings);
    fixture->engine->directives = fixture->directives;
    session_init(&fixture->session, fixture->engine);
    const uint32_t unwanted = KEY_EVENT_NEW | KEY_EVENT_MISS | KEY_EVENT_OVERWRITTEN |
                              KEY_EVENT_TYPE_CHANGED | KEY_EVENT_HIDDEN;
    subscribe(fixture, ~unwanted);
}

struct command_fixture *fixture_new_of_features(const struct feature *const *features) {
    struct command_fixture *fixture = start_fixture();
    for (; *features != NULL; features++) add_feature(fixture, *features);
    start_engine(fixture);
    return fixture;
}

struct command_fixture *fixture_new(const struct command_list *const *commands) {
    struct command_fixture *fixture = start_fixture();
    fixture->family = (struct feature){.name = "tested", .commands = commands};
    add_feature(fixture, &fixture->family);
    start_engine(fixture);
    return fixture;
}

void fixture_free(struct command_fixture *fixture) {
    session_destroy(&fixture->session);
    engine_free(fixture->engine);
    directives_free(fixture->directives);
    output_batch_destroy(&fixture->batch);
    buffer_destroy(&fixture->reply);
    buffer_destroy(&fixture->text);
    buffer_destroy(&fixture->events);
    mem_free(fixture);
}

void fixture_set_directive(struct command_fixture *fixture, const char *name, const char *value) {
    const struct bytes pair[] = {bytes_of_str(name), bytes_of_str(value)};
    struct buffer error = {0};
    assert_true(directives_set(fixture->directives, pair, 1, true, &error));
    buffer_destroy(&error);
}

/* --- replies as text --- */

static struct bytes take(struct bytes *in, size_t len) {
    CHECK(in->len >= len);
    struct bytes taken = bytes_of(in->data, len);
    *in = bytes_of(in->data + len, in->len - len);
    return taken;
}

static struct bytes take_line(struct bytes *in) {
    struct bytes line = take(in, bytes_index(*in, '\r'));
    CHECK(bytes_equal(take(in, 2), BYTES("\r\n")));
    return line;
}

static void write_string(struct bytes line, struct bytes *in, struct buffer *out) {
    int64_t len;
    CHECK(number_parse_i64(bytes_of(line.data + 1, line.len - 1), &len));
    if (len < 0) {
        buffer_append_str(out, "nil");
        return;
    }
    struct bytes string = take(in, (size_t)len);
    CHECK(bytes_equal(take(in, 2), BYTES("\r\n")));
    if (line.data[0] == '=') {
        buffer_append_char(out, '=');
        buffer_append_bytes(out, take(&string, 3));
        (void)take(&string, 1);
    }
    buffer_append_quoted(out, string);
}

static void write_element(struct bytes *in, struct buffer *out);

/* Maps and attributes hold pairs, joined by a colon. */
static void write_elements(struct bytes *in, size_t count, bool has_pairs, struct buffer *out) {
    for (size_t i = 0; i < count; i++) {
        if (i != 0) buffer_append_str(out, ", ");
        write_element(in, out);
        if (!has_pairs) continue;
        buffer_append_str(out, ": ");
        write_element(in, out);
    }
}

static void write_collection(struct bytes line, struct bytes *in, struct buffer *out) {
    int64_t count;
    CHECK(number_parse_i64(bytes_of(line.data + 1, line.len - 1), &count));
    char mark = line.data[0];
    if (count < 0) {
        buffer_append_str(out, "nil-array");
        return;
    }
    bool is_list = mark == '*' || mark == '>';
    if (mark == '>' || mark == '|') buffer_append_char(out, mark);
    buffer_append_char(out, is_list ? '[' : '{');
    write_elements(in, (size_t)count, mark == '%' || mark == '|', out);
    buffer_append_char(out, is_list ? ']' : '}');
}

static void write_element(struct bytes *in, struct buffer *out) {
    struct bytes line = take_line(in);
    switch (line.data[0]) {
    case '$':
    case '=': write_string(line, in, out); break;
    case '*':
    case '~':
    case '%':
    case '>':
    case '|': write_collection(line, in, out); break;
    case '_': buffer_append_str(out, "nil"); break;
    case '-':
    case '#':
    case '(': buffer_append_bytes(out, line); break;
    default: buffer_append(out, line.data + 1, line.len - 1);
    }
}

/* --- running --- */

static void collect_reply(struct command_fixture *fixture) {
    const struct output_batch *batch = &fixture->batch;
    size_t done = 0;
    for (size_t i = 0; i < batch->block_count; i++) {
        const struct output_batch_block *block = &batch->blocks[i];
        buffer_append(&fixture->reply, batch->bytes.data + done, block->position - done);
        buffer_append(&fixture->reply, block->block.data, block->block.len);
        done = block->position;
    }
    buffer_append(&fixture->reply, batch->bytes.data + done, batch->bytes.len - done);
}

static const char *run_args_as(struct command_fixture *fixture, struct session *session,
                               const struct bytes *args, size_t count) {
    buffer_clear(&fixture->reply);
    output_lend(&session->output, &fixture->batch);
    (void)dispatch(session, args, (uint32_t)count);
    if (fixture->batch.bytes.len != 0) collect_reply(fixture);
    output_destroy(&session->output);
    return fixture_text_of(fixture, buffer_bytes(&fixture->reply));
}

const char *fixture_text_of(struct command_fixture *fixture, struct bytes raw) {
    buffer_clear(&fixture->text);
    while (raw.len != 0) write_element(&raw, &fixture->text);
    return buffer_c_str(&fixture->text);
}

const char *fixture_run_args(struct command_fixture *fixture, const struct bytes *args,
                             size_t count) {
    return run_args_as(fixture, &fixture->session, args, count);
}

const char *fixture_run_as(struct command_fixture *fixture, struct session *session,
                           const char *line) {
    struct words words;
    CHECK(words_split(bytes_of_str(line), &words) && words.count != 0);
    const char *text = run_args_as(fixture, session, words.items, words.count);
    words_destroy(&words);
    return text;
}

const char *fixture_run(struct command_fixture *fixture, const char *line) {
    return fixture_run_as(fixture, &fixture->session, line);
}

struct bytes fixture_raw_reply(const struct command_fixture *fixture) {
    return buffer_bytes(&fixture->reply);
}

/* --- time and events --- */

void fixture_advance_ms(struct command_fixture *fixture, int64_t ms) {
    clock_set_unix_us(&fixture->clock, fixture->clock.unix_us + ms * 1000);
}

void fixture_expire_due(struct command_fixture *fixture) {
    enum { MAX_ROUNDS = 100000 };
    int rounds = 0;
    while (rounds < MAX_ROUNDS && engine_expire(fixture->engine) == 0) rounds++;
}

const char *fixture_events(struct command_fixture *fixture) {
    buffer_clear(&fixture->text);
    buffer_append_bytes(&fixture->text, buffer_bytes(&fixture->events));
    buffer_clear(&fixture->events);
    return buffer_c_str(&fixture->text);
}

void fixture_want_all_events(struct command_fixture *fixture) {
    subscribe(fixture, ~(uint32_t)KEY_EVENT_HIDDEN);
}
