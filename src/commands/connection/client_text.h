/* What clients may call themselves, shared by HELLO and CLIENT. */
#ifndef COMMANDS_CONNECTION_CLIENT_TEXT_H
#define COMMANDS_CONNECTION_CLIENT_TEXT_H

#include "engine/call.h"
#include "foundation/check.h"

/* True when every byte prints and none is a space, so that CLIENT LIST stays readable by
 * machines. */
bool is_client_text(struct bytes text);
/* The same for a client's name, with the error reply when it is not. */
NODISCARD bool check_client_name(struct call *call, struct bytes name);
/* For "%.*s": how much of an argument an error repeats. */
int shown_len(struct bytes text);

#endif
