/* DEBUG RELOAD: the data to disk and back. */
#include "engine/arguments.h"
#include "engine/engine.h"
#include "engine/reply.h"
#include "foundation/log.h"
#include "services/persistence/rdb_file.h"
#include "services/persistence/snapshot.h"

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
    if (!options.is_not_saving && !snapshot_save(call->engine))
        reply_error(call, "ERR");
    else if (load(call->engine, options.flags))
        reply_ok(call);
    else
        reply_error(call, "ERR Error trying to load the RDB dump, check server logs.");
}

static const char *const reload_help[] = {
    "RELOAD [MERGE] [NOFLUSH] [NOSAVE]",
    "    Save the RDB on disk and reload it back to memory. NOSAVE leaves the file as",
    "    it is. NOFLUSH keeps the keys that are there; where one is in the file too it is",
    "    an error, or with MERGE replaced.",
    NULL,
};

const struct debug_tool snapshot_debug_tools[] = {
    {.name = "reload",
     .min_argc = 2,
     .max_argc = UINT32_MAX,
     .handler = debug_reload,
     .help = reload_help},
    {.name = NULL},
};
