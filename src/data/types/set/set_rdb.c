/* Sets in RDB form. Small sets of texts are written as plain members: the listpack of a set is
 * beyond redis-server 7.0. Due times of members are beyond any. */
#include "data/types/set/set_rdb.h"

#include "data/rdb/rdb_members.h"
#include "data/types/set/set_private.h"
#include "foundation/containers/intset.h"
#include "foundation/containers/listpack.h"

static bool has_dues(struct set_form form) {
    return form.encoding == SET_TABLE && rdb_members_have_dues(form.members);
}

uint8_t set_rdb_type(const struct entry *entry) {
    struct set_form form = set_form_of(entry);
    if (form.encoding == SET_INTS) return RDB_SET_INTSET;
    return has_dues(form) ? RDB_SKUA_SET_DUES : RDB_SET;
}

/* --- saving --- */

static bool save_name(void *context, struct bytes member) {
    rdb_write_string(context, member);
    return true;
}

struct due_save {
    struct rdb_writer *writer;
    const struct members *members;
    int64_t earliest_ms;
};

static void save_member_and_due(void *member, void *context) {
    const struct due_save *save = context;
    rdb_write_due(save->writer, save->earliest_ms, member_due_ms(member));
    rdb_write_string(save->writer, member_name(save->members, member));
}

static void save_with_dues(struct rdb_writer *writer, const struct members *members) {
    struct due_save save = {writer, members, rdb_members_earliest_ms(members)};
    rdb_write_i64(writer, save.earliest_ms);
    rdb_write_length(writer, members_count(members));
    members_for_each(members, save_member_and_due, &save);
}

void set_save(const struct entry *entry, struct rdb_writer *writer) {
    struct set_form form = set_form_of(entry);
    if (form.encoding == SET_INTS) {
        rdb_write_string(writer, bytes_of(form.ints, intset_bytes(form.ints)));
    } else if (has_dues(form)) {
        save_with_dues(writer, form.members);
    } else {
        rdb_write_length(writer, set_form_len(form));
        set_form_for_each(form, save_name, writer);
    }
}

/* --- loading: each returns a set, which is the caller's even when the reader has failed --- */

static struct set_form load_intset(struct rdb_reader *reader) {
    static const char what[] = "an intset";
    uint64_t offset = rdb_reader_offset(reader);
    struct bytes blob = rdb_read_string(reader, what);
    if (rdb_has_failed(reader)) return set_form_new(SET_INTS, 0);
    if (!intset_validate(blob) || intset_count(blob.data) == 0) {
        rdb_fail(reader, offset, what, "%zu bytes that are none, or are empty", blob.len);
        return set_form_new(SET_INTS, 0);
    }
    struct set_form form = {.encoding = SET_INTS, .ints = intset_copy(blob.data)};
    set_form_expect(&form, intset_count(form.ints));
    return form;
}

static struct set_form load_listpack(struct rdb_reader *reader) {
    static const char what[] = "a listpack of a set";
    uint64_t offset = rdb_reader_offset(reader);
    struct bytes blob = rdb_read_string(reader, what);
    if (rdb_has_failed(reader)) return set_form_new(SET_PACKED, 0);
    if (!listpack_validate(blob, 1) || listpack_count(blob.data) == 0 ||
        listpack_has_duplicates(blob.data, 1)) {
        rdb_fail(reader, offset, what, "%zu bytes that are none, or a member twice", blob.len);
        return set_form_new(SET_PACKED, 0);
    }
    struct set_form form = {.encoding = SET_PACKED, .packed = listpack_copy(blob.data)};
    set_form_expect(&form, listpack_count(form.packed));
    return form;
}

static void load_name(struct rdb_reader *reader, struct set_form *form) {
    static const char what[] = "a set's member";
    uint64_t offset = rdb_reader_offset(reader);
    struct bytes name = rdb_read_element(reader, what);
    if (!rdb_has_failed(reader) && !set_form_add(form, name))
        rdb_fail(reader, offset, what, "one that is there already");
}

static void load_many(struct rdb_reader *reader, struct members *members, uint64_t count) {
    struct rdb_arrivals arrivals = {.reader = reader, .members = members};
    for (uint64_t i = 0; i < count; i++) {
        struct rdb_arrival arrival = {.offset = rdb_reader_offset(reader)};
        arrival.name = rdb_read_element(reader, "a set's member");
        if (rdb_has_failed(reader)) break;
        rdb_arrivals_add(&arrivals, &arrival);
    }
    rdb_arrivals_settle(&arrivals);
    rdb_arrivals_destroy(&arrivals);
}

static struct set_form load_names(struct rdb_reader *reader) {
    uint64_t count = rdb_read_count(reader, 1, "a number of a set's members");
    struct set_form form = set_form_new(SET_INTS, 0);
    set_form_expect(&form, rdb_reserve_for(count));
    uint64_t i = 0;
    for (; i < count && form.encoding != SET_TABLE && !rdb_has_failed(reader); i++)
        load_name(reader, &form);
    if (!rdb_has_failed(reader) && form.encoding == SET_TABLE)
        load_many(reader, form.members, count - i);
    return form;
}

static struct set_form load_with_dues(struct rdb_reader *reader, int64_t now_ms) {
    int64_t earliest_ms = rdb_read_earliest_ms(reader);
    uint64_t count = rdb_read_count(reader, 2, "a number of a set's members");
    struct set_form form = set_form_new(SET_TABLE, rdb_reserve_for(count));
    for (uint64_t i = 0; i < count && !rdb_has_failed(reader); i++) {
        uint64_t offset = rdb_reader_offset(reader);
        int64_t due_ms = rdb_read_due(reader, earliest_ms);
        struct bytes name = rdb_read_element(reader, "a set's member");
        if (rdb_has_failed(reader)) break;
        void *member = rdb_add_member(reader, form.members, name, BYTES(""), offset);
        if (member != NULL && due_ms != 0) rdb_set_member_due(form.members, member, due_ms, now_ms);
    }
    return form;
}

static struct set_form load_form(struct rdb_reader *reader, uint8_t rdb_type, int64_t now_ms) {
    switch (rdb_type) {
    case RDB_SET_INTSET: return load_intset(reader);
    case RDB_SET_LISTPACK: return load_listpack(reader);
    case RDB_SKUA_SET_DUES: return load_with_dues(reader, now_ms);
    default: return load_names(reader);
    }
}

struct entry *set_load(struct rdb_reader *reader, uint8_t rdb_type, struct rdb_target *target) {
    struct set_form form = load_form(reader, rdb_type, target->now_ms);
    if (rdb_has_failed(reader)) {
        set_form_free(form);
        return NULL;
    }
    struct entry_shape shape = {.has_word = true, .has_due = target->has_due};
    struct entry *entry = entry_new(target->key, shape);
    entry->type = VALUE_SET;
    set_form_put(entry, form);
    if (has_dues(form)) entry->flags |= ENTRY_HAS_MEMBER_DUES;
    return entry;
}
