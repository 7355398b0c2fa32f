/* What one idle-page pass over given processes cannot avoid, written in C without anything else around it: the yardstick for an engine.
 * It gives the right answer, folio by folio, because a floor that does less than the job measures nothing.
 *
 *   pagefloor [--passes N] [--interval-ms M] [--mark accessed|frames|words] [--no-scan] [--stat] PID...
 *
 * A pass reads what was accessed since the pass before and marks it again; the first one only marks, so its counts say nothing of use.
 * Not counted as active: hugetlb pages, the zero page, pages on no LRU list and those of the one unreadable word (each reported apart).
 * Prints one JSON line a pass. CPU times are of the pass alone; with --stat the clock reads around each call are in them. */
#define _GNU_SOURCE
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct options { size_t passes, interval_ms; enum marking marking; };

static _Noreturn void usage(const char *wrong)
{
    fprintf(stderr, "pagefloor: %s; usage: pagefloor [--passes N] [--interval-ms M] [--mark accessed|frames|words] [--no-scan] [--stat] PID...\n", wrong);
    exit(2);
}

static size_t parse_number(const char *text)
{
    char *end;
    errno = 0;
    unsigned long value = text != NULL ? strtoul(text, &end, 10) : 0;
    if (text == NULL || text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0) {
        usage("a whole number is wanted");
    }
    return value;
}

static enum marking parse_marking(const char *text)
{
    static const char *const names[] = {"accessed", "frames", "words"};
    for (int i = 0; text != NULL && i < 3; i++) {
        if (strcmp(names[i], text) == 0) {
            return i;
        }
    }
    usage("--mark wants accessed, frames or words");
}

static uint64_t clock_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static uint64_t us(struct timeval time) { return (uint64_t)time.tv_sec * 1000000 + time.tv_usec; }

static size_t count_active(const struct target *target, const struct frames *frames)
{
    size_t active = 0;
    for (size_t i = 0; i < target->count; i++) {
        active += test_bit(frames->active, target->pages[i]);
    }
    return active;
}

static uint64_t count_bits(const uint64_t *set, const struct frames *frames)
{
    uint64_t sum = 0;
    for (size_t word = frames->first; word < frames->end; word++) {
        sum += __builtin_popcountll(set[word]);
    }
    return sum;
}

int main(int argc, char **argv)
{
    struct options options = {.passes = 2, .interval_ms = 1000};
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--passes") == 0) {
            options.passes = parse_number(argv[++i]);
        } else if (strcmp(argv[i], "--interval-ms") == 0) {
            options.interval_ms = parse_number(argv[++i]);
        } else if (strcmp(argv[i], "--mark") == 0) {
            options.marking = parse_marking(argv[++i]);
        } else if (strcmp(argv[i], "--no-scan") == 0) {
            has_pagemap_scan = false;
        } else if (strcmp(argv[i], "--stat") == 0) {
            calls_timed = true;
        } else {
            usage("unknown option");
        }
    }
    size_t target_count = argc > i ? argc - i : 0;
    if (target_count == 0) {
        usage("a PID is wanted");
    }
    struct target *targets = calloc(target_count, sizeof *targets);
    size_t *active = calloc(target_count, sizeof *active);
    for (size_t t = 0; t < target_count; t++) {
        targets[t].pid = parse_number(argv[i + t]);
    }

    int bitmap = open_counted("/sys/kernel/mm/page_idle/bitmap", O_RDWR);
    if (bitmap < 0) {
        fail("/sys/kernel/mm/page_idle/bitmap");
    }
    int kpageflags = open_counted("/proc/kpageflags", O_RDONLY);
    if (kpageflags < 0) {
        fail("/proc/kpageflags");
    }

    struct frames frames = {.first = SIZE_MAX};
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    for (size_t pass = 0; pass < options.passes; pass++) {
        calls = (struct calls){0};
        struct folio_counts counts = {0};
        struct rusage before, after;
        getrusage(RUSAGE_SELF, &before);
        uint64_t wall = clock_us(CLOCK_MONOTONIC), cpu = clock_us(CLOCK_PROCESS_CPUTIME_ID);

        frames_clear(&frames);
        size_t pages = 0;
        for (size_t t = 0; t < target_count; t++) {
            targets[t].gone = !collect_mappings(&targets[t], &frames);
            pages += targets[t].count;
        }
        read_and_mark_idle(bitmap, &frames, options.marking);
        resolve_folios(kpageflags, bitmap, &frames, &counts);
        for (size_t t = 0; t < target_count; t++) {
            active[t] = count_active(&targets[t], &frames);
        }

        cpu = clock_us(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        wall = clock_us(CLOCK_MONOTONIC) - wall;
        getrusage(RUSAGE_SELF, &after);

        uint64_t needed = count_bits(frames.needed, &frames);
        /* The sum is exact; without precise accounting the kernel splits it between user and system by sampling ticks. */
        printf("{\"pass\":%zu,\"cpu_us\":%" PRIu64 ",\"user_us\":%" PRIu64 ",\"system_us\":%" PRIu64 ",\"wall_us\":%" PRIu64
               ",\"pages\":%zu,\"frames\":%" PRIu64 ",\"active_frames\":%" PRIu64 ",\"ns_per_frame\":%.1f,\"pagemap_scan\":%s",
               pass, cpu, us(after.ru_utime) - us(before.ru_utime), us(after.ru_stime) - us(before.ru_stime), wall, pages, needed,
               count_bits(frames.active, &frames), needed > 0 ? cpu * 1000.0 / needed : 0.0, has_pagemap_scan ? "true" : "false");
        printf(",\"tail_frames\":%" PRIu64 ",\"hugetlb_frames\":%" PRIu64 ",\"zero_frames\":%" PRIu64 ",\"off_lru_frames\":%" PRIu64
               ",\"unreadable_frames\":%" PRIu64 ",\"calls\":{", counts.tails, counts.hugetlb, counts.zero, counts.off_lru, counts.unreadable);
        for (int kind = 0; kind < CALL_KINDS; kind++) {
            printf("%s\"%s\":%" PRIu64, kind > 0 ? "," : "", call_names[kind], calls.count[kind]);
        }
        if (calls_timed) {
            printf("},\"call_us\":{");
            for (int kind = 0; kind < CALL_KINDS; kind++) {
                printf("%s\"%s\":%.1f", kind > 0 ? "," : "", call_names[kind], calls.ns[kind] / 1000.0);
            }
        }
        printf("},\"processes\":[");
        for (size_t t = 0; t < target_count; t++) {
            printf("%s{\"pid\":%d,\"gone\":%s,\"areas\":%zu,\"pages\":%zu,\"active_pages\":%zu}", t > 0 ? "," : "", targets[t].pid,
                   targets[t].gone ? "true" : "false", targets[t].areas, targets[t].count, active[t]);
        }
        puts("]}");
        fflush(stdout);

        if (pass + 1 < options.passes) {
            next.tv_sec += options.interval_ms / 1000;
            next.tv_nsec += options.interval_ms % 1000 * 1000000;
            next.tv_sec += next.tv_nsec / 1000000000;
            next.tv_nsec %= 1000000000;
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
        }
    }
    return 0;
}
