namespace MemSnoop.Exporter.Hosting;

/// <summary>
/// What passes between a host and the one that takes its place when the configuration is read again: the request, the host that is to come, and whether the last
/// reading was of use. It outlives them all.
/// </summary>
/// <param name="prepare">Reads the configuration and makes a host of it: null if it is the one that runs. Throws, with one line, if it is wrong.</param>
internal sealed class Reloads(Func<HostPlan?> prepare) : IDisposable
{
    private readonly SemaphoreSlim _requests = new(0);
    private HostPlan? _next;

    /// <summary>Why the configuration that was read last is not the one that runs; null if it is.</summary>
    internal string? Refusal { get; set; }

    /// <summary>Whether a host ends only to make room for another.</summary>
    internal bool IsUnderWay => Volatile.Read(ref _next) is not null;

    /// <summary>Asks for the configuration to be read again. From any thread.</summary>
    internal void Request() => _requests.Release();

    internal Task WaitAsync(CancellationToken stop) => _requests.WaitAsync(stop);

    /// <summary>Reads the configuration. True if another host is to take the place of the one that runs.</summary>
    /// <exception cref="Metrics.Configuration.UsageException">It is wrong.</exception>
    internal bool Prepare()
    {
        Volatile.Write(ref _next, prepare());
        return IsUnderWay;
    }

    /// <summary>The host that is to come; null if none is.</summary>
    internal HostPlan? Take() => Interlocked.Exchange(ref _next, null);

    public void Dispose() => _requests.Dispose();
}
