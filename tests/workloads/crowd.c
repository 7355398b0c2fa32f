/* Many equal processes, each with private memory of the same size: what a pass costs for a process and for a page is seen best where there are many of both.
 * Where they do not all fit, the processes of a family share their memory, as after fork(2): each maps as many pages, on fewer frames. */
#define _GNU_SOURCE
#include "workload.h"

#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

struct shape { size_t pages, family, hot_pages, sleep_us; bool apart; };

/* Reads, since a write would be the end of sharing. */
static _Noreturn void live(const struct shape *shape, const volatile char *memory)
{
    for (;;) {
        for (size_t page = 0; page < shape->hot_pages; page++) {
            (void)memory[page * PAGE_BYTES];
        }
        if (shape->hot_pages == 0) {
            pause();
        }
        forget_translations();
        usleep(shape->sleep_us);
    }
}

static pid_t fork_or_fail(void)
{
    pid_t pid = fork();
    if (pid < 0) {
        fail("fork");
    }
    return pid;
}

/* The first of a family fills its memory and forks the others, who have it from him. */
static _Noreturn void run_family(const struct shape *shape, int ready)
{
    bind_child();
    char *memory = map_memory(KIND_ANON, HUGE_NEVER, shape->pages * PAGE_BYTES, NULL);
    if (shape->apart) {
        /* Frames are given out in order: with this step, and a number of pages that is a power of 2, neighbours get frames that are none. */
        for (size_t i = 0, page = 0; i < shape->pages; i++, page = (page + 389) % shape->pages) {
            fill(memory + page * PAGE_BYTES, PAGE_BYTES, KIND_ANON);
        }
    } else {
        fill(memory, shape->pages * PAGE_BYTES, KIND_ANON);
    }
    for (size_t i = 1; i < shape->family; i++) {
        if (fork_or_fail() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            break;
        }
    }
    if (write(ready, "", 1) != 1) {
        fail("write");
    }
    close(ready);
    live(shape, memory);
}

int main(int argc, char **argv)
{
    size_t processes = 1;
    struct shape shape = {.pages = 1024, .family = 1, .sleep_us = 400000};
    parse_options(argc, argv, (struct option_spec[]){
        {.name = "--processes", .number = &processes},
        {.name = "--pages", .number = &shape.pages},
        {.name = "--family", .number = &shape.family},
        {.name = "--hot-pages", .number = &shape.hot_pages},
        {.name = "--sleep-us", .number = &shape.sleep_us},
        {.name = "--apart", .flag = &shape.apart},
        {0}});
    if (shape.family == 0 || processes % shape.family != 0 || shape.hot_pages > shape.pages || shape.pages == 0) {
        usage_error("--processes must be a multiple of --family, and --pages at least --hot-pages");
    }
    bind_to_parent();

    int ready[2];
    if (pipe(ready) != 0) {
        fail("pipe");
    }
    for (size_t i = 0; i < processes / shape.family; i++) {
        if (fork_or_fail() == 0) {
            close(ready[0]);
            run_family(&shape, ready[1]);
        }
        for (size_t member = 0; member < shape.family; member++) {
            char byte;
            if (read(ready[0], &byte, 1) != 1) {
                fail("a member did not come up");
            }
        }
    }

    printf("{\"pid\":%d,\"processes\":%zu,\"family\":%zu,\"pages\":%zu,\"hot_pages\":%zu,", getpid(), processes, shape.family, shape.pages, shape.hot_pages);
    print_clocks();
    putchar('}');
    end_line();
    wait_for_end();
    /* The members end with their parents. */
    return 0;
}
