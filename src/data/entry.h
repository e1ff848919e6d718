/* Entry: a key with its value, in one allocation.
 *
 *      0            4       5         6          8
 *      +------------+-------+---------+----------+-------+----------+------+-----+-------+
 *      | access 24  | flags | key_len | tail_len | [due] | [keylen] | word | key | tail  |
 *      | type 4     |       |  8 bits | 16 bits  |   8   |    8     |  8   |     |       |
 *      | encoding 4 |       |         |          |       |          |      |     |       |
 *      +------------+-------+---------+----------+-------+----------+------+-----+-------+
 *
 * `due` is there when ENTRY_HAS_DUE is set, a length of 8 bytes when the key is longer than 255
 * (ENTRY_HAS_LONG_KEY). A value is either one word (ENTRY_HAS_WORD: an integer, or a pointer to what its
 * type keeps outside) or the tail behind the key. So a 16-byte key with a 16-byte value takes 40 bytes
 * and an integer value 32, with a due time 48 and 40.
 *
 * `access` is read and written by data/access.h only. The due word: 0 is none; with the top bit clear
 * it is (unix ms << 16 | calendar stamp); with it set, a time too far off for the calendar, in the
 * other 63 bits. An entry is owned by the table of its database; whoever changes its size puts the new
 * allocation in its place there. */
#ifndef DATA_ENTRY_H
#define DATA_ENTRY_H

#include "foundation/bytes.h"
#include "foundation/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum entry_flag {
    ENTRY_HAS_DUE = 1 << 0, /* the first three each stand for a word, in this order */
    ENTRY_HAS_LONG_KEY = 1 << 1,
    ENTRY_HAS_WORD = 1 << 2,
    ENTRY_IS_RAW = 1 << 3, /* a string that was edited in place: OBJECT ENCODING answers raw */
    ENTRY_HAS_MEMBER_DUES = 1 << 4, /* some member of the value has a due time of its own */
};

enum { ENTRY_ACCESS_BITS = 24, ENTRY_TYPE_BITS = 4, ENTRY_TAIL_MAX = UINT16_MAX };

struct entry {
    uint32_t access : ENTRY_ACCESS_BITS;
    uint32_t type : ENTRY_TYPE_BITS; /* an enum value_type_id */
    uint32_t encoding : 4;           /* what the type makes of it */
    uint8_t flags;
    uint8_t key_len; /* unless ENTRY_HAS_LONG_KEY */
    uint16_t tail_len;
};

_Static_assert(sizeof(struct entry) == 8, "the header is one word");

static inline char *entry_words(const struct entry *entry) {
    return (char *)(uintptr_t)(entry + 1);
}

static inline bool entry_has(const struct entry *entry, enum entry_flag flag) {
    return (entry->flags & flag) != 0;
}

/* Bytes between the header and the key. */
static inline size_t entry_words_len(const struct entry *entry) {
    size_t flags = entry->flags;
    return 8 * ((flags & 1) + (flags >> 1 & 1) + (flags >> 2 & 1));
}

static inline uint64_t entry_load_word(const char *at) {
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

static ALWAYS_INLINE struct bytes entry_key(const struct entry *entry) {
    size_t len = entry->key_len;
    if (UNLIKELY(entry_has(entry, ENTRY_HAS_LONG_KEY)))
        len = entry_load_word(entry_words(entry) + (entry_has(entry, ENTRY_HAS_DUE) ? 8 : 0));
    return bytes_of(entry_words(entry) + entry_words_len(entry), len);
}

/* The due word as described above; 0 without one. */
static inline uint64_t entry_due_word(const struct entry *entry) {
    return entry_has(entry, ENTRY_HAS_DUE) ? entry_load_word(entry_words(entry)) : 0;
}

enum { ENTRY_STAMP_BITS = 16 };
#define ENTRY_DUE_IS_FAR ((uint64_t)1 << 63)

static inline uint64_t entry_due_word_near(int64_t due_ms, uint16_t stamp) {
    return (uint64_t)due_ms << ENTRY_STAMP_BITS | stamp;
}

static inline uint16_t entry_due_word_stamp(uint64_t word) {
    return (uint16_t)word;
}

/* True when a calendar record stands for this due word. */
static inline bool entry_due_word_is_near(uint64_t word) {
    return word != 0 && (word & ENTRY_DUE_IS_FAR) == 0;
}

/* Unix time in ms that a due word tells; 0 is none. */
static inline int64_t entry_due_word_ms(uint64_t word) {
    return (word & ENTRY_DUE_IS_FAR) != 0 ? (int64_t)(word & ~ENTRY_DUE_IS_FAR)
                                          : (int64_t)(word >> ENTRY_STAMP_BITS);
}

static inline int64_t entry_due_ms(const struct entry *entry) {
    return entry_due_word_ms(entry_due_word(entry));
}

/* For entries that have the place (ENTRY_HAS_DUE). */
static inline void entry_set_due_word(struct entry *entry, uint64_t word) {
    memcpy(entry_words(entry), &word, sizeof(word));
}

static inline char *entry_word_at(const struct entry *entry) {
    return entry_words(entry) + entry_words_len(entry) - 8;
}

/* The value's word, for entries with ENTRY_HAS_WORD. */
static inline uint64_t entry_word(const struct entry *entry) {
    return entry_load_word(entry_word_at(entry));
}

static inline void entry_set_word(struct entry *entry, uint64_t word) {
    memcpy(entry_word_at(entry), &word, sizeof(word));
}

static inline void *entry_pointer(const struct entry *entry) {
    return (void *)(uintptr_t)entry_word(entry);
}

static inline void entry_set_pointer(struct entry *entry, void *pointer) {
    entry_set_word(entry, (uintptr_t)pointer);
}

/* The tail's bytes, for entries without ENTRY_HAS_WORD. */
static inline char *entry_tail(const struct entry *entry) {
    struct bytes key = entry_key(entry);
    return (char *)(uintptr_t)(key.data + key.len);
}

/* What a new entry is to hold. */
struct entry_shape {
    bool has_due;
    bool has_word;   /* else a tail of tail_len bytes */
    size_t tail_len; /* at most ENTRY_TAIL_MAX */
};

/* Bytes that such an entry asks the allocator for. */
size_t entry_shape_size(struct bytes key, struct entry_shape shape);
/* Bytes that this entry asked for. */
size_t entry_size(const struct entry *entry);
/* An entry with its key copied in, due word and value word 0, the tail not yet written, type, encoding
 * and access 0. Owned by the caller until it is put in a database. */
struct entry *entry_new(struct bytes key, struct entry_shape shape);
/* The same for a value of the model's type, encoding and size, which the caller writes next. */
struct entry *entry_new_like(const struct entry *model, struct bytes key, bool has_due);
/* The same entry (header, due word, value) under another key or with or without the place for a due
 * time; the old one is freed, what its word points to moves along. */
struct entry *entry_reshape(struct entry *entry, struct bytes key, bool has_due);
/* Frees the entry's own allocation, not what its word points to. */
void entry_free(struct entry *entry);

#endif
