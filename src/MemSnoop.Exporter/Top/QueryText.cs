using System.Globalization;
using MemSnoop.Exporter.View;

namespace MemSnoop.Exporter.Top;

/// <summary>A query as it follows the path of a request.</summary>
internal static class QueryText
{
    internal static string Of(TableQuery query) => string.Create(
        CultureInfo.InvariantCulture, $"?top={query.Top}&sort={SortColumns.Words[(int)query.Sort]}{(query.Search.Length > 0 ? "&search=" + Uri.EscapeDataString(query.Search) : "")}");
}
