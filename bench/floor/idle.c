/* The idle bitmap: one bit a frame, in 8-byte words, at most 4,096 bytes a call.
 *
 * Reading costs a reverse-map walk for each frame still marked, so only words that hold a needed frame are read. A piece is marked again
 * right after it was read: what is accessed in between is lost. Where memory does not end on a multiple of 64 frames, the kernel's loop
 * ends inside the last word and reports the bytes before it only: those frames can be marked but their state cannot be read. */
#define _GNU_SOURCE
#include "floor.h"

enum { RUN_WORDS = 4096 / sizeof(uint64_t) };

uint64_t unreadable_word = NO_WORD;

static void mark(int bitmap, const struct frames *frames, size_t word, size_t count, enum marking marking)
{
    static uint64_t marks[RUN_WORDS];
    size_t first = count, end = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t needed = frames->needed[word + i];
        marks[i] = marking == MARK_WORDS ? UINT64_MAX : marking == MARK_FRAMES ? needed : needed & ~frames->idle[word + i];
        if (marks[i] != 0) {
            first = i < first ? i : first;
            end = i + 1;
        }
    }
    /* A word of zeros between two others is cheaper to write than a call is to make. */
    if (first < end && pwrite_counted(CALL_IDLE_WRITE, bitmap, marks + first, (end - first) * sizeof *marks, (word + first) * sizeof *marks) < 0) {
        fail("write of the idle bitmap");
    }
}

void read_and_mark_idle(int bitmap, struct frames *frames, enum marking marking)
{
    for (size_t word = frames->first; word < frames->end;) {
        if (frames->needed[word] == 0) {
            word++;
            continue;
        }
        size_t count = 1;
        while (count < RUN_WORDS && word + count < frames->end && frames->needed[word + count] != 0) {
            count++;
        }
        ssize_t got = pread_counted(CALL_IDLE_READ, bitmap, frames->idle + word, count * sizeof(uint64_t), word * sizeof(uint64_t));
        if (got < 0) {
            fail("read of the idle bitmap");
        }
        if ((size_t)got < count * sizeof(uint64_t)) {
            unreadable_word = word + got / sizeof(uint64_t);
            frames->idle[unreadable_word] = 0;
        }
        mark(bitmap, frames, word, count, marking);
        word += count;
    }
}
