/* One client: from bytes that came to replies that go. */
#include "engine/client.h"

#include "engine/blocking.h"
#include "engine/client_private.h"
#include "engine/network_settings.h"
#include "engine/transaction.h"
#include "foundation/log.h"
#include "foundation/mem.h"
#include "io/address.h"
#include "io/event_loop.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SETTLE_BYTES = 256 * 1024, /* replies are sent on the way once a batch has made so many */
    INPUT_GROWTH_MIN = 64 * 1024,
};

static struct network *network_of(const struct client *client) {
    return client->session.engine->network;
}

/* --- the client's own input --- */

static void free_input(struct network *network, struct client *client) {
    network->input_bytes -= client->input_cap;
    mem_free(client->input);
    client->input = NULL;
    client->input_len = client->input_cap = 0;
}

static void resize_input(struct network *network, struct client *client, size_t cap) {
    client->input = mem_realloc(client->input, cap);
    network->input_bytes += cap - client->input_cap;
    client->input_cap = cap;
}

/* Keeps what a batch could not use. `rest` may lie in the shared buffer or in the client's own. */
static void keep_input(struct network *network, struct client *client, struct bytes rest) {
    bool is_own = client->input != NULL && rest.data >= client->input &&
                  rest.data <= client->input + client->input_cap;
    if (rest.len == 0) {
        free_input(network, client);
        return;
    }
    if (!is_own && client->input_cap < rest.len) resize_input(network, client, rest.len);
    CHECK(client->input != NULL);
    if (rest.data != client->input) memmove(client->input, rest.data, rest.len);
    client->input_len = rest.len;
    if (client->input_cap > NETWORK_REJOIN_BYTES && rest.len < client->input_cap / 4 &&
        client->input_wanted < client->input_cap / 4)
        resize_input(network, client, rest.len);
}

/* Room to read more behind what is there. It grows with what has arrived, never by what a peer only
 * announced. */
static void make_input_room(struct network *network, struct client *client) {
    size_t wanted = client->input_wanted > 1 ? client->input_wanted : INPUT_GROWTH_MIN;
    size_t limit = client->input_len > INPUT_GROWTH_MIN ? client->input_len : INPUT_GROWTH_MIN;
    size_t growth = wanted < limit ? wanted : limit;
    if (growth < INPUT_GROWTH_MIN / 4) growth = INPUT_GROWTH_MIN / 4;
    if (client->input_cap - client->input_len < growth)
        resize_input(network, client, client->input_len + growth);
}

/* --- life --- */

static void on_ready(struct event_source *source, uint32_t events);

static void link_client(struct network *network, struct client *client) {
    client->previous = network->last_client;
    if (network->last_client != NULL)
        network->last_client->next = client;
    else
        network->first_client = client;
    network->last_client = client;
    network->client_count++;
}

static void unlink_client(struct network *network, struct client *client) {
    if (network->next_to_check == client) network->next_to_check = client->next;
    if (client->previous != NULL)
        client->previous->next = client->next;
    else
        network->first_client = client->next;
    if (client->next != NULL)
        client->next->previous = client->previous;
    else
        network->last_client = client->previous;
    network->client_count--;
}

void client_wait(struct network *network, struct client *client) {
    if (client->is_waiting) return;
    client->is_waiting = true;
    client->next_waiting = NULL;
    client->previous_waiting = network->last_waiting;
    if (network->last_waiting != NULL)
        network->last_waiting->next_waiting = client;
    else
        network->first_waiting = client;
    network->last_waiting = client;
}

void client_stop_waiting(struct network *network, struct client *client) {
    if (!client->is_waiting) return;
    client->is_waiting = false;
    if (client->previous_waiting != NULL)
        client->previous_waiting->next_waiting = client->next_waiting;
    else
        network->first_waiting = client->next_waiting;
    if (client->next_waiting != NULL)
        client->next_waiting->previous_waiting = client->previous_waiting;
    else
        network->last_waiting = client->previous_waiting;
}

