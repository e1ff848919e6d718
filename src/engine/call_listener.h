/* Call listeners: told of every command that runs, by whomever: of a client, inside EXEC, of one that
 * has waited. MONITOR and client tracking listen, and what logs writes. With none, a command pays one
 * comparison. */
#ifndef ENGINE_CALL_LISTENER_H
#define ENGINE_CALL_LISTENER_H

struct call;
struct engine;

struct call_listener {
    /* Right before and right behind the handler; NULL: not wanted. They may send pushes, and
     * neither add nor remove listeners. */
    void (*before)(struct call_listener *listener, const struct call *call);
    void (*after)(struct call_listener *listener, const struct call *call);
    /* A command of a client was answered with an error in place of being run or queued; its
     * call->command is NULL when there is no such command. NULL: not wanted. */
    void (*refused)(struct call_listener *listener, const struct call *call);
    struct call_listener *next; /* the engine's */
};

/* Borrows the listener until it is removed. Those added last are told last. */
void call_listener_add(struct engine *engine, struct call_listener *listener);
/* One that was not added is ignored. */
void call_listener_remove(struct engine *engine, struct call_listener *listener);

void call_listeners_before(const struct engine *engine, const struct call *call);
void call_listeners_after(const struct engine *engine, const struct call *call);
void call_listeners_refused(const struct engine *engine, const struct call *call);

#endif
