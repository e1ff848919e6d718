/* What clients may take of the server's memory. */
#include "engine/client_private.h"
#include "engine/memory.h"
#include "engine/network_settings.h"
#include "foundation/log.h"
#include "io/address.h"

static void drop(struct client *client, const char *reason) {
    char address[ADDRESS_TEXT_MAX];
    client_address(client, address);
    LOG_WARNING("Closing client id=%llu addr=%s: %s", (unsigned long long)client->session.id,
                address, reason);
    client_close_soon(client, true);
}

static bool is_over_soft(struct client *client, const struct output_limit *limit, int64_t bytes,
                         int64_t now_ms) {
    if (limit->soft_bytes == 0 || bytes < limit->soft_bytes) {
        client->soft_limit_since_ms = 0;
        return false;
    }
    if (client->soft_limit_since_ms == 0) client->soft_limit_since_ms = now_ms;
    return now_ms - client->soft_limit_since_ms > limit->soft_seconds * 1000;
}

/* Those who are sent what others do, whether they read or not. */
static enum client_class class_of(const struct client *client) {
    const struct session *session = &client->session;
    bool is_listening = session_is_subscribing(session) || session->is_monitor;
    return is_listening ? CLIENT_CLASS_PUBSUB : CLIENT_CLASS_NORMAL;
}

/* What a peer that has yet to authenticate may leave unread: enough for the errors it is told. */
enum { STRANGER_OUTPUT_BYTES = 1024 };

bool network_enforce_output_limit(struct network *network, struct client *client) {
    const struct output_limit *limit = &network_settings()->output_limits[class_of(client)];
    int64_t bytes = (int64_t)output_pending_bytes(&client->session.output);
    bool is_over_hard = (limit->hard_bytes != 0 && bytes > limit->hard_bytes) ||
                        (!client->session.is_authenticated && bytes > STRANGER_OUTPUT_BYTES);
    int64_t now_ms = network->engine->clock->unix_ms;
    if (!is_over_hard && !is_over_soft(client, limit, bytes, now_ms)) return false;
    network->engine->stats.output_limit_disconnections++;
    drop(client, "unread replies over client-output-buffer-limit");
    return true;
}

/* maxmemory-clients may be a share of maxmemory, and means nothing without that. */
static uint64_t total_limit(const struct engine *engine) {
    int64_t limit = network_settings()->max_total_bytes;
    if (limit >= 0) return (uint64_t)limit;
    return memory_max_bytes(engine) / 100 * (uint64_t)-limit;
}

bool network_enforce_input_limit(struct network *network, struct client *client) {
    uint64_t limit = total_limit(network->engine);
    if (UNLIKELY(limit != 0) && network->input_bytes > limit) network_enforce_total_limit(network);
    if (client->input_len <= (uint64_t)network_settings()->max_query_bytes) return false;
    network->engine->stats.query_limit_disconnections++;
    drop(client, "requests over client-query-buffer-limit");
    return true;
}

/* How often all clients are summed up while their memory grows to maxmemory-clients. */
enum { GROWTHS_PER_LIMIT = 16 };

/* What all clients use together, and the one of them that uses most and may be dropped. */
static uint64_t sum_up(const struct network *network, size_t *most) {
    uint64_t total = 0;
    *most = 0;
    for (const struct client *client = network->first_client; client != NULL;
         client = client->next) {
        if (client->is_dropped) continue;
        size_t bytes = client_used_bytes(client);
        total += bytes;
        if (!client->session.is_no_evict && bytes > *most) *most = bytes;
    }
    return total;
}

/* Drops clients that use so much, until the rest is within the limit. */
static void drop_big(struct network *network, size_t least, uint64_t total, uint64_t limit) {
    for (struct client *client = network->first_client; client != NULL && total > limit;
         client = client->next) {
        if (client->is_dropped || client->session.is_no_evict) continue;
        size_t bytes = client_used_bytes(client);
        if (bytes < least) continue;
        network->engine->stats.evicted_clients++;
        network->is_giving_back = true;
        drop(client, "all clients together over maxmemory-clients");
        total -= bytes;
    }
}

/* One that uses an eighth less than the biggest may go in its place: so that, however many have to
 * go, all are looked at a few dozen times at most. */
enum { ABOUT_AS_BIG_PART = 8 };

void network_enforce_total_limit(struct network *network) {
    uint64_t limit = total_limit(network->engine);
    network->grown_bytes = 0;
    if (limit == 0) return;
    size_t most;
    uint64_t total = sum_up(network, &most);
    while (total > limit && most != 0) {
        drop_big(network, most - most / ABOUT_AS_BIG_PART, total, limit);
        total = sum_up(network, &most);
    }
}

void network_watch_total_limit(struct network *network) {
    if (LIKELY(network->grown_bytes == 0)) return;
    if (network->grown_bytes > total_limit(network->engine) / GROWTHS_PER_LIMIT)
        network_enforce_total_limit(network);
}

bool network_gives_memory_back(struct network *network) {
    network_watch_total_limit(network);
    return network->is_giving_back;
}

const struct resp_limits *network_request_limits(void) {
    static struct resp_limits limits;
    limits = resp_limits_default();
    limits.max_bulk_bytes = network_settings()->max_bulk_bytes;
    return &limits;
}
