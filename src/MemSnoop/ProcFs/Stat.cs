using MemSnoop.Kernel;

namespace MemSnoop.ProcFs;

/// <summary>Name, state, faults, processor time and start of a process, from <c>/proc/PID/stat</c>.</summary>
/// <remarks>
/// One line; the name is whatever stands between the first <c>(</c> and the last <c>)</c>, for a process may put parentheses in its own:
/// <code>26231 (sleep) S 26230 26229 3383 0 -1 4194304 104 0 1 0 2 3 0 0 20 0 1 0 508090 3133440 441 18446744073709551615 4194304 …</code>
/// Ticks are clock ticks, <c>sysconf(_SC_CLK_TCK)</c> of them a second (100 wherever .NET runs).
/// See <see href="https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html">proc_pid_stat(5)</see>.
/// </remarks>
public readonly record struct Stat
{
    /// <summary>PF_KTHREAD in include/linux/sched.h.</summary>
    private const uint KernelThreadFlag = 0x0020_0000;

    /// <summary>PF_EXITING in include/linux/sched.h.</summary>
    private const uint ExitingFlag = 0x0000_0004;

    /// <summary>The process id (field 1).</summary>
    public int Pid { get; init; }

    /// <summary>The process's name (field 2).</summary>
    public Comm Comm { get; init; }

    /// <summary>The state letter (field 3), such as <c>R</c>, <c>S</c>, <c>D</c> or <c>Z</c>.</summary>
    public byte State { get; init; }

    /// <summary>The parent's process id (field 4); 0 where it has none in this pid namespace.</summary>
    public int ParentPid { get; init; }

    /// <summary>The kernel's PF_* flags of the task (field 9).</summary>
    public uint Flags { get; init; }

    /// <summary>Page faults since the start that needed no I/O (field 10).</summary>
    public ulong MinorFaults { get; init; }

    /// <summary>Page faults since the start that had to wait for I/O (field 12).</summary>
    public ulong MajorFaults { get; init; }

    /// <summary>Processor time in user mode, in clock ticks (field 14).</summary>
    public ulong UserTicks { get; init; }

    /// <summary>Processor time in the kernel, in clock ticks (field 15).</summary>
    public ulong SystemTicks { get; init; }

    /// <summary>The number of threads (field 20).</summary>
    public int Threads { get; init; }

    /// <summary>When the process started, in clock ticks since boot (field 22). With <see cref="Pid"/> this identifies a process.</summary>
    public ulong StartTicks { get; init; }

    /// <summary>The size of the address space in bytes (field 23).</summary>
    public ulong VirtualBytes { get; init; }

    /// <summary>
    /// Resident pages (field 24). The field is signed: per-CPU counters that are not folded in yet can print below zero, which reads as 0 here.
    /// </summary>
    public ulong ResidentPages { get; init; }

    /// <summary>Time waited for block I/O, in clock ticks (field 42). Stays 0 unless delay accounting is on (kernel.task_delayacct).</summary>
    public ulong BlockIoDelayTicks { get; init; }

    /// <summary>
    /// Whether the process is dead: a zombie (<c>Z</c>), or being removed (<c>X</c>, <c>x</c>). Its memory is gone, unless only its main thread has ended
    /// (<see cref="IsLeaderless"/>).
    /// </summary>
    public bool IsZombie => State is (byte)'Z' or (byte)'X' or (byte)'x';

    /// <summary>
    /// Whether the main thread has ended and others work on (<c>pthread_exit(3)</c>). The process lives; what the kernel tells of its memory under the process's
    /// own directory is nothing, and under those of its threads is true.
    /// </summary>
    public bool IsLeaderless => IsZombie && Threads > 1;

    /// <summary>Whether this is a kernel thread, which has no memory of its own.</summary>
    public bool IsKernelThread => (Flags & KernelThreadFlag) != 0;

    /// <summary>Whether this thread is about to end, or has ended.</summary>
    internal bool IsEnding => IsZombie || (Flags & ExitingFlag) != 0;

    /// <summary>
    /// Parses the text of the file. False when any field up to 42 is missing, is not followed by a blank, or does not fit its type. Field 42
    /// came with Linux 2.6.18, long before any kernel that .NET runs on, so a line without it can only be one that was cut short.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out Stat value)
    {
        value = default;
        int open = text.IndexOf((byte)'(');
        int close = text.LastIndexOf((byte)')');
        if (open < 0 || close < open)
        {
            return false;
        }

        Utf8Cursor before = new(text[..open]);
        Utf8Cursor after = new(text[(close + 1)..]);
        if (!before.TryReadField(out int pid) || !before.IsAtEnd || !TryReadState(ref after, out byte state))
        {
            return false;
        }

        if (!after.TryReadField(out int parentPid)
            || !after.TrySkipFields(4) // pgrp, session, tty_nr, tpgid: the last two may be negative
            || !after.TryReadField(out uint flags)
            || !after.TryReadField(out ulong minorFaults)
            || !after.TrySkipFields(1) // cminflt
            || !after.TryReadField(out ulong majorFaults)
            || !after.TrySkipFields(1) // cmajflt
            || !after.TryReadField(out ulong userTicks)
            || !after.TryReadField(out ulong systemTicks)
            || !after.TrySkipFields(4) // cutime, cstime, priority, nice: all signed
            || !after.TryReadField(out int threads)
            || !after.TrySkipFields(1) // itrealvalue
            || !after.TryReadField(out ulong startTicks)
            || !after.TryReadField(out ulong virtualBytes)
            || !after.TryReadField(out long residentPages)
            || !after.TrySkipFields(17) // rsslim (25) to policy (41)
            || !after.TryReadField(out ulong blockIoDelayTicks))
        {
            return false;
        }

        value = new Stat
        {
            Pid = pid,
            Comm = new Comm(text[(open + 1)..close]),
            State = state,
            ParentPid = parentPid,
            Flags = flags,
            MinorFaults = minorFaults,
            MajorFaults = majorFaults,
            UserTicks = userTicks,
            SystemTicks = systemTicks,
            Threads = threads,
            StartTicks = startTicks,
            VirtualBytes = virtualBytes,
            ResidentPages = (ulong)Math.Max(residentPages, 0),
            BlockIoDelayTicks = blockIoDelayTicks,
        };
        return true;
    }

    private static bool TryReadState(ref Utf8Cursor cursor, out byte state)
    {
        state = 0;
        if (!cursor.TrySkip((byte)' ') || !cursor.TryReadUntil((byte)' ', out ReadOnlySpan<byte> letter) || letter.Length != 1)
        {
            return false;
        }

        state = letter[0];
        return char.IsAsciiLetter((char)state);
    }
}
