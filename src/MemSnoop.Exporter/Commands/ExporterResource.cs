namespace MemSnoop.Exporter.Commands;

/// <summary>What the numbers come from, as resource attributes of OpenTelemetry's semantic conventions.</summary>
internal static class ExporterResource
{
    internal static IReadOnlyList<KeyValuePair<string, object>> Attributes { get; } =
    [
        new("host.name", Environment.MachineName),
        new("service.name", "memsnoop"),
        new("service.version", BuildInfo.Version),
    ];
}
