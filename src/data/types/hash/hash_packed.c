/* The listpack forms of hashes. New fields are gathered and put in together, so that a command with
 * many of them moves and reallocates the listpack once for each sixteen. */
#include "data/types/hash/hash_private.h"
#include "foundation/mem.h"

static struct {
    size_t max_entries;
    size_t max_value_len;
} limits = {.max_entries = 512, .max_value_len = 64};

void hash_set_limits(int64_t max_entries, int64_t max_value_len) {
    limits.max_entries = (size_t)max_entries;
    limits.max_value_len = (size_t)max_value_len;
}

static void keep_listpack(struct entry *entry, char *listpack) {
    if (entry->encoding == HASH_PACKED)
        entry_set_pointer(entry, listpack);
    else
        hash_packed_due_of(entry)->listpack = listpack;
}

/* --- reading --- */

size_t hash_packed_len(const struct entry *entry) {
    return listpack_count(hash_packed_listpack(entry)) / hash_packed_step(entry);
}

static int64_t read_integer(const char *at) {
    struct packed_value value = packed_read(at);
    CHECK(value.data == NULL);
    return value.integer;
}

static struct bytes read_text(const char *at, char scratch[PACKED_SCRATCH]) {
    struct packed_value value = packed_read(at);
    return packed_text(&value, scratch);
}

/* Fills all but the name from the place of the value and returns the last place it has read. */
static const char *read_value(const struct entry *entry, const char *at, struct hash_field *field) {
    field->value = read_text(at, field->value_scratch);
    field->due_ms = 0;
    if (entry->encoding == HASH_PACKED) return at;
    at = listpack_next(hash_packed_listpack(entry), at);
    field->due_ms = read_integer(at);
    return at;
}

const char *hash_packed_read(const struct entry *entry, const char *at, struct hash_field *field) {
    const char *listpack = hash_packed_listpack(entry);
    field->name = read_text(at, field->name_scratch);
    return listpack_next(listpack, read_value(entry, listpack_next(listpack, at), field));
}

static char *find_field(const struct entry *entry, const struct packed_item *name) {
    const char *listpack = hash_packed_listpack(entry);
    return listpack_find(listpack, listpack_first(listpack), name, hash_packed_step(entry));
}

bool hash_packed_get(const struct entry *entry, struct bytes name, struct hash_field *field) {
    struct packed_item item = packed_item_of(name);
    const char *at = find_field(entry, &item);
    if (at == NULL) return false;
    (void)read_value(entry, listpack_next(hash_packed_listpack(entry), at), field);
    return true;
}

/* The due time of the field at `at`. */
static int64_t read_due_ms(const struct entry *entry, const char *at) {
    const char *listpack = hash_packed_listpack(entry);
    if (entry->encoding == HASH_PACKED) return 0;
    return read_integer(listpack_next(listpack, listpack_next(listpack, at)));
}

static char *next_field(const struct entry *entry, const char *at) {
    const char *listpack = hash_packed_listpack(entry);
    char *next = listpack_next(listpack, at);
    for (size_t i = hash_packed_step(entry); i > 1; i--) next = listpack_next(listpack, next);
    return next;
}

/* --- limits --- */

bool hash_packed_takes(const struct entry *entry, const struct bytes *pairs, size_t pair_count) {
    enum { PAIR_OVERHEAD_MAX = 3 * PACKED_ENTRY_OVERHEAD_MAX };
    if (pair_count > limits.max_entries) return false;
    size_t bytes = pair_count * PAIR_OVERHEAD_MAX;
    for (size_t i = 0; i < 2 * pair_count; i++) {
        if (pairs[i].len > limits.max_value_len) return false;
        bytes += pairs[i].len;
    }
    return listpack_has_room(hash_packed_listpack(entry), bytes);
}

bool hash_packed_is_over(const struct entry *entry) {
    return hash_packed_len(entry) > limits.max_entries;
}

bool hash_packed_allows(uint64_t count, size_t longest) {
    return count <= limits.max_entries && longest <= limits.max_value_len;
}

bool hash_packed_takes_dues(const struct entry *entry) {
    enum { DUE_SIZE_MAX = 11 };
    return listpack_has_room(hash_packed_listpack(entry), hash_packed_len(entry) * DUE_SIZE_MAX);
}

/* --- fields on their way to the end of the listpack --- */

enum { BATCH_FIELDS = 16 };

struct batch {
    size_t count; /* items */
    struct packed_item items[BATCH_FIELDS * 3];
};

static char *append_batch(char *listpack, struct batch *batch) {
    if (batch->count == 0) return listpack;
    char *at = NULL;
    listpack = listpack_insert(listpack, &at, batch->items, batch->count);
    batch->count = 0;
    return listpack;
}

