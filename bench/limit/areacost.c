/* What it costs to find and read the present pages of an area, in four ways, where all of it is present, where every so many-th page is, and where none is. And what
 * process_madvise and mincore cost, which look at the same page tables. And what it costs to list areas, by the text of maps and one by one (PROCMAP_QUERY, Linux 6.11).
 *
 *   areacost [PAGES]
 *
 * A line for each figure: ns_per_unit is for a page of the area, present or not. */
#define _GNU_SOURCE
#include "limit.h"

#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>

/* include/uapi/linux/fs.h, which the C library's headers may predate. */
struct page_region { uint64_t start, end, categories; };
struct pm_scan_arg {
    uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
    uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define PAGEMAP_SCAN_REQUEST _IOWR('f', 16, struct pm_scan_arg)
#define PAGE_IS_PRESENT_BIT (1ull << 3)

struct procmap_query {
    uint64_t size, query_flags, query_addr, vma_start, vma_end, vma_flags, vma_page_size, vma_offset, inode;
    uint32_t dev_major, dev_minor, vma_name_size, build_id_size;
    uint64_t vma_name_addr, build_id_addr;
};
#define PROCMAP_QUERY_REQUEST _IOWR('f', 17, struct procmap_query)
#define COVERING_OR_NEXT_VMA 0x10

enum { REGIONS = 1024, ENTRIES = 65536, REPEATS = 3 };
static struct page_region regions[REGIONS];
static uint64_t entries[ENTRIES];
static int pagemap;

struct area { char *start; size_t pages; size_t gap; };

static void read_range(uint64_t start, uint64_t end)
{
    for (uint64_t page = start / PAGE, last = end / PAGE; page < last;) {
        size_t want = last - page < ENTRIES ? last - page : ENTRIES;
        ssize_t got = pread(pagemap, entries, want * sizeof *entries, page * sizeof *entries);
        if (got <= 0) {
            fail("pagemap");
        }
        page += got / sizeof *entries;
    }
}

static void read_all(struct area area) { read_range((uintptr_t)area.start, (uintptr_t)area.start + area.pages * PAGE); }

/* Asks for the present ranges, and reads them if `gap` is not SIZE_MAX: those that are at most so many pages apart as one. */
static void scan(struct area area)
{
    uint64_t end = (uintptr_t)area.start + area.pages * PAGE;
    struct pm_scan_arg argument = {
        .size = sizeof argument, .start = (uintptr_t)area.start, .end = end, .vec = (uintptr_t)regions, .vec_len = REGIONS,
        .category_mask = PAGE_IS_PRESENT_BIT, .return_mask = PAGE_IS_PRESENT_BIT,
    };
    while (argument.start < end) {
        int found = ioctl(pagemap, PAGEMAP_SCAN_REQUEST, &argument);
        if (found < 0) {
            fail("PAGEMAP_SCAN");
        }
        for (int i = 0; area.gap != SIZE_MAX && i < found;) {
            uint64_t from = regions[i].start, to = regions[i].end;
            while (++i < found && regions[i].start - to <= area.gap * PAGE) {
                to = regions[i].end;
            }
            read_range(from, to);
        }
        argument.start = argument.walk_end;
    }
}

static void advise_cold(struct area area)
{
    static int self = -1;
    if (self < 0) {
        self = syscall(SYS_pidfd_open, getpid(), 0);
    }
    struct iovec range = {area.start, area.pages * PAGE};
    if (syscall(SYS_process_madvise, self, &range, 1, MADV_COLD, 0) < 0) {
        fail("process_madvise");
    }
}

static void ask_mincore(struct area area)
{
    if (mincore(area.start, area.pages * PAGE, (unsigned char *)entries) != 0) {
        fail("mincore");
    }
}

static void touch(struct area area, size_t stride)
{
    for (size_t page = 0; stride > 0 && page < area.pages; page += stride) {
        area.start[page * PAGE]++;
    }
}

static uint64_t vmstat(const char *name)
{
    char line[128];
    uint64_t value = 0;
    FILE *file = fopen("/proc/vmstat", "r");
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ' ') {
            value = strtoull(line + strlen(name), NULL, 10);
        }
    }
    fclose(file);
    return value;
}

