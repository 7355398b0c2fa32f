/* An address space that is mostly nothing: a reservation of many TiB or GB with some pages in it, and many small areas with a page each.
 * The pages of the reservation's first `--hot` MB are touched again and again, all others once. */
#define _GNU_SOURCE
#include "workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* Every other page is made read-only, so that no two neighbours can become one area. */
static void make_areas(size_t areas)
{
    size_t bytes = areas * PAGE_BYTES;
    char *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED) {
        fail("mmap of the areas");
    }
    for (size_t page = 0; page < bytes / PAGE_BYTES; page++) {
        start[page * PAGE_BYTES] = 1;
        if (page % 2 == 1 && mprotect(start + page * PAGE_BYTES, PAGE_BYTES, PROT_READ) != 0) {
            fail("mprotect (sysctl vm.max_map_count)");
        }
    }
}

int main(int argc, char **argv)
{
    size_t reserve_tib = 0, reserve_gb = 0, areas = 0, hot_mb = 10, scattered = 1000, sleep_us = 20000;
    parse_options(argc, argv, (struct option_spec[]){
        {.name = "--reserve-tib", .number = &reserve_tib},
        {.name = "--reserve-gb", .number = &reserve_gb},
        {.name = "--areas", .number = &areas},
        {.name = "--hot", .number = &hot_mb},
        {.name = "--scattered", .number = &scattered},
        {.name = "--sleep-us", .number = &sleep_us},
        {0}});
    bind_to_parent();

    bool is_reserved = reserve_tib + reserve_gb > 0;
    size_t bytes = is_reserved ? (reserve_tib << 40) + (reserve_gb << 30) : hot_mb * MB;
    char *reserve = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserve == MAP_FAILED) {
        fail("mmap of the reservation");
    }
    madvise(reserve, bytes, MADV_NOHUGEPAGE);
    fill(reserve, hot_mb * MB, KIND_ANON);
    /* Single pages, as far from each other as they can be. */
    for (size_t i = 1; is_reserved && i <= scattered; i++) {
        reserve[(bytes / (scattered + 1) * i) & ~(PAGE_BYTES - 1)] = 1;
    }
    if (areas > 0) {
        make_areas(areas);
    }

    printf("{\"pid\":%d,\"reserve_bytes\":%zu,\"areas\":%zu,\"hot_bytes\":%zu,\"scattered\":%zu,", getpid(), bytes, areas, hot_mb * MB, is_reserved ? scattered : 0);
    print_clocks();
    putchar('}');
    end_line();
    do {
        for (size_t page = 0; page < hot_mb * MB / PAGE_BYTES; page++) {
            reserve[page * PAGE_BYTES]++;
        }
        forget_translations();
    } while (wait_input(sleep_us, NULL, 0) != INPUT_END);
    return 0;
}
