/* Many sessions subscribe, leave, publish and go at random, in both protocols; every byte that each
 * receives is held against a naive model.
 *
 * Some orders are not promised: of UNSUBSCRIBE's confirmations without arguments, and of one message under
 * several patterns. So the model keeps for each session a queue of groups; the members of a group may come
 * in any order. What is compared is taken at random moments, so that most sessions have much waiting. */
#include "foundation/mem.h"
#include "protocol/resp_writer.h"
#include "services/pubsub/pubsub.h"
#include "services/pubsub/pubsub_private.h"
#include "unit/support/listeners.h"

#include <stdio.h>
#include <stdlib.h>

enum { SESSIONS = 14, STEPS = 120 * 1000, CHANNELS = 9, PATTERNS = 11, NAMES_MAX = 11 };

static const struct feature *const features[] = {&pubsub_feature, NULL};

/* Sorted, as retained messages are given. */
static const char *const channels[CHANNELS] = {"",       "a",      "ab",         "abc", "b",
                                               "news.x", "news.y", "news.z.z.z", "x"};
static const char *const patterns[PATTERNS] = {"*",      "a*",     "ab*", "?b", "[ab]", "news.*",
                                               "news?x", "news.x", "\\a", "",   "*.z"};
/* matches[i][j]: pattern i matches channel j. */
static const bool matches[PATTERNS][CHANNELS] = {
    {0, 1, 1, 1, 1, 1, 1, 1, 1}, {0, 1, 1, 1, 0, 0, 0, 0, 0}, {0, 0, 1, 1, 0, 0, 0, 0, 0},
    {0, 0, 1, 0, 0, 0, 0, 0, 0}, {0, 1, 0, 0, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 1, 1, 1, 0},
    {0, 0, 0, 0, 0, 1, 0, 0, 0}, {0, 0, 0, 0, 0, 1, 0, 0, 0}, {0, 1, 0, 0, 0, 0, 0, 0, 0},
    {1, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 1, 0}};

/* --- the model --- */

struct group {
    struct buffer members[NAMES_MAX]; /* without what stands in `count_from` */
    size_t count;
    int64_t
        count_from; /* -1: the members are whole; else each ends in a count, which falls by one from
                           here */
};

struct listener {
    bool listens[TOPIC_KINDS][NAMES_MAX];
    enum resp_version version;
    struct group *groups;
    size_t group_count;
    size_t group_cap;
};

static struct listener model[SESSIONS];
static struct { /* text NULL: none */
    char *text;
    int64_t due_ms;
} kept[RETAINED_WORLDS][CHANNELS];

static const char *const words[TOPIC_KINDS][3] = {{"subscribe", "unsubscribe", "message"},
                                                  {"psubscribe", "punsubscribe", "pmessage"},
                                                  {"ssubscribe", "sunsubscribe", "smessage"}};

static size_t name_count(enum topic_kind kind) {
    return kind == TOPIC_PATTERN ? PATTERNS : CHANNELS;
}

static const char *name_of(enum topic_kind kind, size_t i) {
    return kind == TOPIC_PATTERN ? patterns[i] : channels[i];
}

static int64_t count_of(const struct listener *listener, enum topic_kind kind) {
    int64_t count = 0;
    for (size_t i = 0; i < name_count(kind); i++) count += listener->listens[kind][i];
    return count;
}

/* What confirmations count. */
static int64_t total(const struct listener *listener, enum topic_kind kind) {
    if (kind == TOPIC_SHARD_CHANNEL) return count_of(listener, kind);
    return count_of(listener, TOPIC_CHANNEL) + count_of(listener, TOPIC_PATTERN);
}

static bool is_subscribing(const struct listener *listener) {
    return total(listener, TOPIC_CHANNEL) + total(listener, TOPIC_SHARD_CHANNEL) != 0;
}

static struct group *add_group(struct listener *listener) {
    if (listener->group_count == listener->group_cap) {
        listener->group_cap = listener->group_cap == 0 ? 16 : 2 * listener->group_cap;
        listener->groups =
            mem_realloc(listener->groups, listener->group_cap * sizeof(*listener->groups));
    }
    struct group *group = &listener->groups[listener->group_count++];
    *group = (struct group){.count_from = -1};
    return group;
}

