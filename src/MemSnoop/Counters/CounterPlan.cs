namespace MemSnoop.Counters;

/// <summary>Which events are counted, and by which provider. Made once from the names that a user gives.</summary>
public sealed class CounterPlan
{
    private CounterPlan(IReadOnlyList<CounterChoice> choices)
    {
        Choices = choices;
        Counted = [.. choices.Where(static choice => choice.IsCounted)];
    }

    /// <summary>One for each event, in the order in which they were first named.</summary>
    public IReadOnlyList<CounterChoice> Choices { get; }

    /// <summary>Those that are counted, in the same order: the order of the values in a sample.</summary>
    public IReadOnlyList<CounterChoice> Counted { get; }

    /// <summary>
    /// Gives each event to the first provider that can count it. A later provider is neither asked nor loaded if an earlier one can count all events. Several
    /// names of one event give one entry.
    /// </summary>
    /// <param name="names">The names, in any form that a provider knows.</param>
    /// <param name="providers">The providers, best first.</param>
    public static CounterPlan Create(IEnumerable<string> names, IEnumerable<ICounterProvider> providers)
    {
        ArgumentNullException.ThrowIfNull(names);
        ArgumentNullException.ThrowIfNull(providers);
        List<CounterChoice> choices = [];
        foreach (string name in names)
        {
            CounterChoice choice = Choose(name, providers);
            if (!choices.Exists(other => other.Name.Equals(choice.Name, StringComparison.OrdinalIgnoreCase)))
            {
                choices.Add(choice);
            }
        }

        return new CounterPlan(choices);
    }

    private static CounterChoice Choose(string name, IEnumerable<ICounterProvider> providers)
    {
        CounterChoice? unavailable = null;
        ICounterProvider? absent = null;
        foreach (ICounterProvider provider in providers)
        {
            if (provider.Find(name) is { } found)
            {
                if (provider.Support.IsSupported && found.IsAvailable)
                {
                    return new CounterChoice(found.Name, found, provider, CounterChoice.Ok);
                }

                unavailable ??= Refuse(found, provider);
            }
            else if (!provider.Support.IsSupported)
            {
                // A library that is not installed knows no names, and without hardware counters it knows no processor's names: the event may still be one of
                // its own.
                absent ??= provider;
            }
        }

        return unavailable ?? (absent is null
            ? new CounterChoice(name, null, null, CounterChoice.Unknown, "no provider knows this name", "choose one of the listed events")
            : new CounterChoice(name, null, absent, absent.Support.Reason, absent.Support.Explanation, absent.Support.Advice));
    }

    private static CounterChoice Refuse(CounterEvent known, ICounterProvider provider) => provider.Support is { IsSupported: false } support
        ? new CounterChoice(known.Name, known, provider, support.Reason, support.Explanation, support.Advice)
        : new CounterChoice(known.Name, known, provider, CounterChoice.NotAvailable, "this processor or kernel cannot count it", "choose an event that is available here");
}

/// <summary>The result for a named event: the provider that counts it, or the reason why none does.</summary>
/// <param name="Name">The event's usual name, or the name as given if no provider knows it.</param>
/// <param name="Event">The event; null if no working provider knows the name.</param>
/// <param name="Provider">
/// The provider that counts it, or the one whose reason is given; null if no provider knows the name.
/// </param>
/// <param name="Reason">One word for metrics: <c>ok</c>, or what is missing.</param>
/// <param name="Explanation">A sentence for people: why the event is not counted; empty if it is counted.</param>
/// <param name="Advice">What to do to make it work; empty if it works.</param>
public sealed record CounterChoice(string Name, CounterEvent? Event, ICounterProvider? Provider, string Reason, string Explanation = "", string Advice = "")
{
    /// <summary>The <see cref="Reason"/> of an event that is counted.</summary>
    public const string Ok = "ok";

    /// <summary>The <see cref="Reason"/> of a known event that this processor or kernel does not have.</summary>
    public const string NotAvailable = "event_not_available";

    /// <summary>The <see cref="Reason"/> of a name that no provider knows.</summary>
    public const string Unknown = "unknown_event";

    /// <summary>Whether the event is counted.</summary>
    public bool IsCounted => Reason == Ok;
}
