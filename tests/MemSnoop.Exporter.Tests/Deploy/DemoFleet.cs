using System.Diagnostics;
using System.Text.Json;
using MemSnoop.Exporter.Tests.EndToEnd;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>The fleet of <c>deploy/demo</c>, in its short form, and its Prometheus 3, which scrapes real memsnoops and has a week of history. It ends as Ctrl-C ends it.</summary>
public sealed class DemoFleet : IAsyncLifetime
{
    // A program that waits for memory for 40 % of the time has done so for a tenth of the last five minutes when 75 seconds are over.
    private static readonly TimeSpan RateDeadline = TimeSpan.FromMinutes(4);

    private Server _server = null!;

    /// <summary>The rules' answer to which container can be shrunk, largest first.</summary>
    public const string Answer = "namespace_workload_container:memsnoop_memory_request_waste:bytes * namespace_workload_container:memsnoop_pods:count";

    internal QueryServer Prometheus => _server;

    public async ValueTask InitializeAsync()
    {
        _server = await Server.StartAsync();

        // Rules have been evaluated, and rates have what they need.
        await FindAsync(Answer);
    }

    /// <summary>What a query finds, as soon as it finds so many series.</summary>
    internal async Task<IReadOnlyList<(JsonElement Labels, double Value)>> FindAsync(string query, int atLeast = 1)
    {
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            IReadOnlyList<(JsonElement Labels, double Value)> found = await _server.QueryAsync(query);
            if (found.Count >= atLeast)
            {
                return found;
            }

            Assert.True(Stopwatch.GetElapsedTime(started) < RateDeadline, $"{query} finds {found.Count} series.");
            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }
    }

    /// <summary>What a query finds, once all of it is as wanted.</summary>
    internal async Task<IReadOnlyList<(JsonElement Labels, double Value)>> FindUntilAsync(string query, Func<JsonElement, bool> isAsked, Func<double, bool> isWanted)
    {
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            IReadOnlyList<(JsonElement Labels, double Value)> found = [.. (await _server.QueryAsync(query)).Where(series => isAsked(series.Labels))];
            if (found.Count > 0 && found.All(series => isWanted(series.Value)))
            {
                return found;
            }

            Assert.True(Stopwatch.GetElapsedTime(started) < RateDeadline, $"{query} finds {string.Join(' ', found.Select(static series => $"{series.Labels} {series.Value}"))}");
            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }
    }

    /// <summary>The page that answers.</summary>
    internal Task<string> PageAsync() => _server.PageAsync();

    /// <summary>What the server says about each rule that it evaluates.</summary>
    internal Task<IEnumerable<JsonElement>> RulesAsync() => _server.RulesAsync();

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.EndAsync();
        }
    }

    private sealed class Server : QueryServer
    {
        // Fifty seconds where nothing else runs; and what it is made of may have to be fetched.
        private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(8);

        private readonly string _files;

        private Server(TemporaryDirectory directory, Uri address)
            : base(directory, address, "/-/ready", new ProcessStartInfo(
                Path.Combine(Checkout.Root, "deploy", "demo", "run.sh"), ["--short", "--listen", address.Authority, "--directory", directory["demo"]])) => _files = directory["demo"];

        public static async Task<Server> StartAsync()
        {
            Server server = new(new TemporaryDirectory(), new Uri($"http://127.0.0.1:{FreePort.Next()}"));
            await server.RunAsync(Deadline);
            return server;
        }

        public Task<string> PageAsync() => GetTextAsync("/consoles/shrink.html");

        public async Task<IEnumerable<JsonElement>> RulesAsync() =>
            from @group in (await GetAsync("rules")).GetProperty("groups").EnumerateArray()
            from rule in @group.GetProperty("rules").EnumerateArray()
            select rule;

        /// <summary>Nothing stays behind: no process, no control group.</summary>
        public async Task EndAsync()
        {
            string groups = $"memsnoop-demo-{Pid}";
            await Command.RunAsync("kill", ["-INT", $"{Pid}"], TimeSpan.FromSeconds(10));
            await UntilEndedAsync();
            Assert.Empty(Directory.EnumerateDirectories("/sys/fs/cgroup").Prepend("/sys/fs/cgroup").SelectMany(mount => Directory.EnumerateDirectories(mount, groups)));
            Assert.False(CommandLines.AnyHas(_files));
            await DisposeAsync();
        }
    }
}
