#include "engine/push.h"

#include "engine/call.h"
#include "engine/client.h"
#include "engine/engine.h"
#include "foundation/check.h"
#include "foundation/mem.h"
#include "io/output.h"

/* What stretches occupy. Most audiences are sent a message now and then: the first one is small, each
 * that follows while it is under way is larger. */
enum {
    STRETCH_FIRST_BYTES = 256,
    STRETCH_GROWTH = 4,
    STRETCH_BYTES = 16 * 1024,
};

struct push_stretch {
    size_t references; /* the writer's and that of each piece under way */
    size_t len;
    size_t cap;
    char data[];
};

struct push_queue {
    struct push_piece *pieces; /* a reference each */
    size_t count;
    size_t cap;
};

/* --- stretches --- */

static void release(void *owner) {
    struct push_stretch *stretch = owner;
    if (--stretch->references == 0) mem_free(stretch);
}

static struct push_stretch *new_stretch(size_t bytes) {
    struct push_stretch *stretch = mem_alloc(bytes);
    *stretch = (struct push_stretch){.references = 1, .cap = bytes - sizeof(*stretch)};
    return stretch;
}

static size_t next_bytes(const struct push_stretch *stretch) {
    if (stretch == NULL) return STRETCH_FIRST_BYTES;
    size_t bytes = STRETCH_GROWTH * (sizeof(*stretch) + stretch->cap);
    return bytes < STRETCH_BYTES ? bytes : STRETCH_BYTES;
}

char *push_room(struct push_writer *writer, size_t max) {
    struct push_stretch *stretch = writer->stretch;
    if (stretch != NULL && stretch->references == 1) stretch->len = 0;
    if (stretch == NULL || stretch->cap - stretch->len < max) {
        size_t bytes = next_bytes(stretch), least = sizeof(*stretch) + max;
        push_close(writer);
        writer->stretch = stretch = new_stretch(least > bytes ? least : bytes);
    }
    return stretch->data + stretch->len;
}

struct push_piece push_commit(struct push_writer *writer, size_t written) {
    struct push_stretch *stretch = writer->stretch;
    CHECK(stretch != NULL && written <= stretch->cap - stretch->len);
    struct bytes bytes = bytes_of(stretch->data + stretch->len, written);
    stretch->len += written;
    return (struct push_piece){bytes, stretch};
}

void push_close(struct push_writer *writer) {
    if (writer->stretch != NULL) release(writer->stretch);
    writer->stretch = NULL;
}

bool push_close_sent(struct push_writer *writer) {
    if (writer->stretch != NULL && writer->stretch->references > 1) return false;
    push_close(writer);
    return true;
}

/* --- sending --- */

static bool is_running(const struct session *session) {
    const struct call *running = session->engine->running;
    return running != NULL && running->session == session;
}

static void queue_piece(struct session *session, struct push_piece piece) {
    if (session->pushes == NULL) session->pushes = mem_alloc_zeroed(sizeof(*session->pushes));
    struct push_queue *queue = session->pushes;
    if (queue->count == queue->cap) {
        queue->cap = queue->cap == 0 ? 4 : 2 * queue->cap;
        queue->pieces = mem_realloc(queue->pieces, queue->cap * sizeof(*queue->pieces));
    }
    queue->pieces[queue->count++] = piece;
}

/* Takes over the piece's reference. */
static void append_piece(struct session *session, struct push_piece piece) {
    struct output *output = &session->output;
    if (output->batch != NULL) { /* behind the replies of this round */
        output_append(output, piece.bytes.data, piece.bytes.len);
        release(piece.stretch);
        return;
    }
    output_append_block(output, (struct output_block){.data = piece.bytes.data,
                                                      .len = piece.bytes.len,
                                                      .release = release,
                                                      .owner = piece.stretch});
}

void push_send(struct session *session, struct push_piece piece) {
    if (session->is_closing) return;
    piece.stretch->references++;
    if (is_running(session)) {
        queue_piece(session, piece);
        return;
    }
    append_piece(session, piece);
    if (session->client != NULL) client_push_waits(session->client);
}

/* --- behind a reply --- */

static void free_queue(struct session *session) {
    mem_free(session->pushes->pieces);
    mem_free(session->pushes);
    session->pushes = NULL;
}

void push_send_queued(struct session *session) {
    struct push_queue *queue = session->pushes;
    if (queue == NULL) return;
    for (size_t i = 0; i < queue->count; i++) append_piece(session, queue->pieces[i]);
    free_queue(session);
    if (session->client != NULL) client_push_waits(session->client);
}

void push_drop_queued(struct session *session) {
    struct push_queue *queue = session->pushes;
    if (queue == NULL) return;
    for (size_t i = 0; i < queue->count; i++) release(queue->pieces[i].stretch);
    free_queue(session);
}
