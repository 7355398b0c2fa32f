namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>The windows of blocks, weighted by the pages of the process in them.</summary>
internal struct WindowSum
{
    private double _ticks;
    private long _pages;
    private TimeSpan _longest;
    private TimeSpan _shortest;

    internal void Add(BlockTimes? times, long pages)
    {
        // A block that is new in this pass has no window yet.
        if (times is null || pages == 0 || times.Window <= TimeSpan.Zero)
        {
            return;
        }

        _ticks += (double)times.Window.Ticks * pages;
        _longest = _pages == 0 || times.Longest > _longest ? times.Longest : _longest;
        _shortest = _pages == 0 || times.Shortest < _shortest ? times.Shortest : _shortest;
        _pages += pages;
    }

    internal readonly WindowTimes ToTimes(TimeSpan end, TimeSpan otherwise) =>
        _pages == 0 ? new WindowTimes(end, otherwise, TimeSpan.Zero) : new WindowTimes(end, TimeSpan.FromTicks((long)(_ticks / _pages)), _longest - _shortest);
}
