/* What the kernel itself takes for one scrape: lists /proc, then reads stat, statm, io and status of every process
 * through kept handles and asks for the size of fd. Nothing is parsed. One file is read of all processes before the
 * next, so that a clock read is paid once a file and round, not once a call.
 *
 *     floor-scrape [--smaps] [--rounds N | --paced]
 *
 * --smaps  read smaps_rollup of every process instead, and nothing else
 * --paced  a round, and its line of JSON, for each line on standard input
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* schedstat comes last: it is not part of the answer, only a cheap way to learn that a process has not run. */
enum { STAT, STATM, IO, STATUS, SCHEDSTAT, ROLLUP, FILES };
static const char *const file_names[FILES] = {"stat", "statm", "io", "status", "schedstat", "smaps_rollup"};
static bool smaps;

struct process {
    int directory;
    int file[FILES];
};

static struct process *processes;
static size_t count, room;
static char text[1 << 16];

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static double microseconds(struct timeval time) { return time.tv_sec * 1e6 + time.tv_usec; }

static void fail(const char *what)
{
    fprintf(stderr, "floor-scrape: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void keep(const char *pid)
{
    if (count == room) {
        room = room > 0 ? room * 2 : 1024;
        processes = realloc(processes, room * sizeof *processes);
    }
    struct process *process = &processes[count];
    char path[64];
    snprintf(path, sizeof path, "/proc/%s", pid);
    process->directory = open(path, O_PATH | O_CLOEXEC);
    if (process->directory < 0) {
        return; /* it left */
    }
    for (int i = 0; i < FILES; i++) {
        process->file[i] = -1;
        if ((i == ROLLUP) != smaps) {
            continue;
        }
        process->file[i] = openat(process->directory, file_names[i], O_RDONLY | O_CLOEXEC);
        if (process->file[i] < 0 && errno != ENOENT && errno != ESRCH && errno != EACCES) {
            fail(file_names[i]);
        }
    }
    count++;
}

static size_t list(int proc, void (*found)(const char *))
{
    size_t entries = 0;
    ssize_t length;
    lseek(proc, 0, SEEK_SET);
    while ((length = getdents64(proc, text, sizeof text)) > 0) {
        for (ssize_t at = 0; at < length; entries++) {
            struct dirent64 *entry = (struct dirent64 *)(text + at);
            at += entry->d_reclen;
            if (found != NULL && isdigit((unsigned char)entry->d_name[0])) {
                found(entry->d_name);
            }
        }
    }
    return entries;
}

static double read_all(int file)
{
    double began = now_us();
    for (size_t p = 0; p < count; p++) {
        if (processes[p].file[file] >= 0 && pread(processes[p].file[file], text, 4096, 0) < 0 && errno != ESRCH && errno != EACCES) {
            fail(file_names[file]);
        }
    }
    return now_us() - began;
}

static double spent[FILES + 2]; /* the files, fd, the list */

static void scrape(int proc)
{
    double last = now_us();
    list(proc, NULL);
    spent[FILES + 1] += now_us() - last;
    if (smaps) {
        spent[ROLLUP] += read_all(ROLLUP);
        return;
    }
    for (int i = 0; i < SCHEDSTAT; i++) {
        spent[i] += read_all(i);
    }
    last = now_us();
    struct statx result;
    for (size_t p = 0; p < count; p++) {
        if (statx(processes[p].directory, "fd", 0, STATX_SIZE, &result) < 0 && errno != ENOENT && errno != ESRCH) {
            fail("fd");
        }
    }
    spent[FILES] += now_us() - last;
}

static void measure(int proc, long rounds)
{
    memset(spent, 0, sizeof spent);
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    for (long round = 0; round < rounds; round++) {
        scrape(proc);
    }
    getrusage(RUSAGE_SELF, &after);
    if (!smaps) {
        for (long round = 0; round < rounds; round++) {
            spent[SCHEDSTAT] += read_all(SCHEDSTAT);
        }
    }

    double user = (microseconds(after.ru_utime) - microseconds(before.ru_utime)) / rounds;
    double system = (microseconds(after.ru_stime) - microseconds(before.ru_stime)) / rounds;
    printf("{\"processes\":%zu,\"rounds\":%ld,\"cpu_us\":%.0f,\"user_us\":%.0f,\"system_us\":%.0f,\"wall_us\":{\"list\":%.0f", count, rounds, user + system, user, system, spent[FILES + 1] / rounds);
    for (int i = 0; i < FILES; i++) {
        if ((i == ROLLUP) == smaps) {
            printf(",\"%s\":%.0f", file_names[i], spent[i] / rounds);
        }
    }
    if (!smaps) {
        printf(",\"fd\":%.0f", spent[FILES] / rounds);
    }
    puts("}}");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    long rounds = 50;
    bool paced = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--smaps") == 0) {
            smaps = true;
        } else if (strcmp(argv[i], "--paced") == 0) {
            paced = true;
        } else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
            rounds = strtol(argv[++i], NULL, 10);
        } else {
            rounds = 0;
        }
        if (rounds < 1) {
            fputs("floor-scrape: usage: floor-scrape [--smaps] [--rounds N | --paced]\n", stderr);
            return 2;
        }
    }

    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (proc < 0) {
        fail("/proc");
    }
    list(proc, keep);

    if (!paced) {
        measure(proc, rounds);
        return 0;
    }
    for (int c; (c = getchar()) != EOF;) {
        if (c == '\n') {
            measure(proc, 1);
        }
    }
    return 0;
}
