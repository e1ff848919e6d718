#include "engine/authentication.h"

static struct { struct buffer password; /* empty: none. Any bytes, zero ones too */ } settings;

static struct bytes password_in_force(void) {
    return buffer_bytes(&settings.password);
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

static bool parse_password(const struct directive_args *args, struct buffer *error) {
    if (args->count != 1) {
        buffer_append_str(error, "wrong number of arguments");
        return false;
    }
    buffer_clear(&settings.password);
    buffer_append_bytes(&settings.password, args->items[0]);
    return true;
}

static void format_password(struct buffer *out) {
    buffer_append_bytes(out, password_in_force());
}

static const struct directive directives[] = {
    {
        .name = "requirepass",
        .kind = DIRECTIVE_SPECIAL,
        .flags = DIRECTIVE_SENSITIVE,
        .parse = parse_password,
        .format = format_password,
        .default_text = "",
    },
};

static void stop_authentication(struct engine *engine) {
    (void)engine;
    buffer_destroy(&settings.password);
}

const struct feature authentication_feature = {
    .name = "authentication",
    .directives = directives,
    .directive_count = ARRAY_LEN(directives),
    .stop = stop_authentication,
};
