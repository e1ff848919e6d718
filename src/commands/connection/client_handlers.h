/* Subcommands of CLIENT that have a file of their own; the rows of all stand in client.c. */
#ifndef COMMANDS_CONNECTION_CLIENT_HANDLERS_H
#define COMMANDS_CONNECTION_CLIENT_HANDLERS_H

#include "engine/client.h"
#include "engine/command.h"
#include "foundation/check.h"

command_handler client_info_command;
command_handler client_list_command;
command_handler client_kill_command;
command_handler client_unblock_command;

/* The kinds of peers that LIST and KILL tell apart. */
enum peer_type { PEER_NORMAL, PEER_MASTER, PEER_REPLICA, PEER_PUBSUB };

/* The kind that the argument names, or the error reply. */
NODISCARD bool argument_peer_type(struct call *call, uint32_t index, enum peer_type *type);
enum peer_type peer_type_of(const struct client *client);

/* A letter for each thing that is special about a session, "N" when nothing is; `text` has
 * CLIENT_FLAGS_MAX. */
void client_flags(const struct session *session, char *text);
enum { CLIENT_FLAGS_MAX = 24 };
/* Those that Redis has as well, and may ask for. */
#define CLIENT_FLAG_LETTERS "AbcdeiIMNOPrRStTuUxB"

#endif
