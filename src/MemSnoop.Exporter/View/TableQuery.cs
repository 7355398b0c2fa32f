using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace MemSnoop.Exporter.View;

/// <summary>Which rows of the tables are wanted: <c>?top=N&amp;sort=COLUMN&amp;search=TEXT</c>.</summary>
/// <param name="Top">How many rows of each table.</param>
/// <param name="Sort">By which column: names rising, numbers falling, what is not known last.</param>
/// <param name="Search">What the name, the pid, the container, the pod, the group or the unit must contain, in whatever case; empty for all.</param>
internal sealed record TableQuery(int Top, SortColumn Sort, string Search)
{
    /// <summary>More than anybody reads, and as many as an exporter watches.</summary>
    internal const int MostRows = 10_000;

    private const int LongestSearch = 256;

    /// <summary>All rows, the largest first.</summary>
    internal static TableQuery All { get; } = new(MostRows, SortColumn.Resident, "");

    /// <summary>Reads the parameters; false and what was expected if one is not understood.</summary>
    internal static bool TryParse(IQueryCollection query, out TableQuery parsed, out string expected)
    {
        parsed = All;
        expected = "";
        if (query.TryGetValue("top", out var top))
        {
            if (!int.TryParse(top, NumberStyles.None, CultureInfo.InvariantCulture, out int rows) || rows is 0 or > MostRows)
            {
                expected = string.Create(CultureInfo.InvariantCulture, $"expected top=N, from 1 to {MostRows}");
                return false;
            }

            parsed = parsed with { Top = rows };
        }

        if (query.TryGetValue("sort", out var sort))
        {
            if (!SortColumns.TryParse(sort, out SortColumn column))
            {
                expected = $"expected sort=COLUMN, one of {string.Join(", ", SortColumns.Words)}";
                return false;
            }

            parsed = parsed with { Sort = column };
        }

        if (query.TryGetValue("search", out var search))
        {
            string text = search.ToString();
            if (text.Length > LongestSearch)
            {
                expected = string.Create(CultureInfo.InvariantCulture, $"expected search=TEXT of at most {LongestSearch} characters");
                return false;
            }

            parsed = parsed with { Search = text };
        }

        return true;
    }

    /// <summary>The rows that are wanted.</summary>
    internal TableView Apply(TableView all)
    {
        List<RowView> rows = Search.Length == 0 ? [.. all.Rows] : [.. all.Rows.Where(Matches)];
        rows.Sort((left, right) => Sort.Compare(left, right));
        int matching = rows.Count;
        return new TableView(all.Total, matching, matching > Top ? rows[..Top] : rows);
    }

    private bool Matches(RowView row) =>
        Contains(row.Name) || Contains(row.Pid?.ToString(CultureInfo.InvariantCulture)) || Contains(row.Container) || Contains(row.Pod) || Contains(row.Namespace)
        || Contains(row.ContainerId) || Contains(row.Group) || Contains(row.Unit);

    private bool Contains(string? text) => text?.Contains(Search, StringComparison.OrdinalIgnoreCase) == true;
}

/// <summary>By what tables can be sorted.</summary>
internal enum SortColumn
{
    /// <summary>Resident memory.</summary>
    Resident,

    /// <summary>The working set, or the most that it can have been.</summary>
    Used,

    /// <summary>Idle memory.</summary>
    Idle,

    /// <summary>The idle share.</summary>
    IdleShare,

    /// <summary>Growth.</summary>
    Growth,

    /// <summary>The name.</summary>
    Name,

    /// <summary>The pid.</summary>
    Pid,

    /// <summary>The start, the latest first.</summary>
    Started,
}

/// <summary>The words for these columns, and their orders.</summary>
internal static class SortColumns
{
    /// <summary>In the order of <see cref="SortColumn"/>.</summary>
    internal static readonly string[] Words = ["resident", "used", "idle", "idle_share", "growth", "name", "pid", "started"];

    internal static bool TryParse(string? word, out SortColumn column)
    {
        int at = Array.IndexOf(Words, word);
        column = (SortColumn)Math.Max(at, 0);
        return at >= 0;
    }

    /// <summary>The order of two rows; equal ones go by resident memory, and then by their ids.</summary>
    internal static int Compare(this SortColumn column, RowView left, RowView right)
    {
        int order = column switch
        {
            SortColumn.Name => string.Compare(left.Name, right.Name, StringComparison.OrdinalIgnoreCase),
            SortColumn.Pid => (left.Pid ?? int.MaxValue).CompareTo(right.Pid ?? int.MaxValue),
            _ => -(column.Of(left) ?? double.NegativeInfinity).CompareTo(column.Of(right) ?? double.NegativeInfinity),
        };
        order = order != 0 ? order : right.ResidentBytes.CompareTo(left.ResidentBytes);
        return order != 0 ? order : string.CompareOrdinal(left.Id, right.Id);
    }

    private static double? Of(this SortColumn column, RowView row) => column switch
    {
        SortColumn.Used => row.UsedBytes ?? row.UpperBytes,
        SortColumn.Idle => row.IdleBytes,
        SortColumn.IdleShare => row.IdleShare,
        SortColumn.Growth => row.GrowthBytesPerHour,
        SortColumn.Started => row.Started,
        _ => row.ResidentBytes,
    };
}
