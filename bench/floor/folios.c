/* The idle flag belongs to a folio, and the bitmap answers for the folio's first page only: all others read as not idle. /proc/kpageflags
 * tells tails from heads. A frame that reads as idle is no tail, so only the others are looked up. */
#define _GNU_SOURCE
#include "floor.h"

/* include/uapi/linux/kernel-page-flags.h */
enum { KPF_LRU = 5, KPF_COMPOUND_HEAD = 15, KPF_COMPOUND_TAIL = 16, KPF_HUGE = 17, KPF_ZERO_PAGE = 24 };

enum {
    CHUNK = 8192,
    /* A frame's flags cost tens of nanoseconds, a call some hundreds. */
    GAP_FRAMES = 16,
    /* Folios lie at multiples of their own size, and none but hugetlb's is larger than a 2 MB page. */
    MAX_FOLIO = 512,
};
#define NO_FRAME UINT64_MAX

static uint64_t flags[CHUNK];

static inline bool has(uint64_t word, int bit) { return word >> bit & 1; }

static size_t read_flags(int kpageflags, uint64_t *into, uint64_t frame, size_t count)
{
    ssize_t got = pread_counted(CALL_FLAGS, kpageflags, into, count * sizeof *into, frame * sizeof *into);
    if (got < 0) {
        fail("/proc/kpageflags");
    }
    return got / sizeof *into;
}

/* A chunk that starts inside a folio: look back to the place where the folio can start at the earliest. */
static uint64_t find_head(int kpageflags, uint64_t tail)
{
    static uint64_t before[MAX_FOLIO];
    uint64_t first = tail & ~(uint64_t)(MAX_FOLIO - 1);
    size_t count = read_flags(kpageflags, before, first, tail - first);
    while (count > 0) {
        if (has(before[--count], KPF_COMPOUND_HEAD)) {
            return first + count;
        }
    }
    return NO_FRAME;
}

/* The head may be mapped by nobody that is watched; then it was not marked with the rest, and perhaps not read. */
static bool is_head_idle(int bitmap, struct frames *frames, uint64_t head)
{
    uint64_t word = head / 64;
    if (word < frames->words && test_bit(frames->needed, head)) {
        return test_bit(frames->idle, head);
    }
    uint64_t bits = 0;
    if (word < frames->words && frames->needed[word] != 0) {
        bits = frames->idle[word];
    } else if (pread_counted(CALL_IDLE_READ, bitmap, &bits, sizeof bits, word * sizeof bits) < 0) {
        fail("read of the idle bitmap");
    }
    bool idle = bits >> head % 64 & 1;
    uint64_t mark = 1ull << head % 64;
    if (!idle && pwrite_counted(CALL_IDLE_WRITE, bitmap, &mark, sizeof mark, word * sizeof mark) < 0) {
        fail("write of the idle bitmap");
    }
    return idle;
}

struct walk { uint64_t next, head; bool head_idle; };

static void resolve_chunk(int kpageflags, int bitmap, struct frames *frames, uint64_t first, size_t count, struct walk *walk, struct folio_counts *counts)
{
    count = read_flags(kpageflags, flags, first, count);
    uint64_t head = walk->next == first ? walk->head : NO_FRAME;
    bool head_known = head != NO_FRAME, head_idle = walk->head_idle;
    for (size_t i = 0; i < count; i++) {
        uint64_t frame = first + i, word = flags[i];
        bool tail = has(word, KPF_COMPOUND_TAIL);
        if (!tail) {
            head = has(word, KPF_COMPOUND_HEAD) ? frame : NO_FRAME;
            head_known = false;
        }
        if (!test_bit(frames->needed, frame) || test_bit(frames->idle, frame)) {
            continue;
        }
        if (has(word, KPF_HUGE)) {
            counts->hugetlb++;      /* on no LRU list, so never idle: reported apart */
        } else if (has(word, KPF_ZERO_PAGE)) {
            counts->zero++;         /* everybody's, and nobody's memory */
        } else if (tail) {
            counts->tails++;
            if (head == NO_FRAME) {
                head = find_head(kpageflags, frame);
            }
            if (head != NO_FRAME && !head_known) {
                head_idle = is_head_idle(bitmap, frames, head);
                head_known = true;
            }
            if (head != NO_FRAME && head / 64 == unreadable_word) {
                counts->unreadable++;
            } else if (head == NO_FRAME || !head_idle) {
                set_bit(frames->active, frame);
            }
        } else if (!has(word, KPF_LRU)) {
            counts->off_lru++;      /* a device's, the kernel's own, or still in a processor's queue for the lists: not tracked */
        } else if (frame / 64 == unreadable_word) {
            counts->unreadable++;
        } else {
            set_bit(frames->active, frame);
        }
    }
    *walk = (struct walk){.next = first + count, .head = head_known ? head : NO_FRAME, .head_idle = head_idle};
}

void resolve_folios(int kpageflags, int bitmap, struct frames *frames, struct folio_counts *counts)
{
    struct walk walk = {.next = NO_FRAME, .head = NO_FRAME};
    uint64_t start = NO_FRAME, end = 0;
    for (size_t word = frames->first; word < frames->end; word++) {
        for (uint64_t left = frames->needed[word] & ~frames->idle[word]; left != 0;) {
            /* The next run of ones in this word. */
            unsigned from = __builtin_ctzll(left);
            uint64_t shifted = ~(left >> from);
            unsigned length = shifted == 0 ? 64 : __builtin_ctzll(shifted);
            if (length > 64 - from) {
                length = 64 - from;
            }
            left &= from + length == 64 ? 0 : ~0ull << (from + length);
            uint64_t run = (uint64_t)word * 64 + from;
            if (start != NO_FRAME && (run - end > GAP_FRAMES || run + length - start > CHUNK)) {
                resolve_chunk(kpageflags, bitmap, frames, start, end - start, &walk, counts);
                start = NO_FRAME;
            }
            start = start == NO_FRAME ? run : start;
            end = run + length;
        }
    }
    if (start != NO_FRAME) {
        resolve_chunk(kpageflags, bitmap, frames, start, end - start, &walk, counts);
    }
}
