using System.Reflection;
using OpenTelemetry.Metrics;

namespace MemSnoop.Exporter.Otlp;

/// <summary>Sets since when the values of a stream count: the field <c>start_time_unix_nano</c> of its points.</summary>
/// <remarks>
/// The SDK takes the time at which the stream was made, and has no public way to say otherwise. But a stream that takes the
/// place of another goes on with its totals; with a later start a receiver that heeds the field would take them for a
/// reset, and count everything twice. Where a later SDK names its parts differently the start stays as it is.
/// </remarks>
internal static class StreamStart
{
    private static readonly FieldInfo? Store = typeof(Metric).GetField("AggregatorStore", BindingFlags.Instance | BindingFlags.NonPublic);
    private static readonly PropertyInfo? Start = Store?.FieldType.GetProperty("StartTimeExclusive", BindingFlags.Instance | BindingFlags.NonPublic);

    /// <summary>Whether this SDK has the parts.</summary>
    public static bool CanSet => Start?.CanWrite == true;

    public static void Set(Metric metric, DateTimeOffset start)
    {
        if (CanSet)
        {
            Start!.SetValue(Store!.GetValue(metric), start);
        }
    }
}
