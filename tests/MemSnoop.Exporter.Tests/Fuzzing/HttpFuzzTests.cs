using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using MemSnoop.Exporter.LocalApi;
using MemSnoop.Exporter.Tests.EndToEnd;
using MemSnoop.Testing.Fuzzing;

namespace MemSnoop.Exporter.Tests.Fuzzing;

/// <summary>
/// Requests that are none, or nearly one, on the port and on the local socket of the program as built. Each gets an answer or the end of its connection; then the program answers as before,
/// and has nothing left of them.
/// </summary>
[Collection(EndToEndCollection.Name)]
public sealed partial class HttpFuzzTests(ITestOutputHelper output)
{
    private const int Few = 4_000;
    private const int Many = 1_000_000;
    private const int Clients = 64;
    private const int Seed = 20261127;

    // Who has sent no whole request gets no answer; the next one goes on.
    private static readonly TimeSpan _silence = TimeSpan.FromMilliseconds(500);

    private static readonly FuzzTarget _port = new("http", static _ => { });
    private static readonly FuzzTarget _socket = new("http-socket", static _ => { });

    [Fact]
    [OrdinaryTier]
    public Task Any_requests_on_the_port_are_answered_or_their_connection_ends() => SendAsync(_port, Few);

    [Fact]
    [OrdinaryTier]
    public Task So_are_they_on_the_socket() => SendAsync(_socket, Few);

    [Fact]
    [LongTier("fuzz")]
    public async Task So_are_a_million_each()
    {
        Measured.Note("fuzz", await SendAsync(_port, Many));
        Measured.Note("fuzz", await SendAsync(_socket, Many));
    }

    private async Task<string> SendAsync(FuzzTarget target, int requests)
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--pid", $"{Environment.ProcessId}", "--no-children"]);
        EndPoint address = target == _port
            ? new IPEndPoint(IPAddress.Loopback, exporter.Address.Port)
            : new UnixDomainSocketEndPoint(Path.Combine(exporter.RunDirectory, ApiSocket.FileName));
        byte[][] corpus = Corpus.Of(target);
        Tally tally = new();

        // What is loaded and kept once is there after the first of them.
        await SendAsync(address, corpus, Few / 4, Seed, tally);
        Scrape before = await QuietAsync(exporter);
        long begun = Stopwatch.GetTimestamp();
        await SendAsync(address, corpus, requests, Seed + 1, tally);
        TimeSpan time = Stopwatch.GetElapsedTime(begun);
        Scrape after = await QuietAsync(exporter);

        // Idle memory of another age may have come.
        Assert.Empty(Families(before).Except(Families(after)));
        Assert.InRange(after.Value("process_open_fds"), 1, before.Value("process_open_fds") + 8);
        double grown = (after.Value("process_resident_memory_bytes") - before.Value("process_resident_memory_bytes")) / 1e6;
        string figures = string.Create(
            CultureInfo.InvariantCulture,
            $"{target.Name}: {requests:N0} requests on {tally.Connections:N0} connections, {tally.Answers:N0} answers, none of them 500; {time.TotalSeconds:0} s; resident memory {grown:+0.0;-0.0} MB");
        output.WriteLine($"{figures}; {string.Join(", ", tally.Statuses.Select(static pair => $"{pair.Key}: {pair.Value}"))}");
        Assert.DoesNotContain("500", tally.Statuses.Keys);
        Assert.True(tally.Answers > 0, figures);
        Assert.True(grown < 30, figures);
        return figures;
    }

    /// <summary>A scrape once all connections but its own are gone.</summary>
    private static Task<Scrape> QuietAsync(ExporterProcess exporter) => exporter.ScrapeUntilAsync(static scrape => scrape.Value("memsnoop_http_connections") <= 2);

    // Families of refusals and events appear when the first is counted.
    private static IEnumerable<string> Families(Scrape scrape) => scrape.Names.Where(static name => name.StartsWith("memsnoop_process", StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    private static Task SendAsync(EndPoint address, byte[][] corpus, int requests, int seed, Tally tally)
    {
        int left = requests;
        return Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            Mutator mutator = new(seed + client);
            Array.ForEach(corpus, input => mutator.Learn(input));
            byte[] text = new byte[4 * Mutator.MostBytes];
            while (true)
            {
                int length = 0;
                int batch = 0;
                for (; batch < 4 && Interlocked.Decrement(ref left) >= 0; batch++)
                {
                    // A connection ends with the first request that is none, so that there are not many on one, and they are changed a little.
                    mutator.Make(corpus, most: 2);
                    mutator.Input.CopyTo(text.AsSpan(length));
                    length += mutator.Input.Length;
                }

                if (batch == 0)
                {
                    return;
                }

                await ExchangeAsync(address, text.AsMemory(0, length), batch, tally);
            }
        })));
    }

    /// <summary>Sends what may be requests, and reads until they are answered, the connection ends, or nothing more comes.</summary>
    private static async Task ExchangeAsync(EndPoint address, ReadOnlyMemory<byte> text, int batch, Tally tally)
    {
        using Socket socket = new(address.AddressFamily, SocketType.Stream, address is UnixDomainSocketEndPoint ? ProtocolType.Unspecified : ProtocolType.Tcp);

        // No port stays taken by a connection that has ended.
        socket.LingerState = new LingerOption(true, 0);
        using CancellationTokenSource deadline = new(ExporterProcess.Deadline);
        await socket.ConnectAsync(address, deadline.Token);
        byte[] buffer = new byte[64 * 1024];
        int answers = 0;
        try
        {
            Task<int> sending = socket.SendAsync(text, SocketFlags.None, deadline.Token).AsTask();
            while (answers < batch)
            {
                using CancellationTokenSource silence = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token);
                silence.CancelAfter(_silence);
                int count = await socket.ReceiveAsync(buffer, SocketFlags.None, silence.Token);
                if (count == 0)
                {
                    break;
                }

                answers += tally.Add(Encoding.Latin1.GetString(buffer, 0, count));
            }

            await sending;
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            Assert.False(deadline.IsCancellationRequested, "The program has not taken a request in time.");
        }

        tally.AddConnection();
    }

    /// <summary>What has been answered.</summary>
    private sealed partial class Tally
    {
        private readonly Dictionary<string, int> _statuses = [];
        private int _connections;

        public int Connections => _connections;

        public int Answers => _statuses.Values.Sum();

        public IReadOnlyDictionary<string, int> Statuses => _statuses;

        public void AddConnection() => Interlocked.Increment(ref _connections);

        public int Add(string text)
        {
            int found = 0;
            foreach (Match match in Status().Matches(text))
            {
                found++;
                lock (_statuses)
                {
                    _statuses[match.Groups[1].Value] = _statuses.GetValueOrDefault(match.Groups[1].Value) + 1;
                }
            }

            return found;
        }

        [GeneratedRegex(@"HTTP/1\.1 (\d{3}) ")]
        private static partial Regex Status();
    }
}
