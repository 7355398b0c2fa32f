using System.Globalization;
using MemSnoop.Kernel;
using MemSnoop.ProcFs;

namespace MemSnoop.Processes;

/// <summary>
/// Stops a process, all its threads, and lets it run again. It never stops the own process, its ancestors (a stopped shell or service manager could not let it
/// continue) or pid 1. A process that somebody else has stopped is left as it is. If this process dies in the middle of a pause, a guard lets the other run
/// again (<see cref="PauseGuard"/>).
/// </summary>
public sealed class ProcessPauser : IDisposable
{
    /// <summary>A thread in an uninterruptible wait stops only when the wait ends, which may take as long as a disk.</summary>
    private static readonly TimeSpan LongestStop = TimeSpan.FromMilliseconds(500);

    private readonly KernelPaths _paths;
    private readonly TrackedProcess _process;
    private readonly PidFd _pidFd;
    private readonly PauseGuard _guard;
    private readonly KernelBuffer _buffer = new(1024);
    private readonly string _threads;
    private bool _isPaused;

    private ProcessPauser(KernelPaths paths, TrackedProcess process, PidFd pidFd, PauseGuard guard)
    {
        _paths = paths;
        _process = process;
        _pidFd = pidFd;
        _guard = guard;
        _threads = paths.Proc(process.Identity.Pid.ToString(CultureInfo.InvariantCulture) + "/task");
    }

    /// <summary>The pid of the guard.</summary>
    internal int GuardPid => _guard.Pid;

    /// <summary>Makes sure that a process may be paused, and starts the guard.</summary>
    /// <exception cref="PauseRefusedException">It may not be paused, and why.</exception>
    public static ProcessPauser Open(KernelPaths paths, TrackedProcess process)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(process);
        Refuse(paths, process.Identity.Pid);
        ReadOutcome outcome = PidFd.Open(process, out PidFd? pidFd);
        try
        {
            // A zombie cannot be paused: its first thread has ended, whatever the others do.
            outcome = outcome != ReadOutcome.Success ? outcome : process.Look(new KernelBuffer(1024), out _);
            outcome = outcome != ReadOutcome.Success ? outcome : pidFd!.Send(0);
            if (outcome != ReadOutcome.Success)
            {
                throw new PauseRefusedException(outcome switch
                {
                    ReadOutcome.ProcessGone => $"process {process} has ended",
                    ReadOutcome.Denied => $"this user may not send signals to process {process}",
                    ReadOutcome.TooLarge => $"there is no file descriptor left to pause process {process} by",
                    ReadOutcome.NotSupported => "pausing needs Linux 5.3 (pidfd_open)",
                    _ => $"process {process} cannot be paused ({outcome.ToReason()})",
                });
            }

            return new ProcessPauser(paths, process, pidFd!, PauseGuard.Start(paths.ProcRoot, process.Identity));
        }
        catch
        {
            pidFd?.Dispose();
            throw;
        }
    }

    /// <summary>Stops the process; it runs again when the result is disposed.</summary>
    /// <exception cref="PauseRefusedException">The guard has ended.</exception>
    /// <exception cref="InvalidOperationException">The process is paused already.</exception>
    public ProcessPause Pause()
    {
        if (_isPaused)
        {
            throw new InvalidOperationException("The process is paused already.");
        }

        if (!IsRunning())
        {
            return default;
        }

        _guard.AnnounceStop();
        if (_pidFd.Send(Libc.SignalStop) != ReadOutcome.Success)
        {
            _guard.AnnounceRun();
            return default;
        }

        _isPaused = true;
        SpinWait.SpinUntil(AreAllThreadsStopped, LongestStop);
        return new ProcessPause(this);
    }

    internal void Continue()
    {
        if (_isPaused)
        {
            _isPaused = false;
            _pidFd.Send(Libc.SignalContinue);
            _guard.AnnounceRun();
        }
    }

    /// <summary>Lets a paused process run and ends the guard.</summary>
    public void Dispose()
    {
        Continue();
        _guard.Dispose();
        _pidFd.Dispose();
    }

    private static void Refuse(KernelPaths paths, int pid)
    {
        if (!PidNamespace.IsOwn(paths))
        {
            throw new PauseRefusedException($"{paths.ProcRoot} shows another pid namespace than this process is in, and a signal would reach another process");
        }

        if (pid == Environment.ProcessId)
        {
            throw new PauseRefusedException("a process cannot pause itself, since it could not let itself run again");
        }

        if (pid == 1)
        {
            throw new PauseRefusedException("the first process (pid 1) must not be paused");
        }

        if (IsAncestor(paths, pid))
        {
            throw new PauseRefusedException($"process {pid} is an ancestor of this one (its shell, terminal or service manager) and must not be paused");
        }
    }

    private static bool IsAncestor(KernelPaths paths, int pid)
    {
        KernelBuffer buffer = new(1024);
        for (int current = Environment.ProcessId; current > 1;)
        {
            if (KernelFile.ReadToEnd(paths.Proc($"{current}/stat"), buffer, out ReadOnlySpan<byte> text) != ReadOutcome.Success
                || !Stat.TryParse(text, out Stat stat))
            {
                return false;
            }

            current = stat.ParentPid;
            if (current == pid)
            {
                return true;
            }
        }

        return false;
    }

    private bool IsRunning() =>
        _process.ReadOnce("stat"u8, _buffer, Stat.TryParse, out Stat stat) == ReadOutcome.Success && !IsStopped(stat.State) && !stat.IsZombie;

    /// <summary>SIGSTOP reaches each thread when it next enters or leaves the kernel, so not all at once.</summary>
    private bool AreAllThreadsStopped()
    {
        try
        {
            foreach (int thread in PidEnumerator.Enumerate(_threads))
            {
                string file = _paths.Proc($"{_process.Identity.Pid}/task/{thread}/stat");
                if (KernelFile.ReadToEnd(file, _buffer, out ReadOnlySpan<byte> text) == ReadOutcome.Success
                    && Stat.TryParse(text, out Stat stat)
                    && !IsStopped(stat.State)
                    && !stat.IsZombie)
                {
                    return false;
                }
            }
        }
        catch (IOException)
        {
            // It ended; nothing of it runs.
        }

        return true;
    }

    // T: stopped by a signal; t: stopped by a tracer (proc_pid_stat(5)).
    private static bool IsStopped(byte state) => state is (byte)'T' or (byte)'t';
}

/// <summary>The time during which a process is stopped; disposing lets it run again. The default value is no pause.</summary>
public readonly struct ProcessPause : IDisposable
{
    private readonly ProcessPauser? _pauser;

    internal ProcessPause(ProcessPauser pauser) => _pauser = pauser;

    /// <summary>False when the process was not stopped by this pause: it had been stopped by someone else, or has ended.</summary>
    public bool IsOurs => _pauser is not null;

    /// <summary>Lets the process run again, unless somebody else had stopped it.</summary>
    public void Dispose() => _pauser?.Continue();
}

/// <summary>A process may not, or cannot, be paused. The message says why, in one sentence without a stop.</summary>
public sealed class PauseRefusedException(string message) : Exception(message);