void client_start(struct network *network, int fd, bool is_unix) {
    struct client *client = mem_alloc_zeroed(sizeof(*client));
    struct event_loop *loop = network->engine->loop;
    if (!connection_init(&client->connection, loop, fd, on_ready)) {
        LOG_WARNING("Cannot watch a new connection: %s", strerror(errno));
        close(fd);
        mem_free(client);
        return;
    }
    client->is_unix = is_unix;
    session_init(&client->session, network->engine);
    client->session.client = client;
    client->session.can_block = true;
    if (!is_unix) {
        connection_set_nodelay(&client->connection, true);
        connection_set_keepalive(&client->connection, (int)network_settings()->keepalive_s);
    }
    link_client(network, client);
    network->engine->stats.connections++;
}

static void stop_holding(struct network *network, struct client *client) {
    struct client **at = &network->first_held;
    if (!client->is_held) return;
    while (*at != client) at = &(*at)->next_held;
    *at = client->next_held;
    client->is_held = false;
}

void client_free(struct network *network, struct client *client) {
    client_stop_waiting(network, client);
    stop_holding(network, client);
    unlink_client(network, client);
    connection_close(&client->connection);
    resp_reader_destroy(&client->reader);
    free_input(network, client);
    session_destroy(&client->session);
    mem_free(client);
}

void client_close_soon(struct client *client, bool is_at_once) {
    struct network *network = network_of(client);
    client->session.is_closing = true;
    if (blocking_is_blocked(&client->session)) blocking_end(&client->session, BLOCKING_SILENT);
    if (is_at_once) client->is_dropped = true;
    client_wait(network, client);
}

/* --- sending --- */

static void note_output(struct client *client, size_t before) {
    size_t sent = before - output_pending_bytes(&client->session.output);
    client->session.output_bytes += sent;
    client->session.engine->stats.output_bytes += sent;
}

/* Growth is all that matters to maxmemory-clients between two looks at everybody. Returns what is
 * unsent. */
static size_t note_growth(struct network *network, struct client *client) {
    size_t unsent = output_pending_bytes(&client->session.output);
    size_t bytes = unsent + transaction_queued_bytes(&client->session);
    if (bytes > client->noted_bytes) network->grown_bytes += bytes - client->noted_bytes;
    client->noted_bytes = bytes;
    return unsent;
}

/* Replies that wait for the log of writes wait in two parts, so that a client who goes on writing is
 * answered meanwhile:
 *
 *      unsent   | front: front_bytes, until front_until | the rest, until session.held_until |
 *
 * When the front is sent the rest becomes the front. */
static void begin_front(struct client *client) {
    client->front_bytes = output_pending_bytes(&client->session.output);
    client->front_until = client->front_bytes == 0 ? 0 : client->session.held_until;
}

static void hold(struct network *network, struct client *client) {
    if (client->is_held) return;
    client->is_held = true;
    client->next_held = network->first_held;
    network->first_held = client;
}

/* How many of the unsent bytes need not wait for the log; a client whose front waits is held. */
static size_t count_sendable(struct network *network, struct client *client) {
    uint64_t durable_until = network->engine->durable_until;
    if (LIKELY(client->session.held_until <= durable_until)) {
        client->front_until = 0;
        return SIZE_MAX;
    }
    if (client->front_until == 0) begin_front(client);
    if (client->front_until <= durable_until) return client->front_bytes;
    hold(network, client);
    return 0;
}

/* False when the connection is broken or the client over its limits. */
static bool settle_output(struct network *network, struct client *client) {
    struct output *output = &client->session.output;
    if (UNLIKELY(count_sendable(network, client) != SIZE_MAX)) {
        output_keep(output);
        (void)note_growth(network, client);
        return !network_enforce_output_limit(network, client);
    }
    size_t before = output_pending_bytes(output);
    enum io_result result = output_settle(output, &client->connection);
    note_output(client, before);
    if (result == IO_CLOSED || result == IO_ERROR) {
        client_close_soon(client, true);
        return false;
    }
    size_t left = note_growth(network, client);
    if (left > network->max_output_seen) network->max_output_seen = left;
    return left == 0 || !network_enforce_output_limit(network, client);
}

