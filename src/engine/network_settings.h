/* What the directives of the network set. */
#ifndef ENGINE_NETWORK_SETTINGS_H
#define ENGINE_NETWORK_SETTINGS_H

#include "foundation/directive.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The classes of client-output-buffer-limit. */
enum client_class {
    CLIENT_CLASS_NORMAL,
    CLIENT_CLASS_REPLICA,
    CLIENT_CLASS_PUBSUB,
    CLIENT_CLASSES
};

struct output_limit {
    int64_t hard_bytes; /* dropped at once above; 0: never */
    int64_t soft_bytes; /* dropped when above for soft_seconds; 0: never */
    int64_t soft_seconds;
};

struct network_settings {
    int64_t port;
    struct directive_list bind;
    char *unix_path;
    int64_t unix_mode;
    int64_t backlog;
    bool is_protected;
    int64_t timeout_s;
    int64_t keepalive_s;
    int64_t max_clients;
    int64_t max_query_bytes; /* client-query-buffer-limit */
    int64_t max_bulk_bytes;  /* proto-max-bulk-len */
    int64_t max_total_bytes; /* maxmemory-clients: 0 no limit, negative a percentage of maxmemory */
    struct output_limit output_limits[CLIENT_CLASSES];
};

/* The settings in force. Valid from the moment that the directives have their defaults. */
const struct network_settings *network_settings(void);
/* What the system allows: CONFIG GET tells the lowered number. */
void network_settings_lower_max_clients(int64_t max_clients);

/* Where CONFIG SET reaches the sockets: opens what port and bind ask for, or says why not and leaves
 * all as it was. Set by the network while it runs; NULL otherwise. */
void network_settings_on_listen_change(bool (*reopen)(struct buffer *error));

#endif
