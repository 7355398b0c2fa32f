/* What a frame costs on the idle bitmap, in /proc/kpageflags and in pagemap: where all 64 frames of a word are marked, and where a few are; by how many processes map it.
 *
 *   framecost [PAGES]
 *
 * A line for each figure: ns_per_unit is for a marked frame. */
#define _GNU_SOURCE
#include "limit.h"

#include <signal.h>
#include <sys/prctl.h>

enum { MOST_WORDS = 1 << 20, CALL_WORDS = 64, REPEATS = 3, MOST_CHILDREN = 16 };
static uint64_t own[MOST_WORDS], marks[MOST_WORDS], buffer[CALL_WORDS * 64];
static int bitmap, kpageflags, pagemap;
static char *memory;
static size_t pages;

static void touch(void)
{
    for (size_t page = 0; page < pages; page++) {
        ((volatile char *)memory)[page * PAGE];
    }
}

/* Words of the bitmap all of whose frames are this program's. */
static size_t find_words(void)
{
    static uint64_t entries[1 << 17];
    if (pread(pagemap, entries, pages * sizeof *entries, (uintptr_t)memory / PAGE * sizeof *entries) != (ssize_t)(pages * sizeof *entries)) {
        fail("pagemap");
    }
    memset(own, 0, sizeof own);
    for (size_t i = 0; i < pages; i++) {
        uint64_t frame = entries[i] & ENTRY_FRAME;
        own[frame / 64] |= 1ull << frame % 64;
    }
    size_t words = 0;
    for (size_t word = 0; word < MOST_WORDS; word++) {
        own[word] = own[word] == UINT64_MAX ? own[word] : 0;
        words += own[word] != 0;
    }
    return words;
}

/* Each word with a marked frame, adjacent words together. */
static void each_run(void (*act)(size_t word, size_t count))
{
    for (size_t word = 0; word < MOST_WORDS;) {
        size_t count = 0;
        while (count < CALL_WORDS && word + count < MOST_WORDS && marks[word + count] != 0) {
            count++;
        }
        if (count > 0) {
            act(word, count);
        }
        word += count > 0 ? count : 1;
    }
}

static void read_words(size_t word, size_t count)
{
    if (pread(bitmap, buffer, count * 8, word * 8) < 0) {
        fail("read of the bitmap");
    }
}
static void mark_words(size_t word, size_t count)
{
    if (pwrite(bitmap, marks + word, count * 8, word * 8) < 0) {
        fail("write of the bitmap");
    }
}
static void read_flags(size_t word, size_t count)
{
    if (pread(kpageflags, buffer, count * 64 * 8, word * 64 * 8) < 0) {
        fail("kpageflags");
    }
}

/* What `act` costs after `prepare`, less what it costs to go through the words. */
static double cost(void (*prepare)(void), void (*act)(size_t, size_t))
{
    double least = 0;
    for (int i = 0; i < REPEATS; i++) {
        if (prepare != NULL) {
            prepare();
        }
        double before = cpu_ns();
        each_run(act);
        double ns = cpu_ns() - before;
        least = i == 0 || ns < least ? ns : least;
    }
    return least;
}
static void nothing(size_t word, size_t count) { (void)word, (void)count; }

static void mark_all(void) { each_run(mark_words); }
static void mark_and_touch(void)
{
    mark_all();
    touch();
}

static void measure(const char *where, uint64_t mask)
{
    double frames = 0;
    for (size_t word = 0; word < MOST_WORDS; word++) {
        marks[word] = own[word] & mask;
        frames += __builtin_popcountll(marks[word]);
    }
    double empty = cost(NULL, nothing);
    touch();
    /* Frames that keep a mark of a wider mask would be walked too. */
    tell("read, not marked", where, cost(touch, read_words) - empty, frames);
    tell("mark, accessed", where, cost(touch, mark_words) - empty, frames);
    tell("read, idle", where, cost(mark_all, read_words) - empty, frames);
    tell("read, accessed", where, cost(mark_and_touch, read_words) - empty, frames);
    tell("kpageflags", where, cost(NULL, read_flags) - empty, frames);
    touch();
    each_run(read_words);
}

int main(int argc, char **argv)
{
    pages = argc > 1 ? strtoul(argv[1], NULL, 10) : 16384;
    bitmap = open_file("/sys/kernel/mm/page_idle/bitmap", O_RDWR);
    kpageflags = open_file("/proc/kpageflags", O_RDONLY);
    pagemap = open_file("/proc/self/pagemap", O_RDONLY);
    memory = map_small_pages(pages);
    memset(memory, 1, pages * PAGE);
    /* Out of the processors' queues: frames in them cannot be marked. */
    size_t words = find_words();
    mark_all();
    fprintf(stderr, "framecost: %zu whole words\n", words);

    measure("64 of 64", UINT64_MAX);
    measure("32 of 64", 0x5555555555555555);
    measure("8 of 64", 0x0101010101010101);
    measure("1 of 64", 1);
    int children = 0;
    for (int most = 1; most <= MOST_CHILDREN; most *= 4) {
        for (; children < most; children++) {
            pid_t pid = fork();
            if (pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                pause();
                _exit(0);
            }
            if (pid < 0) {
                fail("fork");
            }
        }
        char where[64];
        snprintf(where, sizeof where, "64 of 64, %d processes", most + 1);
        measure(where, UINT64_MAX);
    }
    return 0;
}
