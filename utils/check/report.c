#include "check/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- the verdict --- */

static void print_contents(const struct findings *findings) {
    if (findings->has_rdb)
        (void)printf(", RDB version %u, %" PRIu64 " keys", findings->rdb_version,
                     findings->statistics.keys);
    if (findings->has_log && (findings->commands != 0 || !findings->has_rdb))
        (void)printf(", %" PRIu64 " commands, %" PRIu64 " transactions", findings->commands,
                     findings->transactions);
}

static void print_broken(const struct findings *findings) {
    (void)printf("\n  %s\n", findings->error);
    if (findings->verdict == VERDICT_FAILED) return;
    if (findings->place.len != 0)
        (void)printf("  while reading %.*s\n", (int)findings->place.len, findings->place.data);
    (void)printf("  good up to offset %" PRIu64 " of %" PRIu64, findings->good_bytes,
                 findings->file_bytes);
    print_contents(findings);
    (void)putchar('\n');
}

static void print_skipped(const struct statistics *statistics) {
    for (size_t i = 0; i < RDB_SKIPPED_COUNT; i++)
        if (statistics->skipped[i] != 0)
            (void)printf("  Skua has no place for %" PRIu64 " %s\n", statistics->skipped[i],
                         statistics_skipped_label((enum rdb_skipped)i));
}

static void print_verdict(const struct findings *findings) {
    static const char *const words[] = {
        [VERDICT_FINE] = "fine", [VERDICT_BROKEN] = "broken", [VERDICT_FAILED] = "failed"};
    (void)printf("%s: %s", findings->path, words[findings->verdict]);
    if (findings->verdict != VERDICT_FINE) {
        print_broken(findings);
        return;
    }
    (void)printf(", %" PRIu64 " bytes", findings->file_bytes);
    print_contents(findings);
    if (findings->has_rdb)
        (void)fputs(findings->sum == SUM_RIGHT ? ", sum right" : ", without a sum", stdout);
    (void)putchar('\n');
}

/* --- statistics --- */

static void print_aux(const struct findings *findings) {
    struct bytes rest = buffer_bytes(&findings->aux), line;
    if (rest.len == 0) return;
    (void)puts("\n  Aux fields");
    while (bytes_next_word(&rest, '\n', &line))
        if (line.len != 0) (void)printf("    %.*s\n", (int)line.len, line.data);
}

static void print_databases(const struct statistics *statistics) {
    (void)printf("\n  %-24s %14s %14s %16s\n", "Database", "keys", "with due time", "bytes");
    for (size_t i = 0; i < statistics->database_count; i++) {
        const struct database_figures *database = &statistics->databases[i];
        if (database->keys == 0) continue;
        (void)printf("  %-24zu %14" PRIu64 " %14" PRIu64 " %16" PRIu64 "\n", i, database->keys,
                     database->keys_with_due, database->bytes);
    }
}

static void print_forms(const struct statistics *statistics) {
    (void)printf("\n  %-12s %-11s %14s %14s %16s\n", "Type", "encoding", "keys", "elements",
                 "bytes");
    for (size_t i = 0; i < statistics->form_count; i++) {
        const struct form *form = &statistics->forms[i];
        (void)printf("  %-12s %-11s %14" PRIu64 " %14" PRIu64 " %16" PRIu64 "\n", form->type,
                     form->encoding, form->keys, form->elements, form->bytes);
    }
    (void)printf("  %-24s %14" PRIu64 " %14" PRIu64 " %16" PRIu64 "\n", "all", statistics->keys,
                 statistics->elements, statistics->bytes);
}

static void print_dues(const struct statistics *statistics) {
    if (statistics->keys_with_due == 0) return;
    (void)printf("\n  %-24s %14s\n", "Time to live", "keys");
    for (size_t i = 0; i < DUE_STEPS; i++)
        if (statistics->due_steps[i] != 0)
            (void)printf("  %-24s %14" PRIu64 "\n", statistics_due_label(i),
                         statistics->due_steps[i]);
}

static void print_big_keys(const struct big_keys *keys, const char *title) {
    if (keys->count == 0) return;
    (void)printf("\n  %-24s %14s %14s  %-10s %s\n", title, "bytes", "elements", "type", "key");
    for (size_t i = 0; i < keys->count; i++) {
        const struct big_key *key = &keys->items[i];
        (void)printf("  database %-15" PRIu64 " %14" PRIu64 " %14" PRIu64 "  %-10s %s\n",
                     key->database, key->bytes, key->elements, key->type, key->name);
    }
}

static void print_readers(const struct statistics *statistics) {
    const char *version = statistics_redis_version(statistics);
    if (version != NULL)
        (void)printf("\n  Values that redis-server reads from version %s on\n", version);
    else
        (void)printf("\n  %" PRIu64 " keys hold values that no redis-server reads\n",
                     statistics_own_keys(statistics));
}

static void print_statistics(const struct findings *findings) {
    const struct statistics *statistics = &findings->statistics;
    print_aux(findings);
    print_databases(statistics);
    print_forms(statistics);
    print_dues(statistics);
    print_big_keys(&statistics->biggest, "Most memory");
    print_big_keys(&statistics->longest, "Most elements");
    print_readers(statistics);
}

void report_findings(const struct findings *findings, const struct options *options) {
    if (options->is_json) {
        report_write_json(findings, options->has_statistics);
    } else {
        print_verdict(findings);
        print_skipped(&findings->statistics);
        if (options->has_statistics && findings->has_rdb) print_statistics(findings);
    }
    (void)fflush(stdout);
}

void report_failure(const char *path, enum verdict verdict, const char *error,
                    const struct options *options) {
    struct findings findings = {.path = path, .verdict = verdict};
    (void)snprintf(findings.error, FINDINGS_ERROR_MAX, "%s", error);
    if (options->is_json)
        report_write_json(&findings, false);
    else
        (void)printf("%s: %s\n  %s\n", path, verdict == VERDICT_FAILED ? "failed" : "broken",
                     error);
    (void)fflush(stdout);
}
