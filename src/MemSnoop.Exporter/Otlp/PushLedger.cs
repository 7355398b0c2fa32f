namespace MemSnoop.Exporter.Otlp;

/// <summary>The totals of all pushes, for the instruments about them.</summary>
internal sealed class PushLedger
{
    private readonly Lock _gate = new();
    private PushTotals _totals;

    /// <summary>The totals as of the latest push.</summary>
    public PushTotals Totals
    {
        get
        {
            lock (_gate)
            {
                return _totals;
            }
        }
    }

    public void Add(PushResult result, TimeSpan duration)
    {
        bool failed = result.Failure is not null;
        lock (_gate)
        {
            _totals = _totals with
            {
                Succeeded = _totals.Succeeded + (failed ? 0 : 1),
                Failed = _totals.Failed + (failed ? 1 : 0),
                AcceptedPoints = _totals.AcceptedPoints + result.Accepted,
                RejectedPoints = _totals.RejectedPoints + result.Rejected,
                FailedPoints = _totals.FailedPoints + result.Failed,
                Duration = duration,
            };
        }
    }

    public void Miss(long total)
    {
        lock (_gate)
        {
            _totals = _totals with { Missed = total };
        }
    }
}

/// <summary>Sums over all pushes since the start, and how long the latest took.</summary>
internal readonly record struct PushTotals(
    long Succeeded, long Failed, long Missed, long AcceptedPoints, long RejectedPoints, long FailedPoints, TimeSpan Duration)
{
    /// <summary>Whether there has been a push.</summary>
    public bool HasPushed => Succeeded + Failed > 0;
}

/// <summary>How a push went.</summary>
/// <param name="Accepted">Points that the receiver has taken.</param>
/// <param name="Rejected">Points of messages that it has taken, but for these.</param>
/// <param name="Failed">Points of messages that did not reach it.</param>
/// <param name="Failure">Why not; null when all did.</param>
/// <param name="Warning">What the receiver said of messages that it has taken; null when nothing.</param>
internal readonly record struct PushResult(long Accepted, long Rejected, long Failed, string? Failure, string? Warning);
