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

    /// <summary>Starts the server of Debian's package <c>prometheus</c>; done when it is ready.</summary>
    /// <param name="target">What it scrapes, as the job <c>memsnoop</c>.</param>
    /// <param name="interval">How often.</param>
    /// <param name="others">What else it scrapes, whose series say themselves what their job and instance are.</param>
    public static async Task<PrometheusServer> StartAsync(Uri target, TimeSpan interval, Uri? others = null)
    {
        TemporaryDirectory directory = new();
        string configuration = directory.Write("prometheus.yml", $"""
            global:
              scrape_interval: {interval.TotalMilliseconds}ms
              scrape_timeout: {interval.TotalMilliseconds}ms
            scrape_configs:
              - job_name: memsnoop
                static_configs:
                  - targets: ['{target.Authority}']
            {(others is null ? "" : $"  - {{ job_name: others, honor_labels: true, static_configs: [{{ targets: ['{others.Authority}'] }}] }}")}
            """);
        Uri address = new($"http://127.0.0.1:{FreePort.Next()}");
        PrometheusServer server = new(directory, address, new ProcessStartInfo("prometheus",
        [
            $"--config.file={configuration}", $"--storage.tsdb.path={directory["data"]}", $"--web.listen-address={address.Authority}",
        ]));
        await server.RunAsync();
        return server;
    }

    /// <summary>What the server says about its one target.</summary>
    public async Task<JsonElement> TargetAsync() => Assert.Single((await GetAsync("targets")).GetProperty("activeTargets").EnumerateArray().ToArray());
}
