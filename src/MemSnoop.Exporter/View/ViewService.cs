using MemSnoop.Exporter.View.HeatMaps;
using MemSnoop.Exporter.View.History;
using MemSnoop.Exporter.View.Live;
using MemSnoop.Metrics.Hosting;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Processes;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.View;

/// <summary>
/// What is shown to people. After each pass it notes the last hour, and sends an overview if somebody looks; all else is made when somebody asks, and shared by all who ask at the same time. Where
/// no working sets are measured, it looks at the processes by itself as often as a pass would.
/// </summary>
internal sealed partial class ViewService : BackgroundService
{
    /// <summary>How long an overview is shown again, if no pass has ended since.</summary>
    internal static readonly TimeSpan Shared = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly LastSamples _last;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly HistoryRings _rings;
    private readonly HistoryRecorder _recorder;
    private readonly OverviewBuilder _builder;
    private readonly ProcessInspector _inspector;
    private readonly DetailBuilder _details;
    private volatile TaskCompletionSource _published = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Overview? _overview;
    private long _built;
    private long _looked;
    private long _sent;
    private Type? _lastFailure;

    /// <param name="pipeline">What is sampled.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="loggers">The log.</param>
    public ViewService(SamplingPipeline pipeline, TimeProvider clock, ILoggerFactory loggers)
    {
        (_last, _clock, _log) = (pipeline.Last, clock, loggers.CreateLogger("memsnoop"));
        IdleBands bands = IdleBands.Of(_last);
        _rings = new HistoryRings(bands.Count);
        _recorder = new HistoryRecorder(_last, _rings, bands);
        _builder = new OverviewBuilder(_last, _rings, bands, clock);
        _inspector = new ProcessInspector(_last, clock);
        _details = new DetailBuilder(_last, _rings, bands, clock);
        Live = new LiveEvents(LiveEvents.Fitting(_last.Host.Budget.OpenFiles), clock);
        HeatMaps = new HeatMapRecorder(_last, clock, _log);
    }

    /// <summary>Sends overviews.</summary>
    internal LiveEvents Live { get; }

    /// <summary>Records heat maps.</summary>
    internal HeatMapRecorder HeatMaps { get; }

    /// <summary>Whether the method in use tells pages apart, so that there can be heat maps.</summary>
    internal bool TellsPages => _last.TellsPages;

    /// <summary>The memory of the last hour, in bytes.</summary>
    internal long HistoryBytes => _rings.Bytes;

    /// <summary>All there is to see, of the last round.</summary>
    internal Overview Overview
    {
        get
        {
            lock (_gate)
            {
                if (_overview is null || _clock.GetElapsedTime(_built) > Shared || _overview.Round != _last.Round.Number)
                {
                    // Who opens the page before the first pass has begun sees the processes at once, not a window later.
                    if (!_last.HasPasses || _last.Processes.Length == 0)
                    {
                        _last.Look();
                    }

                    (_built, _overview) = (_clock.GetTimestamp(), _builder.Build());
                }

                return _overview;
            }
        }
    }

    /// <summary>One process; null if it is not watched, or has ended.</summary>
    internal DetailView? Process(string id)
    {
        if (FindProcess(id, out RowView? row) is not { } process)
        {
            return null;
        }

        // Not within the lock: it may not answer.
        NowView now = _inspector.ReadTotals(process.Process);
        return Locked(() => _details.OfProcess(process, row!)) with { Now = now, Counters = _last.CountersOf(process.Process.Identity) };
    }

    /// <summary>One container; null if there is none of that id.</summary>
    internal DetailView? Container(string id) => Overview is var all && all.Containers.Rows.FirstOrDefault(row => row.Id == id) is { } row
        ? Locked(() => _details.OfContainer(row, all.Processes.Rows))
        : null;

    /// <summary>One group; null if there is none of that name.</summary>
    internal DetailView? Group(string name) => Overview is var all && all.Groups.Rows.FirstOrDefault(row => row.Id == name) is { } row
        ? Locked(() => _details.OfGroup(row, all.Processes.Rows))
        : null;

    /// <summary>The memory of a process by area; null and why not.</summary>
    internal AreasView? Areas(WatchedProcess process, out RefusedReading refusal) => _inspector.ReadAreas(process.Process, out refusal);

    /// <summary>The watched process that an id of the API names, with its row; null if there is none.</summary>
    internal WatchedProcess? FindProcess(string id, out RowView? row)
    {
        row = Overview.Processes.Rows.FirstOrDefault(row => row.Id == id);
        return row is not null && SubjectId.TryParse(id, out ProcessIdentity identity) ? _details.Find(identity) : null;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        if (_last.HasPasses)
        {
            _last.Follow(() => _published.TrySetResult());
        }

        while (!stoppingToken.IsCancellationRequested)
        {
            if (_last.HasPasses)
            {
                await _published.Task.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

                // Before the round is looked at: what is published from now on is another.
                _published = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
            else
            {
                await Task.Delay(_sent == 0 ? TimeSpan.FromSeconds(1) : _last.Interval, _clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            if (!stoppingToken.IsCancellationRequested)
            {
                EndRound();
            }
        }
    }

    /// <summary>Notes what a round has found, and has it sent to whoever looks.</summary>
    internal void EndRound()
    {
        try
        {
            if (!_last.HasPasses)
            {
                _last.Look();
                _looked++;
            }

            lock (_gate)
            {
                _recorder.Record((_clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds);
            }

            long round = _last.HasPasses ? _last.Round.Number : _looked;
            if (round == _sent)
            {
                // A look between two passes.
                return;
            }

            _sent = round;
            if (Live.Viewers > 0)
            {
                Live.Publish(Overview);
            }
            else
            {
                Live.Forget();
                lock (_gate)
                {
                    _overview = null;
                }
            }

            _lastFailure = null;
        }
#pragma warning disable CA1031 // What is shown to people must not end what is measured.
        catch (Exception error)
#pragma warning restore CA1031
        {
            // One line per cause, not one per round.
            if (_lastFailure != error.GetType())
            {
                _lastFailure = error.GetType();
                Failed(_log, error.Message);
            }
        }
    }

    private T Locked<T>(Func<T> make)
    {
        // The rings must not go on meanwhile.
        lock (_gate)
        {
            return make();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "the page cannot show the last round: {Cause}")]
    private static partial void Failed(ILogger logger, string cause);

    public override void Dispose()
    {
        base.Dispose();
        HeatMaps.Dispose();
        _inspector.Dispose();
    }
}
