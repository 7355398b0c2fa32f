using MemSnoop.Processes;
using MemSnoop.Timing;
using MemSnoop.WorkingSets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Metrics.Sampling;

/// <summary>Runs the passes: one at each multiple of the interval, or its parts spread evenly over the interval.</summary>
internal sealed partial class WindowSampler(
    IWorkingSetEstimator estimator,
    TimeSpan interval,
    WatchList watchList,
    WorkingSetWindows windows,
    SampledMeasurement sampled,
    TimeProvider clock,
    ILogger<WindowSampler> logger) : BackgroundService
{
    private readonly Lock _pass = new();
    private TrackedProcess[] _processes = [];
    private Stint _passed;
    private Type? _lastFailure;
    private bool _isDisposed;

    /// <summary>One part of a pass, apart from its schedule.</summary>
    internal void SampleOnce(int part = 0)
    {
        lock (_pass)
        {
            if (!_isDisposed)
            {
                Pass(part);
            }
        }
    }

    private void Pass(int part)
    {
        Stint.Beginning beginning = Stint.Begin(clock);
        WatchedProcess[] watched = watchList.Refresh();
        if (_processes.Length != watched.Length)
        {
            _processes = new TrackedProcess[watched.Length];
        }

        for (int i = 0; i < watched.Length; i++)
        {
            _processes[i] = watched[i].Process;
        }

        windows.Begin(watched, part == 0);
        estimator.Pass(_processes, part, windows);
        _passed = part == 0 ? beginning.End() : _passed + beginning.End();
        if (part == estimator.Parts - 1)
        {
            windows.Publish();
            sampled.Finish(_passed, succeeded: true);
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.Run(() => RunAsync(stoppingToken), stoppingToken);

    private async Task RunAsync(CancellationToken stopping)
    {
        Schedule schedule = new(interval / estimator.Parts, clock);
        for (int part = 0; !stopping.IsCancellationRequested; part = (part + 1) % estimator.Parts)
        {
            try
            {
                SampleOnce(part);
                _lastFailure = null;
            }
#pragma warning disable CA1031 // One failed pass, whatever the cause, must not end later passes or the readings.
            catch (Exception error)
#pragma warning restore CA1031
            {
                Fail(error);
            }

            await schedule.WaitForNextTickAsync(stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            sampled.Miss(schedule.Skipped);
        }
    }

    private void Fail(Exception error)
    {
        windows.Begin([], true);
        windows.Publish();
        sampled.Errors.Add("failed");
        sampled.Finish(default, succeeded: false);

        // One line per cause, not one per pass.
        if (_lastFailure != error.GetType())
        {
            _lastFailure = error.GetType();
            PassFailed(error.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "the working-set pass failed, and there are no working sets until one succeeds: {Cause}")]
    private partial void PassFailed(string cause);

    /// <summary>
    /// Ends the passes and gives back what the estimator holds, such as the lock of the bitmap. Waits for a pass that is
    /// under way: what it reads must not be closed behind its back.
    /// </summary>
    public override void Dispose()
    {
        base.Dispose();
        lock (_pass)
        {
            _isDisposed = true;
            estimator.Dispose();
        }
    }
}
