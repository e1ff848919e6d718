#include "server/signals.h"

#include "engine/engine.h"
#include "foundation/log.h"
#include "io/event_loop.h"

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

static void on_signal(struct event_source *source, uint32_t events) {
    (void)events;
    struct signalfd_siginfo info;
    if (read(source->fd, &info, sizeof(info)) != (ssize_t)sizeof(info)) return;
    if (watched.engine->is_stopping && info.ssi_signo == SIGINT) {
        LOG_WARNING("Received SIGINT again, exiting now");
        _exit(1);
    }
    const char *name = sigabbrev_np((int)info.ssi_signo);
    LOG_NOTICE("Received SIG%s, shutting down", name);
    if (!engine_try_stop(watched.engine, &(struct stop_wish){0}))
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
