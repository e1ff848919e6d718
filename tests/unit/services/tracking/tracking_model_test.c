/* Sessions that read, write, track in every mode, redirect, end and come again at random, keys that
 * expire and flushes, in both protocols; every byte that each session receives is held against a
 * naive model. */
#include "unit/services/tracking/tracking_samples.h"

#include <stdio.h>

enum {
    SESSIONS = 9,
    NAMES = 12,
    PREFIXES = 7,
    DBS = 2,
    STEPS = 500 * 1000,
    QUEUE_MAX = 6,
    CALENDAR_STEP_MS = 8
};

/* Both in order. */
static const char *const names[NAMES] = {"",    "a",   "ab",  "abc", "abd", "b",
                                         "b:1", "b:2", "bcd", "c",   "ca",  "d"};
static const char *const prefixes[PREFIXES] = {"", "a", "ab", "b", "b:", "c", "zz"};

enum mode { ON = 1, BROADCAST = 2, OPT_IN = 4, OPT_OUT = 8, NO_LOOP = 16, CACHING = 32 };

enum kind {
    GET,
    MGET,
    SET,
    MSET,
    DEL,
    FLUSH,
    SELECT,
    CACHING_YES,
    CACHING_NO,
    TRACKING_ON,
    TRACKING_OFF,
    REFUSED,
    OTHER,
};

struct op {
    enum kind kind;
    char line[200];
    size_t keys[3];
    size_t key_count;
    int64_t ms; /* of SET; 0: none */
    uint32_t db;
    uint32_t options;
    size_t redirect; /* SESSIONS: none */
    bool prefixes[PREFIXES];
};

struct player {
    enum resp_version version;
    uint32_t mode;
    uint64_t id;
    uint64_t redirect;         /* 0: none */
    uint64_t began;            /* to track; 0: it does not */
    uint64_t joined[PREFIXES]; /* when; 0: it has not */
    struct buffer expected;
    size_t queue_len;
    struct op queue[QUEUE_MAX];
    uint32_t db;
    bool listens;
    bool is_in_multi;
    bool has_read[NAMES];
};

static struct player players[SESSIONS];
static bool exists[DBS][NAMES];
static int64_t due_times_ms[DBS][NAMES]; /* 0: none */
static bool has_changed[PREFIXES][NAMES];
static uint64_t writers[PREFIXES][NAMES];
static uint64_t joins;
static size_t running = SESSIONS;
static struct buffer reply, behind_reply;
static struct listeners everyone;

static unsigned long long seed = 3;

static size_t draw(size_t below) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (size_t)(seed >> 33) % below;
}

static int64_t now_ms(void) {
    return everyone.fixture->clock.unix_ms;
}

/* --- what is told --- */

static void push_to(size_t who, const char *text) {
    buffer_append_str(who == running ? &behind_reply : &players[who].expected, text);
}

static size_t find_player(uint64_t id) {
    size_t who = 0;
    while (who < SESSIONS && players[who].id != id) who++;
    return who;
}

/* `keys` as the protocol has them, NULL for null. */
static void tell(size_t who, const char *keys) {
    char text[1000];
    size_t target = who;
    bool is_redirected = players[who].redirect != 0;
    if (is_redirected) target = find_player(players[who].redirect);
    if (target == SESSIONS) {
        snprintf(text, sizeof(text), ">2\r\n$21\r\ntracking-redir-broken\r\n:%llu\r\n",
                 (unsigned long long)players[who].redirect);
        if (players[who].version == RESP3) push_to(who, text);
        return;
    }
    bool is_new = players[target].version == RESP3;
    if (!is_new && !(is_redirected && players[target].listens)) return;
    const char *head = is_new ? ">2\r\n$10\r\ninvalidate\r\n"
                              : "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n";
    snprintf(text, sizeof(text), "%s%s", head, keys != NULL ? keys : is_new ? "_\r\n" : "$-1\r\n");
    push_to(target, text);
}

