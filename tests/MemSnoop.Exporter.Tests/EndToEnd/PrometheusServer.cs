using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>A Prometheus of its own, with a configuration, a store and a port of its own: not the system's service.</summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private static readonly HttpClient Client = new() { Timeout = ExporterProcess.Deadline };

    private readonly TemporaryDirectory _directory;
    private readonly Process _process;
    private readonly Task<string> _log;
    private readonly Uri _address;

    private PrometheusServer(TemporaryDirectory directory, Process process, Uri address)
    {
        _directory = directory;
        _process = process;
        _log = process.StandardError.ReadToEndAsync();
        _address = address;
    }

    /// <summary>Starts the server of Debian's package <c>prometheus</c>; done when it is ready.</summary>
    public static async Task<PrometheusServer> StartAsync(Uri target, TimeSpan interval)
    {
        TemporaryDirectory directory = new();
        string configuration = directory.Write("prometheus.yml", $"""
            global:
              scrape_interval: {interval.TotalSeconds}s
              scrape_timeout: {interval.TotalSeconds}s
            scrape_configs:
              - job_name: memsnoop
                static_configs:
                  - targets: ['{target.Authority}']
            """);
        Uri address = new($"http://127.0.0.1:{FreePort()}");
        ProcessStartInfo start = new("prometheus",
        [
            $"--config.file={configuration}", $"--storage.tsdb.path={directory["data"]}", $"--web.listen-address={address.Authority}",
        ])
        {
            RedirectStandardError = true,
        };
        PrometheusServer server = new(directory, Process.Start(start)!, address);
        try
        {
            await server.UntilReadyAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>The results of an instant query, each with its labels and its value as text.</summary>
    public async Task<IReadOnlyList<(JsonElement Labels, double Value)>> QueryAsync(string query)
    {
        JsonElement result = await GetAsync("query?query=" + Uri.EscapeDataString(query));
        return [.. result.GetProperty("result").EnumerateArray().Select(static series => (series.GetProperty("metric"), Number(series.GetProperty("value"))))];
    }

    /// <summary>The number of the only result, or NaN when there is none.</summary>
    public async Task<double> NumberAsync(string query)
    {
        IReadOnlyList<(JsonElement Labels, double Value)> results = await QueryAsync(query);
        return results.Count == 0 ? double.NaN : Assert.Single(results).Value;
    }

    /// <summary>The values of the only series in a range of time, in its order.</summary>
    public async Task<double[]> RangeAsync(string query, double start, double end, TimeSpan step)
    {
        JsonElement result = await GetAsync(FormattableString.Invariant(
            $"query_range?query={Uri.EscapeDataString(query)}&start={start}&end={end}&step={step.TotalSeconds}"));
        JsonElement series = Assert.Single(result.GetProperty("result").EnumerateArray().ToArray());
        return [.. series.GetProperty("values").EnumerateArray().Select(Number)];
    }

    /// <summary>Asks until the number is as wanted.</summary>
    public async Task<double> NumberUntilAsync(string query, Func<double, bool> isWanted, TimeSpan deadline)
    {
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            double number = await NumberAsync(query);
            if (isWanted(number))
            {
                return number;
            }

            Assert.True(Stopwatch.GetElapsedTime(started) < deadline, $"{query} is {number} after {deadline}.");
            await Task.Delay(TimeSpan.FromMilliseconds(50));
        }
    }

    /// <summary>What the server says about its one target.</summary>
    public async Task<JsonElement> TargetAsync() => Assert.Single((await GetAsync("targets")).GetProperty("activeTargets").EnumerateArray().ToArray());

    private async Task<JsonElement> GetAsync(string what)
    {
        string text = await Client.GetStringAsync(new Uri(_address, "/api/v1/" + what));
        using JsonDocument document = JsonDocument.Parse(text);
        Assert.Equal("success", document.RootElement.GetProperty("status").GetString());
        return document.RootElement.GetProperty("data").Clone();
    }

    private async Task UntilReadyAsync()
    {
        using CancellationTokenSource deadline = new(ExporterProcess.Deadline);
        while (true)
        {
            if (_process.HasExited)
            {
                throw new CommandException($"prometheus ended with {_process.ExitCode}:\n{await _log}");
            }

            try
            {
                using HttpResponseMessage response = await Client.GetAsync(new Uri(_address, "/-/ready"), deadline.Token);
                if (response.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), deadline.Token);
        }
    }

    // A pair of time and text; the text may be NaN or +Inf, which is why it is text.
    private static double Number(JsonElement pair) => pair[1].GetString() switch
    {
        "NaN" => double.NaN,
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        var text => double.Parse(text!, System.Globalization.CultureInfo.InvariantCulture),
    };

    // The server takes no port 0. Between here and its start another program could take this one; it would then say so and end.
    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
        _directory.Dispose();
    }
}
