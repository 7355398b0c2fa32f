namespace MemSnoop.Counters;

/// <summary>Which events are counted, and by whom: made once from the names that a user gives.</summary>
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
    /// Gives each event to the first provider that can count it. A later provider is not even asked, and so not loaded, when
    /// an earlier one will do. Names that mean the same event are one.
    /// </summary>
    /// <param name="names">The names, in any spelling that a provider knows.</param>
    /// <param name="providers">Who could count, best first.</param>
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
                // A library that is not installed knows no names, and one that finds no processor none of a processor's: the event
                // may well be one of its own.
                absent ??= provider;
            }
        }

        return unavailable ?? (absent is null
            ? new CounterChoice(name, null, null, CounterChoice.Unknown, "no provider knows this name", "choose one that is listed as an event")
            : new CounterChoice(name, null, absent, absent.Support.Reason, absent.Support.Explanation, absent.Support.Advice));
    }

    private static CounterChoice Refuse(CounterEvent known, ICounterProvider provider) => provider.Support is { IsSupported: false } support
        ? new CounterChoice(known.Name, known, provider, support.Reason, support.Explanation, support.Advice)
        : new CounterChoice(known.Name, known, provider, CounterChoice.NotAvailable, "this processor or kernel cannot count it", "choose an event that is available here");
}

/// <summary>What becomes of an event that was asked for: it is counted by a provider, or there is a reason why not.</summary>
/// <param name="Name">The event's usual spelling, or what was asked for when no provider knows it.</param>
/// <param name="Event">The event; null when no provider that is there knows the name.</param>
/// <param name="Provider">
/// The provider that counts it, or whose reason it is that nobody does; null when every provider was asked and none
/// knows the name.
/// </param>
/// <param name="Reason">One word for metrics: <c>ok</c>, or what is missing.</param>
/// <param name="Explanation">A sentence for people: why it is not counted; empty when it is.</param>
/// <param name="Advice">What would make it work; empty when it does.</param>
public sealed record CounterChoice(string Name, CounterEvent? Event, ICounterProvider? Provider, string Reason, string Explanation = "", string Advice = "")
{
    /// <summary>The <see cref="Reason"/> of an event that is counted.</summary>
    public const string Ok = "ok";

    /// <summary>The <see cref="Reason"/> of an event that is known and that this processor or kernel does not have.</summary>
    public const string NotAvailable = "event_not_available";

    /// <summary>The <see cref="Reason"/> of a name that means nothing to any provider.</summary>
    public const string Unknown = "unknown_event";

    /// <summary>Whether the event is counted.</summary>
    public bool IsCounted => Reason == Ok;
}