/* Sessions in order of their ids. */
static size_t next_by_id(uint64_t behind) {
    size_t best = SESSIONS;
    for (size_t who = 0; who < SESSIONS; who++) {
        if (players[who].id <= behind) continue;
        if (best == SESSIONS || players[who].id < players[best].id) best = who;
    }
    return best;
}

static void note_broadcasts(size_t name, uint64_t writer) {
    for (size_t i = 0; i < PREFIXES; i++) {
        bool has_members = false;
        for (size_t who = 0; who < SESSIONS; who++) has_members |= players[who].joined[i] != 0;
        if (!has_members || strncmp(names[name], prefixes[i], strlen(prefixes[i])) != 0) continue;
        bool is_shared = has_changed[i][name] && writers[i][name] != writer;
        writers[i][name] = is_shared ? 0 : writer;
        has_changed[i][name] = true;
    }
}

/* `writer` is SESSIONS where it is nobody's doing. */
static void change_key(size_t name, size_t writer) {
    char keys[64];
    snprintf(keys, sizeof(keys), "*1\r\n$%zu\r\n%s\r\n", strlen(names[name]), names[name]);
    for (size_t who = next_by_id(0); who < SESSIONS; who = next_by_id(players[who].id)) {
        bool has_read = players[who].has_read[name];
        uint32_t mode = players[who].mode;
        players[who].has_read[name] = false;
        if (!has_read || (mode & ON) == 0 || (mode & BROADCAST) != 0) continue;
        if ((mode & NO_LOOP) == 0 || who != writer) tell(who, keys);
    }
    uint64_t id = writer == SESSIONS ? 0 : players[writer].id;
    note_broadcasts(name, id);
}

static void forget_reads(void) {
    for (size_t who = 0; who < SESSIONS; who++)
        memset(players[who].has_read, 0, sizeof(players[who].has_read));
}

static void tell_prefix(size_t prefix, size_t who, bool leaves_own_out) {
    char keys[600], list[500] = "";
    size_t count = 0;
    for (size_t i = 0; i < NAMES; i++) {
        if (!has_changed[prefix][i]) continue;
        if (leaves_own_out && writers[prefix][i] == players[who].id) continue;
        size_t len = strlen(list);
        snprintf(list + len, sizeof(list) - len, "$%zu\r\n%s\r\n", strlen(names[i]), names[i]);
        count++;
    }
    if (count == 0) return;
    snprintf(keys, sizeof(keys), "*%zu\r\n%s", count, list);
    tell(who, keys);
}

static bool has_written(size_t prefix, size_t who) {
    for (size_t i = 0; i < NAMES; i++)
        if (has_changed[prefix][i] && writers[prefix][i] == players[who].id) return true;
    return false;
}

/* Those of a prefix in the order in which they are told: who joined last comes first. */
static size_t next_member(size_t prefix, uint64_t before) {
    size_t best = SESSIONS;
    for (size_t who = 0; who < SESSIONS; who++) {
        uint64_t joined = players[who].joined[prefix];
        if (joined == 0 || joined >= before) continue;
        if (best == SESSIONS || joined > players[best].joined[prefix]) best = who;
    }
    return best;
}

static void tell_members(size_t prefix, bool are_silent_writers) {
    size_t who = next_member(prefix, UINT64_MAX);
    for (; who < SESSIONS; who = next_member(prefix, players[who].joined[prefix])) {
        bool is_silent = (players[who].mode & NO_LOOP) != 0 && has_written(prefix, who);
        if (is_silent == are_silent_writers) tell_prefix(prefix, who, is_silent);
    }
}

static void model_finish_round(void) {
    for (size_t i = 0; i < PREFIXES; i++) {
        tell_members(i, false);
        tell_members(i, true);
    }
    memset(has_changed, 0, sizeof(has_changed));
}

/* --- tracking --- */

static bool someone_tracks(void) {
    for (size_t who = 0; who < SESSIONS; who++)
        if ((players[who].mode & ON) != 0) return true;
    return false;
}

