using System.Runtime.InteropServices;
using System.Text;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Paging;
using MemSnoop.Processes;
using MemSnoop.ProcFs;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Tracing;

/// <summary>
/// The pages that a process accessed since the measurement before: the idle bitmap's result for each page. Exact where <see cref="PageIdleEstimator"/> is; all
/// 4 kB pages of a huge page are active if one is. Preparing begins the first window. Needs a kernel with idle page tracking, and root.
/// </summary>
public sealed class ActivePagesMeasurement : IMeasurement<PageSample>, IDisposable
{
    /// <summary>The measurement's name.</summary>
    public const string MeasurementName = "active-pages";

    private readonly ActivePageRecorder _recorder = new();
    private readonly TimeProvider _clock;
    private readonly WorkingSetMeasurement _windows;
    private WorkingSetSample _window;
    private ReadOutcome _outcome = ReadOutcome.ProcessGone;
    private long _started;

    private ActivePagesMeasurement(KernelPaths paths, EstimatorOptions options, TimeProvider clock)
    {
        _clock = clock;
        _windows = new WorkingSetMeasurement(PageIdleEstimator.Open(paths, options, clock, _recorder));
        WorkingSet = new SameWindow(this);
    }

    /// <inheritdoc/>
    public string Name => MeasurementName;

    /// <summary>
    /// The working set of the same windows, as a measurement to be taken after this one: a separate pass would end the window that this one has just begun.
    /// </summary>
    public IMeasurement<WorkingSetSample> WorkingSet { get; }

    /// <summary>Whether active pages can be measured on this host, or what is missing.</summary>
    public static ProbeResult Probe(KernelPaths paths) => PageIdleEstimator.Probe(paths);

    /// <summary>Holds the idle bitmap until the measurement is disposed.</summary>
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
        return _windows.Prepare(process);
    }

    /// <inheritdoc/>
    public ReadOutcome Measure(TrackedProcess process, out PageSample sample)
    {
        TimeSpan offset = _clock.GetElapsedTime(_started);
        _outcome = _windows.Measure(process, out _window);
        sample = _recorder.ToSample(offset, _window.Window);
        return _outcome;
    }

    /// <summary>Releases the bitmap.</summary>
    public void Dispose() => _windows.Dispose();

    private sealed class SameWindow(ActivePagesMeasurement pages) : IMeasurement<WorkingSetSample>
    {
        public string Name => WorkingSetMeasurement.MeasurementName;

        public ReadOutcome Measure(TrackedProcess process, out WorkingSetSample sample)
        {
            sample = pages._window;
            return pages._outcome;
        }
    }
}

/// <summary>Collects the areas and active pages of one process during a walk. Unchanged areas cost nothing from sample to sample.</summary>
internal sealed class ActivePageRecorder : IActivePages
{
    private readonly PageRangeSet.Builder _pages = new();
    private readonly List<TracedArea> _areas = [];
    private TracedArea[] _last = [];
    private ulong _end;

    public void Begin()
    {
        _areas.Clear();
        _pages.Clear();
        _end = 0;
    }

    public void AddArea(in MapsEntry area)
    {
        // Mostly the area at this place in the last sample, so its name can be reused.
        if (_areas.Count < _last.Length && IsSame(_last[_areas.Count], area))
        {
            _areas.Add(_last[_areas.Count]);
            return;
        }

        _areas.Add(new TracedArea(area.Start, area.End, area.Permissions, Encoding.UTF8.GetString(area.Path)));
    }

    public void AddActive(ulong firstPage, int count)
    {
        // An area that grew downwards while maps was read is listed again, and its pages come twice.
        ulong end = firstPage + (ulong)count;
        ulong first = Math.Max(firstPage, _end);
        if (first < end)
        {
            _pages.Add(first, end - first);
            _end = end;
        }
    }

    internal PageSample ToSample(TimeSpan offset, TimeSpan window)
    {
        if (!CollectionsMarshal.AsSpan(_areas).SequenceEqual(_last))
        {
            _last = [.. _areas];
        }

        return new PageSample(offset, window, _last, _pages.Build());
    }

    private static bool IsSame(in TracedArea last, in MapsEntry area) =>
        last.Start == area.Start
        && last.End == area.End
        && last.Permissions == area.Permissions
        && Encoding.UTF8.GetByteCount(last.Name) == area.Path.Length
        && IsText(last.Name, area.Path);

    private static bool IsText(string text, ReadOnlySpan<byte> bytes)
    {
        // Longer paths, which are rare, are allocated each time.
        Span<byte> encoded = stackalloc byte[512];
        return Encoding.UTF8.TryGetBytes(text, encoded, out int length) && bytes.SequenceEqual(encoded[..length]);
    }
}
