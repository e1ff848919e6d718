#include "services/persistence/aof_manifest.h"

#include "foundation/mem.h"
#include "foundation/number.h"
#include "foundation/words.h"

#include <stdio.h>

enum { LINE_MAX_BYTES = 1024 };

/* --- files --- */

static struct aof_file *append(struct aof_manifest *manifest, struct aof_file file) {
    if (manifest->count == manifest->cap) {
        manifest->cap = manifest->cap == 0 ? 4 : manifest->cap * 2;
        manifest->files = mem_realloc(manifest->files, manifest->cap * sizeof(*manifest->files));
    }
    struct aof_file *at = &manifest->files[manifest->count++];
    *at = file;
    return at;
}

void aof_manifest_destroy(struct aof_manifest *manifest) {
    for (size_t i = 0; i < manifest->count; i++) mem_free(manifest->files[i].name);
    mem_free(manifest->files);
    *manifest = (struct aof_manifest){0};
}

void aof_manifest_copy(struct aof_manifest *to, const struct aof_manifest *from) {
    for (size_t i = 0; i < from->count; i++) {
        struct aof_file *file = append(to, from->files[i]);
        file->name = mem_dup_str(file->name);
    }
    to->last_base = from->last_base;
    to->last_increment = from->last_increment;
}

struct aof_file *aof_manifest_base(const struct aof_manifest *manifest) {
    for (size_t i = 0; i < manifest->count; i++) {
        if (manifest->files[i].type == AOF_FILE_BASE) return &manifest->files[i];
    }
    return NULL;
}

struct aof_file *aof_manifest_last_increment(const struct aof_manifest *manifest) {
    for (size_t i = manifest->count; i > 0; i--) {
        if (manifest->files[i - 1].type == AOF_FILE_INCREMENT) return &manifest->files[i - 1];
    }
    return NULL;
}

uint64_t aof_manifest_bytes(const struct aof_manifest *manifest) {
    uint64_t sum = 0;
    for (size_t i = 0; i < manifest->count; i++) {
        if (manifest->files[i].type != AOF_FILE_HISTORY) sum += manifest->files[i].bytes;
    }
    return sum;
}

/* --- reading --- */

/* The file of one line, whose name is still a view into the words. */
struct line {
    struct bytes name;
    struct bytes number;
    struct bytes type;
};

static bool is_plain_name(struct bytes name) {
    bool is_folder = bytes_equal(name, BYTES(".")) || bytes_equal(name, BYTES(".."));
    return name.len != 0 && bytes_index(name, '/') == name.len && !is_folder;
}

/* What is wrong with the words of a line; NULL: nothing. */
static const char *read_pairs(const struct words *words, struct line *line) {
    if (words->count < 6 || words->count % 2 != 0) return "pairs of keys and values were expected";
    for (size_t i = 0; i < words->count; i += 2) {
        if (bytes_is_word(words->items[i], "file"))
            line->name = words->items[i + 1];
        else if (bytes_is_word(words->items[i], "seq"))
            line->number = words->items[i + 1];
        else if (bytes_is_word(words->items[i], "type"))
            line->type = words->items[i + 1];
    }
    if (!is_plain_name(line->name)) return "the name of a file was expected";
    if (line->type.len != 1) return "type b, h or i was expected";
    return NULL;
}

static const char *add_line(struct aof_manifest *manifest, const struct line *line) {
    struct aof_file file = {.type = (enum aof_file_type)line->type.data[0]};
    if (!number_parse_u64(line->number, &file.number) || file.number == 0 ||
        file.number >= INT64_MAX)
        return "a sequence number was expected";
    switch (file.type) {
    case AOF_FILE_BASE:
        if (aof_manifest_base(manifest) != NULL) return "there is a base already";
        manifest->last_base = file.number;
        break;
    case AOF_FILE_INCREMENT:
        if (file.number <= manifest->last_increment) return "sequence numbers do not grow";
        manifest->last_increment = file.number;
        break;
    case AOF_FILE_HISTORY: break;
    default: return "type b, h or i was expected";
    }
    file.name = mem_dup(line->name.data, line->name.len);
    append(manifest, file);
    return NULL;
}

static const char *parse_line(struct aof_manifest *manifest, struct bytes text) {
    struct words words;
    struct line line = {0};
    if (text.len > LINE_MAX_BYTES) return "the line is too long";
    if (bytes_index(text, '\0') != text.len) return "text was expected";
    if (!words_split(text, &words)) return "a quote is not closed";
    const char *wrong = read_pairs(&words, &line);
    if (wrong == NULL) wrong = add_line(manifest, &line);
    words_destroy(&words);
    return wrong;
}

