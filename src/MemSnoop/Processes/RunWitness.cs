using MemSnoop.ProcFs;

namespace MemSnoop.Processes;

/// <summary>
/// Tells whether a process of one thread may have run since the last check. A process that has not run has counted nothing, started no thread and not ended,
/// so stat, io and status need not be read again: 1 µs instead of 20 for each of the many processes of a host that sleep from one scrape to the next.
/// </summary>
/// <remarks>
/// A thread that was on a processor at the last check and has left it since has the same number of time slices, but it has run longer. Therefore all three
/// numbers are compared. The order matters too: the check comes before the readings, so what happens in between changes the next check.
/// </remarks>
internal sealed class RunWitness
{
    private SchedStat _last;
    private long _run;
    private long _looks;

    /// <summary>A number that stays the same for as long as the process is known not to have run.</summary>
    internal long Run => Volatile.Read(ref _run);

    /// <summary>Number of checks.</summary>
    internal long Looks => Volatile.Read(ref _looks);

    /// <summary>Adds a check; true if the process may have run since the check before.</summary>
    internal bool MayHaveRun(in SchedStat now, int threads)
    {
        bool mayHaveRun = threads != 1 || !now.IsCounted || now != _last;
        if (mayHaveRun)
        {
            _last = now;
            Volatile.Write(ref _run, _run + 1);
        }

        // Last: a reader that sees this look must see its finding too.
        Volatile.Write(ref _looks, _looks + 1);
        return mayHaveRun;
    }
}

/// <summary>
/// The last reading of a file that cannot change while its process does not run. It replaces one reading after each refresh that found the process asleep
/// (<see cref="RunWitness"/>). A second reading before the next refresh reads the file, since the process may have run meanwhile.
/// </summary>
internal struct KeptReading<T>
    where T : struct
{
    private T _value;
    private long _run;
    private long _look;

    /// <summary>Returns the kept reading, if it is still valid.</summary>
    internal bool TryTake(long run, long look, out T value)
    {
        bool holds = run == _run && look != _look;
        value = holds ? _value : default;
        _look = look;
        return holds;
    }

    internal void Keep(long run, in T value)
    {
        _value = value;
        _run = run;
    }
}
