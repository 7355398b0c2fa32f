/* Arrays of doubles that rest, are accessed one after the other, and rest again: a trace of active pages must show exactly that.
 *
 * Each phase prints a line when it starts and one when it ends. With --advance stdin a phase lasts until a line comes,
 * so that a test moves on when it has seen enough; by default it lasts --phase seconds, and the schedule does not drift. */
#define _GNU_SOURCE
#include "phases.h"
#include "workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { ELEMENTS = 2000000, NONE = -1, MAX_ARRAYS = 2 };

static const char *const advance_names[] = {"clock", "stdin", NULL};
enum { ADVANCE_CLOCK, ADVANCE_STDIN };

static double *arrays_at[MAX_ARRAYS];
static int array_count;

static void print_phase(int index, int accessed, const char *event)
{
    printf("{\"phase\":%d,\"event\":\"%s\",\"doing\":\"%s\",\"pid\":%d,\"accessed\":", index, event, accessed == NONE ? "idle" : "access", getpid());
    if (accessed == NONE) {
        printf("null");
    } else {
        printf("%d", accessed);
    }
    printf(",\"arrays\":[");
    for (int i = 0; i < array_count; i++) {
        uintptr_t start = (uintptr_t)arrays_at[i];
        printf("%s[\"%" PRIxPTR "\",\"%" PRIxPTR "\"]", i > 0 ? "," : "", start, start + ELEMENTS * sizeof(double));
    }
    printf("],");
    print_clocks();
    putchar('}');
    end_line();
}

static double sum(const volatile double *array)
{
    double total = 0;
    for (int i = 0; i < ELEMENTS; i++) {
        total += array[i];
    }
    return total;
}

/* True when the program is to end. */
static bool run_phase(int index, int accessed, int advance, uint64_t until_ns, size_t sleep_us)
{
    print_phase(index, accessed, "start");
    for (;;) {
        if (accessed != NONE) {
            sum(arrays_at[accessed]);
            forget_translations();
        }
        uint64_t now = monotonic_ns();
        if (advance == ADVANCE_CLOCK && now >= until_ns) {
            break;
        }
        uint64_t wait_us = accessed != NONE ? sleep_us : advance == ADVANCE_CLOCK ? (until_ns - now) / 1000 + 1 : 1000000;
        enum input input = wait_input(wait_us, NULL, 0);
        if (input == INPUT_END) {
            return true;
        }
        if (input == INPUT_LINE && advance == ADVANCE_STDIN) {
            break;
        }
    }
    print_phase(index, accessed, "end");
    return false;
}

int run_phases(int argc, char **argv, int arrays)
{
    size_t phase_seconds = 5, sleep_us = 1000;
    int advance = ADVANCE_CLOCK, huge = HUGE_DEFAULT;
    parse_options(argc, argv, (struct option_spec[]){
        {.name = "--phase", .number = &phase_seconds},
        {.name = "--advance", .words = advance_names, .word = &advance},
        {.name = "--huge", .words = huge_names, .word = &huge},
        {.name = "--sleep-us", .number = &sleep_us},
        {0}});
    bind_to_parent();

    array_count = arrays;
    for (int i = 0; i < arrays; i++) {
        arrays_at[i] = (double *)map_memory(KIND_ANON, huge, ELEMENTS * sizeof(double), NULL);
        for (int k = 0; k < ELEMENTS; k++) {
            arrays_at[i][k] = k;
        }
    }

    uint64_t start = monotonic_ns();
    int phases = arrays + 2;
    for (int index = 0; index < phases; index++) {
        int accessed = index == 0 || index == phases - 1 ? NONE : index - 1;
        uint64_t until = start + (uint64_t)(index + 1) * phase_seconds * 1000000000;
        if (run_phase(index, accessed, advance, until, sleep_us)) {
            return 0;
        }
    }
    return 0;
}
