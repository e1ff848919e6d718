/* Session: who is calling and what that caller has set: protocol, database, name, rights, and
 * where replies go. A network client, a script, the loading of a file and a unit test each have
 * one. */
#ifndef ENGINE_SESSION_H
#define ENGINE_SESSION_H

#include "engine/command.h"
#include "engine/watch.h"
#include "io/output.h"
#include "protocol/resp_writer.h"

#include <stdbool.h>
#include <stdint.h>

struct blocked;
struct client;
struct engine;
struct transaction;

enum session_reply_mode {
    SESSION_REPLY_ON,
    SESSION_REPLY_OFF,
    SESSION_REPLY_SKIP_NEXT, /* CLIENT REPLY SKIP ran: the next command is mute */
    SESSION_REPLY_SKIP,      /* this command is mute */
};

struct session {
    struct engine *engine;
    struct client *client; /* the connection behind it; NULL without one */
    struct output output;
    uint64_t id;
    enum resp_version version;
    enum session_reply_mode reply_mode;
    uint32_t db_number;
    bool is_authenticated;
    bool is_internal; /* no peer behind it: needs no authentication, is never paused */
    bool is_no_evict;
    bool is_no_touch;
    bool can_block;  /* a peer waits for its replies: commands may make it wait for keys */
    bool is_closing; /* no further command is run; closed once its replies are sent */
    char *name;      /* CLIENT SETNAME; NULL: none */
    char *lib_name;  /* CLIENT SETINFO */
    char *lib_version;
    const struct command *last_command;
    struct transaction *transaction; /* since MULTI; NULL: none */
    struct blocked *blocked;         /* waits for keys; NULL: it does not */
    struct watch_list watches;
    int64_t created_ms; /* unix time */
    int64_t last_active_ms;
    uint64_t command_count;
    uint64_t input_bytes;
    uint64_t output_bytes;
};

/* Prepares a zeroed session as a new caller has it; the id is the next free one. */
void session_init(struct session *session, struct engine *engine);
void session_destroy(struct session *session);
/* Back to how it was after connecting (RESET, but the reply is the command's). Not from within its
 * own transaction. */
void session_reset(struct session *session);
/* Copies the text; NULL or empty takes it away. */
void session_set_text(char **field, struct bytes text);

#endif
