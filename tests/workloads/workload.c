#define _GNU_SOURCE
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const char *const kind_names[] = {"anon", "shmem", "file", "hugetlb", "zero", NULL};
const char *const huge_names[] = {"never", "always", "default", NULL};

void usage_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(2);
}

void fail(const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
    exit(1);
}

size_t parse_number(const char *name, const char *text)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0) {
        usage_error("%s wants a whole number, not '%s'", name, text);
    }
    return value;
}

static int parse_word(const struct option_spec *spec, const char *text)
{
    for (int i = 0; spec->words[i] != NULL; i++) {
        if (strcmp(spec->words[i], text) == 0) {
            return i;
        }
    }
    usage_error("%s does not know '%s'", spec->name, text);
}

void parse_options(int argc, char **argv, const struct option_spec *specs)
{
    for (int i = 1; i < argc; i++) {
        const struct option_spec *spec = specs;
        while (spec->name != NULL && strcmp(spec->name, argv[i]) != 0) {
            spec++;
        }
        if (spec->name == NULL) {
            usage_error("unknown argument '%s'", argv[i]);
        }
        if (spec->flag != NULL) {
            *spec->flag = true;
            continue;
        }
        if (++i == argc) {
            usage_error("%s wants a value", spec->name);
        }
        if (spec->number != NULL) {
            *spec->number = parse_number(spec->name, argv[i]);
        } else if (spec->text != NULL) {
            *spec->text = argv[i];
        } else {
            *spec->word = parse_word(spec, argv[i]);
        }
    }
}

static pid_t parent, self;
static volatile sig_atomic_t told_to_end;

static void on_end(int signal)
{
    (void)signal;
    told_to_end = 1;
}

/* The signal comes when the parent's THREAD that forked us ends, which a thread pool does at will: only a new parent means the end. */
static void on_parent_thread_end(int signal)
{
    (void)signal;
    if (getppid() != parent) {
        _exit(0);
    }
}

void bind_to_parent(void)
{
    parent = getppid();
    self = getpid();
    struct sigaction end = {.sa_handler = on_end};
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGINT, &end, NULL);
    struct sigaction orphan = {.sa_handler = on_parent_thread_end, .sa_flags = SA_RESTART};
    sigaction(SIGUSR2, &orphan, NULL);
    prctl(PR_SET_PDEATHSIG, SIGUSR2);
    /* The parent may have died before the request was in place. */
    if (getppid() != parent) {
        _exit(0);
    }
}

void bind_child(void)
{
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != self) {
        _exit(0);
    }
}

static bool input_is_held(void)
{
    static int held = -1;
    if (held < 0) {
        struct stat information;
        held = fstat(STDIN_FILENO, &information) == 0 && (S_ISFIFO(information.st_mode) || S_ISSOCK(information.st_mode));
    }
    return held;
}

enum input wait_input(uint64_t microseconds, char *line, size_t size)
{
    static char pending[256];
    static size_t length;

    if (told_to_end) {
        return INPUT_END;
    }
    /* Blocked but for the wait itself: a signal that came just before it would wake nobody. */
    sigset_t ends, before;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    char *newline = memchr(pending, '\n', length);
    if (newline == NULL) {
        struct pollfd input = {.fd = input_is_held() ? STDIN_FILENO : -1, .events = POLLIN};
        struct timespec timeout = {.tv_sec = microseconds / 1000000, .tv_nsec = microseconds % 1000000 * 1000};
        pthread_sigmask(SIG_BLOCK, &ends, &before);
        int ready = told_to_end ? 0 : ppoll(&input, 1, &timeout, &before);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (told_to_end) {
            return INPUT_END;
        }
        if (ready <= 0) {
            return INPUT_NOTHING;
        }
        ssize_t got = read(STDIN_FILENO, pending + length, sizeof pending - length);
        if (got == 0 || length + got == sizeof pending) {
            return INPUT_END;
        }
        length += got > 0 ? got : 0;
        newline = memchr(pending, '\n', length);
        if (newline == NULL) {
            return INPUT_NOTHING;
        }
    }
    size_t used = newline - pending;
    if (line != NULL) {
        size_t copied = used < size - 1 ? used : size - 1;
        memcpy(line, pending, copied);
        line[copied] = '\0';
    }
    length -= used + 1;
    memmove(pending, newline + 1, length);
    return INPUT_LINE;
}

