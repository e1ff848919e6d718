/* DEBUG RELOAD and LOADAOF: the data to disk and back. */
#include "data/keyspace_join.h"
#include "engine/arguments.h"
#include "engine/effects.h"
#include "engine/engine.h"
#include "engine/reply.h"
#include "foundation/log.h"
#include "services/persistence/aof_load.h"
#include "services/persistence/aof_private.h"
#include "services/persistence/rdb_file.h"
#include "services/persistence/snapshot.h"

/* --- RELOAD --- */

struct reload_options {
    bool is_not_saving;
    unsigned flags; /* enum rdb_load_flag */
};

static bool parse_options(struct call *call, struct reload_options *options) {
    bool is_merging = false, is_adding = false;
    *options = (struct reload_options){0};
    for (uint32_t i = 2; i < call->argc; i++) {
        if (argument_is(call, i, "merge")) {
            is_merging = true;
        } else if (argument_is(call, i, "noflush")) {
            is_adding = true;
        } else if (argument_is(call, i, "nosave")) {
            options->is_not_saving = true;
        } else {
            reply_error(call, "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE "
                              "options.");
            return false;
        }
    }
    if (is_adding) options->flags |= RDB_LOAD_ADDS;
    if (is_merging) options->flags |= RDB_LOAD_REPLACES;
    return true;
}

/* What comes from a file that is not of this moment is not in the log. */
static void renew_log(struct engine *engine, const struct reload_options *options) {
    if (options->is_not_saving || options->flags != 0) aof_renew_base(engine);
}

/* The log tells that a key's time has passed by its deletion only: what has come due is met later,
 * and that is told. */
static unsigned choose_flags(struct engine *engine, const struct reload_options *options) {
    bool has_log = aof_of(engine)->state != AOF_OFF;
    return has_log ? options->flags | RDB_LOAD_KEEPS_EXPIRED : options->flags;
}

static bool load(struct engine *engine, unsigned flags) {
    char error[PERSISTENCE_ERROR_MAX];
    struct loader *loader = rdb_loader_new(engine, snapshot_path(), flags, error);
    if (loader == NULL) {
        LOG_WARNING("DEBUG RELOAD: %s", error);
        return false;
    }
    bool is_loaded = loader_run(loader);
    if (is_loaded)
        LOG_NOTICE("DB reloaded by DEBUG RELOAD");
    else
        LOG_WARNING("DEBUG RELOAD: %s", loader->error);
    loader_free(loader);
    return is_loaded;
}

static void debug_reload(struct call *call) {
    struct reload_options options;
    if (!parse_options(call, &options)) return;
    call_no_effect(call);
    if (!options.is_not_saving && !snapshot_save(call->engine))
        reply_error(call, "ERR");
    else if (!load(call->engine, choose_flags(call->engine, &options)))
        reply_error(call, "ERR Error trying to load the RDB dump, check server logs.");
    else {
        renew_log(call->engine, &options);
        reply_ok(call);
    }
}

static const char *const reload_help[] = {
    "RELOAD [MERGE] [NOFLUSH] [NOSAVE]",
    "    Save the RDB on disk and reload it back to memory. NOSAVE leaves the file as",
    "    it is. NOFLUSH keeps the keys that are there; where one is in the file too it is",
    "    an error, or with MERGE replaced.",
    NULL,
};

/* --- LOADAOF --- */

static bool run_log(struct engine *engine) {
    char error[PERSISTENCE_ERROR_MAX];
    struct loader *loader = aof_loader_new(engine, error);
    if (loader == NULL) {
        LOG_WARNING("DEBUG LOADAOF: %s", error[0] == '\0' ? "there is no log" : error);
        return false;
    }
    bool is_run = loader_run(loader);
    if (!is_run) LOG_WARNING("DEBUG LOADAOF: %s", loader->error);
    loader_free(loader);
    return is_run;
}

/* The data that were there are kept aside until all has been read. */
static bool load_log(struct engine *engine) {
    struct keyspace *keyspace = engine->keyspace;
    struct keyspace *old = keyspace_new(keyspace->db_count, keyspace->clock);
    old->worker = keyspace->worker;
    keyspace_exchange(keyspace, old);
    engine->is_loading = true;
    aof_pause(engine);
    bool is_loaded = run_log(engine);
    aof_resume(engine);
    engine->is_loading = false;
    if (is_loaded)
        snapshot_note_loaded(engine);
    else
        keyspace_exchange(keyspace, old);
    keyspace_free(old);
    return is_loaded;
}

/* A log that is only starting was begun with the data that were there before. */
static void renew_starting_log(struct engine *engine) {
    if (aof_of(engine)->state == AOF_STARTING) aof_renew_base(engine);
}

static void debug_loadaof(struct call *call) {
    char error[PERSISTENCE_ERROR_MAX];
    struct engine *engine = call->engine;
    call_no_effect(call);
    if (engine->is_loading) {
        reply_error(call, "ERR DEBUG LOADAOF while data are being loaded");
    } else if (!aof_flush(engine, error)) {
        LOG_WARNING("DEBUG LOADAOF: %s", error);
        reply_error(call, "ERR Error trying to write the AOF files, check server logs.");
    } else if (load_log(engine)) {
        LOG_NOTICE("The append only file was loaded by DEBUG LOADAOF");
        renew_starting_log(engine);
        reply_ok(call);
    } else {
        reply_error(call, "ERR Error trying to load the AOF files, check server logs.");
    }
}

static const char *const loadaof_help[] = {
    "LOADAOF",
    "    Write the append only file to disk and load it in the place of the data.",
    NULL,
};

const struct debug_tool aof_debug_tools[] = {
    {.name = "loadaof",
     .min_argc = 2,
     .max_argc = UINT32_MAX,
     .handler = debug_loadaof,
     .help = loadaof_help},
    {.name = NULL},
};

const struct debug_tool snapshot_debug_tools[] = {
    {.name = "reload",
     .min_argc = 2,
     .max_argc = UINT32_MAX,
     .handler = debug_reload,
     .help = reload_help},
    {.name = NULL},
};
