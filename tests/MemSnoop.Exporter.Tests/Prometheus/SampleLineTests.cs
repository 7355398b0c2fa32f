using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using MemSnoop.Exporter.Prometheus;
using static MemSnoop.Exporter.Tests.Prometheus.Instruments;

namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>Numbers and labels of sample lines: parts D and E of the exposition rules.</summary>
public class SampleLineTests
{
    [Fact]
    public async Task Every_numeric_type_renders_and_no_long_passes_through_a_double() // B5, E1, E2
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        host.Meter.CreateObservableGauge("a", () => (byte)255);
        host.Meter.CreateObservableGauge("b", () => (short)-32768);
        host.Meter.CreateObservableGauge("c", () => int.MinValue);
        host.Meter.CreateObservableGauge("d", () => long.MinValue);
        host.Meter.CreateObservableGauge("e", () => 9007199254740993L);
        host.Meter.CreateObservableGauge("f", () => 0.1f);
        host.Meter.CreateObservableGauge("g", () => 123.0);
        Assert.Equal(
            ["255", "-32768", "-2147483648", "-9223372036854775808", "9007199254740993", "0.10000000149011612", "123"],
            ExpositionChecker.Samples(await host.ScrapeAsync()).Select(sample => sample.Value));
    }

    [Fact]
    public async Task Every_double_parses_back_to_the_same_bits() // E7
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        double[] values = [];
        host.Meter.CreateObservableGauge("x", () => values.Select((value, i) => new Measurement<double>(value, Tags(("i", i)))));
        Gen<double> anyBits = Gen.Choose(int.MinValue, int.MaxValue).Two()
            .Select(halves => BitConverter.Int64BitsToDouble(((long)halves.Item1 << 32) | (uint)halves.Item2));
        for (int round = 0; round < 20; round++)
        {
            values = [.. anyBits.Sample(500), double.MaxValue, double.MinValue, double.Epsilon, -double.Epsilon];
            double[] read = [.. ExpositionChecker.Samples(await host.ScrapeAsync()).Select(sample => sample.Number)];
            Assert.Equal(values.Select(Bits), read.Select(Bits));
        }

        // There are many NaNs, and the text has a word for one.
        static long Bits(double value) => double.IsNaN(value) ? 0x7FF8 : BitConverter.DoubleToInt64Bits(value);
    }

    [Fact]
    public async Task Samples_of_every_length_are_whole_and_the_last_of_a_series_counts() // D6, H1
    {
        // Texts lie in blocks: samples that just fit, do not fit, and are longer than a block, each observed twice with its creation time.
        await using ScrapeHost host = await ScrapeHost.StartAsync(static options => (options.CreatedSeries, options.CreatedTime) = (true, static (_, _) => 1.5));
        string[] values = [];
        host.Meter.CreateObservableCounter(
            "x", () => values.Concat(values).Select((value, i) => new Measurement<long>(i, Tags(("v", value)))));
        Gen<int> length = Gen.OneOf(Gen.Choose(0, 200), Gen.Choose(BlockPool.BlockLength - 200, BlockPool.BlockLength + 200), Gen.Choose(0, 40_000));
        foreach (bool openMetrics in new[] { false, true, false, true })
        {
            values = [.. length.Sample(100).Select(static (length, i) => i + new string('a', length))];
            ExpositionSample[] samples = [.. ExpositionChecker.Samples(await host.ScrapeAsync(openMetrics))];
            ExpositionSample[] totals = [.. samples.Where(static sample => sample.Name == "x_total")];
            Assert.Equal(values, totals.Select(static sample => sample.Label("v")));
            Assert.Equal(Enumerable.Range(100, 100).Select(static i => (double)i), totals.Select(static sample => sample.Number));
            Assert.Equal(openMetrics ? values : [], samples.Where(static sample => sample.Name == "x_created").Select(static sample => sample.Label("v")));
        }
    }

    [Fact]
    public async Task Every_label_value_comes_back_as_it_was() // D6, D7
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        string[] values = [];
        host.Meter.CreateObservableGauge("x", () => values.Select((value, i) => new Measurement<long>(i, Tags(("i", i), ("v", value)))));
        Gen<string> hostile = Gen.Elements(
            "a", "\"", "\\", "\n", "\r", "\t", "\0", "{", "}", ",", "#", " ", "é", "# EOF", "\u2028", "\uD83D\uDE00", "\uD83D", "\uDE00", "\uFEFF")
            .ListOf().Select(string.Concat);
        foreach (bool openMetrics in new[] { false, true })
        {
            values = [.. hostile.Sample(1000), "\\n", "\\\"", "\uDC00\uD800", "\r\n"];
            IReadOnlyList<ExpositionSample> read = ExpositionChecker.Samples(await Scrape(openMetrics));
            Assert.Equal(values.Select(AsCharacters), read.Select(sample => sample.Label("v") ?? ""));
        }

        // The checker's line endings are about the text's own lines, and a label may hold a carriage return before an escaped line feed.
        async Task<string> Scrape(bool openMetrics)
        {
            using HttpResponseMessage response = await host.GetAsync(accept: openMetrics ? ScrapeHost.OpenMetrics : null);
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(await response.Content.ReadAsByteArrayAsync());
        }

        static string AsCharacters(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
    }

    [Fact]
    public async Task The_culture_does_not_matter() // D8, E5. No culture data is installed, so the test brings its own French.
    {
        CultureInfo french = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        french.NumberFormat.NumberDecimalSeparator = ",";
        french.NumberFormat.NegativeSign = "\u2212";
        french.NumberFormat.NaNSymbol = "pas un nombre";
        french.NumberFormat.PositiveInfinitySymbol = "\u221E";
        await using ScrapeHost host = await ScrapeHost.StartAsync(options => options.Collecting = () => CultureInfo.CurrentCulture = french);
        host.Meter.CreateObservableGauge("x", () =>
        {
            Assert.Equal("1,5", 1.5.ToString(CultureInfo.CurrentCulture));
            return new Measurement<double>[]
            {
                new(-1.5, Tags(("i", -1))), new(double.PositiveInfinity, Tags(("i", -1.5))), new(double.NaN, Tags(("i", -2.5m))),
            };
        });
        host.Meter.CreateObservableGauge("y", () => -1.5f);
        host.Meter.CreateObservableGauge("z", () => -15L);
        Assert.Equal(
            """
            # TYPE x gauge
            x{i="-1"} -1.5
            x{i="-1.5"} +Inf
            x{i="-2.5"} NaN
            # TYPE y gauge
            y -1.5
            # TYPE z gauge
            z -15

            """,
            await host.ScrapeAsync());
    }

    [Fact]
    public async Task Tags_are_sorted_merged_and_unique() // D4, D10, G7
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        host.Meter.CreateObservableGauge("x", () => new Measurement<long>[]
        {
            new(1, Tags(("foo_bar", "u"), ("foo.bar", "d"), ("foo-bar", "h"))),
            new(2, Tags(("b", 2), ("a", 1))),
            new(3, Tags(("a", 1), ("b", 2))),
            new(4),
            new(5, Tags(("a", 1), ("a", 2))),
            new(6, Tags(("", "empty"))),
            new(7),
        });
        Assert.Equal(
            """
            # TYPE x gauge
            x{foo_bar="h;d;u"} 1
            x{a="1",b="2"} 3
            x{a="2"} 5
            x{_="empty"} 6
            x 7

            """,
            await host.ScrapeAsync());
    }

    [Fact]
    public async Task More_key_sets_than_are_remembered_still_render()
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        host.Meter.CreateObservableGauge("x", () => Enumerable.Range(0, 100).Select(i => new Measurement<long>(i, Tags(($"key{i}", i), ("a", i)))));
        foreach (ExpositionSample sample in ExpositionChecker.Samples(await host.ScrapeAsync()))
        {
            Assert.Equal([new("a", sample.Value), new($"key{sample.Value}", sample.Value)], sample.Labels);
        }
    }
}
