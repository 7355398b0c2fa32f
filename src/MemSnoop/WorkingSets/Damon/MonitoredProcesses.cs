using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.WorkingSets.Damon;

/// <summary>What is kept of one process from window to window, whichever way DAMON is used.</summary>
internal abstract class MonitoredProcess(ProcessIdentity identity)
{
    /// <summary>Which process it is.</summary>
    internal ProcessIdentity Identity { get; } = identity;

    /// <summary>The last pass that it was part of.</summary>
    internal long Pass { get; set; }

    /// <summary>Why it could not be read; its windows are lost.</summary>
    internal ReadOutcome Lost { get; set; }

    /// <summary>Address space that the last walk left out, in bytes.</summary>
    internal ulong LeftOutBytes { get; set; }

    /// <summary>Whether somebody has asked for a window that has not ended.</summary>
    internal abstract bool HasOpenWindows { get; }

    /// <summary>Lets go what is held until a window ends.</summary>
    internal abstract void Forget();
}

/// <summary>The processes that have windows.</summary>
internal sealed class MonitoredProcesses<T>(Func<ProcessIdentity, T> create)
    where T : MonitoredProcess
{
    private readonly Dictionary<ProcessIdentity, T> _processes = [];

    internal int Count => _processes.Count;

    internal Dictionary<ProcessIdentity, T>.ValueCollection All => _processes.Values;

    /// <summary>What is kept of a process; nothing yet where it is new.</summary>
    internal T Of(TrackedProcess process)
    {
        if (!_processes.TryGetValue(process.Identity, out T? state))
        {
            state = create(process.Identity);
            _processes.Add(process.Identity, state);
        }

        return state;
    }

    /// <summary>Ends the windows of a process that could not be read.</summary>
    internal void Lose(ProcessIdentity process, ReadOutcome outcome)
    {
        if (_processes.Remove(process, out T? state))
        {
            state.Lost = outcome;
            state.Forget();
        }
    }

    /// <summary>Forgets those that were not part of a pass, unless somebody waits for a window of theirs.</summary>
    internal void ForgetAbsent(long pass)
    {
        foreach ((ProcessIdentity identity, T state) in _processes)
        {
            if (state.Pass != pass && !state.HasOpenWindows)
            {
                state.Forget();
                _processes.Remove(identity);
            }
        }
    }

    /// <summary>Forgets all.</summary>
    internal void Clear()
    {
        foreach (T state in _processes.Values)
        {
            state.Forget();
        }

        _processes.Clear();
    }
}
