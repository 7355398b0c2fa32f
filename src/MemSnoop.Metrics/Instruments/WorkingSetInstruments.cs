using System.Globalization;
using MemSnoop.Metrics.Sampling;
using MemSnoop.WorkingSets;
using static MemSnoop.Metrics.Instruments.InstrumentScope;

namespace MemSnoop.Metrics.Instruments;

/// <summary>What processes touch, and what they leave idle.</summary>
internal static class WorkingSetInstruments
{
    internal static void Create(InstrumentScope scope, IProcessSamples<WorkingSetSample> windows, IdleAges ages)
    {
        scope.Gauge<WorkingSetSample>(
            windows, "memsnoop.process.working_set", "By", "Resident memory that was accessed at least once within the last window.",
            new(KindKey, PageKind.Anon.ToWord(), static (in s) => Clamp(s.AnonBytes)),
            new(KindKey, PageKind.File.ToWord(), static (in s) => Clamp(s.FileBytes)),
            new(KindKey, PageKind.Shmem.ToWord(), static (in s) => Clamp(s.ShmemBytes)));
        scope.Gauge(windows, "memsnoop.process.idle", "By", "Resident memory that was not accessed for at least the age in seconds; age 0 is all resident memory.", Bands(ages));
        scope.Gauge(windows, "memsnoop.process.working_set.window", "s", "True length of the window in which the working set was measured.", static (in s) => (double?)s.Window.TotalSeconds);
        scope.Gauge<WorkingSetSample>(
            windows, "memsnoop.process.untracked", "By", "Memory of which cannot be told whether it is used: hugetlb pages, which are not resident memory to the kernel, and resident pages the idle bitmap does not cover.",
            new("reason", "hugetlb", static (in s) => s.HugetlbBytes is { } bytes ? Clamp(bytes) : null),
            new("reason", "not_tracked", static (in s) => s.UntrackedBytes is { } bytes ? Clamp(bytes) : null));
    }

    private const string KindKey = "kind";

    private static ProcessSeries<WorkingSetSample, long>[] Bands(IdleAges ages)
    {
        var bands = new ProcessSeries<WorkingSetSample, long>[ages.Count];
        for (int i = 0; i < bands.Length; i++)
        {
            int band = i;
            string age = ages[i].TotalSeconds.ToString(CultureInfo.InvariantCulture);
            bands[i] = new("age", age, (in s) => band < s.KnownAges ? Clamp(s.Idle[band]) : null);
        }

        return bands;
    }
}
