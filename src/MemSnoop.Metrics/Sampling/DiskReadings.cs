using MemSnoop.Kernel;
using MemSnoop.Measurements;

namespace MemSnoop.Metrics.Sampling;

/// <summary>The disks, read when a collection needs them and the last reading is too old.</summary>
internal sealed class DiskReadings(DiskIoMeasurement measurement, ReadingSchedule schedule, SampledMeasurement sampled, TimeProvider clock)
{
    private readonly Lock _gate = new();
    private DiskSample[] _disks = [];

    internal DiskSample[] Current()
    {
        lock (_gate)
        {
            if (schedule.IsDue())
            {
                Stint.Beginning beginning = Stint.Begin(clock);
                List<DiskSample> disks = new(_disks.Length);
                ReadOutcome outcome = measurement.Measure(disks);
                sampled.Count(outcome);
                sampled.Finish(beginning.End(), outcome == ReadOutcome.Success);

                // A failed reading leaves no numbers: old ones would look new.
                _disks = outcome == ReadOutcome.Success ? [.. disks] : [];
            }

            return _disks;
        }
    }
}
