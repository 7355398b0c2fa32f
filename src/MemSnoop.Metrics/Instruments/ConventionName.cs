namespace MemSnoop.Metrics.Instruments;

/// <summary>What the semantic conventions of OpenTelemetry call an instrument; its numbers are the same.</summary>
/// <remarks>https://opentelemetry.io/docs/specs/semconv/system/process-metrics/, version 1.44. Most names there are release candidates.</remarks>
/// <param name="Name">The name.</param>
/// <param name="Unit">The unit.</param>
/// <param name="Key">The attribute that tells the series of a process apart, where there are several; its values are the same.</param>
/// <param name="IsSum">Whether it is a level that can be summed over processes: an up-down counter there, a gauge for Prometheus.</param>
internal sealed record ConventionName(string Name, string Unit, string? Key = null, bool IsSum = false);
