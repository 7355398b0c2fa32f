using System.IO.Enumeration;
using MemSnoop.Counters;

namespace MemSnoop.Exporter.Commands;

/// <summary>Which events a user wants to see: those with a part in one of their names or, with <c>*</c> or <c>?</c>, those with a whole name that matches.</summary>
internal sealed class EventPattern(string pattern)
{
    private readonly bool _isGlob = pattern.AsSpan().ContainsAny('*', '?');

    /// <summary>The events of a provider that are wanted; one that is in no list, such as a name with masks, when it is named in full.</summary>
    internal CounterEvent[] Select(ICounterProvider provider)
    {
        CounterEvent[] listed = [.. provider.Events.Where(known => IsMatch(known.Name) || known.Aliases.Any(IsMatch))];
        return listed.Length == 0 && pattern.Length > 0 && provider.Find(pattern) is { } unlisted ? [unlisted] : listed;
    }

    private bool IsMatch(string name) => _isGlob
        ? FileSystemName.MatchesSimpleExpression(pattern, name)
        : name.Contains(pattern, StringComparison.OrdinalIgnoreCase);
}
