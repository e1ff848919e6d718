/* The versions that this server tells: its own, and the Redis version whose commands and replies
 * clients may count on. */
#ifndef ENGINE_VERSION_H
#define ENGINE_VERSION_H

#define SKUA_VERSION "0.1.0"
#define REDIS_VERSION "7.2.0"

#endif
