namespace MemSnoop.Metrics.Configuration;

/// <summary>
/// One key of the configuration: the single place that knows its path, its option, its help and how its text becomes a value. File, environment,
/// command line and <c>--help</c> are all derived from it.
/// </summary>
/// <param name="key">The path below the root section: <c>Processes:Pids</c>.</param>
internal abstract class Setting(string key)
{
    /// <summary>The whole path: <c>MemSnoop:Processes:Pids</c>.</summary>
    public string Path { get; } = $"{MemSnoopOptions.Section}:{key}";

    /// <summary>The names of the option that sets it, the usual one first; none when it is for the file and the environment only.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>Names that it had in earlier versions.</summary>
    public IReadOnlyList<FormerName> FormerNames { get; init; } = [];

    /// <summary>For a Boolean: the option that sets it to false.</summary>
    public string? OffOption { get; init; }

    /// <summary>The path as <c>--help</c> shows it, when one row stands for several settings.</summary>
    public string HelpPath
    {
        get => field ?? Path;
        init;
    }

    /// <summary>One sentence for <c>--help</c>.</summary>
    public required string Help { get; init; }

    public abstract string Placeholder { get; }

    /// <summary>What a right value looks like, for error lines.</summary>
    public abstract string Expected { get; }

    /// <summary>The words that are values of it, where there are a few.</summary>
    public abstract IReadOnlyList<string> Words { get; }

    /// <summary>True when it takes several values.</summary>
    public abstract bool IsList { get; }

    /// <summary>True when its option takes no value.</summary>
    public abstract bool IsFlag { get; }

    /// <summary>The character that separates values given in one text, if any can.</summary>
    public abstract char? Separator { get; }

    /// <summary>The value in <paramref name="options"/>, as it is written; empty when there is none.</summary>
    public abstract string Describe(MemSnoopOptions options);

    /// <summary>Replaces the value.</summary>
    /// <exception cref="UsageException">A text is not a value of this setting.</exception>
    public abstract void Apply(MemSnoopOptions options, ConfigurationEntry entry);

    /// <summary>Checks a value that code has set: it must be one that could have been written as text.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public abstract void Verify(MemSnoopOptions options);
}
