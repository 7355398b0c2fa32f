/* A process that the kernel lets nobody read, as one does whose file server has gone away. It holds memory and touches the start of it again and again. At a line
 * on stdin it hangs: `exec` in the middle of an exec, which closes a file whose server never answers the flush; `map` in a call of mmap, which waits for a page that
 * the server never delivers and holds the lock of the address space meanwhile. At `free` the server answers, and the process goes on. The server is this program,
 * by the protocol of /dev/fuse itself, and it ends after 30 s without a line; the mount is in a namespace of its own. When the server ends, however it does, the kernel ends all that waits for it. */
#define _GNU_SOURCE
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A directory that is wherever FUSE is. */
#define MOUNT_POINT "/sys/fs/fuse/connections"
#define FILE_NODE 2
#define LONGEST_SECONDS 30
#define FILE_BYTES (64 * PAGE_BYTES)

static size_t resident = 60;
static size_t hot = 40;
static char *program;
static const char *path;
static int server = -1;
static pid_t child;
static int commands[2];

/* The request that is never answered, 0 for none. */
static uint64_t pending;
static uint32_t pending_opcode;
static bool is_armed;

static void answer(uint64_t request, int error, const void *data, size_t size)
{
    char reply[sizeof(struct fuse_out_header) + 2 * PAGE_BYTES];
    struct fuse_out_header header = {.len = sizeof header + size, .error = error, .unique = request};
    memcpy(reply, &header, sizeof header);
    memcpy(reply + sizeof header, data, size);
    /* A request that was interrupted is gone. */
    if (write(server, reply, header.len) < 0 && errno != ENOENT) {
        fail("/dev/fuse");
    }
}

static struct fuse_attr attributes_of(uint64_t node)
{
    return node == FILE_NODE
        ? (struct fuse_attr){.ino = node, .size = FILE_BYTES, .mode = S_IFREG | 0600, .nlink = 1}
        : (struct fuse_attr){.ino = node, .mode = S_IFDIR | 0700, .nlink = 2};
}

static void serve(void)
{
    static char request[FUSE_MIN_READ_BUFFER + 64 * PAGE_BYTES];
    if (read(server, request, sizeof request) < (ssize_t)sizeof(struct fuse_in_header)) {
        return;
    }
    struct fuse_in_header header;
    memcpy(&header, request, sizeof header);
    static int opened;
    switch (header.opcode) {
    case FUSE_INIT: {
        struct fuse_init_out init = {.major = FUSE_KERNEL_VERSION, .minor = 31, .max_readahead = PAGE_BYTES, .max_write = PAGE_BYTES, .max_background = 8, .congestion_threshold = 8};
        answer(header.unique, 0, &init, sizeof init);
        break;
    }
    case FUSE_LOOKUP: {
        struct fuse_entry_out entry = {.nodeid = FILE_NODE, .attr_valid = 3600, .entry_valid = 3600, .attr = attributes_of(FILE_NODE)};
        answer(header.unique, 0, &entry, sizeof entry);
        break;
    }
    case FUSE_GETATTR: {
        struct fuse_attr_out attributes = {.attr_valid = 3600, .attr = attributes_of(header.nodeid)};
        answer(header.unique, 0, &attributes, sizeof attributes);
        break;
    }
    case FUSE_OPEN: {
        /* A file that is opened past the page cache throws away what is in it when it is mapped. */
        struct fuse_open_out open = {.open_flags = opened++ == 0 ? 0 : FOPEN_DIRECT_IO | FOPEN_KEEP_CACHE};
        answer(header.unique, 0, &open, sizeof open);
        break;
    }
    case FUSE_READ:
    case FUSE_FLUSH:
        if (is_armed && pending == 0) {
            pending = header.unique;
            pending_opcode = header.opcode;
            break;
        }
        if (header.opcode == FUSE_READ) {
            static const char zeros[PAGE_BYTES];
            answer(header.unique, 0, zeros, sizeof zeros);
            break;
        }
        __attribute__((fallthrough));
    case FUSE_RELEASE:
        answer(header.unique, 0, NULL, 0);
        break;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
        break;
    default:
        answer(header.unique, -ENOSYS, NULL, 0);
        break;
    }
}

/* A mount that nobody else sees and that ends with this process. */
static void mount_files(void)
{
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        fail("unshare");
    }
    server = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (server < 0) {
        fail("/dev/fuse");
    }
    char options[64];
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", server);
    if (mount("hang", MOUNT_POINT, "fuse", MS_NOSUID | MS_NODEV, options) != 0) {
        fail("mount");
    }
    path = MOUNT_POINT "/file";
}

static void *read_page(void *file)
{
    char byte;
    (void)!pread(*(int *)file, &byte, 1, 0);
    return NULL;
}

static int open_file_to(const char *what)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        fail(what);
    }
    return file;
}

