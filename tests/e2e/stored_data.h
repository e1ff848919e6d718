/* Data of every type for tests of what is kept on disk, and servers that end and come again. */
#ifndef E2E_STORED_DATA_H
#define E2E_STORED_DATA_H

#include "e2e/support.h"

enum { STORED_ELEMENTS = 700 }; /* of each big collection, and as many keys "key:<n>" */

/* Over the server's own connection; the test fails when the reply is an error. */
void stored_run(struct e2e_server *server, const char *line);
/* The line again and again, with a number from 0 on in the place of each '#'. */
void stored_run_many(struct e2e_server *server, const char *pattern, int count);
/* Keys of every type and encoding that redis-server 7.0 has, in three databases. */
void stored_fill(struct e2e_server *server);
/* What only Skua holds, besides. */
void stored_fill_own(struct e2e_server *server);

bool stored_has_file(const struct e2e_server *server, const char *name);
void stored_await_info(struct e2e_server *server, const char *field, int64_t expected);
/* kill -9. */
void stored_end_at_once(struct e2e_server *server);
/* SIGTERM: saves what its settings say. */
void stored_end_cleanly(struct e2e_server *server);
/* Starts an ended one and waits until it has loaded. */
void stored_start_again(struct e2e_server *server, const char *const *arguments);

#endif
