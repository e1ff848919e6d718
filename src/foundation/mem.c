/* The allocator behind the one door, and the count of what is in use.
 *
 * jemalloc keeps two 64-bit counters per thread, bytes ever allocated and bytes ever freed by it,
 * and tells where they lie. A registered thread's slot holds the two addresses, so the sum is a few
 * loads. The counters die with their thread: a leaving thread moves its difference into
 * `left_bytes`, takes its addresses out of the slot, and waits until no reader can still hold them.
 *
 * Invariant: a slot's addresses are valid while it has them. The wait is an asymmetric fence:
 * readers mark themselves with plain stores, the leaver makes all threads order theirs by
 * membarrier(2); without that call readers pay for a fence of their own. */
#include "foundation/mem.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(SKUA_LIBC_MALLOC)
#include <malloc.h>
#else
#include <jemalloc/jemalloc.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#endif

#if defined(SKUA_TEST)
static _Atomic uint64_t tries_until_failure, allocs_until_failure;

uint64_t mem_fail_nth_try(uint64_t nth) {
    return atomic_exchange(&tries_until_failure, nth);
}

void mem_fail_nth_alloc(uint64_t nth) {
    allocs_until_failure = nth;
}

static bool count_down(_Atomic uint64_t *until_failure) {
    uint64_t left = *until_failure;
    while (left != 0 && !atomic_compare_exchange_weak(until_failure, &left, left - 1)) continue;
    return left == 1;
}

static bool try_must_fail(void) {
    return count_down(&tries_until_failure);
}

static bool alloc_must_fail(void) {
    return count_down(&allocs_until_failure);
}
#else
static ALWAYS_INLINE bool try_must_fail(void) {
    return false;
}

static ALWAYS_INLINE bool alloc_must_fail(void) {
    return false;
}
#endif

NORETURN COLD static void run_out(size_t size) {
    fprintf(stderr, "Out of memory allocating %zu bytes\n", size);
    abort();
}

void *mem_alloc(size_t size) {
    void *ptr = malloc(size + (size == 0));
    if (UNLIKELY(ptr == NULL || alloc_must_fail())) run_out(size);
    return ptr;
}

void *mem_alloc_zeroed(size_t size) {
    void *ptr = calloc(1, size + (size == 0));
    if (UNLIKELY(ptr == NULL || alloc_must_fail())) run_out(size);
    return ptr;
}

void *mem_alloc_array(size_t count, size_t element_size) {
    size_t size;
    if (UNLIKELY(__builtin_mul_overflow(count, element_size, &size))) run_out(SIZE_MAX);
    return mem_alloc_zeroed(size);
}

void *mem_alloc_aligned(size_t alignment, size_t size) {
    void *ptr = NULL;
    if (alignment < sizeof(void *)) alignment = sizeof(void *);
    if (UNLIKELY(posix_memalign(&ptr, alignment, size + (size == 0)) != 0 || alloc_must_fail()))
        run_out(size);
    return ptr;
}

void *mem_realloc(void *ptr, size_t size) {
    void *moved = realloc(ptr, size + (size == 0));
    if (UNLIKELY(moved == NULL || alloc_must_fail())) run_out(size);
    return moved;
}

void *mem_try_alloc(size_t size) {
    return try_must_fail() || size > PTRDIFF_MAX ? NULL : malloc(size + (size == 0));
}

void *mem_try_realloc(void *ptr, size_t size) {
    return try_must_fail() || size > PTRDIFF_MAX ? NULL : realloc(ptr, size + (size == 0));
}

char *mem_dup(const void *data, size_t len) {
    char *copy = mem_alloc(len + 1);
    if (len != 0) memcpy(copy, data, len);
    copy[len] = '\0';
    return copy;
}

char *mem_dup_str(const char *str) {
    return mem_dup(str, strlen(str));
}

void mem_free(void *ptr) {
    free(ptr);
}

