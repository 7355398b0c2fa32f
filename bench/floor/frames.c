#define _GNU_SOURCE
#include "floor.h"

#include <stdlib.h>
#include <string.h>

static uint64_t *grow(uint64_t *set, size_t from, size_t to)
{
    set = realloc(set, to * sizeof *set);
    if (set == NULL) {
        fail("frames");
    }
    memset(set + from, 0, (to - from) * sizeof *set);
    return set;
}

void frames_reserve(struct frames *frames, uint64_t frame)
{
    size_t words = frame / 64 + 1;
    if (words <= frames->words) {
        return;
    }
    /* Half as much again: a machine's highest frames are met early, so this happens a few times in a process's life. */
    words += words / 2;
    frames->needed = grow(frames->needed, frames->words, words);
    frames->idle = grow(frames->idle, frames->words, words);
    frames->active = grow(frames->active, frames->words, words);
    frames->words = words;
}

void frames_clear(struct frames *frames)
{
    if (frames->end > frames->first) {
        size_t bytes = (frames->end - frames->first) * sizeof(uint64_t);
        memset(frames->needed + frames->first, 0, bytes);
        memset(frames->idle + frames->first, 0, bytes);
        memset(frames->active + frames->first, 0, bytes);
    }
    frames->first = SIZE_MAX;
    frames->end = 0;
}
