/* Does to its memory what a measurement of working sets can get wrong, when it is told to; the truth is what the lines say.
 *
 * A line on stdin is one or more commands with ';' between them. They are answered together, by one JSON line that has the time before and
 * after them. Memory is in blocks, which have numbers. Each block begins in a slot of addresses, 1 GB apart: that of its number, until it moves.
 *
 *   map ID MB anon|huge|memfd|hugetlb|file [PATH]   a block, filled; "huge" may be made of huge pages, the others but hugetlb of small ones
 *   free ID                 unmaps it
 *   touch ID FROM MB        touches one byte a page, once, from so many MB behind its start
 *   peep ID FROM MB         the same, but reads
 *   skim ID N               reads one byte of every Nth page
 *   keep ID FROM MB         touches that part again and again from now on; of a file it reads
 *   sweep ID RATE           touches the block from its start to its end and again, so many MB a second
 *   rest                    ends all touching
 *   advise ID WORD          madvise: cold, free, pageout, collapse, mergeable, huge
 *   holes ID                gives every other page back
 *   migrate ID NODE         moves its pages to a node
 *   move ID SLOT [MB]       mremap to another slot, and to another size
 *   second ID MB [stay]     maps the block's file once more and touches so much through that mapping, which goes again if it need not stay
 *   child-reads ID MB       a child reads that much of the block through a mapping of its own and ends
 *   read ID MB, send ID MB  read(2), sendfile(2) of the block's file
 *   peek ID MB              a child reads that much by /proc/PID/mem and ends
 *   direct ID MB PATH       reads a file into the block, past the page cache
 *   populate ID MB PATH     a block that is a file, mapped with MAP_POPULATE and not touched
 *   fork MB                 a child that fills so much memory of its own and stays
 *   twin                    a second process with the same address space
 *   leaderless              the main thread ends, another one goes on
 */
#define _GNU_SOURCE
#include "workload.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_BLOCKS = 8, MAX_WORDS = 6, MOVE_PAGES = 2 /* MPOL_MF_MOVE */ };

static struct block { char *start, *keep; size_t bytes, kept_bytes, rate, swept; uint64_t sweep_start; int file; bool is_file; } blocks[MAX_BLOCKS];
static pid_t child;

static char *slot(size_t number) { return (char *)(0x100000000000 + (number << 30)); }

static struct block *block_of(const char *text)
{
    size_t id = parse_number("a block's number", text);
    if (id >= MAX_BLOCKS) {
        usage_error("blocks have numbers below %d", MAX_BLOCKS);
    }
    return &blocks[id];
}

static char *part(const struct block *block, size_t from, size_t bytes)
{
    if (block->start == NULL || from + bytes > block->bytes) {
        usage_error("%zu bytes from %zu on are not in the block", bytes, from);
    }
    return block->start + from;
}

static void move_block(struct block *block, char *to, size_t bytes)
{
    char *moved = mremap(block->start, block->bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to);
    if (moved == MAP_FAILED) {
        fail("mremap");
    }
    block->keep = block->keep == NULL ? NULL : block->keep - block->start + moved;
    block->start = moved;
    block->bytes = bytes;
}

static void map_block(struct block *block, size_t bytes, const char *kind, const char *path)
{
    block->file = -1;
    block->bytes = bytes;
    block->is_file = strcmp(kind, "file") == 0;
    if (strcmp(kind, "memfd") == 0) {
        block->file = memfd_create("block", 0);
        if (block->file < 0 || ftruncate(block->file, bytes) != 0) {
            fail("memfd");
        }
        block->start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, block->file, 0);
        if (block->start == MAP_FAILED) {
            fail("mmap");
        }
        fill(block->start, bytes, KIND_SHMEM);
    } else if (strcmp(kind, "file") == 0 && path != NULL) {
        block->start = map_memory(KIND_FILE, HUGE_DEFAULT, bytes, path);
        block->file = open(path, O_RDONLY);
        fill(block->start, bytes, KIND_FILE);
    } else if (strcmp(kind, "hugetlb") == 0) {
        block->start = map_memory(KIND_HUGETLB, HUGE_DEFAULT, bytes, NULL);
        fill(block->start, bytes, KIND_HUGETLB);
    } else {
        block->start = map_memory(KIND_ANON, strcmp(kind, "huge") == 0 ? HUGE_ALWAYS : HUGE_NEVER, bytes, NULL);
        fill(block->start, bytes, KIND_ANON);
    }
    move_block(block, slot(block - blocks), bytes);
}