/* A prefix that nobody is left in forgets what has changed. */
static void forget_lonely_prefixes(void) {
    for (size_t i = 0; i < PREFIXES; i++)
        if (next_member(i, UINT64_MAX) == SESSIONS)
            memset(has_changed[i], 0, sizeof(has_changed[i]));
}

static void model_end(size_t who) {
    struct player *player = &players[who];
    player->mode = 0;
    player->redirect = 0;
    player->began = 0;
    memset(player->joined, 0, sizeof(player->joined));
    forget_lonely_prefixes();
    if (!someone_tracks()) forget_reads();
}

static bool overlap(size_t a, size_t b) {
    size_t len = strlen(prefixes[a]), other = strlen(prefixes[b]);
    return strncmp(prefixes[a], prefixes[b], len < other ? len : other) == 0;
}

static bool overlap_error(size_t a, const char *of, size_t b) {
    buffer_printf(
        &reply,
        "-ERR Prefix '%s' overlaps with %s prefix '%s'. Prefixes for a single client must "
        "not overlap.\r\n",
        prefixes[a], of, prefixes[b]);
    return true;
}

static bool has_overlaps(const struct player *player, const struct op *op) {
    for (size_t i = 0; i < PREFIXES; i++) {
        if (!op->prefixes[i]) continue;
        for (size_t j = 0; j < PREFIXES; j++)
            if (player->joined[j] != 0 && overlap(i, j)) return overlap_error(i, "an existing", j);
        for (size_t j = i + 1; j < PREFIXES; j++)
            if (op->prefixes[j] && overlap(i, j)) return overlap_error(i, "another provided", j);
    }
    return false;
}

static const char *mode_error(const struct player *player, const struct op *op) {
    uint32_t all = op->options | player->mode;
    if (player->mode != 0 && ((op->options ^ player->mode) & BROADCAST) != 0)
        return "-ERR You can't switch BCAST mode on/off before disabling tracking for this client, "
               "and then re-enabling it with a different mode.\r\n";
    if ((op->options & BROADCAST) != 0 && (op->options & (OPT_IN | OPT_OUT)) != 0)
        return "-ERR OPTIN and OPTOUT are not compatible with BCAST\r\n";
    if ((op->options & (OPT_IN | OPT_OUT)) != 0 && (all & OPT_IN) != 0 && (all & OPT_OUT) != 0)
        return "-ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, "
               "and then re-enabling it with a different mode.\r\n";
    return NULL;
}

static void join(struct player *player, size_t prefix) {
    if (player->joined[prefix] == 0) player->joined[prefix] = ++joins;
}

static void model_tracking_on(struct player *player, const struct op *op) {
    const char *error = mode_error(player, op);
    if (error != NULL) {
        buffer_append_str(&reply, error);
        return;
    }
    if (has_overlaps(player, op)) return;
    bool has_prefix = false;
    if (player->began == 0) player->began = ++joins;
    player->mode = ON | op->options | (player->mode & CACHING);
    player->redirect = op->redirect == SESSIONS ? 0 : players[op->redirect].id;
    for (size_t i = 0; i < PREFIXES; i++) {
        has_prefix |= op->prefixes[i];
        if (op->prefixes[i]) join(player, i);
    }
    if ((op->options & BROADCAST) != 0 && !has_prefix) join(player, 0);
    buffer_append_str(&reply, "+OK\r\n");
}

static void model_caching(struct player *player, const char *word, uint32_t mode,
                          const char *mode_name) {
    if ((player->mode & ON) == 0) {
        buffer_append_str(&reply, "-ERR CLIENT CACHING can be called only when the client is in "
                                  "tracking mode with OPTIN or OPTOUT mode enabled\r\n");
    } else if ((player->mode & mode) == 0) {
        buffer_printf(&reply,
                      "-ERR CLIENT CACHING %s is only valid when tracking is enabled in %s "
                      "mode.\r\n",
                      word, mode_name);
    } else {
        player->mode |= CACHING;
        buffer_append_str(&reply, "+OK\r\n");
    }
}

