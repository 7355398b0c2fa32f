using MemSnoop.Metrics.Configuration;
using System.Text;
using System.Text.Json;
using MemSnoop.Counters;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Kernel;
using MemSnoop.Measurements;

namespace MemSnoop.Exporter.Commands;

/// <summary>Prints the events of each provider: name, whether it can be counted here, what one count is.</summary>
internal static class EventsAction
{
    // A longer name than this pushes its own line to the right, not all others.
    private const int WidestName = 40;

    internal static async Task<int> RunAsync(Invocation invocation, string pattern, bool json)
    {
        ExporterOptions options = invocation.Options;
        KernelPaths paths = new(options.Kernel.ProcFs, options.Kernel.SysFs);
        using CounterProviders providers = CounterProviders.Open(paths, HandleBudget.Shared, options.Counters.Provider);
        EventPattern wanted = new(pattern);
        (ICounterProvider Provider, CounterEvent[] Events)[] found = [.. providers.All.Select(provider => (provider, wanted.Select(provider)))];
        if (pattern.Length > 0 && found.All(static each => each.Events.Length == 0))
        {
            await invocation.Error.WriteLineAsync(Nothing(pattern, providers)).ConfigureAwait(false);
            return ExitCode.Failure;
        }

        await invocation.Output.WriteAsync(json ? Json(found) : Text(pattern.Length > 0 ? [.. found.Where(static each => each.Events.Length > 0)] : found)).ConfigureAwait(false);
        return ExitCode.Success;
    }

    private static string Nothing(string pattern, CounterProviders providers)
    {
        IReadOnlyList<string> nearest = CounterChoices.Nearest(pattern, providers);
        string meant = nearest.Count > 0 ? $"; is {string.Join(" or ", nearest)} meant?" : "";
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

    private static string Json((ICounterProvider Provider, CounterEvent[] Events)[] found)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Indented = true }))
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

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
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
