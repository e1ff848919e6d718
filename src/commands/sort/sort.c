/* SORT and SORT_RO: the elements of a list, set or sorted set in the order of their own values or
 * of weights kept under other keys, answered as they are or as what other keys hold for them. */
#include "commands/sort/pattern.h"
#include "commands/sort/ranking.h"
#include "commands/sort/sort_commands.h"
#include "data/types/list/list.h"
#include "data/types/set/set.h"
#include "data/types/zset/zset.h"
#include "engine/arguments.h"
#include "engine/reply.h"
#include "foundation/mem.h"

struct sort_options {
    bool is_descending;
    bool is_alpha;
    bool is_unsorted; /* BY something without '*' */
    bool has_by;
    struct pattern by;
    int64_t offset, count; /* LIMIT */
    struct pattern *gets;  /* mem_alloc */
    size_t get_count;
    uint32_t store_index; /* of the destination; 0: none */
};

/* --- arguments --- */

static void add_get(struct sort_options *options, struct bytes text) {
    size_t size = (options->get_count + 1) * sizeof(*options->gets);
    options->gets = mem_realloc(options->gets, size);
    options->gets[options->get_count++] = pattern_parse(text);
}

static void set_by(struct sort_options *options, struct bytes text) {
    options->by = pattern_parse(text);
    options->has_by = true;
    if (!options->by.has_place) options->is_unsorted = true;
}

/* Reads the option at `*i` and moves to its last argument; false after the error reply. */
static bool parse_option(struct call *call, uint32_t *i, struct sort_options *options) {
    bool has_next = argument_has_next(call, *i);
    bool can_store = (call->command->flags & COMMAND_WRITE) != 0;
    if (argument_is(call, *i, "asc")) {
        options->is_descending = false;
    } else if (argument_is(call, *i, "desc")) {
        options->is_descending = true;
    } else if (argument_is(call, *i, "alpha")) {
        options->is_alpha = true;
    } else if (argument_is(call, *i, "limit") && *i + 2 < call->argc) {
        *i += 2;
        return argument_i64(call, *i - 1, &options->offset) &&
               argument_i64(call, *i, &options->count);
    } else if (argument_is(call, *i, "store") && has_next && can_store) {
        options->store_index = ++*i;
    } else if (argument_is(call, *i, "by") && has_next) {
        set_by(options, call->args[++*i]);
    } else if (argument_is(call, *i, "get") && has_next) {
        add_get(options, call->args[++*i]);
    } else {
        reply_error_syntax(call);
        return false;
    }
    return true;
}

static bool parse_options(struct call *call, struct sort_options *options) {
    *options = (struct sort_options){.count = -1};
    for (uint32_t i = 2; i < call->argc; i++) {
        if (!parse_option(call, &i, options)) return false;
    }
    return true;
}

/* --- gathering --- */

/* The elements that LIMIT leaves: [start, end). */
struct window {
    size_t start, end;
};

static struct window cut(const struct sort_options *options, size_t count) {
    struct window window = {.start = options->offset < 0 ? 0 : (size_t)options->offset};
    if (window.start > count) window.start = count;
    window.end = count;
    if (options->count >= 0 && (size_t)options->count < count - window.start)
        window.end = window.start + (size_t)options->count;
    return window;
}

static bool add_member(void *context, struct bytes member) {
    ranking_add(context, member);
    return true;
}

static void gather_list(const struct entry *entry, bool is_backwards, struct ranking *ranking) {
    struct list_position position = list_seek(entry, is_backwards ? -1 : 0);
    for (; position.at != NULL; list_step(&position, is_backwards ? LIST_HEAD : LIST_TAIL)) {
        char scratch[PACKED_SCRATCH];
        struct packed_value value = list_read(&position);
        ranking_add(ranking, packed_text(&value, scratch));
    }
}

static bool add_scored_member(void *context, struct bytes member, struct score score UNUSED) {
    ranking_add(context, member);
    return true;
}

/* Where the order of the set is the one wanted, LIMIT is carried out here and taken away: the rest
 * of the set is not looked at. */
