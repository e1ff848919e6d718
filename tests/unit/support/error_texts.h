/* Replies that many commands give when they refuse. */
#ifndef UNIT_SUPPORT_ERROR_TEXTS_H
#define UNIT_SUPPORT_ERROR_TEXTS_H

#define WRONG_TYPE "-WRONGTYPE Operation against a key holding the wrong kind of value"
#define NOT_INTEGER "-ERR value is not an integer or out of range"
#define NOT_FLOAT "-ERR value is not a valid float"
#define SYNTAX "-ERR syntax error"

#endif
