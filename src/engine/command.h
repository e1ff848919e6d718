/* Commands: the row that a family writes beside its handler, and what the engine keeps about it.
 *
 * A row says everything about a command once: how it is called, what it does to which keys, who may
 * run it, and its syntax, from which COMMAND DOCS, the hints of redis-cli and the test generators
 * are made. */
#ifndef ENGINE_COMMAND_H
#define ENGINE_COMMAND_H

#include "foundation/bytes.h"
#include "foundation/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;
struct latency_histogram;

typedef void command_handler(struct call *call);

/* What a command is; the names are those of COMMAND INFO. */
enum command_flag {
    COMMAND_WRITE = 1 << 0,
    COMMAND_READONLY = 1 << 1,
    COMMAND_DENYOOM = 1 << 2, /* refused when maxmemory is reached */
    COMMAND_ADMIN = 1 << 3,
    COMMAND_PUBSUB = 1 << 4,
    COMMAND_NOSCRIPT = 1 << 5,
    COMMAND_BLOCKING = 1 << 6,
    COMMAND_LOADING = 1 << 7, /* allowed while data is being loaded */
    COMMAND_STALE = 1 << 8,
    COMMAND_SKIP_MONITOR = 1 << 9,
    COMMAND_SKIP_SLOWLOG = 1 << 10,
    COMMAND_ASKING = 1 << 11,
    COMMAND_FAST = 1 << 12,
    COMMAND_NO_AUTH = 1 << 13, /* allowed before authentication */
    COMMAND_MAY_REPLICATE = 1 << 14,
    COMMAND_NO_MANDATORY_KEYS = 1 << 15, /* may be called with no key at all */
    COMMAND_NO_ASYNC_LOADING = 1 << 16,
    COMMAND_NO_MULTI = 1 << 17,
    COMMAND_MOVABLE_KEYS = 1 << 18, /* computed: the keys depend on the arguments */
    COMMAND_ALLOW_BUSY = 1 << 19,
    /* The engine's own, not told to anyone. */
    COMMAND_NOT_QUEUED = 1 << 20,      /* inside MULTI it runs at once */
    COMMAND_RUNS_QUEUE = 1 << 21,      /* EXEC: does what the queued commands do */
    COMMAND_FOR_SUBSCRIBERS = 1 << 22, /* a RESP2 connection that subscribes may run it */
    COMMAND_TELLS_HEALTH = 1 << 23,    /* refused while writes are, though it writes nothing */
    COMMAND_HIDDEN = COMMAND_NOT_QUEUED | COMMAND_RUNS_QUEUE | COMMAND_FOR_SUBSCRIBERS |
                     COMMAND_TELLS_HEALTH |
                     COMMAND_MAY_REPLICATE, /* which COMMAND INFO of Redis does not tell either */
};

/* ACL categories beside those that follow from the flags (read write admin dangerous fast slow
 * pubsub blocking). */
enum command_category {
    CATEGORY_KEYSPACE = 1 << 0,
    CATEGORY_READ = 1 << 1,
    CATEGORY_WRITE = 1 << 2,
    CATEGORY_SET = 1 << 3,
    CATEGORY_SORTEDSET = 1 << 4,
    CATEGORY_LIST = 1 << 5,
    CATEGORY_HASH = 1 << 6,
    CATEGORY_STRING = 1 << 7,
    CATEGORY_BITMAP = 1 << 8,
    CATEGORY_HYPERLOGLOG = 1 << 9,
    CATEGORY_GEO = 1 << 10,
    CATEGORY_STREAM = 1 << 11,
    CATEGORY_PUBSUB = 1 << 12,
    CATEGORY_ADMIN = 1 << 13,
    CATEGORY_FAST = 1 << 14,
    CATEGORY_SLOW = 1 << 15,
    CATEGORY_BLOCKING = 1 << 16,
    CATEGORY_DANGEROUS = 1 << 17,
    CATEGORY_CONNECTION = 1 << 18,
    CATEGORY_TRANSACTION = 1 << 19,
    CATEGORY_SCRIPTING = 1 << 20,
    CATEGORY_RATELIMIT = 1 << 21,
};

/* Where keys stand among the arguments. A search begins at an index, or behind a keyword looked
 * for from an index on (from the end, when it is negative); there it finds a range of keys, or a
 * count that says how many follow. */
struct key_spec {
    const char *flags;   /* as COMMAND INFO names them: "RW access update"; NULL: no spec */
    const char *keyword; /* NULL: begin at `index` */
    int index;           /* of the first key, or where to look for the keyword */
    bool has_count;      /* the begin is a count of keys, the first key stands behind it */
    bool is_unknown;     /* only the row's find_keys can tell */
    int last;            /* range: index from the begin of the last key; -1 the last argument, -2
                          * the one before */
    int step;            /* from one key to the next */
    int limit;           /* range with last -1: only 1/limit of what is left; 0 all */
};

