using MemSnoop.Metrics.Sampling;
using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.Tests.Sampling;

/// <summary>What a scrape sees of windows that end while it is under way.</summary>
public sealed class WorkingSetWindowsTests : IDisposable
{
    private readonly CollectionNumber _collections = new(TimeProvider.System);
    private readonly WorkingSetWindows _windows;
    private readonly WatchedProcess _process;

    public WorkingSetWindowsTests()
    {
        _windows = new WorkingSetWindows(_collections, new SampledMeasurement("working-set"));
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(new KernelPaths(), new HandleBudget(0), Environment.ProcessId, out TrackedProcess? self));
        _process = new WatchedProcess(self!, ProcessLabels.None);
    }

    [Fact]
    public void A_window_that_ends_in_a_collection_shows_in_the_next()
    {
        Pass(100);
        _collections.Begin();
        Assert.Equal(100UL, Shown());

        Pass(200);
        Assert.Equal(100UL, Shown());

        _collections.Begin();
        Assert.Equal(200UL, Shown());
    }

    [Fact]
    public void A_process_that_a_pass_could_not_measure_has_no_number()
    {
        Pass(100);
        _windows.Begin([_process], isNew: true);
        _windows.Skipped(_process.Process, ReadOutcome.Denied);
        _windows.Publish(ReadingCost.Unknown, succeeded: true);
        _collections.Begin();
        Assert.Equal(0, _windows.Current().Count);
    }

    private void Pass(ulong anonBytes)
    {
        _windows.Begin([_process], isNew: true);
        _windows.Completed(_process.Process, new WorkingSetSample
        {
            Window = TimeSpan.FromSeconds(1),
            ResidentBytes = anonBytes,
            AnonBytes = anonBytes,
            FileBytes = 0,
            ShmemBytes = 0,
            Idle = default,
            KnownAges = 1,
        });
        _windows.Publish(ReadingCost.Unknown, succeeded: true);
    }

    private ulong Shown() => Assert.Single(_windows.Current().ToArray()).Sample.AnonBytes;

    public void Dispose() => _process.Process.Dispose();
}
