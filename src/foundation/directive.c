#include "foundation/directive.h"

#include "foundation/directive_value.h"
#include "foundation/glob.h"
#include "foundation/mem.h"

struct known {
    const struct directive *row;
    char *default_value; /* as CONFIG GET shows it */
};

struct directives {
    struct known *rows;
    size_t count;
};

struct directives *directives_new(void) {
    return mem_alloc_zeroed(sizeof(struct directives));
}

void directives_free(struct directives *directives) {
    if (directives == NULL) return;
    for (size_t i = 0; i < directives->count; i++) {
        directive_release(directives->rows[i].row);
        mem_free(directives->rows[i].default_value);
    }
    mem_free(directives->rows);
    mem_free(directives);
}

static bool has_name(const struct directive *row, struct bytes name) {
    return bytes_is_word(name, row->name) ||
           (row->alias != NULL && bytes_is_word(name, row->alias));
}

const struct directive *directives_find(const struct directives *directives, struct bytes name) {
    for (size_t i = 0; i < directives->count; i++) {
        if (has_name(directives->rows[i].row, name)) return directives->rows[i].row;
    }
    return NULL;
}

void directives_add(struct directives *directives, const struct directive *rows, size_t count) {
    size_t total = directives->count + count;
    directives->rows = mem_realloc(directives->rows, total * sizeof(*directives->rows));
    for (size_t i = 0; i < count; i++) {
        CHECK(directives_find(directives, bytes_of_str(rows[i].name)) == NULL);
        CHECK(rows[i].alias == NULL ||
              directives_find(directives, bytes_of_str(rows[i].alias)) == NULL);
        directives->rows[directives->count++] = (struct known){.row = &rows[i]};
    }
}

/* The words of a text that was formatted or comes as one argument of CONFIG SET. A row of many
 * words splits it at spaces; empty text is one empty word either way. */
struct split {
    struct bytes *items;
    size_t count;
};

static void add_item(struct split *split, struct bytes item) {
    split->items = mem_realloc(split->items, (split->count + 1) * sizeof(*split->items));
    split->items[split->count++] = item;
}

static void split_text(const struct directive *row, struct bytes text, struct split *split) {
    if ((row->flags & DIRECTIVE_MULTI_ARG) == 0) {
        add_item(split, text);
        return;
    }
    size_t before = split->count;
    struct bytes rest = text;
    struct bytes word;
    while (bytes_next_word(&rest, ' ', &word)) {
        add_item(split, word);
    }
    if (split->count == before) add_item(split, bytes_of("", 0));
}

static bool assign_split(const struct directive *row, const struct split *split,
                         enum directive_source source, struct buffer *error) {
    struct directive_args args = {.items = split->items, .count = split->count, .source = source};
    return directive_assign(row, &args, error);
}

static bool assign_text(const struct directive *row, struct bytes text,
                        enum directive_source source, struct buffer *error) {
    struct split split = {0};
    split_text(row, text, &split);
    bool is_set = assign_split(row, &split, source, error);
    mem_free(split.items);
    return is_set;
}

void directives_apply_defaults(struct directives *directives) {
    for (size_t i = 0; i < directives->count; i++) {
        struct known *known = &directives->rows[i];
        const struct directive *row = known->row;
        if (row->default_text == NULL) continue;
        struct buffer text = {0};
        CHECK(assign_text(row, bytes_of_str(row->default_text), DIRECTIVE_FROM_DEFAULT, &text));
        directive_format(row, &text);
        buffer_c_str(&text);
        mem_free(known->default_value);
        known->default_value = buffer_detach(&text, NULL);
    }
}

