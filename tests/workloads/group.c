/* Processes that share one segment and have a private part each. All touch the same hot part of the segment and their own hot part of
 * the private memory: what each uses is known, and so is what all use together, with the segment counted once. */
#define _GNU_SOURCE
#include "workload.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_PROCESSES = 256 };

struct shape { char *shared; size_t shared_bytes, shared_hot, private_bytes, private_hot, sleep_us; };

static _Noreturn void run_member(const struct shape *shape, int ready)
{
    bind_child();
    char *private = map_memory(KIND_ANON, HUGE_DEFAULT, shape->private_bytes > 0 ? shape->private_bytes : PAGE_BYTES, NULL);
    fill(private, shape->private_bytes, KIND_ANON);
    touch_pages(shape->shared, shape->shared_bytes, KIND_SHMEM);
    uintptr_t addresses[2] = {(uintptr_t)shape->shared, (uintptr_t)private};
    if (write(ready, addresses, sizeof addresses) != sizeof addresses) {
        fail("write");
    }
    close(ready);
    for (;;) {
        touch_pages(shape->shared, shape->shared_hot, KIND_SHMEM);
        touch_pages(private, shape->private_hot, KIND_ANON);
        forget_translations();
        usleep(shape->sleep_us);
    }
}

/* "10,20,30": as many as there are processes, or one for all. */
static void parse_list(const char *text, size_t *values, size_t count)
{
    char *copy = strdup(text), *rest = NULL;
    size_t given = 0;
    for (char *item = strtok_r(copy, ",", &rest); item != NULL; item = strtok_r(NULL, ",", &rest)) {
        if (given == count) {
            usage_error("--private-hot has more sizes than there are processes");
        }
        values[given++] = parse_number("--private-hot", item);
    }
    if (given == 1) {
        for (size_t i = 1; i < count; i++) {
            values[i] = values[0];
        }
    } else if (given != count) {
        usage_error("--private-hot has %zu sizes for %zu processes", given, count);
    }
    free(copy);
}

int main(int argc, char **argv)
{
    size_t processes = 2, shared_mb = 0, shared_hot_mb = 0, private_mb = 0, sleep_us = 1000;
    const char *private_hot = "0";
    int huge = HUGE_DEFAULT;
    parse_options(argc, argv, (struct option_spec[]){
        {.name = "--processes", .number = &processes},
        {.name = "--shared", .number = &shared_mb},
        {.name = "--shared-hot", .number = &shared_hot_mb},
        {.name = "--private", .number = &private_mb},
        {.name = "--private-hot", .text = &private_hot},
        {.name = "--huge", .words = huge_names, .word = &huge},
        {.name = "--sleep-us", .number = &sleep_us},
        {0}});
    if (processes == 0 || processes > MAX_PROCESSES) {
        usage_error("--processes must be 1 to %d", MAX_PROCESSES);
    }
    if (shared_mb == 0 || shared_hot_mb > shared_mb) {
        usage_error("--shared MB is needed, and --shared-hot may not be more");
    }
    size_t hot_mb[MAX_PROCESSES] = {0};
    parse_list(private_hot, hot_mb, processes);
    for (size_t i = 0; i < processes; i++) {
        if (hot_mb[i] > private_mb) {
            usage_error("--private-hot %zu is more than --private %zu", hot_mb[i], private_mb);
        }
    }
    bind_to_parent();

    struct shape shape = {
        .shared = map_memory(KIND_SHMEM, huge, shared_mb * MB, NULL),
        .shared_bytes = shared_mb * MB,
        .shared_hot = shared_hot_mb * MB,
        .private_bytes = private_mb * MB,
        .sleep_us = sleep_us,
    };
    pid_t pids[MAX_PROCESSES];
    uintptr_t addresses[MAX_PROCESSES][2];
    for (size_t i = 0; i < processes; i++) {
        int ready[2];
        if (pipe(ready) != 0) {
            fail("pipe");
        }
        shape.private_hot = hot_mb[i] * MB;
        pids[i] = fork();
        if (pids[i] < 0) {
            fail("fork");
        }
        if (pids[i] == 0) {
            close(ready[0]);
            run_member(&shape, ready[1]);
        }
        close(ready[1]);
        if (read(ready[0], addresses[i], sizeof addresses[i]) != sizeof addresses[i]) {
            fail("a member did not come up");
        }
        close(ready[0]);
    }
    /* This process is no member. */
    munmap(shape.shared, shape.shared_bytes);

    size_t union_mb = shared_hot_mb;
    printf("{\"pid\":%d,\"shared_bytes\":%zu,\"shared_hot_bytes\":%zu,\"members\":[", getpid(), shared_mb * MB, shared_hot_mb * MB);
    for (size_t i = 0; i < processes; i++) {
        union_mb += hot_mb[i];
        printf("%s{\"pid\":%d,\"private_bytes\":%zu,\"private_hot_bytes\":%zu,\"hot_bytes\":%zu,\"resident_bytes\":%zu,"
               "\"shared_start\":\"%" PRIxPTR "\",\"private_start\":\"%" PRIxPTR "\"}",
               i > 0 ? "," : "", pids[i], private_mb * MB, hot_mb[i] * MB, (shared_hot_mb + hot_mb[i]) * MB, (shared_mb + private_mb) * MB,
               addresses[i][0], addresses[i][1]);
    }
    printf("],\"union_hot_bytes\":%zu,", union_mb * MB);
    print_clocks();
    putchar('}');
    end_line();

    wait_for_end();
    for (size_t i = 0; i < processes; i++) {
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
    }
    return 0;
}
