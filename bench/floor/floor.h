/* The parts of one idle-page pass, in the order they run:
 * mappings (what each process maps, by frame) -> idle (read the bitmap and mark again) -> folios (whose bit is a tail's bit) -> count. */
#ifndef FLOOR_H
#define FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* System calls, counted by what they are for, and timed when asked: a clock read on each side costs as much as a small call. */
enum call { CALL_OPEN, CALL_MAPS, CALL_SCAN, CALL_PAGEMAP, CALL_IDLE_READ, CALL_IDLE_WRITE, CALL_FLAGS, CALL_KINDS };
struct calls { uint64_t count[CALL_KINDS], ns[CALL_KINDS]; };
extern struct calls calls;
extern bool calls_timed;
extern const char *const call_names[CALL_KINDS];

int open_counted(const char *path, int flags);
void close_counted(int file);
ssize_t read_counted(enum call kind, int file, void *buffer, size_t size);
ssize_t pread_counted(enum call kind, int file, void *buffer, size_t size, off_t at);
ssize_t pwrite_counted(enum call kind, int file, const void *buffer, size_t size, off_t at);
int ioctl_counted(enum call kind, int file, unsigned long request, void *argument);

_Noreturn void fail(const char *what);

/* Sets of page frames as bitmaps of 64-bit words, all with the same number of words. */
struct frames {
    uint64_t *needed;   /* mapped by a watched process */
    uint64_t *idle;     /* what the bitmap said, for words that hold a needed frame */
    uint64_t *active;   /* the answer */
    size_t words;       /* allocated */
    size_t first, end;  /* words in use: [first, end) */
};
void frames_reserve(struct frames *frames, uint64_t frame);
void frames_clear(struct frames *frames);

static inline bool test_bit(const uint64_t *set, uint64_t frame) { return set[frame / 64] >> frame % 64 & 1; }
static inline void set_bit(uint64_t *set, uint64_t frame) { set[frame / 64] |= 1ull << frame % 64; }

/* One watched process and the frame of each page it has present. */
struct target {
    pid_t pid;
    bool gone;
    uint32_t *pages;    /* frame numbers: 32 bits reach 16 TB */
    size_t count, capacity;
    size_t areas;
};
/* Fills `pages` and adds them to `frames->needed`. False when the process is gone. */
bool collect_mappings(struct target *target, struct frames *frames);
/* Whether this kernel finds present ranges for us (PAGEMAP_SCAN, Linux 6.7). */
extern bool has_pagemap_scan;

/* Which frames a pass marks again. Only those that were accessed need it: the read itself has cleared the accessed bits of the others and
 * left their idle flag standing. The two wider choices are there to show what they cost. */
enum marking { MARK_ACCESSED, MARK_FRAMES, MARK_WORDS };
void read_and_mark_idle(int bitmap, struct frames *frames, enum marking marking);

struct folio_counts { uint64_t tails, hugetlb, zero, off_lru, unreadable; };
/* Turns needed and idle into active, folio by folio. */
void resolve_folios(int kpageflags, int bitmap, struct frames *frames, struct folio_counts *counts);

/* Words that end past the last frame: mm/page_idle.c transfers none of them (see idle.c). */
extern uint64_t unreadable_word;
#define NO_WORD UINT64_MAX

#endif
