using System.Runtime.InteropServices;

namespace MemSnoop.Kernel;

/// <summary>The C library calls in use, declarations only. Constants are those of Linux on x86-64 and arm64, where they agree.</summary>
internal static partial class Libc
{
    internal const int AtCurrentDirectory = -100;
    internal const int OpenReadOnly = 0;
    internal const int OpenWriteOnly = 1;
    internal const int OpenReadWrite = 2;
    internal const int OpenCreate = 0x40;
    internal const int OpenNew = 0x80;
    internal const int OpenNoControllingTerminal = 0x100;
    internal const int OpenTruncate = 0x200;
    internal const int OpenNonBlocking = 0x800;
    internal const int OpenCloseOnExec = 0x80000;
    internal const int OpenPath = 0x200000;

    /// <summary>The one flag in use whose value is not the same on x86-64 and arm64.</summary>
    internal static readonly int OpenNoFollow = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;

    /// <summary>The number of getdents64, older than those that are the same everywhere.</summary>
    internal static readonly nint GetDirectoryEntriesNumber = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 61 : 217;

    /// <summary>The number of seccomp, which the C library has no function for.</summary>
    internal static readonly nint FilterNumber = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 277 : 317;

    internal const nint FilterSet = 1;
    internal const nint FilterHasAction = 2;
    internal const nint FilterAllThreads = 1;

    internal const int ErrorNotPermitted = 1;
    internal const int ErrorNoEntry = 2;
    internal const int ErrorNoProcess = 3;
    internal const int ErrorInterrupted = 4;
    internal const int ErrorTryAgain = 11;
    internal const int ErrorAccess = 13;
    internal const int ErrorBusy = 16;
    internal const int ErrorExists = 17;
    internal const int ErrorNoDevice = 19;
    internal const int ErrorTooManyFilesInSystem = 23;
    internal const int ErrorTooManyFiles = 24;
    internal const int ErrorNotSupported = 95;
    internal const int ErrorNoAddressFamily = 97;
    internal const int ErrorNoSystemCall = 38;

    internal const int ConfigurationClockTicks = 2;
    internal const int ClockThreadCpuTime = 3;
    internal const int ClockBootTime = 7;
    internal const int ResourceOpenFiles = 7;

    internal const int SignalHangUp = 1;
    internal const int SignalInterrupt = 2;
    internal const int SignalKill = 9;
    internal const int SignalTerminate = 15;
    internal const int SignalContinue = 18;
    internal const int SignalStop = 19;
    internal const int SignalTerminalStop = 20;
    internal const int SignalWindowChanged = 28;

    // System calls without a wrapper in older C libraries; since Linux 5.1 numbers are the same on all architectures.
    internal const nint PidFdSendSignalNumber = 424;
    internal const nint PidFdOpenNumber = 434;
    internal const nint FsOpenNumber = 430;
    internal const nint FsConfigNumber = 431;
    internal const nint FsMountNumber = 432;

    internal const nint FsOpenCloseOnExec = 1;
    internal const nint FsConfigCreate = 6;
    internal const nint FsMountCloseOnExec = 1;
    internal const nint MountReadOnly = 1;
    internal const nint MountNoExecNoSetId = 2 | 4 | 8;

    internal const int LockShared = 1;
    internal const int LockExclusive = 2;
    internal const int LockNonBlocking = 4;
    internal const int ErrorNotATerminal = 25;
    internal const int ErrorInvalid = 22;

    internal const int AccessExecute = 1;
    internal const int AccessWrite = 2;

    internal const uint StatxType = 0x1;
    internal const uint StatxMode = 0x2;
    internal const uint StatxLinks = 0x4;
    internal const uint StatxUser = 0x8;
    internal const uint StatxChangeTime = 0x80;
    internal const uint StatxInode = 0x100;
    internal const uint StatxSize = 0x200;

    internal const ushort ModeTypeMask = 0xF000;
    internal const ushort ModeDirectory = 0x4000;
    internal const ushort ModeRegular = 0x8000;
    internal const ushort ModeSymbolicLink = 0xA000;
    internal const ushort ModePipe = 0x1000;
    internal const ushort ModeSocket = 0xC000;

    internal const long ProcMagic = 0x9fa0;
    internal const long SysfsMagic = 0x62656572;

    internal const int NotifyNonBlocking = 0x800;
    internal const uint NotifyModify = 0x2;
    internal const uint NotifyCloseWrite = 0x8;
    internal const uint NotifyCloseNoWrite = 0x10;
    internal const uint NotifyOpen = 0x20;
    internal const uint NotifyOverflow = 0x4000;

    internal const int EmptyPath = 0x1000;
    internal const int SymbolicLinkNoFollow = 0x100;

    /// <summary>AT_STATX_DONT_SYNC: not to ask a file server, which may not answer.</summary>
    internal const int StatxNoSync = 0x4000;

