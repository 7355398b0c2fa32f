using System.ComponentModel;
using System.Diagnostics;
using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Tracing;

/// <summary>
/// The target of a trace: a running process, or a program that is started for the trace. A pausable process is stopped while it is measured, so that all
/// measurements of a sample see the same state. The own process cannot be pausable.
/// </summary>
public sealed class SnoopedProcess : IDisposable
{
    /// <summary>The time that a started process has to end after SIGTERM.</summary>
    private static readonly TimeSpan ChildPatience = TimeSpan.FromSeconds(10);

    private readonly KernelBuffer _buffer = new();
    private readonly ProcessPauser? _pauser;
    private readonly Process? _child;
    private readonly bool _endsChild;

    private SnoopedProcess(TrackedProcess? tracked, ProcessPauser? pauser, Process? child, bool endsChild)
    {
        Tracked = tracked;
        _pauser = pauser;
        _child = child;
        _endsChild = endsChild;
        Pid = child?.Id ?? tracked!.Identity.Pid;
        Comm = tracked?.Comm ?? "";
    }

    /// <summary>Its process id.</summary>
    public int Pid { get; }

    /// <summary>Its name when the trace began (<c>proc_pid_comm(5)</c>); empty when it ended before it could be read.</summary>
    public string Comm { get; }

    /// <summary>Whether it is stopped while it is measured.</summary>
    public bool IsPausable => _pauser is not null;

    /// <summary>Whether it has ended. Refreshes the process.</summary>
    public bool HasExited => Tracked is null || Tracked.Look(_buffer, out _) == ReadOutcome.ProcessGone;

    /// <summary>The exit code of a child that has ended, 128 plus the signal when one ended it; null otherwise.</summary>
    public int? ExitCode => _child is { HasExited: true } ? _child.ExitCode : null;

    /// <summary>The process as measurements read it; null when it ended before it could be followed.</summary>
    internal TrackedProcess? Tracked { get; }

    /// <summary>Follows a running process that this user may read.</summary>
    /// <param name="pid">Its process id.</param>
    /// <param name="pausable">Whether it is stopped while it is measured.</param>
    /// <param name="paths">Where the kernel files are. Default value: /proc and /sys.</param>
    /// <exception cref="ProcessUnavailableException">There is no such process, or it may not be read.</exception>
    /// <exception cref="PauseRefusedException">It may not be paused.</exception>
    public static SnoopedProcess Attach(int pid, bool pausable = false, KernelPaths? paths = null)
    {
        paths ??= KernelPaths.Default;
        ReadOutcome outcome = TrackedProcess.TryTrack(paths, HandleBudget.Shared, pid, out TrackedProcess? tracked);
        return outcome == ReadOutcome.Success ? Attach(tracked!, pausable, paths) : throw new ProcessUnavailableException(pid, outcome);
    }

    /// <summary>Follows a child that was started elsewhere. Its exit code is known at the end; it is not ended with the trace.</summary>
    /// <param name="child">A started process.</param>
    /// <param name="pausable">Whether it is stopped while it is measured.</param>
    /// <param name="paths">Where the kernel files are. Default value: /proc and /sys.</param>
    /// <exception cref="PauseRefusedException">It may not be paused.</exception>
    public static SnoopedProcess Attach(Process child, bool pausable = false, KernelPaths? paths = null)
    {
        ArgumentNullException.ThrowIfNull(child);
        return Follow(child, endsChild: false, pausable, paths ?? KernelPaths.Default);
    }

    /// <summary>Starts a program and follows it. Disposing this object ends it: SIGTERM, and SIGKILL if it takes too long.</summary>
    /// <param name="program">A path, or a name that is looked up on the PATH.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="pausable">Whether it is stopped while it is measured.</param>
    /// <exception cref="Win32Exception">It cannot be started; the native error is ENOENT when there is no such program.</exception>
    /// <exception cref="PauseRefusedException">It may not be paused.</exception>
    public static SnoopedProcess Launch(string program, IEnumerable<string> arguments, bool pausable = false) =>
        Launch(new ProcessStartInfo(program, arguments), pausable);

