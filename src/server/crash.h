/* Crash report: what a dying server still says about itself. */
#ifndef SERVER_CRASH_H
#define SERVER_CRASH_H

struct engine;

/* From now on SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT write a report to the log: signal and
 * address, registers, stack, the command being run; then the process dies by that signal. */
void crash_start(const struct engine *engine);

#endif