    internal const short PollIn = 1;
    internal const short PollError = 8;
    internal const short PollHangUp = 16;

    /// <summary>TIOCGWINSZ of <c>ioctl_tty(2)</c>.</summary>
    internal const nuint TerminalGetWindowSize = 0x5413;

    internal const int SignalsBlock = 0;
    internal const int SignalsUnblock = 1;
    internal const int SignalsSet = 2;

    /// <summary>Bytes of a sigset_t of the C library; the kernel uses the first eight.</summary>
    internal const int SignalSetBytes = 128;

    internal const int DescriptorSetFlags = 2;
    internal const int DescriptorCloseOnExec = 1;
    internal const int SocketUnix = 1;
    internal const int SocketStreamCloseOnExec = 1 | 0x80000;

    internal const int ProcessDropFromBoundingSet = 24;
    internal const int ProcessNoNewPrivileges = 38;
    internal const int ProcessAmbient = 47;
    internal const int AmbientRaise = 2;
    internal const int AmbientClearAll = 4;

    /// <summary>_LINUX_CAPABILITY_VERSION_3: two words of 32 bits for each set.</summary>
    internal const uint CapabilityVersion = 0x20080522;

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    internal static partial int OpenAt(int directory, ReadOnlySpan<byte> path, int flags);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    internal static partial int OpenAt(KernelHandle directory, ReadOnlySpan<byte> path, int flags);

