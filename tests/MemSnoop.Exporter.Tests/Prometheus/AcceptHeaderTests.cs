using MemSnoop.Exporter.Prometheus;
using Microsoft.Extensions.Primitives;

namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>Table H of the exposition rules, and I1's list of encodings.</summary>
public class AcceptHeaderTests
{
    private const string Text004 = "text/plain; version=0.0.4; charset=utf-8";
    private const string Text100 = "text/plain; version=1.0.0; charset=utf-8; escaping=underscores";
    private const string OpenMetrics001 = "application/openmetrics-text; version=0.0.1; charset=utf-8";
    private const string OpenMetrics100 = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores";
    private const string Protobuf = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores";
    private const string Prometheus3 =
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
        + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

    public static TheoryData<string?, string> Headers => new()
    {
        { null, Text004 },
        { "", Text004 },
        { "  ", Text004 },
        { "*/*", Text004 },
        { "text/*", Text004 },
        { "text/html", Text004 },
        { "application/json", Text004 },
        { ";;=\",,", Text004 },
        { "\"\\", Text004 },
        { "@@@, application/openmetrics-text, <x>", OpenMetrics100 },
        { "text/plain", Text004 },
        { "text/plain;version=0.0.4", Text004 },
        { "text/plain; escaping=values", Text004 },
        { "text/plain;version=1.0.0", Text100 },
        { "text/plain;version=1.0.0;escaping=dots", Text100 },
        { "text/plain;version=1.0.0;escaping=allow-utf-8", Text100 },
        { "application/openmetrics-text", OpenMetrics100 },
        { "application/openmetrics-text;version=1.0.0", OpenMetrics100 },
        { "application/openmetrics-text;version=1.0.0;escaping=values", OpenMetrics100 },
        { "application/openmetrics-text;version=0.0.1", OpenMetrics001 },
        { Prometheus3, OpenMetrics100 },
        { "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7," + Prometheus3, Protobuf },
        { "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=allow-utf-8;q=0.1," + Prometheus3, OpenMetrics100 },
        { "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=allow-utf-8", Protobuf },
        { "application/vnd.google.protobuf; encoding=\"Delimited\"; proto=\"io.prometheus.client.MetricFamily\"; q=1.0", Protobuf },
        { "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=foo,text/plain;version=1.0.0;q=0.1", Text100 },
        { "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text", Text004 },
        { "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily", Text004 },
        { "application/vnd.google.protobuf;encoding=delimited", Text004 },
        { "application/vnd.google.protobuf;proto=io.prometheus.write.v2.Request;encoding=delimited", Text004 },
        { "application/vnd.google.protobuf", Text004 },
        { "text/plain;q=0.3, application/openmetrics-text;version=1.0.0;q=0.9", OpenMetrics100 },
        { "text/plain, application/openmetrics-text;version=1.0.0", Text004 },
        { "application/openmetrics-text;version=2.0.0", Text004 },
        { "application/openmetrics-text;version=0.0.5,application/openmetrics-text;version=0.0.1;q=0.1", OpenMetrics001 },
        { "application/openmetrics-text;version=1.0", Text004 },
        { "application/openmetrics-text;version=foo", Text004 },
        { "application/openmetrics-text;escaping=foo", Text004 },
        { "application/openmetrics-text;q=0", Text004 },
        { "application/openmetrics-text;q=1.1", Text004 },
        { "application/openmetrics-text;q=abc", Text004 },
        { "APPLICATION/OpenMetrics-Text;VERSION=1.0.0;Q=0.5", OpenMetrics100 },
        { "application/openmetrics-text; version = \"1.0.0\" ; foo=\"a,b;c\" ; q=0.5", OpenMetrics100 },
        { "application/json; foo=\"\\\",b\", application/openmetrics-text", OpenMetrics100 },
    };

