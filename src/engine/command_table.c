/* The command table: open addressing over names packed into three words.
 *
 * A name is read with a few loads, lowered eight bytes at a time and compared as words, so that a
 * look-up touches one slot as a rule and compares no strings:
 *
 *      slot      | word 0 | word 1 | word 2 | command |     32 bytes, two in a cache line
 *                  the lower-case name, zeros behind it, its length in the last byte
 *
 * A name of more than 23 bytes is no command's, and is refused before it is read. The hash is the
 * sum of the words times odd constants, of which the top bits are used; the names are the rows'
 * own, so nobody outside can choose colliding ones. At most a quarter of the slots is in use. */
#include "engine/command_table.h"

#include "engine/command_keys.h"
#include "engine/syntax.h"
#include "foundation/mem.h"

#include <stdio.h>

enum { NAME_WORDS = 3, NAME_MAX_LEN = 8 * NAME_WORDS - 1, MIN_SLOT_BITS = 6 };

struct packed_name {
    uint64_t words[NAME_WORDS];
};

struct slot {
    struct packed_name name;
    struct command *command; /* NULL: free */
};

struct command_table {
    struct slot *slots;
    unsigned slot_bits;
    struct command **commands; /* in order of their adding */
    size_t count;
};

static const char *const flag_names[] = {
    "write",
    "readonly",
    "denyoom",
    "admin",
    "pubsub",
    "noscript",
    "blocking",
    "loading",
    "stale",
    "skip_monitor",
    "skip_slowlog",
    "asking",
    "fast",
    "no_auth",
    "may_replicate",
    "no_mandatory_keys",
    "no_async_loading",
    "no_multi",
    "movablekeys",
    "allow_busy",
};

static const char *const category_names[] = {
    "keyspace",   "read",        "write",     "set",         "sortedset", "list",
    "hash",       "string",      "bitmap",    "hyperloglog", "geo",       "stream",
    "pubsub",     "admin",       "fast",      "slow",        "blocking",  "dangerous",
    "connection", "transaction", "scripting", "ratelimit",
};

const char *command_flag_name(unsigned bit) {
    return bit < ARRAY_LEN(flag_names) ? flag_names[bit] : NULL;
}

const char *command_category_name(unsigned bit) {
    return bit < ARRAY_LEN(category_names) ? category_names[bit] : NULL;
}

/* The ASCII capitals among eight bytes as small letters. */
static inline uint64_t lower_word(uint64_t word) {
    const uint64_t ones = 0x0101010101010101u;
    uint64_t low_bits = word & (0x7f * ones);
    uint64_t above_z = low_bits + (0x7f - 'Z') * ones;
    uint64_t from_a = low_bits + (0x80 - 'A') * ones;
    uint64_t capitals = (from_a ^ above_z) & ~word & (0x80 * ones);
    return word | capitals >> 2;
}

static inline uint64_t load_64(const char *data) {
    uint64_t word;
    memcpy(&word, data, sizeof word);
    return word;
}

/* Up to eight bytes, zeros behind them: two loads that may overlap. */
static inline uint64_t load_short(const char *data, size_t len) {
    if (len >= 8) return load_64(data);
    if (len >= 4) {
        uint32_t first, last;
        memcpy(&first, data, sizeof first);
        memcpy(&last, data + len - 4, sizeof last);
        return first | (uint64_t)last << (8 * (len - 4));
    }
    if (len == 0) return 0;
    uint64_t first = (unsigned char)data[0];
    uint64_t middle = (unsigned char)data[len / 2];
    uint64_t last = (unsigned char)data[len - 1];
    return first | middle << (8 * (len / 2)) | last << (8 * (len - 1));
}

