#include "engine/authentication.h"

static struct {
    char *password; /* empty, or NULL before the directives are read: none */
} settings;

static struct bytes password_in_force(void) {
    return settings.password == NULL ? BYTES("") : bytes_of_str(settings.password);
}

/* Looks at every byte of what was sent, whatever differs. `password` is not empty. */
static bool is_same(struct bytes sent, struct bytes password) {
    size_t difference = sent.len ^ password.len;
    for (size_t i = 0; i < sent.len; i++)
        difference |= (unsigned char)(sent.data[i] ^ password.data[i % password.len]);
    return difference == 0;
}

bool authentication_is_required(void) {
    return password_in_force().len != 0;
}

bool authentication_has_user(struct bytes user) {
    return bytes_equal(user, BYTES("default"));
}

bool authentication_check(struct bytes user, struct bytes password) {
    if (!authentication_has_user(user)) return false;
    return !authentication_is_required() || is_same(password, password_in_force());
}

static const struct directive directives[] = {
    {
        .name = "requirepass",
        .kind = DIRECTIVE_STRING,
        .flags = DIRECTIVE_SENSITIVE,
        .field = &settings.password,
        .default_text = "",
    },
};

const struct feature authentication_feature = {
    .name = "authentication",
    .directives = directives,
    .directive_count = ARRAY_LEN(directives),
};
