/* Sets made apart from any key. A builder begins as an intset and grows like any set; what it is
 * stored as is decided at the end, by the members that it has then. */
#include "data/types/set/set_private.h"
#include "foundation/mem.h"

struct set_builder {
    struct set_form form;
};

struct set_builder *set_builder_new(void) {
    struct set_builder *builder = mem_alloc(sizeof(*builder));
    builder->form = set_form_new(SET_INTS, 0);
    return builder;
}

void set_builder_reserve(struct set_builder *builder, size_t count) {
    set_form_expect(&builder->form, count);
}

void set_builder_free(struct set_builder *builder) {
    set_form_free(builder->form);
    mem_free(builder);
}

bool set_builder_add(struct set_builder *builder, struct bytes member) {
    return set_form_add(&builder->form, member);
}

bool set_builder_has(const struct set_builder *builder, struct bytes member) {
    return set_form_has(builder->form, member);
}

size_t set_builder_len(const struct set_builder *builder) {
    return set_form_len(builder->form);
}

/* --- storing --- */

void set_builder_store(struct set_builder *builder, struct database *db, struct key key,
                       struct found *found) {
    set_form_minimise(&builder->form);
    struct set_form form = builder->form;
    mem_free(builder);
    if (set_form_len(form) == 0) {
        set_form_free(form);
        if (found->entry != NULL) database_delete(db, key, *found);
        found->entry = NULL;
    } else {
        int old_type = database_found_type(found);
        database_store(db, key, found, set_new_entry(key, form));
        database_report_overwrite(db, key.name, old_type, VALUE_SET);
    }
}
