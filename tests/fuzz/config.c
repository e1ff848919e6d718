/* Input: a configuration file. It must be read or refused with a report; what was read, rewritten
 * from nothing and read again must give the same values, and a rewrite must settle at once. */
#include "unit/foundation/directive_sample.h"

#include "foundation/config_rewrite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_pair(void *context, struct bytes name, struct bytes value) {
    buffer_append_quoted(context, name);
    buffer_append_quoted(context, value);
}

static void show_all(struct buffer *out) {
    struct bytes all = BYTES("*");
    buffer_clear(out);
    directives_get(directives, &all, 1, add_pair, out);
}

static bool apply(struct bytes text) {
    struct config_text config = {.text = text};
    struct buffer error = {0};
    bool is_good = config_text_apply(directives, &config, &error);
    CHECK(is_good == (error.len == 0));
    buffer_destroy(&error);
    return is_good;
}

static void check_rewriting(struct bytes text) {
    struct buffer values = {0};
    struct buffer once = {0};
    struct buffer twice = {0};
    show_all(&values);
    config_rewrite_text(directives, text, &once);
    config_rewrite_text(directives, buffer_bytes(&once), &twice);
    CHECK(bytes_equal(buffer_bytes(&once), buffer_bytes(&twice)));
    buffer_clear(&once);
    config_rewrite_text(directives, bytes_of(NULL, 0), &once);
    directives_apply_defaults(directives);
    CHECK(apply(buffer_bytes(&once)));
    buffer_clear(&twice);
    show_all(&twice);
    CHECK(bytes_equal(buffer_bytes(&values), buffer_bytes(&twice)));
    buffer_destroy(&values);
    buffer_destroy(&once);
    buffer_destroy(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes text = bytes_of(data, size);
    (void)set_up(NULL);
    if (apply(text)) check_rewriting(text);
    (void)tear_down(NULL);
    return 0;
}