bool directives_set_at_start(struct directives *directives, struct bytes name,
                             const struct bytes *args, size_t count, struct buffer *error) {
    const struct directive *row = directives_find(directives, name);
    if (row == NULL) {
        buffer_append_str(error, "unknown directive");
        return false;
    }
    struct split split = {0};
    bool is_split = (row->flags & DIRECTIVE_FILE_ONLY) == 0;
    for (size_t i = 0; i < count; i++) {
        if (is_split) {
            split_text(row, args[i], &split);
        } else {
            add_item(&split, args[i]);
        }
    }
    if (count == 0 && (row->flags & DIRECTIVE_MULTI_ARG) != 0) add_item(&split, bytes_of("", 0));
    if (split.count == 0) buffer_append_str(error, "wrong number of arguments");
    bool is_set = split.count > 0 && assign_split(row, &split, DIRECTIVE_FROM_FILE, error);
    mem_free(split.items);
    return is_set;
}

/* CONFIG SET. */

struct change {
    const struct directive *row;
    struct bytes name; /* as it was typed */
    struct bytes text;
    struct buffer old_text;
    bool is_set;
    bool must_apply;
    bool is_applied;
};

static void write_failure(struct buffer *error, struct bytes name, struct bytes reason) {
    buffer_printf(error, "ERR CONFIG SET failed (possibly related to argument '%.*s') - ",
                  (int)name.len, name.data);
    buffer_append_bytes(error, reason);
}

static bool refuse(struct buffer *error, struct bytes name, const char *reason) {
    write_failure(error, name, bytes_of_str(reason));
    return false;
}

/* A name and its alias count as two, as in Redis. */
static bool is_repeated(const struct change *changes, size_t index) {
    for (size_t i = 0; i < index; i++) {
        if (bytes_equal_nocase(changes[i].name, changes[index].name)) return true;
    }
    return false;
}

static bool check_change(const struct directives *directives, struct change *changes, size_t index,
                         bool may_set_protected, struct buffer *error) {
    struct change *change = &changes[index];
    const struct directive *row = directives_find(directives, change->name);
    change->row = row;
    if (row == NULL || (row->flags & DIRECTIVE_FILE_ONLY) != 0) {
        buffer_printf(error, "ERR Unknown option or number of arguments for CONFIG SET - '%.*s'",
                      (int)change->name.len, change->name.data);
        return false;
    }
    if ((row->flags & DIRECTIVE_IMMUTABLE) != 0) {
        return refuse(error, change->name, "can't set immutable config");
    }
    if ((row->flags & DIRECTIVE_PROTECTED) != 0 && !may_set_protected) {
        return refuse(error, change->name, "can't set protected config");
    }
    if (is_repeated(changes, index)) return refuse(error, change->name, "duplicate parameter");
    return true;
}

static bool set_change(struct change *change, struct buffer *error) {
    struct buffer reason = {0};
    directive_format(change->row, &change->old_text);
    change->is_set = assign_text(change->row, change->text, DIRECTIVE_FROM_COMMAND, &reason);
    if (change->is_set) {
        struct buffer new_text = {0};
        directive_format(change->row, &new_text);
        change->must_apply = (change->row->flags & DIRECTIVE_ALWAYS_APPLY) != 0 ||
                             !bytes_equal(buffer_bytes(&change->old_text), buffer_bytes(&new_text));
        buffer_destroy(&new_text);
    } else {
        write_failure(error, change->name, buffer_bytes(&reason));
    }
    buffer_destroy(&reason);
    return change->is_set;
}

/* True when an earlier change brought the same hook to its call. */
static bool is_applied_before(const struct change *changes, size_t index) {
    for (size_t i = 0; i < index; i++) {
        if (changes[i].is_applied && changes[i].row->apply == changes[index].row->apply)
            return true;
    }
    return false;
}

static bool apply_changes(struct change *changes, size_t count, struct buffer *error) {
    struct buffer reason = {0};
    bool is_good = true;
    for (size_t i = 0; i < count && is_good; i++) {
        struct change *change = &changes[i];
        if (!change->must_apply || change->row->apply == NULL) continue;
        if (is_applied_before(changes, i)) continue;
        change->is_applied = true;
        is_good = change->row->apply(&reason);
        if (!is_good) write_failure(error, change->name, buffer_bytes(&reason));
    }
    buffer_destroy(&reason);
    return is_good;
}

