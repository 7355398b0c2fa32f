using MemSnoop.Analysis;
using MemSnoop.Paging;
using MemSnoop.Tracing;

namespace MemSnoop.Exporter.Report;

/// <summary>A trace and all that the report says about it, in the trace's units.</summary>
internal sealed class TraceReport
{
    internal TraceReport(PageTrace trace, PageTraceLoss? loss)
    {
        Trace = trace;
        Loss = loss;
        HeatMap = HeatMap.Of(trace);
        Curve = WorkingSetCurve.Of(trace);
        Reuse = ReuseDistance.Of(trace);
        Reclaim = ReclaimCurve.Of(trace);
        Areas = ActiveArea.Of(trace);
        foreach (PageSample sample in trace.Samples)
        {
            PeakPages = Math.Max(PeakPages, sample.Active.Count);
            MeanPages += (double)sample.Active.Count / trace.Samples.Count;
        }
    }

    internal PageTrace Trace { get; }

    internal PageTraceLoss? Loss { get; }

    internal HeatMap HeatMap { get; }

    internal IReadOnlyList<WorkingSetPoint> Curve { get; }

    internal ReuseDistance Reuse { get; }

    internal IReadOnlyList<ReclaimPoint> Reclaim { get; }

    internal IReadOnlyList<ActiveArea> Areas { get; }

    internal ulong PeakPages { get; }

    internal double MeanPages { get; }

    /// <summary>From the beginning of the first window to the end of the last.</summary>
    internal TimeSpan Span => Trace.Samples is [PageSample first, .., PageSample last] ? last.Offset - first.Offset + first.Window
        : Trace.Samples is [PageSample only] ? only.Window : TimeSpan.Zero;

    /// <summary>How long so many samples in a row take, on average.</summary>
    internal TimeSpan DurationOf(int samples) => Trace.Samples.Count == 0 ? TimeSpan.Zero : Span * ((double)samples / Trace.Samples.Count);

    internal double BytesOf(double pages) => pages * Trace.PageBytes;
}
