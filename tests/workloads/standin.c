/* Stands in for the processor's counters, whatever the processor: preloaded (LD_PRELOAD, with LIBPFM_ENCODE_INACTIVE=1), it lets libpapi
 * see an AMD Zen 2 and no other processor, and turns every hardware event that libpapi opens into the time its target runs, which is
 * known otherwise. Software events stay as they are. The real processor must not show: libpapi 7.0 has no presets for a Zen 4, which
 * libpfm knows, and so would have no PAPI_TOT_INS on one. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#define STAND_IN "amd64_fam17h_zen2"

/* perfmon/pfmlib.h: pfm_pmu_info_t of libpfm 4, and its error for a name it does not know. */
struct pmu_info {
    const char *name;
    const char *description;
    size_t size;
    int pmu;
    int type;
    int event_count;
    int first_event;
    int max_encoding;
    int counters;
    int fixed_counters;
    unsigned is_present : 1, is_default : 1, reserved : 30;
};
enum { ERROR_NOT_FOUND = -4, TYPE_OS_GENERIC = 3 };

/* As many as a Zen 2 has. */
enum { COUNTERS = 6, MAX_FILES = 1 << 16 };
static unsigned char group_sizes[MAX_FILES];

/* libpfm comes with libpapi, after this file and not for all to see. */
static void *in_libpfm(const char *name)
{
    void *libpfm = dlopen("libpfm.so.4", RTLD_LAZY | RTLD_NOLOAD);
    return libpfm != NULL ? dlsym(libpfm, name) : NULL;
}

/* The processor that is there is the stand-in. Of the others only what the kernel itself counts stays. */
int pfm_get_pmu_info(int pmu, struct pmu_info *info)
{
    int (*next)(int, struct pmu_info *) = in_libpfm("pfm_get_pmu_info");
    int result = next(pmu, info);
    if (result == 0 && info->type != TYPE_OS_GENERIC) {
        info->is_present = info->is_default = strcmp(info->name, STAND_IN) == 0;
    }
    return result;
}

/* Names without a processor mean the stand-in's events, and only then the kernel's. */
static const char *qualify(const char *name, char *full, size_t size)
{
    snprintf(full, size, STAND_IN "::%s", name);
    return full;
}

int pfm_get_os_event_encoding(const char *name, int privileges, int os, void *arguments)
{
    int (*next)(const char *, int, int, void *) = in_libpfm("pfm_get_os_event_encoding");
    char full[1024];
    int result = strstr(name, "::") == NULL ? next(qualify(name, full, sizeof full), privileges, os, arguments) : ERROR_NOT_FOUND;
    return result == ERROR_NOT_FOUND ? next(name, privileges, os, arguments) : result;
}

int pfm_find_event(const char *name)
{
    int (*next)(const char *) = in_libpfm("pfm_find_event");
    char full[1024];
    int result = strstr(name, "::") == NULL ? next(qualify(name, full, sizeof full)) : ERROR_NOT_FOUND;
    return result == ERROR_NOT_FOUND ? next(name) : result;
}

static long next_syscall(long number, const long *arguments)
{
    static long (*next)(long, ...);
    if (next == NULL) {
        next = dlsym(RTLD_NEXT, "syscall");
    }
    return next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

/* Like the kernel (arch/x86/events/core.c, validate_group): a group larger than the processor has counters for is EINVAL at once. */
static long open_clock(const struct perf_event_attr *wanted, long *arguments)
{
    struct perf_event_attr clock = *wanted;
    clock.type = PERF_TYPE_SOFTWARE;
    clock.config = PERF_COUNT_SW_TASK_CLOCK;
    clock.config1 = clock.config2 = 0;
    int leader = (int)arguments[3];   /* the upper half is not set by the caller */
    if (leader >= 0 && leader < MAX_FILES && ++group_sizes[leader] >= COUNTERS) {
        errno = EINVAL;
        return -1;
    }
    arguments[0] = (long)&clock;
    long file = next_syscall(SYS_perf_event_open, arguments);
    if (leader < 0 && file >= 0 && file < MAX_FILES) {
        group_sizes[file] = 0;
    }
    return file;
}

/* libpapi opens events by syscall(2), for which the C library has no other name. */
long syscall(long number, ...)
{
    va_list rest;
    va_start(rest, number);
    long arguments[6];
    for (int i = 0; i < 6; i++) {
        arguments[i] = va_arg(rest, long);
    }
    va_end(rest);
    const struct perf_event_attr *wanted = (const struct perf_event_attr *)arguments[0];
    return number == SYS_perf_event_open && (wanted->type == PERF_TYPE_HARDWARE || wanted->type == PERF_TYPE_HW_CACHE || wanted->type == PERF_TYPE_RAW)
        ? open_clock(wanted, arguments) : next_syscall(number, arguments);
}
