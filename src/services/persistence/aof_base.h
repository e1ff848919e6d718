/* A base of the log as commands (aof-use-rdb-preamble no): what every reader of logs can run, and a
 * person can read.
 *
 *      RL.POLICY SET …, FENCE.RAISE …                what is kept beside the keyspace
 *      SELECT 0
 *      SET key value  PEXPIREAT key unix-ms
 *      RPUSH, SADD, ZADD, HSET key …                 some elements at a time
 *      HPEXPIREAT key unix-ms FIELDS 1 field
 *      RESTORE key due payload ABSTTL                values that no such commands make
 *
 * A type without commands in aof_base.c is written as RESTORE, so that none can be forgotten. */
#ifndef SERVICES_PERSISTENCE_AOF_BASE_H
#define SERVICES_PERSISTENCE_AOF_BASE_H

#include "foundation/check.h"
#include "services/persistence/rdb_file.h"

/* As rdb_file_write. */
NODISCARD bool aof_base_write(struct engine *engine, const char *path, struct rdb_save *save,
                              char *error);

#endif
