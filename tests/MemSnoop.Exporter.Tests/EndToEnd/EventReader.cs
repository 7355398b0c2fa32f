using System.Text;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>One server-sent event.</summary>
internal readonly record struct ServerEvent(string Id, string Name, string Data);

/// <summary>Reads server-sent events as a browser does.</summary>
internal sealed class EventReader : IAsyncDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler()) { Timeout = Timeout.InfiniteTimeSpan };
    private HttpResponseMessage? _response;
    private StreamReader? _lines;

    private EventReader()
    {
    }

    /// <exception cref="HttpRequestException">It was refused.</exception>
    public static async Task<EventReader> OpenAsync(Uri address, string? lastId = null)
    {
        EventReader reader = new();
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(address, "/api/v1/events"));
        if (lastId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastId);
        }

        reader._response = await reader._client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(ExporterProcess.Deadline);
        reader._response.EnsureSuccessStatusCode();
        Assert.Equal("text/event-stream", reader._response.Content.Headers.ContentType?.ToString());
        reader._lines = new StreamReader(await reader._response.Content.ReadAsStreamAsync(), Encoding.UTF8);
        return reader;
    }

    /// <summary>The next event; comments are passed over.</summary>
    public async Task<ServerEvent> ReadAsync()
    {
        ServerEvent taken = default;
        while (true)
        {
            string line = await _lines!.ReadLineAsync().WaitAsync(ExporterProcess.Deadline) ?? throw new EndOfStreamException();
            if (line.Length == 0 && taken.Data is not null)
            {
                return taken;
            }

            taken = line.Split(": ", 2) switch
            {
                ["id", var id] => taken with { Id = id },
                ["event", var name] => taken with { Name = name },
                ["data", var data] => taken with { Data = data },
                _ => taken,
            };
        }
    }

    public ValueTask DisposeAsync()
    {
        _lines?.Dispose();
        _response?.Dispose();
        _client.Dispose();
        return ValueTask.CompletedTask;
    }
}
