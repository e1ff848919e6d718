/* The sections of INFO that the server family writes: see info_part in engine/feature.h. */
#ifndef COMMANDS_SERVER_INFO_SECTIONS_H
#define COMMANDS_SERVER_INFO_SECTIONS_H

#include "foundation/buffer.h"

struct engine;

/* For a section that others fill, or that is shown empty. */
void info_write_nothing(struct engine *engine, struct buffer *out);
void info_write_server(struct engine *engine, struct buffer *out);
void info_write_memory(struct engine *engine, struct buffer *out);
void info_write_stats(struct engine *engine, struct buffer *out);
void info_write_replication(struct engine *engine, struct buffer *out);
void info_write_cpu(struct engine *engine, struct buffer *out);
void info_write_commandstats(struct engine *engine, struct buffer *out);
void info_write_errorstats(struct engine *engine, struct buffer *out);
void info_write_cluster(struct engine *engine, struct buffer *out);
void info_write_keyspace(struct engine *engine, struct buffer *out);

/* Takes a sample for the instantaneous_… fields, which tell the mean of the last 1.6 seconds. */
void info_sample_rates(struct engine *engine);

#endif
