using MemSnoop.Counters;

namespace MemSnoop.Exporter.Configuration;

/// <summary>Which events of processor and kernel are counted.</summary>
internal sealed class CountersOptions
{
    /// <summary>The events, by any name that a provider knows. Default value: none.</summary>
    public IReadOnlyList<EventName> Events { get; set; } = [];

    /// <summary>The name of the only provider to use, or <see cref="CounterProviders.Auto"/>. Default value: auto.</summary>
    public string Provider { get; set; } = CounterProviders.Auto;
}

/// <summary>The name of an event, and where it was written: whether there is such an event is known only when the providers are asked.</summary>
internal readonly record struct EventName(string Name, string Source);
