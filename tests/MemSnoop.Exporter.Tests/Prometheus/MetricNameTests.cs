using MemSnoop.Exporter.Collector;
using MemSnoop.Exporter.Prometheus;

namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>Lines A1 to A18 of the exposition rules.</summary>
public class MetricNameTests
{
    [Theory]
    [InlineData("memsnoop.process.working_set", "By", "memsnoop_process_working_set_bytes")]
    [InlineData("memsnoop.x", null, "memsnoop_x")]
    [InlineData("memsnoop.x", "", "memsnoop_x")]
    [InlineData("memsnoop.x", "1", "memsnoop_x")]
    [InlineData("memsnoop.x_bytes", "By", "memsnoop_x_bytes")]
    [InlineData("x_megabytes", "By", "x_megabytes_bytes")]
    [InlineData("x_bytes_total", "By", "x_bytes_total_bytes")]
    [InlineData("cpu_sp__d", null, "cpu_sp_d")]
    [InlineData("a../b", null, "a_b")]
    [InlineData("A\u010A", null, "A_")]
    [InlineData("1_some", null, "_some")]
    [InlineData("a:b", null, "a:b")]
    [InlineData("a_", "By", "a_bytes")]
    [InlineData("bytes", "By", "bytes")]
    public void Gauges_bear_their_unit_and_nothing_else(string name, string? unit, string expected)
    {
        MetricName result = MetricName.From(name, unit, InstrumentKind.Gauge);
        Assert.Equal(expected, result.Family);
        Assert.Equal(expected, result.Sample);
    }

    [Theory]
    [InlineData("memsnoop.process.io.read", "By", "memsnoop_process_io_read_bytes")]
    [InlineData("memsnoop.process.cpu.time", "s", "memsnoop_process_cpu_time_seconds")]
    [InlineData("memsnoop.disk.io.time", "s", "memsnoop_disk_io_time_seconds")]
    [InlineData("memsnoop.process.paging.faults", "{fault}", "memsnoop_process_paging_faults")]
    [InlineData("db_bytes_total", "By", "db_bytes")]
    [InlineData("a_total", "By", "a_bytes")]
    [InlineData("a_total_total", null, "a")]
    [InlineData("total", null, "total")]
    public void Counters_end_in_total_once(string name, string? unit, string family)
    {
        MetricName result = MetricName.From(name, unit, InstrumentKind.Counter);
        Assert.Equal(family, result.Family);
        Assert.Equal(family + "_total", result.Sample);
    }

    [Theory]
    [InlineData("d", "days")]
    [InlineData("h", "hours")]
    [InlineData("min", "minutes")]
    [InlineData("s", "seconds")]
    [InlineData("ms", "milliseconds")]
    [InlineData("us", "microseconds")]
    [InlineData("ns", "nanoseconds")]
    [InlineData("By", "bytes")]
    [InlineData("KiBy", "kibibytes")]
    [InlineData("MiBy", "mebibytes")]
    [InlineData("GiBy", "gibibytes")]
    [InlineData("TiBy", "tebibytes")]
    [InlineData("kBy", "kilobytes")]
    [InlineData("MBy", "megabytes")]
    [InlineData("GBy", "gigabytes")]
    [InlineData("TBy", "terabytes")]
    [InlineData("m", "meters")]
    [InlineData("V", "volts")]
    [InlineData("A", "amperes")]
    [InlineData("J", "joules")]
    [InlineData("W", "watts")]
    [InlineData("g", "grams")]
    [InlineData("Cel", "celsius")]
    [InlineData("Hz", "hertz")]
    [InlineData("%", "percent")]
    [InlineData("By/s", "bytes_per_second")]
    [InlineData("By/m", "bytes_per_minute")]
    [InlineData("By/h", "bytes_per_hour")]
    [InlineData("By/d", "bytes_per_day")]
    [InlineData("By/w", "bytes_per_week")]
    [InlineData("By/mo", "bytes_per_month")]
    [InlineData("By/y", "bytes_per_year")]
    [InlineData("{operation}/s", "per_second")]
    [InlineData("req/s/x", "req_per_s_x")]
    [InlineData("By/", "By")]
    [InlineData("# RU", "RU")]
    [InlineData("req s", "req_s")]
    [InlineData("s\u010A", "s")]
    [InlineData("By{resident}", "bytes")]
    [InlineData("By\n# x", "By_x")]
    [InlineData("KBy", "KBy")]
    [InlineData("{fault", "fault")]
    [InlineData("{fault}", null)]
    [InlineData("###", null)]
    [InlineData("1", null)]
    public void Units_become_words(string unit, string? word)
    {
        Assert.Equal(word, MetricName.UnitWord(unit));
    }

    [Fact]
    public void A_unit_that_is_not_the_last_word_gets_no_UNIT_line()
    {
        Assert.Null(MetricName.From("bytes", "By", InstrumentKind.Gauge).Unit);
        Assert.Equal("bytes", MetricName.From("x", "By", InstrumentKind.Gauge).Unit);
    }

    [Theory]
    [InlineData("container.id", "container_id")]
    [InlineData("a../b", "a_b")]
    [InlineData("http:method", "http_method")]
    [InlineData("2foo", "_2foo")]
    [InlineData("__reserved", "_reserved")]
    [InlineData("\U0001F600", "_")]
    [InlineData("", "_")]
    [InlineData(null, "_")]
    public void Label_names_keep_to_their_charset(string? key, string expected)
    {
        Assert.Equal(expected, MetricName.Label(key));
    }
}
