/* The frames a process maps. The kernel names the present ranges, so that a sparse reservation costs nothing; before Linux 6.7 every
 * area is read whole. */
#define _GNU_SOURCE
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* include/uapi/linux/fs.h, which the C library's headers may predate. */
struct page_region { uint64_t start, end, categories; };
struct pm_scan_arg {
    uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
    uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define PAGEMAP_SCAN_REQUEST _IOWR('f', 16, struct pm_scan_arg)
#define PAGE_IS_PRESENT_BIT (1ull << 3)

#define PAGE_SHIFT 12
#define ENTRY_PRESENT (1ull << 63)
#define ENTRY_FRAME ((1ull << 55) - 1)

bool has_pagemap_scan = true;

enum {
    REGIONS = 4096,
    ENTRIES = 65536,
    /* Areas closer than this are read as one: an entry where nothing is mapped takes 15 instructions of the kernel, a call 2,600. */
    GAP_PAGES = 128,
    /* The same for present ranges of an area: an absent entry between present ones takes 38. */
    REGION_GAP_PAGES = 64,
    /* Areas up to this size are read without asking what is present: the answer would cost more than the entries. */
    READ_BYTES = 2 << 20,
    /* And larger ones, up to so many pages for each that was present at the last pass: to ask for a present page costs as much as to read it. */
    READ_FOR_PRESENT = 2,
};

static struct page_region regions[REGIONS];
static uint64_t entries[ENTRIES];

/* Areas of one process, as page numbers. */
struct areas { struct page_region *items; size_t count, capacity; };
static struct areas areas;

static void add_area(uint64_t start, uint64_t end)
{
    if (areas.count == areas.capacity) {
        areas.capacity = areas.capacity > 0 ? areas.capacity * 2 : 1024;
        areas.items = realloc(areas.items, areas.capacity * sizeof *areas.items);
        if (areas.items == NULL) {
            fail("areas");
        }
    }
    areas.items[areas.count++] = (struct page_region){.start = start, .end = end};
}

static inline const char *parse_hex(const char *text, uint64_t *value)
{
    uint64_t sum = 0;
    for (;; text++) {
        unsigned c = (unsigned char)*text;
        unsigned digit = c - '0' < 10 ? c - '0' : c - 'a' < 6 ? c - 'a' + 10 : 16;
        if (digit == 16) {
            break;
        }
        sum = sum << 4 | digit;
    }
    *value = sum;
    return text;
}

/* Areas above this belong to the kernel ([vsyscall]) and have no pagemap. */
#define USER_END (1ull << 63)

static bool read_maps(const char *path)
{
    static char text[1 << 18];
    int file = open_counted(path, O_RDONLY);
    if (file < 0) {
        return false;
    }
    areas.count = 0;
    size_t kept = 0;
    ssize_t got;
    while ((got = read_counted(CALL_MAPS, file, text + kept, sizeof text - kept)) > 0) {
        char *end = text + kept + got, *line = text, *newline;
        while ((newline = memchr(line, '\n', end - line)) != NULL) {
            uint64_t from, to;
            parse_hex(parse_hex(line, &from) + 1, &to);
            if (from < USER_END) {
                add_area(from, to);
            }
            line = newline + 1;
        }
        kept = end - line;
        memmove(text, line, kept);
    }
    close_counted(file);
    return got == 0 && areas.count > 0;
}

static void add_pages(struct target *target, struct frames *frames, const uint64_t *entry, size_t count)
{
    if (target->count + count > target->capacity) {
        target->capacity = target->count + count + target->capacity / 2;
        target->pages = realloc(target->pages, target->capacity * sizeof *target->pages);
        if (target->pages == NULL) {
            fail("pages");
        }
    }
    uint32_t *out = target->pages + target->count;
    size_t first = frames->first, end = frames->end;
    for (size_t i = 0; i < count; i++) {
        if ((entry[i] & ENTRY_PRESENT) == 0) {
            continue;
        }
        uint64_t frame = entry[i] & ENTRY_FRAME;
        if (frame == 0) {
            fprintf(stderr, "pagefloor: frame numbers are hidden: CAP_SYS_ADMIN is needed\n");
            exit(1);
        }
        size_t word = frame / 64;
        if (word >= frames->words) {
            frames_reserve(frames, frame);
        }
        frames->needed[word] |= 1ull << frame % 64;
        first = word < first ? word : first;
        end = word >= end ? word + 1 : end;
        *out++ = frame;
    }
    frames->first = first;
    frames->end = end;
    target->count = out - target->pages;
}

/* Addresses; false when the process is gone. */
static bool read_pagemap(int pagemap, struct target *target, struct frames *frames, uint64_t start, uint64_t end)
{
    for (uint64_t page = start >> PAGE_SHIFT, last = end >> PAGE_SHIFT; page < last;) {
        size_t want = last - page < ENTRIES ? last - page : ENTRIES;
        ssize_t got = pread_counted(CALL_PAGEMAP, pagemap, entries, want * sizeof *entries, page * sizeof *entries);
        if (got <= 0) {
            return false;
        }
        add_pages(target, frames, entries, got / sizeof *entries);
        page += got / sizeof *entries;
    }
    return true;
}

/* Neighbouring ranges gather here until one comes that is too far away. */
struct reading { int pagemap; struct target *target; struct frames *frames; uint64_t start, end; };

static bool finish_range(struct reading *reading)
{
    bool alive = reading->end == 0 || read_pagemap(reading->pagemap, reading->target, reading->frames, reading->start, reading->end);
    reading->end = 0;
    return alive;
}

static bool add_range(struct reading *reading, uint64_t start, uint64_t end, uint64_t gap)
{
    if (reading->end != 0 && start - reading->end <= gap << PAGE_SHIFT) {
        reading->end = end;
        return true;
    }
    bool alive = finish_range(reading);
    reading->start = start;
    reading->end = end;
    return alive;
}

static bool scan_area(struct reading *reading, uint64_t start, uint64_t end)
{
    struct pm_scan_arg scan = {
        .size = sizeof scan,
        .start = start,
        .end = end,
        .vec = (uintptr_t)regions,
        .vec_len = REGIONS,
        .category_mask = PAGE_IS_PRESENT_BIT,
        .return_mask = PAGE_IS_PRESENT_BIT,
    };
    while (scan.start < end) {
        int found = ioctl_counted(CALL_SCAN, reading->pagemap, PAGEMAP_SCAN_REQUEST, &scan);
        if (found < 0) {
            if (errno != ENOTTY && errno != EINVAL) {
                return false;
            }
            has_pagemap_scan = false;
            return add_range(reading, start, end, GAP_PAGES);
        }
        for (int i = 0; i < found; i++) {
            if (!add_range(reading, regions[i].start, regions[i].end, REGION_GAP_PAGES)) {
                return false;
            }
        }
        scan.start = scan.walk_end;
    }
    return true;
}

bool collect_mappings(struct target *target, struct frames *frames)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/%d/maps", target->pid);
    uint64_t readable = READ_FOR_PRESENT * target->count;
    target->count = 0;
    if (!read_maps(path)) {
        return false;
    }
    target->areas = areas.count;
    snprintf(path, sizeof path, "/proc/%d/pagemap", target->pid);
    int pagemap = open_counted(path, O_RDONLY);
    if (pagemap < 0) {
        return false;
    }
    struct reading reading = {.pagemap = pagemap, .target = target, .frames = frames};
    bool alive = true;
    for (size_t i = 0; i < areas.count && alive; i++) {
        uint64_t start = areas.items[i].start, end = areas.items[i].end;
        uint64_t pages = (end - start) >> PAGE_SHIFT;
        bool read = !has_pagemap_scan || end - start <= READ_BYTES || pages <= readable;
        readable -= read && end - start > READ_BYTES && pages <= readable ? pages : 0;
        alive = read ? add_range(&reading, start, end, GAP_PAGES) : scan_area(&reading, start, end);
    }
    alive = alive && finish_range(&reading);
    close_counted(pagemap);
    return alive;
}