enum { COMMAND_KEY_SPECS = 3 };

#define KEY_AT(position, key_flags)                                                                \
    { .flags = (key_flags), .index = (position), .step = 1 }
/* `count` keys, one beside the other. */
#define KEYS_AT(position, count, key_flags)                                                        \
    { .flags = (key_flags), .index = (position), .last = (count)-1, .step = 1 }
#define KEYS_FROM(position, key_flags)                                                             \
    { .flags = (key_flags), .index = (position), .last = -1, .step = 1 }
#define KEYS_EVERY_SECOND(position, key_flags)                                                     \
    { .flags = (key_flags), .index = (position), .last = -1, .step = 2 }
#define KEYS_COUNTED(position, key_flags)                                                          \
    { .flags = (key_flags), .index = (position), .has_count = true, .step = 1 }
#define KEYS_COUNTED_EVERY_SECOND(position, key_flags)                                             \
    { .flags = (key_flags), .index = (position), .has_count = true, .step = 2 }
#define KEYS_UNKNOWN(key_flags)                                                                    \
    { .flags = (key_flags), .is_unknown = true }

struct key_position {
    uint32_t index;    /* of the argument */
    const char *flags; /* as in a key spec */
};

/* For the few commands whose keys no spec describes, or whose use of them depends on other
 * arguments: stores up to `max` positions and returns how many keys there are, or
 * COMMAND_KEYS_INVALID. The arguments are of a possible number. */
typedef int64_t command_key_finder(const struct bytes *args, uint32_t argc,
                                   struct key_position *positions, size_t max);

enum { COMMAND_KEYS_INVALID = -1 };

/* True when the argument may be a password: MONITOR and logs show "(redacted)" in its place. The
 * arguments may be any that bear the command's name. */
typedef bool command_secret_test(const struct bytes *args, uint32_t argc, uint32_t index);

struct command_row {
    const char *name;         /* lower case; of a subcommand its own word only */
    command_handler *handler; /* NULL for a pure container */
    int arity;                /* arguments with the name; negative: at least so many */
    uint32_t flags;           /* enum command_flag */
    uint32_t categories;      /* enum command_category, beside those implied */
    uint32_t subcommand_count;
    struct key_spec keys[COMMAND_KEY_SPECS];
    command_key_finder *find_keys;  /* NULL: the specs say it all */
    command_secret_test *is_secret; /* NULL: no argument is */
    const struct command_row *subcommands;
    const char *tips; /* words for COMMAND INFO, parted by spaces; NULL: none */
    const char *summary;
    const char *syntax; /* see engine/syntax.h; NULL: no arguments */
    const char *complexity;
    const char *since;
    const char *group;
    const char *deprecated_since; /* NULL: it is not */
    const char *replaced_by;
    uint32_t
        member_index; /* of the argument that names a member of the first key's value, which batches
                            * then fetch ahead; 0: none */
    bool reads_value; /* all of the first key's value: batches fetch it ahead, wherever it lies */
    bool is_system;   /* not meant for users: "syscmd" in COMMAND DOCS */
};

/* Time is kept in ticks of foundation/clock.h. */
struct command_stats {
    uint64_t calls;
    uint64_t ticks;
    uint64_t ticks_max;
    uint64_t rejected;               /* refused before it ran */
    uint64_t failed;                 /* ran and answered with an error */
    struct latency_histogram *times; /* where to add what a call took: engine/latency_tracking.h;
                                      * NULL: that is to be asked */
};

/* A command of a running server. */
struct command {
    const struct command_row *row;
    const struct command *parent; /* of a subcommand */
    struct command **subcommands; /* the row's, then those that other lists have added */
    uint32_t subcommand_count;
    struct command_stats stats;
    struct latency_histogram *histogram; /* what its calls took; NULL: none was counted */
    uint32_t flags;                      /* the row's and those computed */
    uint32_t categories;                 /* the row's and those implied */
    int first_key;                       /* index of the first key where it is fixed; 0: none */
    int last_key; /* of the range it begins; negative from the end, as COMMAND INFO */
    int key_step;
    char *full_name; /* "get", "client|id" */
    bool is_renamed; /* clients know it under another name or none: engine/renames.h */
};

/* True when `argc` arguments, the name included, are possible. */
static inline bool command_accepts(const struct command *command, uint32_t argc) {
    int arity = command->row->arity;
    return arity >= 0 ? argc == (uint32_t)arity : argc >= (uint32_t)-arity;
}

#endif
