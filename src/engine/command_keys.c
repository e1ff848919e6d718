/* Key specs at work. A search ends in a range of indexes with a step, whose keys are stored one by
 * one; all of it is plain integer work over indexes, held against the number of arguments before an
 * argument is touched. */
#include "engine/command_keys.h"

#include "foundation/number.h"

struct key_range {
    int64_t first;
    int64_t last;
    int64_t step;
};

struct key_list {
    struct key_position *positions;
    size_t max;
    int64_t count;
};

enum search_result { SEARCH_FOUND, SEARCH_NONE, SEARCH_INVALID };

/* The index behind the keyword; 0 when it is not there. */
static int64_t find_keyword(const struct key_spec *spec, const struct bytes *args, int64_t argc) {
    int64_t direction = spec->index > 0 ? 1 : -1;
    int64_t i = spec->index > 0 ? spec->index : argc + spec->index;
    for (; i >= 1 && i < argc; i += direction) {
        if (bytes_is_word(args[i], spec->keyword)) return i + 1;
    }
    return 0;
}

static bool read_count(const struct key_spec *spec, const struct bytes *args, int64_t argc,
                       struct key_range *range) {
    int64_t count;
    if (!number_parse_i64(args[range->first], &count)) return false;
    int64_t possible = (argc - range->first - 1) / spec->step;
    if (count < 0 || count > possible) return false;
    range->first += 1;
    range->last = range->first + (count - 1) * spec->step;
    return true;
}

static void read_range(const struct key_spec *spec, int64_t argc, struct key_range *range) {
    if (spec->last >= 0) {
        range->last = range->first + spec->last;
    } else if (spec->limit > 0) {
        range->last = range->first + (argc - range->first) / spec->limit + spec->last;
    } else {
        range->last = argc + spec->last;
    }
}

static enum search_result search_keys(const struct key_spec *spec, const struct bytes *args,
                                      int64_t argc, struct key_range *range) {
    if (spec->is_unknown) return SEARCH_NONE;
    range->step = spec->step;
    range->first = spec->keyword ? find_keyword(spec, args, argc) : spec->index;
    if (range->first == 0) return SEARCH_NONE;
    if (range->first >= argc) return SEARCH_INVALID;
    if (spec->has_count) return read_count(spec, args, argc, range) ? SEARCH_FOUND : SEARCH_INVALID;
    read_range(spec, argc, range);
    return SEARCH_FOUND;
}

static void store_range(struct key_list *list, const struct key_range *range, const char *flags,
                        int64_t argc) {
    for (int64_t i = range->first; i <= range->last && i < argc; i += range->step) {
        if ((size_t)list->count < list->max) {
            list->positions[list->count] =
                (struct key_position){.index = (uint32_t)i, .flags = flags};
        }
        list->count++;
    }
}

int64_t command_find_keys(const struct command *command, const struct bytes *args, uint32_t argc,
                          struct key_position *positions, size_t max) {
    const struct command_row *row = command->row;
    if (row->find_keys) return row->find_keys(args, argc, positions, max);
    struct key_list list = {.positions = positions, .max = max};
    for (size_t i = 0; i < COMMAND_KEY_SPECS && row->keys[i].flags; i++) {
        struct key_range range;
        enum search_result result = search_keys(&row->keys[i], args, argc, &range);
        if (result == SEARCH_INVALID) return COMMAND_KEYS_INVALID;
        if (result == SEARCH_FOUND) store_range(&list, &range, row->keys[i].flags, argc);
    }
    return list.count;
}

/* A spec whose arguments are no keys (shard channels) says so in its flags. */
static bool names_keys(const struct key_spec *spec) {
    return spec->flags && !strstr(spec->flags, "not_key");
}

bool command_has_keys(const struct command *command) {
    if (command->row->find_keys) return true;
    for (size_t i = 0; i < COMMAND_KEY_SPECS; i++) {
        if (names_keys(&command->row->keys[i])) return true;
    }
    return false;
}

static bool is_fixed_range(const struct key_spec *spec) {
    return spec->flags && !spec->keyword && !spec->has_count && !spec->is_unknown;
}

static int last_index(const struct key_spec *spec) {
    return spec->last >= 0 ? spec->index + spec->last : spec->last;
}

static void set_key_range(struct command *command, int first, int last, int step) {
    command->first_key = first;
    command->last_key = last;
    command->key_step = step;
}

void command_fill_key_range(struct command *command) {
    const struct key_spec *specs = command->row->keys;
    set_key_range(command, 0, 0, 0);
    if (is_fixed_range(&specs[0]) && !specs[1].flags) {
        set_key_range(command, specs[0].index, last_index(&specs[0]), specs[0].step);
        return;
    }
    for (size_t i = 0; i < COMMAND_KEY_SPECS && specs[i].flags; i++) {
        const struct key_spec *spec = &specs[i];
        if (!is_fixed_range(spec) || spec->step != 1) continue;
        /* Only ranges that follow each other are one. */
        if (command->first_key > 0 && command->last_key != spec->index - 1) continue;
        if (command->first_key == 0) command->first_key = spec->index;
        command->last_key = last_index(spec);
        command->key_step = 1;
    }
}
