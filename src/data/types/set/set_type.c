/* What the rest of the server asks of sets through the vtable. */
#include "data/types/set/set_private.h"
#include "data/types/set/set_rdb.h"
#include "data/value_digest.h"
#include "foundation/containers/intset.h"
#include "foundation/containers/listpack.h"
#include "foundation/mem.h"
#include "foundation/number.h"

static void free_set(struct entry *entry) {
    set_form_free(set_form_of(entry));
}

static void copy_set(const struct entry *source, struct entry *target) {
    set_form_put(target, set_form_copy(set_form_of(source)));
}

static bool is_set_costly(const struct entry *entry) {
    return set_form_is_costly(set_form_of(entry));
}

static size_t count_outside_bytes(const struct entry *entry, size_t samples) {
    struct set_form form = set_form_of(entry);
    if (form.encoding != SET_TABLE) return mem_usable_size(form.pointer);
    return members_used_bytes(form.members, samples);
}

static const char *name_encoding(const struct entry *entry) {
    static const char *const names[] = {
        [SET_INTS] = "intset",
        [SET_PACKED] = "listpack",
        [SET_TABLE] = "hashtable",
    };
    return names[entry->encoding];
}

/* --- the digest --- */

struct digest {
    const struct members *members; /* NULL: none has a due time */
    unsigned char *bytes;
};

static bool digest_name(void *context, struct bytes member) {
    const struct digest *digest = context;
    value_digest_xor(digest->bytes, member);
    return true;
}

/* One with a due time is digested together with the fact that it has one. */
static void digest_member(void *member, void *context) {
    const struct digest *digest = context;
    struct bytes name = member_name(digest->members, member);
    if (member_due_ms(member) == 0) {
        value_digest_xor(digest->bytes, name);
        return;
    }
    unsigned char own[VALUE_DIGEST_BYTES] = {0};
    value_digest_mix(own, name);
    value_digest_xor(own, BYTES("!!expire!!"));
    for (size_t i = 0; i < sizeof(own); i++) digest->bytes[i] ^= own[i];
}

static void digest_set(const struct entry *entry, unsigned char bytes[20]) {
    struct set_form form = set_form_of(entry);
    struct digest digest = {0};
    digest.bytes = bytes;
    if (form.encoding == SET_TABLE) {
        digest.members = form.members;
        members_for_each(form.members, digest_member, &digest);
    } else {
        set_form_for_each(form, digest_name, &digest);
    }
}

/* --- the serialised length --- */

/* Bytes that a length takes in an RDB file. */
static size_t rdb_len_size(size_t len) {
    if (len < 1 << 6) return 1;
    return len < 1 << 14 ? 2 : 5;
}

static size_t rdb_string_size(struct bytes text) {
    int64_t value;
    if (text.len > 11 || !number_parse_i64(text, &value)) return rdb_len_size(text.len) + text.len;
    if (value >= INT8_MIN && value <= INT8_MAX) return 2;
    if (value >= INT16_MIN && value <= INT16_MAX) return 3;
    return value >= INT32_MIN && value <= INT32_MAX ? 5 : 1 + text.len;
}

static bool add_string_size(void *context, struct bytes member) {
    size_t *size = context;
    *size += rdb_string_size(member);
    return true;
}

/* Without compression. */
static size_t measure_serialized(const struct entry *entry) {
    struct set_form form = set_form_of(entry);
    size_t len = set_form_len(form);
    if (form.encoding == SET_INTS) len = intset_bytes(form.ints);
    if (form.encoding == SET_PACKED) len = listpack_bytes(form.packed);
    size_t size = rdb_len_size(len);
    if (form.encoding != SET_TABLE) return size + len;
    set_form_for_each(form, add_string_size, &size);
    return size;
}

/* --- due times of members --- */

static struct member_dues *find_dues(const struct entry *entry) {
    struct set_form form = set_form_of(entry);
    return form.encoding == SET_TABLE ? form.members->dues : NULL;
}

static int64_t find_next_due_ms(const struct entry *entry, int64_t now_ms) {
    return members_next_due_ms(set_form_of(entry).members, now_ms);
}

static size_t expire_members(struct entry *entry, int64_t now_ms, size_t max) {
    return members_expire(set_form_of(entry).members, now_ms, max, NULL, NULL);
}

static bool is_set_empty(const struct entry *entry) {
    return set_len(entry) == 0;
}

static const struct members *find_large_form(const struct entry *entry) {
    struct set_form form = set_form_of(entry);
    return form.encoding == SET_TABLE ? form.members : NULL;
}

static const struct member_methods set_member_methods = {
    .dues = find_dues,
    .next_due_ms = find_next_due_ms,
    .expire = expire_members,
    .is_empty = is_set_empty,
    .large_form = find_large_form,
    .event_class = KEY_EVENT_SET,
    .expired_event = "sexpired",
};

const struct value_type set_value_type = {
    .name = "set",
    .free_value = free_set,
    .copy_value = copy_set,
    .is_costly_to_free = is_set_costly,
    .outside_bytes = count_outside_bytes,
    .digest = digest_set,
    .encoding_name = name_encoding,
    .serialized_len = measure_serialized,
    .rdb_type = set_rdb_type,
    .save = set_save,
    .load = set_load,
    .members = &set_member_methods,
};
