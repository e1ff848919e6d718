/* CLIENT TRACKING, CACHING, GETREDIR, TRACKINGINFO. */
#include "engine/arguments.h"
#include "engine/reply.h"
#include "foundation/mem.h"
#include "services/tracking/tracking_private.h"

#include <stdlib.h>

/* --- CLIENT TRACKING --- */

struct tracking_request {
    uint32_t options; /* enum session_tracking */
    uint64_t redirect;
    struct bytes *prefixes; /* room for as many as there are arguments */
    size_t prefix_count;
};

static bool parse_redirect(struct call *call, uint32_t index, uint64_t *redirect) {
    int64_t id;
    if (*redirect != 0) {
        reply_error(call, "ERR A client can only redirect to a single other client");
        return false;
    }
    if (!argument_i64(call, index, &id)) return false;
    if (session_find(call->engine, (uint64_t)id) == NULL) {
        reply_error(call, "ERR The client ID you want redirect to does not exist");
        return false;
    }
    *redirect = (uint64_t)id;
    return true;
}

static bool parse_switch(const struct call *call, uint32_t index, uint32_t *options) {
    static const struct {
        const char *word;
        enum session_tracking option;
    } switches[] = {
        {"bcast", SESSION_TRACKING_BROADCAST},
        {"optin", SESSION_TRACKING_OPT_IN},
        {"optout", SESSION_TRACKING_OPT_OUT},
        {"noloop", SESSION_TRACKING_NO_LOOP},
    };
    for (size_t i = 0; i < ARRAY_LEN(switches); i++) {
        if (!argument_is(call, index, switches[i].word)) continue;
        *options |= switches[i].option;
        return true;
    }
    return false;
}

static bool parse_option(struct call *call, uint32_t *index, struct tracking_request *request) {
    bool has_next = argument_has_next(call, *index);
    if (argument_is(call, *index, "redirect") && has_next)
        return parse_redirect(call, ++*index, &request->redirect);
    if (argument_is(call, *index, "prefix") && has_next) {
        request->prefixes[request->prefix_count++] = call->args[++*index];
        return true;
    }
    if (parse_switch(call, *index, &request->options)) return true;
    reply_error_syntax(call);
    return false;
}

static bool parse_request(struct call *call, struct tracking_request *request) {
    for (uint32_t i = 3; i < call->argc; i++)
        if (!parse_option(call, &i, request)) return false;
    return true;
}

/* --- its modes --- */

static const char *const both_modes = "ERR You can't specify both OPTIN mode and OPTOUT mode";
static const char *const no_broadcast = "ERR PREFIX option requires BCAST mode to be enabled";
static const char *const no_choice = "ERR OPTIN and OPTOUT are not compatible with BCAST";
static const char *const no_broadcast_switch =
    "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then "
    "re-enabling it with a different mode.";
static const char *const no_choice_switch =
    "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then "
    "re-enabling it with a different mode.";

/* What is wrong with the request; NULL: nothing. */
static const char *find_mode_error(const struct session *session,
                                   const struct tracking_request *request) {
    const uint32_t choices = SESSION_TRACKING_OPT_IN | SESSION_TRACKING_OPT_OUT;
    uint32_t wanted = request->options, present = session->tracking;
    bool is_broadcast = (wanted & SESSION_TRACKING_BROADCAST) != 0;
    if (!is_broadcast && request->prefix_count != 0) return no_broadcast;
    if (present != 0 && ((wanted ^ present) & SESSION_TRACKING_BROADCAST) != 0)
        return no_broadcast_switch;
    if (is_broadcast && (wanted & choices) != 0) return no_choice;
    if ((wanted & choices) == choices) return both_modes;
    if ((wanted & choices) != 0 && ((wanted | present) & choices) == choices)
        return no_choice_switch;
    return NULL;
}

/* --- its prefixes --- */

struct numbered_prefix {
    struct bytes prefix;
    size_t index; /* among those of the request */
};

static int compare_numbered(const void *a, const void *b) {
    const struct numbered_prefix *left = a, *right = b;
    return bytes_compare(left->prefix, right->prefix);
}

/* The first of the request's prefixes that overlaps with a later one; their number when none does.
 * In order, all that begin with a prefix follow it. */
