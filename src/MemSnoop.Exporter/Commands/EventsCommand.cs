using System.CommandLine;
using System.IO.Enumeration;
using System.Text;
using System.Text.Json;
using MemSnoop.Counters;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;

namespace MemSnoop.Exporter.Commands;

/// <summary><c>memsnoop events [PATTERN]</c>: the events that can be counted here, and their names.</summary>
internal sealed class EventsCommand : MemSnoopCommand
{
    // A longer name moves only its own line to the right, not all others.
    private const int WidestName = 40;

    private readonly Argument<string> _pattern = new("PATTERN")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "List only events with this text in a name; with * or ? in it, events with a name that matches. Letter case does not matter.",
    };

    private readonly Option<bool> _json = new("--json") { Arity = ArgumentArity.Zero, Description = "Write JSON instead of text." };

    private readonly Option<bool> _available = new("--available") { Arity = ArgumentArity.Zero, Description = "List only events that can be counted here." };

    public EventsCommand()
        : base("events", "List the events that can be counted.", setting => setting == CountersSettings.OnlyProvider || KernelSettings.All.Contains(setting))
    {
        Add(_pattern);
        Add(_available);
        Add(_json);
    }

    public override string Usage => "events [PATTERN] [OPTIONS]";

    public override IReadOnlyList<(string CommandLine, string Meaning)> Examples =>
    [
        ("memsnoop events 'PAPI_L?_*'", "list the preset events for caches, and which of them this processor has"),
        ("memsnoop events --available", "list what can be counted on this host"),
    ];

    public override async Task<int> RunAsync(Invocation invocation, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        string pattern = invocation.Arguments.GetValue(_pattern) ?? "";
        using CounterProviders providers = CounterProviders.Open(invocation.Host.Paths, invocation.Host.Budget, invocation.Options.Counters.Provider);
        EventPattern wanted = new(pattern);
        (ICounterProvider Provider, CounterEvent[] Events)[] found = [.. providers.All.Select(provider => (provider, wanted.Select(provider)))];
        if (invocation.Arguments.GetValue(_available))
        {
            found = [.. found.Select(static each => (each.Provider, each.Events.Where(known => IsAvailable(known, each.Provider.Support)).ToArray()))];
        }

        if (pattern.Length > 0 && found.All(static each => each.Events.Length == 0))
        {
            await invocation.Error.WriteLineAsync(Nothing(pattern, providers)).ConfigureAwait(false);
            return ExitCode.Failure;
        }

        await invocation.Output.WriteAsync(invocation.Arguments.GetValue(_json) ? ToJson(writer => WriteJson(writer, found)) : Text(pattern.Length > 0 ? [.. found.Where(static each => each.Events.Length > 0)] : found)).ConfigureAwait(false);
        return ExitCode.Success;
    }

    private static string Nothing(string pattern, CounterProviders providers)
    {
        IReadOnlyList<string> nearest = CounterChoices.Nearest(pattern, providers);
        string meant = nearest.Count > 0 ? $"; did you mean {string.Join(" or ", nearest)}?" : "";
        string missing = string.Concat(providers.All
            .Where(static provider => !provider.Support.IsSupported)
            .Select(static provider => $"; {provider.Name} does not work here ({provider.Support.Reason})"));
        return $"memsnoop: no event has {UsageException.Quote(pattern)} in its name{meant}{missing}";
    }

    private static string Text((ICounterProvider Provider, CounterEvent[] Events)[] found)
    {
        StringBuilder text = new();
        int width = Math.Min(WidestName, found.SelectMany(static each => each.Events).Select(static known => known.Name.Length).DefaultIfEmpty(0).Max());
        foreach ((ICounterProvider provider, CounterEvent[] events) in found)
        {
            ProbeResult support = provider.Support;
            text.Append(text.Length > 0 ? "\n" : "").Append(provider.Name).Append(": ").Append(support.Explanation).Append('\n');
            if (!support.IsSupported)
            {
                text.Append("  to do: ").Append(support.Advice).Append('\n');
            }

            foreach (CounterEvent known in events)
            {
                text.Append("  ").Append(known.Name.PadRight(width)).Append(IsAvailable(known, support) ? "  available    " : "  unavailable  ").Append(known.Description).Append('\n');
            }
        }

        return text.ToString();
    }

    private static void WriteJson(Utf8JsonWriter writer, (ICounterProvider Provider, CounterEvent[] Events)[] found)
    {
        writer.WriteStartArray();
        foreach ((ICounterProvider provider, CounterEvent[] events) in found)
        {
            writer.WriteStartObject();
            writer.WriteString("provider", provider.Name);
            writer.WriteString("reason", provider.Support.Reason);
            writer.WriteString("detail", provider.Support.Explanation);
            writer.WriteString("advice", provider.Support.Advice);
            writer.WriteStartArray("events");
            foreach (CounterEvent known in events)
            {
                WriteEvent(writer, known, provider.Support);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteEvent(Utf8JsonWriter writer, CounterEvent known, ProbeResult support)
    {
        writer.WriteStartObject();
        writer.WriteString("name", known.Name);
        writer.WriteBoolean("available", IsAvailable(known, support));
        writer.WriteString("description", known.Description);
        writer.WriteStartArray("aliases");
        foreach (string alias in known.Aliases)
        {
            writer.WriteStringValue(alias);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static bool IsAvailable(CounterEvent known, ProbeResult support) => known.IsAvailable && support.IsSupported;
}

/// <summary>
/// The events that a user wants to see: those with a text in one of their names or, with <c>*</c> or <c>?</c>, those with a name that matches.
/// </summary>
internal sealed class EventPattern(string pattern)
{
    private readonly bool _isGlob = pattern.AsSpan().ContainsAny('*', '?');

    /// <summary>The wanted events of a provider. An event that is in no list, such as a name with masks, is found by its full name.</summary>
    internal CounterEvent[] Select(ICounterProvider provider)
    {
        CounterEvent[] listed = [.. provider.Events.Where(known => IsMatch(known.Name) || known.Aliases.Any(IsMatch))];
        return listed.Length == 0 && pattern.Length > 0 && provider.Find(pattern) is { } unlisted ? [unlisted] : listed;
    }

    private bool IsMatch(string name) => _isGlob
        ? FileSystemName.MatchesSimpleExpression(pattern, name)
        : name.Contains(pattern, StringComparison.OrdinalIgnoreCase);
}
