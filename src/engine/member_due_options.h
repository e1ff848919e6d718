/* What the commands on due times of members share, whatever collection the members are in: the list
 * "FIELDS n field…" or "MEMBERS n member…", due times, conditions, and the numbers of the replies.
 *
 * The families differ only in how they call their members, so each brings its texts. */
#ifndef ENGINE_MEMBER_DUE_OPTIONS_H
#define ENGINE_MEMBER_DUE_OPTIONS_H

#include "engine/arguments.h"
#include "engine/call.h"

/* What is replied for a member. */
enum member_due_result {
    MEMBER_ABSENT = -2,
    MEMBER_HAS_NO_DUE = -1,
    MEMBER_NOT_MET = 0, /* the condition */
    MEMBER_DUE_SET = 1, /* or taken away */
    MEMBER_REMOVED = 2, /* the time has passed */
};

/* The words behind "FIELDS n". */
struct member_list {
    const struct bytes *items; /* names, or name, value, name, value …; NULL: not seen yet */
    uint32_t count;            /* of members */
};

/* --- the list as the last argument --- */

struct member_list_texts {
    const char *keyword;
    const char *missing;   /* errors */
    const char *bad_count; /* it is not a positive number */
    const char *not_all;   /* it is not that of the words behind it */
};
/* Reads a list that begins at `index` and ends the command; false after an error reply. */
NODISCARD bool member_list_parse_last(struct call *call, uint32_t index,
                                      const struct member_list_texts *texts,
                                      struct member_list *list);

/* --- the list among options in any order --- */

struct member_option_texts {
    const char *keyword;
    const char *twice;     /* errors */
    const char *too_short; /* nothing stands behind the keyword */
    const char *bad_count;
    const char *missing;
};
/* Reads a list whose keyword is at *index, `words` words a member; *index becomes that of its last
 * word. False after an error reply, also when one was read before. */
NODISCARD bool member_list_parse_option(struct call *call, uint32_t *index, uint32_t words,
                                        const struct member_option_texts *texts,
                                        struct member_list *list);
/* "unknown argument: x"; returns false. */
NODISCARD bool member_list_reject_argument(struct call *call, uint32_t index);

/* --- due times and conditions --- */

/* A due time in unix ms, at least 1, from an argument in that unit; it may have passed. Refuses
 * what is below 0 or beyond the 46 bits that files keep of it. */
NODISCARD bool member_due_parse(struct call *call, uint32_t index, enum due_unit unit,
                                int64_t *due_ms);

enum member_due_condition {
    MEMBER_DUE_ALWAYS,
    MEMBER_DUE_ONLY_WITHOUT, /* NX: the member has no due time */
    MEMBER_DUE_ONLY_WITH,    /* XX */
    MEMBER_DUE_ONLY_LATER,   /* GT: no due time counts as never */
    MEMBER_DUE_ONLY_SOONER,  /* LT */
};
/* `old_ms` is 0 for a member without a due time. */
bool member_due_condition_holds(enum member_due_condition condition, int64_t old_ms,
                                int64_t due_ms);

struct member_due_options {
    struct member_list list;
    enum member_due_condition condition;
};
/* Reads a condition and the list, in any order, all that is left from an index on; false after an
 * error reply. */
NODISCARD bool member_due_parse_options(struct call *call, uint32_t first,
                                        const struct member_option_texts *texts,
                                        struct member_due_options *options);

/* What is replied to the question when a member comes due, in that unit. Seconds are rounded up, so
 * that a living member never has 0 left. */
int64_t member_due_tell(int64_t due_ms, enum due_unit unit, int64_t now_ms);

#endif