/* Sets the old values again, last change first, then lets the hooks that had run see them. */
static void roll_back(struct change *changes, size_t count) {
    struct buffer ignored = {0};
    for (size_t i = count; i-- > 0;) {
        if (!changes[i].is_set) continue;
        CHECK(assign_text(changes[i].row, buffer_bytes(&changes[i].old_text),
                          DIRECTIVE_FROM_OLD_VALUE, &ignored));
    }
    for (size_t i = 0; i < count; i++) {
        if (changes[i].is_applied) (void)changes[i].row->apply(&ignored);
    }
    buffer_destroy(&ignored);
}

static bool make_changes(struct change *changes, size_t count, struct buffer *error) {
    for (size_t i = 0; i < count; i++) {
        if (!set_change(&changes[i], error)) return false;
    }
    return apply_changes(changes, count, error);
}

bool directives_set(struct directives *directives, const struct bytes *pairs, size_t pair_count,
                    bool may_set_protected, struct buffer *error) {
    struct change *changes = mem_alloc_array(pair_count, sizeof(*changes));
    bool is_good = true;
    for (size_t i = 0; i < pair_count && is_good; i++) {
        changes[i].name = pairs[2 * i];
        changes[i].text = pairs[2 * i + 1];
        is_good = check_change(directives, changes, i, may_set_protected, error);
    }
    if (is_good) {
        is_good = make_changes(changes, pair_count, error);
        if (!is_good) roll_back(changes, pair_count);
    }
    for (size_t i = 0; i < pair_count; i++) {
        buffer_destroy(&changes[i].old_text);
    }
    mem_free(changes);
    return is_good;
}

/* CONFIG GET. */

/* Finds the first pattern that shows the name; a literal one lends its own spelling. */
static bool is_wanted(const char *name, bool is_hidden, const struct bytes *patterns, size_t count,
                      struct bytes *shown) {
    struct bytes full = bytes_of_str(name);
    for (size_t i = 0; i < count; i++) {
        if (glob_is_literal(patterns[i])) {
            if (!bytes_equal_nocase(patterns[i], full)) continue;
            *shown = patterns[i];
            return true;
        }
        if (is_hidden || !glob_match_nocase(patterns[i], full)) continue;
        *shown = full;
        return true;
    }
    return false;
}

static size_t visit_row(const struct directive *row, const struct bytes *patterns, size_t count,
                        directive_visitor *visit, void *context) {
    const char *names[] = {row->name, row->alias};
    size_t shown_count = 0;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct bytes shown;
        bool is_hidden = (row->flags & DIRECTIVE_HIDDEN) != 0;
        if (names[i] == NULL || !is_wanted(names[i], is_hidden, patterns, count, &shown)) continue;
        shown_count++;
        if (visit == NULL) continue;
        struct buffer text = {0};
        directive_format(row, &text);
        visit(context, shown, buffer_bytes(&text));
        buffer_destroy(&text);
    }
    return shown_count;
}

size_t directives_get(const struct directives *directives, const struct bytes *patterns,
                      size_t pattern_count, directive_visitor *visit, void *context) {
    size_t shown_count = 0;
    for (size_t i = 0; i < directives->count; i++) {
        const struct directive *row = directives->rows[i].row;
        if ((row->flags & DIRECTIVE_FILE_ONLY) != 0) continue;
        shown_count += visit_row(row, patterns, pattern_count, visit, context);
    }
    return shown_count;
}

void directives_each(const struct directives *directives,
                     void (*visit)(void *context, const struct directive *row,
                                   const char *default_value),
                     void *context) {
    for (size_t i = 0; i < directives->count; i++) {
        visit(context, directives->rows[i].row, directives->rows[i].default_value);
    }
}
