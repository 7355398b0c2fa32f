using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace MemSnoop.Testing;

/// <summary>A real server that answers PromQL by the HTTP API of Prometheus, with a store and a port of its own. It ends with this object.</summary>
/// <param name="directory">What it writes to; gone with this object.</param>
/// <param name="address">Where it answers.</param>
/// <param name="readyPath">What answers with success once it is ready.</param>
/// <param name="start">The program and its arguments.</param>
internal abstract class QueryServer(TemporaryDirectory directory, Uri address, string readyPath, ProcessStartInfo start) : IAsyncDisposable
{
    // A start takes a second or two; the rest is for a machine that is busy.
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private static readonly HttpClient Client = new() { Timeout = Deadline };

    private Process? _process;
    private Task<string> _log = Task.FromResult("");

    protected Uri Address => address;

    protected int Pid => _process!.Id;

    /// <summary>The time, in seconds since the Unix epoch.</summary>
    public static double Now => (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;

    /// <summary>The results of an instant query, each with its labels and its value.</summary>
    /// <param name="query">PromQL.</param>
    /// <param name="time">Seconds since the Unix epoch; now, unless given.</param>
    public async Task<IReadOnlyList<(JsonElement Labels, double Value)>> QueryAsync(string query, double? time = null)
    {
        // Without a time VictoriaMetrics takes the last whole second, when what has just arrived was not there yet.
        double seconds = time ?? Now;
        JsonElement result = await GetAsync(FormattableString.Invariant($"query?query={Uri.EscapeDataString(query)}&time={seconds:F3}"));
        return [.. result.GetProperty("result").EnumerateArray().Select(static series => (series.GetProperty("metric"), Number(series.GetProperty("value"))))];
    }

    /// <summary>Every sample that a query for a range of time finds, each series with its labels and with times in seconds since the Unix epoch.</summary>
    public async Task<IReadOnlyList<(JsonElement Labels, (double Time, double Value)[] Samples)>> SamplesAsync(string query, double time)
    {
        JsonElement result = await GetAsync(FormattableString.Invariant($"query?query={Uri.EscapeDataString(query)}&time={time:F3}"));
        return [.. result.GetProperty("result").EnumerateArray().Select(static series => (
            series.GetProperty("metric"),
            series.GetProperty("values").EnumerateArray().Select(static pair => (pair[0].GetDouble(), Number(pair))).ToArray()))];
    }

    /// <summary>The number of the only result, or NaN when there is none.</summary>
    public async Task<double> NumberAsync(string query, double? time = null)
    {
        IReadOnlyList<(JsonElement Labels, double Value)> results = await QueryAsync(query, time);
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

    /// <summary>The data of an answer of the API.</summary>
    protected async Task<JsonElement> GetAsync(string what)
    {
        string text = await GetTextAsync("/api/v1/" + what);
        using JsonDocument document = JsonDocument.Parse(text);
        Assert.Equal("success", document.RootElement.GetProperty("status").GetString());
        return document.RootElement.GetProperty("data").Clone();
    }

    protected Task<string> GetTextAsync(string path) => Client.GetStringAsync(new Uri(address, path));

    /// <summary>Starts the program; done when it is ready.</summary>
    /// <param name="deadline">How long that may take, if not as long as all else.</param>
    protected async Task RunAsync(TimeSpan? deadline = null)
    {
        start.RedirectStandardError = true;
        _process = Process.Start(start)!;
        _log = _process.StandardError.ReadToEndAsync();
        try
        {
            await UntilReadyAsync(_process, deadline ?? Deadline);
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until the program has ended.</summary>
    protected async Task UntilEndedAsync()
    {
        await _process!.WaitForExitAsync().WaitAsync(Deadline);
        _process.Dispose();
        _process = null;
    }

    private async Task UntilReadyAsync(Process process, TimeSpan within)
    {
        using CancellationTokenSource deadline = new(within);
        while (true)
        {
            if (process.HasExited)
            {
                throw new CommandException($"{start.FileName} ended with {process.ExitCode}:\n{await _log}");
            }

            try
            {
                using HttpResponseMessage response = await Client.GetAsync(new Uri(address, readyPath), deadline.Token);
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
        var text => double.Parse(text!, CultureInfo.InvariantCulture),
    };

    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            if (!process.HasExited)
            {
                process.Kill();
            }

            await UntilEndedAsync();
        }

        directory.Dispose();
    }
}
