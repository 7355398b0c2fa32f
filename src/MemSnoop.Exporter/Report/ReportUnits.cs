using System.Globalization;

namespace MemSnoop.Exporter.Report;

/// <summary>Numbers of the report for people: three significant digits and a unit.</summary>
internal static class ReportUnits
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB"];

    internal static string Bytes(double bytes)
    {
        int unit = 0;
        for (; bytes >= 1024 && unit < Units.Length - 1; unit++)
        {
            bytes /= 1024;
        }

        string format = unit == 0 || bytes >= 100 ? "F0" : bytes >= 10 ? "F1" : "F2";
        return $"{bytes.ToString(format, CultureInfo.InvariantCulture)} {Units[unit]}";
    }

    internal static string Duration(TimeSpan time) => time switch
    {
        { TotalHours: >= 1.5 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalHours:F2} h"),
        { TotalMinutes: >= 1.5 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:F1} min"),
        { TotalSeconds: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:F2} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:F0} ms"),
    };

    internal static string Count(ulong number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
