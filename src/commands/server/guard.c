#include "commands/server/guard.h"

#include "engine/client.h"

enum guard { GUARD_NOBODY, GUARD_LOCAL, GUARD_ALL };

static struct {
    int debug; /* enum guard */
    int protected_configs;
} settings;

static const struct directive_choice choices[] = {
    {"no", GUARD_NOBODY},
    {"yes", GUARD_ALL},
    {"local", GUARD_LOCAL},
    {NULL, 0},
};

const struct directive guard_directives[GUARD_DIRECTIVE_COUNT] = {
    {.name = "enable-debug-command",
     .kind = DIRECTIVE_ENUM,
     .flags = DIRECTIVE_IMMUTABLE,
     .field = &settings.debug,
     .choices = choices,
     .default_text = "no"},
    {.name = "enable-protected-configs",
     .kind = DIRECTIVE_ENUM,
     .flags = DIRECTIVE_IMMUTABLE,
     .field = &settings.protected_configs,
     .choices = choices,
     .default_text = "no"},
};

static bool allows(int guard, const struct session *session) {
    if (guard == GUARD_ALL || session->client == NULL) return true;
    return guard == GUARD_LOCAL && client_is_local(session->client);
}

bool guard_allows_debug(const struct session *session) {
    return allows(settings.debug, session);
}

bool guard_allows_protected_configs(const struct session *session) {
    return allows(settings.protected_configs, session);
}