/* The process that hangs. */
static _Noreturn void work(bool again)
{
    close(server);
    char *memory = map_memory(KIND_ANON, HUGE_NEVER, resident * MB, NULL);
    fill(memory, resident * MB, KIND_ANON);
    /* Ready, and after an exec that has ended so. */
    char ready = again ? 'a' : 'r';
    if (write(commands[1], &ready, 1) != 1) {
        _exit(1);
    }
    for (;;) {
        touch_pages(memory, hot * MB, KIND_ANON);
        struct pollfd command = {.fd = commands[1], .events = POLLIN};
        if (poll(&command, 1, 20) <= 0) {
            continue;
        }
        char word;
        if (read(commands[1], &word, 1) != 1) {
            _exit(0);
        }
        static int file;
        file = open_file_to("open");
        if (word == 'e') {
            char socket[16];
            char megabytes[2][24];
            snprintf(socket, sizeof socket, "%d", commands[1]);
            snprintf(megabytes[0], sizeof megabytes[0], "%zu", resident);
            snprintf(megabytes[1], sizeof megabytes[1], "%zu", hot);
            execl(program, program, "--again", socket, "--file", path, "--resident", megabytes[0], "--hot", megabytes[1], NULL);
            fail(program);
        }
        pthread_t reader;
        if (pthread_create(&reader, NULL, read_page, &file) != 0) {
            fail("pthread_create");
        }
        /* The page is locked as soon as the server knows that it is wanted. */
        if (read(commands[1], &word, 1) != 1) {
            _exit(0);
        }
        int past_cache = open_file_to("open");
        (void)!mmap(NULL, PAGE_BYTES, PROT_READ, MAP_PRIVATE, past_cache, 0);
        pthread_join(reader, NULL);
        close(past_cache);
        close(file);
        ready = 'm';
        if (write(commands[1], &ready, 1) != 1) {
            _exit(1);
        }
    }
}

/* The state letter of the child's main thread, by a file that no lock guards. */
static char state_of_child(void)
{
    char name[64];
    char text[256] = "";
    snprintf(name, sizeof name, "/proc/%d/status", child);
    int file = open(name, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? 0 : read(file, text, sizeof text - 1);
    if (file >= 0) {
        close(file);
    }
    char *state = length > 0 ? strstr(text, "State:\t") : NULL;
    return state == NULL ? 0 : state[7];
}

static void say(const char *what)
{
    printf("{\"pid\":%d,\"server\":%d,\"state\":\"%s\",\"resident_bytes\":%zu,\"hot_bytes\":%zu,", child, getpid(), what, resident * MB, hot * MB);
    print_clocks();
    putchar('}');
    end_line();
}

/* Serves until the child has sent a byte, or the request that is not answered has come. */
static void serve_until(bool child_speaks)
{
    for (;;) {
        struct pollfd events[] = {{.fd = server, .events = POLLIN}, {.fd = commands[0], .events = POLLIN}};
        if (poll(events, 2, -1) < 0) {
            continue;
        }
        if (events[0].revents & POLLIN) {
            serve();
        }
        if (!child_speaks && pending != 0) {
            return;
        }
        char byte;
        if (events[1].revents != 0) {
            if (read(commands[0], &byte, 1) != 1) {
                usage_error("the process has ended");
            }
            if (child_speaks) {
                return;
            }
        }
    }
}

static void tell(char word)
{
    if (write(commands[0], &word, 1) != 1) {
        fail("write");
    }
}

static void hang(bool exec)
{
    /* Until the server answers, ps and all that looks at every process hang too: not for longer than this, whatever becomes of the test. */
    alarm(LONGEST_SECONDS);
    is_armed = true;
    tell(exec ? 'e' : 'm');
    serve_until(false);
    if (!exec) {
        tell('m');
    }
    /* Who waits for a server could still be interrupted, and sleeps; who waits for a page could not. */
    for (bool sleeps = exec; !sleeps; sleeps = state_of_child() == 'D') {
        struct pollfd request = {.fd = server, .events = POLLIN};
        if (poll(&request, 1, 1) > 0) {
            serve();
        }
    }
    say(exec ? "exec" : "map");
}

static void free_child(void)
{
    static const char zeros[PAGE_BYTES];
    alarm(0);
    is_armed = false;
    answer(pending, 0, zeros, pending_opcode == FUSE_READ ? sizeof zeros : 0);
    pending = 0;
    serve_until(true);
    say("free");
}

int main(int argc, char **argv)
{
    size_t again = 0;
    parse_options(argc, argv, (struct option_spec[]){
        {.name = "--resident", .number = &resident}, {.name = "--hot", .number = &hot}, {.name = "--again", .number = &again}, {.name = "--file", .text = &path}, {0}});
    if (resident == 0 || hot > resident) {
        usage_error("--resident must be at least 1 and --hot at most as much");
    }
    program = realpath("/proc/self/exe", NULL);
    if (again != 0) {
        commands[1] = (int)again;
        work(true);
    }
    bind_to_parent();
    mount_files();
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, commands) != 0 || (child = fork()) < 0) {
        fail("fork");
    }
    if (child == 0) {
        bind_child();
        close(commands[0]);
        work(false);
    }
    close(commands[1]);
    serve_until(true);
    say("ready");

    bool hangs = false;
    for (;;) {
        /* Requests are served while nobody says anything. */
        char line[64];
        enum input input = wait_input(hangs ? 1000 : 20000, line, sizeof line);
        struct pollfd request = {.fd = server, .events = POLLIN};
        while (poll(&request, 1, 0) > 0) {
            serve();
        }
        if (input == INPUT_END) {
            break;
        }
        if (input == INPUT_LINE) {
            bool wants = strcmp(line, "free") != 0;
            if (wants == hangs || (wants && strcmp(line, "exec") != 0 && strcmp(line, "map") != 0)) {
                usage_error("'%s' is not what can be done now", line);
            }
            if (wants) {
                hang(strcmp(line, "exec") == 0);
            } else {
                free_child();
            }
            hangs = wants;
        }
    }
    /* Ends whatever waits for this server; only then can the child be ended, and the mount be left. */
    close(server);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return 0;
}
