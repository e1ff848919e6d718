/* Whole databases: DBSIZE FLUSHDB FLUSHALL SWAPDB. */
#include "commands/keys/key_commands.h"
#include "engine/arguments.h"
#include "engine/engine.h"
#include "engine/reply.h"

static void dbsize_command(struct call *call) {
    reply_integer(call, (int64_t)database_key_count(call->db));
}

/* Memory is given back in the background unless SYNC asks for it at once. */
static bool parse_flush(struct call *call, bool *is_lazy) {
    *is_lazy = call->argc == 1 || argument_is(call, 1, "async");
    if (call->argc <= 2 && (*is_lazy || argument_is(call, 1, "sync"))) return true;
    reply_error_syntax(call);
    return false;
}

/* Every key that goes counts as a change; their one event is another. */
static void clear(struct database *db, bool is_lazy) {
    db->keyspace->changes += database_key_count(db);
    database_clear(db, is_lazy);
}

static void flushdb_command(struct call *call) {
    bool is_lazy;
    if (!parse_flush(call, &is_lazy)) return;
    clear(call->db, is_lazy);
    reply_ok(call);
}

static void flushall_command(struct call *call) {
    bool is_lazy;
    if (!parse_flush(call, &is_lazy)) return;
    const struct keyspace *keyspace = call->engine->keyspace;
    for (uint32_t i = 0; i < keyspace->db_count; i++) { /* one event there is in any case */
        bool is_empty = database_key_count(keyspace->dbs[i]) == 0;
        if (!is_empty || i == 0) clear(keyspace->dbs[i], is_lazy);
    }
    reply_ok(call);
}

static bool parse_index(struct call *call, uint32_t index, const char *error, int64_t *number) {
    return argument_i64_in(call, index, INT32_MIN, INT32_MAX, number, error);
}

static void swapdb_command(struct call *call) {
    int64_t first, second;
    if (!parse_index(call, 1, "ERR invalid first DB index", &first) ||
        !parse_index(call, 2, "ERR invalid second DB index", &second))
        return;
    struct keyspace *keyspace = call->engine->keyspace;
    if (first < 0 || first >= keyspace->db_count || second < 0 || second >= keyspace->db_count) {
        reply_error(call, "ERR DB index is out of range");
        return;
    }
    if (first != second) keyspace_swap(keyspace, (uint32_t)first, (uint32_t)second);
    reply_ok(call);
}

static const struct command_row rows[] = {
    {
        .name = "dbsize",
        .handler = dbsize_command,
        .arity = 1,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_KEYSPACE,
        .tips = "request_policy:all_shards response_policy:agg_sum",
        .summary = "Counts the keys of the database.",
        .complexity = "O(1)",
        .since = "1.0.0",
        .group = "server",
    },
    {
        .name = "flushdb",
        .handler = flushdb_command,
        .arity = -1,
        .flags = COMMAND_WRITE,
        .categories = CATEGORY_KEYSPACE | CATEGORY_DANGEROUS,
        .tips = "request_policy:all_shards response_policy:all_succeeded",
        .summary = "Deletes every key of the database.",
        .syntax = "[flush-type(ASYNC/4.0.0 | SYNC/6.2.0)]",
        .complexity = "O(N)",
        .since = "1.0.0",
        .group = "server",
    },
    {
        .name = "flushall",
        .handler = flushall_command,
        .arity = -1,
        .flags = COMMAND_WRITE,
        .categories = CATEGORY_KEYSPACE | CATEGORY_DANGEROUS,
        .tips = "request_policy:all_shards response_policy:all_succeeded",
        .summary = "Deletes every key of every database.",
        .syntax = "[flush-type(ASYNC/4.0.0 | SYNC/6.2.0)]",
        .complexity = "O(N)",
        .since = "1.0.0",
        .group = "server",
    },
    {
        .name = "swapdb",
        .handler = swapdb_command,
        .arity = 3,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_KEYSPACE | CATEGORY_DANGEROUS,
        .summary = "Exchanges two databases.",
        .syntax = "index1 index2",
        .complexity = "O(N)",
        .since = "4.0.0",
        .group = "server",
    },
};

const struct command_list key_database_commands = COMMAND_LIST(rows);
