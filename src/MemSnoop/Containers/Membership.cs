using System.Text;
using MemSnoop.Kernel;

namespace MemSnoop.Containers;

/// <summary>What a process belongs to, by its control groups: container, pod, unit of systemd. What it has not is empty.</summary>
/// <param name="Container">Its container; that of no container for a process of the host.</param>
/// <param name="Unit">The innermost service or scope of systemd that is not a container's own scope: <c>ssh.service</c>, <c>session-2.scope</c>.</param>
/// <param name="Slice">The innermost slice of systemd: <c>system.slice</c>.</param>
/// <remarks>
/// The names of groups are those that the kubelet, runtimes and systemd give them; there is no other mark of a container in the kernel. Who may make groups (root, or a user
/// below a delegated group) can give one the name of another container's.
/// </remarks>
internal sealed record Membership(ContainerIdentity Container, string Unit, string Slice)
{
    /// <summary>A process of the host that is of no unit, or one whose groups cannot be read.</summary>
    internal static readonly Membership None = new(ContainerIdentity.None, "", "");

    /// <summary>
    /// What a process belongs to by the text of its <c>/proc/PID/cgroup</c>. Its lines are those of the hierarchies: one (v2), a dozen (v1), both (hybrid). The container is taken from
    /// the line that says most, the unit from that of systemd: the hierarchy called systemd, or the unified one.
    /// </summary>
    /// <param name="text">The text of the file. A last line without its newline does not count: it may have been cut short.</param>
    internal static Membership Parse(ReadOnlySpan<byte> text)
    {
        MembershipPath best = default;
        int bestRank = -1;
        MembershipPath systemd = default;
        Utf8Cursor cursor = new(text);
        while (cursor.TryReadLine(out ReadOnlySpan<byte> line))
        {
            Utf8Cursor fields = new(line);
            if (!fields.TryReadUntil((byte)':', out ReadOnlySpan<byte> id) || !fields.TryReadUntil((byte)':', out ReadOnlySpan<byte> controllers))
            {
                continue;
            }

            bool isUnified = controllers.IsEmpty && id.SequenceEqual("0"u8);
            bool isSystemd = controllers.SequenceEqual("name=systemd"u8);
            MembershipPath path = MembershipPath.Parse(fields.Rest);
            int rank = (path.Information * 3) + (isUnified ? 2 : isSystemd ? 1 : 0);
            if (rank > bestRank)
            {
                best = path;
                bestRank = rank;
            }

            // A hybrid host has both, and systemd uses its own. The unified one may have nobody below its root there.
            if (isSystemd || (isUnified && systemd.Unit.IsEmpty && systemd.Slice.IsEmpty))
            {
                systemd = path;
            }
        }

        return best.Information == 0 && systemd.Unit.IsEmpty && systemd.Slice.IsEmpty
            ? None
            : new Membership(ContainerIdentity.From(best.Inner, best.Outer), Text(systemd.Unit), Text(systemd.Slice));
    }

    private static string Text(ReadOnlySpan<byte> name) => name.IsEmpty ? "" : Encoding.ASCII.GetString(name);
}
