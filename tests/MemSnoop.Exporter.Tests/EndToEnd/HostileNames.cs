namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>
/// Paths of control groups that may be real ones: every third is that of a container, the others miss it by a little or try to be more than a name. No two are the same.
/// </summary>
/// <param name="seed">Makes the same order of forms again.</param>
internal sealed class HostileNames(int seed)
{
    private const string Uid = "11112222-3333-4444-5555-666677778888";
    private const int LongestName = 255;

    /// <summary>Forms of a path with the id of a container, which is that of the process.</summary>
    private static readonly Func<string, string>[] Right =
    [
        static id => id,
        static id => $"docker/{id}",
        static id => $"docker-{id}.scope",
        static id => $"cri-containerd-{id}.scope",
        static id => $"crio-{id}",
        static id => $"libpod-{id}.scope",
        static id => $"kubepods/pod{Uid}/{id}",
        static id => $"kubepods/pod{Uid}/{id}/a\"b",
        static id => $"docker/{id}/init.scope",
    ];

    /// <summary>Forms that are no container's.</summary>
    private static readonly Func<string, string>[] Wrong =
    [
        static id => id[1..],
        static id => id + "0",
        static id => id[..63] + "g",
        static id => id[..63] + "A",
        static id => $"docker-{id[1..]}.scope",
        static id => $"docker-{id}.scope.d",
        static id => $"docker-{id}.service",
        static id => $"docker-{id}.mount",
        static id => $"docker--{id}",
        static id => $"xdocker-{id}.scope",
        static id => $"crio-conmon-{id}.scope",
        static id => $"libpod-conmon-{id}",
        static id => $"libpod_parent/{id}",
        static id => $"buildkit/{id}",
        static id => $"pod{Uid}/x{id}",
        static id => $"kubepods/pod{Uid}/{id[1..]}",
        static id => $" {id}",
        static id => $"{id} ",
        static id => $"{id}\r",
        static id => $"{id}\t",
        static id => $"{id}\u0001",
        static id => $"{id}\"",
        static id => $"{id}\",pod=\"evil",
        static id => $"{id}\\",
        static id => $"{id}\\n0::",
        static id => $"{{{id}}}",
        static id => $"{id}=,",
        static id => $"0::{id}",
        static id => $"{id}:{id}",
        static id => $"{id}\u202e",
        static id => $"{id[..32]}\ud83d\ude00{id[32..]}",
        static id => $"é{id}",
        static id => $"{id}%2f{id}",
        static id => $"x.slice:docker:{id[1..]}",
        static id => $"..{id}",
        static id => id[..16] + new string('x', LongestName - 16),
        static id => $"docker-{id}.scope{new string('.', LongestName - 77)}",
    ];

    private readonly Random _random = new(seed);
    private int _count;

    /// <summary>The next path, and the id that it says; empty if it says none.</summary>
    public (string Group, string Id) Next()
    {
        string id = SleepingContainers.NewId();
        return _count++ % 3 == 0 ? (Right[_random.Next(Right.Length)](id), id) : (Wrong[_random.Next(Wrong.Length)](id), "");
    }
}
