/* Memory: one door to the allocator (jemalloc; the C library's under the sanitizers).
 *
 * `mem_alloc` and its kin never fail: they end the process with a clear line when the system has
 * no memory left. `mem_try_*` return NULL instead and are for every size that a peer or a file
 * chose. What an allocation occupies is counted per thread by the allocator itself, so the count
 * costs nothing on the hot path. */
#ifndef FOUNDATION_MEM_H
#define FOUNDATION_MEM_H

#include "foundation/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `size` 0 is served as 1. The caller owns the result and gives it back to mem_free. */
void *mem_alloc(size_t size) __attribute__((malloc, alloc_size(1), returns_nonnull));
void *mem_alloc_zeroed(size_t size) __attribute__((malloc, alloc_size(1), returns_nonnull));
/* Zeroed array of `count` elements; ends the process on overflow of the product too. */
void *mem_alloc_array(size_t count, size_t element_size) __attribute__((malloc, returns_nonnull));
/* `alignment` is a power of two. */
void *mem_alloc_aligned(size_t alignment, size_t size) __attribute__((malloc, returns_nonnull));
void *mem_realloc(void *ptr, size_t size) __attribute__((alloc_size(2), returns_nonnull));

/* NULL when there is no memory; mem_try_realloc leaves `ptr` as it was then. */
NODISCARD void *mem_try_alloc(size_t size) __attribute__((malloc, alloc_size(1)));
NODISCARD void *mem_try_realloc(void *ptr, size_t size);

/* A copy of `len` bytes with a NUL behind them. */
char *mem_dup(const void *data, size_t len) __attribute__((malloc, returns_nonnull));
char *mem_dup_str(const char *str) __attribute__((malloc, returns_nonnull));

/* NULL is ignored. */
void mem_free(void *ptr);

/* Bytes that the allocation at `ptr` occupies, its rounding included; 0 for NULL. */
size_t mem_usable_size(const void *ptr);
/* Bytes that an allocation of `size` would occupy. */
size_t mem_good_size(size_t size);

/* Fetches the cache line at `address`, which need not be valid, ahead of its use. Assembly, because gcc takes a
 * function that does nothing but __builtin_prefetch for one without effect and drops its calls. */
static ALWAYS_INLINE void mem_prefetch(const void *address) {
#if defined(__x86_64__)
    __asm__ volatile("prefetcht0 %0" : : "m"(*(const char *)address));
#else
    __builtin_prefetch(address);
#endif
}

/* Every thread that allocates or frees calls this once before it does and mem_thread_leave at its
 * end, so that mem_used_bytes sees it. The main thread registers in mem_start. */
void mem_start(void);
void mem_thread_enter(void);
void mem_thread_leave(void);
/* Bytes allocated and not freed, all registered threads together. The caller is one of them. A few
 * loads a thread (3 ns alone); never locks. */
size_t mem_used_bytes(void);

struct mem_stats {
    size_t allocated_bytes; /* asked for, rounded to size classes */
    size_t active_bytes;    /* pages holding them */
    size_t resident_bytes;  /* mapped by the allocator and present */
    size_t retained_bytes;  /* given back to the system but kept as address space */
    size_t rss_bytes;       /* resident set of the process, from /proc/self/statm */
    const char *allocator;  /* "jemalloc-5.3.0" or "libc" */
};
/* Cost: some microseconds (asks the allocator for fresh figures and reads /proc). */
void mem_read_stats(struct mem_stats *stats);
/* Gives unused pages back to the system. Cost: about 1 microsecond a page run; any thread may do it. */
void mem_purge(void);

/* True when so much memory lies unused (a quarter of what is in use, and at least 16 MiB) that
 * mem_purge is worth it,
 * and no more of it than at the last call: while much is being freed it is left alone. Freeing never gives pages back by itself: that took a command up to 2 ms. Cost: some
 * tens of microseconds, for calls about once a second. */
bool mem_wants_purge(void);

/* Makes the `nth` mem_try_* call from now on fail once (1 = the next); 0 turns it off. Returns what
 * was left to count for the one before: 0, it has failed. Exists in test builds only (SKUA_TEST). */
uint64_t mem_fail_nth_try(uint64_t nth);
/* The same of mem_alloc and all others that do not fail: the process ends. */
void mem_fail_nth_alloc(uint64_t nth);

#endif
