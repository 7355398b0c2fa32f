/* What the workloads share: a life bound to a parent, lines on stdin, JSON on stdout, memory of a known kind. */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PAGE_BYTES ((size_t)4096)
#define HUGE_BYTES ((size_t)2 << 20)
#define MB ((size_t)1 << 20)

/* How pages come about; the order is that of the words on the command line. */
enum kind {
    KIND_ANON,
    KIND_SHMEM,
    KIND_FILE,
    KIND_HUGETLB,   /* needs pages reserved in /proc/sys/vm/nr_hugepages */
    KIND_ZERO,      /* anonymous and never written: every page is the zero page */
};
bool is_read_only(enum kind kind);
enum huge { HUGE_NEVER, HUGE_ALWAYS, HUGE_DEFAULT };

extern const char *const kind_names[];
extern const char *const huge_names[];

/* Command line: one line on stderr and exit status 2 for anything wrong. */
struct option_spec {
    const char *name;          /* "--resident" */
    size_t *number;            /* takes a number, or */
    const char **text;         /* takes text, or */
    bool *flag;                /* takes nothing, or */
    const char *const *words;  /* takes one of these words, NULL at the end, */
    int *word;                 /* whose index goes here */
};
void parse_options(int argc, char **argv, const struct option_spec *specs);
size_t parse_number(const char *name, const char *text);
_Noreturn void usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fail(const char *what);

/* Ends the program with its parent, and on SIGTERM and SIGINT. */
void bind_to_parent(void);
/* Ends a forked child with the workload that forked it. */
void bind_child(void);

/* Long enough that a program that only waits never wakes by itself: a wake is a context switch, which tests count. */
#define AN_HOUR (3600 * (uint64_t)1000000)

/* Waits up to `microseconds` for something to happen on stdin. Only a pipe or a socket counts as being held open by somebody:
 * a shell gives /dev/null to its background jobs, and those stay until they are told by a signal. */
enum input { INPUT_NOTHING, INPUT_LINE, INPUT_END };
enum input wait_input(uint64_t microseconds, char *line, size_t size);
/* Returns when stdin is closed or the program is told to end. */
void wait_for_end(void);

uint64_t monotonic_ns(void);
uint64_t wall_ns(void);
/* `"monotonic_ns":…,"wall_ns":…`, to be put into a line. */
void print_clocks(void);
/* Ends a JSON line and makes it visible to the reader of the pipe. */
void end_line(void);

/* A range that starts at a multiple of 2 MB; not resident until it is filled. `path` is for KIND_FILE: it is made when it is too short. */
char *map_memory(enum kind kind, enum huge huge, size_t bytes, const char *path);
/* Makes every page resident: writes a non-zero byte, or reads one where the kind is read-only. */
void fill(char *start, size_t bytes, enum kind kind);
/* One byte a page: a write, or a read where the kind is read-only. */
void touch_pages(char *start, size_t bytes, enum kind kind);
/* Makes the next round of touches walk the page tables again. A processor that still holds a translation does not set the accessed bit
 * anew; real ones hold a few thousand, an emulator's may hold millions, and then a page in constant use looks idle. */
void forget_translations(void);

#endif