static void free_groups(struct listener *listener) {
    for (size_t i = 0; i < listener->group_count; i++) {
        for (size_t j = 0; j < listener->groups[i].count; j++)
            buffer_destroy(&listener->groups[i].members[j]);
    }
    mem_free(listener->groups);
    listener->groups = NULL;
    listener->group_count = listener->group_cap = 0;
}

/* A member of strings, the header counting `extra` more that the caller adds. */
static struct buffer *add_member(const struct listener *listener, struct group *group,
                                 const char *const *strings, size_t extra) {
    struct buffer *member = &group->members[group->count++];
    size_t count = 0;
    while (strings[count] != NULL) count++;
    buffer_printf(member, "%c%zu\r\n", listener->version == RESP3 ? '>' : '*', count + extra);
    for (size_t i = 0; i < count; i++)
        buffer_printf(member, "$%zu\r\n%s\r\n", strlen(strings[i]), strings[i]);
    return member;
}

static void expect_text(struct listener *listener, const char *text) {
    struct group *group = add_group(listener);
    buffer_append_str(&group->members[group->count++], text);
}

/* --- what commands do to it --- */

static void expect_retained(struct listener *listener, enum topic_kind kind, size_t which,
                            int64_t now_ms) {
    enum retained_world world = kind == TOPIC_SHARD_CHANNEL;
    for (size_t i = 0; i < CHANNELS; i++) {
        bool is_meant = kind == TOPIC_PATTERN ? matches[which][i] : i == which;
        if (!is_meant || kept[world][i].text == NULL) continue;
        if (kept[world][i].due_ms != 0 && kept[world][i].due_ms <= now_ms) continue;
        const char *strings[] = {words[kind][2], patterns[which], channels[i], kept[world][i].text,
                                 NULL};
        if (kind != TOPIC_PATTERN) strings[1] = words[kind][2];
        (void)add_member(listener, add_group(listener), strings + (kind != TOPIC_PATTERN), 0);
    }
}

static void model_subscribe(struct listener *listener, enum topic_kind kind, size_t which,
                            bool is_joining) {
    listener->listens[kind][which] = is_joining;
    const char *strings[] = {words[kind][!is_joining], name_of(kind, which), NULL};
    struct buffer *member = add_member(listener, add_group(listener), strings, 1);
    buffer_printf(member, ":%lld\r\n", (long long)total(listener, kind));
}

static void model_unsubscribe_all(struct listener *listener, enum topic_kind kind) {
    struct group *group = add_group(listener);
    group->count_from = total(listener, kind) - 1;
    for (size_t i = 0; i < name_count(kind); i++) {
        const char *strings[] = {words[kind][1], name_of(kind, i), NULL};
        if (!listener->listens[kind][i]) continue;
        listener->listens[kind][i] = false;
        (void)add_member(listener, group, strings, 1);
    }
    if (group->count != 0) return;
    struct buffer *member = &group->members[group->count++];
    group->count_from = -1;
    buffer_printf(member, "%c3\r\n$%zu\r\n%s\r\n%s:%lld\r\n",
                  listener->version == RESP3 ? '>' : '*', strlen(words[kind][1]), words[kind][1],
                  listener->version == RESP3 ? "_\r\n" : "$-1\r\n",
                  (long long)total(listener, kind));
}

static size_t model_deliver(struct listener *listener, enum topic_kind kind, size_t which,
                            const char *text) {
    size_t count = listener->listens[kind][which];
    if (count != 0) {
        const char *strings[] = {words[kind][2], channels[which], text, NULL};
        (void)add_member(listener, add_group(listener), strings, 0);
    }
    if (kind == TOPIC_SHARD_CHANNEL) return count;
    struct group *group = NULL;
    for (size_t i = 0; i < PATTERNS; i++) {
        const char *strings[] = {"pmessage", patterns[i], channels[which], text, NULL};
        if (!listener->listens[TOPIC_PATTERN][i] || !matches[i][which]) continue;
        if (group == NULL) group = add_group(listener);
        (void)add_member(listener, group, strings, 0);
        count++;
    }
    return count;
}

static size_t count_receivers(enum topic_kind kind, size_t which) {
    size_t count = 0;
    for (size_t who = 0; who < SESSIONS; who++) {
        count += model[who].listens[kind][which];
        for (size_t i = 0; i < PATTERNS && kind == TOPIC_CHANNEL; i++)
            count += model[who].listens[TOPIC_PATTERN][i] && matches[i][which];
    }
    return count;
}

