using MemSnoop.Exporter.Collector;
using Microsoft.AspNetCore.Http;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Which measurements, or collectors as node_exporter's users call them, a scrape asks for, by <c>?collect[]=a&amp;collect[]=b</c> or <c>?exclude[]=a</c>.</summary>
internal sealed class MeasurementSelection
{
    /// <summary>Every instrument.</summary>
    public static readonly MeasurementSelection All = new(null);

    // Longer than any name of a collector.
    private const int LongestRepeated = 60;

    private readonly IReadOnlySet<string>? _chosen;

    private MeasurementSelection(IReadOnlySet<string>? chosen)
    {
        _chosen = chosen;
    }

    /// <summary>Reads the parameters of a request.</summary>
    /// <param name="query">The request's query.</param>
    /// <param name="known">The names of all measurements.</param>
    /// <param name="selection">What is asked for.</param>
    /// <param name="complaint">What is wrong with the parameters, in one line, when the result is false.</param>
    public static bool TryParse(IQueryCollection query, IReadOnlySet<string> known, out MeasurementSelection selection, out string complaint)
    {
        string?[] collect = query["collect[]"].ToArray();
        string?[] exclude = query["exclude[]"].ToArray();
        selection = All;
        complaint = "";
        if (collect.Length > 0 && exclude.Length > 0)
        {
            complaint = "collect[] and exclude[] cannot be used together.";
            return false;
        }

        string?[] named = collect.Length > 0 ? collect : exclude;
        int wrong = Array.FindIndex(named, name => name is null || !known.Contains(name));
        if (wrong >= 0)
        {
            complaint = known.Count == 0
                ? "collect[] and exclude[] cannot be used: there are no collectors."
                : $"Unknown collector{Repeat(named[wrong])}; the known ones are {string.Join(", ", known.Order(StringComparer.Ordinal))}.";
            return false;
        }

        if (named.Length > 0)
        {
            selection = new MeasurementSelection(known.Where(name => named.Contains(name) == collect.Length > 0).ToHashSet(StringComparer.Ordinal));
        }

        return true;
    }

    /// <summary>The wrong name, if it has only letters, digits and what names consist of: a response contains nothing else of a request.</summary>
    private static string Repeat(string? name) =>
        name is { Length: > 0 and <= LongestRepeated } && name.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' or '.') ? $" '{name}'" : "";

    /// <summary>Whether the instrument is asked for. One that belongs to no measurement always is.</summary>
    public bool Includes(CollectedInstrument instrument) => _chosen is null || instrument.Measurement is null || _chosen.Contains(instrument.Measurement);

    /// <summary>Whether a collection of this selection holds everything that the other one asks for.</summary>
    public bool Covers(MeasurementSelection other) => _chosen is null || (other._chosen is not null && other._chosen.IsSubsetOf(_chosen));
}
