using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using MemSnoop.Exporter.Tests.EndToEnd;

namespace MemSnoop.Exporter.Tests.Embedding;

/// <summary>The sample application as built, on a free port. It ends with this object.</summary>
internal sealed partial class SampleProcess : IAsyncDisposable
{
    private static readonly HttpClient Client = new() { Timeout = ExporterProcess.Deadline };

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _log = new();
    private readonly TaskCompletionSource<Uri> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private SampleProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Read(line.Data);
        process.ErrorDataReceived += (_, line) => Read(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>The sample as built beside these tests, in the same configuration.</summary>
    public static string Directory { get; } =
        Path.Combine(Checkout.Root, "artifacts", "bin", "OwnWorkingSet", Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)));

    public int Pid => _process.Id;

    public IEnumerable<string> Log => _log;

    /// <summary>Starts the sample; done when it listens.</summary>
    /// <param name="environment">Variables, as <c>NAME=VALUE</c>.</param>
    /// <param name="through">A program that becomes the sample, with its arguments.</param>
    /// <param name="directory">Another copy of it.</param>
    public static async Task<SampleProcess> StartAsync(string[] environment, string[]? through = null, string? directory = null)
    {
        string[] words = [.. through ?? [], "env", "ASPNETCORE_URLS=http://127.0.0.1:0", .. environment, Path.Combine(directory ?? Directory, "OwnWorkingSet")];
        SampleProcess sample = new(Process.Start(new ProcessStartInfo(words[0], words[1..])
        {
            WorkingDirectory = directory ?? Directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!);
        try
        {
            await sample._listening.Task.WaitAsync(ExporterProcess.Deadline);
            return sample;
        }
        catch
        {
            await sample.DisposeAsync();
            throw;
        }
    }

    public async Task PostAsync(string path)
    {
        using HttpResponseMessage response = await Client.PostAsync(new Uri(_listening.Task.Result, path), null);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>Scrapes until the answer is as wanted, and between two scrapes does what is to be measured.</summary>
    public async Task<Scrape> ScrapeUntilAsync(Func<Scrape, bool> isWanted, Func<Task>? meanwhile = null)
    {
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            string text = await Client.GetStringAsync(new Uri(_listening.Task.Result, "/metrics"));
            Scrape scrape = new(text);
            if (isWanted(scrape))
            {
                return scrape;
            }

            Assert.True(Stopwatch.GetElapsedTime(started) < ExporterProcess.Deadline, $"Not as wanted within {ExporterProcess.Deadline}:\n{text}{string.Join('\n', _log)}");
            await (meanwhile?.Invoke() ?? Task.CompletedTask);
            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }
    }

    /// <summary>Asks it to end, and waits until it has.</summary>
    public async Task<int> StopAsync()
    {
        Assert.Equal(0, Kill(Pid, ExporterProcess.Terminate));
        await _process.WaitForExitAsync().WaitAsync(ExporterProcess.Deadline);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Read(string? line)
    {
        if (line is null)
        {
            _listening.TrySetException(new InvalidOperationException($"The sample ended instead of listening:\n{string.Join('\n', _log)}"));
            return;
        }

        _log.Enqueue(line);
        if (ListeningLine().Match(line) is { Success: true } match)
        {
            _listening.TrySetResult(new Uri(match.Groups[1].Value));
        }
    }

    [GeneratedRegex(@"Now listening on: (http://\S+)")]
    private static partial Regex ListeningLine();

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
