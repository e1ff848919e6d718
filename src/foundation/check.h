/* Checks that stay on in release builds, and the compiler's hints used across the project.
 *
 * CHECK(condition) states an invariant: when it is false the program has a bug and stops with the
 * file, line and condition in the crash report. It is never used for what a peer, a file or the
 * system may do wrong. */
#ifndef FOUNDATION_CHECK_H
#define FOUNDATION_CHECK_H

#define NODISCARD __attribute__((warn_unused_result))
#define NORETURN __attribute__((noreturn))
#define PRINTF_LIKE(format_index, first_index)                                                     \
    __attribute__((format(printf, format_index, first_index)))
#define UNUSED __attribute__((unused))
#define COLD __attribute__((cold, noinline))
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* Prints the failed condition to standard error and aborts. */
NORETURN COLD void check_failed(const char *condition, const char *file, int line);

#define CHECK(condition)                                                                           \
    (LIKELY(condition) ? (void)0 : check_failed(#condition, __FILE__, __LINE__))
#define UNREACHABLE() check_failed("unreachable", __FILE__, __LINE__)

#endif
