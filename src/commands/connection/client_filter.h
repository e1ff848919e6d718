/* Which connections CLIENT LIST and CLIENT KILL mean: those for which every filter given holds. A
 * filter given twice counts as it was given last. */
#ifndef COMMANDS_CONNECTION_CLIENT_FILTER_H
#define COMMANDS_CONNECTION_CLIENT_FILTER_H

#include "engine/call.h"
#include "engine/client.h"
#include "foundation/check.h"

enum { CLIENT_FILTER_KINDS = 14 };

/* What one filter asks for. */
struct client_filter_value {
    bool is_given;
    struct bytes text;
    int64_t number;
    int64_t *ids; /* ascending */
    size_t id_count;
};

struct client_filter {
    /* LIST: an id may be any number, and a word behind ids that is no filter is a wrong id. */
    bool is_list;
    bool is_behind_ids; /* while it is read */
    struct client_filter_value wanted[CLIENT_FILTER_KINDS];
    struct client_filter_value unwanted[CLIENT_FILTER_KINDS]; /* of the filters with NOT- */
};

/* Reads filters from the third argument on, or replies the error. The filter is zeroed but for what
 * holds without being given, borrows the call's arguments, and is to be destroyed in either case. */
NODISCARD bool client_filter_read(struct call *call, struct client_filter *filter);
void client_filter_destroy(struct client_filter *filter);
/* Spares the calling connection unless it says otherwise. */
void client_filter_skip_caller(struct client_filter *filter);
/* Asks for the connection from that address and nothing else. */
void client_filter_want_address(struct client_filter *filter, struct bytes address);
/* True when ids are all that is asked for. */
bool client_filter_is_ids_only(const struct call *call, const struct client_filter *filter);

bool client_filter_accepts(const struct call *call, const struct client_filter *filter,
                           const struct client *client);

#endif