/* --- keys --- */

static void expire_if_due(uint32_t db, size_t name) {
    if (!exists[db][name] || due_times_ms[db][name] == 0 || due_times_ms[db][name] > now_ms())
        return;
    exists[db][name] = false;
    change_key(name, SESSIONS);
}

static void model_get(const struct player *player, size_t name) {
    expire_if_due(player->db, name);
    if (exists[player->db][name])
        buffer_append_str(&reply, "$1\r\n1\r\n");
    else
        buffer_append_str(&reply, player->version == RESP3 ? "_\r\n" : "$-1\r\n");
}

static void model_set(size_t who, size_t name, int64_t ms) {
    uint32_t db = players[who].db;
    expire_if_due(db, name);
    exists[db][name] = true;
    due_times_ms[db][name] = ms == 0 ? 0 : now_ms() + ms;
    change_key(name, who);
}

static size_t model_delete(size_t who, size_t name) {
    uint32_t db = players[who].db;
    expire_if_due(db, name);
    if (!exists[db][name]) return 0;
    exists[db][name] = false;
    change_key(name, who);
    return 1;
}

/* In the order in which they began. */
static void tell_all_of_flush(void) {
    uint64_t before = 0;
    for (size_t i = 0; i < SESSIONS; i++) {
        size_t next = SESSIONS;
        for (size_t who = 0; who < SESSIONS; who++) {
            if (players[who].began <= before) continue;
            if (next == SESSIONS || players[who].began < players[next].began) next = who;
        }
        if (next == SESSIONS) return;
        before = players[next].began;
        tell(next, NULL);
    }
}

static void model_flush(void) {
    memset(exists, 0, sizeof(exists));
    tell_all_of_flush();
    forget_reads();
    buffer_append_str(&reply, "+OK\r\n");
}

static void model_remember(struct player *player, const struct op *op) {
    bool is_cached = (player->mode & CACHING) != 0;
    if ((player->mode & ON) == 0 || (player->mode & BROADCAST) != 0) return;
    if ((player->mode & OPT_IN) != 0 && !is_cached) return;
    if ((player->mode & OPT_OUT) != 0 && is_cached) return;
    for (size_t i = 0; i < op->key_count; i++) player->has_read[op->keys[i]] = true;
}

/* --- running --- */

static void model_keys(size_t who, const struct op *op) {
    size_t count = 0;
    if (op->kind == MGET) buffer_printf(&reply, "*%zu\r\n", op->key_count);
    for (size_t i = 0; i < op->key_count; i++) {
        if (op->kind == GET || op->kind == MGET) model_get(&players[who], op->keys[i]);
        if (op->kind == SET || op->kind == MSET) model_set(who, op->keys[i], op->ms);
        if (op->kind == DEL) count += model_delete(who, op->keys[i]);
    }
    if (op->kind == SET || op->kind == MSET) buffer_append_str(&reply, "+OK\r\n");
    if (op->kind == DEL) buffer_printf(&reply, ":%zu\r\n", count);
    if (op->kind == GET || op->kind == MGET) model_remember(&players[who], op);
}

static void model_run(size_t who, const struct op *op) {
    struct player *player = &players[who];
    switch (op->kind) {
    case FLUSH: model_flush(); break;
    case SELECT:
        player->db = op->db;
        buffer_append_str(&reply, "+OK\r\n");
        break;
    case CACHING_YES: model_caching(player, "YES", OPT_IN, "OPTIN"); break;
    case CACHING_NO: model_caching(player, "NO", OPT_OUT, "OPTOUT"); break;
    case TRACKING_ON: model_tracking_on(player, op); break;
    case TRACKING_OFF:
        model_end(who);
        buffer_append_str(&reply, "+OK\r\n");
        break;
    case REFUSED:
        buffer_append_str(&reply, "-ERR wrong number of arguments for 'get' command\r\n");
        break;
    case OTHER: buffer_printf(&reply, ":%llu\r\n", (unsigned long long)player->id); break;
    default: model_keys(who, op);
    }
    bool is_about_client = op->kind >= CACHING_YES && op->kind != REFUSED;
    if (!player->is_in_multi && !is_about_client) player->mode &= ~(uint32_t)CACHING;
}

