using System.Text;
using System.Text.Json;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Metrics;
using MemSnoop.Metrics.Checks;
using MemSnoop.Metrics.Descriptors;
using MemSnoop.Metrics.Sampling;

namespace MemSnoop.Exporter.Commands;

/// <summary>Prints what works on this host, what does not and why, and what to do about it.</summary>
internal static class CheckAction
{
    internal static async Task<int> RunAsync(ExporterOptions options, bool json, TextWriter output, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        HostCheck check = new(new MeasuredHost(options));
        await output.WriteAsync(json ? Json(check, options) : Text(check)).ConfigureAwait(false);
        return check.CanMeasureWorkingSets ? ExitCode.Success : ExitCode.Failure;
    }

    private static string Text(HostCheck check)
    {
        StringBuilder text = new();
        text.Append("memsnoop ").Append(BuildInfo.Version).Append(" on ").AppendLine(check.System);
        int width = check.Findings.Max(static finding => finding.Topic.Length);
        foreach (HostFinding finding in check.Findings)
        {
            text.Append($"{finding.State,-8} ").Append(finding.Topic.PadRight(width)).Append("  ").AppendLine(finding.Detail);
            if (finding.Advice.Length > 0)
            {
                text.Append(' ', width + 11).Append("to do: ").AppendLine(finding.Advice);
            }
        }

        return text.ToString();
    }

    private static string Json(HostCheck check, ExporterOptions options)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Indented = true }))
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

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
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
