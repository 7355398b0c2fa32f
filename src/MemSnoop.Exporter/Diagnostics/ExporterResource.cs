using System.Runtime.InteropServices;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Metrics;
using MemSnoop.Metrics.Configuration;
using OpenTelemetry.Resources;

namespace MemSnoop.Exporter.Diagnostics;

/// <summary>The resource: attributes of OpenTelemetry's semantic conventions, the same in <c>target_info</c> and in every push.</summary>
/// <remarks>https://opentelemetry.io/docs/specs/semconv/resource/</remarks>
internal static class ExporterResource
{
    /// <summary>Files that hold an id of the host, by machine-id(5).</summary>
    private static readonly string[] MachineIdFiles = ["/etc/machine-id", "/var/lib/dbus/machine-id"];

    /// <summary>
    /// Variables that name a pod's node (<c>spec.nodeName</c> by the downward API). Kubernetes sets none by itself; these are the usual ones.
    /// </summary>
    private static readonly string[] NodeVariables = ["K8S_NODE_NAME", "NODE_NAME"];

    /// <summary>The detected attributes, replaced by those that the user gives. In ordinal order.</summary>
    internal static IReadOnlyList<KeyValuePair<string, object>> Create(ExporterOptions options)
    {
        SortedDictionary<string, object> attributes = new(StringComparer.Ordinal)
        {
            ["host.name"] = Environment.MachineName,
            ["os.description"] = RuntimeInformation.OSDescription,
            ["os.type"] = "linux",
            ["os.version"] = Environment.OSVersion.Version.ToString(),
            ["service.name"] = options.Resource.ServiceName,
            ["service.version"] = BuildInfo.Version,

            // New for each run: two exporters never share it, and it shows a restart.
            ["service.instance.id"] = Guid.NewGuid().ToString("D"),
        };
        AddKnown(attributes, "host.id", MachineIdFiles.Select(ReadLine).Select(HostIdentity.FromMachineId));
        AddKnown(attributes, "k8s.node.name", NodeVariables.Select(Environment.GetEnvironmentVariable));
        if (options.Otlp.IsOn)
        {
            foreach ((string name, object value) in ResourceBuilder.CreateEmpty().AddTelemetrySdk().Build().Attributes)
            {
                attributes[name] = value;
            }
        }

        foreach (ResourceAttribute attribute in options.Resource.Attributes)
        {
            attributes[attribute.Name] = attribute.Value;
        }

        return [.. attributes];
    }

    private static void AddKnown(SortedDictionary<string, object> attributes, string name, IEnumerable<string?> candidates)
    {
        if (candidates.FirstOrDefault(static candidate => !string.IsNullOrWhiteSpace(candidate)) is { } known)
        {
            attributes[name] = known;
        }
    }

    private static string? ReadLine(string path)
    {
        try
        {
            return File.ReadLines(path).FirstOrDefault()?.Trim();
        }
        catch (Exception absent) when (absent is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
