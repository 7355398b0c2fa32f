/* Does one thing for each line on stdin and answers with one JSON line that says what is then true of it: the counterpart of
 * measurements and of the process table.
 *
 *   usage               nothing; getrusage(2) of this process and the children it waited for
 *   burn MS             uses that much processor time in user mode
 *   burn-system MS      the same inside the kernel
 *   fault PAGES         touches so many new pages, 4 KiB each
 *   files N             opens N more files
 *   write BYTES PATH    appends to a file and syncs it
 *   cut PATH BYTES      writes a file that is not synced, then truncates it
 *   threads N SWITCHES  starts N threads that give up the processor so often, then wait
 *   join                ends those threads
 *   name NAME           renames this process by prctl(2)
 *   exec PATH           becomes another program, which keeps stdin, stdout and the pid
 *   family DEPTH        a chain of descendants, each the child of the one before
 *   spawn PATH          a child that becomes another program
 *   zombie              a child that has ended and is not waited for
 *   reap PID            kills a child and waits for it
 */
#define _GNU_SOURCE
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 64 };

static pthread_t threads[MAX_THREADS];
static size_t thread_count;
static size_t files_open = 3;
static pthread_barrier_t done;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER;
static bool may_end;

static void print_usage(const char *name, int who)
{
    struct rusage usage;
    getrusage(who, &usage);
    printf("\"%s\":{\"user_seconds\":%ld.%06ld,\"system_seconds\":%ld.%06ld,\"minor_faults\":%ld,\"major_faults\":%ld,"
           "\"voluntary\":%ld,\"involuntary\":%ld},",
           name, usage.ru_utime.tv_sec, usage.ru_utime.tv_usec, usage.ru_stime.tv_sec, usage.ru_stime.tv_usec,
           usage.ru_minflt, usage.ru_majflt, usage.ru_nvcsw, usage.ru_nivcsw);
}

static void answer(const char *doing, pid_t child)
{
    printf("{\"doing\":\"%s\",\"pid\":%d,\"child\":%d,\"files\":%zu,\"threads\":%zu,", doing, getpid(), child, files_open, thread_count + 1);
    print_usage("usage", RUSAGE_SELF);
    print_usage("main_thread", RUSAGE_THREAD);
    print_clocks();
    putchar('}');
    end_line();
}

static uint64_t processor_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void burn(size_t milliseconds, bool in_kernel)
{
    uint64_t until = processor_ns() + milliseconds * 1000000;
    static char block[1 << 16];
    int zeros = in_kernel ? open("/dev/zero", O_RDONLY) : -1;
    while (processor_ns() < until) {
        for (volatile int i = 0; i < 100000 && !in_kernel; i++) {
        }
        if (in_kernel && read(zeros, block, sizeof block) < 0) {
            fail("/dev/zero");
        }
    }
    if (zeros >= 0) {
        close(zeros);
    }
}

static void fault(size_t pages)
{
    char *start = map_memory(KIND_ANON, HUGE_NEVER, pages * PAGE_BYTES, NULL);
    /* Written at once: a read before would take a fault of its own, for the zero page. */
    fill(start, pages * PAGE_BYTES, KIND_ANON);
}

static void open_files(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (open("/dev/null", O_RDONLY) < 0) {
            fail("/dev/null");
        }
    }
    files_open += count;
}

static void write_file(const char *path, size_t bytes, bool sync)
{
    static char block[1 << 16];
    int file = open(path, O_CREAT | O_WRONLY | O_APPEND, 0600);
    for (size_t at = 0; file >= 0 && at < bytes;) {
        size_t wanted = bytes - at < sizeof block ? bytes - at : sizeof block;
        ssize_t written = write(file, block, wanted);
        if (written < 0) {
            fail(path);
        }
        at += written;
    }
    if (file < 0 || (sync && fsync(file) != 0) || close(file) != 0) {
        fail(path);
    }
}

static void *run_thread(void *switches)
{
    struct timespec moment = {.tv_nsec = 1000};
    for (size_t i = 0; i < (size_t)switches; i++) {
        nanosleep(&moment, NULL);
    }
    pthread_barrier_wait(&done);
    pthread_mutex_lock(&gate);
    while (!may_end) {
        pthread_cond_wait(&opened, &gate);
    }
    pthread_mutex_unlock(&gate);
    return NULL;
}

static void start_threads(size_t count, size_t switches)
{
    if (count > MAX_THREADS || thread_count > 0) {
        usage_error("threads: at most %d, and once only until join", MAX_THREADS);
    }
    pthread_barrier_init(&done, NULL, count + 1);
    for (size_t i = 0; i < count; i++) {
        if (pthread_create(&threads[i], NULL, run_thread, (void *)switches) != 0) {
            fail("pthread_create");
        }
    }
    thread_count = count;
    pthread_barrier_wait(&done);
}

