/* Works at a given pace, with memory of which it is known how much the work needs, and counts what it has done in time.
 *
 * Work comes in units, RATE a second. A unit that is not done two seconds after it was due is late; one that could not even be begun by then is left
 * out, as a server does that is too busy. So a host that is too slow makes units late, and does not make the program work on for minutes.
 *
 *   cache    RESIDENT MB of objects of 16 kB, asked for by Zipf's law with the exponent 1.2; a unit is a request, and touches one object
 *   heap     HOT MB, and up to RESIDENT MB in all, which it takes at a steady rate in all but the last BUSY seconds of each PERIOD, and then gives back;
 *            touches all that it has each second
 *   reader   reads the first HOT MB of a file of RESIDENT MB each second or two, by read(2), 256 kB a unit; at the start it has read all of it once
 *   batch    RESIDENT MB, of which it touches HOT MB each second, and another PART MB each second for the last BUSY seconds of each PERIOD
 *   leak     touches HOT MB each second, and takes PART MB a minute that it never touches again
 *
 * At each line on stdin it prints a line: units due, done in time and late since its start, and the most memory that the work needed within windows of
 * 0, 1, 2, … seconds. */
#define _GNU_SOURCE
#include "workload.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { OBJECT_BYTES = 16384, READ_BYTES = 1 << 18, TICK_US = 20000, WINDOWS = 61 };

static const char *const work_names[] = {"cache", "heap", "reader", "batch", "leak", NULL};
enum { WORK_CACHE, WORK_HEAP, WORK_READER, WORK_BATCH, WORK_LEAK };

static const uint64_t second_ns = 1000000000, grace_ns = 2000000000;

static int work = WORK_CACHE;
static size_t resident, hot, part, period_seconds = 60, busy_seconds = 10, rate = 50;
static const char *path;

static char *memory;
static size_t taken;                       /* of `memory`, from its start */
static size_t cursor[2];                   /* of the parts that are touched in rounds */
static uint64_t start_ns;
static uint64_t due, in_time, late;
static size_t needed[WINDOWS];             /* the most so far, by the length of the window in seconds */

/* cache */
static double *shares;                     /* of all requests, those for this object and all before it */
static uint64_t *last_ns;                  /* when an object was asked for last */
static size_t objects;
static uint64_t next_count_ns;
static uint64_t random_state = 88172645463325252;

/* reader */
static int file;
static char *buffer;

static void need(size_t seconds, size_t bytes)
{
    if (bytes > needed[seconds]) {
        needed[seconds] = bytes;
    }
}

/* Of work that needs the same in windows of all lengths. */
static void need_always(size_t bytes)
{
    for (size_t seconds = 0; seconds < WINDOWS; seconds++) {
        need(seconds, bytes);
    }
}

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* Touches what is due of a round over `bytes`: one unit's share, so that a second's units touch all of it. */
static void touch_share(char *start, size_t bytes, size_t *at)
{
    size_t pages = bytes / PAGE_BYTES, share = (pages + rate - 1) / rate;
    for (size_t i = 0; i < share; i++) {
        *at = *at + 1 < pages ? *at + 1 : 0;
        start[*at * PAGE_BYTES]++;
    }
}

static void make_cache(void)
{
    objects = resident / OBJECT_BYTES;
    shares = calloc(objects, sizeof *shares);
    last_ns = calloc(objects, sizeof *last_ns);
    if (shares == NULL || last_ns == NULL) {
        fail("calloc");
    }
    double sum = 0;
    for (size_t i = 0; i < objects; i++) {
        sum += pow((double)(i + 1), -1.2);
        shares[i] = sum;
    }
}

static void ask_cache(uint64_t now)
{
    double wanted = (double)(next_random() >> 11) / 9007199254740992.0 * shares[objects - 1];
    size_t low = 0, high = objects - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (shares[middle] < wanted) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    /* What is asked for often does not lie together: neighbours in memory differ in frequency. */
    size_t place = low * 1619 % objects;
    for (size_t at = 0; at < OBJECT_BYTES; at += PAGE_BYTES) {
        memory[place * OBJECT_BYTES + at]++;
    }
    last_ns[low] = now;
}

/* Which windows that end now would have seen each object. */
static void count_cache(uint64_t now)
{
    size_t count[WINDOWS + 1] = {0};
    for (size_t i = 0; i < objects; i++) {
        uint64_t seconds = last_ns[i] > 0 ? (now - last_ns[i]) / second_ns + 1 : WINDOWS;
        count[seconds < WINDOWS ? seconds : WINDOWS]++;
    }
    for (size_t seconds = 1, sum = 0; seconds < WINDOWS; seconds++) {
        sum += count[seconds];
        need(seconds, sum * OBJECT_BYTES);
    }
}

static void run_cache(uint64_t now)
{
    ask_cache(now);
    if (now >= next_count_ns) {
        next_count_ns = now + second_ns;
        count_cache(now);
    }
}

static void run_heap(uint64_t now)
{
    uint64_t grow_ns = (period_seconds - busy_seconds) * second_ns, in_period = (now - start_ns) % (period_seconds * second_ns);
    double grown = in_period < grow_ns ? (double)in_period / (double)grow_ns : 1;
    size_t wanted = (hot + (size_t)(grown * (double)(resident - hot))) & ~(PAGE_BYTES - 1);
    if (wanted < taken) {
        /* A new period: the collection gives back all that died, and touches none of it. */
        madvise(memory + hot, taken - hot, MADV_DONTNEED);
        taken = hot;
    }
    for (; taken < wanted; taken += PAGE_BYTES) {
        memory[taken] = 'm';
    }
    touch_share(memory, taken, &cursor[0]);
    need_always(taken);
}

