using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Paging;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Tracing;

/// <summary>
/// Which pages a process accessed since the measurement before, one by one: the idle bitmap's answer before it is summed
/// up. Exact where <see cref="PageIdleEstimator"/> is; of a huge page all 4 kB pages are active when one is. Preparing
/// begins the first window. Needs a kernel with idle page tracking, and root.
/// </summary>
public sealed class ActivePagesMeasurement : IMeasurement<PageSample>, IDisposable
{
    /// <summary>The measurement's name.</summary>
    public const string MeasurementName = "active-pages";

    private readonly ActivePageRecorder _recorder = new();
    private readonly LastWindow _last = new();
    private readonly TrackedProcess[] _process = new TrackedProcess[1];
    private readonly TimeProvider _clock;
    private readonly PageIdleEstimator _estimator;
    private ReadOutcome _outcome = ReadOutcome.ProcessGone;
    private long _started;

    private ActivePagesMeasurement(KernelPaths paths, EstimatorOptions options, TimeProvider clock)
    {
        _clock = clock;
        _estimator = PageIdleEstimator.Open(paths, options with { Parts = 1, GroupOf = null }, clock, _recorder);
        WorkingSet = new SameWindow(this);
    }

    /// <inheritdoc/>
    public string Name => MeasurementName;

    /// <summary>
    /// The working set of the same windows, as a measurement to be taken after this one: a pass of its own would end the
    /// window that this one's had just begun.
    /// </summary>
    public IMeasurement<WorkingSetSample> WorkingSet { get; }

    /// <summary>Whether active pages can be told here, or what is missing.</summary>
    public static ProbeResult Probe(KernelPaths paths) => PageIdleEstimator.Probe(paths);

    /// <summary>Takes the idle bitmap for as long as the measurement lives.</summary>
    /// <param name="paths">Where the kernel files are. Default value: /proc and /sys.</param>
    /// <param name="areas">Which areas count. Default value: all.</param>
    /// <param name="clock">The clock. Default value: the system's.</param>
    /// <exception cref="IOException">The bitmap cannot be opened, or another program holds it; <see cref="Probe"/> says more.</exception>
    public static ActivePagesMeasurement Open(KernelPaths? paths = null, AreaFilter? areas = null, TimeProvider? clock = null) =>
        new(paths ?? KernelPaths.Default, new EstimatorOptions { Areas = areas ?? AreaFilter.All }, clock ?? TimeProvider.System);

    /// <inheritdoc/>
    public ReadOutcome Prepare(TrackedProcess process)
    {
        _started = _clock.GetTimestamp();
        return Pass(process);
    }

    /// <inheritdoc/>
    public ReadOutcome Measure(TrackedProcess process, out PageSample sample)
    {
        TimeSpan offset = _clock.GetElapsedTime(_started);
        _outcome = Pass(process);
        sample = _recorder.ToSample(offset, _last.Sample.Window);

        // An exec begins a new address space, and a new window.
        return _outcome = _outcome != ReadOutcome.Success || _last.IsComplete ? _outcome : ReadOutcome.ProcessGone;
    }

    private ReadOutcome Pass(TrackedProcess process)
    {
        _process[0] = process;
        _last.Begin();
        _estimator.Pass(_process, 0, _last);
        return _last.Outcome;
    }

    /// <summary>Gives the bitmap back.</summary>
    public void Dispose() => _estimator.Dispose();

    private sealed class SameWindow(ActivePagesMeasurement pages) : IMeasurement<WorkingSetSample>
    {
        public string Name => WorkingSetMeasurement.MeasurementName;

        public ReadOutcome Measure(TrackedProcess process, out WorkingSetSample sample)
        {
            sample = pages._last.Sample;
            return pages._outcome;
        }
    }
}