static void join_threads(void)
{
    pthread_mutex_lock(&gate);
    may_end = true;
    pthread_cond_broadcast(&opened);
    pthread_mutex_unlock(&gate);
    for (size_t i = 0; i < thread_count; i++) {
        pthread_join(threads[i], NULL);
    }
    thread_count = 0;
    may_end = false;
}

/* Each descendant forks the next one. The chain ends from the top: the kernel tells each member when its parent has gone. */
static _Noreturn void run_descendants(int report, size_t depth)
{
    do {
        bind_to_parent();
        pid_t own = getpid();
        if (write(report, &own, sizeof own) != sizeof own) {
            fail("pipe");
        }
    } while (--depth > 0 && fork() == 0);
    close(report);
    for (;;) {
        pause();
    }
}

static pid_t start_family(size_t depth)
{
    int report[2];
    if (depth == 0 || pipe2(report, O_CLOEXEC) != 0) {
        usage_error("family wants a depth");
    }
    pid_t child = fork();
    if (child == 0) {
        close(report[0]);
        run_descendants(report[1], depth);
    }
    close(report[1]);
    printf("{\"doing\":\"family\",\"pid\":%d,\"family\":[", getpid());
    for (size_t i = 0; i < depth; i++) {
        pid_t member;
        if (read(report[0], &member, sizeof member) != sizeof member) {
            fail("a descendant did not come up");
        }
        printf("%s%d", i > 0 ? "," : "", member);
    }
    close(report[0]);
    printf("],");
    print_clocks();
    putchar('}');
    end_line();
    return child;
}

/* Without a pipe on stdin the new program stays until it is killed. A pipe that closes on exec tells when it is the other program. */
static pid_t spawn(const char *path)
{
    int became[2];
    if (pipe2(became, O_CLOEXEC) != 0) {
        fail("pipe");
    }
    pid_t child = fork();
    if (child == 0) {
        bind_child();
        int nothing = open("/dev/null", O_RDWR);
        dup2(nothing, STDIN_FILENO);
        dup2(nothing, STDOUT_FILENO);
        execl(path, path, NULL);
        _exit(127);
    }
    close(became[1]);
    char unused;
    while (read(became[0], &unused, 1) < 0 && errno == EINTR) {
    }
    close(became[0]);
    return child;
}

static pid_t make_zombie(void)
{
    pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    siginfo_t information;
    if (waitid(P_PID, child, &information, WEXITED | WNOWAIT) != 0) {
        fail("waitid");
    }
    return child;
}

static void obey(char *line)
{
    char *rest = line;
    const char *verb = strsep(&rest, " ");
    const char *first = strsep(&rest, " ");
    const char *second = strsep(&rest, " ");
    size_t number = first != NULL && first[0] >= '0' && first[0] <= '9' ? parse_number(verb, first) : 0;
    pid_t child = 0;

    if (strcmp(verb, "burn") == 0 || strcmp(verb, "burn-system") == 0) {
        burn(number, verb[4] != '\0');
    } else if (strcmp(verb, "fault") == 0) {
        fault(number);
    } else if (strcmp(verb, "files") == 0) {
        open_files(number);
    } else if (strcmp(verb, "write") == 0 && second != NULL) {
        write_file(second, number, true);
    } else if (strcmp(verb, "cut") == 0 && second != NULL) {
        write_file(first, parse_number(verb, second), false);
        if (truncate(first, 0) != 0) {
            fail(first);
        }
    } else if (strcmp(verb, "threads") == 0 && second != NULL) {
        start_threads(number, parse_number(verb, second));
    } else if (strcmp(verb, "join") == 0) {
        join_threads();
    } else if (strcmp(verb, "name") == 0 && first != NULL) {
        prctl(PR_SET_NAME, first);
    } else if (strcmp(verb, "exec") == 0 && first != NULL) {
        execl(first, first, NULL);
        fail(first);
    } else if (strcmp(verb, "family") == 0) {
        start_family(number);
        return;
    } else if (strcmp(verb, "spawn") == 0 && first != NULL) {
        child = spawn(first);
    } else if (strcmp(verb, "zombie") == 0) {
        child = make_zombie();
    } else if (strcmp(verb, "reap") == 0) {
        kill((pid_t)number, SIGKILL);
        waitpid((pid_t)number, NULL, 0);
    } else if (strcmp(verb, "usage") != 0) {
        usage_error("unknown command '%s'", verb);
    }
    answer(verb, child);
}

int main(int argc, char **argv)
{
    size_t user = 0;
    const char *label = NULL;
    parse_options(argc, argv, (struct option_spec[]){
        {.name = "--user", .number = &user},
        {.name = "--label", .text = &label},   /* for whoever looks at the command line */
        {0}});
    if (user != 0 && setresuid(user, user, user) != 0) {
        fail("setresuid");
    }
    bind_to_parent();
    answer("ready", 0);
    char line[256];
    for (;;) {
        switch (wait_input(AN_HOUR, line, sizeof line)) {
        case INPUT_LINE: obey(line); break;
        case INPUT_END: return 0;
        case INPUT_NOTHING: break;
        }
    }
}
