/* Handlers for tests of what looks on while commands run: one that writes, one that waits for it, and
 * one that begins a transaction. */
#ifndef UNIT_SUPPORT_WAITING_COMMANDS_H
#define UNIT_SUPPORT_WAITING_COMMANDS_H

struct call;

/* set key value: stores a string and wakes whoever waits for the key. */
void waiting_set(struct call *call);
/* wait key: replies OK once there is a string, however long that takes. */
void waiting_wait(struct call *call);
/* multi. */
void waiting_begin(struct call *call);

#endif
