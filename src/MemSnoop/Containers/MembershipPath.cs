namespace MemSnoop.Containers;

/// <summary>What one path of control groups says about what a process belongs to. All spans are parts of the path.</summary>
internal ref struct MembershipPath
{
    /// <summary>The container, or with a pod the container that the kubelet knows: the first below the pod's group.</summary>
    internal Owner Inner { get; private set; }

    /// <summary>The container around it: that of a node that is a container itself, or of the pod that a runtime in a container runs in.</summary>
    internal Owner Outer { get; private set; }

    /// <summary>The innermost service or scope that is not a container's own scope.</summary>
    internal ReadOnlySpan<byte> Unit { get; private set; }

    /// <summary>The innermost slice.</summary>
    internal ReadOnlySpan<byte> Slice { get; private set; }

    /// <summary>How much the path says, to choose among the lines of <c>/proc/PID/cgroup</c>.</summary>
    internal readonly int Information => (Inner.ContainerId.IsEmpty ? 0 : 2) + (Inner.PodUid.IsEmpty ? 0 : 1);

    /// <summary>Takes a path apart; any bytes have a result.</summary>
    internal static MembershipPath Parse(ReadOnlySpan<byte> path)
    {
        // The kernel says so of the group of a zombie that was removed.
        path = path.EndsWith(" (deleted)"u8) ? path[..^10] : path;
        MembershipPath result = default;
        ReadOnlySpan<byte> parent = default;
        while (!path.IsEmpty)
        {
            int length = path.IndexOf((byte)'/');
            ReadOnlySpan<byte> name = length < 0 ? path : path[..length];
            path = length < 0 ? default : path[(length + 1)..];
            if (name.IsEmpty)
            {
                continue;
            }

            // A kubelet that uses systemd with a runtime that does not: the runtime takes "SLICE:PREFIX:ID" for the name of a group.
            if (name.IndexOf(".slice:"u8) is int slice and > 0 && name[(slice + 7)..].IndexOf((byte)':') is int prefix and > 0)
            {
                ReadOnlySpan<byte> joined = name;
                name = joined[..(slice + 6)];
                result.Take(name, parent, default);
                result.Take(joined[(slice + 7 + prefix + 1)..], name, joined.Slice(slice + 7, prefix));
                parent = joined;
                continue;
            }

            result.Take(name, parent, default);
            parent = name;
        }

        return result;
    }

    private void Take(ReadOnlySpan<byte> name, ReadOnlySpan<byte> parent, ReadOnlySpan<byte> prefix)
    {
        if (CgroupSegment.TryGetPod(name, out ReadOnlySpan<byte> uid))
        {
            Enclose();
            Inner = new Owner { PodUid = uid };
        }
        else if (CgroupSegment.TryGetContainer(name, parent, out ReadOnlySpan<byte> id, out string runtime))
        {
            Take(id, prefix.SequenceEqual("cri-containerd"u8) ? ContainerRuntimes.Containerd : runtime);
            return;
        }

        if (SystemdUnits.IsSlice(name))
        {
            Slice = name;
        }
        else if (SystemdUnits.IsServiceOrScope(name))
        {
            Unit = name;
        }
    }

    private void Take(ReadOnlySpan<byte> id, string runtime)
    {
        if (Inner.PodUid.IsEmpty)
        {
            Enclose();
            Inner = new Owner { ContainerId = id, Runtime = runtime };
        }
        else if (Inner.ContainerId.IsEmpty)
        {
            Inner = new Owner { PodUid = Inner.PodUid, ContainerId = id, Runtime = runtime };
        }
    }

    private void Enclose()
    {
        if (!Inner.ContainerId.IsEmpty)
        {
            Outer = Inner;
        }
    }

    /// <summary>A container, a pod, or a container of a pod.</summary>
    internal ref struct Owner
    {
        /// <summary>The id of the container; empty outside containers.</summary>
        internal ReadOnlySpan<byte> ContainerId { get; init; }

        /// <summary>The uid of the pod as the path has it; empty outside pods.</summary>
        internal ReadOnlySpan<byte> PodUid { get; init; }

        /// <summary>The container's runtime; null or empty if the path does not tell.</summary>
        internal string? Runtime { get; init; }
    }
}
