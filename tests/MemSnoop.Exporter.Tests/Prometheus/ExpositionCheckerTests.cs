namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>The checker finds what it is there to find.</summary>
public class ExpositionCheckerTests
{
    [Theory]
    [InlineData(false, "# TYPE x gauge\nx 1", "line feed")]
    [InlineData(false, "# TYPE x gauge\r\nx 1\r\n", "carriage return")]
    [InlineData(false, "\uFEFF# TYPE x gauge\nx 1\n", "byte order mark")]
    [InlineData(false, "# TYPE x gauge\n\nx 1\n", "empty line")]
    [InlineData(false, "# TYPE x gauge\nx 1\n# EOF\n", "# EOF")]
    [InlineData(true, "# TYPE x gauge\nx 1\n", "# EOF")]
    [InlineData(true, "# TYPE x gauge\nx 1\n# EOF\n# EOF\n", "# EOF")]
    [InlineData(false, "# TYPE x gauge\nx 1\n# TYPE y gauge\ny 1\nx{a=\"1\"} 1\n", "outside its family")]
    [InlineData(false, "# TYPE x gauge\nx 1\n# TYPE y gauge\ny 1\n# TYPE x gauge\n", "in pieces")]
    [InlineData(false, "# TYPE y gauge\ny 1\n# TYPE x gauge\nx 1\n", "out of order")]
    [InlineData(false, "# HELP x text\n# TYPE x gauge\nx 1\n", "TYPE")]
    [InlineData(false, "# TYPE x gauge\n# TYPE x gauge\nx 1\n", "metadata twice")]
    [InlineData(false, "# TYPE x gauge\nx 1\n# HELP x text\n", "metadata twice")]
    [InlineData(false, "# TYPE x info\nx 1\n", "unknown type")]
    [InlineData(true, "# TYPE x untyped\nx 1\n# EOF\n", "unknown type")]
    [InlineData(true, "# TYPE x gauge\n# UNIT x bytes\nx 1\n# EOF\n", "UNIT")]
    [InlineData(false, "# TYPE x_bytes gauge\n# UNIT x_bytes bytes\nx_bytes 1\n", "UNIT")]
    [InlineData(false, "# TYPE x gauge\n# HELP x a\\\"b\nx 1\n", "escape")]
    [InlineData(true, "# TYPE x gauge\n# HELP x a\"b\nx 1\n# EOF\n", "escape")]
    [InlineData(false, "# a comment\n", "neither metadata")]
    [InlineData(false, "# TYPE x gauge\nx{a=\"1\",b=\"2\"} 1\nx{b=\"2\",a=\"1\",c=\"\"} 1\n", "series twice")]
    [InlineData(false, "# TYPE x_total counter\nx_total -1\n", "no total")]
    [InlineData(false, "# TYPE x_total counter\nx_total NaN\n", "no total")]
    [InlineData(true, "# TYPE x counter\nx 1\n# EOF\n", "outside its family")]
    [InlineData(true, "# TYPE x counter\nx_total 1\n# TYPE x_created gauge\nx_created 1\n# EOF\n", "counter's samples")]
    [InlineData(false, "# TYPE x:y gauge\nx:y 1\n", "reserved")]
    [InlineData(false, "# TYPE x gauge\nx{a=\"1\",} 1\n", "label name")]
    [InlineData(false, "# TYPE x gauge\nx{} 1\n", "label name")]
    [InlineData(false, "# TYPE x gauge\nx{a=\"1\",a=\"2\"} 1\n", "twice")]
    [InlineData(false, "# TYPE x gauge\nx{__a=\"1\"} 1\n", "Prometheus' own")]
    [InlineData(false, "# TYPE x gauge\nx{a=\"\\t\"} 1\n", "escape")]
    [InlineData(false, "# TYPE x gauge\nx{a=\"1} 1\n", "without end")]
    [InlineData(false, "# TYPE x gauge\nx  1\n", "no number")]
    [InlineData(false, "# TYPE x gauge\nx 1 1700000000\n", "no number")]
    [InlineData(false, "# TYPE x gauge\nx 1,5\n", "no number")]
    [InlineData(false, "# TYPE x gauge\nx Infinity\n", "no number")]
    public void What_is_wrong_is_found(bool openMetrics, string text, string complaint)
    {
        Assert.Contains(ExpositionChecker.Check(text, openMetrics), found => found.Contains(complaint, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false, "")]
    [InlineData(true, "# EOF\n")]
    [InlineData(false, "# TYPE x_total counter\n# HELP x_total a \\\\ \"b\" \\n\nx_total{a=\"\\\\\\\"\\n\"} 1E+17\nx_total +Inf\n")]
    [InlineData(true, "# TYPE x_bytes counter\n# UNIT x_bytes bytes\n# HELP x_bytes a \\\"b\\\"\nx_bytes_total 1\nx_bytes_created 1.5\n# EOF\n")]
    public void What_is_right_is_not_complained_about(bool openMetrics, string text)
    {
        Assert.Empty(ExpositionChecker.Check(text, openMetrics));
    }
}