/* `len` is at most NAME_MAX_LEN. */
static inline struct packed_name pack_name(const char *data, size_t len) {
    struct packed_name name = {{0}};
    name.words[0] = lower_word(load_short(data, len));
    if (len > 8) name.words[1] = lower_word(load_short(data + 8, len - 8));
    if (len > 16) name.words[2] = lower_word(load_short(data + 16, len - 16));
    name.words[2] |= (uint64_t)len << 56;
    return name;
}

static inline size_t first_slot(const struct packed_name *name, unsigned slot_bits) {
    uint64_t hash = name->words[0] * 0x9e3779b97f4a7c15u + name->words[1] * 0xc2b2ae3d27d4eb4fu +
                    name->words[2] * 0x165667b19e3779f9u;
    return (size_t)(hash >> (64 - slot_bits));
}

static inline bool is_same_name(const struct packed_name *a, const struct packed_name *b) {
    return ((a->words[0] ^ b->words[0]) | (a->words[1] ^ b->words[1]) |
            (a->words[2] ^ b->words[2])) == 0;
}

/* The slot that holds the name, or the free one where it belongs. */
static inline struct slot *find_slot(const struct command_table *table,
                                     const struct packed_name *name) {
    size_t mask = ((size_t)1 << table->slot_bits) - 1;
    size_t index = first_slot(name, table->slot_bits);
    while (table->slots[index].command && !is_same_name(&table->slots[index].name, name)) {
        index = (index + 1) & mask;
    }
    return &table->slots[index];
}

struct command *command_table_find(const struct command_table *table, struct bytes name) {
    if (UNLIKELY(name.len > NAME_MAX_LEN)) return NULL;
    if (name.len != 0 && name.data[name.len - 1] == '\0') return NULL; /* zeros end packed names */
    struct packed_name packed = pack_name(name.data, name.len);
    return find_slot(table, &packed)->command;
}

struct command *command_find_subcommand(const struct command *container, struct bytes name) {
    for (uint32_t i = 0; i < container->subcommand_count; i++) {
        struct command *command = container->subcommands[i];
        if (bytes_is_word(name, command->row->name)) return command;
    }
    return NULL;
}

struct command *command_table_find_full(const struct command_table *table, struct bytes name) {
    size_t bar = bytes_index(name, '|');
    struct command *command = command_table_find(table, bytes_of(name.data, bar));
    if (bar == name.len || !command) return command;
    return command_find_subcommand(command, bytes_of(name.data + bar + 1, name.len - bar - 1));
}

struct command_table *command_table_new(void) {
    struct command_table *table = mem_alloc_zeroed(sizeof *table);
    table->slot_bits = MIN_SLOT_BITS;
    table->slots = mem_alloc_array((size_t)1 << MIN_SLOT_BITS, sizeof *table->slots);
    return table;
}

static void free_command(struct command *command) {
    for (uint32_t i = 0; i < command->subcommand_count; i++) free_command(command->subcommands[i]);
    mem_free(command->subcommands);
    mem_free(command->full_name);
    mem_free(command->histogram);
    mem_free(command);
}

void command_table_free(struct command_table *table) {
    for (size_t i = 0; i < table->count; i++) free_command(table->commands[i]);
    mem_free(table->commands);
    mem_free(table->slots);
    mem_free(table);
}

static uint32_t compute_flags(const struct command_row *row) {
    uint32_t flags = row->flags;
    for (size_t i = 0; i < COMMAND_KEY_SPECS && row->keys[i].flags; i++) {
        const struct key_spec *spec = &row->keys[i];
        if (spec->keyword || spec->has_count || spec->is_unknown) flags |= COMMAND_MOVABLE_KEYS;
    }
    return flags;
}

