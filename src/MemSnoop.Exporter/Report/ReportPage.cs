using System.Text;

namespace MemSnoop.Exporter.Report;

/// <summary>
/// The report as one self-contained HTML page, which needs no network. Its parts are plain files in <c>Page</c>.
/// </summary>
internal static class ReportPage
{
    private static readonly string[] Parts = ["uPlot.LICENSE", "uPlot.css", "uPlot.js", "base.css", "report.css", "format.js", "charts.js", "heat-map.js", "report.js"];

    internal static void Write(Stream stream, TraceReport report)
    {
        string page = Resource("report.html");
        foreach (string part in Parts)
        {
            page = Insert(page, part, Resource(part).TrimEnd());
        }

        // Last: it contains names of the traced program, which might look like a placeholder.
        page = Insert(page, "data", ReportData.Write(report));
        stream.Write(Encoding.UTF8.GetBytes(page));
    }

    private static string Insert(string page, string part, string content)
    {
        string place = $"{{{{{part}}}}}";
        int index = page.IndexOf(place, StringComparison.Ordinal);
        return string.Concat(page.AsSpan(0, index), content, page.AsSpan(index + place.Length));
    }

    private static string Resource(string name)
    {
        using Stream stream = typeof(ReportPage).Assembly.GetManifestResourceStream("page/" + name)!;
        using StreamReader reader = new(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
