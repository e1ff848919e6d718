#include "commands/transactions/conditions.h"

#include "data/types/string/string.h"

enum condition_kind { CONDITION_EQUAL, CONDITION_DIFFERENT, CONDITION_EXISTS, CONDITION_ABSENT };

struct condition {
    enum condition_kind kind;
    struct bytes key;
    struct bytes operand;
};

static const struct {
    const char *word;
    enum condition_kind kind;
    uint32_t argc; /* with the word */
} forms[] = {
    {"ifeq", CONDITION_EQUAL, 3},
    {"ifne", CONDITION_DIFFERENT, 3},
    {"xx", CONDITION_EXISTS, 2},
    {"nx", CONDITION_ABSENT, 2},
};

/* Reads the condition that begins at `index`; returns its number of arguments, 0 when there is
 * none. */
static uint32_t read_condition(const struct bytes *args, uint32_t argc, uint32_t index,
                               struct condition *condition) {
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        if (!bytes_is_word(args[index], forms[i].word)) continue;
        if (argc - index < forms[i].argc) return 0;
        condition->kind = forms[i].kind;
        condition->key = args[index + 1];
        condition->operand = forms[i].argc > 2 ? args[index + 2] : BYTES("");
        return forms[i].argc;
    }
    return 0;
}

bool conditions_are_valid(const struct bytes *args, uint32_t argc) {
    struct condition condition;
    uint32_t taken;
    for (uint32_t i = 1; i < argc; i += taken) {
        taken = read_condition(args, argc, i, &condition);
        if (taken == 0) return false;
    }
    return true;
}

static bool has_value(const struct entry *entry, struct bytes value) {
    char scratch[STRING_SCRATCH];
    return bytes_equal(string_view(entry, scratch), value);
}

/* The look-up is no use of the key: nothing is counted or touched. */
static enum conditions_result try_condition(struct call *call, const struct condition *condition) {
    const struct entry *entry = database_find(call->db, key_of(condition->key)).entry;
    bool holds;
    if (condition->kind == CONDITION_EXISTS || condition->kind == CONDITION_ABSENT)
        holds = (entry != NULL) == (condition->kind == CONDITION_EXISTS);
    else if (entry != NULL && entry->type != VALUE_STRING)
        return CONDITIONS_WRONG_TYPE;
    else
        holds = (entry != NULL && has_value(entry, condition->operand)) ==
                (condition->kind == CONDITION_EQUAL);
    return holds ? CONDITIONS_HOLD : CONDITIONS_FAIL;
}

enum conditions_result conditions_try(struct call *call) {
    enum conditions_result result = CONDITIONS_HOLD;
    uint32_t taken;
    for (uint32_t i = 1; i < call->argc && result == CONDITIONS_HOLD; i += taken) {
        struct condition condition;
        taken = read_condition(call->args, call->argc, i, &condition);
        CHECK(taken != 0);
        result = try_condition(call, &condition);
    }
    return result;
}

int64_t conditions_find_keys(const struct bytes *args, uint32_t argc,
                             struct key_position *positions, size_t max) {
    size_t count = 0;
    struct condition condition;
    uint32_t taken;
    for (uint32_t i = 1; i < argc; i += taken) {
        taken = read_condition(args, argc, i, &condition);
        if (taken == 0) return COMMAND_KEYS_INVALID;
        if (count < max)
            positions[count] = (struct key_position){.index = i + 1, .flags = "RO access"};
        count++;
    }
    return (int64_t)count;
}
