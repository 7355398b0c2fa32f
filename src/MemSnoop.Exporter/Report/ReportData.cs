using MemSnoop.Metrics;
using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using MemSnoop.Analysis;
using MemSnoop.Tracing;

namespace MemSnoop.Exporter.Report;

/// <summary>The report as JSON, for the scripts of the page. The writer's default encoder leaves no character in it that could end a script element.</summary>
internal static class ReportData
{
    // As many points as a chart of this width can show.
    private const int ChartPoints = 600;

    internal static string Write(TraceReport report)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            json.WriteString("version", BuildInfo.Version);
            json.WriteString("comm", report.Trace.Comm);
            json.WriteNumber("pid", report.Trace.Pid);
            json.WriteString("recorded", ReportText.Recorded(report));
            json.WriteString("loss", report.Loss?.ToString());
            json.WriteNumber("pageBytes", report.Trace.PageBytes);
            WriteFacts(json, report);
            WriteAreas(json, report);
            WriteHeat(json, report);
            WriteCurve(json, report);
            WriteReclaim(json, report);
            WriteReuse(json, report);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteFacts(Utf8JsonWriter json, TraceReport report)
    {
        (string Term, string Value)[] facts =
        [
            ("Samples", report.Trace.Samples.Count.ToString(CultureInfo.InvariantCulture)),
            ("Span", ReportUnits.Duration(report.Span)),
            ("Peak active", ReportUnits.Bytes(report.BytesOf(report.PeakPages))),
            ("Mean active", ReportUnits.Bytes(report.BytesOf(report.MeanPages))),
            ("Active in total", ReportUnits.Bytes(report.BytesOf(report.Trace.Active.Count))),
            ("Reuses", ReportUnits.Count(report.Reuse.Reuses)),
            ("Cold misses", ReportUnits.Count(report.Reuse.ColdMisses)),
        ];
        json.WriteStartArray("facts");
        foreach ((string term, string value) in facts)
        {
            json.WriteStartArray();
            json.WriteStringValue(term);
            json.WriteStringValue(value);
            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    private static void WriteAreas(Utf8JsonWriter json, TraceReport report)
    {
        json.WriteStartArray("areas");
        foreach (ActiveArea active in report.Areas)
        {
            json.WriteStartObject();
            json.WriteString("start", active.Area.Start.ToString("x", CultureInfo.InvariantCulture));
            json.WriteString("end", active.Area.End.ToString("x", CultureInfo.InvariantCulture));
            json.WriteString("permissions", active.Area.PermissionLetters);
            json.WriteString("name", active.Area.Name);
            json.WriteNumber("most", report.BytesOf(active.MostPages));
            json.WriteNumber("all", report.BytesOf(active.AllPages));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteHeat(Utf8JsonWriter json, TraceReport report)
    {
        HeatMap map = report.HeatMap;
        json.WriteStartObject("heat");
        json.WriteNumber("rows", map.Rows);
        json.WriteNumber("columns", map.Columns);
        json.WriteNumber("pagesPerRow", map.PagesPerRow);
        json.WriteStartArray("bands");
        foreach (HeatMapBand band in map.Bands)
        {
            json.WriteStartObject();
            json.WriteString("name", band.Area.Name);
            json.WriteString("permissions", band.Area.PermissionLetters);
            json.WriteNumber("page", band.FirstPage);
            json.WriteNumber("pages", band.Pages);
            json.WriteNumber("row", band.FirstRow);
            json.WriteNumber("rows", band.Rows);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        IReadOnlyList<PageSample> samples = report.Trace.Samples;
        WriteNumbers(json, "from", Columns(map).Select(column => Seconds(samples[column].Offset - samples[column].Window)));
        WriteNumbers(json, "to", Columns(map).Select(column => Seconds(samples[Math.Min(column + map.SamplesPerColumn, samples.Count) - 1].Offset)));
        json.WriteString("cells", Cells(map));
        json.WriteEndObject();
    }

    /// <summary>The first sample of each column.</summary>
    private static IEnumerable<int> Columns(HeatMap map) => Enumerable.Range(0, map.Columns).Select(column => column * map.SamplesPerColumn);

    /// <summary>A byte for each cell, column by column: 0 is idle, 1 to 255 is the share of active pages. A small share is never 0.</summary>
    private static string Cells(HeatMap map)
    {
        using MemoryStream packed = new();
        using (ZLibStream deflate = new(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            byte[] cells = new byte[map.Rows];
            for (int column = 0; column < map.Columns; column++)
            {
                for (int row = 0; row < cells.Length; row++)
                {
                    float share = map.Share(row, column);
                    cells[row] = share > 0 ? (byte)(1 + Math.Round(Math.Min(share, 1) * 254)) : (byte)0;
                }

                deflate.Write(cells);
            }
        }

        return Convert.ToBase64String(packed.GetBuffer().AsSpan(0, (int)packed.Length));
    }

    private static void WriteCurve(Utf8JsonWriter json, TraceReport report)
    {
        json.WriteStartObject("curve");
        WriteNumbers(json, "seconds", report.Curve.Select(point => Seconds(report.DurationOf(point.Samples))));
        WriteNumbers(json, "mean", report.Curve.Select(point => Math.Round(report.BytesOf(point.MeanPages))));
        WriteNumbers(json, "most", report.Curve.Select(point => report.BytesOf(point.MaxPages)));
        json.WriteEndObject();
    }

    private static void WriteReclaim(Utf8JsonWriter json, TraceReport report)
    {
        json.WriteStartObject("reclaim");
        WriteNumbers(json, "seconds", report.Reclaim.Select(point => Seconds(report.DurationOf(point.Samples))));
        WriteNumbers(json, "idle", report.Reclaim.Select(point => Math.Round(report.BytesOf(point.IdlePages))));
        WriteNumbers(json, "again", report.Reclaim.Select(point => Math.Round(report.BytesOf(point.ReaccessedPagesPerSecond))));
        json.WriteEndObject();
    }

    private static void WriteReuse(Utf8JsonWriter json, TraceReport report)
    {
        ulong[] distances = Distances(report.Reuse);
        json.WriteStartObject("reuse");
        // A least-recently-used memory holds a page over a distance when it has room for one page more than that.
        WriteNumbers(json, "memory", distances.Select(distance => report.BytesOf(distance + 1.0)));
        WriteNumbers(json, "lower", distances.Select(distance => Math.Round(report.Reuse.Lower.FractionAtMost(distance), 6)));
        WriteNumbers(json, "upper", distances.Select(distance => Math.Round(report.Reuse.Upper.FractionAtMost(distance), 6)));
        json.WriteEndObject();
    }

    /// <summary>Where the chart has points: at each distance, or evenly on its logarithmic scale if there are too many.</summary>
    private static ulong[] Distances(ReuseDistance reuse)
    {
        if (reuse.Reuses == 0)
        {
            return [];
        }

        SortedSet<ulong> distances = [0];
        ulong greatest = reuse.Upper.Entries[^1].Distance;
        if (reuse.Lower.Entries.Length + reuse.Upper.Entries.Length <= ChartPoints)
        {
            foreach (DistanceCount entry in (DistanceCount[])[.. reuse.Lower.Entries, .. reuse.Upper.Entries])
            {
                distances.Add(entry.Distance);
            }
        }
        else
        {
            for (int point = 0; point <= ChartPoints; point++)
            {
                distances.Add((ulong)(Math.Pow(greatest + 1.0, (double)point / ChartPoints) - 1));
            }

            distances.Add(greatest);
        }

        return [.. distances];
    }

    private static double Seconds(TimeSpan time) => Math.Round(time.TotalSeconds, 6);

    private static void WriteNumbers(Utf8JsonWriter json, string name, IEnumerable<double> numbers)
    {
        json.WriteStartArray(name);
        foreach (double number in numbers)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }
}
