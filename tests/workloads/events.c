/* Takes page faults, gives up the processor and burns processor time as often as a line on stdin says, and answers with what the
 * kernel has counted for it since it started, ended threads included: the counterpart of counters. WORK is PAGES SWITCHES MS.
 *
 *   usage              nothing
 *   faults PAGES       touches so many new pages, 4 KiB each
 *   switches N         sleeps so often for a moment: a switch each, but for the few moments that are over before it sleeps
 *   burn MS            uses so much processor time in user mode
 *   spin N             goes round a loop so many million times
 *   pingpong N         passes a byte to another thread on the same processor and back, so many times: two switches each
 *   crew THREADS WORK  starts so many threads, each of which starts another; all of them do the work and end
 *   hire THREADS       starts so many threads that wait, each started by the one before
 *   work WORK          those that wait do the work and end
 *   fork WORK          a child does the work and ends
 *   leave              the first thread ends; another obeys from now on
 *   exec PATH          becomes another program, which keeps stdin, stdout and the pid
 */
#define _GNU_SOURCE
#include "workload.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 256 };

struct work {
    size_t pages;
    size_t switches;
    size_t milliseconds;
};

static uint64_t told_ns;   /* when the last line came */
static pthread_t first_thread;
static pthread_t hired[MAX_THREADS];
static size_t hired_count;
static size_t wanted_count;
static size_t waiting_count;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t came = PTHREAD_COND_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER;
static const struct work *ordered;

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void answer(const char *doing)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"doing\":\"%s\",\"pid\":%d,\"processor_ns\":%" PRIu64 ",\"minor_faults\":%ld,\"major_faults\":%ld,\"voluntary\":%ld,\"involuntary\":%ld,"
           "\"took_ns\":%" PRIu64 ",",
           doing, getpid(), clock_ns(CLOCK_PROCESS_CPUTIME_ID), usage.ru_minflt, usage.ru_majflt, usage.ru_nvcsw, usage.ru_nivcsw,
           monotonic_ns() - told_ns);
    print_clocks();
    putchar('}');
    end_line();
}

static void do_work(const struct work *work)
{
    if (work->pages > 0) {
        char *start = map_memory(KIND_ANON, HUGE_NEVER, work->pages * PAGE_BYTES, NULL);
        /* Written at once: a read before would take a fault of its own, for the zero page. */
        fill(start, work->pages * PAGE_BYTES, KIND_ANON);
        munmap(start, work->pages * PAGE_BYTES);
    }
    struct timespec moment = {.tv_nsec = 1000};
    for (size_t i = 0; i < work->switches; i++) {
        nanosleep(&moment, NULL);
    }
    uint64_t until = clock_ns(CLOCK_THREAD_CPUTIME_ID) + work->milliseconds * 1000000;
    while (work->milliseconds > 0 && clock_ns(CLOCK_THREAD_CPUTIME_ID) < until) {
        for (volatile int i = 0; i < 10000; i++) {
        }
    }
}

static void spin(size_t millions)
{
    for (size_t i = 0; i < millions; i++) {
        for (volatile int j = 0; j < 1000000; j++) {
        }
    }
}

static pthread_t start_thread(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    errno = pthread_create(&thread, NULL, run, argument);
    if (errno != 0) {
        fail("pthread_create");
    }
    return thread;
}

static void check_count(const char *verb, size_t count)
{
    if (count > MAX_THREADS) {
        usage_error("%s: at most %d threads", verb, MAX_THREADS);
    }
}

static void *run_member(void *work)
{
    do_work(work);
    return NULL;
}

static void *run_leader(void *work)
{
    pthread_t member = start_thread(run_member, work);
    do_work(work);
    pthread_join(member, NULL);
    return NULL;
}

static void run_crew(size_t count, struct work *work)
{
    pthread_t leaders[MAX_THREADS];
    check_count("crew", count);
    for (size_t i = 0; i < count; i++) {
        leaders[i] = start_thread(run_leader, work);
    }
    for (size_t i = 0; i < count; i++) {
        pthread_join(leaders[i], NULL);
    }
}

static void *run_hired(void *unused);

/* With the gate held. */
static void start_next_hired(void)
{
    if (hired_count < wanted_count) {
        hired[hired_count] = start_thread(run_hired, NULL);
        hired_count++;
    }
}

static void *run_hired(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&gate);
    start_next_hired();
    waiting_count++;
    pthread_cond_broadcast(&came);
    while (ordered == NULL) {
        pthread_cond_wait(&opened, &gate);
    }
    pthread_mutex_unlock(&gate);
    do_work(ordered);
    return NULL;
}

static void hire(size_t count)
{
    check_count("hire", hired_count + count);
    pthread_mutex_lock(&gate);
    wanted_count = hired_count + count;
    start_next_hired();
    while (waiting_count < wanted_count) {
        pthread_cond_wait(&came, &gate);
    }
    pthread_mutex_unlock(&gate);
}

