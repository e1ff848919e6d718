/* Compiling takes two steps: the words become arguments, and each argument becomes its bytes with
 * the places found in it; an argument's length line is written when its end is known, and so is the
 * line in front of a command. */
#include "benchmark/template.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "benchmark/clock.h"
#include "benchmark/fail.h"

enum {
    FRACTION_UNITS = 1000000,
    FRACTION_DIGITS = 6,
    CLOCK_DIGITS = 13,
    ARGUMENTS_MAX = 1024,
    FIELDS_MAX = 6
};

static const uint64_t data_length_max = 512u << 20;

/* What a template holds while it is being built. */
struct builder {
    struct template *template;
    double theta;
    struct random letters;
    char *body; /* what is encoded so far, without the leading line of the last command */
    size_t body_length;
    size_t body_room;
    size_t argument_count; /* of the last command */
    size_t command_start;  /* where it begins in the body, and among the places */
    size_t command_first_place;
};

__attribute__((format(printf, 2, 3))) static bool refuse(struct builder *builder,
                                                         const char *format, ...) {
    va_list values;
    va_start(values, format);
    vsnprintf(builder->template->error, TEMPLATE_ERROR_MAX, format, values);
    va_end(values);
    return false;
}

static char *append_room(struct builder *builder, size_t length) {
    if (builder->body_length + length > builder->body_room) {
        builder->body_room = 2 * (builder->body_length + length);
        builder->body = need_memory(builder->body, builder->body_room);
    }
    char *place = builder->body + builder->body_length;
    builder->body_length += length;
    return place;
}

static bool parse_unsigned(const char *text, uint64_t least, uint64_t most, uint64_t *value) {
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *value >= least &&
           *value <= most;
}

static bool parse_number(const char *text, double *value) {
    char *end;
    *value = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*value) && fabs(*value) < 1e12;
}

static uint32_t count_digits(uint64_t value) {
    uint32_t digits = 1;
    while (value >= 10) {
        value /= 10;
        digits++;
    }
    return digits;
}

static uint64_t power_of_ten(uint64_t exponent) {
    uint64_t power = 1;
    while (exponent-- > 0) power *= 10;
    return power;
}

/* ---- Placeholders: each parser fills in all but the offset. ---- */

static bool parse_counted(struct builder *builder, struct template_place *place, char **fields,
                          size_t field_count) {
    uint64_t width;
    if (field_count != 3 || !parse_unsigned(fields[1], 1, UINT64_MAX, &place->range) ||
        !parse_unsigned(fields[2], 1, 20, &width)) {
        return refuse(builder, "{%s:N:W} needs a count N > 0 and a width W of 1 to 20", fields[0]);
    }
    place->width = (uint32_t)width;
    if (count_digits(place->range - 1) > width) {
        return refuse(builder, "{%s:%s:%s}: the width is too small for the numbers", fields[0],
                      fields[1], fields[2]);
    }
    if (place->kind == TEMPLATE_ZIPF) zipf_init(&place->zipf, place->range, builder->theta);
    return true;
}

static bool parse_int(struct builder *builder, struct template_place *place, char **fields,
                      size_t field_count) {
    uint64_t width;
    if (field_count != 2 || !parse_unsigned(fields[1], 1, 18, &width)) {
        return refuse(builder, "{int:W} needs a width W of 1 to 18");
    }
    place->width = (uint32_t)width;
    place->low = width == 1 ? 0 : (int64_t)power_of_ten(width - 1);
    place->range = power_of_ten(width) - (uint64_t)place->low;
    return true;
}