static void gather_zset(const struct entry *entry, struct sort_options *options,
                        struct ranking *ranking) {
    if (!options->is_unsorted) {
        zset_for_each(entry, add_scored_member, ranking);
        return;
    }
    size_t len = zset_len(entry);
    struct window window = cut(options, len);
    struct zset_ranks ranks = {window.start, window.end};
    if (options->is_descending) ranks = (struct zset_ranks){len - window.end, len - window.start};
    options->offset = 0;
    options->count = -1;
    if (window.start != window.end)
        zset_visit(entry, ranks, options->is_descending, add_scored_member, ranking);
}

/* False, after the error reply, when the key holds what cannot be sorted. */
static bool gather(struct call *call, struct sort_options *options, struct ranking *ranking) {
    const struct entry *entry = database_read(call->db, call_key(call, 1));
    if (entry == NULL) return true;
    if (entry->type == VALUE_LIST) {
        gather_list(entry, options->is_unsorted && options->is_descending, ranking);
    } else if (entry->type == VALUE_SET) {
        set_for_each(entry, add_member, ranking);
        ranking->is_unordered = true;
    } else if (entry->type == VALUE_ZSET) {
        gather_zset(entry, options, ranking);
    } else {
        reply_error_wrong_type(call);
        return false;
    }
    return true;
}

/* --- weighing --- */

static bool weigh_one(struct call *call, const struct sort_options *options, size_t index,
                      struct ranking *ranking, struct buffer *name) {
    struct pattern_value value = {.bytes = ranking_text(ranking, index)};
    if (options->has_by) {
        pattern_look_up(call, &options->by, value.bytes, name, &value);
        if (!value.is_found) return true;
    }
    if (!ranking->is_alpha) return ranking_weigh_number(ranking, index, value.bytes);
    ranking_weigh_alpha(ranking, index, value.bytes);
    return true;
}

static bool weigh(struct call *call, const struct sort_options *options, struct ranking *ranking) {
    if (ranking->is_alpha && ranking->is_by_text) return true;
    struct buffer name = {0};
    bool is_ok = true;
    for (size_t i = 0; i < ranking->count && is_ok; i++)
        is_ok = weigh_one(call, options, i, ranking, &name);
    buffer_destroy(&name);
    if (!is_ok) reply_error(call, "ERR One or more scores can't be converted into double");
    return is_ok;
}

/* A set has no order to keep, and what is stored should not depend on chance: then its members are
 * sorted as text. */
static bool put_in_order(struct call *call, const struct sort_options *options,
                         struct ranking *ranking, size_t wanted) {
    bool is_forced = options->is_unsorted && options->store_index != 0 && ranking->is_unordered;
    if (options->is_unsorted && !is_forced) return true;
    ranking->is_descending = options->is_descending;
    ranking->is_alpha = options->is_alpha || is_forced;
    ranking->is_by_text = !options->has_by || is_forced;
    if (!weigh(call, options, ranking)) return false;
    ranking_sort(ranking, wanted);
    return true;
}

/* --- answering --- */

typedef void emit_function(struct call *call, const struct pattern_value *value, void *context);

/* Emits the window, each element as itself or as what each GET leads to. */
static void emit_window(struct call *call, const struct sort_options *options,
                        const struct ranking *ranking, struct window window, emit_function *emit,
                        void *context) {
    struct buffer name = {0};
    for (size_t i = window.start; i < window.end; i++) {
        struct pattern_value value = {.is_found = true, .bytes = ranking_text(ranking, i)};
        if (options->get_count == 0) emit(call, &value, context);
        for (size_t k = 0; k < options->get_count; k++) {
            pattern_look_up(call, &options->gets[k], ranking_text(ranking, i), &name, &value);
            emit(call, &value, context);
        }
    }
    buffer_destroy(&name);
}

static void emit_reply(struct call *call, const struct pattern_value *value, void *context) {
    (void)context;
    if (!value->is_found)
        reply_null(call);
    else if (value->string != NULL)
        reply_string_value(call, value->string);
    else
        reply_bulk(call, value->bytes);
}

/* What is to be stored, its bytes apart from any key. */
static void emit_copy(struct call *call, const struct pattern_value *value, void *context) {
    (void)call;
    ranking_add(context, value->is_found ? value->bytes : BYTES(""));
}

