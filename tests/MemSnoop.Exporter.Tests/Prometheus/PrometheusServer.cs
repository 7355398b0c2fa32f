using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;

namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>A Prometheus server from Debian's package <c>prometheus</c> that scrapes one address, twice a second.</summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly DirectoryInfo _directory;
    private readonly HttpClient _client;

    private PrometheusServer(Process process, DirectoryInfo directory, Uri address)
    {
        _process = process;
        _directory = directory;
        _client = new HttpClient { BaseAddress = address };
    }

    public static async Task<PrometheusServer> StartAsync(Uri target)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("memsnoop-prometheus");
        string address = $"127.0.0.1:{FreePort()}";
        await File.WriteAllTextAsync(Path.Combine(directory.FullName, "prometheus.yml"), $"""
            scrape_configs:
            - job_name: test
              scrape_interval: 500ms
              scrape_timeout: 500ms
              static_configs:
              - targets: ["{target.Authority}"]
            """);
        Process process = Process.Start(new ProcessStartInfo(
            "prometheus", ["--config.file=prometheus.yml", "--storage.tsdb.path=data", $"--web.listen-address={address}", "--log.level=error"])
        {
            WorkingDirectory = directory.FullName,
        })!;
        return new PrometheusServer(process, directory, new Uri($"http://{address}/"));
    }

    /// <summary>The labels and value of every series that a query finds now; none while the server does not answer yet.</summary>
    public async Task<IReadOnlyList<(Dictionary<string, string> Labels, string Value)>> QueryAsync(string query)
    {
        try
        {
            JsonElement answer = await _client.GetFromJsonAsync<JsonElement>("api/v1/query?query=" + Uri.EscapeDataString(query));
            return [.. answer.GetProperty("data").GetProperty("result").EnumerateArray().Select(series => (
                series.GetProperty("metric").Deserialize<Dictionary<string, string>>()!,
                series.GetProperty("value")[1].GetString()!))];
        }
        catch (HttpRequestException)
        {
            return [];
        }
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _directory.Delete(recursive: true);
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
