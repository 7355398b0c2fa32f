using System.Diagnostics;
using System.Text.Json;

namespace MemSnoop.Testing;

/// <summary>A Prometheus of its own, with a configuration, a store and a port of its own: not the system's service.</summary>
internal sealed class PrometheusServer : QueryServer
{
    private PrometheusServer(TemporaryDirectory directory, Uri address, ProcessStartInfo start)
        : base(directory, address, "/-/ready", start)
    {
    }

    /// <summary>Its host and port.</summary>
    public string Authority => Address.Authority;

    /// <summary>Starts a server that scrapes one target.</summary>
    /// <param name="target">What it scrapes, as the job <c>memsnoop</c>.</param>
    /// <param name="interval">How often.</param>
    /// <param name="others">What else it scrapes, whose series say themselves what their job and instance are.</param>
    public static Task<PrometheusServer> StartAsync(Uri target, TimeSpan interval, Uri? others = null) => StartAsync($"""
        global:
          scrape_interval: {interval.TotalMilliseconds}ms
          scrape_timeout: {interval.TotalMilliseconds}ms
        scrape_configs:
          - job_name: memsnoop
            static_configs:
              - targets: ['{target.Authority}']
        {(others is null ? "" : $"  - {{ job_name: others, honor_labels: true, static_configs: [{{ targets: ['{others.Authority}'] }}] }}")}
        """);

    /// <summary>Starts a server; done when it is ready.</summary>
    /// <param name="configuration">The text of its <c>prometheus.yml</c>.</param>
    /// <param name="program">The server; that of Debian's package <c>prometheus</c>, unless given.</param>
    /// <param name="features">What it does beyond its usual, as <c>--enable-feature</c> names it.</param>
    /// <param name="store">A directory with what it knows already, however long ago that was; it stays. Without one, the server knows nothing.</param>
    public static async Task<PrometheusServer> StartAsync(string configuration, string program = "prometheus", string features = "", string? store = null)
    {
        TemporaryDirectory directory = new();
        string file = directory.Write("prometheus.yml", configuration);
        Uri address = new($"http://127.0.0.1:{FreePort.Next()}");
        PrometheusServer server = new(directory, address, new ProcessStartInfo(program,
        [
            $"--config.file={file}", $"--storage.tsdb.path={store ?? directory["data"]}", $"--web.listen-address={address.Authority}", "--storage.tsdb.retention.time=100y",
            $"--enable-feature={features}", "--query.timeout=10m",
        ]));
        await server.RunAsync();
        return server;
    }

    /// <summary>What the server says about its one target.</summary>
    public async Task<JsonElement> TargetAsync() => Assert.Single((await GetAsync("targets")).GetProperty("activeTargets").EnumerateArray().ToArray());

    /// <summary>What the server says about each rule that it evaluates.</summary>
    public async Task<IEnumerable<JsonElement>> RulesAsync() =>
        from @group in (await GetAsync("rules")).GetProperty("groups").EnumerateArray()
        from rule in @group.GetProperty("rules").EnumerateArray()
        select rule;
}