/* The least of some, since the first one meets caches of the kernel's that are empty. */
static void measure(const char *what, const char *where, struct area area, size_t stride, void (*act)(struct area))
{
    double least = 0;
    for (int i = 0; i < REPEATS; i++) {
        touch(area, stride);
        double before = cpu_ns();
        act(area);
        double ns = cpu_ns() - before;
        least = i == 0 || ns < least ? ns : least;
    }
    tell(what, where, least, area.pages);
}

static size_t read_maps(int maps)
{
    static char text[1 << 16];
    size_t lines = 0;
    off_t at = 0;
    for (ssize_t got; (got = pread(maps, text, sizeof text, at)) > 0; at += got) {
        for (ssize_t i = 0; i < got; i++) {
            lines += text[i] == '\n';
        }
    }
    return lines;
}

/* Without names. 0 where the kernel does not have it. */
static size_t ask_for_each(int maps)
{
    struct procmap_query query = {.size = sizeof query, .query_flags = COVERING_OR_NEXT_VMA};
    size_t areas = 0;
    while (ioctl(maps, PROCMAP_QUERY_REQUEST, &query) == 0) {
        areas++;
        query.query_addr = query.vma_end;
    }
    return areas;
}

static void list_areas(const char *where, size_t (*list)(int maps), const char *what)
{
    double least = 0;
    size_t areas = 0;
    for (int i = 0; i < REPEATS; i++) {
        double before = cpu_ns();
        int maps = open_file("/proc/self/maps", O_RDONLY);
        areas = list(maps);
        close(maps);
        double ns = cpu_ns() - before;
        least = i == 0 || ns < least ? ns : least;
    }
    if (areas > 0) {
        tell(what, where, least, areas);
    }
}

int main(int argc, char **argv)
{
    size_t pages = argc > 1 ? strtoul(argv[1], NULL, 10) : 16384;
    pagemap = open_file("/proc/self/pagemap", O_RDONLY);
    static const size_t strides[] = {1, 2, 3, 4, 6, 8, 16, 32, 64, 128, 256, 512, 4096, 0};
    for (size_t i = 0; i < sizeof strides / sizeof *strides; i++) {
        struct area area = {map_small_pages(pages), pages, SIZE_MAX};
        char where[32];
        snprintf(where, sizeof where, "%zu", strides[i]);
        touch(area, strides[i]);
        measure("pagemap", where, area, strides[i], read_all);
        measure("scan", where, area, strides[i], scan);
        static const size_t gaps[] = {0, 8, 16, 32, 64, 128, 512};
        for (size_t gap = 0; gap < sizeof gaps / sizeof *gaps; gap++) {
            char what[32];
            snprintf(what, sizeof what, "scan-read-%zu", gaps[gap]);
            area.gap = gaps[gap];
            measure(what, where, area, strides[i], scan);
        }
        measure("mincore", where, area, strides[i], ask_mincore);
        uint64_t deactivated = vmstat("pgdeactivate");
        measure("cold", where, area, strides[i], advise_cold);
        printf("{\"what\":\"cold-deactivated\",\"where\":\"%s\",\"units\":%llu}\n", where, (unsigned long long)(vmstat("pgdeactivate") - deactivated));
        munmap(area.start, pages * PAGE);
    }
    /* One call that has nothing to do. */
    struct area one = {map_small_pages(1), 1, SIZE_MAX};
    touch(one, 1);
    measure("pagemap", "one page", one, 1, read_all);
    measure("scan", "one page", one, 1, scan);
    measure("mincore", "one page", one, 1, ask_mincore);
    measure("cold", "one page", one, 1, advise_cold);
    list_areas("own", read_maps, "maps");
    list_areas("own", ask_for_each, "procmap-query");
    char *many = map_small_pages(2000);
    for (size_t page = 1; page < 2000; page += 2) {
        mprotect(many + page * PAGE, PAGE, PROT_READ);
    }
    list_areas("2,000 more", read_maps, "maps");
    list_areas("2,000 more", ask_for_each, "procmap-query");
    return 0;
}