    /// <summary>Starts a program as described and follows it. It is ended with this object.</summary>
    /// <param name="start">What to start, and with which streams and environment.</param>
    /// <param name="pausable">Whether it is stopped while it is measured.</param>
    /// <param name="paths">Where the kernel files are. Default value: /proc and /sys.</param>
    /// <exception cref="Win32Exception">It cannot be started; the native error is ENOENT when there is no such program.</exception>
    /// <exception cref="PauseRefusedException">It may not be paused.</exception>
    public static SnoopedProcess Launch(ProcessStartInfo start, bool pausable = false, KernelPaths? paths = null)
    {
        ArgumentNullException.ThrowIfNull(start);
        Process child = Process.Start(start) ?? throw new InvalidOperationException("No process was started.");
        try
        {
            return Follow(child, endsChild: true, pausable, paths ?? KernelPaths.Default);
        }
        catch
        {
            child.Kill();
            child.Dispose();
            throw;
        }
    }

    /// <summary>Stops the process; it runs again when the result is disposed. No pause when it is not pausable.</summary>
    /// <exception cref="PauseRefusedException">The guard that would let it run again has ended.</exception>
    public ProcessPause Pause() => _pauser?.Pause() ?? default;

    /// <summary>Waits for a child to end; its exit code, 128 plus the signal when one ended it.</summary>
    /// <exception cref="InvalidOperationException">The process is not a child.</exception>
    public async Task<int> WaitForExitAsync(CancellationToken cancellation = default)
    {
        Process child = _child ?? throw new InvalidOperationException("Only a child can be waited for.");
        await child.WaitForExitAsync(cancellation).ConfigureAwait(false);
        return child.ExitCode;
    }

    /// <summary>Lets a paused process run, ends a process that was started here, and closes the open files.</summary>
    public void Dispose()
    {
        _pauser?.Dispose();
        if (_child is not null && _endsChild)
        {
            EndChild(_child);
        }

        Tracked?.Dispose();
    }

    internal static SnoopedProcess Attach(TrackedProcess tracked, bool pausable, KernelPaths paths)
    {
        try
        {
            return new SnoopedProcess(tracked, pausable ? ProcessPauser.Open(paths, tracked) : null, child: null, endsChild: false);
        }
        catch
        {
            tracked.Dispose();
            throw;
        }
    }

    private static SnoopedProcess Follow(Process child, bool endsChild, bool pausable, KernelPaths paths)
    {
        // A child may have ended already: the trace then has no samples, but an exit code.
        TrackedProcess.TryTrack(paths, HandleBudget.Shared, child.Id, out TrackedProcess? tracked);
        try
        {
            return new SnoopedProcess(tracked, pausable && tracked is not null ? ProcessPauser.Open(paths, tracked) : null, child, endsChild);
        }
        catch (PauseRefusedException) when (tracked!.Look(new KernelBuffer(1024), out _) == ReadOutcome.ProcessGone)
        {
            return new SnoopedProcess(tracked, pauser: null, child, endsChild);
        }
        catch
        {
            tracked?.Dispose();
            throw;
        }
    }

    private static void EndChild(Process child)
    {
        // Its pid cannot be reused until it has been waited for.
        if (!child.HasExited && Libc.Kill(child.Id, Libc.SignalTerminate) == 0 && !child.WaitForExit(ChildPatience))
        {
            child.Kill(entireProcessTree: true);
        }

        child.Dispose();
    }
}

/// <summary>There is no such process, or it may not be read.</summary>
/// <param name="pid">The pid asked for.</param>
/// <param name="outcome">The outcome of the attempt.</param>
public sealed class ProcessUnavailableException(int pid, ReadOutcome outcome)
    : Exception(outcome == ReadOutcome.ProcessGone ? $"there is no process {pid}" : $"process {pid} cannot be read ({outcome.ToReason()})")
{
    /// <summary>The outcome of the attempt to read it.</summary>
    public ReadOutcome Outcome { get; } = outcome;
}
