using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Metrics.Sampling;

/// <summary>Working sets by one of the methods, window after window; by none when no method works here.</summary>
/// <param name="probes">What each method says of this host, asked once.</param>
/// <param name="method">The name of the one in use; null when none works.</param>
/// <param name="interval">The length of a window.</param>
internal sealed partial class SampledWorkingSet(IReadOnlyList<ProbeResult> probes, string? method, TimeSpan interval)
    : SampledMeasurement(MemSnoop.Measurements.WorkingSetMeasurement.MeasurementName, [.. probes.Select(probe => StateOf(probe, method))])
{
    private WindowSampler? _sampler;
    private WorkingSetWindows? _windows;
    private WorkingSetRound? _failed;

    internal override IHostedService? Service => _sampler;

    /// <summary>What each method says of this host.</summary>
    internal IReadOnlyList<ProbeResult> Probes => probes;

    /// <summary>The method in use; null when none works.</summary>
    internal string? Method => method;

    /// <summary>What the passes publish; null when there are none.</summary>
    internal WorkingSetWindows? Published => _windows;

    /// <summary>The windows, for who asks on this host; null when none are measured.</summary>
    internal LocalWindows? Windows { get; private set; }

    /// <inheritdoc/>
    internal override ReadingCost Cost => _windows?.Shown().Cost ?? ReadingCost.Unknown;

    /// <inheritdoc/>
    internal override bool? Succeeded
    {
        get => _failed is not null && ReferenceEquals(_failed, _windows?.Shown()) ? false : _windows?.Shown().Succeeded;

        // A callback failed over what this collection shows.
        private protected set => _failed = value == false ? _windows?.Shown() : null;
    }

    /// <inheritdoc/>
    internal override IEnumerable<KeyValuePair<string, long>> ShownSkips => _windows?.Shown().Skips ?? [];

    /// <inheritdoc/>
    internal override double? PassStarted => _sampler is { PassStarted: var started } && !double.IsNaN(started) ? started : null;

    /// <inheritdoc/>
    internal override long MissedPasses => _sampler?.MissedPasses ?? 0;

    /// <inheritdoc/>
    internal override bool IsReady => _sampler?.HasPassed ?? true;

    /// <summary>What was taken up of the idle ages that an exporter before knew; null if the method has none.</summary>
    internal AgesTaken? AgesTaken => _sampler?.AgesTaken;

    /// <summary>When the next window ends, in seconds since the Unix epoch; null when it is not known.</summary>
    internal double? NextWindow => _sampler is { NextWindow: var next } && !double.IsNaN(next) ? next : null;

    /// <summary>Lets the estimator run; it is disposed with this object.</summary>
    /// <param name="estimator">The estimator.</param>
    /// <param name="host">The host.</param>
    /// <param name="watchList">The processes.</param>
    /// <param name="windows">Takes the windows.</param>
    /// <param name="loggers">For what runs in the background.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="isSummed">Whether the windows of a process are summed up with those of others, so that they are needed even if it has no series of its own.</param>
    /// <param name="budget">Bounds what it costs; null where nothing does.</param>
    internal void Run(
        IWorkingSetEstimator estimator, MeasuredHost host, WatchList watchList, WorkingSetWindows windows, ILoggerFactory loggers, TimeProvider clock, Func<TrackedProcess, bool>? isSummed,
        CpuBudget? budget)
    {
        _windows = windows;
        if (estimator.AgesTaken is { AreContinued: true, Share: var share })
        {
            budget?.GoOnWith(share);
        }

        EstimatorTurns turns = new(estimator, host.Paths.Hung);
        _sampler = new WindowSampler(turns, interval, host, watchList, windows, this, clock, loggers.CreateLogger<WindowSampler>(), isSummed, budget);
        _sampler.LimitAge();
        Windows = new LocalWindows(turns, windows, host, clock, () => _sampler.HasPassed);
    }

    /// <summary>Whose memory was to be summed up and cannot be by the method in use, as a word for the log; null when nothing is missing.</summary>
    internal string? WithoutSums { get; init; }

    internal override void Report(ILogger logger)
    {
        string every = Duration.Format(interval);
        foreach (ProbeResult probe in probes)
        {
            if (probe.Method == method)
            {
                Using(logger, probe.Method, every, probe.Explanation);
                Report(logger, AgesTaken);
                if (AgesTaken is not { AreContinued: true })
                {
                    string first = Duration.Format(TimeSpan.FromMilliseconds(Math.Round((_sampler?.FirstWindow ?? interval).TotalMilliseconds)));
                    FirstWindow(logger, first);
                }

                if (WithoutSums is { } whose)
                {
                    NoSums(logger, whose, probe.Method);
                }
            }
            else if (!probe.IsSupported)
            {
                // No reason to worry where another method does it.
                Unavailable(logger, method is null ? LogLevel.Warning : LogLevel.Information, probe.Method, probe.Explanation);
            }
        }
    }

    private static void Report(ILogger logger, AgesTaken? ages)
    {
        if (ages is not { } taken)
        {
            return;
        }

        if (!taken.AreContinued)
        {
            string why = Explain(taken);
            AgesAnew(logger, why);
            return;
        }

        string idle = ByteSize.About(taken.Bytes);
        string gap = Duration.Format(TimeSpan.FromSeconds(Math.Round(taken.Gap.TotalSeconds)));
        AgesContinued(logger, gap, taken.Processes, idle);
        if (taken.LeftOutBytes > 0)
        {
            string leftOut = ByteSize.About(taken.LeftOutBytes);
            AgesLeftOut(logger, leftOut);
        }
    }

    private static string Explain(in AgesTaken taken) => taken.Outcome switch
    {
        AgesOutcome.None => "no exporter has left any, or another program took accessed bits since",
        AgesOutcome.Old => $"they were left {Duration.Format(TimeSpan.FromSeconds(Math.Round(taken.Gap.TotalSeconds)))} ago, which is too long",
        AgesOutcome.OtherBoot => "they were left before the host was started",
        AgesOutcome.OtherVersion => "another version has left them",
        AgesOutcome.OtherConfiguration => "they were left with other areas that count, or another size of pages",
        AgesOutcome.Disturbed => "something has taken accessed bits of the whole host meanwhile",
        _ => "the file of ages is not one that an exporter has left, and was removed",
    };

    private static MethodState StateOf(ProbeResult probe, string? method) => new(
        probe.Method,
        !probe.IsSupported ? MethodState.Unavailable : probe.Method == method ? MethodState.On : MethodState.Available,
        probe.Reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "working sets with method {Method} every {Interval}: {Explanation}")]
    private static partial void Using(ILogger logger, string method, string interval, string explanation);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Whose} have no working sets: the method {Method} sees single processes, and what they share would count twice; memsnoop check says what page_idle needs")]
    private static partial void NoSums(ILogger logger, string whose, string method);

    [LoggerMessage(Level = LogLevel.Information, Message = "the first windows end {First} after the start")]
    private static partial void FirstWindow(ILogger logger, string first);

    [LoggerMessage(Level = LogLevel.Information, Message = "idle ages go on that were left {Gap} ago (processes: {Processes}, idle memory: {Idle})")]
    private static partial void AgesContinued(ILogger logger, string gap, int processes, string idle);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the idle ages of {Bytes} begin anew, since there was no room for them, or no time")]
    private static partial void AgesLeftOut(ILogger logger, string bytes);

    [LoggerMessage(Level = LogLevel.Information, Message = "idle ages begin anew: {Cause}")]
    private static partial void AgesAnew(ILogger logger, string cause);

    [LoggerMessage(Message = "method {Method} does not work here: {Explanation}")]
    private static partial void Unavailable(ILogger logger, LogLevel level, string method, string explanation);

    public override void Dispose()
    {
        _sampler?.Dispose();
        base.Dispose();
    }
}