static void read_unit(void)
{
    if (pread(file, buffer, READ_BYTES, (off_t)cursor[0]) != READ_BYTES) {
        fail(path);
    }
    cursor[0] = cursor[0] + READ_BYTES < hot ? cursor[0] + READ_BYTES : 0;
    need_always(hot);
}

static void run_batch(uint64_t now)
{
    touch_share(memory, hot, &cursor[0]);
    need_always(hot);
    if ((now - start_ns) % (period_seconds * second_ns) >= (period_seconds - busy_seconds) * second_ns) {
        touch_share(memory + hot, part, &cursor[1]);
        need_always(hot + part);
    }
}

static void run_leak(uint64_t now)
{
    touch_share(memory, hot, &cursor[0]);
    need_always(hot);
    size_t wanted = hot + (size_t)((double)(now - start_ns) / 60e9 * (double)part);
    for (; taken < wanted && taken < resident; taken += PAGE_BYTES) {
        memory[taken] = 'm';
    }
}

static void run_unit(uint64_t now)
{
    switch (work) {
    case WORK_CACHE: run_cache(now); break;
    case WORK_HEAP: run_heap(now); break;
    case WORK_READER: read_unit(); break;
    case WORK_BATCH: run_batch(now); break;
    case WORK_LEAK: run_leak(now); break;
    }
}

/* Not for longer than half a second: a program that is slower than its pace must obey all the same. */
static void run_due_units(void)
{
    uint64_t begin = monotonic_ns();
    for (;;) {
        uint64_t now = monotonic_ns(), unit_ns = start_ns + due * second_ns / rate;
        if (unit_ns > now || now > begin + second_ns / 2) {
            return;
        }
        due++;
        if (now > unit_ns + grace_ns) {
            late++;
            continue;
        }
        run_unit(now);
        if (monotonic_ns() > unit_ns + grace_ns) {
            late++;
        } else {
            in_time++;
        }
    }
}

static void report(const char *doing)
{
    printf("{\"doing\":\"%s\",\"work\":\"%s\",\"pid\":%d,\"due\":%ju,\"in_time\":%ju,\"late\":%ju,\"needed_bytes\":[",
           doing, work_names[work], getpid(), (uintmax_t)due, (uintmax_t)in_time, (uintmax_t)late);
    for (size_t seconds = 0; seconds < WINDOWS; seconds++) {
        printf("%s%zu", seconds > 0 ? "," : "", needed[seconds]);
    }
    printf("],");
    print_clocks();
    putchar('}');
    end_line();
}

static void prepare(void)
{
    if (work == WORK_READER) {
        /* Another process's reading would charge the file to its group. */
        file = open(path, O_RDONLY);
        buffer = malloc(READ_BYTES);
        if (file < 0 || buffer == NULL) {
            fail(path);
        }
        for (size_t at = 0; at < resident; at += READ_BYTES) {
            if (pread(file, buffer, READ_BYTES, (off_t)at) != READ_BYTES) {
                fail(path);
            }
        }
        return;
    }
    memory = map_memory(KIND_ANON, HUGE_NEVER, resident, NULL);
    taken = work == WORK_HEAP || work == WORK_LEAK ? hot : resident;
    fill(memory, taken, KIND_ANON);
    if (work == WORK_CACHE) {
        make_cache();
    }
}

int main(int argc, char **argv)
{
    size_t resident_mb = 0, hot_mb = 0, part_mb = 0;
    parse_options(argc, argv, (struct option_spec[]){
        {.name = "--work", .words = work_names, .word = &work},
        {.name = "--resident", .number = &resident_mb},
        {.name = "--hot", .number = &hot_mb},
        {.name = "--part", .number = &part_mb},
        {.name = "--rate", .number = &rate},
        {.name = "--period", .number = &period_seconds},
        {.name = "--busy", .number = &busy_seconds},
        {.name = "--path", .text = &path},
        {0}});
    if (resident_mb == 0 || rate == 0 || hot_mb > resident_mb || (work != WORK_CACHE && hot_mb == 0)) {
        usage_error("--resident MB and --rate are needed, and --hot MB of it but for a cache");
    }
    if (busy_seconds >= period_seconds) {
        usage_error("--busy %zu is not a part of --period %zu", busy_seconds, period_seconds);
    }
    if ((work == WORK_READER) != (path != NULL)) {
        usage_error("--path goes with --work reader, and only with it");
    }
    resident = resident_mb * MB;
    hot = hot_mb * MB;
    part = part_mb * MB;
    if (work == WORK_BATCH && hot + part > resident) {
        usage_error("--hot and --part are more than --resident");
    }
    bind_to_parent();
    prepare();
    start_ns = monotonic_ns();
    report("ready");
    for (;;) {
        run_due_units();
        forget_translations();
        char line[64];
        switch (wait_input(TICK_US, line, sizeof line)) {
        case INPUT_LINE: report(line); break;
        case INPUT_END: return 0;
        case INPUT_NOTHING: break;
        }
    }
}