static bool parse_decimal(struct builder *builder, struct template_place *place, char **fields,
                          size_t field_count) {
    double low, high;
    uint64_t width;
    if (field_count != 4 || !parse_number(fields[1], &low) || !parse_number(fields[2], &high) ||
        low >= high || !parse_unsigned(fields[3], 1, 24, &width)) {
        return refuse(builder, "{dec:A:B:W} needs numbers A < B and a width W of 1 to 24");
    }
    place->width = (uint32_t)width;
    place->low = (int64_t)llround(low * FRACTION_UNITS);
    place->range = (uint64_t)((int64_t)llround(high * FRACTION_UNITS) - place->low);
    double largest = fmax(fabs(low), fabs(high));
    uint32_t needed = count_digits((uint64_t)largest) + 1 + FRACTION_DIGITS + (low < 0);
    if (place->range == 0 || width < needed) {
        return refuse(builder, "{dec:%s:%s:%s}: the width must be at least %u", fields[1],
                      fields[2], fields[3], needed);
    }
    return true;
}

static bool parse_clock(struct builder *builder, struct template_place *place, char **fields,
                        size_t field_count) {
    uint64_t from, to;
    if (field_count != 3 || !parse_unsigned(fields[1], 0, UINT32_MAX, &from) ||
        !parse_unsigned(fields[2], from, UINT32_MAX, &to)) {
        return refuse(builder, "{at:A:B} needs times in ms with A <= B");
    }
    place->width = CLOCK_DIGITS;
    place->low = (int64_t)from;
    place->range = to - from + 1;
    return true;
}

static bool parse_due(struct builder *builder, struct template_place *place, char **fields,
                      size_t field_count) {
    uint64_t base_ms;
    uint64_t time_max = power_of_ten(CLOCK_DIGITS) - 1;
    if (field_count != 4 ||
        !parse_unsigned(fields[1], power_of_ten(CLOCK_DIGITS - 1), time_max, &base_ms) ||
        !parse_unsigned(fields[2], 1, time_max - base_ms, &place->span_ms) ||
        !parse_unsigned(fields[3], 1, UINT32_MAX, &place->range)) {
        return refuse(builder, "{due:T:S:N} needs a Unix time T in ms, a span S and a count N");
    }
    place->width = CLOCK_DIGITS;
    place->low = (int64_t)base_ms;
    return true;
}

static bool parse_same(struct builder *builder, struct template_place *place, char **fields,
                       size_t field_count) {
    uint64_t width;
    if (field_count != 2 || !parse_unsigned(fields[1], 1, 20, &width)) {
        return refuse(builder, "{same:W} needs a width W of 1 to 20");
    }
    if (builder->template->place_count == 0) {
        return refuse(builder, "{same:W} has no placeholder before it");
    }
    place->width = (uint32_t)width;
    return true;
}

static bool append_data(struct builder *builder, char **fields, size_t field_count) {
    uint64_t length;
    if (field_count != 2 || !parse_unsigned(fields[1], 1, data_length_max, &length)) {
        return refuse(builder, "{data:L} needs a length L of 1 to %llu bytes",
                      (unsigned long long)data_length_max);
    }
    char *letters = append_room(builder, length);
    for (size_t i = 0; i < length; i++) {
        letters[i] = (char)('a' + random_below(&builder->letters, 26));
    }
    return true;
}

struct placeholder {
    const char *name;
    enum template_kind kind;
    bool (*parse)(struct builder *builder, struct template_place *place, char **fields,
                  size_t field_count);
};

static const struct placeholder placeholders[] = {
    {"rand", TEMPLATE_UNIFORM, parse_counted}, {"zipf", TEMPLATE_ZIPF, parse_counted},
    {"seq", TEMPLATE_SEQUENCE, parse_counted}, {"int", TEMPLATE_UNIFORM, parse_int},
    {"dec", TEMPLATE_DECIMAL, parse_decimal},  {"at", TEMPLATE_CLOCK, parse_clock},
    {"due", TEMPLATE_DUE, parse_due},          {"same", TEMPLATE_SAME, parse_same},
};

