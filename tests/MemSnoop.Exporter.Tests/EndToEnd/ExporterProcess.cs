using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>The program as built, serving on a free port of the loopback interface. It ends with this object.</summary>
internal sealed partial class ExporterProcess : IAsyncDisposable
{
    public const int HangUp = 1;
    public const int Interrupt = 2;
    public const int Terminate = 15;
    public const int Continue = 18;
    public const int Stop = 19;

    /// <summary>Runs the program without its cache, so that each scrape is a collection, however soon it follows another.</summary>
    public static readonly string[] Uncached = ["env", "MemSnoop__Web__CacheDuration=0s"];

    // A start takes a quarter of a second and an end less; the rest is for a machine that is busy.
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private static readonly HttpClient Client = new(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.All }) { Timeout = Deadline };

    private readonly Process _process;
    private readonly TemporaryDirectory _run;
    private readonly ConcurrentQueue<string> _log = new();
    private readonly ConcurrentQueue<string> _output = new();
    private readonly TaskCompletionSource<Uri> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _reading;
    private Uri? _address;

    private ExporterProcess(Process process, TemporaryDirectory run)
    {
        _process = process;
        _run = run;
        _reading = Task.WhenAll(ReadLogAsync(), ReadOutputAsync());
    }

    public int Pid => _process.Id;

    /// <summary>Its run directory: of its own, so that the exporters of other tests are out of its way.</summary>
    public string RunDirectory => _run["memsnoop"];

    /// <summary>Where it listens, as its log said last: at another port after it has taken its configuration anew.</summary>
    public Uri Address => Volatile.Read(ref _address) ?? _listening.Task.Result;

    /// <summary>Lines on standard error so far.</summary>
    public IEnumerable<string> Log => _log;

    /// <summary>Lines on standard output so far, those of a child it started.</summary>
    public IEnumerable<string> Output => _output;

    /// <summary>Starts the program; done when it listens.</summary>
    /// <param name="arguments">Its arguments, after those that choose the port.</param>
    /// <param name="through">A program that becomes ours, such as <c>env</c> or <c>setpriv</c>, with its arguments.</param>
    /// <param name="program">Another copy of the program.</param>
    public static async Task<ExporterProcess> StartAsync(string[] arguments, string[]? through = null, string? program = null)
    {
        TemporaryDirectory run = new();
        string[] words = [.. through ?? [], program ?? Repository.Executable, "--listen", "127.0.0.1:0", .. arguments];
        if (!arguments.Contains("--run-dir"))
        {
            int options = words.Length - arguments.Length;
            words = [.. words[..options], "--run-dir", run["memsnoop"], .. words[options..]];
        }

        ProcessStartInfo start = new(words[0], words[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // On a machine that is busy, whoever holds a lock may lose the processor for longer than the default allows.
        start.Environment["MemSnoop__WorkingSet__MaxStall"] = "1m";
        ExporterProcess exporter = new(Process.Start(start)!, run);
        try
        {
            await exporter._listening.Task.WaitAsync(Deadline);
            return exporter;
        }
        catch
        {
            await exporter.DisposeAsync();
            throw;
        }
    }

    public Task<HttpResponseMessage> GetAsync(string path, string? accept = null)
    {
        HttpRequestMessage request = new(HttpMethod.Get, new Uri(Address, path));
        if (accept is not null)
        {
            request.Headers.Add("Accept", accept);
        }

        return Client.SendAsync(request);
    }

    public async Task<Scrape> ScrapeAsync(string query = "", string? accept = null)
    {
        using HttpResponseMessage response = await GetAsync("/metrics" + query, accept);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{response.StatusCode}: {text}");
        return new Scrape(text);
    }

    /// <summary>Scrapes until the answer is as wanted.</summary>
    public async Task<Scrape> ScrapeUntilAsync(Func<Scrape, bool> isWanted)
    {
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            Scrape scrape = await ScrapeAsync();
            if (isWanted(scrape))
            {
                return scrape;
            }

            Assert.True(Stopwatch.GetElapsedTime(started) < Deadline, $"Not as wanted within {Deadline}:\n{scrape.Text}{string.Join('\n', _log)}");
            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }
    }

    public void Signal(int signal) => Assert.Equal(0, Kill(Pid, signal));

    /// <summary>Waits for it to end by itself.</summary>
    public async Task<int> WaitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Deadline);
        await _reading.WaitAsync(Deadline);
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
        _run.Dispose();
    }

    private async Task ReadLogAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            _log.Enqueue(line);
            if (ListeningLine().Match(line) is { Success: true } match)
            {
                Volatile.Write(ref _address, new Uri(match.Groups[1].Value));
                _listening.TrySetResult(_address);
            }
        }

        _listening.TrySetException(new CommandException($"memsnoop ended instead of listening:\n{string.Join('\n', _log)}"));
    }

    private async Task ReadOutputAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            _output.Enqueue(line);
        }
    }

    [GeneratedRegex("listening on (https?://[^/]+)/")]
    private static partial Regex ListeningLine();

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
