using System.Diagnostics.Metrics;

namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>Meters filled with instruments that several tests need.</summary>
internal static class Instruments
{
    public static KeyValuePair<string, object?>[] Tags(params (string Key, object? Value)[] tags)
    {
        return [.. tags.Select(tag => KeyValuePair.Create(tag.Key, tag.Value))];
    }

    /// <summary>A small host: two processes, a disk, and every kind of instrument and number.</summary>
    public static void AddTypical(Meter meter)
    {
        KeyValuePair<string, object?>[] bash = Tags(("pid", 42), ("comm", "bash"));
        KeyValuePair<string, object?>[] odd = Tags(("pid", 7L), ("comm", "a\"b\\c\nd\te\r"));
        meter.CreateObservableGauge(
            "sample.process.working_set",
            () => new Measurement<long>[] { new(41943040, bash), new(long.MaxValue, odd) },
            "By",
            "Memory used.");
        meter.CreateObservableCounter(
            "sample.process.cpu.time",
            () => new Measurement<double>[] { new(0.1 + 0.2, bash), new(0.005, odd) },
            "s",
            "CPU time, \"user\" and \\ system\nsummed.");
        meter.CreateObservableCounter(
            "sample.process.page_faults",
            () => new Measurement<int>[] { new(3, [.. bash, new("fault", "minor")]), new(1, [new("fault", "major"), .. bash]) },
            "{fault}",
            "Page faults.");
        meter.CreateObservableUpDownCounter("sample.queue", () => -5, null, "Balance.");
        double[] numbers = [double.NaN, double.PositiveInfinity, double.NegativeInfinity, 1e-5, -0.0];
        meter.CreateObservableGauge("sample.load", () => numbers.Select((number, i) => new Measurement<double>(number, Tags(("n", i + 1)))), "1", "Numbers.");
        meter.CreateObservableGauge(
            "sample.disk.throughput",
            () => new Measurement<double>(1e17, Tags(("system.device", "sda"), ("flag", true), ("share", 1.0), ("none", null))),
            "By/s",
            "Rate.");
        meter.CreateObservableGauge("sample.nobody", () => Array.Empty<Measurement<long>>(), null, "Nothing to observe.");
    }
}