static bool append_place(struct builder *builder, const struct placeholder *placeholder,
                         char **fields, size_t field_count) {
    struct template *template = builder->template;
    if (template->place_count == TEMPLATE_PLACES_MAX) {
        return refuse(builder, "more than %d placeholders", TEMPLATE_PLACES_MAX);
    }
    struct template_place *place = &template->places[template->place_count];
    *place = (struct template_place){.kind = placeholder->kind};
    if (!placeholder->parse(builder, place, fields, field_count)) return false;
    place->offset = builder->body_length;
    memset(append_room(builder, place->width), '0', place->width);
    template->place_count++;
    return true;
}

/* Appends the placeholder whose text, without braces, is `text`. */
static bool append_placeholder(struct builder *builder, char *text) {
    char *fields[FIELDS_MAX] = {text};
    size_t field_count = 1;
    for (char *at = text; *at != '\0'; at++) {
        if (*at != ':' || field_count == FIELDS_MAX) continue;
        *at = '\0';
        fields[field_count++] = at + 1;
    }
    if (strcmp(fields[0], "data") == 0) return append_data(builder, fields, field_count);
    for (size_t i = 0; i < sizeof(placeholders) / sizeof(placeholders[0]); i++) {
        if (strcmp(fields[0], placeholders[i].name) == 0) {
            return append_place(builder, &placeholders[i], fields, field_count);
        }
    }
    return refuse(builder, "unknown placeholder {%s} (write {{ for a plain brace)", fields[0]);
}

static bool append_argument_bytes(struct builder *builder, const char *text, size_t length) {
    const char *end = text + length;
    while (text < end) {
        if (*text != '{' || (text + 1 < end && text[1] == '{')) {
            *append_room(builder, 1) = *text;
            text += *text == '{' ? 2 : 1;
            continue;
        }
        const char *close = memchr(text, '}', (size_t)(end - text));
        char inner[100];
        if (close == NULL || (size_t)(close - text) > sizeof(inner)) {
            return refuse(builder, "a { without its } (write {{ for a plain brace)");
        }
        size_t inner_length = (size_t)(close - text) - 1;
        memcpy(inner, text + 1, inner_length);
        inner[inner_length] = '\0';
        if (!append_placeholder(builder, inner)) return false;
        text = close + 1;
    }
    return true;
}

/* Puts a line of a length or count in front of what has been appended from `start` on. */
static void insert_line(struct builder *builder, size_t start, size_t first_place, char type,
                        size_t count) {
    struct template *template = builder->template;
    char line[32];
    size_t length = builder->body_length - start;
    size_t line_length = (size_t)snprintf(line, sizeof(line), "%c%zu\r\n", type, count);
    append_room(builder, line_length);
    memmove(builder->body + start + line_length, builder->body + start, length);
    memcpy(builder->body + start, line, line_length);
    for (size_t i = first_place; i < template->place_count; i++) {
        template->places[i].offset += line_length;
    }
}

static bool append_argument(struct builder *builder, const char *text, size_t length) {
    if (builder->argument_count == ARGUMENTS_MAX) {
        return refuse(builder, "more than %d arguments", ARGUMENTS_MAX);
    }
    size_t start = builder->body_length;
    size_t first_place = builder->template->place_count;
    if (!append_argument_bytes(builder, text, length)) return false;
    insert_line(builder, start, first_place, '$', builder->body_length - start);
    memcpy(append_room(builder, 2), "\r\n", 2);
    builder->argument_count++;
    return true;
}

static bool end_command(struct builder *builder) {
    if (builder->argument_count == 0) return refuse(builder, "the command is empty");
    insert_line(builder, builder->command_start, builder->command_first_place, '*',
                builder->argument_count);
    builder->argument_count = 0;
    builder->command_start = builder->body_length;
    builder->command_first_place = builder->template->place_count;
    builder->template->command_count++;
    return true;
}

static bool append_word(struct builder *builder, const char *text, size_t length) {
    bool is_end = length == 3 && memcmp(text, "{;}", 3) == 0;
    return is_end ? end_command(builder) : append_argument(builder, text, length);
}

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\n';
}

