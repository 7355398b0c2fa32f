namespace MemSnoop.Exporter.Web;

/// <summary>Why something that came over the network was turned away.</summary>
internal enum Refusal
{
    /// <summary>A connection without a whole request, dropped to make room for another.</summary>
    NoRequest,

    /// <summary>A connection between two requests, dropped to make room for another.</summary>
    Idle,

    /// <summary>A connection that found all others at work, closed at once.</summary>
    Connections,

    /// <summary>A scrape above the number that may be in progress: status 503.</summary>
    Requests,

    /// <summary>A client that took too long to send its request.</summary>
    SlowRequest,

    /// <summary>A client that took too long to read its answer.</summary>
    SlowReader,

    /// <summary>Something that is no HTTP request, or is larger than one may be.</summary>
    Malformed,

    /// <summary>A connection that did not get through the handshake of TLS.</summary>
    Handshake,

    /// <summary>A request without the right name and password: status 401.</summary>
    Login,

    /// <summary>A login that found too many others waiting to be checked: status 503.</summary>
    LoginQueue,

    /// <summary>A request above the rate of the web configuration: status 429.</summary>
    Rate,

    /// <summary>Somebody who wanted to look at the page, above the number that may at the same time: status 503.</summary>
    Viewers,
}

/// <summary>How often each happened since the start.</summary>
internal sealed class RefusalCounts
{
    private readonly long[] _counts = new long[Words.Length];

    /// <summary>The values of the label <c>reason</c>, in the order of <see cref="Refusal"/>.</summary>
    internal static readonly string[] Words = ["no_request", "idle", "connections", "requests", "slow_request", "slow_reader", "malformed", "handshake", "login", "login_queue", "rate", "viewers"];

    internal void Add(Refusal reason) => Interlocked.Increment(ref _counts[(int)reason]);

    internal long Of(Refusal reason) => Interlocked.Read(ref _counts[(int)reason]);
}
