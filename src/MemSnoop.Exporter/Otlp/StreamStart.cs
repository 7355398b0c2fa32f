using System.Reflection;
using System.Runtime.CompilerServices;
using OpenTelemetry.Metrics;

namespace MemSnoop.Exporter.Otlp;

/// <summary>Sets since when the values of a stream count: the field <c>start_time_unix_nano</c> of its points.</summary>
/// <remarks>
/// The SDK takes the time at which the stream was made, and has no public way to say otherwise. But a stream that takes the
/// place of another goes on with its totals; with a later start a receiver that heeds the field would take them for a
/// reset, and count everything twice. A test fails with an SDK that names its parts differently.
/// </remarks>
internal static class StreamStart
{
    // By reflection, since no accessor may return a reference to a field whose type cannot be named. Trimming keeps what is named by typeof and a constant.
    private static readonly FieldInfo Store = typeof(Metric).GetField("AggregatorStore", BindingFlags.Instance | BindingFlags.NonPublic)!;

    public static void Set(Metric metric, DateTimeOffset start) => SetStart(Store.GetValue(metric)!, start);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_StartTimeExclusive")]
    private static extern void SetStart([UnsafeAccessorType("OpenTelemetry.Metrics.AggregatorStore, OpenTelemetry")] object store, DateTimeOffset start);
}
