/* A process whose main thread ends while another works on: it holds memory and touches the start of it again and again. For the kernel the process's own
 * directory below /proc is that of a zombie then. */
#define _GNU_SOURCE
#include "workload.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static size_t resident = 60;
static size_t hot = 40;
static char *memory;

static void say(void)
{
    printf("{\"pid\":%d,\"thread\":%ld,\"resident_bytes\":%zu,\"hot_bytes\":%zu,", getpid(), syscall(SYS_gettid), resident * MB, hot * MB);
    print_clocks();
    putchar('}');
    end_line();
}

/* The C library lets a joiner go on once the kernel has cleared the thread's id, an instant before the thread is a zombie. */
static void wait_for_zombie(void)
{
    for (char state = 0; state != 'Z'; usleep(1000)) {
        char path[64];
        snprintf(path, sizeof path, "/proc/self/task/%d/stat", getpid());
        FILE *stat = fopen(path, "r");
        if (stat == NULL || fscanf(stat, "%*d (%*[^)]) %c", &state) != 1) {
            fail(path);
        }
        fclose(stat);
    }
}

/* Touches until stdin ends; at a line another thread takes over, and this one ends. */
static void *work(void *previous)
{
    if (previous != NULL && pthread_join(*(pthread_t *)previous, NULL) != 0) {
        fail("pthread_join");
    }
    wait_for_zombie();
    say();
    char line[64];
    for (;;) {
        touch_pages(memory, hot * MB, KIND_ANON);
        enum input input = wait_input(20000, line, sizeof line);
        if (input == INPUT_END) {
            _exit(0);
        }
        if (input == INPUT_LINE) {
            static pthread_t self;
            self = pthread_self();
            pthread_t next;
            if (pthread_create(&next, NULL, work, &self) != 0) {
                fail("pthread_create");
            }
            pthread_exit(NULL);
        }
    }
}

int main(int argc, char **argv)
{
    bool wait = false;
    parse_options(argc, argv, (struct option_spec[]){
        {.name = "--resident", .number = &resident}, {.name = "--hot", .number = &hot}, {.name = "--wait", .flag = &wait}, {0}});
    if (resident == 0 || hot > resident) {
        usage_error("--resident must be at least 1 and --hot at most as much");
    }
    bind_to_parent();
    memory = map_memory(KIND_ANON, HUGE_NEVER, resident * MB, NULL);
    fill(memory, resident * MB, KIND_ANON);
    char line[64];
    if (wait) {
        say();
        enum input input;
        while ((input = wait_input(AN_HOUR, line, sizeof line)) == INPUT_NOTHING) {
        }
        if (input == INPUT_END) {
            return 0;
        }
    }

    static pthread_t self;
    self = pthread_self();
    pthread_t worker;
    if (pthread_create(&worker, NULL, work, &self) != 0) {
        fail("pthread_create");
    }
    pthread_exit(NULL);
}
