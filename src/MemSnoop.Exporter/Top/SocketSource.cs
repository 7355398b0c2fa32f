using MemSnoop.Exporter.LocalApi;
using MemSnoop.Exporter.View;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Top;

/// <summary>The exporter that runs on this host, by its socket.</summary>
internal sealed class SocketSource(LocalApiClient client, KernelPaths paths) : IOverviewSource
{
    public string Name => "the exporter of this host";

    /// <summary>The exporter's socket if it answers; null if none runs.</summary>
    /// <exception cref="UsageException">There is one, and this user may not ask it, or it does not know overviews.</exception>
    internal static async Task<SocketSource?> FindAsync(KernelPaths paths, CancellationToken stop)
    {
        LocalApiClient client = new(paths);
        try
        {
            (Overview? overview, RefusalAnswer? refusal) = await client.AskOverviewAsync(QueryText.Of(TableQuery.All with { Top = 1 }), stop).ConfigureAwait(false);
            if (overview is not null)
            {
                SocketSource source = new(client, paths);
                client = null!;
                return source;
            }

            return refusal is not null ? throw new UsageException("--run-dir", "the exporter that runs is of another version, and has no overview", "an exporter of this version")
                : client.IsDenied ? throw new UsageException("top", "only root may ask the exporter that runs here", "root, or --url with the exporter's address")
                : null;
        }
        finally
        {
            client?.Dispose();
        }
    }

    public async Task<Overview> ReadAsync(TableQuery query, CancellationToken stop)
    {
        (Overview? overview, RefusalAnswer? refusal) = await client.AskOverviewAsync(QueryText.Of(query), stop).ConfigureAwait(false);
        return overview ?? throw new UsageException("top", refusal?.Error ?? $"the exporter does not answer any more at {ApiSocket.PathOf(paths)}", "an exporter that runs");
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }
}
