/* Everything here runs inside a signal handler of a process whose memory may be broken: it writes
 * with fixed buffers and system calls only. A second fault while reporting ends the process. */
#include "server/crash.h"

#include "engine/call.h"
#include "engine/engine.h"
#include "foundation/log.h"

#include <execinfo.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ucontext.h>
#include <unistd.h>

enum {
    STACK_FRAMES = 64,
    LINE_MAX_CHARS = 512,
    ARGUMENTS_SHOWN = 16,
    ARGUMENT_CHARS = 64,
    HANDLER_STACK_BYTES = 64 * 1024,
};

static const struct engine *reported_engine;

static void write_line(const char *format, ...) PRINTF_LIKE(1, 2);

/* snprintf on a fixed buffer: not on POSIX's list, but it neither locks nor allocates for the plain
 * conversions used here. */
static void write_line(const char *format, ...) {
    char line[LINE_MAX_CHARS];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof(line) - 1, format, args);
    va_end(args);
    if (len < 0) return;
    size_t used = (size_t)len < sizeof(line) - 2 ? (size_t)len : sizeof(line) - 2;
    line[used] = '\n';
    log_raw_from_signal(line, used + 1);
}

static void report_registers(const ucontext_t *context) {
#if defined(__x86_64__)
    static const struct {
        const char *name;
        int index;
    } registers[] = {
        {"rip", REG_RIP}, {"rsp", REG_RSP}, {"rbp", REG_RBP}, {"rax", REG_RAX}, {"rbx", REG_RBX},
        {"rcx", REG_RCX}, {"rdx", REG_RDX}, {"rdi", REG_RDI}, {"rsi", REG_RSI}, {"r8", REG_R8},
        {"r9", REG_R9},   {"r10", REG_R10}, {"r11", REG_R11}, {"r12", REG_R12}, {"r13", REG_R13},
        {"r14", REG_R14}, {"r15", REG_R15}, {"efl", REG_EFL},
    };
    write_line("--- registers");
    for (size_t i = 0; i < ARRAY_LEN(registers); i++)
        write_line("%s: %016llx", registers[i].name,
                   (unsigned long long)context->uc_mcontext.gregs[registers[i].index]);
#else
    (void)context;
#endif
}

/* Where the linker puts the program's first byte and the end of its code. */
extern const char image_start[] __asm__("__executable_start");
extern const char image_code_end[] __asm__("etext");

/* Programs are loaded at a random place: debuggers know code by its offset in the file. */
static void report_frame(const void *address) {
    uintptr_t place = (uintptr_t)address, start = (uintptr_t)image_start;
    if (place >= start && place < (uintptr_t)image_code_end)
        write_line("%p skua-server+0x%llx", address, (unsigned long long)(place - start));
    else
        write_line("%p", address);
}

/* Where backtrace_symbols_fd can write to: a pipe would need a reader, so the log's own way is not
 * taken; standard error gets the symbols, the log the addresses. */
static void report_stack(void) {
    void *frames[STACK_FRAMES];
    int count = backtrace(frames, STACK_FRAMES);
    write_line("--- stack (resolve with: addr2line -Cfipe skua-server OFFSET)");
    for (int i = 0; i < count; i++) report_frame(frames[i]);
    backtrace_symbols_fd(frames, count, STDERR_FILENO);
}

static void format_argument(struct bytes argument, char *out) {
    size_t len = argument.len < ARGUMENT_CHARS ? argument.len : ARGUMENT_CHARS;
    for (size_t i = 0; i < len; i++) {
        char c = argument.data[i];
        out[i] = c >= ' ' && c <= '~' ? c : '.';
    }
    out[len] = '\0';
}

static void report_command(void) {
    const struct call *call = reported_engine->running;
    if (call == NULL) {
        write_line("--- no command was running");
        return;
    }
    write_line("--- command being run: %s, %u arguments, client id=%llu db=%u",
               call->command->full_name, call->argc, (unsigned long long)call->session->id,
               call->session->db_number);
    for (uint32_t i = 0; i < call->argc && i < ARGUMENTS_SHOWN; i++) {
        char text[ARGUMENT_CHARS + 1];
        format_argument(call->args[i], text);
        write_line("argument %u, %zu bytes: %s", i, call->args[i].len, text);
    }
}

static void report(int signal_number, siginfo_t *info, void *context) {
    write_line("=== SKUA CRASH REPORT");
    write_line("signal %d (%s), code %d, address %p", signal_number, sigabbrev_np(signal_number),
               info->si_code, info->si_addr);
    write_line("pid %d, run_id %s", (int)getpid(), reported_engine->run_id);
    report_command();
    report_registers(context);
    report_stack();
    write_line("=== END OF CRASH REPORT");
    raise(signal_number);
}

void crash_start(const struct engine *engine) {
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    static char handler_stack[HANDLER_STACK_BYTES];
    reported_engine = engine;
    /* The first call of backtrace loads a library, which a signal handler must not. */
    void *warm_up[1];
    (void)backtrace(warm_up, 1);
    stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof(handler_stack)};
    sigaltstack(&stack, NULL);
    /* SA_RESETHAND: a fault while reporting, and the raise at its end, take the default way. */
    struct sigaction action = {.sa_sigaction = report,
                               .sa_flags = (int)(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND)};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) sigaction(signals[i], &action, NULL);
}
