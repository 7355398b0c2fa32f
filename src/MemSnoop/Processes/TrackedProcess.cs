using MemSnoop.Containers;
using MemSnoop.Kernel;
using MemSnoop.ProcFs;

namespace MemSnoop.Processes;

/// <summary>
/// A live process with its open files. Reads fail with <see cref="ReadOutcome.ProcessGone"/> once it has exited, even if another process has its pid.
/// </summary>
public sealed class TrackedProcess : IDisposable
{
    /// <summary>Maximum number of handles of one process: its directory, schedstat, stat, statm, io and status.</summary>
    internal const int MostHandles = 6;

    /// <summary>
    /// After so many looks at which it had not run, a process is asleep and the handles of what only changes when it runs are closed. A handle holds about 4 kB of kernel
    /// memory, mostly the page that seq_file keeps for its text; opening it again takes 8.6 µs when the process has run.
    /// </summary>
    internal const int LooksUntilAsleep = 4;

    private readonly Lock _gate = new();
    private readonly HandleBudget _budget;
    private readonly KernelPaths _paths;
    private readonly ProcessDirectory? _directory;
    private readonly RunWitness _witness = new();
    private KeptFile _schedStat;
    private KeptFile _stat;
    private KeptFile _statm;
    private KeptFile _io;
    private KeptFile _status;
    private KeptReading<ProcessIo> _lastIo;
    private KeptReading<Status> _lastStatus;
    private Comm _comm;
    private int _asleep;

    private TrackedProcess(KernelPaths paths, HandleBudget budget, ProcessDirectory? directory, in Stat stat)
    {
        _paths = paths;
        _budget = budget;
        _directory = directory;
        Identity = new ProcessIdentity(stat.Pid, stat.StartTicks);
        Adopt(stat);
    }

    /// <summary>Pid and start time.</summary>
    public ProcessIdentity Identity { get; }

    /// <summary>The name of the process as of the last refresh (<c>proc_pid_comm(5)</c>); bytes that are not UTF-8 read as U+FFFD.</summary>
    public string Comm { get; private set; } = "";

    /// <summary>
    /// The last reading of <c>/proc/PID/stat</c>, renewed by each refresh of the process table unless the process has not run since. Resident pages that were
    /// reclaimed from a sleeping process are still counted here.
    /// </summary>
    public Stat Stat { get; private set; }

    /// <summary>
    /// The control group, see <see cref="Cgroup.Path"/>, as it was when it was last read, at most a minute ago; empty when it could not be read, or is not to be.
    /// </summary>
    public string CgroupPath { get; internal set; } = "";

    /// <summary>What the process belongs to, as of the same reading. Another object only if that is something else.</summary>
    internal Membership Membership { get; set; } = Membership.None;

    /// <summary>The group that a user has put it in; null if it is in none.</summary>
    internal ProcessGroup? Group { get; set; }

    /// <summary>A number that stays the same for as long as the process is known not to have run, as of the last look.</summary>
    internal long Runs => _witness.Run;

    /// <summary>Whether the process did not answer when it was last looked at: <see cref="Stat"/> is of before then.</summary>
    internal bool Hangs { get; set; }

    /// <summary>Set once the process has exited or is no longer watched.</summary>
    public bool HasLeft { get; private set; }

    /// <summary>
    /// Follows the process that has <paramref name="pid"/> now. Zombies answer with <see cref="ReadOutcome.ProcessGone"/>:
    /// their memory reads as 0.
    /// </summary>
    public static ReadOutcome TryTrack(KernelPaths paths, HandleBudget budget, int pid, out TrackedProcess? process)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(budget);
        process = null;
        ReadOutcome outcome = ProcessDirectory.Open(paths, pid, out ProcessDirectory? directory);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        KernelBuffer buffer = new(1024);
        outcome = directory!.Read("stat"u8, buffer, Stat.TryParse, out Stat stat);
        if (outcome == ReadOutcome.Success)
        {
            outcome = directory.Follow(ref stat, buffer, out _);
        }

        if (outcome != ReadOutcome.Success)
        {
            directory.Dispose();
            return outcome;
        }

