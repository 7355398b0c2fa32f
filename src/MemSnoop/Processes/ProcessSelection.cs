using System.Text.RegularExpressions;

namespace MemSnoop.Processes;

/// <summary>
/// Which processes are watched. Pids add; the other kinds of filter narrow each other, and the values of one kind widen
/// it: <c>name nginx|redis</c> and <c>user www</c> selects processes of www that are called either. Nothing given selects nothing.
/// </summary>
public sealed record ProcessSelection
{
    /// <summary>Processes by pid.</summary>
    public IReadOnlySet<int> Pids { get; init; } = new HashSet<int>();

    /// <summary>Regular expressions on the command name (comm).</summary>
    public IReadOnlyList<Regex> Names { get; init; } = [];

    /// <summary>Regular expressions on the command line, its arguments joined by blanks.</summary>
    public IReadOnlyList<Regex> CommandLines { get; init; } = [];

    /// <summary>Real user ids.</summary>
    public IReadOnlySet<uint> UserIds { get; init; } = new HashSet<uint>();

    /// <summary>Predicates on the control group path.</summary>
    public IReadOnlyList<Func<string, bool>> Cgroups { get; init; } = [];

    /// <summary>Whether the descendants of a selected process are watched with it. Default value: true.</summary>
    public bool IncludeChildren { get; init; } = true;

    /// <summary>Processes that hold less are not watched. Unit: bytes of resident memory. Default value: 0.</summary>
    public ulong MinResidentBytes { get; init; }

    /// <summary>The most processes watched at once; the largest by resident memory win. Default value: 2,000.</summary>
    public int MaxProcesses { get; init; } = 2000;

    /// <summary>Whether every process is selected, bounds aside. Default value: false.</summary>
    public bool All { get; init; }

    internal bool HasFilters => Names.Count > 0 || CommandLines.Count > 0 || UserIds.Count > 0 || Cgroups.Count > 0;
}
