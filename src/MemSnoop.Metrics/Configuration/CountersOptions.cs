using MemSnoop.Counters;
using System.Text.RegularExpressions;

namespace MemSnoop.Metrics.Configuration;

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

/// <summary>The settings of <see cref="CountersOptions"/>.</summary>
internal static partial class CountersSettings
{
    private static readonly string[] Providers = [CounterProviders.Auto, .. CounterProviders.Names];

    private static readonly ValueSyntax<EventName> Event = new(
        "NAME", "the name of an event", "the name of an event, such as page-faults or PAPI_TOT_INS; memsnoop events lists them",
        TryParseEvent, static name => name.Name);

    private static readonly ValueSyntax<string> Provider = new(
        "PROVIDER", "a provider", $"one of {string.Join(", ", Providers)}", TryParseProvider, static name => name);

    /// <summary>The only provider to use; an option of every command that has to do with events.</summary>
    public static Setting OnlyProvider { get; } =
        new ScalarSetting<MemSnoopOptions, string>("Counters:Provider", Provider, o => o.Counters.Provider, (o, v) => o.Counters.Provider = v)
        {
            Options = ["--counter-provider"],
            Help = $"Count by this only: {string.Join(" or ", CounterProviders.Names)}; auto takes for each event the first that can.",
        };

    public static IReadOnlyList<Setting> All { get; } =
    [
        new ListSetting<MemSnoopOptions, EventName>("Counters:Events", Event, o => o.Counters.Events, (o, v) => o.Counters.Events = v)
        {
            Options = ["--event"],
            Help = "Count this event; memsnoop events lists them.",
            SeparatedBy = ',',
            Locate = static (name, source) => name with { Source = source },
        },
        OnlyProvider,
    ];

    private static bool TryParseEvent(string text, out EventName value, ref string? problem)
    {
        value = new EventName(text, "");
        return EventCharacters().IsMatch(text);
    }

    private static bool TryParseProvider(string text, out string value, ref string? problem)
    {
        value = Array.Find(Providers, name => name.Equals(text, StringComparison.OrdinalIgnoreCase)) ?? "";
        return value.Length > 0;
    }

    // What names of events consist of, masks and modifiers of libpfm4 included, and nothing that a comma-separated file would have to quote.
    [GeneratedRegex(@"^[A-Za-z0-9_.:=/+*\[\]-]{1,200}$")]
    private static partial Regex EventCharacters();
}
