#include "commands/connection/client_filter.h"

#include "commands/connection/client_handlers.h"
#include "commands/connection/client_text.h"
#include "engine/arguments.h"
#include "engine/authentication.h"
#include "engine/reply.h"
#include "foundation/mem.h"
#include "foundation/number.h"

#include <stdlib.h>

/* --- reading values --- */

/* Reads the value at `index`, or replies the error. */
typedef bool value_reader(struct call *call, uint32_t index, struct client_filter_value *value);

static int compare_ids(const void *a, const void *b) {
    int64_t first = *(const int64_t *)a, second = *(const int64_t *)b;
    return (first > second) - (first < second);
}

/* As many ids as follow, which may be none. */
static bool read_ids(struct call *call, uint32_t index, struct client_filter_value *value) {
    mem_free(value->ids);
    uint32_t left = call->argc - index, count = 0;
    value->ids = mem_alloc_array(left, sizeof(*value->ids));
    while (count < left && number_parse_i64(call->args[index + count], &value->ids[count])) count++;
    value->id_count = count;
    qsort(value->ids, value->id_count, sizeof(*value->ids), compare_ids);
    return true;
}

static bool read_type(struct call *call, uint32_t index, struct client_filter_value *value) {
    enum peer_type type;
    if (!argument_peer_type(call, index, &type)) return false;
    value->number = type;
    return true;
}

static bool read_text(struct call *call, uint32_t index, struct client_filter_value *value) {
    value->text = call->args[index];
    return true;
}

static bool read_user(struct call *call, uint32_t index, struct client_filter_value *value) {
    struct bytes user = call->args[index];
    if (authentication_has_user(user)) return read_text(call, index, value);
    reply_error_printf(call, "ERR No such user '%.*s'", shown_len(user), user.data);
    return false;
}

static bool read_flags(struct call *call, uint32_t index, struct client_filter_value *value) {
    struct bytes flags = call->args[index];
    for (size_t i = 0; i < flags.len; i++) {
        if (strchr(CLIENT_FLAG_LETTERS, flags.data[i]) != NULL && flags.data[i] != '\0') continue;
        reply_error_printf(call, "ERR Unknown flags found in the provided filter: %.*s",
                           shown_len(flags), flags.data);
        return false;
    }
    return read_text(call, index, value);
}

static bool read_db(struct call *call, uint32_t index, struct client_filter_value *value) {
    uint32_t number;
    if (!argument_db(call, index, &number)) return false;
    value->number = number;
    return true;
}

static bool read_skip_me(struct call *call, uint32_t index, struct client_filter_value *value) {
    value->number = argument_is(call, index, "yes");
    if (value->number != 0 || argument_is(call, index, "no")) return true;
    reply_error_syntax(call);
    return false;
}

static bool read_seconds(struct call *call, uint32_t index, struct client_filter_value *value,
                         const char *name) {
    if (!number_parse_i64(call->args[index], &value->number))
        reply_error_printf(call, "ERR %s is not an integer or out of range", name);
    else if (value->number <= 0)
        reply_error_printf(call, "ERR %s should be greater than 0", name);
    else
        return true;
    return false;
}

static bool read_max_age(struct call *call, uint32_t index, struct client_filter_value *value) {
    return read_seconds(call, index, value, "maxage");
}

static bool read_idle(struct call *call, uint32_t index, struct client_filter_value *value) {
    return read_seconds(call, index, value, "idle");
}

/* --- holding them against a connection --- */

typedef bool value_test(const struct call *call, const struct client *client,
                        const struct client_filter_value *value);

static bool has_id(const struct call *call UNUSED, const struct client *client,
                   const struct client_filter_value *value) {
    int64_t id = (int64_t)client->session.id;
    return bsearch(&id, value->ids, value->id_count, sizeof(id), compare_ids) != NULL;
}

static bool has_type(const struct call *call UNUSED, const struct client *client,
                     const struct client_filter_value *value) {
    return peer_type_of(client) == (enum peer_type)value->number;
}

/* There is one user, and the value names an existing one. */
static bool has_user(const struct call *call UNUSED, const struct client *client UNUSED,
                     const struct client_filter_value *value UNUSED) {
    return true;
}

static bool is_text(const char *text, const struct client_filter_value *value) {
    return bytes_equal(bytes_of_str(text == NULL ? "" : text), value->text);
}

static bool has_address(const struct call *call UNUSED, const struct client *client,
                        const struct client_filter_value *value) {
    char text[CLIENT_ADDRESS_MAX];
    client_address(client, text);
    return is_text(text, value);
}

static bool has_local_address(const struct call *call UNUSED, const struct client *client,
                              const struct client_filter_value *value) {
    char text[CLIENT_ADDRESS_MAX];
    client_local_address(client, text);
    return is_text(text, value);
}

/* The address without its port and the brackets of IPv6. */
static bool has_ip(const struct call *call UNUSED, const struct client *client,
                   const struct client_filter_value *value) {
    char text[CLIENT_ADDRESS_MAX];
    client_address(client, text);
    char *end = strrchr(text, ':');
    if (end != NULL) *end = '\0';
    if (text[0] != '[') return is_text(text, value);
    text[strcspn(text, "]")] = '\0';
    return is_text(text + 1, value);
}

static bool has_name(const struct call *call UNUSED, const struct client *client,
                     const struct client_filter_value *value) {
    return is_text(client->session.name, value);
}

static bool has_lib_name(const struct call *call UNUSED, const struct client *client,
                         const struct client_filter_value *value) {
    return is_text(client->session.lib_name, value);
}

static bool has_lib_version(const struct call *call UNUSED, const struct client *client,
                            const struct client_filter_value *value) {
    return is_text(client->session.lib_version, value);
}