static void touch_part(char *start, size_t bytes, bool read_only)
{
    touch_pages(start, bytes, read_only ? KIND_FILE : KIND_ANON);
    forget_translations();
}

static void advise(struct block *block, const char *word)
{
    static const struct { const char *word; int advice; } known[] = {
        {"cold", MADV_COLD}, {"free", MADV_FREE}, {"pageout", MADV_PAGEOUT}, {"collapse", 25 /* MADV_COLLAPSE */},
        {"mergeable", MADV_MERGEABLE}, {"huge", MADV_HUGEPAGE}, {NULL, 0}};
    for (size_t i = 0; known[i].word != NULL; i++) {
        if (strcmp(known[i].word, word) == 0) {
            if (madvise(block->start, block->bytes, known[i].advice) != 0) {
                fail("madvise");
            }
            return;
        }
    }
    usage_error("unknown advice '%s'", word);
}

static void migrate(const struct block *block, int node)
{
    size_t count = block->bytes / PAGE_BYTES;
    void **pages = calloc(count, sizeof *pages);
    int *nodes = calloc(count, sizeof *nodes), *status = calloc(count, sizeof *status);
    for (size_t i = 0; i < count; i++) {
        pages[i] = block->start + i * PAGE_BYTES;
        nodes[i] = node;
    }
    if (syscall(SYS_move_pages, 0, count, pages, nodes, status, MOVE_PAGES) < 0) {
        fail("move_pages");
    }
    free(pages);
    free(nodes);
    free(status);
}

static void touch_second_mapping(const struct block *block, size_t bytes, bool stay)
{
    char *second = mmap(NULL, block->bytes, PROT_READ, MAP_SHARED, block->file, 0);
    if (second == MAP_FAILED) {
        fail("mmap");
    }
    /* All of it is mapped if it stays, so that what is not touched through it is resident in it as well. */
    touch_part(second, stay ? block->bytes : bytes, true);
    if (!stay) {
        munmap(second, block->bytes);
        return;
    }
    blocks[MAX_BLOCKS - 1] = (struct block){.start = second, .bytes = block->bytes, .file = -1};
}

/* A child that does something and ends; this process goes on when it has. */
static void in_child(void (*act)(const struct block *, size_t), const struct block *block, size_t bytes)
{
    pid_t pid = fork();
    if (pid < 0) {
        fail("fork");
    }
    if (pid == 0) {
        bind_child();
        act(block, bytes);
        _exit(0);
    }
    int status;
    if (waitpid(pid, &status, 0) != pid || status != 0) {
        fail("a child");
    }
}

static void read_mapping(const struct block *block, size_t bytes)
{
    touch_second_mapping(block, bytes, false);
}

static void peek(const struct block *block, size_t bytes)
{
    static char buffer[1 << 16];
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", getppid());
    int memory = open(path, O_RDONLY);
    for (size_t at = 0; at < bytes; at += sizeof buffer) {
        if (memory < 0 || pread(memory, buffer, sizeof buffer, (off_t)(uintptr_t)(block->start + at)) != sizeof buffer) {
            fail(path);
        }
    }
}

static void read_file(int file, size_t bytes)
{
    static char buffer[1 << 16];
    for (size_t at = 0; at < bytes; at += sizeof buffer) {
        if (pread(file, buffer, sizeof buffer, at) != sizeof buffer) {
            fail("read");
        }
    }
}

static void send_file(int file, size_t bytes)
{
    int sink = open("/dev/null", O_WRONLY);
    off_t at = 0;
    while ((size_t)at < bytes) {
        if (sendfile(sink, file, &at, bytes - at) <= 0) {
            fail("sendfile");
        }
    }
    close(sink);
}

