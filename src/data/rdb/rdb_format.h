/* The numbers of the RDB format, versions 1 to 12 (Redis up to 7.4), and Skua's own.
 *
 *      file     REDIS0010 | opcodes | [expiry, idle, freq] type key value | … | 255 | CRC64
 *      payload  type value | version, 16 bits | CRC64             what DUMP answers
 *
 * A length takes 1, 2, 5 or 9 bytes; the first byte's top bits say which, and 11 that no length but
 * a string in a special form follows:
 *
 *      00xxxxxx                       6 bits
 *      01xxxxxx xxxxxxxx              14 bits
 *      0x80 and 4 bytes, 0x81 and 8   32 and 64 bits, big-endian
 *      0xc0 0xc1 0xc2                 a string that is the text of an integer of 1, 2, 4 bytes
 *      0xc3 length length bytes       a string by LZF: length compressed, then of the text
 *
 * Any other string is a length and its bytes. Numbers of fixed width are little-endian. */
#ifndef DATA_RDB_RDB_FORMAT_H
#define DATA_RDB_RDB_FORMAT_H

enum {
    RDB_VERSION_WRITTEN = 10, /* of redis-server 7.0; what it cannot hold says a later one */
    RDB_VERSION_FIELD_DUES = 12,
    RDB_VERSION_MAX = 12, /* the latest that is read */
};

enum rdb_length_form {
    RDB_LENGTH_14_BITS = 0x40,
    RDB_LENGTH_32_BITS = 0x80,
    RDB_LENGTH_64_BITS = 0x81,
    RDB_STRING_INT8 = 0xc0,
    RDB_STRING_INT16 = 0xc1,
    RDB_STRING_INT32 = 0xc2,
    RDB_STRING_LZF = 0xc3,
};

/* What a value is written as. From RDB_SKUA_FIRST on stand those that no redis-server knows: values
 * that it cannot hold. Anything else is written as Redis writes it. */
enum rdb_type {
    RDB_STRING = 0,
    RDB_LIST = 1,
    RDB_SET = 2,
    RDB_ZSET_TEXT = 3, /* scores as text */
    RDB_HASH = 4,
    RDB_ZSET = 5, /* scores as binary doubles */
    RDB_MODULE_1 = 6,
    RDB_MODULE_2 = 7,
    RDB_HASH_ZIPMAP = 9,
    RDB_LIST_ZIPLIST = 10,
    RDB_SET_INTSET = 11,
    RDB_ZSET_ZIPLIST = 12,
    RDB_HASH_ZIPLIST = 13,
    RDB_LIST_OF_ZIPLISTS = 14,
    RDB_STREAM_1 = 15,
    RDB_HASH_LISTPACK = 16,
    RDB_ZSET_LISTPACK = 17,
    RDB_LIST_OF_LISTPACKS = 18,
    RDB_STREAM_2 = 19,
    RDB_SET_LISTPACK = 20,
    RDB_STREAM_3 = 21,
    RDB_HASH_DUES_DRAFT = 22, /* of release candidates of 7.4: refused */
    RDB_HASH_LISTPACK_DUES_DRAFT = 23,
    RDB_HASH_DUES = 24,
    RDB_HASH_LISTPACK_DUES = 25,

    RDB_SKUA_FIRST = 200,
    RDB_SKUA_SET_DUES = 200,
    RDB_SKUA_ZSET_DUES = 201,
    RDB_SKUA_ZSET_EXACT = 202, /* scores that are 64-bit integers */
    RDB_SKUA_ZSET_EXACT_DUES = 203,
    RDB_SKUA_RATELIMIT = 204,
    RDB_SKUA_LAST = 239,
};

/* What stands in a file where a type may stand. */
enum rdb_opcode {
    RDB_OPCODE_SLOT_INFO = 244,
    RDB_OPCODE_FUNCTION = 245,
    RDB_OPCODE_FUNCTION_DRAFT = 246,
    RDB_OPCODE_MODULE_AUX = 247,
    RDB_OPCODE_IDLE = 248, /* seconds, a length */
    RDB_OPCODE_FREQ = 249, /* one byte */
    RDB_OPCODE_AUX = 250,
    RDB_OPCODE_RESIZEDB = 251,
    RDB_OPCODE_EXPIRETIME_MS = 252,
    RDB_OPCODE_EXPIRETIME = 253,
    RDB_OPCODE_SELECTDB = 254,
    RDB_OPCODE_EOF = 255,
};

/* What a node of RDB_LIST_OF_LISTPACKS is. */
enum rdb_list_node { RDB_NODE_PLAIN = 1, RDB_NODE_LISTPACK = 2 };

#endif