static uint32_t compute_categories(const struct command_row *row) {
    uint32_t categories = row->categories;
    if (row->flags & COMMAND_WRITE) categories |= CATEGORY_WRITE;
    /* Running a script that reads is not itself a read. */
    if ((row->flags & COMMAND_READONLY) && !(categories & CATEGORY_SCRIPTING)) {
        categories |= CATEGORY_READ;
    }
    if (row->flags & COMMAND_ADMIN) categories |= CATEGORY_ADMIN | CATEGORY_DANGEROUS;
    if (row->flags & COMMAND_PUBSUB) categories |= CATEGORY_PUBSUB;
    if (row->flags & COMMAND_BLOCKING) categories |= CATEGORY_BLOCKING;
    return categories | (row->flags & COMMAND_FAST ? CATEGORY_FAST : CATEGORY_SLOW);
}

static char *join_names(const struct command *parent, const char *name) {
    if (!parent) return mem_dup_str(name);
    size_t size = strlen(parent->full_name) + strlen(name) + 2;
    char *full_name = mem_alloc(size);
    snprintf(full_name, size, "%s|%s", parent->full_name, name);
    return full_name;
}

static void add_subcommands(struct command *container, const struct command_row *rows,
                            size_t count);

static struct command *new_command(const struct command_row *row, const struct command *parent) {
    struct command *command = mem_alloc_zeroed(sizeof *command);
    CHECK(row->handler || row->subcommand_count > 0);
    CHECK(row->arity != 0);
    CHECK(!row->syntax || syntax_is_valid(row->syntax));
    command->row = row;
    command->parent = parent;
    command->flags = compute_flags(row);
    command->categories = compute_categories(row);
    command->full_name = join_names(parent, row->name);
    command_fill_key_range(command);
    if (row->subcommand_count != 0)
        add_subcommands(command, row->subcommands, row->subcommand_count);
    return command;
}

static void add_subcommands(struct command *container, const struct command_row *rows,
                            size_t count) {
    container->subcommands =
        mem_realloc(container->subcommands,
                    (container->subcommand_count + count) * sizeof *container->subcommands);
    for (size_t i = 0; i < count; i++)
        container->subcommands[container->subcommand_count++] = new_command(&rows[i], container);
}

static void place_command(struct command_table *table, struct command *command) {
    size_t len = strlen(command->row->name);
    CHECK(len <= NAME_MAX_LEN);
    struct packed_name name = pack_name(command->row->name, len);
    struct slot *slot = find_slot(table, &name);
    CHECK(!slot->command);
    *slot = (struct slot){.name = name, .command = command};
}

static void grow_slots(struct command_table *table) {
    mem_free(table->slots);
    table->slot_bits++;
    table->slots = mem_alloc_array((size_t)1 << table->slot_bits, sizeof *table->slots);
    for (size_t i = 0; i < table->count; i++) place_command(table, table->commands[i]);
}

static void add_commands(struct command_table *table, const struct command_list *list) {
    table->commands =
        mem_realloc(table->commands, (table->count + list->count + 1) * sizeof *table->commands);
    for (size_t i = 0; i < list->count; i++) {
        struct command *command = new_command(&list->rows[i], NULL);
        place_command(table, command);
        table->commands[table->count++] = command;
        if (table->count * 4 > (size_t)1 << table->slot_bits) grow_slots(table);
    }
}

void command_table_add(struct command_table *table, const struct command_list *list) {
    if (list->container == NULL) {
        add_commands(table, list);
        return;
    }
    struct command *container = command_table_find(table, bytes_of_str(list->container));
    CHECK(container != NULL);
    add_subcommands(container, list->rows, list->count);
}

size_t command_table_count(const struct command_table *table) {
    return table->count;
}

struct command *command_table_at(const struct command_table *table, size_t index) {
    return table->commands[index];
}

static void reset_stats(struct command *command) {
    command->stats = (struct command_stats){0};
    mem_free(command->histogram);
    command->histogram = NULL;
    for (uint32_t i = 0; i < command->subcommand_count; i++) reset_stats(command->subcommands[i]);
}

void command_table_reset_stats(struct command_table *table) {
    for (size_t i = 0; i < table->count; i++) reset_stats(table->commands[i]);
}
