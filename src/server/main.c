/* Start and stop. The order matters: nothing is visible outside (no socket, no pid file) before
 * everything that can fail has been tried, and what was started is stopped in reverse. */
#include "engine/client.h"
#include "engine/engine.h"
#include "engine/version.h"
#include "foundation/hash.h"
#include "foundation/log.h"
#include "foundation/mem.h"
#include "foundation/random.h"
#include "foundation/worker.h"
#include "io/event_loop.h"
#include "server/crash.h"
#include "server/daemon.h"
#include "server/features.h"
#include "server/options.h"
#include "server/settings.h"
#include "server/signals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void start_foundation(void) {
    mem_start();
    hash_start();
    random_start();
    clock_ticks_start();
}

static struct directives *new_directives(void) {
    struct directives *directives = directives_new();
    for (const struct feature *const *feature = features_all(); *feature != NULL; feature++) {
        if ((*feature)->directive_count != 0)
            directives_add(directives, (*feature)->directives, (*feature)->directive_count);
    }
    directives_apply_defaults(directives);
    return directives;
}

static int fail(const char *text) {
    (void)fprintf(stderr, "%s%s", text,
                  text[0] != '\0' && text[strlen(text) - 1] == '\n' ? "" : "\n");
    return EXIT_FAILURE;
}

/* --- features --- */

static void stop_features(struct engine *engine, const struct feature *const *end) {
    while (end != engine->features) {
        end--;
        if ((*end)->stop != NULL) (*end)->stop(engine);
    }
}

static const struct feature *const *start_features(struct engine *engine, char *error) {
    const struct feature *const *feature = engine->features;
    for (; *feature != NULL; feature++) {
        if ((*feature)->start == NULL || (*feature)->start(engine, error)) continue;
        stop_features(engine, feature);
        return NULL;
    }
    return feature;
}

/* --- the process --- */

static bool write_pid_file(void) {
    const char *path = server_settings()->pid_path;
    if (path[0] == '\0') return true;
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        LOG_WARNING("Can't write the pid file '%s': %s", path, strerror(errno));
        return false;
    }
    (void)fprintf(file, "%d\n", (int)getpid());
    return fclose(file) == 0;
}

static void remove_pid_file(void) {
    if (server_settings()->pid_path[0] != '\0') (void)unlink(server_settings()->pid_path);
}

static void log_start(const struct engine *engine) {
    int port = network_port(engine->network);
    if (port == 0)
        LOG_NOTICE("Skua %s started, pid %d, no TCP port", SKUA_VERSION, (int)getpid());
    else
        LOG_NOTICE("Skua %s started, pid %d, TCP port %d", SKUA_VERSION, (int)getpid(), port);
}

static void serve(struct engine *engine) {
    log_start(engine);
    bool has_pid_file = write_pid_file();
    daemon_confirm();
    if (!engine->is_loading) LOG_NOTICE("Ready to accept connections");
    event_loop_run(engine->loop);
    LOG_NOTICE("Stopping: closing %zu clients", network_client_count(engine->network));
    if (has_pid_file) remove_pid_file();
}

static int run_engine(struct engine *engine) {
    char error[FEATURE_ERROR_MAX];
    const struct feature *const *started = start_features(engine, error);
    if (started == NULL) return fail(error);
    int status = EXIT_SUCCESS;
    if (network_start(engine, error) != NULL) {
        signals_start(engine);
        crash_start(engine);
        serve(engine);
        signals_stop(engine);
        network_stop(engine->network);
        LOG_NOTICE("Skua is now ready to exit, bye bye...");
    } else {
        status = fail(error);
    }
    stop_features(engine, started);
    return engine->has_failed ? EXIT_FAILURE : status;
}

static int run(struct directives *directives, const char *config_path) {
    struct event_loop *loop = event_loop_new();
    struct worker *worker = worker_start("skua-lazy-free");
    if (worker == NULL) return fail("Can't start the lazy-free thread");
    struct engine_settings settings = {
        .clock = event_loop_clock(loop),
        .loop = loop,
        .features = features_all(),
        .db_count = (uint32_t)server_settings()->databases,
    };
    struct engine *engine = engine_new(&settings);
    engine->directives = directives;
    engine->config_path = config_path;
    engine->keyspace->worker = worker;
    int status = run_engine(engine);
    worker_stop(worker);
    engine_free(engine);
    event_loop_free(loop);
    return status;
}

/* Checks and enters what the settings name, while errors can still be seen: first `dir`, to which
 * the log's name may be relative. */
static bool prepare_process(struct buffer *error) {
    if (!server_settings_enter_dir(error) || !server_settings_open_log(error)) return false;
    if (!server_settings()->is_daemon || daemon_detach()) return true;
    buffer_printf(error, "Can't daemonize: %s", strerror(errno));
    return false;
}

int main(int argc, char **argv) {
    start_foundation();
    signals_block();
    struct options options = options_read(argc, argv);
    if (options.wish == OPTIONS_HELP) {
        options_print_help(argv[0]);
        return EXIT_SUCCESS;
    }
    if (options.wish == OPTIONS_VERSION) {
        options_print_version();
        return EXIT_SUCCESS;
    }
    struct directives *directives = new_directives();
    struct buffer error = {0};
    bool is_ready = options_apply(&options, argc, argv, directives, &error);
    /* Before `dir` is entered: CONFIG REWRITE must find the file again. */
    char *config_path = is_ready ? options_absolute_path(&options) : NULL;
    is_ready = is_ready && prepare_process(&error);
    int status = is_ready ? run(directives, config_path) : fail(buffer_c_str(&error));
    mem_free(config_path);
    buffer_destroy(&error);
    directives_free(directives);
    return status;
}
