/* What both programs share: a clock of this process's processor time, the frames of own memory, and one line of JSON for each figure. */
#ifndef LIMIT_H
#define LIMIT_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096 };
#define ENTRY_PRESENT (1ull << 63)
#define ENTRY_FRAME ((1ull << 55) - 1)

static inline _Noreturn void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static inline double cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1e9 + now.tv_nsec;
}

static inline int open_file(const char *path, int flags)
{
    int file = open(path, flags | O_CLOEXEC);
    if (file < 0) {
        fail(path);
    }
    return file;
}

/* In units of pages, or frames, or whatever was handled; in nanoseconds of the processor's clock, two of which are an instruction where instructions are counted. */
static inline void tell(const char *what, const char *where, double ns, double units)
{
    printf("{\"what\":\"%s\",\"where\":\"%s\",\"ns\":%.1f,\"units\":%.0f,\"ns_per_unit\":%.2f}\n", what, where, ns, units, ns / units);
    fflush(stdout);
}

static inline char *map_small_pages(size_t pages)
{
    char *start = mmap(NULL, pages * PAGE + (2 << 20), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED) {
        fail("mmap");
    }
    start = (char *)(((uintptr_t)start + (2 << 20) - 1) & ~(uintptr_t)((2 << 20) - 1));
    madvise(start, pages * PAGE, MADV_NOHUGEPAGE);
    return start;
}

#endif
