/* Signals that end the server cleanly. */
#ifndef SERVER_SIGNALS_H
#define SERVER_SIGNALS_H

struct engine;

/* Blocks SIGTERM and SIGINT for all threads started later, ignores SIGPIPE and SIGHUP. Comes before any thread. */
void signals_block(void);
/* From now on SIGTERM and SIGINT ask the engine to stop; a second SIGINT ends the process at once. */
void signals_start(struct engine *engine);
void signals_stop(struct engine *engine);

#endif
