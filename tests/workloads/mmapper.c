/* Maps, touches and unmaps a small area in a loop and keeps the longest single round: whoever holds this process's mmap lock shows up here.
 *
 * A line on stdin asks for the figures since the last one; the end prints those of the whole run. */
#define _GNU_SOURCE
#include "workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

struct rounds { uint64_t count, total_ns, longest_ns; };

static void add(struct rounds *rounds, uint64_t ns)
{
    rounds->count++;
    rounds->total_ns += ns;
    if (ns > rounds->longest_ns) {
        rounds->longest_ns = ns;
    }
}

static void print_rounds(const char *event, const struct rounds *rounds, size_t held_bytes)
{
    printf("{\"event\":\"%s\",\"pid\":%d,\"held_bytes\":%zu,\"rounds\":%" PRIu64 ",\"mean_us\":%.1f,\"longest_us\":%.1f,",
           event, getpid(), held_bytes, rounds->count,
           rounds->count > 0 ? rounds->total_ns / 1000.0 / rounds->count : 0.0, rounds->longest_ns / 1000.0);
    print_clocks();
    putchar('}');
    end_line();
}

/* Only the two calls are timed: the touch between them may wait for a page, which is not the stall looked for. */
static uint64_t one_round(size_t bytes)
{
    uint64_t before = monotonic_ns();
    char *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t spent = monotonic_ns() - before;
    if (area == MAP_FAILED) {
        fail("mmap");
    }
    touch_pages(area, bytes, KIND_ANON);
    before = monotonic_ns();
    munmap(area, bytes);
    return spent + (monotonic_ns() - before);
}

int main(int argc, char **argv)
{
    size_t area_kib = 64, hold_mb = 0, touch_every_ms = 100, sleep_us = 100;
    int huge = HUGE_DEFAULT;
    parse_options(argc, argv, (struct option_spec[]){
        {.name = "--area-kib", .number = &area_kib},
        {.name = "--hold", .number = &hold_mb},
        {.name = "--touch-every-ms", .number = &touch_every_ms},
        {.name = "--huge", .words = huge_names, .word = &huge},
        {.name = "--sleep-us", .number = &sleep_us},
        {0}});
    if (area_kib == 0) {
        usage_error("--area-kib must be more than 0");
    }
    bind_to_parent();

    char *held = hold_mb > 0 ? map_memory(KIND_ANON, huge, hold_mb * MB, NULL) : NULL;
    if (held != NULL) {
        fill(held, hold_mb * MB, KIND_ANON);
    }
    struct rounds all = {0}, interval = {0};
    print_rounds("ready", &all, hold_mb * MB);

    uint64_t touch_at = monotonic_ns();
    for (;;) {
        uint64_t ns = one_round(area_kib * 1024);
        add(&all, ns);
        add(&interval, ns);
        if (held != NULL && monotonic_ns() >= touch_at) {
            touch_pages(held, hold_mb * MB, KIND_ANON);
            forget_translations();
            touch_at = monotonic_ns() + touch_every_ms * 1000000;
        }
        enum input input = wait_input(sleep_us, NULL, 0);
        if (input == INPUT_END) {
            print_rounds("end", &all, hold_mb * MB);
            return 0;
        }
        if (input == INPUT_LINE) {
            print_rounds("interval", &interval, hold_mb * MB);
            interval = (struct rounds){0};
        }
    }
}