static size_t find_first_overlap(const struct tracking_request *request) {
    size_t count = request->prefix_count, first = count, root = 0;
    if (count < 2) return count;
    struct numbered_prefix *sorted = mem_alloc_array(count, sizeof(*sorted));
    for (size_t i = 0; i < count; i++)
        sorted[i] = (struct numbered_prefix){request->prefixes[i], i};
    qsort(sorted, count, sizeof(*sorted), compare_numbered);
    for (size_t i = 1; i < count; i++) {
        if (!bytes_starts_with(sorted[i].prefix, sorted[root].prefix)) {
            root = i;
            continue;
        }
        if (sorted[i].index < first) first = sorted[i].index;
        if (sorted[root].index < first) first = sorted[root].index;
    }
    mem_free(sorted);
    return first;
}

static struct bytes prefix_at(const struct tracker *tracker, size_t index) {
    return broadcast_prefix(tracker->memberships[index]->broadcast);
}

/* One that the session is told of already and that overlaps; false when there is none. They stand
 * in order and do not overlap each other, but for the empty one. */
static bool find_own_overlap(const struct tracker *tracker, struct bytes prefix,
                             struct bytes *own) {
    if (tracker == NULL || tracker->membership_count == 0) return false;
    size_t low = 0, high = tracker->membership_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (bytes_compare(prefix_at(tracker, middle), prefix) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    const size_t candidates[] = {0, low == 0 ? 0 : low - 1, low};
    for (size_t i = 0; i < ARRAY_LEN(candidates); i++) {
        if (candidates[i] == tracker->membership_count) continue;
        *own = prefix_at(tracker, candidates[i]);
        if (prefixes_overlap(*own, prefix)) return true;
    }
    return false;
}

/* Error texts end a prefix at a NUL. */
static int shown_len(struct bytes prefix) {
    size_t len = bytes_index(prefix, '\0');
    return len > INT32_MAX ? INT32_MAX : (int)len;
}

static void reply_overlap(struct call *call, struct bytes prefix, const char *of,
                          struct bytes other) {
    reply_error_printf(call,
                       "ERR Prefix '%.*s' overlaps with %s prefix '%.*s'. Prefixes for a single "
                       "client must not overlap.",
                       shown_len(prefix), prefix.data, of, shown_len(other), other.data);
}

static bool check_prefixes(struct call *call, const struct tracking_request *request) {
    size_t first = find_first_overlap(request);
    for (size_t i = 0; i < request->prefix_count; i++) {
        struct bytes own;
        if (find_own_overlap(call->session->tracker, request->prefixes[i], &own)) {
            reply_overlap(call, request->prefixes[i], "an existing", own);
            return false;
        }
        if (i != first) continue;
        size_t other = i + 1;
        while (!prefixes_overlap(request->prefixes[i], request->prefixes[other])) other++;
        reply_overlap(call, request->prefixes[i], "another provided", request->prefixes[other]);
        return false;
    }
    return true;
}

/* --- beginning and ending --- */

static void begin_tracking(struct session *session, const struct tracking_request *request) {
    struct tracker *tracker = tracker_make(session);
    uint32_t caching = session->tracking & SESSION_TRACKING_CACHING;
    session->tracking = SESSION_TRACKING_ON | request->options | caching;
    session->tracking_redirect = request->redirect;
    if ((request->options & SESSION_TRACKING_BROADCAST) == 0) return;
    static const struct bytes everything = {"", 0};
    bool has_prefixes = request->prefix_count != 0;
    broadcasts_join(&session->engine->tracking->broadcasts, tracker,
                    has_prefixes ? request->prefixes : &everything,
                    has_prefixes ? request->prefix_count : 1);
    tracking_count(session->engine->tracking);
}

static void switch_on(struct call *call, const struct tracking_request *request) {
    const char *error = find_mode_error(call->session, request);
    if (error != NULL) {
        reply_error(call, error);
        return;
    }
    if (!check_prefixes(call, request)) return;
    begin_tracking(call->session, request);
    reply_ok(call);
}

static void run_request(struct call *call, const struct tracking_request *request) {
    if (argument_is(call, 2, "on")) {
        switch_on(call, request);
    } else if (argument_is(call, 2, "off")) {
        tracker_end(call->session);
        reply_ok(call);
    } else {
        reply_error_syntax(call);
    }
}

static void client_tracking_command(struct call *call) {
    struct tracking_request request = {
        .prefixes = mem_alloc_array(call->argc, sizeof(struct bytes)),
    };
    if (parse_request(call, &request)) run_request(call, &request);
    mem_free(request.prefixes);
}

/* --- CLIENT CACHING --- */

static void set_caching(struct call *call, enum session_tracking mode, const char *error) {
    if ((call->session->tracking & mode) == 0) {
        reply_error(call, error);
        return;
    }
    call->session->tracking |= SESSION_TRACKING_CACHING;
    reply_ok(call);
}

static void client_caching_command(struct call *call) {
    if (call->session->tracker == NULL)
        reply_error(call, "ERR CLIENT CACHING can be called only when the client is in tracking "
                          "mode with OPTIN or OPTOUT mode enabled");
    else if (argument_is(call, 2, "yes"))
        set_caching(call, SESSION_TRACKING_OPT_IN,
                    "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
    else if (argument_is(call, 2, "no"))
        set_caching(call, SESSION_TRACKING_OPT_OUT,
                    "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
    else
        reply_error_syntax(call);
}

/* --- what is asked about it --- */

/* As a client is told: -1 when it does not track, 0 when it is told itself. */
static int64_t redirect_of(const struct session *session) {
    return session->tracker == NULL ? -1 : (int64_t)session->tracking_redirect;
}

static void client_getredir_command(struct call *call) {
    reply_integer(call, redirect_of(call->session));
}

static void reply_flags(struct call *call) {
    static const struct {
        uint32_t mask; /* all of it is set */
        const char *name;
    } flags[] = {
        {SESSION_TRACKING_ON, "on"},
        {SESSION_TRACKING_BROADCAST, "bcast"},
        {SESSION_TRACKING_OPT_IN, "optin"},
        {SESSION_TRACKING_OPT_IN | SESSION_TRACKING_CACHING, "caching-yes"},
        {SESSION_TRACKING_OPT_OUT, "optout"},
        {SESSION_TRACKING_OPT_OUT | SESSION_TRACKING_CACHING, "caching-no"},
        {SESSION_TRACKING_NO_LOOP, "noloop"},
        {SESSION_TRACKING_BROKEN_REDIRECT, "broken_redirect"},
    };
    const char *names[ARRAY_LEN(flags) + 1] = {"off"};
    uint32_t mode = call->session->tracking;
    size_t count = mode == 0 ? 1 : 0;
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        if ((mode & flags[i].mask) == flags[i].mask) names[count++] = flags[i].name;
    reply_set(call, count);
    for (size_t i = 0; i < count; i++) reply_bulk_str(call, names[i]);
}

static void reply_prefixes(struct call *call) {
    const struct tracker *tracker = call->session->tracker;
    size_t count = tracker == NULL ? 0 : tracker->membership_count;
    reply_array(call, count);
    for (size_t i = 0; i < count; i++) reply_bulk(call, prefix_at(tracker, i));
}

static void client_trackinginfo_command(struct call *call) {
    reply_map(call, 3);
    reply_bulk_str(call, "flags");
    reply_flags(call);
    reply_bulk_str(call, "redirect");
    reply_integer(call, redirect_of(call->session));
    reply_bulk_str(call, "prefixes");
    reply_prefixes(call);
}

/* --- rows --- */

static const struct command_row rows[] = {
    {
        .name = "caching",
        .handler = client_caching_command,
        .arity = 3,
        .flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .summary = "Says whether the keys that the next command reads are remembered.",
        .syntax = "mode(YES | NO)",
        .complexity = "O(1)",
        .since = "6.0.0",
        .group = "connection",
    },
    {
        .name = "getredir",
        .handler = client_getredir_command,
        .arity = 2,
        .flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .summary = "Returns the number of the connection that is told of this one's changed keys.",
        .complexity = "O(1)",
        .since = "6.0.0",
        .group = "connection",
    },
    {
        .name = "tracking",
        .handler = client_tracking_command,
        .arity = -3,
        .flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .summary = "Makes the server tell when keys that this connection has read change.",
        .syntax = "status(ON | OFF) [REDIRECT client-id] [PREFIX prefix+...] [BCAST] [OPTIN] "
                  "[OPTOUT] [NOLOOP]",
        .complexity = "O(1), and O(N log N) for N prefixes",
        .since = "6.0.0",
        .group = "connection",
    },
    {
        .name = "trackinginfo",
        .handler = client_trackinginfo_command,
        .arity = 2,
        .flags = COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE,
        .categories = CATEGORY_CONNECTION,
        .summary = "Describes how the keys that this connection reads are remembered.",
        .complexity = "O(1)",
        .since = "6.2.0",
        .group = "connection",
    },
};

const struct command_list tracking_commands = COMMAND_SUBLIST("client", rows);
