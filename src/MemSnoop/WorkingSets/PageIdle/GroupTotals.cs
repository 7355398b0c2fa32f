namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>What the processes of a group have touched together, every frame counted once however many of them map it.</summary>
internal sealed class GroupTotals
{
    private PageTally _tally;
    private TimeSpan _window;
    private TimeSpan _observedSince = TimeSpan.MaxValue;

    /// <summary>Processes with a complete window so far.</summary>
    internal int Processes { get; private set; }

    internal void Clear()
    {
        _tally = default;
        _window = TimeSpan.Zero;
        _observedSince = TimeSpan.MaxValue;
        Processes = 0;
    }

    /// <summary>
    /// Adds what a walk has counted for the group, also when the process left in the middle of it: no other process of the
    /// group counts the frames they shared again, and at the end of the window it was there.
    /// </summary>
    internal void Add(in PageTally tally)
    {
        _tally.Resident += tally.Resident;
        _tally.Anon += tally.Anon;
        _tally.File += tally.File;
        _tally.Shmem += tally.Shmem;
        _tally.Untracked += tally.Untracked;
        for (int epoch = 0; epoch < 256; epoch++)
        {
            _tally.Idle[epoch] += tally.Idle[epoch];
        }

    }

    /// <summary>Counts a process whose window is complete.</summary>
    internal void AddProcess(TimeSpan window, TimeSpan firstSeen)
    {
        Processes++;
        _window = window > _window ? window : _window;
        _observedSince = firstSeen < _observedSince ? firstSeen : _observedSince;
    }

    internal WorkingSetSample ToSample(TimeSpan now, Epochs epochs, IdleAges ages, ulong pageBytes) =>
        _tally.ToSample(_window, now, _observedSince, epochs, ages, pageBytes);
}
