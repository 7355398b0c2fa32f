using System.Net;
using System.Text.RegularExpressions;
using MemSnoop.Exporter.Tests.Prometheus;
using MemSnoop.Exporter.Web;

namespace MemSnoop.Exporter.Tests.Web;

/// <summary>How the files of the page are served.</summary>
public sealed partial class PageEndpointsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_page_and_all_that_it_names_are_there_for_a_browser_to_keep()
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        using HttpResponseMessage page = await host.GetAsync("/");
        string text = await page.Content.ReadAsStringAsync(Cancel);
        Assert.Equal("text/html; charset=utf-8", page.Content.Headers.ContentType?.ToString());
        Assert.Equal("no-cache", page.Headers.CacheControl?.ToString());
        Assert.Contains("href=\"metrics\"", text, StringComparison.Ordinal);
        string[] named = [.. OwnFile().Matches(text).Select(static match => match.Groups[1].Value)];
        Assert.NotEmpty(named);
        foreach (string name in named.Append("page/" + PageFiles.Version + "/api.js"))
        {
            using HttpResponseMessage file = await host.GetAsync("/" + name);
            Assert.Equal((name, HttpStatusCode.OK), (name, file.StatusCode));
            Assert.True(file.Headers.CacheControl is { Private: true, MaxAge.TotalDays: 365 } kept && kept.Extensions.Any(static extension => extension.Name == "immutable"), name);
            Assert.Equal(name.EndsWith(".css", StringComparison.Ordinal) ? "text/css" : "text/javascript", file.Content.Headers.ContentType?.MediaType);
            AssertStrict(file);
        }

        AssertStrict(page);
    }

    [Fact]
    public async Task What_a_browser_has_is_not_sent_again()
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        using HttpResponseMessage page = await host.GetAsync("/");
        using HttpResponseMessage unchanged = await host.GetAsync("/", headers: headers => headers.IfNoneMatch.Add(page.Headers.ETag!));
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
        Assert.Equal(page.Headers.ETag, unchanged.Headers.ETag);
        using HttpResponseMessage head = await host.SendAsync(HttpMethod.Head, "/");
        Assert.Equal(page.Content.Headers.ContentLength, head.Content.Headers.ContentLength);
    }

    [Theory]
    [InlineData("/page/")]
    [InlineData("/page/live.js")]
    [InlineData("/page/0000000000000000/live.js")]
    [InlineData("/page/VERSION/")]
    [InlineData("/page/VERSION/nothing.js")]
    [InlineData("/page/VERSION/index.html")]
    [InlineData("/page/VERSION/report.js")]
    [InlineData("/page/VERSION/uPlot.LICENSE")]
    [InlineData("/page/VERSION/../live.js")]
    [InlineData("/page/VERSION/%2e%2e/live.js")]
    public async Task There_is_nothing_else(string path)
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        using HttpResponseMessage answer = await host.GetAsync(path.Replace("VERSION", PageFiles.Version, StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public void All_files_together_are_less_than_150_kB()
    {
        string[] parts = ["index.html", "api.js", "charts.js", "format.js", "heat-map.js", "live.js", "overview.js", "recording.js", "subject.js", "table.js", "base.css", "live.css", "uPlot.js", "uPlot.css"];
        int bytes = new PageFiles("/metrics").Page().Length + parts[1..].Sum(static name => PageFiles.Find(name)!.Value.Bytes.Length);
        Assert.InRange(bytes, 60_000, 150_000);
    }

    [Fact]
    public void The_link_to_metrics_is_where_they_are() =>
        Assert.Contains("href=\"internal/metrics\"", System.Text.Encoding.UTF8.GetString(new PageFiles("/internal/metrics").Page()), StringComparison.Ordinal);

    private static void AssertStrict(HttpResponseMessage answer)
    {
        Assert.Equal(
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            answer.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("no-referrer", answer.Headers.GetValues("Referrer-Policy").Single());
    }

    [GeneratedRegex("(?:src|href)=\"(page/[^\"]+)\"")]
    private static partial Regex OwnFile();
}
