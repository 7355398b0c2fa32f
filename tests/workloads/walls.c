/* Tries what a filter of system calls forbids, as root and with arguments that mean no harm: each call would fail for another reason without the filter.

   It prints {"pid": N}, takes the filter from standard input (a struct sock_filter for each instruction, until the end of the input), and prints for each call what became
   of it without the filter and with it: {"call": "mount", "free": 14, "filtered": 1}, numbers of errno(3), 0 for success. */
#define _GNU_SOURCE
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NEWER_THAN_ANY 4000
#define X32 0x40000000
#define BAD (-1)
#define NOWHERE ((long)1)   /* an address that is never mapped */

struct attempt {
    const char *name;
    long number;
    long arguments[6];
};

/* Wrong descriptors, addresses, flags and pids: none of these does anything. */
static const struct attempt forbidden[] = {
    {"acct", SYS_acct, {NOWHERE}},
    {"adjtimex", SYS_adjtimex, {NOWHERE}},
    {"bpf", SYS_bpf, {9999, 0, 0}},
    {"capset", SYS_capset, {0, 0}},
    {"chroot", SYS_chroot, {NOWHERE}},
    {"clock_settime", SYS_clock_settime, {0, NOWHERE}},
    {"delete_module", SYS_delete_module, {NOWHERE, 0}},
    {"execve", SYS_execve, {NOWHERE, 0, 0}},
    {"execveat", SYS_execveat, {BAD, NOWHERE, 0, 0, 0}},
    {"fchown", SYS_fchown, {BAD, 0, 0}},
    {"fchownat", SYS_fchownat, {BAD, NOWHERE, 0, 0, 0}},
    {"finit_module", SYS_finit_module, {BAD, NOWHERE, 0}},
    {"fsopen", SYS_fsopen, {NOWHERE, 0}},
    {"init_module", SYS_init_module, {NOWHERE, 0, NOWHERE}},
    {"io_uring_setup", SYS_io_uring_setup, {0, NOWHERE}},
    {"kcmp", SYS_kcmp, {0, 0, 99, 0, 0}},
    {"keyctl", SYS_keyctl, {9999, 0, 0, 0, 0}},
    {"linkat", SYS_linkat, {BAD, NOWHERE, BAD, NOWHERE, 0}},
    {"mknodat", SYS_mknodat, {BAD, NOWHERE, 0, 0}},
    {"mount", SYS_mount, {NOWHERE, NOWHERE, NOWHERE, 0, 0}},
    {"mount_setattr", SYS_mount_setattr, {BAD, NOWHERE, 0, 0, 0}},
    {"move_mount", SYS_move_mount, {BAD, NOWHERE, BAD, NOWHERE, 0}},
    {"name_to_handle_at", SYS_name_to_handle_at, {BAD, NOWHERE, 0, 0, 0}},
    {"open_by_handle_at", SYS_open_by_handle_at, {BAD, NOWHERE, 0}},
    {"open_tree", SYS_open_tree, {BAD, NOWHERE, 0}},
    {"perf_event_open", SYS_perf_event_open, {NOWHERE, 0, 0, BAD, 0}},
    {"personality", SYS_personality, {0xffffffff}},
    {"pidfd_getfd", SYS_pidfd_getfd, {BAD, 0, 0}},
    {"pidfd_send_signal", SYS_pidfd_send_signal, {BAD, 0, 0, 0}},
    {"pivot_root", SYS_pivot_root, {NOWHERE, NOWHERE}},
    {"process_madvise", SYS_process_madvise, {BAD, 0, 0, 0, 0}},
    {"process_vm_readv", SYS_process_vm_readv, {0, 0, 0, 0, 0, 9999}},
    {"process_vm_writev", SYS_process_vm_writev, {0, 0, 0, 0, 0, 9999}},
    {"ptrace", SYS_ptrace, {PTRACE_PEEKDATA, 0, 0, 0}},
    {"quotactl", SYS_quotactl, {0, NOWHERE, 0, 0}},
    {"reboot", SYS_reboot, {0, 0, 0, 0}},
    {"rt_sigqueueinfo", SYS_rt_sigqueueinfo, {1, 0, NOWHERE}},
    {"sched_setscheduler", SYS_sched_setscheduler, {0, 9999, NOWHERE}},
    {"seccomp", SYS_seccomp, {9999, 0, 0}},
    {"setdomainname", SYS_setdomainname, {NOWHERE, 1}},
    {"sethostname", SYS_sethostname, {NOWHERE, 1}},
    {"setns", SYS_setns, {BAD, 0}},
    {"setpriority", SYS_setpriority, {9999, 0, 0}},
    {"setresuid", SYS_setresuid, {-1, -1, -1}},
    {"setuid", SYS_setuid, {0}},
    {"swapon", SYS_swapon, {NOWHERE, 0}},
    {"symlinkat", SYS_symlinkat, {NOWHERE, BAD, NOWHERE}},
    {"syslog", SYS_syslog, {9999, 0, 0}},
    {"umount2", SYS_umount2, {NOWHERE, 0}},
    {"unshare", SYS_unshare, {0}},
    {"userfaultfd", SYS_userfaultfd, {0x40000000}},
    {"utimensat", SYS_utimensat, {BAD, NOWHERE, 0, 0}},
#ifdef __x86_64__
    {"chown", SYS_chown, {NOWHERE, 0, 0}},
    {"ioperm", SYS_ioperm, {99999, 1, 1}},
    {"iopl", SYS_iopl, {99}},
    {"link", SYS_link, {NOWHERE, NOWHERE}},
    {"mknod", SYS_mknod, {NOWHERE, 0, 0}},
    {"symlink", SYS_symlink, {NOWHERE, NOWHERE}},
#endif
    /* Allowed with other arguments. */
    {"clone of a process", SYS_clone, {CLONE_THREAD << 1 | CLONE_SIGHAND, 0, 0, 0, 0}},   /* CLONE_SIGHAND without CLONE_VM is wrong */
    {"ioctl TIOCSTI", SYS_ioctl, {BAD, 0x5412, NOWHERE}},
    {"kill of another", SYS_kill, {1, 0}},
    {"tgkill of another", SYS_tgkill, {1, 1, 0}},
    {"socket AF_PACKET", SYS_socket, {AF_PACKET, SOCK_RAW, 0}},
    {"clone3", SYS_clone3, {NOWHERE, 1}},
    {"newer than any", NEWER_THAN_ANY, {0}},
};

