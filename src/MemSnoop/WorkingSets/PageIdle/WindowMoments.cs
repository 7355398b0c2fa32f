using MemSnoop.Disturbances;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// Moments before the marks of this and earlier parts of passes: as many as the window of a page spans. Of a pass in parts, a process has frames in blocks whose windows began up to
/// two intervals ago.
/// </summary>
/// <param name="watch">What knows of disturbances.</param>
/// <param name="parts">Into how many parts a pass is divided.</param>
internal sealed class WindowMoments(IDisturbanceWatch watch, int parts) : IDisposable
{
    private readonly Queue<IDisturbanceMoment> _moments = [];

    /// <summary>Before the marks of the oldest window that is open; null if none is.</summary>
    internal IDisturbanceMoment? Oldest => _moments.TryPeek(out IDisturbanceMoment? oldest) ? oldest : null;

    /// <summary>What happened to accessed bits since the marks of the windows that end now.</summary>
    internal DisturbanceReport Report()
    {
        if (_moments.Count == 0)
        {
            return DisturbanceReport.Quiet;
        }

        using IDisturbanceMoment end = watch.Now();
        return watch.Compare(_moments.Peek(), end);
    }

    /// <summary>Windows begin.</summary>
    /// <param name="start">Before their marks.</param>
    internal void Remember(IDisturbanceMoment start)
    {
        _moments.Enqueue(start);
        if (_moments.Count > (parts == 1 ? 1 : (2 * parts) - 1))
        {
            _moments.Dequeue().Dispose();
        }
    }

    public void Dispose()
    {
        while (_moments.TryDequeue(out IDisturbanceMoment? moment))
        {
            moment.Dispose();
        }
    }
}