/* False when the client is to be freed. */
static bool flush_output(struct network *network, struct client *client) {
    struct output *output = &client->session.output;
    size_t before = output_pending_bytes(output), sendable = count_sendable(network, client);
    if (UNLIKELY(sendable == 0 && before != 0)) return true;
    enum io_result result = output_flush_some(output, &client->connection, sendable);
    size_t sent = before - output_pending_bytes(output);
    note_output(client, before);
    (void)note_growth(network, client);
    if (result == IO_CLOSED || result == IO_ERROR) return false;
    if (UNLIKELY(client->front_until != 0)) {
        client->front_bytes -= sent;
        if (client->front_bytes == 0) client->front_until = 0;
        (void)count_sendable(network, client);
    }
    return !(output_pending_bytes(output) == 0 && client->session.is_closing);
}

/* What it is sent by the input it runs goes out together with the reply that it has waited for. */
static void run_woken(struct network *network, struct client *client) {
    const struct session *session = &client->session;
    client->is_woken = false;
    if (session->is_closing || blocking_is_blocked(session) || session->engine->is_stopping) return;
    client_run_input(network, client);
}

void client_push_waits(struct client *client) {
    struct network *network = network_of(client);
    client_wait(network, client);
    (void)note_growth(network, client);
    (void)network_enforce_output_limit(network, client);
}

void client_resume(struct client *client) {
    client->is_woken = true;
    client_wait(network_of(client), client);
}

void client_finish_round(struct network *network, struct client *client) {
    if (client->is_woken) run_woken(network, client);
    if (client->is_dropped || !flush_output(network, client)) {
        client_free(network, client);
        return;
    }
    if (client->session.is_closing) connection_want_read(&client->connection, false);
}

/* --- running --- */

/* Runs requests from `data` until it is used up or the client must wait. Returns what is left. */
static struct bytes run_requests(struct network *network, struct client *client,
                                 struct bytes data) {
    struct session *session = &client->session;
    enum batch_result result = BATCH_FULL;
    output_lend(&session->output, &network->output);
    while (result == BATCH_FULL) {
        size_t consumed;
        client->input_wanted = 0;
        result = batch_run(&network->batch, session, &client->reader, network_request_limits(),
                           data, &consumed, &client->input_wanted);
        data = bytes_of(data.data + consumed, data.len - consumed);
        if (result != BATCH_FULL || output_pending_bytes(&session->output) < SETTLE_BYTES) continue;
        if (!settle_output(network, client)) return data;
        output_lend(&session->output, &network->output);
    }
    client->is_postponed =
        result == BATCH_STOPPED && !session->is_closing && !blocking_is_blocked(session);
    settle_output(network, client);
    return data;
}

static void keep_for_later(struct network *network, struct client *client, struct bytes rest) {
    keep_input(network, client, rest);
    if (client->input_len > network->max_input_seen) network->max_input_seen = client->input_len;
    (void)network_enforce_input_limit(network, client);
}

static void run_and_keep(struct network *network, struct client *client, struct bytes data) {
    struct bytes rest = run_requests(network, client, data);
    if (client->session.is_closing) {
        free_input(network, client);
        client_wait(network, client);
        return;
    }
    if (client->is_postponed) connection_want_read(&client->connection, false);
    keep_for_later(network, client, rest);
}

/* A pipeline behind a request that waits: one reading of it is at hand, the rest waits in the
 * socket. */
static void keep_unread(struct network *network, struct client *client, struct bytes data) {
    connection_want_only_hang_up(&client->connection);
    keep_for_later(network, client, data);
}

void client_run_input(struct network *network, struct client *client) {
    client->is_postponed = false;
    connection_want_read(&client->connection, true);
    if (client->input_len == 0) return;
    network->run_count++;
    run_and_keep(network, client, bytes_of(client->input, client->input_len));
}

