/* What COMMAND answers about one command. */
#ifndef COMMANDS_SERVER_COMMAND_REPLIES_H
#define COMMANDS_SERVER_COMMAND_REPLIES_H

#include "engine/call.h"

/* The ten elements of COMMAND INFO. */
void command_reply_info(struct call *call, const struct command *command);
/* The map of COMMAND DOCS. */
void command_reply_docs(struct call *call, const struct command *command);
/* Words parted by spaces as a set of simple strings. */
void command_reply_words(struct call *call, const char *words);

#endif
