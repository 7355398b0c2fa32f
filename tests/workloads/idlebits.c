/* Marks the frames of an address range idle, or counts them by what the bitmap says, one page at a time: slow, and plain enough to trust.
 * It knows nothing of folios: for tail pages of a large one the kernel always answers "not idle".
 *
 *   idlebits PID START END mark|read    (addresses in hexadecimal) */
#define _GNU_SOURCE
#include "workload.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint64_t present = 1ull << 63, frame_mask = (1ull << 55) - 1;

static int open_or_fail(const char *path, int flags)
{
    int file = open(path, flags);
    if (file < 0) {
        fail(path);
    }
    return file;
}

int main(int argc, char **argv)
{
    if (argc != 5 || (strcmp(argv[4], "mark") != 0 && strcmp(argv[4], "read") != 0)) {
        usage_error("PID START END mark|read");
    }
    bool mark = strcmp(argv[4], "mark") == 0;
    uint64_t start = strtoull(argv[2], NULL, 16), end = strtoull(argv[3], NULL, 16);
    char path[64];
    snprintf(path, sizeof path, "/proc/%zu/pagemap", parse_number("PID", argv[1]));
    int pagemap = open_or_fail(path, O_RDONLY);
    int bitmap = open_or_fail("/sys/kernel/mm/page_idle/bitmap", mark ? O_WRONLY : O_RDONLY);

    size_t pages = 0, idle = 0, unreadable = 0;
    uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    for (uint64_t page = start / page_bytes; page < end / page_bytes; page++) {
        uint64_t entry, word;
        if (pread(pagemap, &entry, sizeof entry, page * sizeof entry) != sizeof entry) {
            fail(path);
        }
        uint64_t frame = entry & frame_mask;
        if ((entry & present) == 0) {
            continue;
        }
        if (frame == 0) {
            fprintf(stderr, "idlebits: frame numbers are hidden\n");
            return 1;
        }
        pages++;
        off_t at = frame / 64 * sizeof word;
        word = 1ull << frame % 64;
        ssize_t done = mark ? pwrite(bitmap, &word, sizeof word, at) : pread(bitmap, &word, sizeof word, at);
        /* Where memory ends inside a word, mm/page_idle.c answers 0 for that word: it marks the frames, and never tells of them. */
        if (done != sizeof word && done != 0) {
            fail("the idle bitmap");
        }
        if (mark) {
            continue;
        }
        if (done == 0) {
            unreadable++;
        } else {
            idle += word >> frame % 64 & 1;
        }
    }
    size_t active = mark ? 0 : pages - idle - unreadable;
    printf("{\"did\":\"%s\",\"pages\":%zu,\"idle\":%zu,\"active\":%zu,\"unreadable\":%zu}", argv[4], pages, idle, active, unreadable);
    end_line();
    return 0;
}