    /// <summary>The same, for a file that may have to be made, with these permissions.</summary>
    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    internal static partial int OpenAt(KernelHandle directory, ReadOnlySpan<byte> path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int MakeDirectory(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "chmod", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int ChangeMode(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true)]
    internal static partial int UnlinkAt(KernelHandle directory, ReadOnlySpan<byte> path, int flags);

    [LibraryImport("libc", EntryPoint = "renameat", SetLastError = true)]
    internal static partial int RenameAt(KernelHandle oldDirectory, ReadOnlySpan<byte> oldPath, KernelHandle newDirectory, ReadOnlySpan<byte> newPath);

    [LibraryImport("libc", EntryPoint = "readlinkat", SetLastError = true)]
    internal static partial nint ReadLinkAt(KernelHandle directory, ReadOnlySpan<byte> path, Span<byte> buffer, nuint size);

    [LibraryImport("libc", EntryPoint = "faccessat", SetLastError = true)]
    internal static partial int AccessAt(KernelHandle directory, ReadOnlySpan<byte> path, int mode, int flags);

    [LibraryImport("libc", EntryPoint = "faccessat", SetLastError = true)]
    internal static partial int AccessAt(int directory, ReadOnlySpan<byte> path, int mode, int flags);

    [LibraryImport("libc", EntryPoint = "ftruncate64", SetLastError = true)]
    internal static partial int Truncate(KernelHandle descriptor, long length);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    internal static unsafe partial nint Read(KernelHandle descriptor, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "pread64", SetLastError = true)]
    internal static partial nint PRead(int descriptor, Span<byte> buffer, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "pwrite64", SetLastError = true)]
    internal static partial nint PWrite(KernelHandle descriptor, ReadOnlySpan<byte> buffer, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    internal static partial nint Write(KernelHandle descriptor, ReadOnlySpan<byte> buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    internal static partial nint Write(int descriptor, ReadOnlySpan<byte> buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    internal static partial int Statx(KernelHandle directory, ReadOnlySpan<byte> path, int flags, uint mask, out StatxResult result);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    internal static partial int Statx(int directory, ReadOnlySpan<byte> path, int flags, uint mask, out StatxResult result);

    [LibraryImport("libc", EntryPoint = "sysconf", SetLastError = true)]
    internal static partial long SystemConfiguration(int name);

    [LibraryImport("libc", EntryPoint = "getrlimit64", SetLastError = true)]
    internal static partial int GetResourceLimit(int resource, out ResourceLimit limit);

    [LibraryImport("libc", EntryPoint = "setrlimit64", SetLastError = true)]
    internal static partial int SetResourceLimit(int resource, in ResourceLimit limit);

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    internal static partial int ClockGetTime(int clock, out TimeSpecification time);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    internal static partial int Flock(KernelHandle descriptor, int operation);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static unsafe partial int IoControl(KernelHandle descriptor, nuint request, void* argument);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int GetWindowSize(int descriptor, nuint request, out WindowSize size);

    /// <summary>Only for commands with a number as argument, which these processors pass as if it were not variadic.</summary>
    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    internal static partial int FileControl(int descriptor, int command, int argument);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    internal static partial int Poll(ref PollDescriptor descriptors, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    internal static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint PidFdOpen(nint number, nint pid, nint flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint PidFdSendSignal(nint number, KernelHandle process, nint signal, nint information, nint flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint FsOpen(nint number, ReadOnlySpan<byte> name, nint flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint FsConfig(nint number, KernelHandle context, nint command, nint key, nint value, nint auxiliary);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint FsMount(nint number, KernelHandle context, nint flags, nint attributes);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint GetDirectoryEntries(nint number, KernelHandle directory, Span<byte> buffer, nint count);

    [LibraryImport("libc", EntryPoint = "statfs", SetLastError = true)]
    internal static partial int StatFileSystem(ReadOnlySpan<byte> path, out FileSystemStatus status);

    [LibraryImport("libc", EntryPoint = "inotify_init1", SetLastError = true)]
    internal static partial int NotifyOpenQueue(int flags);

    [LibraryImport("libc", EntryPoint = "inotify_add_watch", SetLastError = true)]
    internal static partial int NotifyAddWatch(KernelHandle queue, ReadOnlySpan<byte> path, uint mask);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    internal static partial uint EffectiveUserId();

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    internal static partial int ProcessControl(int option, nuint second, nuint third, nuint fourth, nuint fifth);

    [LibraryImport("libc", EntryPoint = "capget", SetLastError = true)]
    internal static partial int GetCapabilities(ref CapabilityHeader header, out CapabilitySets sets);

    [LibraryImport("libc", EntryPoint = "capset", SetLastError = true)]
    internal static partial int SetCapabilities(ref CapabilityHeader header, in CapabilitySets sets);

    [LibraryImport("libc", EntryPoint = "unsetenv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int UnsetEnvironment(string name);

    [LibraryImport("libc", EntryPoint = "setenv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static unsafe partial int Execute(string path, byte** arguments);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static unsafe partial nint Filter(nint number, nint operation, nint flags, void* argument);

    /// <summary>The mask of the calling thread.</summary>
    [LibraryImport("libc", EntryPoint = "pthread_sigmask")]
    internal static partial int SetSignalMask(int how, ReadOnlySpan<byte> set, Span<byte> old);

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    internal static partial int MakeSocketPair(int domain, int type, int protocol, Span<int> descriptors);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    internal static partial int ControlDescriptor(KernelHandle descriptor, int command, nint argument);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    internal static partial int WaitForChild(int pid, out int status, int options);

    /// <summary>struct timespec of <c>clock_gettime(2)</c>, with the 64-bit fields of every 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct TimeSpecification
    {
        internal long Seconds;
        internal long Nanoseconds;
    }

    /// <summary>struct pollfd of <c>poll(2)</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PollDescriptor
    {
        internal int Descriptor;
        internal short Events;
        internal short Returned;
    }

    /// <summary>struct winsize of <c>ioctl_tty(2)</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct WindowSize
    {
        internal ushort Rows;
        internal ushort Columns;
        internal ushort Width;
        internal ushort Height;
    }

    /// <summary>struct rlimit64 of <c>getrlimit(2)</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ResourceLimit
    {
        internal ulong Soft;
        internal ulong Hard;
    }

    /// <summary>struct __user_cap_header_struct of <c>capset(2)</c>; pid 0 is the calling thread.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct CapabilityHeader
    {
        internal uint Version;
        internal int Pid;
    }

    /// <summary>Two of struct __user_cap_data_struct of <c>capset(2)</c>: capabilities 0 to 31, and those from 32 on.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct CapabilitySets
    {
        internal uint EffectiveLow;
        internal uint PermittedLow;
        internal uint InheritableLow;
        internal uint EffectiveHigh;
        internal uint PermittedHigh;
        internal uint InheritableHigh;
    }

    /// <summary>struct sock_fprog of <c>seccomp(2)</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct FilterProgram
    {
        internal ushort Length;
        internal void* Instructions;
    }

    /// <summary>struct statfs of <c>statfs(2)</c>: 120 bytes on 64-bit Linux, and f_type is the first of them.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 120)]
    internal struct FileSystemStatus
    {
        [FieldOffset(0)]
        internal long Type;
    }

    /// <summary>struct inotify_event of <c>inotify(7)</c>, without the name that follows it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct NotifyEvent
    {
        internal int Watch;
        internal uint Mask;
        internal uint Cookie;
        internal uint NameLength;
    }

    /// <summary>struct statx of <c>statx(2)</c>: 256 bytes, stx_nlink at offset 16, stx_mode at 28, stx_ino at 32, stx_size at 40 and stx_ctime at 96 on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct StatxResult
    {
        [FieldOffset(0)]
        internal uint Mask;

        [FieldOffset(16)]
        internal uint Links;

        [FieldOffset(20)]
        internal uint User;

        [FieldOffset(28)]
        internal ushort Mode;

        [FieldOffset(32)]
        internal ulong Inode;

        [FieldOffset(40)]
        internal ulong Size;

        [FieldOffset(96)]
        internal long ChangeSeconds;

        [FieldOffset(104)]
        internal uint ChangeNanoseconds;

        [FieldOffset(136)]
        internal uint DeviceMajor;

        [FieldOffset(140)]
        internal uint DeviceMinor;
    }
}
