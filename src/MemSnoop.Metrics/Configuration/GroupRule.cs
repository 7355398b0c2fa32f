using System.Text.RegularExpressions;

namespace MemSnoop.Metrics.Configuration;

/// <summary>Which processes are one group, and its name. Kinds of conditions narrow each other; one without a condition takes all.</summary>
/// <param name="Name">The name.</param>
internal sealed record GroupRule(GroupTemplate Name)
{
    /// <summary>Names of processes, one of which it must be; none for any.</summary>
    public IReadOnlyList<string> Comms { get; init; } = [];

    /// <summary>First arguments, one of which it must be; those without a slash are compared with the last part of it. None for any.</summary>
    public IReadOnlyList<string> Exes { get; init; } = [];

    /// <summary>Expressions that must all be found in the command line; their named groups can be in the name.</summary>
    public IReadOnlyList<Regex> CommandLines { get; init; } = [];

    /// <summary>Whether some processes may not be meant.</summary>
    public bool HasConditions => Comms.Count + Exes.Count + CommandLines.Count > 0;

    /// <summary>Whether the first argument or all of them have to be known.</summary>
    public bool NeedsCommandLine => Exes.Count + CommandLines.Count > 0 || Name.Uses(GroupField.ExeBase) || Name.Uses(GroupField.ExeFull);
}