        process = Track(paths, budget, directory, stat);
        return ReadOutcome.Success;
    }

    internal static TrackedProcess Track(KernelPaths paths, HandleBudget budget, ProcessDirectory directory, in Stat stat)
    {
        if (budget.TryTake())
        {
            return new TrackedProcess(paths, budget, directory, stat);
        }

        directory.Dispose();
        return new TrackedProcess(paths, budget, directory: null, stat);
    }

    /// <summary>Whether the name changed with the last refresh, by exec or prctl(PR_SET_NAME).</summary>
    internal ReadOutcome Look(KernelBuffer buffer, out bool renamed)
    {
        renamed = false;
        if (!MayHaveRun(buffer) && !Hangs)
        {
            FallAsleep();
            return ReadOutcome.Success;
        }

        _asleep = 0;
        ReadOutcome outcome = Read(ref _stat, "stat"u8, buffer, Stat.TryParse, out Stat stat);
        Hangs = outcome == ReadOutcome.Hung;
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        if (stat.StartTicks != Identity.StartTicks)
        {
            return ReadOutcome.ProcessGone;
        }

        outcome = Follow(ref stat, buffer);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        renamed = !stat.Comm.Equals(_comm);
        Adopt(stat);
        return ReadOutcome.Success;
    }

    internal ReadOutcome ReadStatm(KernelBuffer buffer, out Statm value) => Read(ref _statm, "statm"u8, buffer, Statm.TryParse, out value);

    internal ReadOutcome ReadIo(KernelBuffer buffer, out ProcessIo value) =>
        ReadOnceARun(ref _io, ref _lastIo, "io"u8, buffer, ProcessIo.TryParse, out value);

    internal ReadOutcome ReadStatus(KernelBuffer buffer, out Status value) =>
        ReadOnceARun(ref _status, ref _lastStatus, "status"u8, buffer, Status.TryParse, out value);

    /// <summary>The status as of now, for who reads on another thread than the measurements: what those remember is not touched.</summary>
    internal ReadOutcome ReadStatusAnew(KernelBuffer buffer, out Status value) => ReadOnce("status"u8, buffer, Status.TryParse, out value);

    /// <summary>Opens the directory of the process for files that are not kept; the caller gives it back by <see cref="Leave"/>.</summary>
    internal ReadOutcome Enter(out ProcessDirectory directory)
    {
        if (_directory is not null)
        {
            directory = _directory;
            return ReadOutcome.Success;
        }

        ReadOutcome outcome = ProcessDirectory.Open(_paths, Identity.Pid, out ProcessDirectory? opened);
        directory = opened!;
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        // Without a kept handle, another process may have got the pid since the last refresh.
        KernelBuffer buffer = new(1024);
        outcome = directory.Read("stat"u8, buffer, Stat.TryParse, out Stat stat);
        if (outcome == ReadOutcome.Success)
        {
            outcome = stat.StartTicks == Identity.StartTicks ? directory.Follow(ref stat, buffer, out _) : ReadOutcome.ProcessGone;
        }

        if (outcome != ReadOutcome.Success)
        {
            directory.Dispose();
        }

        return outcome;
    }

    /// <summary>Whether the pid still belongs to this process; also true if its first thread has ended and others go on.</summary>
    internal ReadOutcome Verify() => ReadOnce("stat"u8, new KernelBuffer(1024), Stat.TryParse, out Stat _);

    /// <summary>Opens, reads and closes a file that is not kept.</summary>
    internal ReadOutcome ReadOnce<T>(ReadOnlySpan<byte> name, KernelBuffer buffer, KernelParser<T> parser, out T value)
        where T : struct
    {
        ReadOutcome outcome = Enter(out ProcessDirectory directory);
        if (outcome != ReadOutcome.Success)
        {
            value = default;
            return outcome;
        }

        outcome = directory.Read(name, buffer, parser, out value);
        Leave(directory);
        return outcome;
    }

    internal void Leave(ProcessDirectory directory)
    {
        if (!ReferenceEquals(directory, _directory))
        {
            directory.Dispose();
        }
    }

    /// <summary>Checking whether a process has run is cheaper than reading its files only with a kept handle.</summary>
    private bool MayHaveRun(KernelBuffer buffer)
    {
        SchedStat now = default;
        KernelCalls.About(Identity.Pid);
        if (_directory is not null && Keep(ref _schedStat, "schedstat"u8, out KernelHandle? kept) == ReadOutcome.Success && kept is not null)
        {
            ProcessDirectory.Parse(kept, buffer, SchedStat.TryParse, out now);
        }

        return _witness.MayHaveRun(now, Stat.Threads);
    }

    private ReadOutcome ReadOnceARun<T>(
        ref KeptFile file, ref KeptReading<T> last, ReadOnlySpan<byte> name, KernelBuffer buffer, KernelParser<T> parser, out T value)
        where T : struct
    {
        long look = _witness.Looks;
        long run = _witness.Run;
        if (last.TryTake(run, look, out value))
        {
            return HasLeft ? ReadOutcome.ProcessGone : ReadOutcome.Success;
        }

        ReadOutcome outcome = Read(ref file, name, buffer, parser, out value);
        if (outcome == ReadOutcome.Success)
        {
            last.Keep(run, value);
        }

        return outcome;
    }

    private ReadOutcome Read<T>(ref KeptFile file, ReadOnlySpan<byte> name, KernelBuffer buffer, KernelParser<T> parser, out T value)
        where T : struct
    {
        KernelCalls.About(Identity.Pid);
        if (_paths.Hung.Refuse(Identity.Pid) && ProcessDirectory.MayHang(name))
        {
            value = default;
            return ReadOutcome.Hung;
        }

        KernelHandle? kept = file.Handle;
        // Not before the first look. Then the handle that finds sleepers comes first: where handles are scarce, a process without it would keep the others for ever. And a
        // process that has left by then has taken none.
        if (kept is null && _directory is not null && _witness.Looks > 0)
        {
            ReadOutcome opened = Keep(ref file, name, out kept);
            if (opened != ReadOutcome.Success)
            {
                value = default;
                return opened;
            }
        }

        if (kept is not null)
        {
            ReadOutcome outcome = ProcessDirectory.Parse(kept, buffer, parser, out value);
            if (outcome != ReadOutcome.ProcessGone || !kept.IsClosed || HasLeft)
            {
                return outcome;
            }

            // The process fell asleep on another thread, and the handle was closed before it was used.
        }

        return ReadOnce(name, buffer, parser, out value);
    }

    private void FallAsleep()
    {
        if (_asleep < LooksUntilAsleep && ++_asleep == LooksUntilAsleep)
        {
            lock (_gate)
            {
                _stat.Close(_budget);
                _io.Close(_budget);
                _status.Close(_budget);
            }
        }
    }

    /// <summary>Measurements and the table run on different threads: a handle must not be opened behind the back of Dispose.</summary>
    private ReadOutcome Keep(ref KeptFile file, ReadOnlySpan<byte> name, out KernelHandle? handle)
    {
        lock (_gate)
        {
            ReadOutcome outcome = HasLeft ? ReadOutcome.ProcessGone : file.Open(_directory!, name, _budget);
            handle = file.Handle;
            return outcome;
        }
    }

    /// <summary>Whether the process lives, which it may without its main thread; then from where its memory can be read.</summary>
    private ReadOutcome Follow(ref Stat stat, KernelBuffer buffer)
    {
        if (_directory is null)
        {
            return !stat.IsZombie ? ReadOutcome.Success : stat.IsLeaderless ? FollowOnce(ref stat, buffer) : ReadOutcome.ProcessGone;
        }

        ReadOutcome outcome = _directory.Follow(ref stat, buffer, out bool changed);
        if (changed)
        {
            lock (_gate)
            {
                _statm.Close(_budget);
            }
        }

        return outcome;
    }

    private ReadOutcome FollowOnce(ref Stat stat, KernelBuffer buffer)
    {
        ReadOutcome outcome = Enter(out ProcessDirectory directory);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        outcome = directory.Follow(ref stat, buffer, out _);
        Leave(directory);
        return outcome;
    }

    private void Adopt(in Stat stat)
    {
        Stat = stat;
        if (!stat.Comm.Equals(_comm) || Comm.Length == 0)
        {
            _comm = stat.Comm;
            Comm = stat.Comm.ToString();
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Identity.Pid} ({Comm})";

    /// <summary>Closes the kept handles. Reads that are under way on other threads end as gone.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (HasLeft)
            {
                return;
            }

            HasLeft = true;
            _schedStat.Close(_budget);
            _stat.Close(_budget);
            _statm.Close(_budget);
            _io.Close(_budget);
            _status.Close(_budget);
        }

        if (_directory is not null)
        {
            _directory.Dispose();
            _budget.Return();
        }
    }
}

/// <summary>
/// The identity of a process until the next boot: a pid can be reused, a pid with its start time cannot. Source: <c>proc_pid_stat(5)</c>, fields 1 and 22.
/// </summary>
/// <param name="Pid">Process id in the pid namespace of the proc mount.</param>
/// <param name="StartTicks">When it started, in clock ticks since boot.</param>
public readonly record struct ProcessIdentity(int Pid, ulong StartTicks);
