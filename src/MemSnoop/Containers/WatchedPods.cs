using System.Text.Json;

namespace MemSnoop.Containers;

/// <summary>The pods of a node as the API server has told of them: a list, and what has changed since.</summary>
internal sealed class WatchedPods
{
    /// <summary>More than any node has.</summary>
    private const int MostPods = 10_000;

    private readonly Dictionary<string, PodList.Pod> _pods = new(StringComparer.Ordinal);

    /// <summary>The version from which to watch; empty if there must be a list first.</summary>
    internal string Version { get; private set; } = "";

    /// <summary>How many events have been taken in.</summary>
    internal long Events { get; private set; }

    internal int Count => _pods.Count;

    /// <summary>Has a list made before the next watch. What is known stays known.</summary>
    internal void Forget() => Version = "";

    /// <summary>Begins anew with a list; false if it is none to watch from.</summary>
    internal bool TryReplace(PodList list)
    {
        if (list is not { Items: { Length: <= MostPods } items, Metadata.ResourceVersion: { Length: > 0 } version })
        {
            return false;
        }

        _pods.Clear();
        foreach (PodList.Pod? pod in items)
        {
            if (pod?.Metadata?.Uid is { } uid && KubernetesName.IsPodUid(uid))
            {
                _pods[uid] = pod;
            }
        }

        Version = version;
        return true;
    }

    /// <summary>Takes in a line of a watch.</summary>
    /// <param name="line">The line: <c>{"type":"ADDED","object":{...}}</c>.</param>
    /// <param name="isChanged">Becomes true if the pods are others now.</param>
    /// <returns>What is wrong, if the watch cannot go on.</returns>
    /// <exception cref="JsonException">It is no event.</exception>
    internal NameAnswer? Take(ReadOnlySpan<byte> line, ref bool isChanged)
    {
        if (JsonSerializer.Deserialize(line, PodListContext.Default.WatchEvent) is not { Object.ValueKind: JsonValueKind.Object } told)
        {
            throw NoEvent();
        }

        if (told.Type == "ERROR")
        {
            // The object is no pod, but v1.Status.
            int code = told.Object.Deserialize(PodListContext.Default.WatchStatus)?.Code ?? 0;
            return code == 410
                ? NameAnswer.Nothing(ClusterClient.Gone, "the API server does not know that version any more")
                : NameAnswer.Nothing("refused", $"the API server ended the watch with code {code}");
        }

        PodList.Pod? pod = told.Object.Deserialize(PodListContext.Default.Pod);
        if (pod?.Metadata is not { ResourceVersion: { Length: > 0 } version } metadata)
        {
            throw NoEvent();
        }

        Events++;
        Version = version;
        if (metadata.Uid is null || !KubernetesName.IsPodUid(metadata.Uid))
        {
            return null;
        }

        switch (told.Type)
        {
            case "ADDED" or "MODIFIED" when _pods.Count < MostPods || _pods.ContainsKey(metadata.Uid):
                _pods[metadata.Uid] = pod;
                isChanged = true;
                break;
            case "DELETED":
                isChanged |= _pods.Remove(metadata.Uid);
                break;
            default:
                // A bookmark, which says only up to which version nothing has happened.
                break;
        }

        return null;
    }

    private static JsonException NoEvent() => new("this is no event of a watch");

    internal NameCatalogue ToCatalogue() => PodList.ToCatalogue(_pods.Values);
}

/// <summary>A line of a watch (<c>v1.WatchEvent</c>).</summary>
internal sealed record WatchEvent
{
    public string? Type { get; init; }

    public JsonElement Object { get; init; }
}

/// <summary>What is needed of the object of an error (<c>v1.Status</c>).</summary>
internal sealed record WatchStatus
{
    public int Code { get; init; }
}