static void append_to_entry(struct entry *entry, struct batch *batch) {
    keep_listpack(entry, append_batch(hash_packed_listpack(entry), batch));
}

static bool is_batch_full(const struct batch *batch) {
    return batch->count + 3 > ARRAY_LEN(batch->items);
}

/* Gathers a field without due time; `step` as hash_packed_step. There is room in the batch. */
static void add_to_batch(struct batch *batch, struct packed_item name, struct packed_item value,
                         size_t step) {
    batch->items[batch->count++] = name;
    batch->items[batch->count++] = value;
    if (step == 3) batch->items[batch->count++] = packed_item_of_integer(0);
}

static bool is_same_item(const struct packed_item *a, const struct packed_item *b) {
    if (a->is_integer != b->is_integer) return false;
    return a->is_integer ? a->integer == b->integer : bytes_equal(a->text, b->text);
}

/* The value of a field in the batch; NULL when it is not there. */
static struct packed_item *find_in_batch(struct batch *batch, const struct packed_item *name,
                                         size_t step) {
    for (size_t i = 0; i < batch->count; i += step)
        if (is_same_item(&batch->items[i], name)) return &batch->items[i + 1];
    return NULL;
}

/* --- changing --- */

/* Takes the field at `at` out; *at becomes the next one. */
static void remove_field(struct entry *entry, char **at) {
    if (read_due_ms(entry, *at) != 0) hash_packed_due_of(entry)->dues.count--;
    char *listpack = hash_packed_listpack(entry);
    keep_listpack(entry, listpack_remove(listpack, at, hash_packed_step(entry)));
}

static void replace_value(struct entry *entry, const char *at, const struct packed_item *value) {
    char *listpack = hash_packed_listpack(entry);
    char *value_at = listpack_next(listpack, at);
    keep_listpack(entry, listpack_replace(listpack, &value_at, value));
}

/* False when the field is not in the listpack. One that loses its due time moves to the batch. */
static bool update_field(struct entry *entry, struct batch *batch, const struct packed_item *name,
                         const struct packed_item *value, unsigned flags) {
    char *at = find_field(entry, name);
    if (at == NULL) return false;
    if ((flags & HASH_KEEP_DUE) != 0 || read_due_ms(entry, at) == 0) {
        replace_value(entry, at, value);
        return true;
    }
    remove_field(entry, &at);
    add_to_batch(batch, *name, *value, 3);
    return true;
}

size_t hash_packed_set(struct entry *entry, const struct bytes *pairs, size_t pair_count,
                       unsigned flags, size_t *added) {
    struct batch batch = {.count = 0};
    size_t step = hash_packed_step(entry), len = hash_packed_len(entry);
    size_t done = 0;
    for (; done < pair_count; done++) {
        if (is_batch_full(&batch)) append_to_entry(entry, &batch);
        struct packed_item name = packed_item_of(pairs[2 * done]);
        struct packed_item value = packed_item_of(pairs[2 * done + 1]);
        if (update_field(entry, &batch, &name, &value, flags)) continue;
        struct packed_item *gathered = find_in_batch(&batch, &name, step);
        if (gathered != NULL) {
            *gathered = value;
            continue;
        }
        if (len == limits.max_entries) break;
        add_to_batch(&batch, name, value, step);
        len++;
        ++*added;
    }
    append_to_entry(entry, &batch);
    return done;
}

size_t hash_packed_delete(struct entry *entry, const struct bytes *names, size_t count) {
    size_t deleted = 0;
    for (size_t i = 0; i < count; i++) {
        struct packed_item name = packed_item_of(names[i]);
        char *at = find_field(entry, &name);
        if (at == NULL) continue;
        remove_field(entry, &at);
        deleted++;
    }
    return deleted;
}

/* --- due times --- */

static struct packed_item item_of_value(const struct packed_value *value) {
    return value->data == NULL ? packed_item_of_integer(value->integer)
                               : packed_item_of(bytes_of(value->data, value->len));
}

/* Gives every field the place for a due time. */
static void make_packed_due(struct entry *entry) {
    char *old = entry_pointer(entry);
    char *listpack = listpack_new(listpack_bytes(old) + hash_packed_len(entry) * 2);
    struct batch batch = {.count = 0};
    for (const char *at = listpack_first(old); at != NULL; at = listpack_next(old, at)) {
        if (is_batch_full(&batch)) listpack = append_batch(listpack, &batch);
        struct packed_value name = packed_read(at);
        at = listpack_next(old, at);
        struct packed_value value = packed_read(at);
        add_to_batch(&batch, item_of_value(&name), item_of_value(&value), 3);
    }
    struct hash_packed_due *due = mem_alloc_zeroed(sizeof(*due));
    due->listpack = append_batch(listpack, &batch);
    listpack_free(old);
    entry->encoding = HASH_PACKED_DUE;
    entry_set_pointer(entry, due);
}