/* --- comparing --- */

static bool take_prefix(struct bytes *rest, struct bytes prefix) {
    if (!bytes_starts_with(*rest, prefix)) return false;
    *rest = bytes_of(rest->data + prefix.len, rest->len - prefix.len);
    return true;
}

static bool take_member(struct group *group, struct bytes *rest, size_t taken) {
    char count[32] = "";
    if (group->count_from >= 0)
        snprintf(count, sizeof(count), ":%lld\r\n",
                 (long long)group->count_from - (long long)taken);
    for (size_t i = taken; i < group->count; i++) {
        struct bytes before = *rest;
        if (!take_prefix(rest, buffer_bytes(&group->members[i]))) continue;
        if (!take_prefix(rest, bytes_of_str(count))) {
            *rest = before;
            continue;
        }
        struct buffer member = group->members[taken];
        group->members[taken] = group->members[i];
        group->members[i] = member;
        return true;
    }
    return false;
}

static void compare(struct listeners *all, size_t who) {
    struct buffer *received = listener_receive(all, who);
    struct bytes rest = buffer_bytes(received);
    for (size_t i = 0; i < model[who].group_count; i++) {
        struct group *group = &model[who].groups[i];
        for (size_t taken = 0; taken < group->count; taken++)
            assert_true(take_member(group, &rest, taken));
    }
    assert_int_equal(rest.len, 0);
    buffer_clear(received);
    free_groups(&model[who]);
}

/* --- steps --- */

static unsigned long long seed = 11;

static size_t draw(size_t below) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (size_t)(seed >> 33) % below;
}

static void run(struct listeners *all, size_t who, const char *const *strings, size_t count) {
    struct bytes args[8];
    assert_true(count <= ARRAY_LEN(args));
    for (size_t i = 0; i < count; i++) args[i] = bytes_of_str(strings[i]);
    listener_run_args(all, who, args, count);
}

/* Retained messages come behind the last confirmation. */
static void step_subscribe(struct listeners *all, size_t who, enum topic_kind kind) {
    enum { MOST = 3 };
    bool is_joining = draw(5) < 3;
    const char *args[MOST + 1] = {words[kind][!is_joining]};
    size_t which[MOST], count = 1 + draw(MOST);
    for (size_t i = 0; i < count; i++) {
        which[i] = draw(name_count(kind));
        args[i + 1] = name_of(kind, which[i]);
        model_subscribe(&model[who], kind, which[i], is_joining);
    }
    for (size_t i = 0; i < count && is_joining; i++)
        expect_retained(&model[who], kind, which[i], all->fixture->clock.unix_ms);
    run(all, who, args, count + 1);
}

static void step_unsubscribe_all(struct listeners *all, size_t who, enum topic_kind kind) {
    const char *args[] = {words[kind][1]};
    model_unsubscribe_all(&model[who], kind);
    run(all, who, args, 1);
}

static void model_keep(enum retained_world world, size_t which, const char *text, int64_t due_ms) {
    mem_free(kept[world][which].text);
    kept[world][which].text = text[0] == '\0' ? NULL : mem_dup_str(text);
    kept[world][which].due_ms = due_ms;
}

/* A RESP2 subscriber may not publish. */
static bool is_refused(size_t who, const char *name) {
    char text[256];
    if (model[who].version == RESP3 || !is_subscribing(&model[who])) return false;
    snprintf(
        text, sizeof(text),
        "-ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET "
        "are allowed in this context\r\n",
        name);
    expect_text(&model[who], text);
    return true;
}

static void model_publish(size_t who, enum topic_kind kind, size_t which, const char *text) {
    char reply[32];
    snprintf(reply, sizeof(reply), ":%zu\r\n", count_receivers(kind, which));
    expect_text(&model[who], reply);
    for (size_t i = 0; i < SESSIONS; i++) (void)model_deliver(&model[i], kind, which, text);
}

