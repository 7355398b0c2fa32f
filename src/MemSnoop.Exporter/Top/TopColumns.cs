using System.Globalization;
using MemSnoop.Exporter.Terminal;
using MemSnoop.Exporter.View;

namespace MemSnoop.Exporter.Top;

/// <summary>A column of the table.</summary>
/// <param name="Heading">Above it.</param>
/// <param name="Width">Without the gap.</param>
/// <param name="IsText">Whether it begins at the left, as text does.</param>
/// <param name="Sort">What it is sorted by; null if it cannot be.</param>
/// <param name="Show">What it shows of a row.</param>
internal sealed record TopColumn(string Heading, int Width, bool IsText, SortColumn? Sort, Func<RowView, (string Text, Ink Ink)> Show)
{
    /// <summary>Between two columns.</summary>
    internal const int Gap = 2;

    // The kernel's names have at most 15 bytes; those of containers are longer.
    private const int NameWidth = 15;
    private const int LongestName = 48;
    private const double Much = 0.5;

    private static readonly TopColumn Pid = new("PID", 7, false, SortColumn.Pid, static row => Plain(row.Pid?.ToString(CultureInfo.InvariantCulture)));
    private static readonly TopColumn Members = new("PROCS", 5, false, null, static row => Plain(row.Processes?.ToString(CultureInfo.InvariantCulture)));
    private static readonly TopColumn Resident = new("RESIDENT", 9, false, SortColumn.Resident, static row => Plain(ShortNumber.Bytes(row.ResidentBytes)));
    private static readonly TopColumn Used = new("USED", 10, false, SortColumn.Used, static row =>
        row.UsedBytes is { } used ? Plain((row.ErrorBytes is null ? "" : "~") + ShortNumber.Bytes(used)) : row.UpperBytes is { } most ? ($"<={ShortNumber.Bytes(most)}", Ink.Warm) : Plain(null));

    private static readonly TopColumn Idle = new("IDLE", 9, false, SortColumn.Idle, static row => Plain(row.IdleBytes is { } idle ? ShortNumber.Bytes(idle) : null));
    private static readonly TopColumn Share = new("IDLE%", 6, false, SortColumn.IdleShare, static row =>
        row.IdleShare is { } share ? (ShortNumber.Percent(share, 1), share > Much ? Ink.Warm : Ink.Plain) : Plain(null));

    private static readonly TopColumn Growth = new("GROWTH/h", 10, false, SortColumn.Growth, static row => Plain(row.GrowthBytesPerHour is { } growth ? Signed(growth) : null));
    private static readonly TopColumn Place = new("CONTAINER OR UNIT", 24, true, null, static row =>
        Plain(row.ContainerId is { } id ? row.Pod is null ? id[..Math.Min(12, id.Length)] : $"{row.Namespace}/{row.Pod}/{row.Container}" : row.Unit));

    /// <summary>As many columns as there is room for, those that matter most first. What is left over goes to the name.</summary>
    internal static IReadOnlyList<TopColumn> For(TopTable table, int width)
    {
        List<TopColumn> columns = [table == TopTable.Processes ? Pid : Members, Name(NameWidth), Resident, Used, Share, Idle, Growth];
        if (table == TopTable.Processes)
        {
            columns.Add(Place);
        }

        while (columns.Count > 3 && WidthOf(columns) > width)
        {
            columns.RemoveAt(columns.Count - 1);
        }

        int spare = width - WidthOf(columns);
        columns[1] = Name(Math.Clamp(NameWidth + spare, 4, table == TopTable.Processes ? 24 : LongestName));
        return columns;
    }

    /// <summary>A change with its sign.</summary>
    internal static string Signed(double bytes) => (bytes < 0 ? "-" : bytes > 0 ? "+" : "") + ShortNumber.Bytes(Math.Abs(bytes));

    private static TopColumn Name(int width) => new("NAME", width, true, SortColumn.Name, static row => Plain(SafeText.Of(row.Name)));

    private static int WidthOf(List<TopColumn> columns) => columns.Sum(static column => column.Width + Gap) - Gap;

    private static (string Text, Ink Ink) Plain(string? text) => text is null ? ("-", Ink.Faint) : (SafeText.Of(text), Ink.Plain);
}
