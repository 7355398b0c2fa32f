using System.Diagnostics.Metrics;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Metrics;
using MemSnoop.Metrics.Instruments;
using MemSnoop.Processes;

namespace MemSnoop.Exporter.Diagnostics;

/// <summary>
/// The exporter's own process, under the names that Prometheus client libraries use. Read from the exporter's own /proc: in the host's, which --procfs may
/// name, it has another pid.
/// </summary>
internal sealed class SelfMeter : IDisposable
{
    private readonly KernelUnits _units = KernelUnits.Current;
    private readonly TrackedProcess? _self;
    private readonly KernelBuffer _buffer = new();
    private readonly SystemClock _clock;
    private readonly OpenFilesMeasurement _openFiles = new();

    /// <summary>The meter's name.</summary>
    internal const string MeterName = "MemSnoop.Exporter";

    /// <param name="budget">The process's budget for file handles; null for a meter without instruments.</param>
    internal SelfMeter(HandleBudget? budget)
    {
        KernelPaths own = new();
        _clock = new SystemClock(own);
        if (budget is null)
        {
            return;
        }

        TrackedProcess.TryTrack(own, budget, Environment.ProcessId, out _self);
        Meter.CreateObservableCounter("process.cpu", () => Look(static (self, units) => units.Seconds(self.Stat.UserTicks + self.Stat.SystemTicks)), "s", "CPU time of the exporter itself.");
        Meter.CreateObservableGauge("process.resident_memory", () => Look(static (self, units) => InstrumentScope.Clamp(units.Bytes(self.Stat.ResidentPages))), "By", "Resident memory of the exporter itself.");
        Meter.CreateObservableGauge("process.virtual_memory", () => Look(static (self, _) => InstrumentScope.Clamp(self.Stat.VirtualBytes)), "By", "Address space of the exporter itself.");
        Meter.CreateObservableGauge("process.start_time", StartTime, "s", "When the exporter started, in seconds since the Unix epoch.");
        Meter.CreateObservableGauge("process.open_fds", OpenFiles, description: "Open file descriptors of the exporter itself.");
        Meter.CreateObservableGauge("process.max_fds", MaxFiles, description: "Maximum number of open file descriptors of the exporter itself.");
    }

    private IEnumerable<Measurement<T>> Look<T>(Func<TrackedProcess, KernelUnits, T> select)
        where T : struct
    {
        if (_self is not null && _self.Look(_buffer, out _) == ReadOutcome.Success)
        {
            yield return new Measurement<T>(select(_self, _units));
        }
    }

    /// <summary>When the exporter started, in seconds since the Unix epoch, if that is known: the kernel counts its CPU time since then.</summary>
    internal double? Began => _self is not null && !double.IsNaN(_clock.BootTimeSeconds) ? _clock.BootTimeSeconds + _units.Seconds(_self.Identity.StartTicks) : null;

    private IEnumerable<Measurement<double>> StartTime()
    {
        if (Began is { } began)
        {
            yield return new Measurement<double>(began);
        }
    }

    private IEnumerable<Measurement<long>> OpenFiles()
    {
        if (_self is not null && _openFiles.Measure(_self, out OpenFilesSample files) == ReadOutcome.Success)
        {
            yield return new Measurement<long>(InstrumentScope.Clamp(files.Count));
        }
    }

    private static IEnumerable<Measurement<long>> MaxFiles()
    {
        if (Libc.GetResourceLimit(Libc.ResourceOpenFiles, out Libc.ResourceLimit limit) == 0)
        {
            yield return new Measurement<long>(InstrumentScope.Clamp(limit.Soft));
        }
    }

    internal Meter Meter { get; } = new(MeterName, BuildInfo.Version);

    public void Dispose()
    {
        Meter.Dispose();
        _self?.Dispose();
    }
}