void wait_for_end(void)
{
    while (wait_input(AN_HOUR, NULL, 0) != INPUT_END) {
    }
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

uint64_t monotonic_ns(void) { return clock_ns(CLOCK_MONOTONIC); }
uint64_t wall_ns(void) { return clock_ns(CLOCK_REALTIME); }

void print_clocks(void)
{
    printf("\"monotonic_ns\":%" PRIu64 ",\"wall_ns\":%" PRIu64, monotonic_ns(), wall_ns());
}

void end_line(void)
{
    putchar('\n');
    fflush(stdout);
}

bool is_read_only(enum kind kind) { return kind == KIND_FILE || kind == KIND_ZERO; }

static int open_file(const char *path, size_t bytes)
{
    struct stat information;
    if (stat(path, &information) != 0 || (size_t)information.st_size < bytes) {
        int file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
        if (file < 0) {
            fail(path);
        }
        static char block[1 << 20];
        memset(block, 'm', sizeof block);
        for (size_t done = 0; done < bytes; done += sizeof block) {
            if (write(file, block, sizeof block) != sizeof block) {
                fail(path);
            }
        }
        if (fsync(file) != 0 || close(file) != 0) {
            fail(path);
        }
    }
    int file = open(path, O_RDONLY);
    if (file < 0) {
        fail(path);
    }
    return file;
}

char *map_memory(enum kind kind, enum huge huge, size_t bytes, const char *path)
{
    bytes = (bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
    /* Reserve one huge page too many, then map over the aligned part: huge pages need a start that is a multiple of theirs. */
    char *reserved = mmap(NULL, bytes + HUGE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED) {
        fail("mmap");
    }
    char *start = (char *)(((uintptr_t)reserved + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1));
    if (start > reserved) {
        munmap(reserved, start - reserved);
    }
    munmap(start + bytes, reserved + bytes + HUGE_BYTES - (start + bytes));

    int file = kind == KIND_FILE ? open_file(path, bytes) : -1;
    static const int flags[] = {
        [KIND_ANON] = MAP_PRIVATE | MAP_ANONYMOUS,
        [KIND_SHMEM] = MAP_SHARED | MAP_ANONYMOUS,
        [KIND_FILE] = MAP_SHARED,
        [KIND_HUGETLB] = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB,
        [KIND_ZERO] = MAP_PRIVATE | MAP_ANONYMOUS,
    };
    start = mmap(start, bytes, is_read_only(kind) ? PROT_READ : PROT_READ | PROT_WRITE, MAP_FIXED | flags[kind], file, 0);
    if (start == MAP_FAILED) {
        fail("mmap");
    }
    if (file >= 0) {
        close(file);
    }
    /* A kernel without huge pages refuses the advice that asks for none, too. */
    if (huge != HUGE_DEFAULT && madvise(start, bytes, huge == HUGE_ALWAYS ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) != 0 && huge == HUGE_ALWAYS) {
        fail("madvise");
    }
    return start;
}

void fill(char *start, size_t bytes, enum kind kind)
{
    if (is_read_only(kind)) {
        touch_pages(start, bytes, kind);
    } else {
        memset(start, 'm', bytes);
    }
}

void touch_pages(char *start, size_t bytes, enum kind kind)
{
    volatile char *pages = start;
    for (size_t at = 0; at < bytes; at += PAGE_BYTES) {
        if (is_read_only(kind)) {
            (void)pages[at];
        } else {
            pages[at] = pages[at] + 1;
        }
    }
}

void forget_translations(void)
{
    /* Freed pages that lie further apart than 33 others (x86's tlb_single_page_flush_ceiling) make the kernel flush everything. */
    enum { SCRATCH_PAGES = 64 };
    static char *scratch;
    if (scratch == NULL) {
        scratch = mmap(NULL, SCRATCH_PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (scratch == MAP_FAILED) {
            fail("mmap");
        }
        madvise(scratch, SCRATCH_PAGES * PAGE_BYTES, MADV_NOHUGEPAGE);
    }
    scratch[0] = 1;
    scratch[(SCRATCH_PAGES - 1) * PAGE_BYTES] = 1;
    madvise(scratch, SCRATCH_PAGES * PAGE_BYTES, MADV_DONTNEED);
}
