using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>A request that the receiver has seen.</summary>
/// <param name="Protocol"><c>grpc</c> or <c>http</c>.</param>
/// <param name="Status">0 when it was taken, the status it was refused with, or -1 when the client did not wait for an answer.</param>
/// <param name="Bytes">The length of its body.</param>
internal sealed record OtlpRequest(string Protocol, int Status, long Bytes);

/// <summary>
/// A real gRPC server (grpc-js) and an HTTP server in one process, which decode OTLP by OpenTelemetry's own protocol files. It ends with this object.
/// </summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    /// <summary>gRPC's UNAVAILABLE: the client may try again.</summary>
    public const int Unavailable = 14;

    /// <summary>gRPC's UNAUTHENTICATED: the client need not try again.</summary>
    public const int Unauthenticated = 16;

    private readonly TemporaryDirectory _directory = new();
    private readonly ProcessStartInfo _start;
    private readonly ConcurrentQueue<OtlpRequest> _requests = new();
    private readonly List<OtlpMessage> _messages = [];
    private readonly SemaphoreSlim _answers = new(0);
    private Process? _process;
    private Task _reading = Task.CompletedTask;
    private StreamReader? _taken;

    private OtlpReceiver(string modules, string protocolFiles, Certificates? certificates, bool requiresClientCertificate)
    {
        string scheme = certificates is null ? "http" : "https";
        Grpc = new Uri($"{scheme}://127.0.0.1:{FreePort.Next()}");
        Http = new Uri($"{scheme}://127.0.0.1:{FreePort.Next()}");
        _start = new ProcessStartInfo("node",
        [
            Receivers.Source("receiver.js"), "--protocol-files", protocolFiles, "--messages", _directory["messages"],
            "--grpc", Grpc.Port.ToString(CultureInfo.InvariantCulture), "--http", Http.Port.ToString(CultureInfo.InvariantCulture),
            .. certificates is null ? (string[])[] : ["--certificate", certificates.Server.Certificate, "--key", certificates.Server.Key],
            .. requiresClientCertificate ? (string[])["--client-ca", certificates!.Authority] : [],
        ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        _start.Environment["NODE_PATH"] = modules;
    }

    /// <summary>The URL to push to by gRPC.</summary>
    public Uri Grpc { get; }

    /// <summary>The base URL to push to by HTTP.</summary>
    public Uri Http { get; }

    /// <summary>Every request so far.</summary>
    public IEnumerable<OtlpRequest> Requests => _requests;

    /// <summary>How many messages it has taken.</summary>
    public int Taken => _requests.Count(static request => request.Status == 0);

    /// <summary>Starts a receiver; done when it listens.</summary>
    /// <param name="certificates">It speaks TLS, with the certificate of the server among these; without, plain text.</param>
    /// <param name="requiresClientCertificate">It accepts only clients that the authority vouches for.</param>
    public static async Task<OtlpReceiver> StartAsync(Certificates? certificates = null, bool requiresClientCertificate = false)
    {
        OtlpReceiver receiver = new(
            await Receivers.PathAsync("node_modules"), await Receivers.PathAsync("usr/include"), certificates, requiresClientCertificate);
        try
        {
            await receiver.StartAgainAsync();
            return receiver;
        }
        catch
        {
            await receiver.DisposeAsync();
            throw;
        }
    }

    /// <summary>How requests are answered from now on: late, or refused with a status of gRPC or of HTTP.</summary>
    public async Task AnswerAsync(TimeSpan delay = default, int status = 0)
    {
        string line = JsonSerializer.Serialize(new { delay = delay.TotalMilliseconds, status });
        await _process!.StandardInput.WriteAsync(line + "\n");
        await _process.StandardInput.FlushAsync();
        await HeardAsync();
    }

    /// <summary>All messages so far, in the order in which they came.</summary>
    public IReadOnlyList<OtlpMessage> Messages()
    {
        // A line is whole once its request has been told of.
        _taken ??= new StreamReader(new FileStream(_directory["messages"], FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        while (_messages.Count < Taken)
        {
            _messages.Add(OtlpMessage.Parse(_taken.ReadLine()!));
        }

        return _messages;
    }

    /// <summary>Waits for a message as wanted, among those that come after the first so many.</summary>
    public async Task<OtlpMessage> MessageAsync(Func<OtlpMessage, bool> isWanted, int after = 0, TimeSpan? deadline = null)
    {
        long started = Stopwatch.GetTimestamp();
        int next = after;
        while (true)
        {
            for (; next < Taken; next++)
            {
                if (isWanted(Messages()[next]))
                {
                    return Messages()[next];
                }
            }

            Assert.True(
                Stopwatch.GetElapsedTime(started) < (deadline ?? ExporterProcess.Deadline),
                $"No message as wanted; {Taken} taken of {_requests.Count} requests, the last {_requests.LastOrDefault()}.");
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }
    }

    /// <summary>Waits for the next message but so many.</summary>
    public Task<OtlpMessage> NextAsync(int skip = 0)
    {
        int after = Taken + skip;
        return MessageAsync(static _ => true, after);
    }

    /// <summary>Ends the server, as a crash would.</summary>
    public async Task StopAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
        _process = null;
    }

    /// <summary>Starts it at the same ports.</summary>
    public async Task StartAgainAsync()
    {
        _process = Process.Start(_start)!;
        _reading = ReadAsync(_process.StandardOutput);
        await HeardAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await StopAsync();
        }

        _taken?.Dispose();
        _answers.Dispose();
        _directory.Dispose();
    }

    private async Task HeardAsync() => Assert.True(await _answers.WaitAsync(ExporterProcess.Deadline), "The receiver does not answer.");

    private async Task ReadAsync(StreamReader output)
    {
        while (await output.ReadLineAsync() is { } line)
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement said = document.RootElement;
            if (said.TryGetProperty("request", out _))
            {
                _requests.Enqueue(new OtlpRequest(said.GetProperty("protocol").GetString()!, said.GetProperty("status").GetInt32(), said.GetProperty("bytes").GetInt64()));
            }
            else
            {
                _answers.Release();
            }
        }
    }
}