static void play(size_t who, const char *line) {
    listener_run(&everyone, who, line);
    buffer_append_bytes(&players[who].expected, buffer_bytes(&reply));
    buffer_append_bytes(&players[who].expected, buffer_bytes(&behind_reply));
    buffer_clear(&reply);
    buffer_clear(&behind_reply);
}

static void play_op(size_t who, const struct op *op) {
    struct player *player = &players[who];
    running = who;
    if (player->is_in_multi) {
        player->queue[player->queue_len++] = *op;
        buffer_append_str(&reply, "+QUEUED\r\n");
    } else {
        model_run(who, op);
    }
    running = SESSIONS;
    play(who, op->line);
}

static void play_multi(size_t who) {
    players[who].is_in_multi = true;
    buffer_append_str(&reply, "+OK\r\n");
    play(who, "MULTI");
}

static void end_multi(size_t who) {
    players[who].is_in_multi = false;
    players[who].queue_len = 0;
    players[who].mode &= ~(uint32_t)CACHING;
}

static void play_exec(size_t who) {
    struct player *player = &players[who];
    running = who;
    buffer_printf(&reply, "*%zu\r\n", player->queue_len);
    for (size_t i = 0; i < player->queue_len; i++) model_run(who, &player->queue[i]);
    running = SESSIONS;
    end_multi(who);
    play(who, "EXEC");
}

static void play_discard(size_t who) {
    end_multi(who);
    buffer_append_str(&reply, "+OK\r\n");
    play(who, "DISCARD");
}

/* --- steps --- */

static void append(struct op *op, const char *word) {
    size_t len = strlen(op->line);
    snprintf(op->line + len, sizeof(op->line) - len, "%s%s", len == 0 ? "" : " ", word);
}

static void draw_keys(struct op *op, size_t count) {
    static const char *const words[] = {"GET", "MGET", "SET", "MSET", "DEL"};
    char name[32];
    append(op, words[op->kind]);
    for (op->key_count = 0; op->key_count < count; op->key_count++) {
        size_t which = draw(NAMES);
        op->keys[op->key_count] = which;
        snprintf(name, sizeof(name), "'%s'", names[which]);
        append(op, name);
        if (op->kind == SET || op->kind == MSET) append(op, "1");
    }
    if (op->kind != SET || draw(3) != 0) return;
    op->ms = CALENDAR_STEP_MS / 2 + CALENDAR_STEP_MS * (int64_t)draw(40);
    snprintf(name, sizeof(name), "%lld", (long long)op->ms);
    append(op, name);
}

static void draw_options(struct op *op) {
    static const struct {
        uint32_t option;
        const char *word;
    } options[] = {
        {BROADCAST, "BCAST"}, {OPT_IN, "OPTIN"}, {OPT_OUT, "OPTOUT"}, {NO_LOOP, "NOLOOP"}};
    char word[32];
    uint32_t wanted = (uint32_t)(draw(3) == 0 ? NO_LOOP : 0);
    static const uint32_t modes[] = {0, BROADCAST, BROADCAST, OPT_IN, OPT_OUT};
    wanted |= modes[draw(ARRAY_LEN(modes))];
    if (draw(20) == 0) wanted |= OPT_IN;
    if ((wanted & OPT_IN) != 0 && (wanted & OPT_OUT) != 0) wanted = 0;
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        if ((wanted & options[i].option) != 0) append(op, options[i].word);
    op->options = wanted;
    op->redirect = draw(3) == 0 ? draw(SESSIONS) : SESSIONS;
    if (op->redirect == SESSIONS) return;
    snprintf(word, sizeof(word), "REDIRECT %llu", (unsigned long long)players[op->redirect].id);
    append(op, word);
}

