#include "services/persistence/aof_format.h"

#include "protocol/resp_writer.h"

#define MULTI "*1\r\n$5\r\nMULTI\r\n"
#define EXEC "*1\r\n$4\r\nEXEC\r\n"

enum { MULTI_LEN = sizeof(MULTI) - 1 };

void aof_format_start_file(struct aof_format *format) {
    format->has_db = false;
    format->told_s = 0;
}

static void put_request(struct buffer *out, const struct bytes *args, uint32_t argc) {
    size_t max = RESP_HEADER_MAX;
    for (uint32_t i = 0; i < argc; i++) max += args[i].len + RESP_HEADER_MAX;
    char *start = buffer_room(out, max);
    char *end = resp_put_array(start, argc);
    for (uint32_t i = 0; i < argc; i++) end = resp_put_bulk(end, args[i]);
    buffer_commit(out, (size_t)(end - start));
}

static COLD void select_db(struct aof_format *format, struct buffer *out, uint32_t db_number) {
    char digits[NUMBER_I64_MAX_CHARS];
    size_t len = number_format_u64(digits, db_number);
    put_request(out, (const struct bytes[]){BYTES("SELECT"), bytes_of(digits, len)}, 2);
    format->db_number = db_number;
    format->has_db = true;
}

static void tell_time(struct aof_format *format, struct buffer *out, int64_t now_s) {
    if ((format->is_group && format->group_count != 0) || now_s <= format->told_s) return;
    buffer_printf(out, "#TS:%lld\r\n", (long long)now_s);
    format->told_s = now_s;
}

static void tell_surroundings(struct aof_format *format, struct buffer *out, uint32_t db_number,
                              int64_t now_s) {
    if (UNLIKELY(format->has_times)) tell_time(format, out, now_s);
    if (UNLIKELY(!format->has_db || format->db_number != db_number))
        select_db(format, out, db_number);
}

void aof_format_write(struct aof_format *format, struct buffer *out, uint32_t db_number,
                      const struct bytes *args, uint32_t argc, int64_t now_s) {
    tell_surroundings(format, out, db_number, now_s);
    if (UNLIKELY(format->is_group) && format->group_count++ == 0) {
        format->group_start = out->len;
        buffer_append(out, MULTI, MULTI_LEN);
    }
    put_request(out, args, argc);
}

void aof_format_open_request(struct aof_format *format, struct buffer *out, uint32_t db_number,
                             uint32_t argc, int64_t now_s) {
    tell_surroundings(format, out, db_number, now_s);
    char *start = buffer_room(out, RESP_HEADER_MAX);
    buffer_commit(out, (size_t)(resp_put_array(start, argc) - start));
}

void aof_format_begin(struct aof_format *format) {
    format->is_group = true;
    format->group_count = 0;
}

/* One effect alone needs no transaction. */
static void take_back_multi(const struct aof_format *format, struct buffer *out) {
    char *start = out->data + format->group_start;
    size_t rest = out->len - format->group_start - MULTI_LEN;
    memmove(start, start + MULTI_LEN, rest);
    out->len -= MULTI_LEN;
}

void aof_format_end(struct aof_format *format, struct buffer *out) {
    if (!format->is_group) return;
    format->is_group = false;
    if (format->group_count == 1)
        take_back_multi(format, out);
    else if (format->group_count > 1)
        buffer_append(out, EXEC, sizeof(EXEC) - 1);
}
