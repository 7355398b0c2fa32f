using System.CommandLine;
using System.Text;
using System.Text.Json;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Metrics;
using MemSnoop.Metrics.Checks;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Descriptors;

namespace MemSnoop.Exporter.Commands;

/// <summary><c>memsnoop check</c>: what can be measured on this host, and why the rest cannot.</summary>
internal sealed class CheckCommand : MemSnoopCommand
{
    private readonly Option<bool> _json = new("--json") { Arity = ArgumentArity.Zero, Description = "Write JSON instead of text." };

    public CheckCommand()
        : base(
            "check", "Show what works on this host, and check the configuration.",
            setting => setting == WorkingSetSettings.Method || setting == GenerationsSettings.Age || CountersSettings.All.Contains(setting) || KernelSettings.All.Contains(setting)) =>
        Add(_json);

    public override string Usage => "check [OPTIONS]";

    public override bool TellsOfDeprecatedNames => true;

    public override IReadOnlyList<(string CommandLine, string Meaning)> Examples =>
        [("memsnoop check --config /etc/memsnoop.json", "check the file, and show what works on this host")];

    public override async Task<int> RunAsync(Invocation invocation, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        HostCheck check = new(invocation.Host, invocation.Options);
        await invocation.Output.WriteAsync(invocation.Arguments.GetValue(_json) ? ToJson(writer => WriteJson(writer, check, invocation.Options)) : Text(check)).ConfigureAwait(false);
        return check.CanMeasureWorkingSets ? ExitCode.Success : ExitCode.Failure;
    }

    private static string Text(HostCheck check)
    {
        StringBuilder text = new();
        text.Append("memsnoop ").Append(BuildInfo.Version).Append(" on ").AppendLine(check.System);
        int width = check.Findings.Max(static finding => finding.Topic.Length);
        Dictionary<string, string> said = new(StringComparer.Ordinal);
        foreach (HostFinding finding in check.Findings)
        {
            text.Append($"{finding.State,-8} ").Append(finding.Topic.PadRight(width)).Append("  ").AppendLine(finding.State == HostFinding.Ok || said.TryAdd(finding.Detail, finding.Topic) ? finding.Detail : $"as for {said[finding.Detail]}");
            if (finding.Advice.Length > 0 && said.TryAdd(finding.Advice, finding.Topic))
            {
                text.Append(' ', width + 11).Append("to do: ").AppendLine(finding.Advice);
            }
        }

        return text.ToString();
    }

    private static void WriteJson(Utf8JsonWriter writer, HostCheck check, ExporterOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString("version", BuildInfo.Version);
        writer.WriteString("system", check.System);
        writer.WriteString("method", check.Method);
        writer.WriteStartArray("findings");
        foreach (HostFinding finding in check.Findings)
        {
            writer.WriteStartObject();
            writer.WriteString("topic", finding.Topic);
            writer.WriteString("state", finding.State);
            writer.WriteString("reason", finding.Reason);
            writer.WriteString("detail", finding.Detail);
            writer.WriteString("advice", finding.Advice);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        WriteMeasurements(writer, options);
        writer.WriteEndObject();
    }

    /// <summary>What each measurement asks of the kernel, whether it is there or not: from this, rights can be given before anything is tried.</summary>
    private static void WriteMeasurements(Utf8JsonWriter writer, ExporterOptions options)
    {
        writer.WriteStartArray("measurements");
        foreach (PublishedMeasurementDescriptor descriptor in MeasurementCatalogue.Published)
        {
            writer.WriteStartObject();
            writer.WriteString("name", descriptor.Name);
            writer.WriteBoolean("enabled", descriptor.IsEnabled(options));
            writer.WriteString("kind", descriptor.IsWindow ? "window" : "reading");
            writer.WriteStartArray("sources");
            foreach (KernelSource source in descriptor.Sources)
            {
                Write(writer, source);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter writer, KernelSource source)
    {
        writer.WriteStartObject();
        writer.WriteString("name", source.Name);
        writer.WriteString("access", source.Access.ToWord());
        writer.WriteString("method", source.Method);
        writer.WriteString("capabilities_until", source.CapabilitiesUntil?.ToString());
        writer.WriteStartArray("capabilities");
        foreach (Capability capability in source.Capabilities)
        {
            writer.WriteStringValue(capability.ToWord());
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
