using MemSnoop.Kernel;

namespace MemSnoop.Exporter.View.HeatMaps;

/// <summary>One recording.</summary>
internal sealed class Recording : IDisposable
{
    private readonly HeatMapRequest _request;
    private readonly string _name;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _stop;
    private readonly double _began;
    private volatile End? _end;
    private volatile bool _isStopped;

    /// <param name="id">Its number.</param>
    /// <param name="request">What was asked for.</param>
    /// <param name="name">The name of the process.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="pageBytes">The size of a page.</param>
    /// <param name="stopping">Ends it with the exporter.</param>
    internal Recording(long id, HeatMapRequest request, string name, TimeProvider clock, ulong pageBytes, CancellationToken stopping)
    {
        (Id, _request, _name, _clock) = (id, request, name, clock);
        Heat = new PageHeat(pageBytes);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        Stopped = _stop.Token;
        _began = (clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;
    }

    internal long Id { get; }

    internal HeatMapRequest Request => _request;

    internal PageHeat Heat { get; }

    /// <summary>Cancelled when it is to end.</summary>
    internal CancellationToken Stopped { get; }

    /// <summary>Whether it has ended, whyever.</summary>
    internal bool IsOver => _end is not null;

    /// <summary>When it ended, a timestamp of the monotonic clock.</summary>
    internal long EndedAt => _end?.At ?? 0;

    /// <summary>Ends it before its time.</summary>
    internal void Stop()
    {
        _isStopped = true;
        _stop.Cancel();
    }

    /// <summary>Notes how it ended.</summary>
    internal void Finish(ReadOutcome outcome) => _end = new End(outcome, _clock.GetTimestamp());

    internal HeatMapView ToView(bool withHeat)
    {
        End? end = _end;
        bool hasFailed = end is not null && end.Outcome != ReadOutcome.Success;
        return new HeatMapView
        {
            Id = Id,
            Process = SubjectId.Of(_request.Process),
            Name = _name,
            State = hasFailed ? "failed" : end is null ? "recording" : _isStopped ? "stopped" : "complete",
            Reason = hasFailed ? end!.Outcome.ToReason() : null,
            Error = hasFailed ? ProcessRefusal.Explain(end!.Outcome, _request.Process.Pid) : null,
            Began = _began,
            WindowSeconds = _request.Window.TotalSeconds,
            Windows = _request.Windows,
            Ended = Heat.Columns,
            Heat = withHeat ? Heat.ToView() : null,
        };
    }

    public void Dispose() => _stop.Dispose();

    private sealed record End(ReadOutcome Outcome, long At);
}
