/* A run is over for a thread when its quota is sent or its time is up and no connection awaits a
 * reply any more. A batch that the socket does not take at once is kept with its connection, and
 * the batch buffer is free for the next one.
 *
 * A reply's latency counts from the moment its batch was begun; that moment is the clock reading
 * that ended the batch before it, so a batch costs one reading of the clock. */
#include "benchmark/load.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "benchmark/clock.h"
#include "benchmark/fail.h"

enum { INPUT_SIZE = 256 * 1024, EVENTS_MAX = 256, SILENCE_MAX_S = 60 };

static const size_t batch_size_max = (size_t)1 << 30;

struct peer {
    int fd;
    uint64_t awaited;  /* the reply count at which the batch is complete; 0: none is under way */
    uint64_t begun_ns; /* when the batch was begun */
    char *unsent;      /* what the socket did not take; NULL: nothing */
    size_t unsent_offset;
    size_t unsent_length;
    struct resp_skip skip;
};

struct worker {
    const struct load_options *options;
    struct peer *peers;
    size_t peer_count;
    size_t busy_count; /* peers with a batch under way */
    int epoll_fd;
    char *batch; /* `pipeline` requests */
    char *input;
    struct random random;
    uint64_t sequence;
    uint64_t quota;       /* requests still to send in this run */
    uint64_t deadline_ns; /* when to stop sending */
    uint64_t replies;     /* in this run */
    struct histogram latency;
    pthread_t thread;
};

struct load {
    struct load_options options;
    uint64_t sequence;
    struct worker *workers;
};

static void watch(struct worker *worker, struct peer *peer, int how, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = peer};
    if (epoll_ctl(worker->epoll_fd, how, peer->fd, &event) != 0) {
        fail("epoll_ctl: %s", strerror(errno));
    }
}

static size_t send_some(struct peer *peer, const char *bytes, size_t length) {
    ssize_t sent = send(peer->fd, bytes, length, MSG_NOSIGNAL);
    if (sent >= 0) return (size_t)sent;
    if (errno != EAGAIN && errno != EINTR) fail("cannot send to the server: %s", strerror(errno));
    return 0;
}

