/* One datagram for each piece of news, to the Unix socket that the supervisor names in NOTIFY_SOCKET;
 * what it may hold: sd_notify(3). */
#include "server/supervisor.h"

#include "engine/engine.h"
#include "foundation/log.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum supervision { SUPERVISED_NOT, SUPERVISED_BY_SYSTEMD, SUPERVISED_IF_TOLD };

static struct {
    int supervision; /* enum supervision */
    bool has_told;   /* that the server serves */
} state;

/* A name that begins with '@' is one of the abstract kind, whose first byte is zero. */
static bool read_address(const char *name, struct sockaddr_un *address, socklen_t *len) {
    size_t name_len = strlen(name);
    errno = ENAMETOOLONG;
    if (name_len < 2 || name_len >= sizeof(address->sun_path)) return false;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, name, name_len);
    if (name[0] == '@') address->sun_path[0] = '\0';
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name_len);
    return true;
}

static bool send_news(const char *name, const char *news) {
    struct sockaddr_un address;
    socklen_t len;
    if (!read_address(name, &address, &len)) return false;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd == -1) return false;
    ssize_t sent = sendto(fd, news, strlen(news), MSG_NOSIGNAL, (struct sockaddr *)&address, len);
    close(fd);
    return sent == (ssize_t)strlen(news);
}

static void tell(const char *news) {
    const char *name = getenv("NOTIFY_SOCKET");
    if (name == NULL || name[0] == '\0') {
        if (state.supervision == SUPERVISED_BY_SYSTEMD)
            LOG_WARNING("supervised systemd, but NOTIFY_SOCKET is not set: nobody is told");
    } else if (!send_news(name, news)) {
        LOG_WARNING("Can't tell systemd on '%s': %s", name, strerror(errno));
    }
}

static void tell_when_serving(struct engine *engine) {
    if (state.has_told || engine->is_loading || state.supervision == SUPERVISED_NOT) return;
    state.has_told = true;
    tell("STATUS=Ready to accept connections\nREADY=1\n");
}

static void tell_end(struct engine *engine) {
    (void)engine;
    if (!state.has_told) return;
    state.has_told = false;
    tell("STOPPING=1\n");
}

static const struct directive_choice choices[] = {
    {"no", SUPERVISED_NOT},
    {"systemd", SUPERVISED_BY_SYSTEMD},
    {"auto", SUPERVISED_IF_TOLD},
    {NULL, 0},
};

static const struct directive directives[] = {
    {.name = "supervised",
     .kind = DIRECTIVE_ENUM,
     .flags = DIRECTIVE_IMMUTABLE,
     .field = &state.supervision,
     .choices = choices,
     .default_text = "no"},
};

const struct feature supervisor_feature = {
    .name = "supervisor",
    .directives = directives,
    .directive_count = ARRAY_LEN(directives),
    .tick = tell_when_serving,
    .stop = tell_end,
};