static void read_directly(const struct block *block, size_t bytes, const char *path)
{
    int file = open(path, O_RDONLY | O_DIRECT);
    char *start = part(block, 0, bytes);
    for (size_t at = 0; at < bytes; at += MB) {
        if (file < 0 || pread(file, start + at, MB, at) != (ssize_t)MB) {
            fail(path);
        }
    }
    close(file);
}

static void populate(struct block *block, size_t bytes, const char *path)
{
    block->file = open(path, O_RDONLY);
    block->bytes = bytes;
    block->start = mmap(slot(block - blocks), bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, block->file, 0);
    if (block->start == MAP_FAILED) {
        fail(path);
    }
}

static void fork_and_fill(size_t bytes)
{
    int ready[2];
    if (pipe(ready) != 0) {
        fail("pipe");
    }
    child = fork();
    if (child < 0) {
        fail("fork");
    }
    if (child == 0) {
        bind_child();
        close(ready[0]);
        char *own = map_memory(KIND_ANON, HUGE_NEVER, bytes, NULL);
        fill(own, bytes, KIND_ANON);
        if (write(ready[1], "r", 1) != 1) {
            _exit(1);
        }
        for (;;) {
            pause();
        }
    }
    close(ready[1]);
    char answer;
    if (read(ready[0], &answer, 1) != 1) {
        fail("a child did not come up");
    }
    close(ready[0]);
}

static int be_twin(void *unused)
{
    (void)unused;
    bind_child();
    while (pause() < 0) {
    }
    return 0;
}

