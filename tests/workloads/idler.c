/* Starts idle processes, which only wait or wake up again and again: the population for measuring what one scrape of many processes costs. */
#define _GNU_SOURCE
#include "workload.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    size_t processes = 1;
    size_t period = 0;
    parse_options(argc, argv, (struct option_spec[]){{.name = "--processes", .number = &processes}, {.name = "--period", .number = &period}, {0}});
    if (processes == 0 || processes > 30000) {
        usage_error("--processes must be 1 to 30000");
    }
    bind_to_parent();

    pid_t *pids = calloc(processes, sizeof *pids);
    for (size_t i = 0; i < processes; i++) {
        pids[i] = fork();
        if (pids[i] < 0) {
            fail("fork");
        }
        if (pids[i] == 0) {
            bind_child();
            struct timespec rest = {.tv_sec = (time_t)(period / 1000), .tv_nsec = (long)(period % 1000) * 1000000};
            for (;;) {
                if (period == 0) {
                    pause();
                } else {
                    nanosleep(&rest, NULL);
                }
            }
        }
    }
    printf("{\"pid\":%d,\"pids\":[", getpid());
    for (size_t i = 0; i < processes; i++) {
        printf("%s%d", i > 0 ? "," : "", pids[i]);
    }
    printf("],");
    print_clocks();
    putchar('}');
    end_line();

    wait_for_end();
    for (size_t i = 0; i < processes; i++) {
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
    }
    free(pids);
    return 0;
}