static int try(const struct attempt *attempt)
{
    const long *a = attempt->arguments;
    long result = syscall(attempt->number, a[0], a[1], a[2], a[3], a[4], a[5]);
    return result < 0 ? errno : 0;
}

static void load(const struct sock_fprog *program)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, program) != 0) {
        perror("walls: seccomp");
        exit(1);
    }
}

static void report(const char *name, int free, int filtered)
{
    printf("{\"call\": \"%s\", \"free\": %d, \"filtered\": %d}\n", name, free, filtered);
}

/* A call by the numbers of 32-bit programs: which signal ends who makes one. */
static void try_foreign(const struct sock_fprog *program)
{
#ifdef __x86_64__
    int status;
    pid_t child = fork();
    if (child == 0) {
        load(program);
        long result;
        __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory");   /* getpid */
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        perror("walls: fork");
        exit(1);
    }
    report("call of a 32-bit program", 0, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
#else
    (void)program;
#endif
}

static void *run(void *flag)
{
    *(bool *)flag = true;
    return NULL;
}

int main(void)
{
    static struct sock_filter instructions[BPF_MAXINSNS];
    int before[sizeof forbidden / sizeof *forbidden];
    printf("{\"pid\": %d}\n", getpid());
    fflush(stdout);
    size_t length = fread(instructions, sizeof *instructions, BPF_MAXINSNS, stdin);
    if (length == 0) {
        usage_error("expected a filter on standard input");
    }
    struct sock_fprog program = {.len = (unsigned short)length, .filter = instructions};
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
        before[i] = try(&forbidden[i]);
    }
    try_foreign(&program);
    load(&program);
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
        report(forbidden[i].name, before[i], try(&forbidden[i]));
    }
#ifdef __x86_64__
    report("call of an x32 program", 0, syscall(SYS_getpid | X32) < 0 ? errno : 0);
#endif

    /* What has to go on. */
    pthread_t thread;
    bool ran = false;
    report("thread", 0, pthread_create(&thread, NULL, run, &ran) != 0 || pthread_join(thread, NULL) != 0 || !ran);
    report("signal to itself", 0, kill(getpid(), 0) != 0 ? errno : 0);
    int socket_of_internet = socket(AF_INET, SOCK_STREAM, 0);
    report("socket", 0, socket_of_internet < 0 ? errno : 0);
    int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    report("file", 0, file < 0 ? errno : 0);
    return 0;
}