static bool append_split_line(struct builder *builder, const char *text) {
    char *word = need_memory(NULL, strlen(text) + 1);
    bool is_right = true;
    while (is_right) {
        while (is_blank(*text)) text++;
        if (*text == '\0') break;
        size_t length = 0;
        char quote = '\0';
        for (; *text != '\0' && (quote || !is_blank(*text)); text++) {
            if (quote ? *text == quote : (*text == '"' || *text == '\'')) {
                quote = quote ? '\0' : *text;
            } else {
                word[length++] = *text;
            }
        }
        is_right = quote ? refuse(builder, "unbalanced quotes in the command")
                         : append_word(builder, word, length);
    }
    free(word);
    return is_right;
}

static bool append_all(struct builder *builder, const char *const *words, size_t word_count) {
    if (word_count == 1 && !append_split_line(builder, words[0])) return false;
    for (size_t i = 0; word_count > 1 && i < word_count; i++) {
        if (!append_word(builder, words[i], strlen(words[i]))) return false;
    }
    return end_command(builder);
}

bool template_compile(struct template *template, const char *const *words, size_t word_count,
                      double theta) {
    *template = (struct template){.bytes = NULL};
    struct builder builder = {.template = template, .theta = theta, .body_room = 256};
    builder.body = need_memory(NULL, builder.body_room);
    bool is_right = append_all(&builder, words, word_count);
    template->bytes = builder.body;
    template->length = builder.body_length;
    return is_right;
}

void template_destroy(struct template *template) {
    free(template->bytes);
    template->bytes = NULL;
}

/* ---- Patching ---- */

static const char digit_pairs[201] = "00010203040506070809101112131415161718192021222324"
                                     "25262728293031323334353637383940414243444546474849"
                                     "50515253545556575859606162636465666768697071727374"
                                     "75767778798081828384858687888990919293949596979899";

/* Writes `value` right-aligned into `width` bytes, padded with zeros. */
static inline void write_digits(char *to, uint32_t width, uint64_t value) {
    char *at = to + width;
    while (at - to >= 2) {
        at -= 2;
        memcpy(at, digit_pairs + 2 * (value % 100), 2);
        value /= 100;
    }
    if (at > to) *to = (char)('0' + value % 10);
}

static void write_decimal(char *to, uint32_t width, int64_t units) {
    uint64_t size = units < 0 ? 0 - (uint64_t)units : (uint64_t)units;
    uint32_t whole_width = width - FRACTION_DIGITS - 1;
    write_digits(to, whole_width, size / FRACTION_UNITS);
    if (units < 0) *to = '-';
    to[whole_width] = '.';
    write_digits(to + whole_width + 1, FRACTION_DIGITS, size % FRACTION_UNITS);
}

static inline uint64_t choose_value(const struct template_place *place, struct random *random,
                                    uint64_t sequence, uint64_t previous) {
    uint64_t low = (uint64_t)place->low;
    switch (place->kind) {
    case TEMPLATE_ZIPF: return zipf_next(&place->zipf, random);
    case TEMPLATE_SEQUENCE: return sequence % place->range;
    case TEMPLATE_DUE: return low + place->span_ms * (sequence % place->range) / place->range;
    case TEMPLATE_CLOCK: return clock_unix_ms_coarse() + low + random_below(random, place->range);
    case TEMPLATE_SAME: return previous;
    case TEMPLATE_DECIMAL:
    case TEMPLATE_UNIFORM: break;
    }
    return low + random_below(random, place->range);
}

void template_patch(const struct template *template, char *bytes, struct random *random,
                    uint64_t sequence) {
    uint64_t value = 0;
    for (size_t i = 0; i < template->place_count; i++) {
        const struct template_place *place = &template->places[i];
        value = choose_value(place, random, sequence, value);
        if (place->kind == TEMPLATE_DECIMAL) {
            write_decimal(bytes + place->offset, place->width, (int64_t)value);
        } else {
            write_digits(bytes + place->offset, place->width, value);
        }
    }
}