static void keep_unsent(struct worker *worker, struct peer *peer, const char *bytes,
                        size_t length) {
    peer->unsent = need_memory(NULL, length);
    memcpy(peer->unsent, bytes, length);
    peer->unsent_offset = 0;
    peer->unsent_length = length;
    watch(worker, peer, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
}

static void send_unsent(struct worker *worker, struct peer *peer) {
    size_t left = peer->unsent_length - peer->unsent_offset;
    peer->unsent_offset += send_some(peer, peer->unsent + peer->unsent_offset, left);
    if (peer->unsent_offset < peer->unsent_length) return;
    free(peer->unsent);
    peer->unsent = NULL;
    watch(worker, peer, EPOLL_CTL_MOD, EPOLLIN);
}

/* Sends the peer's next batch, unless the run is over. */
static void begin_batch(struct worker *worker, struct peer *peer, uint64_t now_ns) {
    const struct template *template = worker->options->template;
    uint64_t count = worker->options->pipeline;
    if (count > worker->quota) count = worker->quota;
    if (count == 0 || now_ns >= worker->deadline_ns) {
        peer->awaited = 0;
        worker->busy_count--;
        return;
    }
    char *request = worker->batch;
    for (uint64_t i = 0; i < count; i++) {
        template_patch(template, request, &worker->random, worker->sequence++);
        request += template->length;
    }
    worker->quota -= count;
    peer->awaited = peer->skip.replies + count * template->command_count;
    peer->begun_ns = now_ns;
    size_t length = count * template->length;
    size_t sent = send_some(peer, worker->batch, length);
    if (sent < length) keep_unsent(worker, peer, worker->batch + sent, length - sent);
}

static void read_replies(struct worker *worker, struct peer *peer) {
    ssize_t got = recv(peer->fd, worker->input, INPUT_SIZE, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got == 0)
        fail("the server closed a connection%s%s", *peer->skip.first_error ? ": " : "",
             peer->skip.first_error);
    if (got < 0) fail("cannot read from the server: %s", strerror(errno));

    uint64_t before = peer->skip.replies;
    if (!resp_skip_feed(&peer->skip, worker->input, (size_t)got)) {
        fail("the server sent bytes that are not RESP");
    }
    if (peer->skip.replies == before) return;
    if (peer->skip.replies > peer->awaited) fail("the server sent more replies than commands");
    uint64_t now_ns = clock_now_ns();
    uint64_t count = peer->skip.replies - before;
    histogram_record(&worker->latency, now_ns - peer->begun_ns, count);
    worker->replies += count;
    if (peer->skip.replies == peer->awaited) begin_batch(worker, peer, now_ns);
}

static void *run_worker(void *argument) {
    struct worker *worker = argument;
    struct epoll_event events[EVENTS_MAX];
    worker->busy_count = worker->peer_count;
    for (size_t i = 0; i < worker->peer_count; i++) {
        begin_batch(worker, &worker->peers[i], clock_now_ns());
    }
    while (worker->busy_count > 0) {
        int count = epoll_wait(worker->epoll_fd, events, EVENTS_MAX, SILENCE_MAX_S * 1000);
        if (count == 0) fail("no reply from the server for %d s", SILENCE_MAX_S);
        for (int i = 0; i < count; i++) {
            struct peer *peer = events[i].data.ptr;
            if (peer->unsent && (events[i].events & EPOLLOUT)) send_unsent(worker, peer);
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_replies(worker, peer);
        }
    }
    return NULL;
}

static void open_peer(struct worker *worker, struct peer *peer) {
    struct control control;
    control_open(&control, worker->options->target);
    peer->fd = control_detach(&control);
    int flags = fcntl(peer->fd, F_GETFL);
    if (flags < 0 || fcntl(peer->fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        fail("fcntl: %s", strerror(errno));
    }
    resp_skip_init(&peer->skip);
    watch(worker, peer, EPOLL_CTL_ADD, EPOLLIN);
}

static void open_worker(struct worker *worker, const struct load_options *options, size_t index) {
    const struct template *template = options->template;
    if (template->length > batch_size_max / options->pipeline) {
        fail("a batch of %zu requests of %zu bytes is over 1 GiB", options->pipeline,
             template->length);
    }
    worker->options = options;
    worker->random.state = options->seed + index * UINT64_C(0x632BE59BD9B4E019);
    worker->peer_count =
        options->clients / options->threads + (index < options->clients % options->threads ? 1 : 0);
    worker->peers = need_array(worker->peer_count, sizeof(struct peer));
    worker->input = need_memory(NULL, INPUT_SIZE);
    worker->batch = need_memory(NULL, template->length * options->pipeline);
    for (size_t i = 0; i < options->pipeline; i++) {
        memcpy(worker->batch + i * template->length, template->bytes, template->length);
    }
    worker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (worker->epoll_fd < 0) fail("epoll_create1: %s", strerror(errno));
    for (size_t i = 0; i < worker->peer_count; i++) {
        open_peer(worker, &worker->peers[i]);
    }
}

struct load *load_open(const struct load_options *options) {
    struct load *load = need_array(1, sizeof(*load));
    load->options = *options;
    load->workers = need_array(options->threads, sizeof(struct worker));
    for (size_t i = 0; i < options->threads; i++) {
        open_worker(&load->workers[i], &load->options, i);
    }
    return load;
}

void load_set_sequence(struct load *load, uint64_t sequence) {
    load->sequence = sequence;
}

/* Gives each thread its share of the requests and of their numbers. */
static void share_out(struct load *load, uint64_t requests, uint64_t deadline_ns) {
    size_t threads = load->options.threads;
    uint64_t sequence = load->sequence;
    for (size_t i = 0; i < threads; i++) {
        struct worker *worker = &load->workers[i];
        worker->quota = UINT64_MAX;
        worker->deadline_ns = deadline_ns;
        worker->sequence = sequence;
        worker->replies = 0;
        histogram_reset(&worker->latency);
        if (requests > 0) {
            worker->quota = requests / threads + (i < requests % threads ? 1 : 0);
            worker->deadline_ns = UINT64_MAX;
            sequence += worker->quota;
        } else {
            /* How many will come is unknown: far apart, so that they do not meet. */
            sequence += UINT64_C(1) << 36;
        }
    }
}

static void run_workers(struct load *load) {
    size_t threads = load->options.threads;
    if (threads == 1) {
        run_worker(&load->workers[0]);
        return;
    }
    for (size_t i = 0; i < threads; i++) {
        struct worker *worker = &load->workers[i];
        int problem = pthread_create(&worker->thread, NULL, run_worker, worker);
        if (problem != 0) fail("cannot start a thread: %s", strerror(problem));
    }
    for (size_t i = 0; i < threads; i++) {
        pthread_join(load->workers[i].thread, NULL);
    }
}

static void collect_worker(struct worker *worker, struct load_result *result) {
    result->requests += worker->replies / worker->options->template->command_count;
    histogram_merge(&result->latency, &worker->latency);
    for (size_t i = 0; i < worker->peer_count; i++) {
        struct resp_skip *skip = &worker->peers[i].skip;
        if (result->errors == 0 && skip->errors > 0) {
            memcpy(result->first_error, skip->first_error, sizeof(result->first_error));
        }
        result->errors += skip->errors;
        resp_skip_init(skip); /* the next run counts its own errors */
    }
}

static double seconds_of(struct timeval time) {
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

void load_run(struct load *load, uint64_t requests, double seconds, struct load_result *result) {
    struct rusage before, after;
    memset(result, 0, sizeof(*result));
    getrusage(RUSAGE_SELF, &before);
    uint64_t start_ns = clock_now_ns();
    share_out(load, requests, start_ns + (uint64_t)(seconds * 1e9));
    run_workers(load);
    result->seconds = (double)(clock_now_ns() - start_ns) / 1e9;
    getrusage(RUSAGE_SELF, &after);
    result->client_user_seconds = seconds_of(after.ru_utime) - seconds_of(before.ru_utime);
    result->client_system_seconds = seconds_of(after.ru_stime) - seconds_of(before.ru_stime);
    for (size_t i = 0; i < load->options.threads; i++) {
        collect_worker(&load->workers[i], result);
    }
    load->sequence += result->requests;
}

void load_close(struct load *load) {
    for (size_t i = 0; i < load->options.threads; i++) {
        struct worker *worker = &load->workers[i];
        for (size_t k = 0; k < worker->peer_count; k++) {
            close(worker->peers[k].fd);
            free(worker->peers[k].unsent);
        }
        close(worker->epoll_fd);
        free(worker->peers);
        free(worker->batch);
        free(worker->input);
    }
    free(load->workers);
    free(load);
}
