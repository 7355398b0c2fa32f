using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using MemSnoop.Exporter.Tests.Commands;
using MemSnoop.Exporter.View.Live;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>What the page and <c>memsnoop top</c> read, at the address of the real program and on its socket.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class ApiTests : IDisposable
{
    private const string NextWindow = "memsnoop_working_set_next_window_seconds";
    private readonly TemporaryDirectory _directory = new();

    [Fact]
    public async Task Numbers_are_those_of_metrics_between_the_same_two_passes()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "200", "--hot", "40");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--pid", $"{touch.Pid}", "--working-set-interval", "3s"], ExporterProcess.Uncached);
        await exporter.ScrapeUntilAsync(scrape => scrape.Sum(Series.WorkingSet, touch.Pid) > 30 * Series.MB);
        await Eventually.HoldsAsync(async () =>
        {
            Scrape before = await exporter.ScrapeAsync();
            JsonElement overview = await JsonAsync(exporter, "/api/v1/overview");
            Scrape after = await exporter.ScrapeAsync();
            JsonElement row = Row(overview, touch.Pid);
            if (before.Value(NextWindow) != after.Value(NextWindow) || !row.TryGetProperty("used_bytes", out JsonElement used))
            {
                // A pass came between, or something disturbed the window.
                return false;
            }

            Assert.Equal(before.Sum(Series.WorkingSet, touch.Pid), used.GetDouble());
            Assert.Equal(before.Value(Series.Idle, ("pid", $"{touch.Pid}"), ("age", "0")), row.GetProperty("resident_bytes").GetDouble());
            Assert.Equal(before.Value(Series.Window, touch.Pid), row.GetProperty("window_seconds").GetDouble());
            Assert.Equal(before.Value(NextWindow), overview.GetProperty("windows").GetProperty("next").GetDouble());
            Assert.InRange(row.GetProperty("idle_share").GetDouble(), 0.7, 0.85);
            return true;
        });

        // The same on the socket, and of the one process alone.
        JsonElement local = await JsonAsync(exporter, "/api/v1/overview?top=1", local: true);
        string id = Row(local, touch.Pid).GetProperty("id").GetString()!;
        JsonElement detail = await JsonAsync(exporter, $"/api/v1/processes/{id}");
        Assert.Equal(touch.Pid, detail.GetProperty("row").GetProperty("pid").GetInt32());
        Assert.InRange(detail.GetProperty("kinds").GetProperty("anon").GetProperty("lower_bytes").GetDouble(), 30 * Series.MB, 48 * Series.MB);
        Assert.InRange(detail.GetProperty("now").GetProperty("resident_bytes").GetDouble(), 200 * Series.MB, 206 * Series.MB);
        Assert.True(detail.GetProperty("now").GetProperty("minor_faults").GetInt64() > 200 * 256);
        Assert.True(detail.GetProperty("now").TryGetProperty("read_bytes", out _));
        JsonElement history = detail.GetProperty("history");
        Assert.Equal(history.GetProperty("times").GetArrayLength(), history.GetProperty("resident_bytes").GetArrayLength());
        Assert.NotEqual(0, history.GetProperty("idle").GetArrayLength());
        JsonElement[] areas = [.. (await JsonAsync(exporter, $"/api/v1/processes/{id}/areas")).GetProperty("areas").EnumerateArray()];
        Assert.InRange(areas.Sum(static area => area.GetProperty("resident_bytes").GetDouble()), 200 * Series.MB, 206 * Series.MB);
        Assert.All((string[])["anonymous", "file", "stack"], kind => Assert.Contains(areas, area => area.GetProperty("kind").GetString() == kind));

        // The host, whose parts are all of it.
        JsonElement host = local.GetProperty("host");
        Assert.Equal(
            host.GetProperty("total_bytes").GetDouble(),
            new[] { "unknown_bytes", "page_cache_bytes", "kernel_bytes", "free_bytes" }.Sum(part => host.GetProperty(part).GetDouble()));
        Assert.Equal("no_sum", host.GetProperty("reason").GetString());
        Assert.StartsWith("memory touched in the last ", local.GetProperty("method").GetProperty("words").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_wrong_request_gets_a_reason_and_a_sentence()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "20", "--hot", "4");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--pid", $"{touch.Pid}", "--working-set-interval", "1s"]);
        string id = Row(await JsonAsync(exporter, "/api/v1/overview"), touch.Pid).GetProperty("id").GetString()!;
        foreach ((string path, HttpStatusCode status, string reason) in new[]
        {
            ("/api", HttpStatusCode.NotFound, "not_found"),
            ("/api/v1", HttpStatusCode.NotFound, "not_found"),
            ("/api/v1/Overview", HttpStatusCode.NotFound, "not_found"),
            ("/api/v1/overview/", HttpStatusCode.NotFound, "not_found"),
            ("/api/v1/overview?top=0", HttpStatusCode.BadRequest, "bad_request"),
            ("/api/v1/overview?sort=size", HttpStatusCode.BadRequest, "bad_request"),
            ("/api/v1/processes/1", HttpStatusCode.BadRequest, "bad_request"),
            ("/api/v1/processes/1-1", HttpStatusCode.NotFound, "gone"),
            ("/api/v1/processes/1-1/areas", HttpStatusCode.NotFound, "gone"),
            ("/api/v1/containers/abc", HttpStatusCode.NotFound, "no_container"),
            ("/api/v1/groups/abc", HttpStatusCode.NotFound, "no_group"),
            ("/api/v1/heatmaps/cost?process=x", HttpStatusCode.BadRequest, "bad_request"),
            ("/api/v1/heatmaps/cost?process=1-1", HttpStatusCode.NotFound, "gone"),

            // On this kernel no method tells pages apart.
            ("/api/v1/heatmaps", HttpStatusCode.Forbidden, "not_supported"),
            ("/api/v1/heatmaps/1", HttpStatusCode.Forbidden, "not_supported"),
        })
        {
            using HttpResponseMessage response = await exporter.GetAsync(path);
            Assert.Equal((path, status), (path, response.StatusCode));
            Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
            JsonElement body = await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
            Assert.Equal((path, reason), (path, body.GetProperty("reason").GetString()));
            Assert.NotEmpty(body.GetProperty("error").GetString()!);
        }

        using HttpClient client = new() { BaseAddress = exporter.Address };
        using (HttpResponseMessage post = await client.PostAsync("/api/v1/overview", null, TestContext.Current.CancellationToken))
        {
            Assert.Equal((HttpStatusCode.MethodNotAllowed, "GET, HEAD"), (post.StatusCode, string.Join(", ", post.Content.Headers.Allow)));
        }

        using (HttpResponseMessage record = await client.PostAsJsonAsync("/api/v1/heatmaps", new { process = id }, TestContext.Current.CancellationToken))
        {
            Assert.Equal(HttpStatusCode.Forbidden, record.StatusCode);
        }

        using (HttpResponseMessage headers = await exporter.GetAsync("/api/v1/overview"))
        {
            Assert.Equal("default-src 'none'; frame-ancestors 'none'", headers.Headers.GetValues("Content-Security-Policy").Single());
            Assert.Equal("nosniff", headers.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.Equal("no-referrer", headers.Headers.GetValues("Referrer-Policy").Single());
            Assert.Equal("no-store", headers.Headers.CacheControl?.ToString());
        }

        // It ends while somebody looks at it.
        touch.Kill();
        await Eventually.HoldsAsync(async () =>
        {
            using HttpResponseMessage response = await exporter.GetAsync($"/api/v1/processes/{id}");
            return response.StatusCode == HttpStatusCode.NotFound;
        });
        Assert.DoesNotContain(exporter.Log, static line => line.Contains("level=error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Names_of_programs_come_as_they_are_and_what_is_no_text_is_replaced()
    {
        string script = _directory["<script>alert(1"];
        File.Copy(await Workloads.PathAsync("touch"), script);
        using Workload hostile = await Workload.StartAsync(script, "--resident", "20", "--hot", "4");
        await Command.RunAsync("sh", ["-c", "cp /bin/sleep \"$1/$(printf 'a\\377\\376b')\"", "sh", _directory.Root], ExporterProcess.Deadline);
        using System.Diagnostics.Process garbled = System.Diagnostics.Process.Start("sh", ["-c", "exec \"$1/$(printf 'a\\377\\376b')\" 600", "sh", _directory.Root]);
        try
        {
            await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--pid", $"{hostile.Pid}", "--pid", $"{garbled.Id}", "--working-set-interval", "1s"]);
            await Eventually.HoldsAsync(async () =>
            {
                JsonElement overview = await JsonAsync(exporter, "/api/v1/overview");
                return Name(overview, hostile.Pid) == "<script>alert(1" && Name(overview, garbled.Id) == "a\ufffd\ufffdb";
            });

            // No byte of it can be taken for markup, whoever takes the answer for a page.
            using HttpResponseMessage response = await exporter.GetAsync("/api/v1/overview?search=%3Cscript");
            string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.DoesNotContain('<', text);
            Assert.Contains("\\u003Cscript\\u003Ealert(1", text, StringComparison.Ordinal);
        }
        finally
        {
            garbled.Kill();

            // The framework cannot name one of them.
            await Command.RunAsync("sh", ["-c", "rm -f \"$1\"/*", "sh", _directory.Root], ExporterProcess.Deadline);
        }
    }

    [Fact]
    public async Task Events_come_after_each_pass_are_the_same_for_all_and_go_on_where_they_were()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "20", "--hot", "4");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--pid", $"{touch.Pid}", "--working-set-interval", "1s"]);
        await using EventReader first = await EventReader.OpenAsync(exporter.Address);
        await using EventReader second = await EventReader.OpenAsync(exporter.Address);
        Dictionary<string, string> seen = [];
        string last = "";
        for (int i = 0; i < 3; i++)
        {
            ServerEvent taken = await first.ReadAsync();
            Assert.Equal("overview", taken.Name);
            Assert.True(seen.TryAdd(taken.Id, taken.Data), "an event came twice");
            last = taken.Id;
        }

        using JsonDocument overview = JsonDocument.Parse(seen[last]);
        Assert.Equal(1, overview.RootElement.GetProperty("version").GetInt32());
        Assert.Equal(touch.Pid, Row(overview.RootElement, touch.Pid).GetProperty("pid").GetInt32());

        // Byte for byte, since it was made once.
        int same = 0;
        while (same == 0)
        {
            ServerEvent taken = await second.ReadAsync();
            if (seen.TryGetValue(taken.Id, out string? data))
            {
                Assert.Equal(data, taken.Data);
                same++;
            }
        }

        // Who comes back gets what it has not seen, and nothing twice.
        ServerEvent before = await first.ReadAsync();
        await using EventReader again = await EventReader.OpenAsync(exporter.Address, before.Id);
        Assert.NotEqual(before.Id, (await again.ReadAsync()).Id);

        // They end with the exporter, and do not keep it from ending.
        exporter.Signal(ExporterProcess.Terminate);
        Assert.Equal(0, await exporter.WaitAsync());
    }

    [Fact]
    public async Task Who_looks_has_a_place_or_is_told_that_there_is_none_and_scrapes_go_on()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "20", "--hot", "4");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--pid", $"{touch.Pid}", "--working-set-interval", "1s"], ["prlimit", "--nofile=256:256", .. ExporterProcess.Uncached]);
        List<EventReader> readers = [];
        try
        {
            for (int i = 0; i < 4; i++)
            {
                readers.Add(await EventReader.OpenAsync(exporter.Address));
                await readers[^1].ReadAsync();
            }

            using (HttpResponseMessage fifth = await exporter.GetAsync("/api/v1/events"))
            {
                Assert.Equal(HttpStatusCode.ServiceUnavailable, fifth.StatusCode);
                JsonElement body = await fifth.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
                Assert.Equal("viewers", body.GetProperty("reason").GetString());
                Assert.Equal("60", fifth.Headers.RetryAfter?.ToString());
            }

            Scrape scrape = await exporter.ScrapeAsync();
            Assert.Equal(1, scrape.Value("memsnoop_http_refused_total", ("reason", "viewers")));

            // A place that is given up is another's.
            await readers[0].DisposeAsync();
            await Eventually.HoldsAsync(async () =>
            {
                try
                {
                    readers.Add(await EventReader.OpenAsync(exporter.Address));
                    return true;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            });
        }
        finally
        {
            foreach (EventReader reader in readers)
            {
                await reader.DisposeAsync();
            }
        }
    }

    [Fact]
    [OrdinaryTier]
    public async Task Twenty_viewers_and_one_that_never_reads_cost_scrapes_nothing_and_no_memory()
    {
        using Workload many = await Workload.StartAsync("idler", "--processes", "400", "--period", "0");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--name", "^idler$", "--working-set-interval", "1s"], ExporterProcess.Uncached);
        await exporter.ScrapeUntilAsync(static scrape => scrape.Of(Series.WorkingSet).Count() >= 1200);
        double alone = await MedianAsync(exporter);
        List<EventReader> readers = [];
        using CancellationTokenSource end = new();
        List<Task> reading = [];
        try
        {
            // Where few files may be open, there are fewer places; one is for who never reads.
            int openFiles = int.Parse(
                File.ReadLines($"/proc/{exporter.Pid}/limits").Single(static line => line.StartsWith("Max open files", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[3], CultureInfo.InvariantCulture);
            for (int i = 0; i < Math.Min(20, LiveEvents.Fitting(openFiles) - 1); i++)
            {
                EventReader reader = await EventReader.OpenAsync(exporter.Address);
                readers.Add(reader);
                reading.Add(Task.Run(async () =>
                {
                    while (!end.IsCancellationRequested)
                    {
                        await reader.ReadAsync();
                    }
                }, CancellationToken.None));
            }

            using RawClient deaf = await RawClient.ConnectAsync(exporter.Address, "GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n", receiveBuffer: 4096);
            double seen = await MedianAsync(exporter);
            long before = ResidentKib(exporter.Pid);

            // It is cut off, and those who read are not.
            await exporter.ScrapeUntilAsync(static scrape => scrape.Value("memsnoop_http_refused_total", ("reason", "slow_reader")) >= 1);
            Assert.InRange(ResidentKib(exporter.Pid) - before, long.MinValue, 24 * 1024);
            Assert.All(reading, static task => Assert.False(task.IsFaulted));
            Assert.True(seen <= (5 * alone) + 0.05, $"a scrape took {alone:F3} s alone, and {seen:F3} s with viewers");
        }
        finally
        {
            await end.CancelAsync();
            foreach (EventReader reader in readers)
            {
                await reader.DisposeAsync();
            }
        }
    }

    private static async Task<double> MedianAsync(ExporterProcess exporter)
    {
        double[] seconds = new double[15];
        for (int i = 0; i < seconds.Length; i++)
        {
            long started = System.Diagnostics.Stopwatch.GetTimestamp();
            await exporter.ScrapeAsync();
            seconds[i] = System.Diagnostics.Stopwatch.GetElapsedTime(started).TotalSeconds;
        }

        Array.Sort(seconds);
        return seconds[seconds.Length / 2];
    }

    private static long ResidentKib(int pid) => long.Parse(
        File.ReadLines($"/proc/{pid}/status").Single(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);

    [Fact]
    public async Task Without_the_page_there_are_the_endpoints_and_the_socket()
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--pid", $"{Environment.ProcessId}", "--no-children", "--web.disable-page"]);
        foreach ((string path, HttpStatusCode status) in new[]
        {
            ("/", HttpStatusCode.NotFound), ("/api/v1/overview", HttpStatusCode.NotFound), ("/api/v1/events", HttpStatusCode.NotFound),
            ("/metrics", HttpStatusCode.OK), ("/-/healthy", HttpStatusCode.OK),
        })
        {
            using HttpResponseMessage response = await exporter.GetAsync(path);
            Assert.Equal((path, status), (path, response.StatusCode));
        }

        Assert.Equal(1, (await JsonAsync(exporter, "/api/v1/overview", local: true)).GetProperty("version").GetInt32());
    }

    public void Dispose() => _directory.Dispose();

    private static JsonElement Row(JsonElement overview, int pid) =>
        overview.GetProperty("processes").GetProperty("rows").EnumerateArray().Single(row => row.GetProperty("pid").GetInt32() == pid);

    private static string? Name(JsonElement overview, int pid) =>
        overview.GetProperty("processes").GetProperty("rows").EnumerateArray().Where(row => row.GetProperty("pid").GetInt32() == pid)
            .Select(static row => row.GetProperty("name").GetString()).FirstOrDefault();

    private static async Task<JsonElement> JsonAsync(ExporterProcess exporter, string path, bool local = false)
    {
        using HttpClient client = local ? Local(Path.Join(exporter.RunDirectory, "api.sock")) : new HttpClient { BaseAddress = exporter.Address };
        using HttpResponseMessage response = await client.GetAsync(path, TestContext.Current.CancellationToken);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == HttpStatusCode.OK, string.Create(CultureInfo.InvariantCulture, $"{response.StatusCode}: {text}"));
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    private static HttpClient Local(string path) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellation) =>
        {
            Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    {
        BaseAddress = new Uri("http://localhost"),
        Timeout = ExporterProcess.Deadline,
    };
}
