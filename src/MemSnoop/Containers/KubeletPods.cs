using System.Text.Json;

namespace MemSnoop.Containers;

/// <summary>
/// Names of containers from the kubelet's <c>/pods</c>: the pods of this node alone, static ones included. It needs the right to <c>get</c> <c>nodes/pods</c>, or before
/// Kubernetes 1.33 <c>nodes/proxy</c>.
/// </summary>
internal sealed class KubeletPods(ClusterAccess access) : IReadNameSource
{
    internal const string SourceName = "kubelet";

    private readonly ClusterClient _client = new(access, "get nodes/pods");

    /// <inheritdoc/>
    public string Name => SourceName;

    /// <inheritdoc/>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the whole answer may take.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public Task<NameAnswer> ReadAsync(CancellationToken cancellation) => _client.GetAsync("/pods", Patience, isLong: false, ReadAsync, cancellation);

    private static async Task<NameAnswer> ReadAsync(Stream body, CancellationToken cancellation)
    {
        using BoundedStream bounded = new(body, ClusterClient.MostBytes);
        PodList? pods = await JsonSerializer.DeserializeAsync(bounded, PodListContext.Default.PodList, cancellation).ConfigureAwait(false);
        return pods?.Items is null
            ? NameAnswer.Nothing("malformed", "the answer of the kubelet is no list of pods")
            : NameAnswer.Of(pods.ToCatalogue(), $"{pods.Items.Length} pods by the kubelet");
    }
}
