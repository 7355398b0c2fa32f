namespace MemSnoop.Metrics.Configuration;

/// <summary>A deprecated name that is in use, or a series that is still published under one.</summary>
/// <param name="Name">The name: a path, an option or an instrument.</param>
/// <param name="Source">Where it is used; what a warning names.</param>
/// <param name="Advice">What to do instead.</param>
/// <param name="Until">The version that does not know it any more.</param>
internal sealed record DeprecatedUse(string Name, string Source, string Advice, string Until)
{
    /// <summary>The line that warns of it.</summary>
    internal string Warning => $"{Source}: deprecated; {Advice}, version {Until} does not know it any more";
}