static void make_twin(void)
{
    static char stack[1 << 16] __attribute__((aligned(16)));
    child = clone(be_twin, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
    if (child < 0) {
        fail("clone");
    }
}

static void rest(void)
{
    for (size_t i = 0; i < MAX_BLOCKS; i++) {
        blocks[i].keep = NULL;
        blocks[i].rate = 0;
    }
}

static void work(void);

static void *work_in_thread(void *unused)
{
    (void)unused;
    work();
    exit(0);
}

/* True if this thread is to end. */
static bool run(char *words[MAX_WORDS])
{
    const char *verb = words[0];
    bool has_block = words[1] != NULL && strcmp(verb, "fork") != 0;
    struct block *block = has_block ? block_of(words[1]) : NULL;
    size_t second = words[2] != NULL && words[2][0] >= '0' && words[2][0] <= '9' ? parse_number(verb, words[2]) : 0;
    size_t third = words[3] != NULL && words[3][0] >= '0' && words[3][0] <= '9' ? parse_number(verb, words[3]) : 0;

    if (strcmp(verb, "map") == 0 && words[3] != NULL) {
        map_block(block, second * MB, words[3], words[4]);
    } else if (strcmp(verb, "free") == 0) {
        munmap(block->start, block->bytes);
        *block = (struct block){0};
    } else if (strcmp(verb, "touch") == 0) {
        touch_part(part(block, second * MB, third * MB), third * MB, false);
    } else if (strcmp(verb, "peep") == 0) {
        touch_part(part(block, second * MB, third * MB), third * MB, true);
    } else if (strcmp(verb, "skim") == 0 && second > 0) {
        for (size_t at = 0; at < block->bytes; at += second * PAGE_BYTES) {
            touch_pages(block->start + at, PAGE_BYTES, KIND_FILE);
        }
        forget_translations();
    } else if (strcmp(verb, "keep") == 0) {
        block->keep = part(block, second * MB, third * MB);
        block->kept_bytes = third * MB;
    } else if (strcmp(verb, "sweep") == 0) {
        block->rate = second * MB;
        block->swept = 0;
        block->sweep_start = monotonic_ns();
    } else if (strcmp(verb, "rest") == 0) {
        rest();
    } else if (strcmp(verb, "advise") == 0 && words[2] != NULL) {
        advise(block, words[2]);
    } else if (strcmp(verb, "holes") == 0) {
        for (size_t at = 0; at < block->bytes; at += 2 * PAGE_BYTES) {
            madvise(block->start + at, PAGE_BYTES, MADV_DONTNEED);
        }
    } else if (strcmp(verb, "migrate") == 0) {
        migrate(block, (int)second);
    } else if (strcmp(verb, "move") == 0) {
        move_block(block, slot(second), third > 0 ? third * MB : block->bytes);
    } else if (strcmp(verb, "second") == 0) {
        touch_second_mapping(block, second * MB, words[3] != NULL);
    } else if (strcmp(verb, "child-reads") == 0) {
        in_child(read_mapping, block, second * MB);
    } else if (strcmp(verb, "read") == 0) {
        read_file(block->file, second * MB);
    } else if (strcmp(verb, "send") == 0) {
        send_file(block->file, second * MB);
    } else if (strcmp(verb, "peek") == 0) {
        in_child(peek, block, second * MB);
    } else if (strcmp(verb, "direct") == 0 && words[3] != NULL) {
        read_directly(block, second * MB, words[3]);
    } else if (strcmp(verb, "populate") == 0 && words[3] != NULL) {
        populate(block, second * MB, words[3]);
    } else if (strcmp(verb, "fork") == 0 && words[1] != NULL) {
        fork_and_fill(parse_number(verb, words[1]) * MB);
    } else if (strcmp(verb, "twin") == 0) {
        make_twin();
    } else if (strcmp(verb, "leaderless") == 0) {
        return true;
    } else {
        usage_error("unknown command '%s'", verb);
    }
    return false;
}

static void answer(const char *doing, uint64_t begin)
{
    printf("{\"doing\":\"%s\",\"pid\":%d,\"child\":%d,\"blocks\":[", doing, getpid(), child);
    const char *between = "";
    for (size_t i = 0; i < MAX_BLOCKS; i++) {
        if (blocks[i].start != NULL) {
            printf("%s{\"id\":%zu,\"start\":\"%" PRIxPTR "\",\"bytes\":%zu}", between, i, (uintptr_t)blocks[i].start, blocks[i].bytes);
            between = ",";
        }
    }
    printf("],\"begin_ns\":%" PRIu64 ",", begin);
    print_clocks();
    putchar('}');
    end_line();
}

static bool obey(char *line)
{
    char doing[256], *rest_of_line = NULL;
    snprintf(doing, sizeof doing, "%s", line);
    uint64_t begin = monotonic_ns();
    bool ends = false;
    for (char *command = strtok_r(line, ";", &rest_of_line); command != NULL; command = strtok_r(NULL, ";", &rest_of_line)) {
        char *words[MAX_WORDS] = {NULL}, *rest_of_command = NULL;
        size_t count = 0;
        for (char *word = strtok_r(command, " ", &rest_of_command); word != NULL && count < MAX_WORDS; word = strtok_r(NULL, " ", &rest_of_command)) {
            words[count++] = word;
        }
        ends |= count > 0 && run(words);
    }
    answer(doing, begin);
    return ends;
}

/* What is being touched; true if there is anything. */
static bool touch_on(void)
{
    bool any = false;
    for (size_t i = 0; i < MAX_BLOCKS; i++) {
        struct block *block = &blocks[i];
        if (block->keep != NULL) {
            touch_pages(block->keep, block->kept_bytes, block->is_file ? KIND_FILE : KIND_ANON);
            any = true;
        }
        if (block->rate > 0) {
            size_t due = (size_t)((double)(monotonic_ns() - block->sweep_start) / 1e9 * (double)block->rate) & ~(PAGE_BYTES - 1);
            for (; block->swept < due; block->swept += PAGE_BYTES) {
                block->start[block->swept % block->bytes]++;
            }
            any = true;
        }
    }
    if (any) {
        forget_translations();
    }
    return any;
}

static void work(void)
{
    char line[256];
    for (;;) {
        bool touching = touch_on();
        switch (wait_input(touching ? 5000 : AN_HOUR, line, sizeof line)) {
        case INPUT_LINE:
            if (obey(line)) {
                return;
            }
            break;
        case INPUT_END: exit(0);
        case INPUT_NOTHING: break;
        }
    }
}

int main(int argc, char **argv)
{
    parse_options(argc, argv, (struct option_spec[]){{0}});
    bind_to_parent();
    answer("ready", monotonic_ns());
    work();
    /* The line that said so comes last: only this thread's life is left. */
    pthread_t other;
    if (pthread_create(&other, NULL, work_in_thread, NULL) != 0) {
        fail("pthread_create");
    }
    pthread_exit(NULL);
}
