using System.Diagnostics;
using System.Globalization;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Whoever can reach the port can send anything. A scrape beside it is answered as without it.</summary>
[Collection(EndToEndCollection.Name)]
public class HostileNetworkTests(ITestOutputHelper output)
{
    private const int FewFiles = 1024;
    private const string Refused = "memsnoop_http_refused_total";

    private static readonly string[] Own = ["--pid", $"{Environment.ProcessId}", "--no-children"];

    [Theory]
    [OrdinaryTier]
    [Reliability]
    [InlineData("")]
    [InlineData("GET /metr")]
    [InlineData("GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")]
    public Task More_connections_than_the_process_may_have_files_are_none_of_a_scrapes_business(string text) => FloodAsync(text, 2_000);

    [Theory]
    [LongTier("connections")]
    [InlineData("")]
    [InlineData("GET /metr")]
    public async Task So_are_ten_thousand(string text) => Measured.Note("connections", await FloodAsync(text, 10_000));

    [Fact]
    [OrdinaryTier]
    [Reliability]
    public async Task Clients_that_read_nothing_or_send_a_little_now_and_then_keep_no_scrape_out_and_are_cut_off()
    {
        await using ExporterProcess exporter = await StartAsync();
        List<RawClient> clients = [];
        try
        {
            // Answers to so many requests fit no buffer, so that the server waits for the reader.
            string many = string.Concat(Enumerable.Repeat("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 400));
            for (int i = 0; i < 60; i++)
            {
                clients.Add(await RawClient.ConnectAsync(exporter.Address, many, receiveBuffer: 1024));
                clients.Add(await RawClient.ConnectAsync(exporter.Address, "GET /metrics HTTP/1.1\r\n"));
            }

            long started = Stopwatch.GetTimestamp();
            TimeSpan slowest = TimeSpan.Zero;
            bool cutOff = false;
            for (int i = 0; !cutOff; i++)
            {
                long begun = Stopwatch.GetTimestamp();
                Scrape scrape = await exporter.ScrapeAsync();
                TimeSpan took = Stopwatch.GetElapsedTime(begun);
                slowest = took > slowest ? took : slowest;
                cutOff = scrape.Value(Refused, ("reason", "slow_reader")) > 0 && scrape.Value(Refused, ("reason", "slow_request")) > 0;
                await clients[(2 * (i % 60)) + 1].TrySendAsync("A");
                Assert.True(Stopwatch.GetElapsedTime(started) < ExporterProcess.Deadline, scrape.Text);
                await Task.Delay(TimeSpan.FromMilliseconds(100), TestContext.Current.CancellationToken);
            }

            Reliability.Note(
                Reliability.Load, "clients that never read, and clients that send a byte now and then", $"60 of each; slowest scrape beside them {Reliability.Seconds(slowest)}",
                $"first are cut off after {Reliability.Seconds(Stopwatch.GetElapsedTime(started))}", "nothing of other clients");
        }
        finally
        {
            clients.ForEach(static client => client.Dispose());
        }
    }

    [Theory]
    [Reliability]
    [InlineData("BREW /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 405 ")]
    [InlineData("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc", "HTTP/1.1 405 ")]
    [InlineData("GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 404 ")]
    [InlineData("GET /METRICS HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 404 ")]
    [InlineData("GET /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ")]
    [InlineData("GET /metrics HTTP/9.9\r\nHost: x\r\n\r\n", "HTTP/1.1 505 ")]
    [InlineData("\0\0\0\0\r\n\r\n", "HTTP/1.1 400 ")]
    [InlineData("\u0016\u0003\u0001\u0002\0\u0001\r\n\r\n", "HTTP/1.1 400 ")]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: x\r\nX: LONG\r\n\r\n", "HTTP/1.1 431 ")]
    [InlineData("GET /LONG HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 414 ")]
    public async Task What_is_no_scrape_is_told_so(string text, string expected)
    {
        await using ExporterProcess exporter = await StartAsync();
        using RawClient client = await RawClient.ConnectAsync(exporter.Address, text.Replace("LONG", new string('a', 60_000), StringComparison.Ordinal));
        Assert.StartsWith(expected, await client.ReadToEndAsync(), StringComparison.Ordinal);
        bool isMalformed = expected is not ("HTTP/1.1 405 " or "HTTP/1.1 404 ");
        Scrape after = await exporter.ScrapeUntilAsync(scrape => scrape.Value(Refused, ("reason", "malformed")) == (isMalformed ? 1 : 0));
        Assert.True(after.Value("memsnoop_http_connections") >= 1);
        Reliability.Note(Reliability.Input, "what is no request for metrics: wrong methods, paths, versions, bytes, headers of 60 kB", "10 of them", "at once", "nothing");
    }

    [Fact]
    [Reliability]
    public async Task Two_hundred_requests_at_once_on_a_connection_get_as_many_answers()
    {
        const int Requests = 200;
        await using ExporterProcess exporter = await StartAsync();
        string one = "GET /metrics?collect[]=statm HTTP/1.1\r\nHost: x\r\n";
        using RawClient client = await RawClient.ConnectAsync(exporter.Address, string.Concat(Enumerable.Repeat(one + "\r\n", Requests - 1)) + one + "Connection: close\r\n\r\n");
        string answers = await client.ReadToEndAsync();
        Assert.Equal(Requests, answers.Split("HTTP/1.1 200 OK").Length - 1);
        Reliability.Note(Reliability.Load, "requests in one write on one connection", $"{Requests}", "at once", "nothing");
    }

    [Theory]
    [InlineData(100)]
    [InlineData(127)]
    public async Task Too_few_files_are_one_line_and_code_2(int files)
    {
        CommandResult result = await Command.TryRunAsync(
            "sh", ["-c", $"ulimit -n {files}; exec \"$@\"", "sh", Repository.Executable, "--listen", "127.0.0.1:0"], ExporterProcess.Deadline);
        Assert.Equal(
            (2, "", $"memsnoop: limit of open files: it is {files} (ulimit -Hn, LimitNOFILE=), too few to serve; expected at least 128\n"),
            (result.ExitCode, result.Output, result.Error));
    }

    // With few descriptors, as services without a LimitNOFILE= have them.
    private static Task<ExporterProcess> StartAsync() => ExporterProcess.StartAsync(Own, ["sh", "-c", $"ulimit -n {FewFiles}; exec \"$@\"", "sh", .. ExporterProcess.Uncached]);

    private async Task<string> FloodAsync(string text, int wanted)
    {
        // As many as this process may open itself.
        string limit = File.ReadLines("/proc/self/limits").First(static line => line.StartsWith("Max open files", StringComparison.Ordinal));
        int connections = Math.Min(wanted, int.Parse(limit.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3], CultureInfo.InvariantCulture) - 500);
        await using ExporterProcess exporter = await StartAsync();
        await exporter.ScrapeAsync();
        TimeSpan alone = await FastestAsync(exporter);
        List<RawClient> clients = [];
        try
        {
            for (int i = 0; i < connections; i++)
            {
                clients.Add(await RawClient.ConnectAsync(exporter.Address, text));
            }

            // All but those that have a place were dropped.
            Scrape full = await exporter.ScrapeUntilAsync(scrape => Dropped(scrape) >= connections - FewFiles);
            TimeSpan beside = await FastestAsync(exporter);
            string figures =
                $"{connections} connections, {(text.Length == 0 ? "silent" : text.EndsWith('\n') ? "with a request" : "with a part of a request")}, {FewFiles} open files: "
                + $"a scrape takes {beside.TotalMilliseconds:F1} ms, {alone.TotalMilliseconds:F1} ms without them; {full.Value("process_open_fds")} files open";
            output.WriteLine(figures);
            Reliability.Note(
                Reliability.Load, $"connections {(text.Length == 0 ? "that are silent" : text.EndsWith('\n') ? "that were answered and stay" : "with a part of a request")}, {FewFiles} open files allowed",
                $"{connections}: a scrape takes {beside.TotalMilliseconds:F1} ms beside them, {alone.TotalMilliseconds:F1} ms without", "at once", "the connections beyond the limit");
            Assert.True(beside < (10 * alone) + TimeSpan.FromSeconds(1), figures);
            Assert.InRange(full.Value("memsnoop_http_connections"), 1, full.Value("memsnoop_http_connections_limit"));
            Assert.InRange(full.Value("process_open_fds"), 1, FewFiles / 2);
            return figures;
        }
        finally
        {
            clients.ForEach(static client => client.Dispose());
        }
    }

    private static double Dropped(Scrape scrape) => scrape.Value(Refused, ("reason", "no_request")) + scrape.Value(Refused, ("reason", "idle"));

    // The least of some: the rest is what else the machine does. Each by a connection of its own, as a server that has just started would come.
    private static async Task<TimeSpan> FastestAsync(ExporterProcess exporter)
    {
        TimeSpan fastest = TimeSpan.MaxValue;
        for (int i = 0; i < 5; i++)
        {
            long started = Stopwatch.GetTimestamp();
            using RawClient client = await RawClient.ConnectAsync(exporter.Address, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 200 OK", await client.ReadToEndAsync(), StringComparison.Ordinal);
            TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
            fastest = elapsed < fastest ? elapsed : fastest;
        }

        return fastest;
    }
}
