using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Where an exporter runs, <c>memsnoop wss</c> asks it by its socket, and measures itself where none answers.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class LocalApiTests
{
    private const double Least = 40 * 0.95 * Series.MB;
    private const double Most = ((40 * 1.05) + 2) * Series.MB;

    [Fact]
    public async Task A_window_is_measured_by_the_exporter_and_its_own_stay_true()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "200", "--hot", "40");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--pid", $"{touch.Pid}", "--working-set-interval", "2s", "--interval", "0s"], ExporterProcess.Uncached);
        await exporter.ScrapeUntilAsync(scrape => scrape.Sum(Series.WorkingSet, touch.Pid) is > Least and < Most);
        JsonElement asked = default;
        for (int i = 0; i < 4; i++)
        {
            // Whenever the exporter's own windows end: two readers that know nothing of each other would publish less.
            asked = await JsonAsync(exporter.RunDirectory, $"{touch.Pid}", "0.5");
            Assert.InRange(asked.GetProperty("used_bytes").GetDouble(), Least, Most);
            Scrape scrape = await exporter.ScrapeAsync();
            Assert.InRange(scrape.Sum(Series.WorkingSet, touch.Pid) + scrape.Sum("memsnoop_process_working_set_lower_bytes", touch.Pid), Least, Most);
            Assert.InRange(scrape.Value(Series.Window, touch.Pid), 0.1, ExporterProcess.Deadline.TotalSeconds);
        }

        Assert.Equal("exporter", asked.GetProperty("source").GetString());
        Assert.Equal("referenced", asked.GetProperty("method").GetString());
        Assert.Equal("none", asked.GetProperty("disturbance").GetString());
        Assert.InRange(asked.GetProperty("window_seconds").GetDouble(), 0.5, ExporterProcess.Deadline.TotalSeconds);

        // Of a process that it does not watch too.
        using Workload other = await Workload.StartAsync("touch", "--resident", "100", "--hot", "40");
        asked = await JsonAsync(exporter.RunDirectory, $"{other.Pid}", "1");
        Assert.Equal("exporter", asked.GetProperty("source").GetString());
        Assert.InRange(asked.GetProperty("used_bytes").GetDouble(), Least, Most);
    }

    [Fact]
    public async Task Without_a_length_it_is_the_exporters_last_window()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "200", "--hot", "40");
        CommandResult none = await WssAsync("/no/such/directory", $"{touch.Pid}");
        Assert.Equal((2, ""), (none.ExitCode, none.Output));
        Assert.Equal("memsnoop: SECONDS: is missing, and no exporter runs here that has a last window; expected the length of the window, as in memsnoop wss 1234 10\n", none.Error);
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--pid", $"{touch.Pid}", "--working-set-interval", "1s"]);
        await exporter.ScrapeUntilAsync(scrape => scrape.Sum(Series.WorkingSet, touch.Pid) > Least);
        JsonElement last = await JsonAsync(exporter.RunDirectory, $"{touch.Pid}");
        Assert.Equal("exporter", last.GetProperty("source").GetString());
        Assert.InRange(last.GetProperty("used_bytes").GetDouble(), Least, Most);
        Assert.InRange(last.GetProperty("rss_bytes").GetDouble(), 200 * Series.MB, 204 * Series.MB);
        CommandResult unwatched = await WssAsync(exporter.RunDirectory, $"{Environment.ProcessId}");
        Assert.Equal((2, ""), (unwatched.ExitCode, unwatched.Output));
        Assert.StartsWith($"memsnoop: PID: the exporter has no window of process {Environment.ProcessId}", unwatched.Error, StringComparison.Ordinal);
        Assert.Single(unwatched.Error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task The_socket_is_its_owners_alone_and_apart_from_the_address()
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--pid", $"{Environment.ProcessId}"]);
        string socket = Path.Join(exporter.RunDirectory, "api.sock");
        Assert.Equal("600\n", await Command.RunAsync("stat", ["--format=%a", socket], ExporterProcess.Deadline));
        using (HttpResponseMessage response = await exporter.GetAsync("/v1/window?pid=1&start=1"))
        {
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
            Assert.Equal("", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }

        using HttpClient local = Local(socket);
        foreach ((string path, HttpStatusCode status) in new[]
        {
            ("/metrics", HttpStatusCode.NotFound),
            ("/v1/containers", HttpStatusCode.ServiceUnavailable),
            ("/v1/window", HttpStatusCode.BadRequest),
            ("/v1/window?pid=1&start=x", HttpStatusCode.BadRequest),
            ("/v1/window?pid=1&start=1&seconds=0", HttpStatusCode.BadRequest),
            ("/v1/window?pid=1&start=1&seconds=86401", HttpStatusCode.BadRequest),
            ("/v1/window?pid=1&start=1&seconds=NaN", HttpStatusCode.BadRequest),
            ("/v1/window?pid=1&start=1&seconds=10&ages=", HttpStatusCode.BadRequest),
            ("/v1/window?pid=1&start=1&seconds=10&ages=2,1", HttpStatusCode.BadRequest),
            ("/v1/window?pid=1&start=1&seconds=10&ages=0.01", HttpStatusCode.BadRequest),
            ("/v1/window?pid=1&start=1&seconds=10&ages=1,10", HttpStatusCode.BadRequest),
            ("/v1/window?pid=1&start=1&ages=1", HttpStatusCode.BadRequest),
            ("/v1/window?pid=1&start=1&areas=1", HttpStatusCode.BadRequest),
            ("/v1/window?pid=1&start=1&seconds=1&areas=2", HttpStatusCode.BadRequest),
            ("/v1/window?pid=1&start=1&seconds=1&id=a-b", HttpStatusCode.BadRequest),
            ("/v1/window/end?id=a", HttpStatusCode.MethodNotAllowed),

            // The pid is there, and it is another process.
            ($"/v1/window?pid={Environment.ProcessId}&start=1", HttpStatusCode.NotFound),
        })
        {
            using HttpResponseMessage response = await local.GetAsync(path, TestContext.Current.CancellationToken);
            Assert.Equal((path, status), (path, response.StatusCode));
            using JsonDocument body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            Assert.NotEmpty(body.RootElement.GetProperty("reason").GetString()!);
        }

        using HttpResponseMessage post = await local.PostAsync("/v1/window", null, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
        exporter.Signal(ExporterProcess.Terminate);
        Assert.Equal(0, await exporter.WaitAsync());
        Assert.Empty(Directory.EnumerateFileSystemEntries(exporter.RunDirectory));
    }

    [Fact]
    public async Task A_dead_owner_is_replaced_and_a_living_one_is_not()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "60", "--hot", "40");
        await using ExporterProcess first = await ExporterProcess.StartAsync(["--pid", $"{Environment.ProcessId}"]);
        string[] again = ["--run-dir", first.RunDirectory];
        await using (ExporterProcess second = await ExporterProcess.StartAsync(["--pid", $"{touch.Pid}", .. again]))
        {
            await Eventually.HoldsAsync(() => second.Log.Any(static line => line.Contains("another exporter answers", StringComparison.Ordinal)));
            second.Signal(ExporterProcess.Terminate);
            Assert.Equal(0, await second.WaitAsync());
        }

        Assert.Equal("exporter", (await JsonAsync(first.RunDirectory, $"{touch.Pid}", "0.1")).GetProperty("source").GetString());
        first.Signal(9);
        await first.WaitAsync();
        Assert.True(File.Exists(Path.Join(first.RunDirectory, "api.sock")));
        Assert.Equal("own", (await JsonAsync(first.RunDirectory, $"{touch.Pid}", "0.1")).GetProperty("source").GetString());
        await using ExporterProcess third = await ExporterProcess.StartAsync(["--pid", $"{touch.Pid}", .. again]);
        Assert.Equal("exporter", (await JsonAsync(first.RunDirectory, $"{touch.Pid}", "0.1")).GetProperty("source").GetString());
    }

    [Fact]
    public async Task Many_may_ask_at_once_and_who_hangs_up_ends_his_window()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "60", "--hot", "40");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--pid", $"{touch.Pid}"]);
        JsonElement[] windows = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => JsonAsync(exporter.RunDirectory, $"{touch.Pid}", "0.3")));
        Assert.All(windows, static window => Assert.InRange(window.GetProperty("used_bytes").GetDouble(), Least, Most));

        // More than are measured at once: were they to go on, the next would wait for a day.
        string start = (await File.ReadAllTextAsync($"/proc/{touch.Pid}/stat", TestContext.Current.CancellationToken)).Split(") ")[1].Split(' ')[19];
        for (int i = 0; i < 20; i++)
        {
            using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Join(exporter.RunDirectory, "api.sock")), TestContext.Current.CancellationToken);
            await socket.SendAsync(
                Encoding.ASCII.GetBytes($"GET /v1/window?pid={touch.Pid}&start={start}&seconds=86400 HTTP/1.1\r\nHost: localhost\r\n\r\n"), TestContext.Current.CancellationToken);
        }

        Assert.Equal("exporter", (await JsonAsync(exporter.RunDirectory, $"{touch.Pid}", "0.1")).GetProperty("source").GetString());

        // And the exporter ends although somebody waits.
        Task<CommandResult> waiting = WssAsync(exporter.RunDirectory, $"{touch.Pid}", "3");
        await Eventually.HoldsAsync(() => IsConnected(exporter.Pid));
        exporter.Signal(ExporterProcess.Terminate);
        Assert.Equal(0, await exporter.WaitAsync());
        CommandResult own = await waiting;
        Assert.True(own.ExitCode == 0, own.Error);
    }

    [Fact]
    public async Task What_was_asked_otherwise_is_said()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "60", "--hot", "40");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--pid", $"{touch.Pid}"]);
        CommandResult result = await WssAsync(exporter.RunDirectory, $"{touch.Pid}", "0.2", "--method", "page_idle");
        Assert.Equal((0, "memsnoop: the exporter measures by referenced, not by page_idle\n"), (result.ExitCode, result.Error));

        // Numbers of other areas than those that are asked for would be wrong.
        result = await WssAsync(exporter.RunDirectory, $"{touch.Pid}", "0.2", "--area", "heap");
        Assert.Equal(
            (2, "", "memsnoop: --area: the exporter that runs measures with the areas of its own configuration; expected no option for areas, or --by area, which tells each\n"),
            (result.ExitCode, result.Output, result.Error));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Ages_are_refused_where_the_method_does_not_know_them(bool asks)
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "60", "--hot", "40");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--pid", $"{touch.Pid}"]);
        using TemporaryDirectory other = new();
        CommandResult result = await WssAsync(asks ? exporter.RunDirectory : other["run"], $"{touch.Pid}", "3", "--ages", "500ms,1s", "--method", "referenced");
        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Contains(
            asks ? "memsnoop: --ages: the exporter measures by referenced, which does not know which pages were idle;" : "memsnoop: --ages: the method referenced does not know which pages were idle;",
            result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_path_that_is_too_long_for_a_socket_is_one_line()
    {
        string directory = "/" + string.Join('/', Enumerable.Repeat("directory", 10));
        CommandResult result = await Command.TryRunAsync(Repository.Executable, ["serve", "--run-dir", directory], ExporterProcess.Deadline);
        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.StartsWith("memsnoop: --run-dir: the socket in '/directory/directory", result.Error, StringComparison.Ordinal);
        Assert.EndsWith("would have a path of 109 bytes; expected a directory with a path of at most 98 bytes\n", result.Error, StringComparison.Ordinal);
    }

    private static async Task<CommandResult> WssAsync(string run, params string[] arguments) =>
        await Command.TryRunAsync(Repository.Executable, ["wss", "--run-dir", run, "--max-stall", "1m", .. arguments], ExporterProcess.Deadline);

    private static async Task<JsonElement> JsonAsync(string run, params string[] arguments)
    {
        CommandResult result = await WssAsync(run, [.. arguments, "--json"]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        using JsonDocument document = JsonDocument.Parse(result.Output);
        return document.RootElement.Clone();
    }

    private static bool IsConnected(int exporter) => Directory.EnumerateFiles($"/proc/{exporter}/fd").Count(static file =>
        new FileInfo(file).LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) == true) > 2;

    private static HttpClient Local(string path) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, stop) =>
        {
            Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), stop);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    {
        BaseAddress = new Uri("http://localhost"),
    };
}
