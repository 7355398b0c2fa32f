using System.Runtime.InteropServices;

namespace MemSnoop.Exporter.Sandbox;

/// <summary>A system call and its number; -1 where an architecture does not have it.</summary>
internal sealed record SystemCall(string Name, int X64, int Arm64)
{
    internal int On(Architecture architecture) => architecture == Architecture.Arm64 ? Arm64 : X64;
}

/// <summary>
/// The system calls that the exporter may make: those that it was seen to make, compiled ahead of time and with the runtime, with every measurement, push and source of names,
/// and those by which newer and older C libraries and runtimes do the same things. Numbers are those of <c>asm/unistd_64.h</c> and <c>asm-generic/unistd.h</c>.
/// </summary>
internal static class SystemCalls
{
    /// <summary>The last number that was known when the list was made (file_setattr, Linux 6.17). What is newer does not exist for the exporter, as on an older kernel.</summary>
    internal const int LastKnown = 469;

    internal const string PerfEventOpen = "perf_event_open";

    /// <summary>Those that depend on nothing.</summary>
    internal static IReadOnlyList<SystemCall> Always { get; } =
    [
        // Files: to open, look at, read and write them.
        new("read", 0, 63), new("write", 1, 64), new("open", 2, -1), new("openat", 257, 56), new("openat2", 437, 437), new("close", 3, 57), new("close_range", 436, 436),
        new("lseek", 8, 62), new("pread64", 17, 67), new("pwrite64", 18, 68), new("readv", 19, 65), new("writev", 20, 66), new("preadv", 295, 69),
        new("pwritev", 296, 70), new("preadv2", 327, 286), new("pwritev2", 328, 287), new("stat", 4, -1), new("fstat", 5, 80), new("lstat", 6, -1),
        new("newfstatat", 262, 79), new("statx", 332, 291), new("statfs", 137, 43), new("fstatfs", 138, 44), new("access", 21, -1), new("faccessat", 269, 48),
        new("faccessat2", 439, 439), new("readlink", 89, -1), new("readlinkat", 267, 78), new("getdents64", 217, 61), new("getcwd", 79, 17), new("fcntl", 72, 25),
        new("flock", 73, 32), new("fsync", 74, 82), new("fdatasync", 75, 83), new("ftruncate", 77, 46), new("fallocate", 285, 47),
        new("fadvise64", 221, 223), new("sendfile", 40, 71), new("copy_file_range", 326, 285), new("dup", 32, 23), new("dup2", 33, -1), new("dup3", 292, 24),
        new("umask", 95, 166),

        // Files: the run directory, its locks, ages and socket.
        new("mkdir", 83, -1), new("mkdirat", 258, 34), new("unlink", 87, -1), new("unlinkat", 263, 35), new("rename", 82, -1), new("renameat", 264, 38),
        new("renameat2", 316, 276), new("chmod", 90, -1), new("fchmod", 91, 52), new("fchmodat", 268, 53), new("fchmodat2", 452, 452),

        // What others do with files.
        new("inotify_init1", 294, 26), new("inotify_add_watch", 254, 27), new("inotify_rm_watch", 255, 28),

        // Memory.
        new("brk", 12, 214), new("mmap", 9, 222), new("mprotect", 10, 226), new("munmap", 11, 215), new("mremap", 25, 216), new("madvise", 28, 233),
        new("mincore", 27, 232), new("mlock", 149, 228), new("mlock2", 325, 284), new("munlock", 150, 229), new("msync", 26, 227), new("membarrier", 324, 283),
        new("memfd_create", 319, 279), new("mseal", 462, 462), new("map_shadow_stack", 453, 453), new("get_mempolicy", 239, 236), new("mbind", 237, 235),

        // Threads: their start, their locks, their signals.
        new("exit", 60, 93), new("exit_group", 231, 94), new("futex", 202, 98), new("futex_waitv", 449, 449), new("futex_wake", 454, 454),
        new("futex_wait", 455, 455), new("futex_requeue", 456, 456), new("set_robust_list", 273, 99), new("get_robust_list", 274, 100), new("rseq", 334, 293),
        new("set_tid_address", 218, 96), new("gettid", 186, 178), new("sched_yield", 24, 124), new("sched_getaffinity", 204, 123), new("sched_setaffinity", 203, 122),
        new("sched_getscheduler", 145, 120), new("sched_getparam", 143, 121), new("sched_get_priority_max", 146, 125), new("sched_get_priority_min", 147, 126), new("getcpu", 309, 168),
        new("prctl", 157, 167), new("arch_prctl", 158, -1), new("restart_syscall", 219, 128), new("rt_sigaction", 13, 134), new("rt_sigprocmask", 14, 135),
        new("rt_sigreturn", 15, 139), new("rt_sigsuspend", 130, 133), new("rt_sigpending", 127, 136), new("rt_sigtimedwait", 128, 137), new("sigaltstack", 131, 132),

        // Time.
        new("clock_gettime", 228, 113), new("clock_getres", 229, 114), new("clock_nanosleep", 230, 115), new("nanosleep", 35, 101), new("gettimeofday", 96, 169),
        new("time", 201, -1), new("times", 100, 153), new("getitimer", 36, 102), new("setitimer", 38, 103), new("timerfd_create", 283, 85),
        new("timerfd_settime", 286, 86),

        // Waiting for files and sockets.
        new("poll", 7, -1), new("ppoll", 271, 73), new("select", 23, -1), new("pselect6", 270, 72), new("epoll_create1", 291, 20), new("epoll_ctl", 233, 21),
        new("epoll_wait", 232, -1), new("epoll_pwait", 281, 22), new("epoll_pwait2", 441, 441), new("eventfd2", 290, 19), new("pipe", 22, -1), new("pipe2", 293, 59),

        // Sockets.
        new("socketpair", 53, 199), new("bind", 49, 200), new("listen", 50, 201), new("accept", 43, 202), new("accept4", 288, 242),
        new("connect", 42, 203), new("shutdown", 48, 210), new("getsockname", 51, 204), new("getpeername", 52, 205), new("getsockopt", 55, 209),
        new("setsockopt", 54, 208), new("sendto", 44, 206), new("recvfrom", 45, 207), new("sendmsg", 46, 211), new("recvmsg", 47, 212), new("sendmmsg", 307, 269),
        new("recvmmsg", 299, 243),

        // The process and the host.
        new("getpid", 39, 172), new("getppid", 110, 173), new("getpgrp", 111, -1), new("getpgid", 121, 155), new("getsid", 124, 156), new("getuid", 102, 174),
        new("geteuid", 107, 175), new("getgid", 104, 176), new("getegid", 108, 177), new("getresuid", 118, 148), new("getresgid", 120, 150), new("getgroups", 115, 158),
        new("getrlimit", 97, 163), new("setrlimit", 160, 164), new("prlimit64", 302, 261), new("getrusage", 98, 165), new("sysinfo", 99, 179), new("uname", 63, 160),
        new("getrandom", 318, 278), new("capget", 125, 90), new("wait4", 61, 260), new("waitid", 247, 95), new("pidfd_open", 434, 434),
    ];

    /// <summary>Those that are allowed with some arguments only, beside the others; see <see cref="SystemCallFilter"/>.</summary>
    internal static SystemCall Clone { get; } = new("clone", 56, 220);

    internal static SystemCall CloneByStructure { get; } = new("clone3", 435, 435);

    internal static SystemCall Socket { get; } = new("socket", 41, 198);

    internal static SystemCall IoControl { get; } = new("ioctl", 16, 29);

    internal static SystemCall SetScheduler { get; } = new("sched_setscheduler", 144, 119);

    internal static SystemCall Kill { get; } = new("kill", 62, 129);

    internal static SystemCall KillThread { get; } = new("tgkill", 234, 131);

    /// <summary>A mount of debugfs that is attached nowhere; allowed if CAP_SYS_ADMIN is kept, without which nothing can be mounted.</summary>
    internal static IReadOnlyList<SystemCall> Mounting { get; } = [new("fsopen", 430, 430), new("fsconfig", 431, 431), new("fsmount", 432, 432)];

    /// <summary>Calls that measurements name in their descriptors.</summary>
    internal static IReadOnlyList<SystemCall> Measuring { get; } = [new(PerfEventOpen, 298, 241)];
}
