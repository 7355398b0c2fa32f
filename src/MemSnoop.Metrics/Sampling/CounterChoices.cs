using MemSnoop.Counters;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Metrics.Sampling;

/// <summary>Turns the options about events into a plan of the library.</summary>
internal static class CounterChoices
{
    private const int MostNearest = 3;

    /// <summary>Two swapped letters are two edits.</summary>
    private const int MostSlips = 2;

    /// <summary>Which provider counts which of the named events.</summary>
    /// <exception cref="UsageException">A name is no event, or probably a mistyped one.</exception>
    internal static CounterPlan Plan(CountersOptions options, CounterProviders providers)
    {
        CounterPlan plan = CounterPlan.Create(options.Events, providers.All);
        foreach (CounterChoice choice in plan.Choices)
        {
            if (choice.Event is null)
            {
                RefuseIfMistyped(choice, options, providers);
            }
        }

        return plan;
    }

    private static void RefuseIfMistyped(CounterChoice choice, CountersOptions options, CounterProviders providers)
    {
        IReadOnlyList<string> nearest = Nearest(choice.Name, providers);
        if (choice.Provider is null || !MayBeOfAProcessor(choice.Name, nearest.Count > 0, Spellings(providers)))
        {
            throw new UsageException(
                CountersSettings.SourceOf(options, choice.Name),
                $"{UsageException.Quote(choice.Name)} is not an event",
                nearest.Count > 0 ? $"{string.Join(" or ", nearest)}; memsnoop events lists all" : "one that memsnoop events lists");
        }
    }

    // If the provider that might know the name does not work, only the form of a name tells a mistyped one from a processor's own event: those
    // have a prefix or masks behind a colon, underscores, or capitals alone (perf::LLC-LOADS, INST_RETIRED:ANY_P, BACLEARS).
    private static bool MayBeOfAProcessor(string name, bool isLikeAnother, IEnumerable<(string Spelling, CounterEvent Event)> known) =>
        name.Contains(':', StringComparison.Ordinal)
            ? !known.Any(each => IsSlipOf(name, each.Spelling))
            : !isLikeAnother && (name.Contains('_', StringComparison.Ordinal) || !name.Any(char.IsAsciiLetterLower));

    // perf::PAGE-FAULT is one; perf::CYCLES:u is a known event with a modifier.
    private static bool IsSlipOf(string name, string spelling) =>
        spelling.Contains(':', StringComparison.Ordinal) && NearestName.Distance(name, spelling) <= MostSlips
        && !name.StartsWith(spelling + ":", StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<(string Spelling, CounterEvent Event)> Spellings(CounterProviders providers) =>
        from provider in providers.All
        from known in provider.Events
        from spelling in known.Aliases.Prepend(known.Name)
        select (spelling, known);

    /// <summary>The usual names of the events that a name may have meant, best first.</summary>
    internal static IReadOnlyList<string> Nearest(string name, CounterProviders providers)
    {
        // If two providers use a name for different events, the preferred provider's event is meant.
        Dictionary<string, string> usual = new(StringComparer.OrdinalIgnoreCase);
        foreach ((string spelling, CounterEvent known) in Spellings(providers))
        {
            usual.TryAdd(spelling, known.Name);
        }

        return [.. NearestName.FindAll(name, usual.Keys).Select(spelling => usual[spelling]).Distinct().Take(MostNearest)];
    }
}
