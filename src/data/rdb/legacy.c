#include "data/rdb/legacy.h"

#include "foundation/containers/listpack.h"

#include <endian.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are copied as they lie");

enum { LIST_END = 0xff };

/* Bytes on their way into a listpack. */
struct conversion {
    const char *at, *end;
    char *listpack;
    size_t count;
};

static size_t count_left(const struct conversion *conversion) {
    return (size_t)(conversion->end - conversion->at);
}

static struct conversion start_conversion(struct bytes bytes, size_t header) {
    return (struct conversion){
        .at = bytes.data + header,
        .end = bytes.data + bytes.len,
        .listpack = listpack_new(bytes.len),
    };
}

/* The listpack when all went well and the bytes were all used, else NULL. */
static char *finish_conversion(const struct conversion *conversion, bool is_whole) {
    if (is_whole && conversion->at == conversion->end) return conversion->listpack;
    listpack_free(conversion->listpack);
    return NULL;
}

static bool append(struct conversion *conversion, const struct packed_item *item) {
    if (!listpack_has_room(conversion->listpack, item->size)) return false;
    conversion->listpack = listpack_append(conversion->listpack, item);
    conversion->count++;
    return true;
}

/* Moves `len` bytes out of the conversion; false when they are not there. */
static bool take(struct conversion *conversion, size_t len, const char **taken) {
    if (len > count_left(conversion)) return false;
    *taken = conversion->at;
    conversion->at += len;
    return true;
}

static bool take_number(struct conversion *conversion, size_t width, uint64_t *number) {
    const char *taken;
    if (!take(conversion, width, &taken)) return false;
    *number = 0;
    memcpy(number, taken, width);
    return true;
}

static bool take_text(struct conversion *conversion, uint64_t len) {
    const char *taken;
    if (len > UINT32_MAX || !take(conversion, (size_t)len, &taken)) return false;
    struct packed_item item = packed_item_of(bytes_of(taken, (size_t)len));
    return append(conversion, &item);
}

/* --- ziplists --- */

enum {
    ZIPLIST_HEADER = 10,
    ZIPLIST_LAST_AT = 4,
    ZIPLIST_COUNT_AT = 8,
    ZIPLIST_COUNT_UNKNOWN = UINT16_MAX,
    ZIPLIST_LONG_SIZE = 0xfe,
};

static bool take_integer(struct conversion *conversion, size_t width) {
    uint64_t number;
    if (!take_number(conversion, width, &number)) return false;
    unsigned unused_bits = 64 - 8 * (unsigned)width;
    struct packed_item item =
        packed_item_of_integer((int64_t)(number << unused_bits) >> unused_bits);
    return append(conversion, &item);
}

static bool take_ziplist_text(struct conversion *conversion, unsigned first) {
    uint64_t number;
    if (first < 0x40) return take_text(conversion, first);
    if (first < 0x80) {
        if (!take_number(conversion, 1, &number)) return false;
        return take_text(conversion, (uint64_t)(first & 0x3f) << 8 | number);
    }
    if (first != 0x80 || !take_number(conversion, 4, &number)) return false;
    return take_text(conversion, be32toh((uint32_t)number));
}

static bool take_ziplist_data(struct conversion *conversion) {
    uint64_t first;
    if (!take_number(conversion, 1, &first)) return false;
    if (first < 0xc0) return take_ziplist_text(conversion, (unsigned)first);
    switch (first) {
    case 0xc0: return take_integer(conversion, 2);
    case 0xd0: return take_integer(conversion, 4);
    case 0xe0: return take_integer(conversion, 8);
    case 0xf0: return take_integer(conversion, 3);
    case 0xfe: return take_integer(conversion, 1);
    default: break;
    }
    if (first < 0xf1 || first > 0xfd) return false;
    struct packed_item item = packed_item_of_integer((int64_t)first - 0xf1);
    return append(conversion, &item);
}

/* The size of the entry before, which has to agree. */
static bool take_previous_size(struct conversion *conversion, size_t previous_size) {
    uint64_t size;
    if (!take_number(conversion, 1, &size)) return false;
    if (size == ZIPLIST_LONG_SIZE && !take_number(conversion, 4, &size)) return false;
    return size == previous_size;
}

/* *last is the place of the last entry. */
static bool take_ziplist_entries(struct conversion *conversion, const char **last) {
    size_t previous_size = 0;
    *last = conversion->at;
    while (count_left(conversion) > 0 && (unsigned char)*conversion->at != LIST_END) {
        const char *entry = conversion->at;
        if (!take_previous_size(conversion, previous_size) || !take_ziplist_data(conversion))
            return false;
        *last = entry;
        previous_size = (size_t)(conversion->at - entry);
    }
    uint64_t end;
    return take_number(conversion, 1, &end);
}

static uint32_t load_u32(const char *at) {
    uint32_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

char *legacy_ziplist_to_listpack(struct bytes ziplist) {
    if (ziplist.len <= ZIPLIST_HEADER || ziplist.len > UINT32_MAX) return NULL;
    uint16_t told_count;
    memcpy(&told_count, ziplist.data + ZIPLIST_COUNT_AT, sizeof(told_count));
    if (load_u32(ziplist.data) != ziplist.len) return NULL;
    struct conversion conversion = start_conversion(ziplist, ZIPLIST_HEADER);
    const char *last;
    bool is_whole = take_ziplist_entries(&conversion, &last) &&
                    load_u32(ziplist.data + ZIPLIST_LAST_AT) == (size_t)(last - ziplist.data) &&
                    (told_count == conversion.count || told_count == ZIPLIST_COUNT_UNKNOWN);
    return finish_conversion(&conversion, is_whole);
}

/* --- zipmaps --- */

enum { ZIPMAP_HEADER = 1, ZIPMAP_LONG_LEN = 254 };

static bool take_zipmap_len(struct conversion *conversion, uint64_t *len) {
    if (!take_number(conversion, 1, len) || *len == LIST_END) return false;
    return *len != ZIPMAP_LONG_LEN || take_number(conversion, 4, len);
}

static bool take_zipmap_pair(struct conversion *conversion) {
    uint64_t len, free_len;
    const char *unused;
    return take_zipmap_len(conversion, &len) && take_text(conversion, len) &&
           take_zipmap_len(conversion, &len) && take_number(conversion, 1, &free_len) &&
           take_text(conversion, len) && take(conversion, (size_t)free_len, &unused);
}

char *legacy_zipmap_to_listpack(struct bytes zipmap) {
    if (zipmap.len <= ZIPMAP_HEADER) return NULL;
    size_t told_count = (unsigned char)*zipmap.data;
    struct conversion conversion = start_conversion(zipmap, ZIPMAP_HEADER);
    bool is_whole = true;
    while (is_whole && count_left(&conversion) > 0 && (unsigned char)*conversion.at != LIST_END)
        is_whole = take_zipmap_pair(&conversion);
    uint64_t end;
    is_whole = is_whole && take_number(&conversion, 1, &end) &&
               (told_count >= ZIPMAP_LONG_LEN || told_count * 2 == conversion.count);
    return finish_conversion(&conversion, is_whole);
}
