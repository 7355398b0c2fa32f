/* Holds R MB and touches one byte a page of its first H MB again and again: its working set is H, whatever the page size.
 *
 * Lines on stdin change what it does: "hot MB" (touch that much from now on), "once" (touch the hot part one time), "idle". */
#define _GNU_SOURCE
#include "workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct mapped { size_t rss, anon_huge, shmem_huge, file_huge; };

/* Sums over this process's own areas between start and end: unmapping every other page makes thousands of them. */
static struct mapped read_own_smaps(uintptr_t start, uintptr_t end)
{
    struct mapped sum = {0};
    FILE *smaps = fopen("/proc/self/smaps", "r");
    if (smaps == NULL) {
        fail("/proc/self/smaps");
    }
    char line[512];
    bool inside = false;
    while (fgets(line, sizeof line, smaps) != NULL) {
        uintptr_t from, to;
        size_t kib;
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2) {
            inside = from >= start && to <= end;
        } else if (!inside) {
            continue;
        } else if (sscanf(line, "Rss: %zu", &kib) == 1) {
            sum.rss += kib * 1024;
        } else if (sscanf(line, "AnonHugePages: %zu", &kib) == 1) {
            sum.anon_huge += kib * 1024;
        } else if (sscanf(line, "ShmemPmdMapped: %zu", &kib) == 1) {
            sum.shmem_huge += kib * 1024;
        } else if (sscanf(line, "FilePmdMapped: %zu", &kib) == 1) {
            sum.file_huge += kib * 1024;
        }
    }
    fclose(smaps);
    return sum;
}

struct held {
    char *start;
    size_t bytes, hot, unmapped;
    enum kind kind;
    enum huge huge;
    const char *doing;
};

static void announce(const struct held *held)
{
    uintptr_t base = (uintptr_t)held->start;
    struct mapped mapped = read_own_smaps(base, base + held->bytes);
    printf("{\"doing\":\"%s\",\"pid\":%d,\"kind\":\"%s\",\"huge\":\"%s\",\"resident_bytes\":%zu,\"hot_bytes\":%zu,\"unmapped_bytes\":%zu,"
           "\"hot_range\":[\"%" PRIxPTR "\",\"%" PRIxPTR "\"],\"cold_range\":[\"%" PRIxPTR "\",\"%" PRIxPTR "\"],"
           "\"rss_bytes\":%zu,\"anon_huge_bytes\":%zu,\"shmem_pmd_bytes\":%zu,\"file_pmd_bytes\":%zu,",
           held->doing, getpid(), kind_names[held->kind], huge_names[held->huge], held->bytes - held->unmapped, held->hot, held->unmapped,
           base, base + held->hot, base + held->hot, base + held->bytes,
           mapped.rss, mapped.anon_huge, mapped.shmem_huge, mapped.file_huge);
    print_clocks();
    putchar('}');
    end_line();
}

/* Every other page of the cold part: huge pages there are then no longer mapped whole. */
static void unmap_every_other_page(struct held *held)
{
    for (size_t at = held->hot + PAGE_BYTES; at < held->bytes; at += 2 * PAGE_BYTES) {
        if (munmap(held->start + at, PAGE_BYTES) != 0) {
            fail("munmap");   /* most likely vm.max_map_count: each hole is one more area */
        }
        held->unmapped += PAGE_BYTES;
    }
}

static void obey(struct held *held, const char *line, size_t limit)
{
    if (strncmp(line, "hot ", 4) == 0) {
        size_t wanted = parse_number("hot", line + 4) * MB;
        if (wanted > limit) {
            usage_error("hot %s is more than there is", line + 4);
        }
        held->hot = wanted;
        held->doing = "touching";
    } else if (strcmp(line, "once") == 0) {
        touch_pages(held->start, held->hot, held->kind);
        held->doing = "touched once";
    } else if (strcmp(line, "idle") == 0) {
        held->doing = "idle";
    } else {
        usage_error("unknown command '%s'", line);
    }
    announce(held);
}

int main(int argc, char **argv)
{
    size_t resident_mb = 0, hot_mb = 0, sleep_us = 1000;
    int kind = KIND_ANON, huge = HUGE_DEFAULT;
    const char *path = NULL;
    bool unmap_half = false, once = false, keep_translations = false;
    parse_options(argc, argv, (struct option_spec[]){
        {.name = "--resident", .number = &resident_mb},
        {.name = "--hot", .number = &hot_mb},
        {.name = "--kind", .words = kind_names, .word = &kind},
        {.name = "--path", .text = &path},
        {.name = "--huge", .words = huge_names, .word = &huge},
        {.name = "--sleep-us", .number = &sleep_us},
        {.name = "--unmap-half", .flag = &unmap_half},
        {.name = "--once", .flag = &once},
        {.name = "--keep-translations", .flag = &keep_translations},
        {0}});
    if (resident_mb == 0) {
        usage_error("--resident MB is needed");
    }
    if (hot_mb > resident_mb) {
        usage_error("--hot %zu is more than --resident %zu", hot_mb, resident_mb);
    }
    if ((kind == KIND_FILE) != (path != NULL)) {
        usage_error("--path goes with --kind file, and only with it");
    }
    if (kind == KIND_HUGETLB && (resident_mb % 2 != 0 || huge != HUGE_DEFAULT || unmap_half)) {
        usage_error("--kind hugetlb has pages of 2 MB, whole ones");
    }
    bind_to_parent();

    struct held held = {.bytes = resident_mb * MB, .hot = hot_mb * MB, .kind = kind, .huge = huge};
    held.start = map_memory(kind, huge, held.bytes, path);
    fill(held.start, held.bytes, kind);
    if (unmap_half) {
        unmap_every_other_page(&held);
    }
    /* Past the first hot part there may be holes. */
    size_t limit = unmap_half ? held.hot : held.bytes;

    held.doing = once ? "touched once" : held.hot > 0 ? "touching" : "idle";
    if (held.hot > 0) {
        touch_pages(held.start, held.hot, kind);
    }
    announce(&held);
    for (;;) {
        bool touching = strcmp(held.doing, "touching") == 0;
        if (touching) {
            touch_pages(held.start, held.hot, kind);
            if (!keep_translations) {
                forget_translations();
            }
        }
        char line[64];
        switch (wait_input(touching ? sleep_us : AN_HOUR, line, sizeof line)) {
        case INPUT_LINE: obey(&held, line, limit); break;
        case INPUT_END: return 0;
        case INPUT_NOTHING: break;
        }
    }
}
