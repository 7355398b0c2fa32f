using System.Diagnostics.Metrics;
using System.IO.Compression;
using FsCheck;
using FsCheck.Fluent;
using MemSnoop.Exporter.Prometheus;
using MemSnoop.Exporter.Tests.Prometheus.ClientModel;
using static MemSnoop.Exporter.Tests.Prometheus.Instruments;
using MetricFamily = MemSnoop.Exporter.Tests.Prometheus.ClientModel.MetricFamily;

namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>Answers in protobuf say what texts say, and when counters began: part P of the exposition rules.</summary>
public class ProtobufTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Families_samples_and_metadata_are_those_of_the_text(bool scopeLabels)
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync(options =>
        {
            options.ScopeLabels = scopeLabels;
            options.ResourceAttributes = [new("service.name", "memsnoop"), new("host.name", "a\"b\\c\nd"), new("answer", 42L), new("share", 1.0), new("long", new string('x', 300))];
        });
        AddTypical(host.Meter);
        host.Meter.CreateObservableGauge("labels", () => new Measurement<long>[]
        {
            new(1, Tags(("foo_bar", "u"), ("foo.bar", "d"), ("foo-bar", "h"))),
            new(2, Tags(("b", 2), ("a", 1))),
            new(3, Tags(("a", 1), ("b", 2))),
            new(4),
            new(5, Tags(("a", 1), ("a", 2))),
            new(6, Tags(("", "empty"))),
            new(7),
            new(8, Tags(("big", 1e17), ("byte", (byte)7), ("flag", false), ("none", null))),
        });

        string text = await host.ScrapeAsync();
        IReadOnlyList<MetricFamily> families = await host.ScrapeProtobufAsync();
        Assert.Equal(ExpositionChecker.Samples(text).Select(Print), ProtobufExposition.Samples(families).Select(Print));
        Assert.Equal(text.Split('\n').Where(static line => line.StartsWith('#')), ProtobufExposition.Metadata(families));
        Assert.Equal("bytes", UnitOf("sample_process_working_set_bytes"));
        Assert.Equal("seconds", UnitOf("sample_process_cpu_time_seconds_total"));
        Assert.Equal("bytes_per_second", UnitOf("sample_disk_throughput_bytes_per_second"));
        Assert.Equal("", UnitOf("sample_process_page_faults_total"));

        string UnitOf(string name) => families.Single(family => family.Name == name).Unit;
    }

    [Fact]
    public async Task Any_labels_and_numbers_come_back_as_in_the_text()
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        (string[] Values, double Number)[] series = [];
        host.Meter.CreateObservableCounter("total", () => series.Select(static (one, i) => new Measurement<double>(Math.Abs(one.Number), TagsOf(i, one.Values))), "s", "A total.");
        host.Meter.CreateObservableGauge("level", () => series.Select(static (one, i) => new Measurement<double>(one.Number, TagsOf(i, one.Values))));
        host.Meter.CreateObservableGauge("whole", () => series.Select(static (one, i) => new Measurement<long>(BitConverter.DoubleToInt64Bits(one.Number), TagsOf(i, one.Values))));
        Gen<string> character = Gen.Elements("a", "\"", "\\", "\n", "\t", "\0", "{", ",", "é", "\u2028", "\uD83D\uDE00", "\uD83D", "\uDE00", "\uFEFF");

        // Lengths have one byte up to 127, two up to 16,383, then three.
        Gen<string> value = Gen.OneOf(
            character.ListOf().Select(string.Concat),
            Gen.OneOf(Gen.Choose(100, 140), Gen.Choose(16_350, 16_400), Gen.Choose(0, 30_000)).Select(static length => new string('v', length)));
        Gen<double> number = Gen.Choose(int.MinValue, int.MaxValue).Two()
            .Select(static halves => BitConverter.Int64BitsToDouble(((long)halves.Item1 << 32) | (uint)halves.Item2)).Where(static number => !double.IsNaN(number));
        Gen<(string[], double)> any =
            from count in Gen.Choose(0, 3)
            from values in value.ArrayOf(count)
            from n in number
            select (values, n);
        for (int round = 0; round < 10; round++)
        {
            series = [.. any.Sample(60), ([], 0), ([], -0.0), (["x"], double.Epsilon), (["y"], double.MaxValue)];
            IReadOnlyList<ExpositionSample> text = ExpositionChecker.Samples(await host.ScrapeAsync());
            IReadOnlyList<ExpositionSample> samples = ProtobufExposition.Samples(await host.ScrapeProtobufAsync());
            Assert.Equal(text.Select(static sample => (sample.Identity, Bits(sample))), samples.Select(static sample => (sample.Identity, Bits(sample))));
        }

        static KeyValuePair<string, object?>[] TagsOf(int i, string[] values) => [new("i", i), .. values.Select(static (value, at) => KeyValuePair.Create($"label{at}", (object?)value))];

        static long Bits(ExpositionSample sample) => BitConverter.DoubleToInt64Bits(sample.Number);
    }

    [Fact]
    public async Task Counters_tell_when_they_began_where_that_is_known_as_OpenMetrics_does()
    {
        double[] starts = [1.5, 1700000000.29, 1764239485.07, 0];
        await using ScrapeHost host = await ScrapeHost.StartAsync(options =>
        {
            options.CreatedSeries = true;
            options.CreatedTime = (_, tags) => tags[0].Value is int at && at < starts.Length ? starts[at] : null;
        });
        host.Meter.CreateObservableCounter("x", () => Enumerable.Range(0, starts.Length + 1).Select(i => new Measurement<long>(i, Tags(("i", i)))));
        host.Meter.CreateObservableGauge("y", () => new Measurement<long>(1, Tags(("i", 0))));

        IReadOnlyList<MetricFamily> families = await host.ScrapeProtobufAsync();
        string[] written = [.. ExpositionChecker.Samples(await host.ScrapeAsync(openMetrics: true)).Where(static sample => sample.Name == "x_created").Select(static sample => sample.Value)];
        double?[] told = [.. families[0].Metric.Select(static metric => metric.Counter.CreatedTimestamp is { } start ? start.Seconds + (start.Nanos / 1e9) : (double?)null)];
        Assert.Equal([.. starts, null], told);
        Assert.Equal(starts.Select(static start => start.ToString("R", System.Globalization.CultureInfo.InvariantCulture)), written);
        Assert.All(families[0].Metric, static metric => Assert.Equal(0, (metric.Counter.CreatedTimestamp?.Nanos ?? 0) % 1000));
        Assert.NotNull(Assert.Single(families[1].Metric).Gauge);
    }

    [Fact]
    public async Task Of_a_series_that_is_observed_twice_the_last_observation_counts()
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        string[] values = [];
        host.Meter.CreateObservableCounter("x", () => values.Concat(values).Select((value, i) => new Measurement<long>(i, Tags(("v", value)))));
        Gen<int> length = Gen.OneOf(Gen.Choose(0, 200), Gen.Choose(BlockPool.BlockLength - 200, BlockPool.BlockLength + 200), Gen.Choose(0, 40_000));
        for (int round = 0; round < 3; round++)
        {
            values = [.. length.Sample(100).Select(static (length, i) => i + new string('a', length))];
            IReadOnlyList<ExpositionSample> samples = ProtobufExposition.Samples(await host.ScrapeProtobufAsync());
            Assert.Equal(values, samples.Select(static sample => sample.Label("v")));
            Assert.Equal(Enumerable.Range(100, 100).Select(static i => (double)i), samples.Select(static sample => sample.Number));
        }
    }

    [Fact]
    public async Task It_is_compressed_like_text_and_has_its_headers()
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        host.Meter.CreateObservableGauge("x", () => Enumerable.Range(0, 5000).Select(i => new Measurement<long>(i, Tags(("pid", i)))));
        using HttpResponseMessage plain = await host.GetAsync(accept: ScrapeHost.Protobuf);
        using HttpResponseMessage head = await host.SendAsync(HttpMethod.Head, "/metrics", ScrapeHost.Protobuf);
        using HttpResponseMessage packed = await host.GetAsync(accept: ScrapeHost.Protobuf, headers: static headers => headers.Add("Accept-Encoding", "gzip"));
        byte[] body = await plain.Content.ReadAsByteArrayAsync(Cancel);
        byte[] compressed = await packed.Content.ReadAsByteArrayAsync(Cancel);
        using MemoryStream inflated = new();
        await new GZipStream(new MemoryStream(compressed), CompressionMode.Decompress).CopyToAsync(inflated, Cancel);
        Assert.Equal(body, inflated.ToArray());
        Assert.Equal(["gzip"], packed.Content.Headers.ContentEncoding);
        Assert.Equal(5000, Assert.Single(ProtobufExposition.Parse(body)).Metric.Count);
        Assert.Equal(ExpositionFormat.Protobuf.With(NameStyle.Underscores).ContentType, plain.Content.Headers.ContentType?.ToString());
        Assert.Equal((body.Length, body.Length), (plain.Content.Headers.ContentLength, head.Content.Headers.ContentLength));
        Assert.Equal("Accept, Accept-Encoding", string.Join(", ", plain.Headers.Vary));
    }

    [Fact]
    public async Task Without_instruments_there_is_nothing_and_without_observations_no_family()
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        Assert.Empty(await host.ScrapeProtobufAsync());
        host.Meter.CreateObservableGauge("nobody", static () => Array.Empty<Measurement<long>>());
        Assert.Empty(await host.ScrapeProtobufAsync());
        host.Meter.CreateObservableGauge("x", static () => 1);
        Assert.Equal("x", Assert.Single(await host.ScrapeProtobufAsync()).Name);
    }

    private static string Print(ExpositionSample sample) => $"{sample.Identity} {sample.Number:R}";
}
