namespace MemSnoop.Processes;

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
