using System.Text.RegularExpressions;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.Commands;

/// <summary>The arguments of <c>memsnoop wss</c>.</summary>
internal sealed record WssRequest
{
    /// <summary>The processes that are named by their ids.</summary>
    public required IReadOnlyList<int> Pids { get; init; }

    /// <summary>Expressions for the names of processes.</summary>
    public required IReadOnlyList<Regex> Names { get; init; }

    /// <summary>Whether all processes are meant.</summary>
    public required bool All { get; init; }

    /// <summary>The length of the window, or null for the exporter's last one.</summary>
    public required TimeSpan? Window { get; init; }

    /// <summary>The ages by which to tell what is accessed again, or null.</summary>
    public required IdleAges? Ages { get; init; }

    /// <summary>From one beginning to the next, or null for once.</summary>
    public required TimeSpan? Every { get; init; }

    /// <summary>Whether each area is told.</summary>
    public required bool ByArea { get; init; }

    public required bool Json { get; init; }

    /// <summary>Whether it is about one process, whatever there is on the host: what goes wrong with it is an error then.</summary>
    internal bool IsOne => Pids.Count == 1 && Names.Count == 0 && !All;
}
