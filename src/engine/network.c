/* All clients: listening, the slow walk over them, pauses. */
#include "engine/client.h"

#include "engine/authentication.h"
#include "engine/blocking.h"
#include "engine/client_private.h"
#include "engine/memory.h"
#include "engine/network_settings.h"
#include "foundation/log.h"
#include "foundation/mem.h"
#include "io/address.h"
#include "io/event_loop.h"
#include "io/listener.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    TICK_US = 100 * 1000,
    TICKS_PER_WALK = 10,   /* every client is looked at once in so many ticks */
    OWN_DESCRIPTORS = 32,  /* kept free for listeners, logs, files */
    LINGER_MS = 10 * 1000, /* a closing client may take so long to read its last reply */
};

/* --- accepting --- */

static void refuse(int fd, const char *text) {
    ssize_t sent = send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)sent; /* it is a courtesy */
    close(fd);
}

static bool is_protected(const struct sockaddr *peer) {
    return network_settings()->is_protected && !authentication_is_required() &&
           !address_is_local(peer);
}

static void accept_client(void *context, int fd, const struct sockaddr *peer) {
    struct network *network = context;
    if (network->client_count >= (uint64_t)network_settings()->max_clients) {
        network->engine->stats.rejected_connections++;
        refuse(fd, "-ERR max number of clients reached\r\n");
    } else if (is_protected(peer)) {
        network->engine->stats.rejected_connections++;
        refuse(fd, "-DENIED Skua runs in protected mode: it has no password and takes connections "
                   "from this machine only. Set requirepass, or protected-mode no, and connect "
                   "again.\r\n");
    } else {
        client_start(network, fd, peer->sa_family == AF_UNIX);
    }
}

static struct listener *open_tcp(struct network *network, char *error) {
    const struct network_settings *settings = network_settings();
    struct listener_tcp tcp = {.addresses = (const char *const *)settings->bind.items,
                               .address_count = settings->bind.count,
                               .port = (int)settings->port,
                               .backlog = (int)settings->backlog};
    struct listener_owner owner = {.on_accept = accept_client, .context = network};
    return listener_open_tcp(network->engine->loop, &tcp, owner, error);
}

static bool open_listeners(struct network *network, char *error) {
    const struct network_settings *settings = network_settings();
    struct listener_owner owner = {.on_accept = accept_client, .context = network};
    struct event_loop *loop = network->engine->loop;
    if (settings->port != 0 && settings->bind.count != 0) {
        network->tcp = open_tcp(network, error);
        if (network->tcp == NULL) return false;
    }
    if (settings->unix_path[0] != '\0') {
        struct listener_unix local = {.path = settings->unix_path,
                                      .mode = (mode_t)settings->unix_mode,
                                      .backlog = (int)settings->backlog};
        network->local = listener_open_unix(loop, &local, owner, error);
        if (network->local == NULL) return false;
    }
    return true;
}

static struct network *running;

/* CONFIG SET port and bind: the new sockets open before the old ones close, unless both want the
 * same address; then the old ones must go first. */
static bool reopen_tcp(struct buffer *error) {
    const struct network_settings *settings = network_settings();
    struct listener *old = running->tcp;
    char text[LISTENER_ERROR_MAX];
    bool wants_tcp = settings->port != 0 && settings->bind.count != 0;
    bool is_same_port = old != NULL && settings->port == listener_port(old);
    if (is_same_port) {
        listener_close(old);
        old = NULL;
    }
    running->tcp = wants_tcp ? open_tcp(running, text) : NULL;
    if (wants_tcp && running->tcp == NULL) {
        running->tcp = old;
        buffer_append_str(error, text);
        return false;
    }
    listener_close(old);
    return true;
}

/* --- limits of the system --- */

/* Raises the limit on open files to what maxclients needs, or lowers maxclients to what can be
 * had. */
