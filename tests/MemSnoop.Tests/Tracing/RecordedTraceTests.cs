using MemSnoop.Analysis;
using MemSnoop.Tracing;

namespace MemSnoop.Tests.Tracing;

/// <summary>Traces that a kernel with idle page tracking gave: they show what the programs did, and stay readable whatever becomes of the format.</summary>
public class RecordedTraceTests
{
    private const ulong ArrayBytes = 2_000_000 * sizeof(double);

    [Fact]
    public void Single_is_idle_then_uses_its_array_then_is_idle() => Assert.Equal("..####..", Use("single.pages", 0x7fa009200000));

    [Fact]
    public void Double_uses_one_array_after_the_other()
    {
        Assert.Equal("..####.....", Use("double.pages", 0x7f1a1a000000));
        Assert.Equal(".....####..", Use("double.pages", 0x7f1a19000000));
    }

    [Fact]
    public void Both_arrays_are_reused_over_less_than_all_of_both()
    {
        PageTrace trace = Load("double.pages");
        ReuseDistance reuse = ReuseDistance.Of(trace);
        Assert.Equal(trace.Active.Count, reuse.ColdMisses);
        Assert.Equal(trace.Samples.Aggregate(0UL, static (sum, sample) => sum + sample.Active.Count), reuse.Reuses + reuse.ColdMisses);
        Assert.InRange(reuse.Upper.Quantile(1), (ulong)(2 * ArrayBytes / 4096 * 0.98), trace.Active.Count - 1);
        WorkingSetPoint all = WorkingSetCurve.Of(trace)[^1];
        Assert.Equal(new WorkingSetPoint(11, trace.Active.Count, trace.Active.Count), all);
    }

    /// <summary>By sample: '#' where an array was active, '.' where it was not, '?' for anything between.</summary>
    private static string Use(string file, ulong array)
    {
        PageTrace trace = Load(file);
        PageBitmap bitmap = trace.Bitmap(new TracedArea(array, array + ArrayBytes, default, ""));
        return string.Concat(Enumerable.Range(0, bitmap.Samples).Select(sample =>
        {
            int active = Enumerable.Range(0, (int)bitmap.Pages).Count(page => bitmap[(ulong)page, sample]);
            // Pages that wait in a processor's queue, some tens, are on no list of the kernel and cannot be seen.
            return active >= (int)bitmap.Pages * 0.98 ? '#' : active == 0 ? '.' : '?';
        }));
    }

    private static PageTrace Load(string file)
    {
        PageTrace trace = PageTrace.Load(Path.Combine(AppContext.BaseDirectory, "Fixtures", "traces", file), out PageTraceLoss? loss);
        Assert.Null(loss);
        return trace;
    }
}
