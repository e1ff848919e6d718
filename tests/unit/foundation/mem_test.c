#include "foundation/mem.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void an_empty_allocation_is_a_real_one(void **state) {
    (void)state;
    void *ptr = mem_alloc(0);
    assert_non_null(ptr);
    assert_true(mem_usable_size(ptr) >= 1);
    mem_free(ptr);
    mem_free(NULL);
    assert_int_equal(mem_usable_size(NULL), 0);
}

static void zeroed_memory_and_arrays_are_zero(void **state) {
    (void)state;
    char *bytes = mem_alloc_zeroed(100);
    int64_t *array = mem_alloc_array(10, sizeof(*array));
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(bytes[i], 0);
    }
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(array[i], 0);
    }
    mem_free(bytes);
    mem_free(array);
}

static void aligned_memory_is_aligned(void **state) {
    (void)state;
    for (size_t alignment = 1; alignment <= 4096; alignment *= 2) {
        void *ptr = mem_alloc_aligned(alignment, 10);
        assert_int_equal((uintptr_t)ptr % alignment, 0);
        mem_free(ptr);
    }
}

static void a_grown_allocation_keeps_its_content(void **state) {
    (void)state;
    char *text = mem_dup("abc", 3);
    text = mem_realloc(text, 1000);
    assert_string_equal(text, "abc");
    mem_free(text);
}

static void an_impossible_size_is_refused(void **state) {
    (void)state;
    volatile size_t huge = SIZE_MAX - 100; /* the compiler would warn of a constant */
    char *text = mem_dup_str("kept");
    assert_null(mem_try_alloc(huge));
    assert_null(mem_try_realloc(text, huge));
    assert_string_equal(text, "kept");
    mem_free(text);
}

static void a_good_size_holds_what_was_asked(void **state) {
    (void)state;
    for (size_t size = 1; size < 5000; size += 7) {
        void *ptr = mem_alloc(size);
        assert_true(mem_good_size(size) >= size);
        assert_true(mem_usable_size(ptr) >= size);
        mem_free(ptr);
    }
}

#ifndef SKUA_LIBC_MALLOC
/* 64 MiB in small pieces, all freed: worth giving back once no more is being freed. */
static void much_unused_memory_is_worth_a_purge(void **state) {
    (void)state;
    enum { PIECES = 64 * 1024, PIECE_BYTES = 1024 };
    void **pieces = mem_alloc_array(PIECES, sizeof(*pieces));
    assert_false(mem_wants_purge());
    for (size_t i = 0; i < PIECES; i++) pieces[i] = mem_alloc(PIECE_BYTES);
    for (size_t i = 0; i < PIECES; i++) mem_free(pieces[i]);
    assert_false(mem_wants_purge()); /* it has grown since the last call */
    assert_true(mem_wants_purge());
    mem_purge();
    assert_false(mem_wants_purge());
    mem_free(pieces);
}
#endif

static void used_bytes_follow_allocations(void **state) {
    (void)state;
    size_t before = mem_used_bytes();
    void *ptr = mem_alloc(1 << 20);
    assert_true(mem_used_bytes() >= before + (1 << 20));
    mem_free(ptr);
    assert_true(mem_used_bytes() < before + (1 << 19));
}

static void *allocate_elsewhere(void *unused) {
    (void)unused;
    mem_thread_enter();
    void *ptr = mem_alloc(1 << 20);
    mem_thread_leave();
    return ptr;
}

static void memory_of_a_thread_that_left_still_counts(void **state) {
    (void)state;
    size_t before = mem_used_bytes();
    for (int i = 0; i < 200; i++) {
        pthread_t thread;
        void *ptr;
        assert_int_equal(pthread_create(&thread, NULL, allocate_elsewhere, NULL), 0);
        for (int reads = 0; reads < 100; reads++) {
            (void)mem_used_bytes();
        }
        pthread_join(thread, &ptr);
        assert_true(mem_used_bytes() >= before + (1 << 20));
        mem_free(ptr);
        assert_true(mem_used_bytes() < before + (1 << 20));
    }
}

static void stats_are_filled_and_purging_is_harmless(void **state) {
    (void)state;
    struct mem_stats stats;
    void *ptr = mem_alloc(1 << 20);
    memset(ptr, 1, 1 << 20);
    mem_read_stats(&stats);
    assert_true(stats.allocated_bytes >= 1 << 20);
    assert_true(stats.active_bytes >= stats.allocated_bytes);
    assert_true(stats.rss_bytes >= 1 << 20);
    assert_non_null(stats.allocator);
    mem_free(ptr);
    mem_purge();
}

#if defined(SKUA_TEST)
static void the_chosen_try_fails_once(void **state) {
    (void)state;
    mem_fail_nth_try(2);
    void *first = mem_try_alloc(10);
    assert_non_null(first);
    assert_null(mem_try_alloc(10));
    void *third = mem_try_alloc(10);
    assert_non_null(third);
    mem_free(first);
    mem_free(third);
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_allocation_is_a_real_one),
        cmocka_unit_test(zeroed_memory_and_arrays_are_zero),
        cmocka_unit_test(aligned_memory_is_aligned),
        cmocka_unit_test(a_grown_allocation_keeps_its_content),
        cmocka_unit_test(an_impossible_size_is_refused),
        cmocka_unit_test(a_good_size_holds_what_was_asked),
#ifndef SKUA_LIBC_MALLOC
        cmocka_unit_test(much_unused_memory_is_worth_a_purge),
#endif
        cmocka_unit_test(used_bytes_follow_allocations),
        cmocka_unit_test(memory_of_a_thread_that_left_still_counts),
        cmocka_unit_test(stats_are_filled_and_purging_is_harmless),
#if defined(SKUA_TEST)
        cmocka_unit_test(the_chosen_try_fails_once),
#endif
    };
    mem_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