/* Where to read to: behind a small rest in the shared buffer, or behind a big one where it lies. */
static char *place_for_input(struct network *network, struct client *client, size_t *cap) {
    if (client->input_len <= NETWORK_REJOIN_BYTES) {
        if (client->input_len != 0) memcpy(network->read_buffer, client->input, client->input_len);
        *cap = NETWORK_READ_BYTES - client->input_len;
        return network->read_buffer;
    }
    make_input_room(network, client);
    *cap = client->input_cap - client->input_len;
    return client->input;
}

static void read_client(struct network *network, struct client *client) {
    size_t cap, moved;
    size_t before = client->input_len;
    char *place = place_for_input(network, client, &cap);
    switch (connection_read(&client->connection, place + before, cap, &moved)) {
    case IO_AGAIN: return;
    case IO_CLOSED:
    case IO_ERROR: client_close_soon(client, true); return;
    case IO_OK: break;
    }
    struct session *session = &client->session;
    session->last_active_ms = network->engine->clock->unix_ms;
    session->input_bytes += moved;
    network->engine->stats.input_bytes += moved;
    if (place == client->input) client->input_len += moved;
    struct bytes data = bytes_of(place, before + moved);
    if (blocking_is_blocked(session))
        keep_unread(network, client, data);
    else
        run_and_keep(network, client, data);
}

static void on_ready(struct event_source *source, uint32_t events) {
    struct client *client = EVENT_OWNER(connection_of_source(source), struct client, connection);
    struct network *network = network_of(client);
    if ((events & EVENT_WRITABLE) != 0) client_wait(network, client);
    if (client->session.is_closing) return;
    if ((events & EVENT_HANG_UP) != 0)
        client_close_soon(client, true);
    else if ((events & EVENT_READABLE) != 0)
        read_client(network, client);
}

/* --- what others ask --- */

_Static_assert((int)CLIENT_ADDRESS_MAX >= (int)ADDRESS_TEXT_MAX, "every address fits");

void client_address(const struct client *client, char *text) {
    address_format_peer(client_fd(client), text);
}

void client_local_address(const struct client *client, char *text) {
    address_format_local(client_fd(client), text);
}

int client_fd(const struct client *client) {
    return client->connection.source.fd;
}

bool client_is_local(const struct client *client) {
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof(peer);
    if (client->is_unix) return true;
    return getpeername(client_fd(client), (struct sockaddr *)&peer, &len) == 0 &&
           address_is_local((const struct sockaddr *)&peer);
}

/* Memory for what is to be sent. Copied replies stand in both figures, large values only in the
 * unsent bytes, emptied room only in the used ones: the larger counts nothing twice and is never
 * less than half of the sum without the doubles. */
static size_t count_output_bytes(const struct output *output) {
    size_t used_bytes = output_used_bytes(output);
    return used_bytes > output->own_bytes ? used_bytes : output->own_bytes;
}

size_t client_used_bytes(const struct client *client) {
    const struct session *session = &client->session;
    return mem_usable_size(client) + mem_usable_size(client->input) +
           count_output_bytes(&session->output) + resp_reader_used_bytes(&client->reader) +
           mem_usable_size(session->name) + mem_usable_size(session->lib_name) +
           mem_usable_size(session->lib_version) + transaction_used_bytes(session) +
           blocking_used_bytes(session) + session_used_bytes(session);
}

void client_measure(const struct client *client, struct client_usage *usage) {
    const struct output *output = &client->session.output;
    uint32_t interest = client->connection.source.interest;
    *usage = (struct client_usage){
        .input_bytes = client->input_len,
        .input_free_bytes = client->input_cap - client->input_len,
        .reply_bytes = output_pending_bytes(output) - output->own_bytes,
        .queued_count = output->node_count,
        .queued_bytes = output->own_bytes,
        .used_bytes = client_used_bytes(client),
        .is_reading = (interest & EVENT_READABLE) != 0,
        .is_writing = (interest & EVENT_WRITABLE) != 0,
    };
}
