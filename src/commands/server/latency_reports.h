/* What LATENCY GRAPH and LATENCY DOCTOR answer. */
#ifndef COMMANDS_SERVER_LATENCY_REPORTS_H
#define COMMANDS_SERVER_LATENCY_REPORTS_H

#include "engine/latency.h"
#include "foundation/buffer.h"

#include <stdint.h>

struct engine;

/* A headline and a bar for each sample, oldest first; `now_s` is the unix time. */
void latency_write_graph(const struct latency_event *event, int64_t now_s, struct buffer *out);
/* A line for each event, and what may help. */
void latency_write_advice(struct engine *engine, struct buffer *out);

#endif
