/* Feature: what a folder contributes to the server. The one list of them stands in
 * server/features.c; nothing else knows that a feature exists. */
#ifndef ENGINE_FEATURE_H
#define ENGINE_FEATURE_H

#include "engine/command_table.h"
#include "foundation/buffer.h"
#include "foundation/directive.h"

struct engine;
struct session;

/* A part of INFO. Parts of one section, from whichever feature, stand together in the order of the
 * features; sections in the order of their first part. `write` adds "name:value\r\n" lines. */
struct info_part {
    const char *section; /* as its headline has it: "Memory"; NULL ends a list */
    void (*write)(struct engine *engine, struct buffer *out);
    bool is_extra; /* shown for INFO all, everything and by name only */
};

/* A subcommand of DEBUG. */
struct debug_tool {
    const char *name;
    uint32_t min_argc, max_argc; /* "debug" and the name included */
    command_handler *handler;
    const char *const *help; /* lines, ended by NULL */
};

/* How the server is to stop: SHUTDOWN's options. */
struct stop_wish {
    bool is_saving;     /* although no save points are set */
    bool is_not_saving; /* although some are */
    bool is_forced;     /* even if saving fails */
    /* Asked now and then while something is saved: to stop at once has become more important. NULL:
     * never. */
    bool (*is_urgent)(void);
};

struct feature {
    const char *name;
    const struct command_list *const *commands; /* NULL-terminated; NULL: none */
    const struct directive *directives;
    size_t directive_count;
    const struct info_part *info;         /* ended by a part without section; NULL: none */
    const struct debug_tool *debug_tools; /* ended by one without name; NULL: none */
    /* Called in the list's order once the configuration is read; false with a line in `error`
     * (FEATURE_ERROR_MAX) keeps the server from starting. */
    bool (*start)(struct engine *engine, char *error);
    /* About ten times a second. */
    void (*tick)(struct engine *engine);
    /* At the end of each loop round, before what waits is sent and the loop waits: for what is
     * gathered over many commands. It may send pushes. */
    void (*finish_round)(struct engine *engine);
    /* What the feature keeps for a session is to go: RESET, or the session is going away. */
    void (*end_session)(struct session *session);
    /* Memory of what the feature keeps for a session. */
    size_t (*session_used_bytes)(const struct session *session);
    /* The server is asked to stop: saves what is to be saved. False when that failed. */
    bool (*prepare_stop)(struct engine *engine, const struct stop_wish *wish);
    /* In reverse order at the end. */
    void (*stop)(struct engine *engine);
};

enum { FEATURE_ERROR_MAX = 512 };

#endif
