#include "server/signals.h"

#include "engine/engine.h"
#include "foundation/log.h"
#include "io/event_loop.h"
#include "server/settings.h"

#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static struct {
    struct event_source source;
    struct engine *engine;
} watched = {.source.fd = -1};

static void stop_signals(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
}

void signals_block(void) {
    sigset_t set;
    stop_signals(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
}

/* Signals that are blocked wait until they are read. */
static bool has_come_again(void) {
    sigset_t waiting;
    return sigpending(&waiting) == 0 && sigismember(&waiting, SIGINT) == 1;
}

static _Noreturn void exit_now(void) {
    LOG_WARNING("Received SIGINT again, exiting now");
    _exit(1);
}

static struct stop_wish wish_of(uint32_t number) {
    const struct server_settings *settings = server_settings();
    int manner = number == SIGINT ? settings->sigint_manner : settings->sigterm_manner;
    return (struct stop_wish){.is_saving = (manner & STOP_SAVING) != 0,
                              .is_not_saving = (manner & STOP_NOT_SAVING) != 0,
                              .is_forced = (manner & STOP_FORCED) != 0,
                              .is_urgent = has_come_again};
}

static void on_signal(struct event_source *source, uint32_t events) {
    (void)events;
    struct signalfd_siginfo info;
    if (read(source->fd, &info, sizeof(info)) != (ssize_t)sizeof(info)) return;
    if (watched.engine->is_stopping && info.ssi_signo == SIGINT) exit_now();
    const char *name = sigabbrev_np((int)info.ssi_signo);
    LOG_NOTICE("Received SIG%s, shutting down", name);
    struct stop_wish wish = wish_of(info.ssi_signo);
    bool is_stopped = engine_try_stop(watched.engine, &wish);
    if (has_come_again()) exit_now();
    if (!is_stopped)
        LOG_WARNING("SIG%s received, but saving the data failed: the server goes on", name);
}

void signals_start(struct engine *engine) {
    sigset_t set;
    stop_signals(&set);
    watched.engine = engine;
    watched.source.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    watched.source.on_ready = on_signal;
    CHECK(watched.source.fd >= 0);
    CHECK(event_loop_add(engine->loop, &watched.source, EVENT_READABLE));
}

void signals_stop(struct engine *engine) {
    event_loop_remove(engine->loop, &watched.source);
    close(watched.source.fd);
    watched.source.fd = -1;
}
