using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using MemSnoop.Exporter.View;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Top;

/// <summary>An exporter by its address: <c>http://</c>, <c>https://</c> or <c>unix://</c> and the path of a socket.</summary>
internal sealed class UrlSource : IOverviewSource
{
    private const string Option = "--url";

    // Far above any answer.
    private const int LongestAnswer = 64 << 20;

    // The year 9000, in seconds: no date is later.
    private const double LastMoment = 221_845_392_000;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly HttpClient _client;
    private readonly Uri _url;

    /// <param name="url">The address.</param>
    /// <param name="login">User and password, or null.</param>
    internal UrlSource(Uri url, (string User, string Password)? login)
    {
        _url = url;
        SocketsHttpHandler handler = new() { AllowAutoRedirect = false, UseProxy = url.Scheme != "unix" };
        if (url.Scheme == "unix")
        {
            handler.ConnectCallback = async (_, stop) =>
            {
                Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(url.LocalPath), stop).ConfigureAwait(false);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            };
        }

        _client = new HttpClient(handler)
        {
            BaseAddress = url.Scheme == "unix" ? new Uri("http://localhost") : url,
            Timeout = Timeout,
            MaxResponseContentBufferSize = LongestAnswer,
        };
        if (login is (string user, string password))
        {
            _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
        }
    }

    public string Name => _url.Scheme == "unix" ? _url.OriginalString : _url.GetLeftPart(UriPartial.Authority);

    public async Task<Overview> ReadAsync(TableQuery query, CancellationToken stop)
    {
        try
        {
            using HttpResponseMessage response = await _client.GetAsync(_url.AbsolutePath.TrimEnd('/') is { Length: > 0 } prefix && _url.Scheme != "unix"
                ? prefix + Overview.Path + QueryText.Of(query) : Overview.Path + QueryText.Of(query), stop).ConfigureAwait(false);
            byte[] body = await response.Content.ReadAsByteArrayAsync(stop).ConfigureAwait(false);
            return response.StatusCode switch
            {
                HttpStatusCode.OK => Parse(body) ?? throw Foreign(),
                HttpStatusCode.Unauthorized => throw new UsageException(Option, $"{Name} asks for a login", "--user NAME, and the password in the variable MEMSNOOP_PASSWORD"),
                HttpStatusCode.Forbidden => throw new UsageException(Option, $"{Name} does not allow it", "a user who may read it"),
                _ => throw Foreign(),
            };
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            string cause = error.GetBaseException().Message;
            throw new UsageException(Option, $"nobody answers at {Name}: {UsageException.OneLine(cause).TrimEnd('.')}", "the address of a memsnoop that runs");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new UsageException(Option, $"{Name} has not answered for {Timeout.TotalSeconds:0} s", "the address of a memsnoop that runs");
        }
    }

    /// <summary>Reads an answer; null if it is none of an exporter.</summary>
    internal static Overview? Parse(ReadOnlySpan<byte> body)
    {
        try
        {
            return JsonSerializer.Deserialize(body, ViewJson.Default.Overview) is { Version: > 0 } overview
                && ((TableView[])[overview.Processes, overview.Containers, overview.Groups]).All(static table => table.Rows?.All(IsWhole) == true)
                && overview.Method.Limits.All(static limit => limit is not null)
                && overview.Host.Idle?.All(static band => band is not null) != false
                ? overview
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // What a constructor takes is null where the answer does not have it.
    private static bool IsWhole(RowView? row) => row is { Started: null or (>= 0 and < LastMoment), Spark: null or { ResidentBytes: not null, UsedBytes: not null } };

    private UsageException Foreign() => new(
        Option, $"what answers at {Name} is no memsnoop, one of another version, or one without its page (--web.disable-page)", "the address of a memsnoop, such as http://localhost:9464");

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }
}
