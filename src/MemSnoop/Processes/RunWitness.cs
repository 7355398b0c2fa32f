using MemSnoop.ProcFs;

namespace MemSnoop.Processes;

/// <summary>
/// Tells whether a process of one thread may have run since the last look. One that has not run has counted nothing,
/// started no thread and not ended, so stat, io and status need not be read again: 1 µs instead of 20 for each of the
/// many processes of a host that sleep from one scrape to the next.
/// </summary>
/// <remarks>
/// A thread that was on a processor at the last look and has left it since shows the same number of turns, but it has run longer;
/// therefore all three numbers are compared. The order matters too: this look comes before the readings it vouches for,
/// so what happens in between changes the next one.
/// </remarks>
internal sealed class RunWitness
{
    private SchedStat _last;
    private long _run;
    private long _looks;

    /// <summary>A number that stays the same for as long as the process is known not to have run.</summary>
    internal long Run => Volatile.Read(ref _run);

    /// <summary>How often the process was looked at.</summary>
    internal long Looks => Volatile.Read(ref _looks);

    /// <summary>Takes in a look; true when the process may have run since the one before.</summary>
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
/// The last reading of a file that cannot change while its process does not run. It stands in for one reading after each
/// look that found the process asleep (<see cref="RunWitness"/>): who reads twice between two looks reads the file, for
/// nobody has looked whether the process ran meanwhile.
/// </summary>
internal struct KeptReading<T>
    where T : struct
{
    private T _value;
    private long _run;
    private long _look;

    /// <summary>Takes the reading in place of a new one, if it still holds.</summary>
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