static void store_values(struct call *call, struct key key, const struct ranking *values) {
    struct found found = database_find(call->db, key);
    if (values->count == 0) {
        if (found.entry == NULL) return;
        database_delete(call->db, key, found);
        call_notify(call, KEY_EVENT_GENERIC, key.name, "del");
        return;
    }
    struct bytes *texts = mem_alloc_array(values->count, sizeof(*texts));
    for (size_t i = 0; i < values->count; i++) texts[i] = ranking_text(values, i);
    list_store(call->db, key, &found, texts, values->count);
    mem_free(texts);
    call_notify(call, KEY_EVENT_LIST, key.name, "sortstore");
}

static void answer_stored(struct call *call, const struct sort_options *options,
                          const struct ranking *ranking, struct window window) {
    struct ranking values = {0};
    emit_window(call, options, ranking, window, emit_copy, &values);
    store_values(call, key_of(call->args[options->store_index]), &values);
    reply_integer(call, (int64_t)values.count);
    ranking_destroy(&values);
}

static void answer(struct call *call, const struct sort_options *options,
                   const struct ranking *ranking, struct window window) {
    if (options->store_index != 0) {
        answer_stored(call, options, ranking, window);
        return;
    }
    size_t per_element = options->get_count == 0 ? 1 : options->get_count;
    reply_array(call, (window.end - window.start) * per_element);
    emit_window(call, options, ranking, window, emit_reply, NULL);
}

static void sort_command(struct call *call) {
    struct sort_options options;
    struct ranking ranking = {0};
    if (parse_options(call, &options) && gather(call, &options, &ranking)) {
        struct window window = cut(&options, ranking.count);
        if (put_in_order(call, &options, &ranking, window.end))
            answer(call, &options, &ranking, window);
    }
    ranking_destroy(&ranking);
    mem_free(options.gets);
}

/* The last STORE counts. */
static int64_t find_sort_keys(const struct bytes *args, uint32_t argc,
                              struct key_position *positions, size_t max) {
    size_t count = 1;
    struct key_position found[2] = {{.index = 1, .flags = "RO access"}};
    for (uint32_t i = 2; i < argc; i++) {
        if (bytes_is_word(args[i], "limit")) {
            i += 2;
        } else if (bytes_is_word(args[i], "by") || bytes_is_word(args[i], "get")) {
            i++;
        } else if (bytes_is_word(args[i], "store") && i + 1 < argc) {
            found[1] = (struct key_position){.index = ++i, .flags = "OW update"};
            count = 2;
        }
    }
    for (size_t i = 0; i < count && i < max; i++) positions[i] = found[i];
    return (int64_t)count;
}

static const struct command_row rows[] = {
    {
        .name = "sort",
        .handler = sort_command,
        .arity = -2,
        .flags = COMMAND_WRITE | COMMAND_DENYOOM,
        .categories = CATEGORY_SET | CATEGORY_SORTEDSET | CATEGORY_LIST | CATEGORY_DANGEROUS,
        .keys = {KEY_AT(1, "RO access"), KEYS_UNKNOWN("RO access"), KEYS_UNKNOWN("OW update")},
        .find_keys = find_sort_keys,
        .summary = "Sorts the elements of a list, set or sorted set, and perhaps stores them.",
        .syntax =
            "key [BY pattern#1] [LIMIT offset_count(offset count)] [GET pattern#1+...] [order(ASC "
            "| DESC)] [ALPHA=sorting] [STORE destination:key#2]",
        .complexity = "O(N+M*log(M)) for N elements of which M are answered",
        .since = "1.0.0",
        .group = "generic",
    },
    {
        .name = "sort_ro",
        .handler = sort_command,
        .arity = -2,
        .flags = COMMAND_READONLY,
        .categories = CATEGORY_SET | CATEGORY_SORTEDSET | CATEGORY_LIST | CATEGORY_DANGEROUS,
        .keys = {KEY_AT(1, "RO access"), KEYS_UNKNOWN("RO access")},
        .summary = "Sorts the elements of a list, set or sorted set.",
        .syntax =
            "key [BY pattern#1] [LIMIT offset_count(offset count)] [GET pattern#1+...] [order(ASC "
            "| DESC)] [ALPHA=sorting]",
        .complexity = "O(N+M*log(M)) for N elements of which M are answered",
        .since = "7.0.0",
        .group = "generic",
    },
};

const struct command_list sort_commands = COMMAND_LIST(rows);