static void order(const struct work *work)
{
    pthread_mutex_lock(&gate);
    ordered = work;
    pthread_cond_broadcast(&opened);
    pthread_mutex_unlock(&gate);
    while (hired_count > 0) {
        pthread_join(hired[--hired_count], NULL);
    }
    waiting_count = 0;
    ordered = NULL;
}

struct pair {
    int there[2];
    int back[2];
};

static void pass(int from, int to)
{
    char byte = 0;
    if (read(from, &byte, 1) != 1 || write(to, &byte, 1) != 1) {
        fail("pipe");
    }
}

static void *return_bytes(void *argument)
{
    const struct pair *pair = argument;
    char byte;
    while (read(pair->there[0], &byte, 1) == 1) {
        if (write(pair->back[1], &byte, 1) != 1) {
            fail("pipe");
        }
    }
    return NULL;
}

static void play(size_t rounds)
{
    /* On one processor, so that every pass is a switch: between two, either thread may find its byte there already. */
    cpu_set_t all, one;
    pthread_getaffinity_np(pthread_self(), sizeof all, &all);
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    pthread_setaffinity_np(pthread_self(), sizeof one, &one);
    struct pair pair;
    char byte = 0;
    if (pipe(pair.there) != 0 || pipe(pair.back) != 0 || write(pair.back[1], &byte, 1) != 1) {
        fail("pipe");
    }
    pthread_t other = start_thread(return_bytes, &pair);
    for (size_t i = 0; i < rounds; i++) {
        pass(pair.back[0], pair.there[1]);
    }
    close(pair.there[1]);
    pthread_join(other, NULL);
    close(pair.there[0]);
    close(pair.back[0]);
    close(pair.back[1]);
    pthread_setaffinity_np(pthread_self(), sizeof all, &all);
}

static void run_child(const struct work *work)
{
    pid_t child = fork();
    if (child == 0) {
        bind_child();
        do_work(work);
        _exit(0);
    }
    if (child < 0 || waitpid(child, NULL, 0) != child) {
        fail("fork");
    }
}

/* Those that are missing are 0. */
static void parse_numbers(const char *verb, char *rest, size_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *text = strsep(&rest, " ");
        numbers[i] = text != NULL ? parse_number(verb, text) : 0;
    }
}

static struct work parse_work(const char *verb, char *rest)
{
    size_t numbers[3];
    parse_numbers(verb, rest, numbers, 3);
    return (struct work){numbers[0], numbers[1], numbers[2]};
}

static void *obey_lines(void *unused);

static void *take_over(void *unused)
{
    pthread_join(first_thread, NULL);
    answer("leave");
    return obey_lines(unused);
}

static void obey(char *line)
{
    char *rest = line;
    const char *verb = strsep(&rest, " ");
    struct work work;
    size_t number;
    told_ns = monotonic_ns();

    if (strcmp(verb, "exec") == 0 && rest != NULL) {
        execl(rest, rest, NULL);
        fail(rest);
    } else if (strcmp(verb, "leave") == 0) {
        start_thread(take_over, NULL);
        pthread_exit(NULL);
    } else if (strcmp(verb, "fork") == 0) {
        work = parse_work(verb, rest);
        run_child(&work);
    } else if (strcmp(verb, "work") == 0) {
        work = parse_work(verb, rest);
        order(&work);
    } else {
        parse_numbers(verb, strsep(&rest, " "), &number, 1);
        if (strcmp(verb, "faults") == 0) {
            do_work(&(struct work){.pages = number});
        } else if (strcmp(verb, "switches") == 0) {
            do_work(&(struct work){.switches = number});
        } else if (strcmp(verb, "burn") == 0) {
            do_work(&(struct work){.milliseconds = number});
        } else if (strcmp(verb, "spin") == 0) {
            spin(number);
        } else if (strcmp(verb, "pingpong") == 0) {
            play(number);
        } else if (strcmp(verb, "hire") == 0) {
            hire(number);
        } else if (strcmp(verb, "crew") == 0) {
            work = parse_work(verb, rest);
            run_crew(number, &work);
        } else if (strcmp(verb, "usage") != 0) {
            usage_error("unknown command '%s'", verb);
        }
    }
    answer(verb);
}

static void *obey_lines(void *unused)
{
    (void)unused;
    char line[256];
    for (;;) {
        switch (wait_input(AN_HOUR, line, sizeof line)) {
        case INPUT_LINE: obey(line); break;
        case INPUT_END: exit(0);
        case INPUT_NOTHING: break;
        }
    }
}

int main(int argc, char **argv)
{
    size_t user = 0;
    parse_options(argc, argv, (struct option_spec[]){{.name = "--user", .number = &user}, {0}});
    if (user != 0 && setresuid(user, user, user) != 0) {
        fail("setresuid");
    }
    bind_to_parent();
    first_thread = pthread_self();
    told_ns = monotonic_ns();
    answer("ready");
    obey_lines(NULL);
}