bool aof_manifest_parse(struct aof_manifest *manifest, struct bytes text, char *error) {
    const char *wrong = text.len == 0 ? "the file is empty" : NULL;
    size_t number = 0;
    while (wrong == NULL && text.len != 0) {
        size_t len = bytes_index(text, '\n');
        struct bytes line = bytes_of(text.data, len);
        number++;
        if (len == text.len)
            wrong = "the line does not end";
        else if (line.len == 0 || line.data[0] != '#')
            wrong = parse_line(manifest, bytes_trim(line));
        if (wrong == NULL) text = bytes_of(text.data + len + 1, text.len - len - 1);
    }
    if (wrong == NULL) return true;
    (void)snprintf(error, AOF_MANIFEST_ERROR_MAX, "line %zu: %s", number, wrong);
    aof_manifest_destroy(manifest);
    return false;
}

/* --- writing --- */

static bool needs_quotes(const char *name) {
    for (; *name != '\0'; name++) {
        if (*name <= ' ' || *name > '~' || *name == '"' || *name == '\'' || *name == '\\')
            return true;
    }
    return false;
}

static void format_files(const struct aof_manifest *manifest, enum aof_file_type type,
                         struct buffer *out) {
    for (size_t i = 0; i < manifest->count; i++) {
        const struct aof_file *file = &manifest->files[i];
        if (file->type != type) continue;
        buffer_append_str(out, "file ");
        if (needs_quotes(file->name))
            buffer_append_quoted(out, bytes_of_str(file->name));
        else
            buffer_append_str(out, file->name);
        buffer_printf(out, " seq %llu type %c\n", (unsigned long long)file->number, (char)type);
    }
}

void aof_manifest_format(const struct aof_manifest *manifest, struct buffer *out) {
    format_files(manifest, AOF_FILE_BASE, out);
    format_files(manifest, AOF_FILE_HISTORY, out);
    format_files(manifest, AOF_FILE_INCREMENT, out);
}

/* --- changing --- */

static char *format_name(const char *log_name, uint64_t number, const char *ending) {
    struct buffer name = {0};
    buffer_printf(&name, "%s.%llu%s", log_name, (unsigned long long)number, ending);
    char *copy = mem_dup_str(buffer_c_str(&name));
    buffer_destroy(&name);
    return copy;
}

void aof_manifest_adopt_base(struct aof_manifest *manifest, const char *name) {
    CHECK(aof_manifest_base(manifest) == NULL);
    append(manifest, (struct aof_file){.name = mem_dup_str(name),
                                       .number = ++manifest->last_base,
                                       .type = AOF_FILE_BASE});
}

struct aof_file *aof_manifest_add_increment(struct aof_manifest *manifest, const char *log_name) {
    uint64_t number = ++manifest->last_increment;
    return append(manifest, (struct aof_file){.name = format_name(log_name, number, ".incr.aof"),
                                              .number = number,
                                              .type = AOF_FILE_INCREMENT});
}

static bool is_superseded(const struct aof_file *file, uint64_t first_kept) {
    return file->type == AOF_FILE_BASE ||
           (file->type == AOF_FILE_INCREMENT && file->number < first_kept);
}

struct aof_file *aof_manifest_rebase(struct aof_manifest *manifest, const char *log_name,
                                     enum aof_base_form form, uint64_t first_kept) {
    for (size_t i = 0; i < manifest->count; i++) {
        if (is_superseded(&manifest->files[i], first_kept))
            manifest->files[i].type = AOF_FILE_HISTORY;
    }
    uint64_t number = ++manifest->last_base;
    const char *ending = form == AOF_BASE_RDB ? ".base.rdb" : ".base.aof";
    return append(manifest, (struct aof_file){.name = format_name(log_name, number, ending),
                                              .number = number,
                                              .type = AOF_FILE_BASE});
}

void aof_manifest_drop_history(struct aof_manifest *manifest) {
    size_t kept = 0;
    for (size_t i = 0; i < manifest->count; i++) {
        if (manifest->files[i].type == AOF_FILE_HISTORY)
            mem_free(manifest->files[i].name);
        else
            manifest->files[kept++] = manifest->files[i];
    }
    manifest->count = kept;
}
