using System.Text;

namespace MemSnoop.Containers;

/// <summary>
/// What is needed of the answers of a container runtime to the kubelet's questions: <c>ListPodSandboxResponse</c> and <c>ListContainersResponse</c> of the Container Runtime
/// Interface, version <c>runtime.v1</c>. The numbers are those of their fields.
/// </summary>
/// <remarks>https://github.com/kubernetes/cri-api/blob/master/pkg/apis/runtime/v1/api.proto</remarks>
internal static class CriMessages
{
    /// <summary>The field of either answer that has its rows.</summary>
    private const ulong Row = 1;

    private const ulong SandboxId = 1;
    private const ulong SandboxMetadata = 2;
    private const ulong SandboxLabels = 5;
    private const ulong SandboxMetadataName = 1;
    private const ulong SandboxMetadataUid = 2;
    private const ulong SandboxMetadataNamespace = 3;

    private const ulong ContainerId = 1;
    private const ulong ContainerSandboxId = 2;
    private const ulong ContainerMetadata = 3;
    private const ulong ContainerMetadataName = 1;

    private const ulong MapKey = 1;
    private const ulong MapValue = 2;

    /// <summary>Takes in the sandboxes: each is a pod, and its id is that of the container that holds the namespaces.</summary>
    /// <param name="message">A <c>ListPodSandboxResponse</c>.</param>
    /// <param name="sandboxes">Gets the sandboxes by their ids.</param>
    /// <returns>False if it is no such message.</returns>
    internal static bool TryReadSandboxes(ReadOnlySpan<byte> message, Dictionary<string, CriSandbox> sandboxes)
    {
        ProtobufReader rows = new(message);
        while (rows.TryRead(out ulong field, out ReadOnlySpan<byte> row))
        {
            if (field == Row && !TryReadSandbox(row, sandboxes))
            {
                return false;
            }
        }

        return !rows.IsMalformed;
    }

    /// <summary>Takes in the containers of known sandboxes.</summary>
    /// <param name="message">A <c>ListContainersResponse</c>.</param>
    /// <param name="sandboxes">The sandboxes by their ids.</param>
    /// <param name="catalogue">Gets the names of the containers.</param>
    /// <returns>False if it is no such message.</returns>
    internal static bool TryReadContainers(ReadOnlySpan<byte> message, Dictionary<string, CriSandbox> sandboxes, NameCatalogue catalogue)
    {
        ProtobufReader rows = new(message);
        while (rows.TryRead(out ulong field, out ReadOnlySpan<byte> row))
        {
            if (field == Row && !TryReadContainer(row, sandboxes, catalogue))
            {
                return false;
            }
        }

        return !rows.IsMalformed;
    }

    private static bool TryReadSandbox(ReadOnlySpan<byte> row, Dictionary<string, CriSandbox> sandboxes)
    {
        string id = "", name = "", uid = "", space = "";
        Dictionary<string, string> labels = [];
        ProtobufReader fields = new(row);
        while (fields.TryRead(out ulong field, out ReadOnlySpan<byte> bytes))
        {
            switch (field)
            {
                case SandboxId:
                    id = Text(bytes);
                    break;
                case SandboxMetadata:
                    ProtobufReader metadata = new(bytes);
                    while (metadata.TryRead(out ulong part, out ReadOnlySpan<byte> text))
                    {
                        name = part == SandboxMetadataName ? Text(text) : name;
                        uid = part == SandboxMetadataUid ? Text(text) : uid;
                        space = part == SandboxMetadataNamespace ? Text(text) : space;
                    }

                    if (metadata.IsMalformed)
                    {
                        return false;
                    }

                    break;
                case SandboxLabels:
                    if (!TryReadLabel(bytes, labels))
                    {
                        return false;
                    }

                    break;
                default:
                    break;
            }
        }

        sandboxes[id] = new CriSandbox(name, uid, space, labels);
        return !fields.IsMalformed;
    }

    private static bool TryReadContainer(ReadOnlySpan<byte> row, Dictionary<string, CriSandbox> sandboxes, NameCatalogue catalogue)
    {
        string id = "", sandboxId = "", name = "";
        ProtobufReader fields = new(row);
        while (fields.TryRead(out ulong field, out ReadOnlySpan<byte> bytes))
        {
            switch (field)
            {
                case ContainerId:
                    id = Text(bytes);
                    break;
                case ContainerSandboxId:
                    sandboxId = Text(bytes);
                    break;
                case ContainerMetadata:
                    ProtobufReader metadata = new(bytes);
                    while (metadata.TryRead(out ulong part, out ReadOnlySpan<byte> text))
                    {
                        name = part == ContainerMetadataName ? Text(text) : name;
                    }

                    if (metadata.IsMalformed)
                    {
                        return false;
                    }

                    break;
                default:
                    break;
            }
        }

        if (sandboxes.TryGetValue(sandboxId, out CriSandbox? sandbox))
        {
            catalogue.AddContainer(id, sandbox.Namespace, sandbox.Name, name);
            catalogue.AddLabels(id, sandbox.Labels);
        }

        return !fields.IsMalformed;
    }

    /// <summary>One pair of a map, which is a message of its own.</summary>
    private static bool TryReadLabel(ReadOnlySpan<byte> pair, Dictionary<string, string> labels)
    {
        string key = "", value = "";
        ProtobufReader fields = new(pair);
        while (fields.TryRead(out ulong field, out ReadOnlySpan<byte> bytes))
        {
            key = field == MapKey ? Text(bytes) : key;
            value = field == MapValue ? Text(bytes) : value;
        }

        labels[key] = value;
        return !fields.IsMalformed;
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}

/// <summary>A pod as its runtime knows it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Uid">Its uid; of a static pod the hash of its configuration.</param>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Labels">Its labels when it was started, and some that the kubelet adds.</param>
internal sealed record CriSandbox(string Name, string Uid, string Namespace, IReadOnlyDictionary<string, string> Labels);