/* In order, so that the model's search for overlaps is that of the arguments. */
static void draw_prefixes(struct op *op) {
    char word[32];
    for (size_t i = 0; i < PREFIXES; i++) {
        if (draw(5) != 0) continue;
        op->prefixes[i] = true;
        snprintf(word, sizeof(word), "PREFIX '%s'", prefixes[i]);
        append(op, word);
    }
}

static void draw_tracking(struct op *op) {
    append(op, "CLIENT TRACKING ON");
    draw_options(op);
    if ((op->options & BROADCAST) != 0) draw_prefixes(op);
}

static struct op draw_op(bool is_in_multi) {
    struct op op = {.kind = GET, .redirect = SESSIONS};
    size_t what = draw(100);
    if (what < 55) {
        op.kind = (enum kind)draw(DEL + 1);
        draw_keys(&op, op.kind == GET || op.kind == SET ? 1 : 1 + draw(3));
    } else if (what < 57) {
        op.kind = FLUSH;
        append(&op, "FLUSHALL");
    } else if (what < 60) {
        op.kind = SELECT;
        op.db = (uint32_t)draw(DBS);
        append(&op, op.db == 0 ? "SELECT 0" : "SELECT 1");
    } else if (what < 70) {
        op.kind = draw(2) == 0 ? CACHING_YES : CACHING_NO;
        append(&op, op.kind == CACHING_YES ? "CLIENT CACHING YES" : "CLIENT CACHING NO");
    } else if (what < 84 && !is_in_multi) {
        op.kind = TRACKING_ON;
        draw_tracking(&op);
    } else if (what < 90) {
        op.kind = TRACKING_OFF;
        append(&op, "CLIENT TRACKING OFF");
    } else if (what < 93 && !is_in_multi) {
        op.kind = REFUSED;
        append(&op, "GET");
    } else {
        op.kind = OTHER;
        append(&op, "CLIENT ID");
    }
    return op;
}

/* Shows where the two part. */
static void fail_at_difference(size_t who, struct bytes received, struct bytes expected) {
    enum { SHOWN_BEFORE = 200, SHOWN_BEHIND = 80 };
    size_t at = 0;
    while (at < received.len && at < expected.len && received.data[at] == expected.data[at]) at++;
    size_t from = at < SHOWN_BEFORE ? 0 : at - SHOWN_BEFORE;
    const struct bytes both[] = {received, expected};
    printf("session %zu parts at byte %zu\n", who, at);
    for (size_t i = 0; i < ARRAY_LEN(both); i++) {
        size_t end = at + SHOWN_BEHIND < both[i].len ? at + SHOWN_BEHIND : both[i].len;
        printf("%s\n%.*s\n", i == 0 ? "received" : "instead of", (int)(end - from),
               both[i].data + from);
    }
    fail();
}

static void compare(size_t who) {
    struct buffer *received = listener_receive(&everyone, who);
    struct buffer *expected = &players[who].expected;
    if (!bytes_equal(buffer_bytes(received), buffer_bytes(expected)))
        fail_at_difference(who, buffer_bytes(received), buffer_bytes(expected));
    buffer_clear(received);
    buffer_clear(expected);
}

static void start_player(size_t who) {
    struct buffer expected = players[who].expected;
    buffer_clear(&expected);
    players[who] = (struct player){
        .version = draw(3) == 0 ? RESP2 : RESP3,
        .id = listener_session(&everyone, who)->id,
        .expected = expected,
    };
    listener_session(&everyone, who)->version = players[who].version;
}

static void step_replace(size_t who) {
    model_end(who);
    listener_replace(&everyone, who);
    start_player(who);
}

static void step_reset(size_t who) {
    model_end(who);
    players[who].is_in_multi = false;
    players[who].queue_len = 0;
    players[who].version = RESP2;
    players[who].db = 0;
    buffer_append_str(&reply, "+RESET\r\n");
    play(who, "RESET");
}

