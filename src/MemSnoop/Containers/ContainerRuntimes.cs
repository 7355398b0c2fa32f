namespace MemSnoop.Containers;

/// <summary>The runtimes that name a container's control group after themselves.</summary>
internal static class ContainerRuntimes
{
    internal const string Containerd = "containerd";
    internal const string CriO = "cri-o";
    internal const string Docker = "docker";
    internal const string Podman = "podman";
    internal const string Ecs = "ecs";

    /// <summary>The runtime by the prefix of the group's name: <c>cri-containerd-</c>.</summary>
    internal static bool TryGetByPrefix(ReadOnlySpan<byte> prefix, out string runtime)
    {
        runtime = prefix.SequenceEqual("cri-containerd-"u8) || prefix.SequenceEqual("containerd-"u8) || prefix.SequenceEqual("nerdctl-"u8) ? Containerd
            : prefix.SequenceEqual("crio-"u8) ? CriO
            : prefix.SequenceEqual("docker-"u8) ? Docker
            : prefix.SequenceEqual("libpod-"u8) ? Podman
            : "";
        return runtime.Length > 0;
    }
}
