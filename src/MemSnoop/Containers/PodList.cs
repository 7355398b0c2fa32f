using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MemSnoop.Containers;

/// <summary>
/// What is needed of a list of pods, as the kubelet's <c>/pods</c> and the API server answer it (Kubernetes API, <c>v1.PodList</c>). All else in it is skipped unread.
/// </summary>
internal sealed record PodList
{
    private static readonly Dictionary<string, string> NoLabels = [];

    public Pod?[]? Items { get; init; }

    public ListMetadata? Metadata { get; init; }

    /// <summary>The names in it, by what control groups say of containers and pods.</summary>
    internal NameCatalogue ToCatalogue() => ToCatalogue(Items ?? []);

    /// <summary>The names of pods and of their containers.</summary>
    internal static NameCatalogue ToCatalogue(IEnumerable<Pod?> pods)
    {
        NameCatalogue catalogue = new();
        foreach (Pod? pod in pods)
        {
            if (pod?.Metadata is { } metadata)
            {
                pod.AddTo(catalogue, metadata);
            }
        }

        return catalogue;
    }

    internal sealed record ListMetadata
    {
        public string? ResourceVersion { get; init; }
    }

    internal sealed record Pod
    {
        public PodMetadata? Metadata { get; init; }

        public PodStatus? Status { get; init; }

        public PodSpec? Spec { get; init; }

        internal void AddTo(NameCatalogue catalogue, PodMetadata metadata)
        {
            // The control group of a static pod has the hash of its configuration. The kubelet knows such a pod by that; the API server gives it another uid.
            catalogue.AddPod(metadata.Uid, metadata.Namespace, metadata.Name);
            catalogue.AddPod(metadata.Annotations?.ConfigHash, metadata.Namespace, metadata.Name);
            catalogue.AddPod(metadata.Annotations?.ConfigMirror, metadata.Namespace, metadata.Name);
            IReadOnlyDictionary<string, string> labels = metadata.Labels ?? NoLabels;
            foreach (string? uid in (string?[])[metadata.Uid, metadata.Annotations?.ConfigHash, metadata.Annotations?.ConfigMirror])
            {
                catalogue.AddLabels(uid, labels);
            }

            foreach (ContainerStatus?[]? statuses in (ContainerStatus?[]?[])[Status?.InitContainerStatuses, Status?.ContainerStatuses, Status?.EphemeralContainerStatuses])
            {
                foreach (ContainerStatus? container in statuses ?? [])
                {
                    catalogue.AddContainer(IdOf(container?.ContainerId), metadata.Namespace, metadata.Name, container?.Name);
                    catalogue.AddLabels(IdOf(container?.ContainerId), labels);
                }
            }

            AddRequests(catalogue);
        }

        /// <summary>Containers for debugging ask for nothing.</summary>
        private void AddRequests(NameCatalogue catalogue)
        {
            AddRequests(catalogue, Spec?.Containers, Status?.ContainerStatuses);
            AddRequests(catalogue, Spec?.InitContainers, Status?.InitContainerStatuses);
        }

        private static void AddRequests(NameCatalogue catalogue, ContainerSpec?[]? specs, ContainerStatus?[]? statuses)
        {
            foreach (ContainerStatus? container in statuses ?? [])
            {
                // As it is written: GetString throws for bytes that are no UTF-8, and no quantity needs an escape.
                if (Array.Find(specs ?? [], spec => spec?.Name is not null && spec.Name == container?.Name)?.Resources?.Requests?.Memory is { ValueKind: JsonValueKind.String } memory
                    && KubernetesQuantity.TryParse(Encoding.ASCII.GetString(JsonMarshal.GetRawUtf8Value(memory)[1..^1]), out ulong bytes))
                {
                    catalogue.AddMemoryRequest(IdOf(container?.ContainerId), bytes);
                }
            }
        }

        /// <summary>The id behind the runtime's name: <c>containerd://</c>, <c>cri-o://</c>, <c>docker://</c>.</summary>
        private static string? IdOf(string? containerId) => containerId is not null && containerId.IndexOf("://", StringComparison.Ordinal) is int at and > 0 ? containerId[(at + 3)..] : containerId;
    }

    internal sealed record PodMetadata
    {
        public string? Name { get; init; }

        public string? Namespace { get; init; }

        public string? Uid { get; init; }

        public string? ResourceVersion { get; init; }

        public Dictionary<string, string>? Labels { get; init; }

        public PodAnnotations? Annotations { get; init; }
    }

    internal sealed record PodAnnotations
    {
        [JsonPropertyName("kubernetes.io/config.hash")]
        public string? ConfigHash { get; init; }

        [JsonPropertyName("kubernetes.io/config.mirror")]
        public string? ConfigMirror { get; init; }
    }

    internal sealed record PodSpec
    {
        public ContainerSpec?[]? Containers { get; init; }

        public ContainerSpec?[]? InitContainers { get; init; }
    }

    internal sealed record ContainerSpec
    {
        public string? Name { get; init; }

        public ContainerResources? Resources { get; init; }
    }

    internal sealed record ContainerResources
    {
        public ResourceList? Requests { get; init; }
    }

    internal sealed record ResourceList
    {
        /// <summary>An amount is text. Of another kind of value the rest of the list is as good as before.</summary>
        public JsonElement? Memory { get; init; }
    }

    internal sealed record PodStatus
    {
        public ContainerStatus?[]? ContainerStatuses { get; init; }

        public ContainerStatus?[]? InitContainerStatuses { get; init; }

        public ContainerStatus?[]? EphemeralContainerStatuses { get; init; }
    }

    internal sealed record ContainerStatus
    {
        public string? Name { get; init; }

        [JsonPropertyName("containerID")]
        public string? ContainerId { get; init; }
    }
}

/// <summary>Reads pods without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(PodList))]
[JsonSerializable(typeof(WatchEvent))]
[JsonSerializable(typeof(WatchStatus))]
internal sealed partial class PodListContext : JsonSerializerContext;