static bool has_flags(const struct call *call UNUSED, const struct client *client,
                      const struct client_filter_value *value) {
    char flags[CLIENT_FLAGS_MAX];
    client_flags(&client->session, flags);
    for (size_t i = 0; i < value->text.len; i++)
        if (strchr(flags, value->text.data[i]) == NULL) return false;
    return true;
}

static bool has_db(const struct call *call UNUSED, const struct client *client,
                   const struct client_filter_value *value) {
    return client->session.db_number == (uint32_t)value->number;
}

static bool is_not_skipped(const struct call *call, const struct client *client,
                           const struct client_filter_value *value) {
    return value->number == 0 || &client->session != call->session;
}

static bool has_age(const struct call *call, const struct client *client,
                    const struct client_filter_value *value) {
    return (call_now_ms(call) - client->session.created_ms) / 1000 >= value->number;
}

static bool has_idled(const struct call *call, const struct client *client,
                      const struct client_filter_value *value) {
    return (call_now_ms(call) - client->session.last_active_ms) / 1000 >= value->number;
}

/* --- the filters --- */

enum kind { ID, ADDRESS, SKIP_ME, FIRST_OTHER };

static const struct {
    const char *word;
    value_reader *read;
    value_test *holds;
    bool has_no_opposite;
} kinds[] = {
    [ID] = {"id", read_ids, has_id, false},
    [ADDRESS] = {"addr", read_text, has_address, false},
    [SKIP_ME] = {"skipme", read_skip_me, is_not_skipped, true},
    [FIRST_OTHER] = {"laddr", read_text, has_local_address, false},
    {"type", read_type, has_type, false},
    {"user", read_user, has_user, false},
    {"maxage", read_max_age, has_age, true},
    {"idle", read_idle, has_idled, true},
    {"name", read_text, has_name, false},
    {"flags", read_flags, has_flags, false},
    {"lib-name", read_text, has_lib_name, false},
    {"lib-ver", read_text, has_lib_version, false},
    {"db", read_db, has_db, false},
    {"ip", read_text, has_ip, false},
};
_Static_assert(ARRAY_LEN(kinds) == CLIENT_FILTER_KINDS, "a value for each kind");

/* False when the word at `index` is no filter. */
static bool find_kind(const struct call *call, uint32_t index, size_t *kind, bool *is_not) {
    struct bytes word = call->args[index];
    *is_not = word.len > 4 && bytes_is_word(bytes_of(word.data, 4), "not-");
    if (*is_not) word = bytes_of(word.data + 4, word.len - 4);
    for (*kind = 0; *kind < CLIENT_FILTER_KINDS; ++*kind)
        if (bytes_is_word(word, kinds[*kind].word))
            return !*is_not || !kinds[*kind].has_no_opposite;
    return false;
}

static void reject_id(struct call *call, const struct client_filter *filter) {
    reply_error(call, filter->is_list ? "ERR Invalid client ID"
                                      : "ERR client-id should be greater than 0");
}

static bool check_ids(struct call *call, const struct client_filter *filter,
                      const struct client_filter_value *value) {
    if (value->id_count != 0 && (filter->is_list || value->ids[0] > 0)) return true;
    reject_id(call, filter);
    return false;
}

static bool reject_word(struct call *call, const struct client_filter *filter) {
    if (filter->is_list && filter->is_behind_ids)
        reject_id(call, filter);
    else
        reply_error_syntax(call);
    return false;
}

/* Reads the filter at `*index` and moves on to its last argument. */
static bool read_filter(struct call *call, uint32_t *index, struct client_filter *filter) {
    size_t kind;
    bool is_not;
    if (!find_kind(call, *index, &kind, &is_not)) return reject_word(call, filter);
    struct client_filter_value *value = is_not ? &filter->unwanted[kind] : &filter->wanted[kind];
    filter->is_behind_ids = kind == ID;
    if (!argument_has_next(call, *index)) {
        reply_error_syntax(call);
        return false;
    }
    ++*index;
    value->is_given = true;
    if (!kinds[kind].read(call, *index, value)) return false;
    if (kind != ID) return true;
    if (!check_ids(call, filter, value)) return false;
    *index += (uint32_t)value->id_count - 1;
    return true;
}

bool client_filter_read(struct call *call, struct client_filter *filter) {
    for (uint32_t i = 2; i < call->argc; i++)
        if (!read_filter(call, &i, filter)) return false;
    return true;
}

void client_filter_destroy(struct client_filter *filter) {
    mem_free(filter->wanted[ID].ids);
    mem_free(filter->unwanted[ID].ids);
}

void client_filter_skip_caller(struct client_filter *filter) {
    filter->wanted[SKIP_ME] = (struct client_filter_value){.is_given = true, .number = 1};
}

void client_filter_want_address(struct client_filter *filter, struct bytes address) {
    filter->wanted[ADDRESS] = (struct client_filter_value){.is_given = true, .text = address};
}

bool client_filter_is_ids_only(const struct call *call, const struct client_filter *filter) {
    const struct client_filter_value *ids = &filter->wanted[ID];
    return ids->is_given && ids->id_count == call->argc - 3;
}

bool client_filter_accepts(const struct call *call, const struct client_filter *filter,
                           const struct client *client) {
    for (size_t i = 0; i < CLIENT_FILTER_KINDS; i++) {
        const struct client_filter_value *wanted = &filter->wanted[i];
        const struct client_filter_value *unwanted = &filter->unwanted[i];
        if (wanted->is_given && !kinds[i].holds(call, client, wanted)) return false;
        if (unwanted->is_given && kinds[i].holds(call, client, unwanted)) return false;
    }
    return true;
}