/* What RESP2 allows to one that subscribes. */
static void step_listen(size_t who) {
    if (players[who].is_in_multi) return;
    players[who].listens = !players[who].listens;
    players[who].mode &= ~(uint32_t)CACHING;
    buffer_append_str(&reply, "+OK\r\n");
    play(who, players[who].listens ? "LISTEN ON" : "LISTEN OFF");
}

static void step_hello(size_t who) {
    if (players[who].is_in_multi || players[who].listens) return;
    players[who].version = draw(4) == 0 ? RESP2 : RESP3;
    players[who].mode &= ~(uint32_t)CACHING;
    buffer_append_str(&reply, "+OK\r\n");
    play(who, players[who].version == RESP3 ? "HELLO 3" : "HELLO 2");
}

/* The calendar may take out keys in any order: it is let at them when there is one. The clock
 * stands where none has just come due. */
static void step_time(void) {
    size_t due_count = 0, db = 0, name = 0;
    fixture_advance_ms(everyone.fixture, CALENDAR_STEP_MS * (int64_t)draw(4));
    for (size_t i = 0; i < (size_t)DBS * NAMES; i++) {
        int64_t due = exists[i / NAMES][i % NAMES] ? due_times_ms[i / NAMES][i % NAMES] : 0;
        if (due == 0 || due > now_ms()) continue;
        due_count++;
        db = i / NAMES;
        name = i % NAMES;
    }
    if (due_count > 1 || draw(4) != 0) return; /* the next look takes them out */
    fixture_expire_due(everyone.fixture);
    if (due_count == 1) expire_if_due((uint32_t)db, name);
}

static void step_command(size_t who) {
    struct player *player = &players[who];
    if (player->listens && player->version == RESP2) {
        step_listen(who);
    } else if (player->is_in_multi && (player->queue_len == QUEUE_MAX || draw(4) == 0)) {
        if (draw(6) == 0)
            play_discard(who);
        else
            play_exec(who);
    } else if (!player->is_in_multi && draw(12) == 0) {
        play_multi(who);
    } else {
        struct op op = draw_op(player->is_in_multi);
        play_op(who, &op);
    }
}

static void step(void) {
    size_t who = draw(SESSIONS), what = draw(1000);
    if (what < 800)
        step_command(who);
    else if (what < 820)
        step_listen(who);
    else if (what < 830)
        step_hello(who);
    else if (what < 838)
        step_replace(who);
    else if (what < 844)
        step_reset(who);
    else if (what < 900)
        step_time();
    else if (what < 920)
        compare(who);
    else {
        model_finish_round();
        engine_finish_round(everyone.fixture->engine);
    }
}

static void check_counts(void) {
    const struct engine_tracked *tracked = &everyone.fixture->engine->tracked;
    size_t clients = 0, prefix_count = 0;
    for (size_t who = 0; who < SESSIONS; who++) clients += (players[who].mode & ON) != 0;
    for (size_t i = 0; i < PREFIXES; i++) prefix_count += next_member(i, UINT64_MAX) != SESSIONS;
    assert_int_equal(tracked->clients, clients);
    assert_int_equal(tracked->prefixes, prefix_count);
}

static void every_byte_is_as_the_model_says(void **state) {
    (void)state;
    struct command_fixture *fixture = fixture_new_of_features(sample_features);
    listeners_gather(&everyone, fixture, SESSIONS);
    for (size_t who = 0; who < SESSIONS; who++) start_player(who);
    for (int i = 0; i < STEPS; i++) {
        step();
        check_counts();
    }
    for (size_t who = 0; who < SESSIONS; who++) compare(who);
    listeners_dismiss(&everyone);
    assert_null(fixture->engine->tracking);
    fixture_free(fixture);
    for (size_t who = 0; who < SESSIONS; who++) buffer_destroy(&players[who].expected);
    buffer_destroy(&reply);
    buffer_destroy(&behind_reply);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_is_as_the_model_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
