using MemSnoop.WorkingSets.PageIdle.Handover;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// How many pages that look idle may have been used in disturbed windows, by the window's end. What is idle for an age is then certain only up to what may have
/// been used within that age: idle ages do not advance on the word of a disturbed window.
/// </summary>
internal sealed class DoubtHistory
{
    /// <summary>More are joined, into the younger one: never less doubt than there is.</summary>
    private const int Most = 64;

    private readonly List<(TimeSpan End, long Pages)> _windows = [];

    /// <summary>Adds a window that ended; forgets those beyond the longest age.</summary>
    internal void Add(TimeSpan end, long pages, TimeSpan longest)
    {
        if (_windows.Count > 0)
        {
            ForgetBefore(end - longest);
        }

        if (pages > 0)
        {
            if (_windows.Count == Most)
            {
                _windows[1] = (_windows[1].End, Sum(_windows[0].Pages, _windows[1].Pages));
                _windows.RemoveAt(0);
            }

            _windows.Add((end, pages));
        }
    }

    // Apart, since a closure is made where it is written, and nearly no process has anything in doubt.
    private void ForgetBefore(TimeSpan moment) => _windows.RemoveAll(window => window.End < moment);

    internal void Clear() => _windows.Clear();

    /// <summary>Whether nothing is in doubt.</summary>
    internal bool IsEmpty => _windows.Count == 0;

    internal void Write(AgesWriter writer, TimeSpan now)
    {
        writer.Number(_windows.Count);
        foreach ((TimeSpan end, long pages) in _windows)
        {
            writer.Before(end, now);
            writer.Number(pages);
        }
    }

    internal void Read(AgesReader reader, TimeSpan now)
    {
        for (int left = reader.Number(Most); left > 0; left--)
        {
            _windows.Add((reader.Before(now), reader.Number(long.MaxValue)));
        }
    }

    /// <summary>At most how many pages were accessed, unseen, after a moment.</summary>
    internal long Since(TimeSpan moment)
    {
        long pages = 0;
        foreach ((TimeSpan end, long some) in _windows)
        {
            pages = end > moment ? Sum(pages, some) : pages;
        }

        return pages;
    }

    private static long Sum(long left, long right) => left > long.MaxValue - right ? long.MaxValue : left + right;
}