    /// <summary>The format that the endpoint chooses for a request with this header.</summary>
    internal static ExpositionFormat Choose(StringValues header, NameStyle names = NameStyle.Underscores, bool openMetrics2 = false) => ExpositionFormat.Choose(header, names, openMetrics2);

    [Theory]
    [MemberData(nameof(Headers))]
    public void The_best_format_that_both_know_is_chosen(string? header, string contentType)
    {
        Assert.Equal(contentType, Choose(header).ContentType);
    }

    [Theory] // P2, H4
    [InlineData(Prometheus3, "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8")]
    [InlineData("text/plain;version=1.0.0;escaping=allow-utf-8", "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8")]
    [InlineData(
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=allow-utf-8",
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=allow-utf-8")]
    [InlineData("text/plain;version=1.0.0;escaping=dots", Text100)]
    [InlineData("text/plain;version=1.0.0", Text100)]
    [InlineData("text/plain;version=0.0.4;escaping=allow-utf-8", Text004)]
    [InlineData("application/openmetrics-text;version=0.0.1;escaping=allow-utf-8", OpenMetrics001)]
    [InlineData("*/*", Text004)]
    [InlineData(null, Text004)]
    public void Names_of_any_characters_are_for_those_who_take_them_where_the_user_wants_them(string? header, string contentType)
    {
        Assert.Equal(contentType, Choose(header, NameStyle.Utf8).ContentType);
        Assert.DoesNotContain("allow-utf-8", Choose(header).ContentType, StringComparison.Ordinal);
    }

    [Fact]
    public void The_second_version_of_OpenMetrics_is_known_where_the_user_wants_it() // P3
    {
        const string Both = "application/openmetrics-text;version=2.0.0;escaping=allow-utf-8;q=0.7," + Prometheus3;
        Assert.Equal("application/openmetrics-text; version=2.0.0; charset=utf-8; escaping=underscores", Choose(Both, openMetrics2: true).ContentType);
        Assert.Equal("application/openmetrics-text; version=2.0.0; charset=utf-8; escaping=allow-utf-8", Choose(Both, NameStyle.Utf8, openMetrics2: true).ContentType);
        Assert.Equal(OpenMetrics100, Choose(Both).ContentType);
        Assert.Equal(OpenMetrics100, Choose("application/openmetrics-text", openMetrics2: true).ContentType);
    }

    [Fact]
    public void Entries_may_come_in_several_headers()
    {
        Assert.Equal(OpenMetrics100, Choose(new[] { "text/plain;q=0.3", "application/openmetrics-text;q=0.4" }).ContentType);
    }

    [Theory]
    [InlineData("gzip", true)]
    [InlineData("GZip", true)]
    [InlineData("deflate, gzip;q=0.5, br", true)]
    [InlineData("gzip;q=1.0", true)]
    [InlineData("gzip;q=0", false)]
    [InlineData("gzip; q=0.000", false)]
    [InlineData("gzip;q=foo", false)]
    [InlineData("*", false)]
    [InlineData("br", false)]
    [InlineData("@gzip", false)]
    [InlineData("br;q=1.0, gzip;q=0.8, *;q=0.1", true)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Gzip_is_used_where_it_is_named(string? header, bool expected)
    {
        Assert.Equal(expected, ScrapeHeaders.AllowGzip(header));
    }

    [Theory]
    [InlineData("0.001", 1L)]
    [InlineData("10", 10_000L)]
    [InlineData("2147483", 2147483_000L)]
    [InlineData("0", null)]
    [InlineData("-1", null)]
    [InlineData("0.0009", null)]
    [InlineData("1.05e+003", null)]
    [InlineData("foo", null)]
    [InlineData("NaN", null)]
    [InlineData("+Inf", null)]
    [InlineData("2147483.1", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void A_scrape_timeout_is_a_plain_number_of_seconds(string? header, long? milliseconds)
    {
        Assert.Equal(milliseconds, (long?)ScrapeHeaders.TimeoutOf(header)?.TotalMilliseconds);
    }
}
