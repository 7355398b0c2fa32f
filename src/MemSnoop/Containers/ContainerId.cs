using System.Buffers;

namespace MemSnoop.Containers;

/// <summary>
/// The container a process belongs to, by its control group. Docker, containerd, CRI-O and podman all name a container's
/// group after its id of 64 hexadecimal digits: <c>/docker/ID</c>, <c>cri-containerd-ID.scope</c>, <c>crio-ID.scope</c>,
/// <c>libpod-ID.scope</c>; the last such name in the path is the innermost container.
/// </summary>
internal static class ContainerId
{
    private const int Digits = 64;
    private static readonly SearchValues<char> Hexadecimal = SearchValues.Create("0123456789abcdef");

    /// <summary>The id, or an empty text for a process outside containers.</summary>
    internal static string Find(string cgroupPath)
    {
        ReadOnlySpan<char> rest = cgroupPath;
        while (rest.Length >= Digits)
        {
            int end = rest.LastIndexOfAny(Hexadecimal) + 1;
            int start = rest[..end].LastIndexOfAnyExcept(Hexadecimal) + 1;
            if (end - start == Digits)
            {
                return rest[start..end].ToString();
            }

            rest = rest[..start];
        }

        return "";
    }
}
