#define _GNU_SOURCE
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

struct calls calls;
bool calls_timed;
const char *const call_names[CALL_KINDS] = {"open", "maps", "scan", "pagemap", "idle_read", "idle_write", "kpageflags"};

static inline uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#define COUNTED(kind, call)                                       \
    ({                                                            \
        uint64_t before_ = __builtin_expect(calls_timed, 0) ? now_ns() : 0; \
        __auto_type result_ = (call);                             \
        if (__builtin_expect(calls_timed, 0)) {                   \
            calls.ns[kind] += now_ns() - before_;                 \
        }                                                         \
        calls.count[kind]++;                                      \
        result_;                                                  \
    })

int open_counted(const char *path, int flags) { return COUNTED(CALL_OPEN, open(path, flags | O_CLOEXEC)); }
void close_counted(int file) { (void)COUNTED(CALL_OPEN, close(file)); }

ssize_t read_counted(enum call kind, int file, void *buffer, size_t size) { return COUNTED(kind, read(file, buffer, size)); }

ssize_t pread_counted(enum call kind, int file, void *buffer, size_t size, off_t at) { return COUNTED(kind, pread(file, buffer, size, at)); }

ssize_t pwrite_counted(enum call kind, int file, const void *buffer, size_t size, off_t at)
{
    return COUNTED(kind, pwrite(file, buffer, size, at));
}

int ioctl_counted(enum call kind, int file, unsigned long request, void *argument) { return COUNTED(kind, ioctl(file, request, argument)); }

void fail(const char *what)
{
    fprintf(stderr, "pagefloor: %s: %s\n", what, strerror(errno));
    exit(1);
}