static void step_publish(struct listeners *all, size_t who) {
    static int number;
    enum topic_kind kind = draw(4) == 0 ? TOPIC_SHARD_CHANNEL : TOPIC_CHANNEL;
    const char *name = kind == TOPIC_CHANNEL ? "publish" : "spublish";
    size_t which = draw(CHANNELS), lifetime = draw(8);
    char text[3000], ms[16];
    snprintf(text, sizeof(text), "%0*d", (int)(draw(30) == 0 ? 1 + draw(2900) : 1 + draw(20)),
             number++);
    size_t lifetime_ms = 1 + draw(200);
    snprintf(ms, sizeof(ms), "%zu", lifetime_ms);
    if (lifetime == 1 && draw(2) == 0) text[0] = '\0';
    const char *args[] = {name, channels[which], text, "RETAIN", "PX", ms};
    if (!is_refused(who, name)) {
        int64_t due_ms = all->fixture->clock.unix_ms + (int64_t)lifetime_ms;
        if (lifetime < 2)
            model_keep(kind != TOPIC_CHANNEL, which, text, lifetime == 0 ? due_ms : 0);
        model_publish(who, kind, which, text);
    }
    run(all, who, args, lifetime == 0 ? 6 : lifetime == 1 ? 4 : 3);
}

static void step_replace(struct listeners *all, size_t who) {
    listener_replace(all, who);
    free_groups(&model[who]);
    model[who] = (struct listener){.version = draw(2) == 0 ? RESP2 : RESP3};
    listener_session(all, who)->version = model[who].version;
}

/* HELLO: only the messages to come are in the new protocol. */
static void step_switch(struct listeners *all, size_t who) {
    model[who].version = model[who].version == RESP2 ? RESP3 : RESP2;
    listener_session(all, who)->version = model[who].version;
}

static void step(struct listeners *all) {
    size_t who = draw(SESSIONS), what = draw(100);
    enum topic_kind kind = (enum topic_kind)draw(TOPIC_KINDS);
    if (what < 25)
        step_subscribe(all, who, kind);
    else if (what < 29)
        step_unsubscribe_all(all, who, kind);
    else if (what < 80)
        step_publish(all, who);
    else if (what < 81)
        step_replace(all, who);
    else if (what < 82)
        step_switch(all, who);
    else if (what < 90)
        compare(all, who);
    else if (what < 95)
        engine_finish_round(all->fixture->engine);
    else if (what < 97)
        engine_tick(all->fixture->engine);
    else
        fixture_advance_ms(all->fixture, (int64_t)draw(20));
}

static size_t count_topics(enum topic_kind kind) {
    size_t count = 0;
    for (size_t i = 0; i < name_count(kind); i++) {
        bool is_there = false;
        for (size_t who = 0; who < SESSIONS; who++) is_there |= model[who].listens[kind][i];
        count += is_there;
    }
    return count;
}

static void compare_figures(const struct engine *engine) {
    size_t clients = 0;
    for (size_t who = 0; who < SESSIONS; who++) clients += is_subscribing(&model[who]);
    assert_int_equal(engine->audience.clients, clients);
    assert_int_equal(engine->audience.channels, count_topics(TOPIC_CHANNEL));
    assert_int_equal(engine->audience.patterns, count_topics(TOPIC_PATTERN));
    assert_int_equal(engine->audience.shard_channels, count_topics(TOPIC_SHARD_CHANNEL));
}

static void start(struct listeners *all, struct command_fixture *fixture) {
    listeners_gather(all, fixture, SESSIONS);
    for (size_t who = 0; who < SESSIONS; who++) step_replace(all, who);
}

static void end(struct listeners *all) {
    struct engine *engine = all->fixture->engine;
    for (size_t who = 0; who < SESSIONS; who++) {
        compare(all, who);
        step_replace(all, who);
    }
    for (int world = 0; world < RETAINED_WORLDS; world++) {
        for (size_t i = 0; i < CHANNELS; i++) model_keep((enum retained_world)world, i, "", 0);
    }
    listeners_dismiss(all);
    pubsub_feature.stop(engine);
    assert_null(engine->pubsub);
}

static void every_session_receives_what_the_model_says(void **state) {
    struct command_fixture *fixture = fixture_new_of_features(features);
    struct listeners all;
    (void)state;
    start(&all, fixture);
    for (int i = 0; i < STEPS; i++) {
        step(&all);
        if (i % 100 == 0) compare_figures(fixture->engine);
    }
    end(&all);
    fixture_free(fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_session_receives_what_the_model_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
