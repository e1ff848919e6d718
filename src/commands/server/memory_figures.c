#include "commands/server/memory_figures.h"

#include "data/database.h"
#include "engine/client.h"
#include "engine/engine.h"

static size_t startup_bytes;

void memory_note_startup(void) {
    startup_bytes = mem_used_bytes();
}

double memory_ratio(size_t a, size_t b) {
    return b == 0 ? 0 : (double)a / (double)b;
}

static size_t count_client_bytes(const struct network *network) {
    size_t bytes = 0;
    if (network == NULL) return 0;
    for (struct client *client = network_first_client(network); client != NULL;
         client = client->next)
        bytes += client_used_bytes(client);
    return bytes;
}

static size_t count_table_bytes(const struct keyspace *keyspace) {
    size_t bytes = 0;
    for (uint32_t i = 0; i < keyspace->db_count; i++) {
        const struct database *db = keyspace->dbs[i];
        if (database_key_count(db) != 0) bytes += database_overhead_bytes(db);
    }
    return bytes;
}

static void divide(struct memory_figures *figures) {
    size_t overhead = figures->startup_bytes + figures->clients_bytes + figures->tables_bytes;
    size_t used = figures->used_bytes;
    size_t grown = used > figures->startup_bytes ? used - figures->startup_bytes : 0;
    figures->overhead_bytes = overhead;
    figures->dataset_bytes = used > overhead ? used - overhead : 0;
    figures->dataset_percent = 100 * memory_ratio(figures->dataset_bytes, grown);
    figures->peak_percent = 100 * memory_ratio(used, figures->peak_bytes);
}

void memory_read_figures(struct engine *engine, struct memory_figures *figures) {
    *figures = (struct memory_figures){
        .used_bytes = mem_used_bytes(),
        .startup_bytes = startup_bytes,
        .clients_bytes = count_client_bytes(engine->network),
        .tables_bytes = count_table_bytes(engine->keyspace),
    };
    if (engine->stats.peak_used_bytes < figures->used_bytes)
        engine->stats.peak_used_bytes = figures->used_bytes;
    figures->peak_bytes = engine->stats.peak_used_bytes;
    mem_read_stats(&figures->mem);
    divide(figures);
}
