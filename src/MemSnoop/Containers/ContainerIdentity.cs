using System.Text;

namespace MemSnoop.Containers;

/// <summary>A container, by what its control group says of it. What is not known is empty.</summary>
/// <param name="Id">Its id: 64 hexadecimal digits, on Amazon ECS with Fargate 32 and a number. Empty outside containers.</param>
/// <param name="PodUid">The uid of its pod as Kubernetes writes it, with hyphens; of a static pod the hash of its configuration. Empty outside pods.</param>
/// <param name="Runtime">Its runtime, if the name of the group tells: <c>containerd</c>, <c>cri-o</c>, <c>docker</c>, <c>podman</c>, <c>ecs</c>.</param>
internal sealed record ContainerIdentity(string Id, string PodUid, string Runtime)
{
    /// <summary>No container and no pod.</summary>
    internal static readonly ContainerIdentity None = new("", "", "");

    /// <summary>
    /// The container around this one, if there is one. Who names containers may know that one only: the kubelet of a host knows no container that a runtime within
    /// a container has started.
    /// </summary>
    internal ContainerIdentity? Outer { get; private init; }

    /// <summary>The container in which a control group lies.</summary>
    /// <param name="path">The path of the group.</param>
    internal static ContainerIdentity OfPath(string path)
    {
        MembershipPath parsed = MembershipPath.Parse(Encoding.UTF8.GetBytes(path));
        return From(parsed.Inner, parsed.Outer);
    }

    internal static ContainerIdentity From(in MembershipPath.Owner inner, in MembershipPath.Owner outer) => inner.ContainerId.IsEmpty && inner.PodUid.IsEmpty
        ? None
        : From(inner) with { Outer = outer.ContainerId.IsEmpty ? null : From(outer) };

    private static ContainerIdentity From(in MembershipPath.Owner owner) =>
        new(Encoding.ASCII.GetString(owner.ContainerId), UidOf(owner.PodUid), owner.Runtime ?? "");

    /// <summary>Slices have an underscore in the place of each hyphen, which stands for a slash in their names.</summary>
    private static string UidOf(ReadOnlySpan<byte> uid) => string.Create(uid.Length, uid, static (text, bytes) =>
    {
        for (int i = 0; i < text.Length; i++)
        {
            text[i] = bytes[i] == (byte)'_' ? '-' : (char)bytes[i];
        }
    });
}
