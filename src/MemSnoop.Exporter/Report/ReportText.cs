using MemSnoop.Metrics.Configuration;
using System.Globalization;
using System.Text;
using MemSnoop.Analysis;

namespace MemSnoop.Exporter.Report;

/// <summary>The report as text for a terminal.</summary>
internal static class ReportText
{
    private static readonly double[] Shares = [0.5, 0.9, 0.99, 1];

    /// <summary>When and how a trace was recorded, in a line.</summary>
    internal static string Recorded(TraceReport report)
    {
        int samples = report.Trace.Samples.Count;
        string start = report.Trace.Start.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        return $"{start} UTC, {samples} {(samples == 1 ? "sample" : "samples")} in {ReportUnits.Duration(report.Span)}, pages of {report.Trace.PageBytes} bytes";
    }

    internal static string Write(TraceReport report)
    {
        StringBuilder text = new();
        Row(text, "Process", $"{UsageException.OneLine(report.Trace.Comm)} ({report.Trace.Pid})");
        Row(text, "Recorded", Recorded(report));
        Row(text, "Areas", $"{report.Trace.Areas.Count}, {report.Areas.Count} of them with active pages");
        Row(text, "Active", $"peak {Pages(report, report.PeakPages)}, mean {Pages(report, report.MeanPages)}, in total {Pages(report, report.Trace.Active.Count)}");
        WriteCurve(text, report);
        WriteReclaim(text, report);
        WriteReuse(text, report);
        return text.ToString();
    }

    private static void WriteCurve(StringBuilder text, TraceReport report)
    {
        if (report.Curve.Count == 0)
        {
            return;
        }

        text.AppendLine().AppendLine("Working set W(tau) over tau consecutive samples");
        text.AppendLine("       tau        time        mean         max");
        foreach (WorkingSetPoint point in report.Curve)
        {
            text.Append(CultureInfo.InvariantCulture, $"{point.Samples,10}  {ReportUnits.Duration(report.DurationOf(point.Samples)),10}")
                .AppendLine(CultureInfo.InvariantCulture, $"  {Pages(report, point.MeanPages),10}  {Pages(report, point.MaxPages),10}");
        }
    }

    private static void WriteReclaim(StringBuilder text, TraceReport report)
    {
        if (report.Reclaim.Count == 0)
        {
            return;
        }

        text.AppendLine().AppendLine("Idle for so many consecutive samples, and what of it was accessed again");
        text.AppendLine("   samples        time        idle   per second");
        foreach (ReclaimPoint point in report.Reclaim)
        {
            text.Append(CultureInfo.InvariantCulture, $"{point.Samples,10}  {ReportUnits.Duration(report.DurationOf(point.Samples)),10}")
                .AppendLine(CultureInfo.InvariantCulture, $"  {Pages(report, point.IdlePages),10}  {Pages(report, point.ReaccessedPagesPerSecond),11}");
        }
    }

    private static void WriteReuse(StringBuilder text, TraceReport report)
    {
        text.AppendLine().AppendLine($"Reuse distance: {ReportUnits.Count(report.Reuse.Reuses)} reuses, {ReportUnits.Count(report.Reuse.ColdMisses)} cold misses");
        if (report.Reuse.Reuses == 0)
        {
            return;
        }

        text.AppendLine("     reuses  within at least     at most");
        foreach (double share in Shares)
        {
            string least = Pages(report, report.Reuse.Lower.Quantile(share));
            string most = Pages(report, report.Reuse.Upper.Quantile(share));
            text.AppendLine(CultureInfo.InvariantCulture, $"{share * 100,9:F0} %  {least,15}  {most,10}");
        }
    }

    private static string Pages(TraceReport report, double pages) => ReportUnits.Bytes(report.BytesOf(pages));

    private static void Row(StringBuilder text, string name, string value) => text.Append(name.PadRight(10)).AppendLine(value);
}
