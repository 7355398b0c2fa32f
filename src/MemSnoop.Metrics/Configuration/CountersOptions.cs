using MemSnoop.Counters;
using System.Text.RegularExpressions;

namespace MemSnoop.Metrics.Configuration;

/// <summary>Which events of processor and kernel are counted.</summary>
public sealed class CountersOptions
{
    /// <summary>The events, by any name that a provider knows: <c>page-faults</c>, <c>PAPI_TOT_INS</c>. Default value: none.</summary>
    public IReadOnlyList<string> Events { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = [];

    /// <summary>The name of the only provider to use, or <see cref="CounterProviders.Auto"/>. Default value: auto.</summary>
    public string Provider { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = CounterProviders.Auto;

    /// <summary>Where events were written, for those that no provider knows: that is found out only when the providers are asked.</summary>
    internal Dictionary<string, string> Sources { get; } = [];
}

/// <summary>The settings of <see cref="CountersOptions"/>.</summary>
internal static partial class CountersSettings
{
    private const string EventsKey = "Counters:Events";

    private static readonly string[] Providers = [CounterProviders.Auto, .. CounterProviders.Names];

    private static readonly ValueSyntax<string> Event = new(
        "NAME", "the name of an event", "the name of an event, such as page-faults or PAPI_TOT_INS; memsnoop events lists all",
        TryParseEvent, static name => name);

    private static readonly ValueSyntax<string> Provider = new(
        "PROVIDER", "a provider", $"one of {string.Join(", ", Providers)}", TryParseProvider, static name => name)
    {
        Words = Providers,
    };

    /// <summary>The only provider to use. All commands about events have this option.</summary>
    public static Setting OnlyProvider { get; } =
        new ScalarSetting<MemSnoopOptions, string>("Counters:Provider", Provider, o => o.Counters.Provider, (o, v) => o.Counters.Provider = v)
        {
            Options = ["--counter-provider"],
            Help = $"Use only this provider: {string.Join(" or ", CounterProviders.Names)}; auto uses for each event the first that can count it.",
        };

    public static IReadOnlyList<Setting> All { get; } =
    [
        new ListSetting<MemSnoopOptions, string>(EventsKey, Event, o => o.Counters.Events, (o, v) => o.Counters.Events = v)
        {
            Options = ["--event"],
            Help = "Count this event; memsnoop events lists all.",
            SeparatedBy = ',',
            Locate = static (options, name, source) => options.Counters.Sources[name] = source,
        },
        OnlyProvider,
    ];

    /// <summary>Where an event was written, as an error line names it.</summary>
    public static string SourceOf(CountersOptions options, string name) =>
        options.Sources.GetValueOrDefault(name) ?? $"{MemSnoopOptions.Section}:{EventsKey}";

    private static bool TryParseEvent(string text, out string value, ref string? problem)
    {
        value = text;
        return EventCharacters().IsMatch(text);
    }

    private static bool TryParseProvider(string text, out string value, ref string? problem)
    {
        value = Array.Find(Providers, name => name.Equals(text, StringComparison.OrdinalIgnoreCase)) ?? "";
        return value.Length > 0;
    }

    // The characters of event names, including masks and modifiers of libpfm4, and no character that a CSV file would have to quote.
    [GeneratedRegex(@"^[A-Za-z0-9_.:=/+*\[\]-]{1,200}$")]
    private static partial Regex EventCharacters();
}
