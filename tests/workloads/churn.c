/* Short-lived children at a given rate, a bounded number of them alive at a time, then a few that stay: nobody alive may be lost, and
 * nothing of the dead may be kept. */
#define _GNU_SOURCE
#include "workload.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start_child(size_t life_ms)
{
    pid_t pid = fork();
    if (pid < 0) {
        fail("fork");
    }
    if (pid == 0) {
        bind_child();
        if (life_ms == 0) {
            for (;;) {
                pause();
            }
        }
        usleep(life_ms * 1000);
        _exit(0);
    }
    return pid;
}

static size_t reap(size_t alive, int flags)
{
    while (alive > 0 && waitpid(-1, NULL, flags) > 0) {
        alive--;
        flags = WNOHANG;
    }
    return alive;
}

int main(int argc, char **argv)
{
    size_t count = 1000, rate = 200, alive_limit = 50, life_ms = 100, keep = 0;
    parse_options(argc, argv, (struct option_spec[]){
        {.name = "--count", .number = &count},
        {.name = "--rate", .number = &rate},
        {.name = "--alive", .number = &alive_limit},
        {.name = "--life-ms", .number = &life_ms},
        {.name = "--keep", .number = &keep},
        {0}});
    if (rate == 0 || alive_limit == 0 || life_ms == 0) {
        usage_error("--rate, --alive and --life-ms must be more than 0");
    }
    bind_to_parent();

    uint64_t start = monotonic_ns();
    size_t alive = 0, started = 0;
    bool ended = false;
    while (started < count && !ended) {
        uint64_t due = start + started * 1000000000 / rate;
        uint64_t now = monotonic_ns();
        if (now < due) {
            ended = wait_input((due - now) / 1000 + 1, NULL, 0) == INPUT_END;
            continue;
        }
        alive = reap(alive, alive == alive_limit ? 0 : WNOHANG);
        start_child(life_ms);
        alive++;
        started++;
        ended = wait_input(0, NULL, 0) == INPUT_END;
    }
    while (alive > 0) {
        alive = reap(alive, 0);
    }

    pid_t *kept = calloc(keep + 1, sizeof *kept);
    size_t staying = ended ? 0 : keep;
    printf("{\"pid\":%d,\"started\":%zu,\"kept\":[", getpid(), started);
    fflush(stdout);   /* else each child inherits the unwritten half */
    for (size_t i = 0; i < staying; i++) {
        kept[i] = start_child(0);
        printf("%s%d", i > 0 ? "," : "", kept[i]);
        fflush(stdout);
    }
    printf("],");
    print_clocks();
    putchar('}');
    end_line();

    wait_for_end();
    for (size_t i = 0; i < staying; i++) {
        kill(kept[i], SIGKILL);
        waitpid(kept[i], NULL, 0);
    }
    free(kept);
    return 0;
}