static size_t read_rss(void) {
    char text[128];
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd == -1) return 0;
    ssize_t len = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (len <= 0) return 0;
    text[len] = '\0';
    const char *resident = strchr(text, ' ');
    if (resident == NULL) return 0;
    return strtoul(resident, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

#if defined(SKUA_LIBC_MALLOC)

/* Present only where a sanitizer runs. */
__attribute__((weak)) size_t __sanitizer_get_current_allocated_bytes(void);

/* The C library declares its argument writable though it only reads the block's header. */
size_t mem_usable_size(const void *ptr) {
    union {
        const void *borrowed;
        void *writable;
    } same = {.borrowed = ptr};
    return malloc_usable_size(same.writable);
}

size_t mem_good_size(size_t size) {
    return size; /* the sanitizers watch every byte */
}

void mem_start(void) {}
void mem_thread_enter(void) {}
void mem_thread_leave(void) {}

size_t mem_used_bytes(void) {
    if (__sanitizer_get_current_allocated_bytes != NULL) {
        return __sanitizer_get_current_allocated_bytes();
    }
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

void mem_read_stats(struct mem_stats *stats) {
    size_t used = mem_used_bytes();
    size_t rss = read_rss();
    *stats = (struct mem_stats){
        .allocated_bytes = used,
        .active_bytes = used,
        .resident_bytes = rss,
        .rss_bytes = rss,
        .allocator = "libc",
    };
}

void mem_purge(void) {
    malloc_trim(0);
}

bool mem_wants_purge(void) {
    return false;
}

#else

/* Two arenas: one thread owns the data, so more would only spread free memory over places that
 * cannot share it; the second keeps the workers' small change out of the data's. No background
 * thread: it would wake on a schedule of its own and must not exist when the process forks. No decay: unused
 * pages would be given back in the middle of commands, up to 2 ms at a time while ten million keys
 * come and go; mem_wants_purge and mem_purge do it beside them. */
extern const char *const allocator_settings;
const char *const allocator_settings __asm__("malloc_conf")
    __attribute__((used)) = "narenas:2,background_thread:false,dirty_decay_ms:-1";

#define AS_TEXT(token) #token
#define AS_DOTTED(major, minor, bugfix) AS_TEXT(major) "." AS_TEXT(minor) "." AS_TEXT(bugfix)
#define DOTTED_VERSION                                                                             \
    AS_DOTTED(JEMALLOC_VERSION_MAJOR, JEMALLOC_VERSION_MINOR, JEMALLOC_VERSION_BUGFIX)

enum { THREADS_MAX = 128 };

struct thread_slot {
    const uint64_t *allocated; /* NULL: the slot is free */
    const uint64_t *freed;
    bool is_reading; /* its thread is inside mem_used_bytes */
    bool is_taken;
};

static struct thread_slot slots[THREADS_MAX];
static size_t slots_used; /* slots above this one were never taken */
static uint64_t left_bytes;
static bool has_membarrier;
static pthread_mutex_t slots_mutex = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local struct thread_slot *own_slot;

size_t mem_usable_size(const void *ptr) {
    return ptr == NULL ? 0 : sallocx(ptr, 0);
}

size_t mem_good_size(size_t size) {
    return nallocx(size + (size == 0), 0);
}

void mem_start(void) {
    has_membarrier = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
    mem_thread_enter();
}

static const uint64_t *find_counter(const char *name) {
    const uint64_t *counter = NULL;
    size_t size = sizeof(counter);
    return mallctl(name, (void *)&counter, &size, NULL, 0) == 0 ? counter : NULL;
}

static struct thread_slot *take_slot(void) {
    for (size_t i = 0; i < THREADS_MAX; i++) {
        if (slots[i].is_taken) continue;
        slots[i].is_taken = true;
        if (i >= slots_used) __atomic_store_n(&slots_used, i + 1, __ATOMIC_RELEASE);
        return &slots[i];
    }
    return NULL;
}

void mem_thread_enter(void) {
    if (own_slot != NULL) return;
    const uint64_t *allocated = find_counter("thread.allocatedp");
    const uint64_t *freed = find_counter("thread.deallocatedp");
    CHECK(allocated != NULL && freed != NULL);
    pthread_mutex_lock(&slots_mutex);
    struct thread_slot *slot = take_slot();
    CHECK(slot != NULL);
    __atomic_store_n(&slot->freed, freed, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->allocated, allocated, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&slots_mutex);
    own_slot = slot;
}

static void wait_for_readers(void) {
    if (has_membarrier) syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    for (size_t i = 0; i < slots_used; i++) {
        while (__atomic_load_n(&slots[i].is_reading, __ATOMIC_ACQUIRE)) {
            sched_yield();
        }
    }
}

void mem_thread_leave(void) {
    struct thread_slot *slot = own_slot;
    if (slot == NULL) return;
    own_slot = NULL;
    pthread_mutex_lock(&slots_mutex);
    __atomic_fetch_add(&left_bytes, *slot->allocated - *slot->freed, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->allocated, NULL, __ATOMIC_RELEASE);
    wait_for_readers();
    slot->is_taken = false;
    pthread_mutex_unlock(&slots_mutex);
}

static uint64_t sum_slots(void) {
    uint64_t sum = __atomic_load_n(&left_bytes, __ATOMIC_RELAXED);
    size_t used = __atomic_load_n(&slots_used, __ATOMIC_ACQUIRE);
    for (size_t i = 0; i < used; i++) {
        const uint64_t *allocated = __atomic_load_n(&slots[i].allocated, __ATOMIC_ACQUIRE);
        if (allocated == NULL) continue;
        const uint64_t *freed = __atomic_load_n(&slots[i].freed, __ATOMIC_RELAXED);
        sum += __atomic_load_n(allocated, __ATOMIC_RELAXED);
        sum -= __atomic_load_n(freed, __ATOMIC_RELAXED);
    }
    return sum;
}

size_t mem_used_bytes(void) {
    struct thread_slot *slot = own_slot;
    CHECK(slot != NULL);
    __atomic_store_n(&slot->is_reading, true, __ATOMIC_RELAXED);
    if (has_membarrier) {
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
    } else {
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    }
    uint64_t sum = sum_slots();
    __atomic_store_n(&slot->is_reading, false, __ATOMIC_RELEASE);
    /* The threads' counters are not read at one moment: the sum can fall short for a blink. */
    return (int64_t)sum < 0 ? 0 : (size_t)sum;
}

static size_t read_figure(const char *name) {
    size_t figure = 0;
    size_t size = sizeof(figure);
    return mallctl(name, &figure, &size, NULL, 0) == 0 ? figure : 0;
}

void mem_read_stats(struct mem_stats *stats) {
    uint64_t epoch = 1;
    size_t size = sizeof(epoch);
    (void)mallctl("epoch", &epoch, &size, &epoch, size);
    *stats = (struct mem_stats){
        .allocated_bytes = read_figure("stats.allocated"),
        .active_bytes = read_figure("stats.active"),
        .resident_bytes = read_figure("stats.resident"),
        .retained_bytes = read_figure("stats.retained"),
        .rss_bytes = read_rss(),
        .allocator = "jemalloc-" DOTTED_VERSION,
    };
}

void mem_purge(void) {
    (void)mallctl("thread.tcache.flush", NULL, NULL, NULL, 0);
    (void)mallctl("arena.4096.purge", NULL, NULL, NULL, 0);
}

enum { PURGE_MIN_BYTES = 16 * 1024 * 1024, PURGE_SHARE = 4 };

bool mem_wants_purge(void) {
    uint64_t epoch = 1;
    size_t size = sizeof(epoch);
    (void)mallctl("epoch", &epoch, &size, &epoch, size);
    size_t unused_bytes = read_figure("stats.arenas.4096.pdirty") * (size_t)sysconf(_SC_PAGESIZE);
    static size_t last_unused_bytes;
    bool is_growing = unused_bytes > last_unused_bytes;
    last_unused_bytes = unused_bytes;
    return !is_growing && unused_bytes >= PURGE_MIN_BYTES &&
           unused_bytes > read_figure("stats.active") / PURGE_SHARE;
}

#endif
