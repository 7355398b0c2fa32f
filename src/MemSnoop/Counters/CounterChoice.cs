namespace MemSnoop.Counters;

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
