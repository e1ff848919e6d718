/* DELEX, DELIFEQ, EXPIREIFEQ and DIGEST, and the conditions that they share with SET. */
#include "commands/string/compare.h"

#include "commands/string/string_commands.h"
#include "engine/arguments.h"
#include "engine/effects.h"
#include "engine/string_access.h"

#include <stdio.h>

bool compare_parse_kind(struct bytes word, enum compare_kind *kind) {
    static const struct {
        const char *word;
        enum compare_kind kind;
    } kinds[] = {
        {"ifeq", COMPARE_EQUAL},
        {"ifne", COMPARE_DIFFERENT},
        {"ifdeq", COMPARE_DIGEST_EQUAL},
        {"ifdne", COMPARE_DIGEST_DIFFERENT},
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (!bytes_is_word(word, kinds[i].word)) continue;
        *kind = kinds[i].kind;
        return true;
    }
    return false;
}

static bool is_digest_kind(enum compare_kind kind) {
    return kind == COMPARE_DIGEST_EQUAL || kind == COMPARE_DIGEST_DIFFERENT;
}

static bool is_hex_digest(struct bytes text) {
    if (text.len != COMPARE_DIGEST_CHARS) return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        bool is_letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (!is_letter && !(c >= '0' && c <= '9')) return false;
    }
    return true;
}

bool compare_check_operand(struct call *call, const struct comparison *comparison) {
    if (!is_digest_kind(comparison->kind) || is_hex_digest(comparison->operand)) return true;
    reply_error(call, "ERR digest must be exactly 16 hexadecimal characters");
    return false;
}

static void format_digest(struct bytes value, char out[COMPARE_DIGEST_CHARS]) {
    char text[COMPARE_DIGEST_CHARS + 1];
    (void)snprintf(text, sizeof(text), "%016llx", (unsigned long long)hash_digest(value));
    memcpy(out, text, COMPARE_DIGEST_CHARS);
}

static bool is_equal(const struct comparison *comparison, const struct entry *entry) {
    char scratch[STRING_SCRATCH];
    struct bytes value = string_view(entry, scratch);
    if (!is_digest_kind(comparison->kind)) return bytes_equal(value, comparison->operand);
    char digest[COMPARE_DIGEST_CHARS];
    format_digest(value, digest);
    return bytes_equal_nocase(bytes_of(digest, sizeof(digest)), comparison->operand);
}

bool compare_holds(const struct comparison *comparison, const struct entry *entry) {
    bool wants_equal =
        comparison->kind == COMPARE_EQUAL || comparison->kind == COMPARE_DIGEST_EQUAL;
    if (comparison->kind == COMPARE_NONE) return true;
    if (entry == NULL) return !wants_equal;
    return is_equal(comparison, entry) == wants_equal;
}

static void delete_if(struct call *call, const struct comparison *comparison) {
    struct key key = call_key(call, 1);
    struct found found = database_find(call->db, key);
    if (found.entry == NULL) {
        reply_integer(call, 0);
        return;
    }
    if (comparison->kind != COMPARE_NONE && found.entry->type != VALUE_STRING) {
        reply_error_wrong_type(call);
        return;
    }
    bool is_deleted = compare_holds(comparison, found.entry);
    if (is_deleted) {
        database_delete(call->db, key, found);
        call_notify(call, KEY_EVENT_GENERIC, key.name, "del");
        CALL_EFFECT(call, BYTES("DEL"), key.name);
    }
    reply_integer(call, is_deleted);
}

static void delex_command(struct call *call) {
    struct comparison comparison = {0};
    if (call->argc == 2) {
        delete_if(call, &comparison);
        return;
    }
    if (call->argc != 4) {
        reply_error_arity(call);
        return;
    }
    if (!compare_parse_kind(call->args[2], &comparison.kind)) {
        reply_error(call, "ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE");
        return;
    }
    comparison.operand = call->args[3];
    if (compare_check_operand(call, &comparison)) delete_if(call, &comparison);
}

static void delifeq_command(struct call *call) {
    delete_if(call, &(struct comparison){.kind = COMPARE_EQUAL, .operand = call->args[2]});
}

/* A lock's holder gives itself more time. */
static void expireifeq_command(struct call *call) {
    struct comparison comparison = {.kind = COMPARE_EQUAL, .operand = call->args[2]};
    struct key key = call_key(call, 1);
    struct found found;
    int64_t due_ms;
    if (!argument_due(call, 3, DUE_MS, false, &due_ms)) return;
    if (!string_access_find(call, key, &found)) return;
    bool is_set = compare_holds(&comparison, found.entry);
    if (is_set) {
        database_set_due(call->db, key, &found, due_ms);
        call_notify(call, KEY_EVENT_GENERIC, key.name, "expire");
        call_effect_number(call, BYTES("PEXPIREAT"), key.name, due_ms);
    }
    reply_integer(call, is_set);
}

static void digest_command(struct call *call) {
    const struct entry *entry;
    if (!string_access_read(call, call_key(call, 1), &entry)) return;
    if (entry == NULL) {
        reply_null(call);
        return;
    }
    char scratch[STRING_SCRATCH], digest[COMPARE_DIGEST_CHARS];
    format_digest(string_view(entry, scratch), digest);
    reply_bulk(call, bytes_of(digest, sizeof(digest)));
}

static const struct command_row rows[] = {
    {
        .name = "delex",
        .handler = delex_command,
        .arity = -2,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_STRING,
        .keys = {KEY_AT(1, "RW delete")},
        .summary = "Deletes a key if its value compares as asked.",
        .syntax = "key [condition(IFEQ ifeq-value | IFNE ifne-value | IFDEQ ifdeq-digest | IFDNE "
                  "ifdne-digest)]",
        .complexity = "O(1)",
        .since = "8.4.0",
        .group = "string",
    },
    {
        .name = "delifeq",
        .handler = delifeq_command,
        .arity = 3,
        .flags = COMMAND_WRITE,
        .categories = CATEGORY_STRING,
        .keys = {KEY_AT(1, "RM access delete")},
        .summary = "Deletes a key if its value is the one given.",
        .syntax = "key value",
        .complexity = "O(1)",
        .since = "9.0.0",
        .group = "string",
    },
    {
        .name = "expireifeq",
        .handler = expireifeq_command,
        .arity = 4,
        .flags = COMMAND_WRITE | COMMAND_FAST,
        .categories = CATEGORY_STRING,
        .keys = {KEY_AT(1, "RW access update")},
        .summary = "Lets a key expire after milliseconds if its value is the one given.",
        .syntax = "key value milliseconds",
        .complexity = "O(1)",
        .since = "8.0.0",
        .group = "string",
    },
    {
        .name = "digest",
        .handler = digest_command,
        .arity = 2,
        .flags = COMMAND_READONLY | COMMAND_FAST,
        .categories = CATEGORY_STRING,
        .keys = {KEY_AT(1, "RO access")},
        .summary = "Returns the XXH3 digest of a string.",
        .syntax = "key",
        .complexity = "O(N)",
        .since = "8.4.0",
        .group = "string",
    },
};

const struct command_list string_compare_commands = COMMAND_LIST(rows);