static void fit_max_clients(void) {
    struct rlimit limit;
    uint64_t wanted = (uint64_t)network_settings()->max_clients + OWN_DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
    struct rlimit raised = {.rlim_cur = wanted,
                            .rlim_max = limit.rlim_max > wanted ? limit.rlim_max : wanted};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return;
    raised = (struct rlimit){.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    uint64_t reached = setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
    if (reached >= wanted) return;
    uint64_t lowered = reached > OWN_DESCRIPTORS ? reached - OWN_DESCRIPTORS : 1;
    LOG_WARNING("maxclients %llu needs %llu open files, the system allows %llu: maxclients is "
                "now %llu. For more, raise 'ulimit -n'.",
                (unsigned long long)network_settings()->max_clients, (unsigned long long)wanted,
                (unsigned long long)reached, (unsigned long long)lowered);
    network_settings_lower_max_clients((int64_t)lowered);
}

/* --- the slow walk --- */

/* Those who wait for something, messages among it, may be silent. */
static bool may_be_idle(const struct client *client) {
    const struct session *session = &client->session;
    return client->is_postponed || blocking_is_blocked(session) ||
           session_is_subscribing(session) || session->is_monitor;
}

static void check_client(struct network *network, struct client *client, int64_t now_ms) {
    int64_t idle_ms = now_ms - client->session.last_active_ms;
    int64_t timeout_s = network_settings()->timeout_s;
    if (client->session.is_closing) {
        if (idle_ms > LINGER_MS) client_close_soon(client, true);
    } else if (timeout_s != 0 && idle_ms > timeout_s * 1000 && !may_be_idle(client)) {
        LOG_VERBOSE("Closing idle client id=%llu", (unsigned long long)client->session.id);
        client_close_soon(client, true);
    } else if (output_pending_bytes(&client->session.output) != 0) {
        (void)network_enforce_output_limit(network, client);
    }
}

static void walk_clients(struct network *network) {
    size_t count = network->client_count / TICKS_PER_WALK + 1;
    int64_t now_ms = network->engine->clock->unix_ms;
    for (size_t i = 0; i < count && i < network->client_count; i++) {
        struct client *client = network->next_to_check;
        if (client == NULL) client = network->first_client;
        network->next_to_check = client->next;
        check_client(network, client, now_ms);
    }
}

static void tick(struct timer *timer) {
    struct network *network = EVENT_OWNER(timer, struct network, tick);
    network_enforce_total_limit(network); /* before keys are evicted */
    engine_tick(network->engine);
    walk_clients(network);
}

/* --- before the loop waits --- */

static void finish_waiting(struct network *network) {
    while (network->first_waiting != NULL) {
        struct client *client = network->first_waiting;
        client_stop_waiting(network, client);
        client_finish_round(network, client);
    }
}

void network_release_held(struct network *network) {
    struct client *held = network->first_held;
    network->first_held = NULL;
    while (held != NULL) {
        struct client *client = held;
        held = client->next_held;
        client->is_held = false;
        client_wait(network, client); /* sends, or is held anew */
    }
}

void network_resume_postponed(struct network *network) {
    struct client *next;
    for (struct client *client = network->first_client; client != NULL; client = next) {
        next = client->next;
        if (client->is_postponed) client_run_input(network, client);
    }
}

/* How long the loop may wait for the end of a pause. */
static int64_t mind_pause(struct network *network) {
    struct pause *pause = &network->engine->pause;
    if (pause->scope == PAUSE_NONE) return INT64_MAX;
    int64_t left_ms = pause->until_ms - network->engine->clock->unix_ms;
    if (left_ms > 0) return left_ms;
    pause->scope = PAUSE_NONE;
    network_resume_postponed(network);
    return INT64_MAX;
}

static int64_t expire_before_wait(void *context) {
    return engine_expire(((struct network *)context)->engine);
}

/* Where requests were run, keys may come due earlier and pauses may have begun or ended since the
 * hooks said how long the loop may wait. */
static int64_t work_before_wait(void *context) {
    struct network *network = context;
    uint64_t run_before = network->run_count;
    blocking_serve_ready(network->engine);
    int64_t wait_ms = mind_pause(network);
    network_watch_total_limit(network);
    engine_finish_round(network->engine);
    finish_waiting(network);
    network->is_giving_back = false;
    if (UNLIKELY(memory_has_more_to_evict())) return 0;
    return network->run_count == run_before ? wait_ms : 0;
}

/* --- life --- */

struct network *network_start(struct engine *engine, char *error) {
    struct network *network = mem_alloc_zeroed(sizeof(*network));
    network->engine = engine;
    fit_max_clients();
    if (!open_listeners(network, error)) {
        listener_close(network->tcp);
        mem_free(network);
        return NULL;
    }
    engine->network = network;
    running = network;
    network_settings_on_listen_change(reopen_tcp);
    event_loop_add_before_wait(engine->loop, expire_before_wait, network);
    event_loop_add_before_wait(engine->loop, work_before_wait, network);
    timer_start_periodic(engine->loop, &network->tick, TICK_US, tick);
    return network;
}

void network_stop(struct network *network) {
    timer_stop(network->engine->loop, &network->tick);
    finish_waiting(network);
    while (network->first_client != NULL) client_free(network, network->first_client);
    listener_close(network->tcp);
    listener_close(network->local);
    batch_destroy(&network->batch);
    output_batch_destroy(&network->output);
    network->engine->network = NULL;
    network_settings_on_listen_change(NULL);
    mem_free(network);
}

/* --- what others ask --- */

int network_port(const struct network *network) {
    return network->tcp == NULL ? 0 : listener_port(network->tcp);
}

struct client *network_first_client(const struct network *network) {
    return network->first_client;
}

size_t network_client_count(const struct network *network) {
    return network->client_count;
}

struct client *network_find_client(const struct network *network, uint64_t id) {
    for (struct client *client = network->first_client; client != NULL; client = client->next) {
        if (client->session.id == id) return client;
    }
    return NULL;
}
