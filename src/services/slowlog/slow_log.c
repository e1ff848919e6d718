/* An entry as a reply:
 *
 *      [id, unix time, microseconds, [argument, …], "address:port", "name of the client"]
 */
#include "services/slowlog/slow_log.h"

#include "engine/call.h"
#include "engine/client.h"
#include "engine/engine.h"
#include "foundation/mem.h"
#include "protocol/resp_writer.h"

#include <stdio.h>

enum { NOTE_MAX = 64 };

_Static_assert((int)SLOW_LOG_SHOWN_MAX + (int)NOTE_MAX + (int)RESP_HEADER_MAX <= 256,
               "an argument with its note fits its share");
_Static_assert((int)CLIENT_ADDRESS_MAX + (int)RESP_HEADER_MAX <= 256, "and so does an address");

/* --- writing --- */

static char *put_more_arguments(char *out, uint32_t count) {
    char note[NOTE_MAX];
    int len = snprintf(note, sizeof(note), "... (%u more arguments)", count);
    return resp_put_bulk(out, bytes_of(note, (size_t)len));
}

static char *put_shortened(char *out, struct bytes text) {
    char shown[SLOW_LOG_SHOWN_MAX + NOTE_MAX];
    if (text.len <= SLOW_LOG_SHOWN_MAX) return resp_put_bulk(out, text);
    memcpy(shown, text.data, SLOW_LOG_SHOWN_MAX);
    int note_len = snprintf(shown + SLOW_LOG_SHOWN_MAX, NOTE_MAX, "... (%zu more bytes)",
                            text.len - SLOW_LOG_SHOWN_MAX);
    return resp_put_bulk(out, bytes_of(shown, SLOW_LOG_SHOWN_MAX + (size_t)note_len));
}

static struct bytes shown_argument(const struct call *call, uint32_t index) {
    command_secret_test *is_secret = call->command->row->is_secret;
    bool is_hidden = is_secret != NULL && is_secret(call->args, call->argc, index);
    return is_hidden ? BYTES("(redacted)") : call->args[index];
}

static char *put_arguments(char *out, const struct call *call) {
    bool is_cut = call->argc > SLOW_LOG_ARGUMENTS_MAX;
    uint32_t shown = is_cut ? SLOW_LOG_ARGUMENTS_MAX - 1 : call->argc;
    out = resp_put_array(out, is_cut ? SLOW_LOG_ARGUMENTS_MAX : call->argc);
    for (uint32_t i = 0; i < shown; i++) out = put_shortened(out, shown_argument(call, i));
    return is_cut ? put_more_arguments(out, call->argc - shown) : out;
}

static char *put_caller(char *out, const struct session *session) {
    char address[CLIENT_ADDRESS_MAX] = "?:0";
    if (session->client != NULL) client_address(session->client, address);
    out = resp_put_bulk(out, bytes_of_str(address));
    return put_shortened(out, bytes_of_str(session->name == NULL ? "" : session->name));
}

static size_t write_entry(char *out, const struct call *call, int64_t id, int64_t us) {
    const char *begin = out;
    out = resp_put_array(out, 6);
    out = resp_put_integer(out, id);
    out = resp_put_integer(out, engine_now_s(call->engine));
    out = resp_put_integer(out, us);
    out = put_arguments(out, call);
    out = put_caller(out, call->session);
    return (size_t)(out - begin);
}

/* --- the list --- */

void slow_log_add(struct slow_log *log, const struct call *call, int64_t us) {
    char reply[SLOW_LOG_ENTRY_MAX];
    size_t len = write_entry(reply, call, log->next_id++, us);
    CHECK(len <= sizeof(reply));
    struct slow_log_entry *entry = mem_alloc(sizeof(*entry) + len);
    *entry = (struct slow_log_entry){.older = log->newest, .len = len};
    memcpy(entry->reply, reply, len);
    if (log->newest != NULL)
        log->newest->newer = entry;
    else
        log->oldest = entry;
    log->newest = entry;
    log->count++;
}

static void drop_oldest(struct slow_log *log) {
    struct slow_log_entry *entry = log->oldest;
    log->oldest = entry->newer;
    if (log->oldest != NULL)
        log->oldest->older = NULL;
    else
        log->newest = NULL;
    log->count--;
    mem_free(entry);
}

void slow_log_trim(struct slow_log *log, size_t max) {
    while (log->count > max) drop_oldest(log);
}