/* The place before which a field with that due time belongs; NULL: at the end. */
static char *find_due_place(const struct entry *entry, int64_t due_ms) {
    if (due_ms == 0) return NULL;
    char *at = listpack_first(hash_packed_listpack(entry));
    for (; at != NULL; at = next_field(entry, at)) {
        int64_t other_ms = read_due_ms(entry, at);
        if (other_ms == 0 || other_ms > due_ms) break;
    }
    return at;
}

/* The value in a copy, which the caller frees: it is to be moved within its listpack. */
static struct packed_item copy_value(const struct entry *entry, const char *at, char **copy) {
    struct packed_value value = packed_read(listpack_next(hash_packed_listpack(entry), at));
    *copy = NULL;
    if (value.data != NULL) value.data = *copy = mem_dup(value.data, value.len);
    return item_of_value(&value);
}

static void move_field(struct entry *entry, char *at, const struct packed_item *name,
                       int64_t due_ms) {
    char *copy;
    struct packed_item items[] = {*name, copy_value(entry, at, &copy),
                                  packed_item_of_integer(due_ms)};
    remove_field(entry, &at);
    char *place = find_due_place(entry, due_ms);
    char *listpack = hash_packed_listpack(entry);
    keep_listpack(entry, listpack_insert(listpack, &place, items, ARRAY_LEN(items)));
    if (due_ms != 0) hash_packed_due_of(entry)->dues.count++;
    mem_free(copy);
}

void hash_packed_set_due(struct entry *entry, struct bytes name, int64_t due_ms) {
    if (entry->encoding == HASH_PACKED) {
        if (due_ms == 0) return;
        make_packed_due(entry);
    }
    struct packed_item item = packed_item_of(name);
    char *at = find_field(entry, &item);
    CHECK(at != NULL);
    if (read_due_ms(entry, at) != due_ms) move_field(entry, at, &item, due_ms);
}

int64_t hash_packed_next_due_ms(const struct entry *entry) {
    const char *first = listpack_first(hash_packed_listpack(entry));
    return first == NULL ? 0 : read_due_ms(entry, first);
}

size_t hash_packed_expire(struct entry *entry, int64_t now_ms, size_t max) {
    size_t expired = 0;
    char *listpack = hash_packed_listpack(entry);
    for (char *at = listpack_first(listpack); at != NULL && expired < max; expired++) {
        int64_t due_ms = read_due_ms(entry, at);
        if (due_ms == 0 || due_ms > now_ms) break;
        at = next_field(entry, at);
    }
    if (expired == 0) return 0;
    char *first = listpack_first(listpack);
    keep_listpack(entry, listpack_remove(listpack, &first, expired * 3));
    hash_packed_due_of(entry)->dues.count -= expired;
    return expired;
}

/* --- the whole --- */

void hash_packed_free(struct entry *entry) {
    listpack_free(hash_packed_listpack(entry));
    if (entry->encoding == HASH_PACKED_DUE) mem_free(hash_packed_due_of(entry));
}

void hash_packed_copy(const struct entry *source, struct entry *target) {
    char *listpack = listpack_copy(hash_packed_listpack(source));
    if (source->encoding == HASH_PACKED) {
        entry_set_pointer(target, listpack);
        return;
    }
    struct hash_packed_due *due = mem_alloc_zeroed(sizeof(*due));
    due->dues.count = hash_packed_due_of(source)->dues.count;
    due->listpack = listpack;
    entry_set_pointer(target, due);
}

size_t hash_packed_used_bytes(const struct entry *entry) {
    size_t outer = entry->encoding == HASH_PACKED ? 0 : mem_usable_size(hash_packed_due_of(entry));
    return outer + mem_usable_size(hash_packed_listpack(entry));
}

void hash_packed_verify(const struct entry *entry) {
    const char *listpack = hash_packed_listpack(entry);
    CHECK(listpack_validate(bytes_of(listpack, listpack_bytes(listpack)), hash_packed_step(entry)));
    CHECK(hash_packed_len(entry) != 0);
    if (entry->encoding == HASH_PACKED) return;
    uint64_t due_count = 0;
    int64_t last_ms = 1;
    for (const char *at = listpack_first(listpack); at != NULL; at = next_field(entry, at)) {
        int64_t due_ms = read_due_ms(entry, at);
        CHECK(due_ms == 0 || (last_ms != 0 && due_ms >= last_ms));
        last_ms = due_ms;
        due_count += due_ms != 0;
    }
    CHECK(due_count == hash_packed_due_of(entry)->dues.count);
}
